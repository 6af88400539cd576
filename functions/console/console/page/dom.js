// Builds elements safely: text becomes text nodes, and nothing here or elsewhere ever parses markup.

import { excessOf } from "./characters.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `attributes` may hold `on` (listeners by event), `props` (properties such as value) and attributes by
 * name; one that is null, undefined or false is left out, true is written bare. Children that are null or false too.
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  const { on = {}, props = {}, ...rest } = attributes;
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on") || name === "style" || name === "srcdoc") throw new Error(`No attribute ${name} here`);
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  Object.assign(element, props);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false && each !== true);
}

/** Puts these in place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

let count = 0;

/** An id that no other element has. */
export function uniqueId(what) {
  count += 1;
  return `${what}-${count}`;
}

/** A button; `kind` is primary, danger, quiet or nothing. */
export function button(label, click, { kind = "", ...attributes } = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), on: { click }, ...attributes }, label);
}

/**
 * A labelled control. `hint` is read with it, and so is what `field.problem` says. A text of more than `limit` characters
 * stays as it is and is a problem at once; `field.excess` returns it.
 */
export function field(label, control, { hint = null, optional = false, limit = Infinity } = {}) {
  control.id ||= uniqueId("field");
  const notes = [];
  const hintElement = hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (hintElement) notes.push(hintElement.id);
  const problem = h("p", { class: "problem", id: `${control.id}-problem`, hidden: true });
  notes.push(problem.id);
  control.setAttribute("aria-describedby", notes.join(" "));
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label, optional && h("span", { class: "optional" }, " (optional)")),
    hintElement,
    control,
    problem,
  );
  const show = (text) => {
    problem.textContent = text ?? "";
    problem.hidden = !text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  const excess = () => excessOf(control.value, limit);
  if (limit < Infinity) control.addEventListener("input", () => show(excess()));
  return { element, control, problem: show, excess };
}

/** A select of [value, label] pairs. */
export function select(options, value, attributes = {}) {
  const element = h("select", attributes, options.map(([each, label]) => h("option", { value: each }, label)));
  if (value !== undefined && value !== null) element.value = value;
  return element;
}

/** While work goes on, the button says so and cannot be pressed again; its result is what the work returns. */
export async function busy(pressed, label, work) {
  const before = [...pressed.childNodes];
  pressed.setAttribute("aria-busy", "true");
  pressed.setAttribute("aria-disabled", "true");
  pressed.disabled = true;
  fill(pressed, h("span", { class: "spinner", "aria-hidden": "true" }), label);
  try {
    return await work();
  } finally {
    pressed.disabled = false;
    pressed.removeAttribute("aria-busy");
    pressed.removeAttribute("aria-disabled");
    fill(pressed, before);
  }
}

/** Calls `work` once no call has come for a while; `cancel` forgets the one that waits. */
export function debounced(work, milliseconds) {
  let timer = 0;
  const call = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds());
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
