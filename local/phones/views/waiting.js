// The screen for content that is still loading or could not be loaded.

import { button, h } from "../ui/dom.js";

/** @param {import("../phone.js").Phone} phone */
export function waiting(phone) {
  if (!phone.failed) return h("p", { class: "loading" }, "One moment…");
  return h("div", { class: "stack center" },
    h("p", { class: "lead" }, "This could not be loaded."),
    button("Try again", () => phone.refresh(), { class: "primary", id: `${phone.id}-again` }),
  );
}
