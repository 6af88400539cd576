// Draws a QR code, which a phone's camera reads.

import { h, svg } from "./ui/dom.js";
import { encodeQR } from "./vendor/qr.js";

const QUIET = 2; // modules of white space around the code

/** @param {string} text @param {string} label for people who cannot see it */
export function qrCode(text, label) {
  const rows = /** @type {boolean[][]} */ (encodeQR(text, "raw", { border: QUIET }));
  // One path for all dark modules: a rectangle for each run of them in a row.
  const runs = rows.flatMap((row, y) => row.flatMap((dark, x) => {
    if (!dark || row[x - 1]) return [];
    const end = row.indexOf(false, x);
    return `M${x} ${y}h${(end < 0 ? row.length : end) - x}v1H${x}z`;
  }));
  return h("div", { class: "qr" }, svg("svg", { role: "img", "aria-label": label, viewBox: `0 0 ${rows.length} ${rows.length}`, "shape-rendering": "crispEdges" }, svg("path", { d: runs.join("") })));
}
