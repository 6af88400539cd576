// Builds elements. Text becomes text nodes: nothing here or elsewhere parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | boolean} Child */
/** @typedef {Child | readonly Child[]} Children */
/** @typedef {{ on?: Record<string, (event: any) => unknown>, props?: Record<string, unknown> } & Record<string, any>} Attributes */

/**
 * An element. `on` has listeners by event, `props` has properties such as value, and the rest are attributes: one that
 * is null, undefined or false is left out, true is written bare. Children that are null or false are left out too.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes | null} [attributes]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes ?? {}, children);
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Attributes | null} [attributes]
 * @param {...Children} children
 */
export function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes ?? {}, children);
}

/**
 * @template {Element} Made
 * @param {Made} element
 * @param {Attributes} attributes
 * @param {Children[]} children
 * @returns {Made}
 */
function filled(element, { on = {}, props = {}, ...rest }, children) {
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  Object.assign(element, props);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  return element;
}

/**
 * Puts these in place of all that an element holds.
 * @param {Element} element
 * @param {...Children} children
 */
export function fill(element, ...children) {
  const kept = /** @type {Child[]} */ (children.flat()).filter(
    (each) => each !== null && each !== undefined && each !== false && each !== true,
  );
  element.replaceChildren(...kept.map((each) => (each instanceof Node ? each : String(each))));
}

/**
 * The same, but what would look as it did stays as it is, and who has come to something by keyboard stays with it: with
 * the one of the same id, if it is another now.
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
 * What a person wrote: each line stays one, and runs in the direction of its own script.
 * @param {keyof HTMLElementTagNameMap} tag
 * @param {string} text
 * @param {Attributes} [attributes]
 */
export function words(tag, text, attributes = {}) {
  return h(tag, { ...attributes, dir: "auto", class: `words ${attributes.class ?? ""}`.trim() }, text);
}

/**
 * What somebody wrote, as a letter from them.
 * @param {string} from
 * @param {string} text
 */
export function letter(from, text) {
  return h("figure", { class: "letter" }, words("figcaption", from), words("blockquote", text));
}

/**
 * A button that cannot be pressed twice at a time: while `press` works, it is busy.
 * @param {Children} label
 * @param {() => unknown} press
 * @param {Attributes} [attributes]
 */
export function button(label, press, attributes = {}) {
  const element = h("button", {
    type: "button",
    ...attributes,
    class: `button ${attributes.class ?? ""}`.trim(),
    on: {
      click: async () => {
        if (element.getAttribute("aria-busy") === "true") return;
        element.setAttribute("aria-busy", "true");
        try {
          await press();
        } finally {
          element.removeAttribute("aria-busy");
        }
      },
    },
  }, .../** @type {Child[]} */ ([label].flat()));
  return element;
}

/**
 * A labelled control, with a hint that is read with it, and a counter (`characters.js`) if its length has a limit.
 * @param {string} label
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 * @param {Children} [hint]
 * @param {HTMLElement} [count]
 */
export function field(label, control, hint, count) {
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, ...[hint].flat()) : null;
  const notes = [note?.id, count?.id].filter(Boolean);
  if (notes.length) control.setAttribute("aria-describedby", notes.join(" "));
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note, count);
}

/**
 * A labelled box to tick.
 * @param {string} label
 * @param {HTMLInputElement} control
 * @param {Children} [hint]
 */
export function tick(label, control, hint) {
  control.type = "checkbox";
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, ...[hint].flat()) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "tick" }, control, h("label", { for: control.id }, label), note);
}

/**
 * A select of [value, label] pairs.
 * @param {string} id
 * @param {readonly (readonly [string | number, string])[]} options
 * @param {string | number} value
 */
export function select(id, options, value) {
  const element = h("select", { id }, ...options.map(([each, label]) => h("option", { value: each }, label)));
  element.value = String(value);
  return element;
}

/**
 * One of the icons: a path in a box of 24.
 * @param {string} path
 */
export function icon(path) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));
}
