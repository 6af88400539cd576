// Short messages: they show for a while, and screen readers read them without moving the focus.

import { PageError } from "./errors.js";
import { button, fill, h } from "./ui/dom.js";

const SHOWN_FOR = 8000;

/** Returns an element of index.html. @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}`);
  return element;
}

/** Makes screen readers read a text that does not show. @param {string} text */
export function announce(text) {
  const region = byId("polite");
  region.textContent = "";
  // The same text is not read again unless the region was empty in between.
  setTimeout(() => (region.textContent = text), 60);
}

/**
 * Shows a message. A problem, or a message with an action, stays until it is dismissed.
 * @param {string} text
 * @param {{ problem?: boolean, action?: { label: string, run: () => unknown } | null }} [details]
 */
export function notify(text, { problem = false, action = null } = {}) {
  const shelf = byId("notices");
  /** @type {HTMLElement} */
  const element = h("div", { class: problem ? "notice problem-notice" : "notice", role: problem ? "alert" : "status" },
    h("p", {}, text),
    action && button(action.label, () => (element.remove(), action.run()), { class: "quiet" }),
    button("Dismiss", () => element.remove(), { class: "quiet" }),
  );
  shelf.append(element);
  while (shelf.children.length > 3) shelf.firstElementChild?.remove();
  if (!problem && !action) setTimeout(() => element.remove(), SHOWN_FOR);
}

/** Shows an error as a problem. @param {unknown} error */
export function notifyError(error) {
  notify(sentenceOf(error), { problem: true });
}

/** Shows, in place of content that did not load, the reason and a way to try again. @param {unknown} error @param {() => unknown} again */
export function failure(error, again) {
  return h("div", { class: "failure", role: "alert" },
    h("h2", {}, "This could not be loaded"),
    h("p", {}, sentenceOf(error)),
    button("Try again", again, { class: "primary" }),
  );
}

/** @param {unknown} error */
export function sentenceOf(error) {
  return error instanceof PageError ? error.sentence : "Something went wrong on this page. Reload it. Your text is kept on this computer.";
}

/** @param {string} label */
export function spinner(label) {
  return h("p", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), `${label} …`);
}

/**
 * Shows progress, then the result of `load`, or its failure with a way to try again.
 * @param {() => Promise<import("./ui/dom.js").Children>} load
 * @param {string} label
 */
export function loading(load, label) {
  const element = h("div", { class: "loading-region" });
  const run = async () => {
    fill(element, spinner(label));
    try {
      fill(element, await load());
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      if (!(error instanceof PageError)) console.error(error);
      fill(element, failure(error, run));
    }
  };
  void run();
  return element;
}
