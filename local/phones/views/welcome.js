// The first screen: name, time zone, language and reminders.

import { ownZone, zoneChoices } from "../clock.js";
import { LIMITS, counter, field } from "../parts.js";
import { button, h, select } from "../ui/dom.js";
import { trimmed } from "../ui/text.js";
import { LANGUAGES, SPOKEN } from "../words.js";
import { candles } from "./candles.js";
import { receiptPart } from "./erase.js";

/** @param {import("../phone.js").Phone} phone */
export function welcome(phone) {
  const id = (/** @type {string} */ name) => `${phone.id}-${name}`;
  const name = h("input", { id: id("name"), type: "text", pattern: ".*\\S.*", title: "The name your partner calls you", autocomplete: "off", required: true, dir: "auto" });
  const zone = select(zoneChoices(), ownZone(), { id: id("zone") });
  const language = select(LANGUAGES, "en", { id: id("language") });
  const prompt = h("input", { id: id("prompt-time"), type: "time", step: 300, value: "08:30", required: true });
  const evening = h("input", { id: id("evening-time"), type: "time", step: 300, value: "20:30" });

  async function begin() {
    await phone.act(async () => {
      const display_name = trimmed(name.value);
      if (!phone.api.session) await phone.signInAs({ email: `${crypto.randomUUID()}@example.org` }, display_name);
      phone.me = await phone.api.call("put", "/v1/me", {
        body: { display_name, zone: zone.value, language: language.value, depth: 1, touch_comfort: 0, barriers: [], streak_hidden: false },
      });
      await phone.registerDevice();
      await phone.api.call("put", "/v1/me/reminders", {
        body: { ...(await phone.api.call("get", "/v1/me/reminders", {})), prompt_time: prompt.value, evening_time: evening.value || null },
      });
      await phone.refresh();
    });
  }

  const form = h(
    "form",
    {
      class: "welcome",
      id: id("form-welcome"),
      on: {
        submit: (/** @type {SubmitEvent} */ event) => event.preventDefault(),
      },
    },
    h("div", { class: "hero" }, candles(true, true)),
    h("h3", null, "A small moment every day, for the two of you"),
    h("p", { class: "lead" }, "You both get the same prompt. You each answer on your own, and both answers open together."),
    field("What should we call you?", name, null, counter(name, LIMITS.name)),
    h("div", { class: "pair-of-fields" }, field("Where are you?", zone), field("Your language", language)),
    h("p", { class: "hint" }, SPOKEN),
    h("div", { class: "pair-of-fields" }, field("Prompt at", prompt), field("Evening reminder", evening)),
    button("Start", async () => {
      if (!form.reportValidity()) return;
      delete form.dataset["changed"];
      await begin();
    }, { class: "primary", id: id("begin") }),
    h("p", { class: "hint" }, "This creates a new account for this phone."),
  );
  form.addEventListener("input", () => (form.dataset["changed"] = "yes"));
  return h("div", { class: "stack" }, form, receiptPart(phone));
}
