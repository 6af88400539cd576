// What changed between two texts, line by line (Myers' algorithm), and how it is shown side by side.

import { button, fill, h } from "./dom.js";
import { counted } from "./words.js";

const MOST_STEPS = 2500; // beyond, two texts have so little in common that lines say nothing
const CONTEXT = 3;
const ROWS_AT_FIRST = 400;

/** Pairs of lines as [kind, left number, right number]; kind is same, left or right. Numbers count from 0. */
export function changes(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let leftEnd = left.length;
  let rightEnd = right.length;
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd -= 1;
    rightEnd -= 1;
  }
  const found = [];
  for (let at = 0; at < start; at += 1) found.push(["same", at, at]);
  found.push(...middle(left, right, start, leftEnd, rightEnd));
  for (let at = leftEnd; at < left.length; at += 1) found.push(["same", at, at - leftEnd + rightEnd]);
  return found;
}

function middle(left, right, start, leftEnd, rightEnd) {
  const n = leftEnd - start;
  const m = rightEnd - start;
  const replaced = () => [
    ...Array.from({ length: n }, (_, at) => ["left", start + at, null]),
    ...Array.from({ length: m }, (_, at) => ["right", null, start + at]),
  ];
  if (!n || !m) return replaced();
  const most = Math.min(n + m, MOST_STEPS);
  const reach = new Int32Array(2 * most + 3);
  const origin = most + 1;
  const trace = [];
  for (let steps = 0; steps <= most; steps += 1) {
    trace.push(reach.slice(origin - steps - 1, origin + steps + 2));
    for (let k = -steps; k <= steps; k += 2) {
      const down = k === -steps || (k !== steps && reach[origin + k - 1] < reach[origin + k + 1]);
      let x = down ? reach[origin + k + 1] : reach[origin + k - 1] + 1;
      let y = x - k;
      while (x < n && y < m && left[start + x] === right[start + y]) {
        x += 1;
        y += 1;
      }
      reach[origin + k] = x;
      if (x >= n && y >= m) return walkedBack(trace, n, m, start);
    }
  }
  return replaced();
}

function walkedBack(trace, n, m, start) {
  const found = [];
  let x = n;
  let y = m;
  for (let steps = trace.length - 1; steps >= 0; steps -= 1) {
    const reach = trace[steps];
    const at = (k) => reach[k + steps + 1];
    const k = x - y;
    const down = k === -steps || (k !== steps && at(k - 1) < at(k + 1));
    const before = down ? k + 1 : k - 1;
    const fromX = steps === 0 ? 0 : at(before);
    const fromY = steps === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      found.push(["same", start + x, start + y]);
    }
    if (steps === 0) break;
    if (down) {
      y -= 1;
      found.push(["right", null, start + y]);
    } else {
      x -= 1;
      found.push(["left", start + x, null]);
    }
  }
  return found.reverse();
}

/** Rows of two columns: runs of removed and added lines stand beside each other. */
function rowsOf(found) {
  const rows = [];
  for (let at = 0; at < found.length; ) {
    if (found[at][0] === "same") {
      rows.push({ left: found[at][1], right: found[at][2], same: true });
      at += 1;
      continue;
    }
    const removed = [];
    const added = [];
    for (; at < found.length && found[at][0] !== "same"; at += 1) {
      if (found[at][0] === "left") removed.push(found[at][1]);
      else added.push(found[at][2]);
    }
    for (let each = 0; each < Math.max(removed.length, added.length); each += 1) {
      rows.push({ left: removed[each] ?? null, right: added[each] ?? null, same: false });
    }
  }
  return rows;
}

function shortened(rows) {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, at) => {
    if (row.same) return;
    for (let each = Math.max(0, at - CONTEXT); each <= Math.min(rows.length - 1, at + CONTEXT); each += 1) near[each] = 1;
  });
  const shown = [];
  let hidden = 0;
  rows.forEach((row, at) => {
    if (near[at]) {
      if (hidden) shown.push({ hidden });
      hidden = 0;
      shown.push(row);
    } else hidden += 1;
  });
  if (hidden) shown.push({ hidden });
  return shown;
}

/** A table of both texts with what differs. `names` are the columns'. */
export function diffView(left, right, names) {
  if (left === right) return h("p", { class: "empty" }, "Both texts are the same, to the letter.");
  const leftLines = left.split("\n");
  const rightLines = right.split("\n");
  const rows = shortened(rowsOf(changes(leftLines, rightLines)));
  const gone = rows.filter((row) => !row.hidden && !row.same && row.left !== null).length;
  const come = rows.filter((row) => !row.hidden && !row.same && row.right !== null).length;
  const body = h("tbody");
  const more = h("div", { class: "more" });
  const cell = (number, lines, changed, mark, said) => [
    h("td", { class: "number", "aria-hidden": "true" }, number === null ? "" : String(number + 1)),
    h(
      "td",
      { class: changed && number !== null ? `line ${mark}` : "line", dir: "auto" },
      changed && number !== null && h("span", { class: "visually-hidden" }, said),
      number === null ? "" : lines[number] || "\u00a0",
    ),
  ];
  let shown = 0;
  const show = (count) => {
    const next = rows.slice(shown, shown + count);
    shown += next.length;
    body.append(
      ...next.map((row) =>
        row.hidden
          ? h("tr", { class: "skipped" }, h("td", { colspan: "4" }, `${counted(row.hidden, "line")} the same`))
          : h("tr", { class: row.same ? "same" : "changed" },
              cell(row.left, leftLines, !row.same, "gone", "Only left: "),
              cell(row.right, rightLines, !row.same, "come", "Only right: ")),
      ),
    );
    fill(more, shown < rows.length && button("Show more", () => show(ROWS_AT_FIRST), { kind: "quiet" }));
  };
  show(ROWS_AT_FIRST);
  return h("div", { class: "diff" },
    h("p", { class: "diff-summary" }, `${counted(gone, "line")} only in “${names[0]}”, ${counted(come, "line")} only in “${names[1]}”.`),
    h("div", { class: "diff-scroll", tabindex: "0", role: "region", "aria-label": `${names[0]} beside ${names[1]}` },
      h("table", {},
        h("colgroup", {}, h("col", { class: "number" }), h("col"), h("col", { class: "number" }), h("col")),
        h("thead", {}, h("tr", {},
          h("th", { scope: "col", colspan: "2" }, names[0]),
          h("th", { scope: "col", colspan: "2" }, names[1]))),
        body)),
    more,
  );
}
