// The length of a text as the API counts it: in characters (code points), without white space around it. A browser's own
// `maxlength` counts an emoji as two or more, and cuts a pasted text without a word.

import { fill, h } from "./dom.js";
import { counted } from "./words.js";

/** The most characters that the API takes. */
export const LIMITS = { answer: 2000, reflection: 1000, name: 50 };

/** How near to its limit a text shows its counter, as a share of the limit. */
const NEAR = 0.1;

/**
 * The text without Unicode's white space around it, as the API keeps it. `trim` also drops U+FEFF, and keeps U+0085.
 * @param {string} text
 */
export function trimmed(text) {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

/** @param {string} text */
export function characters(text) {
  return [...trimmed(text)].length;
}

/**
 * A counter for a text box. A text that is too long stays as it is: the counter says by how much, and `reportValidity`
 * refuses it.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 * @param {number} limit
 */
export function counter(control, limit) {
  const left = h("span", null);
  const excess = h("span", { class: "too-long", role: "status" });
  const count = () => {
    const more = limit - characters(control.value);
    const sentence = more < 0 ? `Too long by ${counted(-more, "character", "characters")}.` : "";
    fill(left, more >= 0 && more <= limit * NEAR && `${counted(more, "character", "characters")} left`);
    if (excess.textContent !== sentence) excess.textContent = sentence;
    control.setCustomValidity(sentence);
    if (sentence) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", count);
  count();
  return h("p", { class: "hint count", id: `${control.id}-count` }, left, excess);
}
