// A text editor: a textarea with line numbers, marks on lines with findings, and a search.

import { uniqueId } from "./forms.js";
import { announce } from "./notices.js";
import { button, fill, h } from "./ui/dom.js";
import { counted } from "./ui/text.js";

const MARKS = 300;
const TAB = "  ";

/**
 * Makes the editor. `input` runs after each change that a person makes.
 * @param {{ value?: string, label: string, readOnly?: boolean, input?: () => void }} details
 */
export function createEditor({ value = "", label, readOnly = false, input = () => {} }) {
  const hintId = uniqueId("editor-hint");
  const area = h("textarea", {
    class: "editor-text",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    wrap: "off",
    "aria-label": label,
    "aria-describedby": hintId,
    readonly: readOnly,
    dir: "ltr",
  });
  const numbers = h("div", { class: "editor-numbers", "aria-hidden": "true" });
  const marks = h("div", { class: "editor-marks", "aria-hidden": "true" });
  const rail = h("div", { class: "editor-rail" }, marks, numbers);
  const gutter = h("div", { class: "editor-gutter", "aria-hidden": "true" }, rail);
  let lines = 0;
  let tabLeaves = false;

  const count = () => {
    const now = countLines(area.value);
    if (now === lines) return;
    lines = now;
    numbers.textContent = Array.from({ length: lines }, (_, at) => at + 1).join("\n");
    gutter.style.setProperty("--digits", String(Math.max(2, String(lines).length)));
  };
  const scrolled = () => rail.style.setProperty("transform", `translateY(${-area.scrollTop}px)`);
  const lineHeight = () => parseFloat(getComputedStyle(area).lineHeight);

  const changed = () => {
    count();
    scrolled();
    input();
  };

  /** Types a text at the cursor, so that the browser can undo it. @param {string} text */
  const type = (text) => {
    area.focus();
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      changed();
    }
  };

  /** @param {boolean} outdent */
  const indent = (outdent) => {
    const { selectionStart: from, selectionEnd: to, value: text } = area;
    const start = text.lastIndexOf("\n", from - 1) + 1;
    if (from === to && !outdent) {
      type(TAB);
      return;
    }
    const block = text.slice(start, to);
    const moved = outdent ? block.replace(/^ {1,2}/gm, "") : block.replace(/^(?=.)/gm, TAB);
    if (moved === block) return;
    area.setSelectionRange(start, to);
    type(moved);
    area.setSelectionRange(from === to ? Math.max(start, from + moved.length - block.length) : start, start + moved.length);
  };

  area.addEventListener("input", changed);
  area.addEventListener("scroll", scrolled, { passive: true });
  area.addEventListener("blur", () => (tabLeaves = false));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      tabLeaves = true;
      announce("Tab now moves out of the text.");
      return;
    }
    if (event.key === "Tab" && !tabLeaves && !readOnly && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      indent(event.shiftKey);
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f" && !event.shiftKey) {
      event.preventDefault();
      search.open();
    }
    if (event.key !== "Shift") tabLeaves = tabLeaves && event.key === "Tab";
  });

  /** @param {number} from @param {number} to */
  const select = (from, to, { focus = true } = {}) => {
    const line = countLines(area.value.slice(0, from)) - 1;
    if (focus) area.focus({ preventScroll: true });
    area.setSelectionRange(from, to);
    const top = line * lineHeight();
    if (top < area.scrollTop + lineHeight() || top > area.scrollTop + area.clientHeight - 3 * lineHeight()) {
      area.scrollTop = Math.max(0, top - area.clientHeight / 3);
    }
    area.scrollLeft = 0;
    scrolled();
  };

  const search = createSearch(area, select);
  const element = h("div", { class: "editor" },
    search.element,
    h("div", { class: "editor-box" }, gutter, area),
    h("p", { class: "hint editor-hint", id: hintId },
      readOnly ? "You can read and copy this text." : "Tab indents. To move out of the text, press Escape, then Tab."),
  );
  area.value = value;
  count();

  return {
    element,
    search,
    area,
    get value() {
      return area.value;
    },
    /** Replaces the whole text. @param {string} text */
    set(text) {
      area.value = text;
      count();
      scrolled();
    },
    select,
    /** @param {number} line from 1 */
    goToLine(line) {
      const text = area.value;
      let from = 0;
      for (let at = 1; at < line && from !== -1; at += 1) from = text.indexOf("\n", from) + 1 || text.length;
      const end = text.indexOf("\n", from);
      select(from, end === -1 ? text.length : end);
    },
    /** Replaces a part of the text, so that the browser can undo it. @param {number} start @param {number} end @param {string} text */
    replace(start, end, text) {
      area.focus({ preventScroll: true });
      area.setSelectionRange(start, end);
      type(text);
      const shown = start + text.length - text.trimStart().length;
      select(shown, start + text.length);
    },
    /** Marks lines in the margin. @param {readonly { line: number, advice: boolean }[]} findings */
    mark(findings) {
      const byLine = new Map(findings.map(({ line }) => [line, "advice"]));
      for (const { line, advice } of findings) if (!advice) byLine.set(line, "error");
      fill(marks, [...byLine].slice(0, MARKS).map(([line, kind]) => {
        const mark = h("span", { class: `mark ${kind}` });
        mark.style.setProperty("--line", String(line - 1));
        return mark;
      }));
    },
  };
}

/** @param {string} text */
function countLines(text) {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** @param {HTMLTextAreaElement} area @param {(from: number, to: number, options: { focus: boolean }) => void} select */
function createSearch(area, select) {
  const wanted = h("input", { type: "search", class: "search-input", "aria-label": "Find in the text", placeholder: "Find in the text", autocomplete: "off" });
  const found = h("span", { class: "search-count", role: "status" });
  const element = h("div", { class: "search", role: "search", hidden: true });
  let at = -1;

  const places = () => {
    const text = area.value.toLowerCase();
    const word = wanted.value.toLowerCase();
    /** @type {number[]} */
    const all = [];
    if (word) for (let each = text.indexOf(word); each !== -1 && all.length < 10_000; each = text.indexOf(word, each + word.length)) all.push(each);
    return all;
  };
  /** @param {number} step */
  const go = (step) => {
    const all = places();
    if (!all.length) {
      found.textContent = wanted.value ? "Not found" : "";
      return;
    }
    if (step === 0) at = Math.max(0, all.findIndex((each) => each >= area.selectionStart));
    else at = (at + step + all.length) % all.length;
    found.textContent = `${at + 1} of ${counted(all.length, "place")}`;
    const from = all[at] ?? 0;
    select(from, from + wanted.value.length, { focus: false });
  };
  const close = () => {
    element.hidden = true;
    area.focus();
  };
  wanted.addEventListener("input", () => go(0));
  wanted.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  element.append(
    wanted,
    button("Previous", () => go(-1), { class: "quiet small" }),
    button("Next", () => go(1), { class: "quiet small" }),
    found,
    button("Close search", close, { class: "quiet small" }),
  );
  return {
    element,
    open() {
      element.hidden = false;
      const chosen = area.value.slice(area.selectionStart, area.selectionEnd);
      if (chosen && !chosen.includes("\n")) wanted.value = chosen;
      wanted.focus();
      wanted.select();
      go(0);
    },
  };
}
