// Answers that a person writes before they pair. An answer is private until its writer shows it to the partner.

import { dateWords } from "../clock.js";
import { LIMITS, counter, field, letter, words } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { trimmed } from "../ui/text.js";
import { changeNotice, forget, write } from "./draft.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** @param {Phone} phone */
export async function loadAlone(phone) {
  phone.data["alone"] = await phone.api.call("get", "/v1/solo/today", {});
}

/** Builds the card with the prompt for a person in no couple. @param {Phone} phone */
export function aloneCard(phone) {
  /** @type {Schema["SoloDayView"] | undefined} */
  const day = phone.data["alone"];
  if (!day) return null;
  const name = `alone-${day.date}`;
  const text = h("textarea", { id: `${phone.id}-${name}`, rows: 3, dir: "auto", props: { value: phone.draft(name) || day.me.text || "" } });
  text.addEventListener("input", () => write(phone, name, text.value, day));
  return h("article", { class: "card", "data-revision": day.me.revision },
    h("p", { class: "theme" }, "While you wait, just for you"),
    words("p", day.prompt.text, { class: "prompt-text" }),
    field("Your answer", text, null, counter(text, LIMITS.answer)),
    changeNotice(phone, name, day),
    button(day.me.state === "answered" ? "Save changes" : "Save for me", async () => {
      if (!text.value.trim()) return text.focus();
      if (!text.reportValidity()) return;
      await phone.act(async () => {
        phone.data["alone"] = await phone.api.call("put", "/v1/solo/days/{date}/answer", {
          path: { date: day.date },
          body: { text: trimmed(text.value), revision: day.me.revision ?? null },
        });
        forget(phone, name);
      });
      phone.render();
    }, { id: `${phone.id}-keep` }),
    h("p", { class: "hint", role: "status" }, day.me.state === "answered" ? "Saved. Only you can see it. Once you’re paired, you can choose to show it." : ""),
  );
}

/** @param {Phone} phone */
export async function loadShown(phone) {
  phone.data["mine"] = (await phone.api.call("get", "/v1/solo/days", {})).days;
  phone.data["theirs"] = (await phone.api.call("get", "/v1/solo/shared", {})).answers.filter((each) => each.by === "partner");
}

/** Shows the person's own answers from before they paired, and the answers that the partner has shown them. @param {Phone} phone */
export function shownPart(phone) {
  /** @type {Schema["SoloDayView"][]} */
  const mine = (phone.data["mine"] ?? []).filter((/** @type {Schema["SoloDayView"]} */ day) => day.me.text);
  /** @type {Schema["SharedAnswerView"][]} */
  const theirs = phone.data["theirs"] ?? [];
  if (mine.length + theirs.length === 0) return null;
  return h("section", { class: "stack" },
    h("h4", null, "From before you paired"),
    ...theirs.map((each) => entry(phone, phone.partner, each.date, each.prompt.text, each.text)),
    ...mine.map((day) =>
      entry(phone, "You", day.date, day.prompt.text, day.me.text ?? "", button(day.shared ? "Hide it again" : `Show ${phone.partner}`, async () => {
        await phone.act(async () => {
          const path = { date: day.date };
          if (day.shared) await phone.api.call("delete", "/v1/solo/days/{date}/share", { path });
          else await phone.api.call("post", "/v1/solo/days/{date}/share", { path });
          await loadShown(phone);
        });
        phone.render();
      }, { id: `${phone.id}-show-${day.date}` })),
    ),
  );
}

/** @param {Phone} phone @param {string} from @param {string} date @param {string} prompt @param {string} text @param {HTMLElement} [way] */
function entry(phone, from, date, prompt, text, way) {
  return h("article", { class: "card" },
    h("p", { class: "entry-date" }, dateWords(date, phone.language, { day: "numeric", month: "short", year: "numeric" })),
    words("p", prompt, { class: "entry-text" }),
    letter(from, text),
    way,
  );
}
