// Draws two candles, one for each person. A candle burns if its person has answered.

import { h, svg } from "../ui/dom.js";

/** @param {boolean} mine @param {boolean} theirs */
export function candles(mine, theirs) {
  const both = mine && theirs;
  const element = svg("svg", { viewBox: "34 2 92 112", class: `candles ${both ? "both" : ""}`, "aria-hidden": "true" },
    both && svg("circle", { class: "glow", cx: 80, cy: 42, r: 40 }),
    candle(46, 52, mine),
    candle(92, 44, theirs),
  );
  return h("div", { class: "candles-box" }, element);
}

/** @param {number} x @param {number} y @param {boolean} lit */
function candle(x, y, lit) {
  return svg("g", { class: lit ? "candle lit" : "candle" },
    svg("rect", { class: "wax", x, y, width: 22, height: 112 - y, rx: 5 }),
    svg("path", { class: "drip", d: `M${x} ${y + 8}c6 7 5 18 8 18s2-14 6-14 3 8 8 6v-14h-22Z` }),
    svg("path", { class: "wick", d: `M${x + 11} ${y}v-6` }),
    lit && svg("path", { class: "flame", d: `M${x + 11} ${y - 30}c2 9 9 12 9 19a9 9 0 0 1-18 0c0-5 4-7 5-11 2 2 3 3 3 5 2-3 2-8 1-13Z` }),
  );
}
