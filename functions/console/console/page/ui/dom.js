// Builds elements, for the console and for the two phones. Text becomes text nodes: no page ever parses markup.

/** @typedef {Node | string | number | boolean | null | undefined} Child */
/** Lists in lists are flattened. @typedef {Child | readonly (Child | readonly (Child | readonly Child[])[])[]} Children */
/** @typedef {{ [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => unknown }} Listeners */
/** @typedef {{ on?: Listeners, props?: Record<string, unknown>, class?: string } & Record<string, unknown>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `on` has listeners by event, `props` has properties such as value, and the rest are attributes: null,
 * undefined and false leave an attribute out, true writes it without a value. Children that are null or boolean are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes | null} [attributes]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes, ...children) {
  return complete(document.createElement(tag), attributes ?? {}, children);
}

/**
 * Makes an SVG element.
 * @param {string} tag
 * @param {Attributes | null} [attributes]
 * @param {...Children} children
 */
export function svg(tag, attributes, ...children) {
  return complete(document.createElementNS(SVG, tag), attributes ?? {}, children);
}

/**
 * @template {Element} Made
 * @param {Made} element
 * @param {Attributes} attributes
 * @param {Children[]} children
 * @returns {Made}
 */
function complete(element, { on = {}, props = {}, ...rest }, children) {
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on") || name === "style" || name === "srcdoc") throw new Error(`The attribute ${name} is not allowed`);
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  Object.assign(element, props);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, /** @type {EventListener} */ (listener));
  return element;
}

/**
 * Replaces everything in an element with these children.
 * @template {Element} Filled
 * @param {Filled} element
 * @param {...Children} children
 */
export function fill(element, ...children) {
  const all = /** @type {Child[]} */ (children.flat(3));
  const kept = all.filter((each) => each !== null && each !== undefined && typeof each !== "boolean");
  element.replaceChildren(...kept.map((each) => (each instanceof Node ? each : String(each))));
  return element;
}

/**
 * Makes a button that cannot be pressed again while `press` runs.
 * @param {Children} label
 * @param {(button: HTMLButtonElement) => unknown} press
 * @param {Attributes} [attributes]
 */
export function button(label, press, attributes = {}) {
  const click = async () => {
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    try {
      await press(element);
    } finally {
      element.removeAttribute("aria-busy");
    }
  };
  const named = `button ${attributes.class ?? ""}`.trim();
  const element = h("button", { type: "button", ...attributes, class: named, on: { click } }, label);
  return element;
}

/** A select's choices as [value, label] pairs. @typedef {readonly (readonly [string | number, string])[]} Choices */

/** @param {Choices} choices */
export function options(choices) {
  return choices.map(([value, label]) => h("option", { value }, label));
}

/**
 * @param {Choices} choices
 * @param {string | number | null} [value]
 * @param {Attributes} [attributes]
 */
export function select(choices, value, attributes) {
  const element = h("select", attributes, options(choices));
  if (value !== undefined && value !== null) element.value = String(value);
  return element;
}
