// What the page tells in passing: seen for a while, and said by screen readers without taking the focus.

import { button, fill, h } from "./dom.js";

const SHOWN_FOR = 8000;
const polite = () => document.getElementById("polite");
const shelf = () => document.getElementById("notices");

/** Said, and not shown. */
export function announce(text) {
  const region = polite();
  region.textContent = "";
  // A region that is filled with the same text again is not read again.
  setTimeout(() => (region.textContent = text), 60);
}

/** Shown and said; stays until it is put away if it is a problem. */
export function notify(text, { problem = false, action = null } = {}) {
  const element = h(
    "div",
    { class: problem ? "notice problem-notice" : "notice", role: problem ? "alert" : "status" },
    h("p", {}, text),
    action && button(action.label, () => (element.remove(), action.run()), { kind: "quiet" }),
    button("Dismiss", () => element.remove(), { kind: "quiet" }),
  );
  shelf().append(element);
  while (shelf().children.length > 3) shelf().firstElementChild.remove();
  if (!problem && !action) setTimeout(() => element.remove(), SHOWN_FOR);
}

/** In place of what could not be loaded: why, and a way to try again. */
export function failure(error, again) {
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("h2", {}, "This could not be loaded"),
    h("p", {}, sentenceOf(error)),
    again && button("Try again", again, { kind: "primary" }),
  );
}

/** What a person is told of an error. */
export function sentenceOf(error) {
  return error?.sentence ?? "Something went wrong on this page. Reload it; your text is kept on this computer.";
}

/** A region that shows what `load` resolves to, progress until then, and a failure with a retry. */
export function loading(load, label = "Loading") {
  const element = h("div", { class: "loading-region" });
  const run = async () => {
    fill(element, h("p", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), `${label} …`));
    try {
      fill(element, await load());
    } catch (error) {
      if (error?.name === "AbortError") return;
      if (!error?.sentence) console.error(error);
      fill(element, failure(error, run));
    }
  };
  run();
  return element;
}
