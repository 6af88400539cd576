// Builds the parts of a phone's screens.

import { fill, h, svg } from "./ui/dom.js";
import { characters, counted, excessOf, trimmed } from "./ui/text.js";

/** @typedef {import("./ui/dom.js").Children} Children */
/** @typedef {import("./ui/dom.js").Attributes} Attributes */

/** The most characters that the API accepts in each text. */
export const LIMITS = { answer: 2000, reflection: 1000, name: 50 };

/** The counter appears when less than this share of the limit is left. */
const NEAR = 0.1;

/**
 * Replaces an element's content, unless it is the same already. The focus moves to the new element with the same id.
 * @param {Element} element
 * @param {...Children} children
 */
export function refill(element, ...children) {
  const next = h("div", null, ...children).childNodes;
  const now = element.childNodes;
  if (now.length === next.length && [...now].every((each, index) => each.isEqualNode(next[index] ?? null))) return;
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const caret = held instanceof HTMLTextAreaElement ? [held.selectionStart, held.selectionEnd] : null;
  element.replaceChildren(...next);
  const again = held?.id ? document.getElementById(held.id) : null;
  again?.focus({ preventScroll: true });
  if (caret && again instanceof HTMLTextAreaElement) again.setSelectionRange(caret[0] ?? 0, caret[1] ?? 0);
}

/**
 * Shows a text that a person wrote, with its line breaks. Each line has the direction of its own script.
 * @param {keyof HTMLElementTagNameMap} tag
 * @param {string} text
 * @param {Attributes} [attributes]
 */
export function words(tag, text, attributes = {}) {
  return h(tag, { ...attributes, dir: "auto", class: `words ${attributes.class ?? ""}`.trim() }, text);
}

/** Shows a text like a letter, with its writer's name. @param {string} from @param {string} text @param {boolean} [edited] whether the text has changed since the reader could first read it */
export function letter(from, text, edited = false) {
  return h("figure", { class: "letter" }, words("figcaption", from), words("blockquote", text), edited && h("p", { class: "hint" }, "Edited since you could first read it."));
}

/**
 * Makes a control with a label. Screen readers also read its hint and its counter.
 * @param {string} label
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 * @param {string | null} [hint]
 * @param {HTMLElement} [count]
 */
export function field(label, control, hint, count) {
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  const notes = [note?.id, count?.id].filter(Boolean);
  if (notes.length) control.setAttribute("aria-describedby", notes.join(" "));
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note, count);
}

/** @param {string} label @param {HTMLInputElement} control @param {string} [hint] */
export function checkbox(label, control, hint) {
  control.type = "checkbox";
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "checkbox" }, control, h("label", { for: control.id }, label), note);
}

/** Draws an icon. @param {string} path an SVG path in a square of 24 by 24 */
export function icon(path) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));
}

/**
 * Makes a counter for a text box. If the text is too long, nothing is cut off: the counter shows the excess, and
 * `reportValidity` refuses the text.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 * @param {number} limit
 */
export function counter(control, limit) {
  const left = h("span");
  const excess = h("span", { class: "too-long", role: "status" });
  const count = () => {
    const more = limit - characters(trimmed(control.value));
    const sentence = excessOf(control.value, limit) ?? "";
    fill(left, more >= 0 && more <= limit * NEAR && `${counted(more, "character")} left`);
    if (excess.textContent !== sentence) excess.textContent = sentence;
    control.setCustomValidity(sentence);
    if (sentence) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", count);
  count();
  return h("p", { class: "hint count", id: `${control.id}-count` }, left, excess);
}
