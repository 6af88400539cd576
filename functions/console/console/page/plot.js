// Bar plots as SVG, at the width of the page, each with a table of the same values. The API gives no counts below ten, so a
// plot shows such a count as "fewer than 10".

import { uniqueId } from "./forms.js";
import { fill, h, svg } from "./ui/dom.js";

/** A value is null for a count below ten. @typedef {{ label: string, short?: string, value: number | null }} Bar */
/** What a plot shows, with vertical or horizontal bars. @typedef {{ rows: Bar[], id: string, title: string, percent: boolean, say: (value: number | null) => string }} Drawing */

export const FEW = "fewer than 10";
const HEIGHT = 220;

/**
 * Makes a figure with a plot and its table.
 * @param {{ title: string, note: string, rows: Bar[], unit: { row: string, value: string }, percent?: boolean, horizontal?: boolean }} details
 */
export function barPlot({ title, note, rows, unit, percent = false, horizontal = false }) {
  const id = uniqueId("plot");
  const box = h("div", { class: "plot-box" });
  const say = (/** @type {number | null} */ value) => (value === null ? FEW : percent ? `${value}%` : value.toLocaleString("en"));
  const drawing = { rows, id, title, percent, say };
  let last = 0;
  const watch = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width && width !== last) {
      last = width;
      fill(box, horizontal ? across(drawing, width) : upright(drawing, width));
    }
  });
  watch.observe(box);
  return h("figure", { class: "plot" },
    h("figcaption", {}, h("h3", { id: `${id}-heading` }, title), h("p", { class: "hint" }, note)),
    box,
    h("details", {},
      h("summary", {}, `${title}: as a table`),
      h("table", { class: "data" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, unit.row), h("th", { scope: "col", class: "figure" }, unit.value))),
        h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, row.label)), h("td", { class: "figure" }, say(row.value))))))));
}

/** @param {Drawing} drawing @param {number} width @param {number} height @param {...import("./ui/dom.js").Children} children */
function frame({ id, title, rows, say }, width, height, ...children) {
  const summary = rows.map((row) => `${row.label}: ${say(row.value)}`).join("; ");
  return svg("svg", { role: "img", viewBox: `0 0 ${width} ${height}`, width, height, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-desc` },
    svg("title", { id: `${id}-title` }, title),
    svg("desc", { id: `${id}-desc` }, summary || "Nothing yet."),
    ...children);
}

/** @param {Drawing} drawing @param {number} width */
function upright(drawing, width) {
  const { rows, percent, say } = drawing;
  const top = 18;
  const bottom = 30;
  const left = 48;
  const most = Math.max(1, ...rows.map((row) => row.value ?? 0));
  const ticks = percent ? [0, 25, 50, 75, 100] : niceTicks(most);
  const high = ticks.at(-1) ?? most;
  const inner = HEIGHT - top - bottom;
  const y = (/** @type {number} */ value) => top + inner * (1 - value / high);
  const step = (width - left - 4) / Math.max(1, rows.length);
  const bar = Math.max(3, Math.min(48, step * 0.7));
  const every = Math.ceil(rows.length / Math.max(1, Math.floor((width - left) / 56)));
  return frame(drawing, width, HEIGHT,
    ticks.map((tick) => [
      svg("line", { class: "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, percent ? `${tick}%` : short(tick)),
    ]),
    rows.map((row, at) => {
      const x = left + at * step + (step - bar) / 2;
      const height = row.value === null ? 5 : Math.max(2, y(0) - y(row.value));
      return svg("g", { class: row.value === null ? "bar few" : "bar" },
        svg("title", {}, `${row.label}: ${say(row.value)}`),
        svg("rect", { x, y: y(0) - height, width: bar, height, rx: Math.min(4, bar / 4) }),
        rows.length <= 12 && step > 34 && svg("text", { class: "value", x: x + bar / 2, y: y(0) - height - 5, "text-anchor": "middle" }, valueText(row.value, percent)),
        at % every === 0 && svg("text", { class: "tick", x: x + bar / 2, y: HEIGHT - 10, "text-anchor": "middle" }, row.short ?? row.label));
    }));
}

/** @param {Drawing} drawing @param {number} width */
function across(drawing, width) {
  const { rows, percent, say } = drawing;
  const line = 34;
  const height = Math.max(line, rows.length * line);
  const name = Math.min(180, Math.max(96, width * 0.34));
  const room = Math.max(20, width - name - 74);
  const high = percent ? 100 : Math.max(1, ...rows.map((row) => row.value ?? 0));
  return frame(drawing, width, height,
    rows.map((row, at) => {
      const long = row.value === null ? 6 : Math.max(2, (room * row.value) / high);
      const y = at * line;
      return svg("g", { class: row.value === null ? "bar few" : "bar" },
        svg("title", {}, `${row.label}: ${say(row.value)}`),
        svg("text", { class: "name", x: 0, y: y + line / 2 + 4 }, clipped(row.label, name)),
        svg("rect", { class: "track", x: name, y: y + 8, width: room, height: line - 16, rx: 4 }),
        svg("rect", { x: name, y: y + 8, width: long, height: line - 16, rx: 4 }),
        svg("text", { class: "value", x: name + room + 8, y: y + line / 2 + 4 }, valueText(row.value, percent)));
    }));
}

/** @param {string} text @param {number} width */
const clipped = (text, width) => (text.length > width / 7.2 ? `${text.slice(0, Math.floor(width / 7.2) - 1)}…` : text);

/** @param {number | null} value @param {boolean} percent */
function valueText(value, percent) {
  return value === null ? "<10" : percent ? `${value}%` : short(value);
}

/** @param {number} most */
function niceTicks(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = Math.max(1, [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 1);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step);
}

/** @param {number} number */
function short(number) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(number);
}
