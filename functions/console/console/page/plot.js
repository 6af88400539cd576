// Plots, drawn by hand as SVG at the width there is, each with a table that says the same. A count under ten is never a
// number here: the API does not give it, and the plot shows that there is something, and not how much.

import { fill, h, svg, uniqueId } from "./dom.js";

export const FEW = "fewer than 10";
const HEIGHT = 220;

/** A figure with a plot and its table. `rows` are [{label, short, value}], value null for fewer than ten. */
export function barPlot({ title, note, rows, unit, percent = false, horizontal = false }) {
  const id = uniqueId("plot");
  const box = h("div", { class: "plot-box" });
  const say = (value) => (value === null || value === undefined ? FEW : percent ? `${value}%` : value.toLocaleString("en"));
  const draw = (width) => fill(box, horizontal ? across(rows, width, say, id, title, percent) : upright(rows, width, say, id, title, percent));
  let last = 0;
  const watch = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== last) {
      last = width;
      draw(width);
    }
  });
  watch.observe(box);
  return h("figure", { class: "plot" },
    h("figcaption", {}, h("h3", { id: `${id}-heading` }, title), note && h("p", { class: "hint" }, note)),
    box,
    h("details", {},
      h("summary", {}, `${title}: as a table`),
      h("table", { class: "data" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, unit.row), h("th", { scope: "col", class: "figure" }, unit.value))),
        h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, row.label)), h("td", { class: "figure" }, say(row.value)))))))) ;
}

function summary(rows, say) {
  return rows.map((row) => `${row.label}: ${say(row.value)}`).join("; ");
}

function frame(width, height, id, title, rows, say, ...children) {
  return svg("svg", { role: "img", viewBox: `0 0 ${width} ${height}`, width, height, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-desc` },
    svg("title", { id: `${id}-title` }, title),
    svg("desc", { id: `${id}-desc` }, rows.length ? summary(rows, say) : "Nothing yet."),
    children);
}

function upright(rows, width, say, id, title, percent) {
  const top = 18;
  const bottom = 30;
  const left = 48;
  const most = Math.max(1, ...rows.map((row) => row.value ?? 0));
  const ticks = percent ? [0, 25, 50, 75, 100] : niceTicks(most);
  const high = ticks.at(-1);
  const inner = HEIGHT - top - bottom;
  const y = (value) => top + inner * (1 - value / high);
  const step = (width - left - 4) / Math.max(1, rows.length);
  const bar = Math.max(3, Math.min(48, step * 0.7));
  const every = Math.ceil(rows.length / Math.max(1, Math.floor((width - left) / 56)));
  return frame(width, HEIGHT, id, title, rows, say,
    ticks.map((tick) => [
      svg("line", { class: "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, percent ? `${tick}%` : short(tick)),
    ]),
    rows.map((row, at) => {
      const x = left + at * step + (step - bar) / 2;
      const few = row.value === null || row.value === undefined;
      const height = few ? 5 : Math.max(2, y(0) - y(row.value));
      return svg("g", { class: few ? "bar few" : "bar" },
        svg("title", {}, `${row.label}: ${say(row.value)}`),
        svg("rect", { x, y: y(0) - height, width: bar, height, rx: Math.min(4, bar / 4) }),
        rows.length <= 12 && step > 34 && svg("text", { class: "value", x: x + bar / 2, y: y(0) - height - 5, "text-anchor": "middle" }, few ? "<10" : percent ? `${row.value}%` : short(row.value)),
        at % every === 0 && svg("text", { class: "tick", x: x + bar / 2, y: HEIGHT - 10, "text-anchor": "middle" }, row.short ?? row.label));
    }));
}

function across(rows, width, say, id, title, percent) {
  const line = 34;
  const height = Math.max(line, rows.length * line);
  const name = Math.min(180, Math.max(96, width * 0.34));
  const room = Math.max(20, width - name - 74);
  const high = percent ? 100 : Math.max(1, ...rows.map((row) => row.value ?? 0));
  return frame(width, height, id, title, rows, say,
    rows.map((row, at) => {
      const few = row.value === null || row.value === undefined;
      const long = few ? 6 : Math.max(2, (room * row.value) / high);
      const y = at * line;
      return svg("g", { class: few ? "bar few" : "bar" },
        svg("title", {}, `${row.label}: ${say(row.value)}`),
        svg("text", { class: "name", x: 0, y: y + line / 2 + 4 }, clipped(row.label, name)),
        svg("rect", { class: "track", x: name, y: y + 8, width: room, height: line - 16, rx: 4 }),
        svg("rect", { x: name, y: y + 8, width: long, height: line - 16, rx: 4 }),
        svg("text", { class: "value", x: name + room + 8, y: y + line / 2 + 4 }, few ? "<10" : percent ? `${row.value}%` : short(row.value)));
    }));
}

const clipped = (text, width) => (text.length > width / 7.2 ? `${text.slice(0, Math.floor(width / 7.2) - 1)}…` : text);

function niceTicks(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = Math.max(1, [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough));
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step);
}

function short(number) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(number);
}
