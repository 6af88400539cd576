// Shows what changed between two texts, line by line and side by side.

import { button, fill, h } from "./ui/dom.js";
import { counted } from "./ui/text.js";
import { diffArrays } from "./vendor/array.js";

/** Numbers of the lines that stand beside each other, from 0. @typedef {{ left: number | null, right: number | null, same: boolean }} Row */
/** Rows that are left out because nothing changed near them. @typedef {{ hidden: number }} Gap */

const MOST_EDITS = 2500; // two texts with more changed lines than this have too little in common for a comparison
const CONTEXT = 3;
const ROWS_AT_FIRST = 400;

/** @param {string[]} left @param {string[]} right */
function rowsOf(left, right) {
  /** @type {ReturnType<typeof import("diff").diffArrays<string>> | undefined} */
  const found = diffArrays(left, right, { maxEditLength: MOST_EDITS });
  const changes = found ?? [{ value: left, removed: true, added: false }, { value: right, removed: false, added: true }];
  /** @type {Row[]} */
  const rows = [];
  let leftAt = 0;
  let rightAt = 0;
  let free = 0; // the first row whose right side is empty: added lines stand beside the removed lines before them
  for (const { value, removed, added } of changes) {
    if (!added) free = rows.length;
    for (let each = 0; each < value.length; each += 1) {
      const row = rows[free];
      if (added && row) row.right = rightAt++;
      else rows.push({ left: added ? null : leftAt++, right: removed ? null : rightAt++, same: !added && !removed });
      if (added || !removed) free += 1;
    }
  }
  return rows;
}

/** Leaves out rows that are far from any change. @param {Row[]} rows */
function shortened(rows) {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, at) => {
    if (!row.same) near.fill(1, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
  });
  /** @type {(Row | Gap)[]} */
  const shown = [];
  rows.forEach((row, at) => {
    const last = shown.at(-1);
    if (near[at]) shown.push(row);
    else if (last && "hidden" in last) last.hidden += 1;
    else shown.push({ hidden: 1 });
  });
  return shown;
}

/**
 * Returns a table of both texts that marks the changed lines.
 * @param {string} left
 * @param {string} right
 * @param {readonly [string, string]} names of the two columns
 */
export function diffView(left, right, names) {
  if (left === right) return h("p", { class: "empty" }, "Both texts are exactly the same.");
  const leftLines = left.split("\n");
  const rightLines = right.split("\n");
  const all = rowsOf(leftLines, rightLines);
  const rows = shortened(all);
  const removed = all.filter((row) => !row.same && row.left !== null).length;
  const added = all.filter((row) => !row.same && row.right !== null).length;
  const body = h("tbody");
  const more = h("div", { class: "more" });

  /** @param {number | null} number @param {string[]} lines @param {string} mark @param {string} label */
  const cell = (number, lines, mark, label) => [
    h("td", { class: "number", "aria-hidden": "true" }, number !== null && number + 1),
    h("td", { class: mark && number !== null ? `line ${mark}` : "line", dir: "auto" },
      mark && number !== null && h("span", { class: "visually-hidden" }, label),
      number !== null && (lines[number] || "\u00a0")),
  ];
  /** @param {Row | Gap} row */
  const rowOf = (row) => {
    if ("hidden" in row) return h("tr", { class: "skipped" }, h("td", { colspan: "4" }, `${counted(row.hidden, "unchanged line")}`));
    return h("tr", { class: row.same ? "same" : "changed" },
      cell(row.left, leftLines, row.same ? "" : "removed", "Only left: "),
      cell(row.right, rightLines, row.same ? "" : "added", "Only right: "));
  };
  let shown = 0;
  const show = () => {
    body.append(...rows.slice(shown, shown + ROWS_AT_FIRST).map(rowOf));
    shown += ROWS_AT_FIRST;
    fill(more, shown < rows.length && button("Show more", show, { class: "quiet" }));
  };
  show();
  return h("div", { class: "diff" },
    h("p", { class: "diff-summary" }, `${counted(removed, "line")} only in “${names[0]}”, ${counted(added, "line")} only in “${names[1]}”.`),
    h("div", { class: "diff-scroll", tabindex: "0", role: "region", "aria-label": `${names[0]} next to ${names[1]}` },
      h("table", {},
        h("colgroup", {}, h("col", { class: "number" }), h("col"), h("col", { class: "number" }), h("col")),
        h("thead", {}, h("tr", {},
          h("th", { scope: "col", colspan: "2" }, names[0]),
          h("th", { scope: "col", colspan: "2" }, names[1]))),
        body)),
    more,
  );
}
