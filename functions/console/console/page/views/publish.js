// The last step before couples: what will happen, in words, and when.

import { trimmed } from "../characters.js";
import { ask } from "../dialogs.js";
import { busy, button, field, h } from "../dom.js";
import { fieldText } from "../findings.js";
import { notify, sentenceOf } from "../notices.js";
import { AUDIENCES, counted, dateText, instantText, languageName, listed, zone } from "../words.js";

const OUTCOMES = {
  live: "Published. Couples have it within half a minute.",
  scheduled: "Scheduled.",
  proposed: "Proposed. It goes on as soon as somebody else approves it.",
  unchanged: "Couples have these very prompts already, so nothing was published.",
};

/** Asks, and publishes; `advice` is what may be thought about first. Resolves to the API's answer, to an error that the caller has to deal with, or null. */
export function askToPublish(context, pack, { preview, advice, revision }) {
  const review = context.reviewRequired;
  const canAnnounce = preview.audience !== "code" && !pack.news_on;
  const next = (pack.releases[0]?.version ?? 0) + 1;
  return ask({
    title: review ? "Propose to publish" : "Publish",
    wide: true,
    build: (close) => {
      const now = h("input", { type: "radio", name: "when", value: "now", checked: true, id: "publish-now" });
      const later = h("input", { type: "radio", name: "when", value: "later", id: "publish-later" });
      const at = field(`Day and time, by the clock of this computer (${zone()})`, h("input", { type: "datetime-local", step: "60", props: { value: tomorrowMorning() } }));
      const resolved = h("p", { class: "hint", "aria-live": "polite" });
      const announceBox = h("input", { type: "checkbox", id: "publish-announce", checked: true });
      const note = field("What is new, for your colleagues", h("textarea", { rows: "2" }), { optional: true, limit: 500 });
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const go = button("", () => publish(), { kind: "primary" });
      const adapt = () => {
        at.element.hidden = resolved.hidden = !later.checked;
        const instant = chosen(at.control.value);
        resolved.textContent = instant ? `That is ${instantText(instant)} in ${zone()}.` : "";
        go.textContent = review ? "Propose it" : later.checked ? "Schedule it" : "Publish now";
      };
      now.addEventListener("change", adapt);
      later.addEventListener("change", adapt);
      at.control.addEventListener("input", adapt);
      adapt();

      const publish = async () => {
        problem.hidden = true;
        at.problem(null);
        const instant = later.checked ? chosen(at.control.value) : null;
        if (later.checked && !instant) return void (at.problem("Choose a day and a time."), at.control.focus());
        if (instant && new Date(instant) <= new Date()) return void (at.problem("This has passed already. Choose a later time, or publish now."), at.control.focus());
        if (note.excess()) return void note.control.focus();
        const body = { revision, at: instant, announce: canAnnounce && announceBox.checked, note: trimmed(note.control.value) || null };
        try {
          const answer = await busy(go, "Publishing …", () => context.api.post(`packs/${pack.id}/publish`, body));
          notify(answer.outcome === "scheduled" ? `Scheduled for ${instantText(instant)}.` : (OUTCOMES[answer.outcome] ?? "Done."));
          return close(answer);
        } catch (error) {
          if (error.kind === "draft-changed") return close(error);
          if (error.kind === "pack-unfit") return close({ findings: error.body.findings ?? [] });
          problem.textContent = `Not published. ${sentenceOf(error)}`;
          problem.hidden = false;
          return adapt();
        }
      };

      const title = preview.words[preview.default_language]?.title ?? pack.id;
      const missing = preview.languages.map((language) => [language, preview.prompts.filter((each) => !each.words[language]).length]).filter(([, count]) => count);
      const body = h("div", {},
        problem,
        adviceOf(advice),
        h("ul", { class: "consequences" },
          h("li", {}, h("strong", {}, h("bdi", {}, title)), ` becomes version ${next}: ${counted(preview.prompts.length, "prompt")} in ${listed(preview.languages.map(languageName))}.`),
          missing.map(([language, count]) => h("li", {}, `${counted(count, "prompt")} ${count === 1 ? "has" : "have"} no words in ${languageName(language)}; couples see ${languageName(preview.default_language)} there.`)),
          h("li", {}, `It goes to ${AUDIENCES[preview.audience].sentence}.`),
          pack.live_version && h("li", {}, `It takes the place of version ${pack.live_version}. What couples have seen keeps its words.`),
          h("li", {}, "A published version cannot be edited. To mend something, publish another version, or withdraw a prompt at once."),
          review && h("li", {}, h("strong", {}, "Somebody else of the practice has to approve it first.")),
          preview.audience === "code" && h("li", {}, pack.code ? "The pack’s code stays as it is." : "It gets a code, which you find under “With couples”."),
          pack.news_on && h("li", {}, `It was announced for ${dateText(pack.news_on)} already, and a pack is announced only once.`)),
        h("fieldset", {},
          h("legend", {}, "When"),
          h("p", { class: "choice" }, now, h("label", { for: "publish-now" }, review ? "As soon as it is approved" : "Now")),
          h("p", { class: "choice" }, later, h("label", { for: "publish-later" }, "At a day and time")),
          at.element, resolved),
        canAnnounce && h("p", { class: "choice" }, announceBox,
          h("label", { for: "publish-announce" }, "Tell couples once that something new is there, in place of a daily reminder and at its time")),
        note.element);
      return { body, actions: [button("Not yet", () => close(null), { kind: "quiet" }), go] };
    },
  });
}

/** What is said of the whole pack, such as that it is a copy, and how much more there is beside the text. */
function adviceOf(advice) {
  // Which prompts lack a language is said below already.
  const whole = advice.filter((each) => !each.prompt && each.field !== "languages");
  const rest = advice.filter((each) => each.prompt).length;
  if (!whole.length && !rest) return null;
  return h("div", { class: "banner" }, h("div", {},
    h("p", {}, h("strong", {}, "To think about first")),
    h("ul", {},
      whole.map((each) => h("li", {}, `${fieldText(each.field)}: ${each.reason}.`)),
      rest > 0 && h("li", {}, `${counted(rest, "suggestion")} for single prompts, listed beside the text.`))));
}

function chosen(value) {
  const date = value ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
}

function tomorrowMorning() {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T09:00`;
}
