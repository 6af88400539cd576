// In place of what is not there yet: a word of patience, or a way to try again once loading has failed.

import { button, h } from "../dom.js";

/** @param {import("../phone.js").Phone} phone */
export function waiting(phone) {
  if (!phone.failed) return h("p", { class: "loading" }, "One moment…");
  return h(
    "div",
    { class: "stack center" },
    h("p", { class: "lead" }, "This could not be loaded just now."),
    button("Try again", () => phone.refresh(), { class: "primary", id: `${phone.id}-again` }),
  );
}
