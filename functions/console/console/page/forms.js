// Labelled fields, and buttons that say what they are doing.

import { fill, h } from "./ui/dom.js";
import { excessOf } from "./ui/text.js";

let count = 0;

/** Returns an id that no other element has. @param {string} prefix */
export function uniqueId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/**
 * Makes a labelled control. Screen readers read `hint` and the problem with it. A text of more than `limit` characters
 * stays as it is, and shows as a problem at once; `excess` returns that problem.
 * @template {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control
 * @param {string} label
 * @param {Control} control
 * @param {{ hint?: string, optional?: boolean, limit?: number }} [details]
 */
export function field(label, control, { hint, optional = false, limit = Infinity } = {}) {
  control.id ||= uniqueId("field");
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  const problem = h("p", { class: "problem", id: `${control.id}-problem`, hidden: true });
  control.setAttribute("aria-describedby", [note?.id, problem.id].filter(Boolean).join(" "));
  const mark = h("span", { class: "optional" }, optional && " (optional)");
  const element = h("div", { class: "field" }, h("label", { for: control.id }, label, mark), note, control, problem);
  const show = (/** @type {string | null | undefined} */ text) => {
    problem.textContent = text ?? "";
    problem.hidden = !text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  const excess = () => excessOf(control.value, limit);
  if (limit < Infinity) control.addEventListener("input", () => show(excess()));
  const setOptional = (/** @type {boolean} */ now) => fill(mark, now && " (optional)");
  return { element, control, problem: show, excess, setOptional };
}

/** Returns the first of these fields that shows a problem. @param {...{ control: HTMLElement }} fields */
export function firstInvalid(...fields) {
  return fields.find(({ control }) => control.hasAttribute("aria-invalid"));
}

/**
 * Disables a button and shows a label on it while `work` runs.
 * @template Result
 * @param {HTMLButtonElement} pressed
 * @param {string} label
 * @param {() => Promise<Result>} work
 */
export async function busy(pressed, label, work) {
  const before = [...pressed.childNodes];
  pressed.setAttribute("aria-busy", "true");
  pressed.disabled = true;
  fill(pressed, h("span", { class: "spinner", "aria-hidden": "true" }), label);
  try {
    return await work();
  } finally {
    pressed.disabled = false;
    pressed.removeAttribute("aria-busy");
    fill(pressed, before);
  }
}

/**
 * Calls `work` once no call has come for some time; `cancel` forgets the call that waits.
 * @param {() => unknown} work
 * @param {() => number} milliseconds
 */
export function debounced(work, milliseconds) {
  let timer = 0;
  const call = () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds());
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
