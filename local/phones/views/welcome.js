// The first minute: who somebody is, where they are, and when the app may speak to them.

import { LIMITS, counter, trimmed } from "../characters.js";
import { ownZone, zones } from "../clock.js";
import { button, field, h, select } from "../dom.js";
import { candles } from "./candles.js";
import { LANGUAGES, SPOKEN } from "../words.js";

/** @param {import("../phone.js").Phone} phone */
export function welcome(phone) {
  const id = (/** @type {string} */ name) => `${phone.id}-${name}`;
  const name = h("input", { id: id("name"), type: "text", pattern: ".*\\S.*", title: "A name that your partner knows you by", autocomplete: "off", required: true, dir: "auto" });
  const zone = select(id("zone"), zones().map((each) => [each, each.replaceAll("_", " ")]), ownZone());
  const language = select(id("language"), LANGUAGES, "en");
  const prompt = h("input", { id: id("prompt-time"), type: "time", step: 300, value: "08:30", required: true });
  const evening = h("input", { id: id("evening-time"), type: "time", step: 300, value: "20:30" });

  async function begin() {
    await phone.act(async () => {
      const display_name = trimmed(name.value);
      if (!phone.api.session) await phone.signInAs({ email: `${crypto.randomUUID()}@example.org` }, display_name);
      phone.me = await phone.api.call("put", "/v1/me", {
        body: { display_name, zone: zone.value, language: language.value, depth: 1, touch_comfort: 0, barriers: [], streak_hidden: false },
      });
      await phone.api.call("put", "/v1/me/devices/{device_id}", {
        path: { device_id: "phone" },
        body: { token: phone.kept.device, fid: null, platform: "android" },
      });
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
    h("h3", null, "A small moment a day, for the two of you"),
    h("p", { class: "lead" }, "You both get the same prompt. Each answers alone, and the two answers open together."),
    field("What shall we call you?", name, null, counter(name, LIMITS.name)),
    h("div", { class: "pair-of-fields" }, field("Where are you?", zone), field("Your language", language)),
    h("p", { class: "hint" }, SPOKEN),
    h("div", { class: "pair-of-fields" }, field("Prompt at", prompt), field("Evening word at", evening)),
    button("Begin", async () => {
      if (!form.reportValidity()) return;
      delete form.dataset["changed"];
      await begin();
    }, { class: "primary", id: id("begin") }),
    h("p", { class: "hint" }, "This phone signs in with an account of its own, made just now."),
  );
  form.addEventListener("input", () => (form.dataset["changed"] = "yes"));
  return h("div", null, form);
}
