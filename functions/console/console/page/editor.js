// A text editor: a plain textarea with line numbers, marks on lines with findings, and a search.

import { button, fill, h, uniqueId } from "./dom.js";
import { announce } from "./notices.js";
import { counted } from "./words.js";

const MARKS = 300;
const TAB = "  ";

/** The editor; `input` is called after each change by the person who writes. */
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
  const gutter = h("div", { class: "editor-gutter", "aria-hidden": "true" }, h("div", { class: "editor-rail" }, marks, numbers));
  const rail = gutter.firstElementChild;
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

  /** Types a text at the cursor, so that the browser can undo it. */
  const type = (text) => {
    area.focus();
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      changed();
    }
  };

  const indent = (outdent) => {
    const { selectionStart: from, selectionEnd: to, value: text } = area;
    const start = text.lastIndexOf("\n", from - 1) + 1;
    if (from === to && !outdent) return type(TAB);
    const block = text.slice(start, to);
    const moved = outdent ? block.replace(/^ {1,2}/gm, "") : block.replace(/^(?=.)/gm, TAB);
    if (moved === block) return undefined;
    area.setSelectionRange(start, to);
    type(moved);
    area.setSelectionRange(from === to ? Math.max(start, from + moved.length - block.length) : start, start + moved.length);
    return undefined;
  };

  area.addEventListener("input", changed);
  area.addEventListener("scroll", scrolled, { passive: true });
  area.addEventListener("blur", () => (tabLeaves = false));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      tabLeaves = true;
      announce("Tab now leaves the text.");
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
  const element = h(
    "div",
    { class: "editor" },
    search.element,
    h("div", { class: "editor-box" }, gutter, area),
    h("p", { class: "hint editor-hint", id: hintId },
      readOnly ? "You can read and copy this text." : "Tab indents. To leave the text with Tab, press Escape first."),
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
    /** Puts another text in place, as one step that can be undone where the browser can. */
    set(text) {
      area.value = text;
      count();
      scrolled();
    },
    select,
    goToLine(line) {
      const text = area.value;
      let from = 0;
      for (let at = 1; at < line && from !== -1; at += 1) from = text.indexOf("\n", from) + 1 || text.length;
      const end = text.indexOf("\n", from);
      select(from, end === -1 ? text.length : end);
    },
    /** Types a text in place of a part, as one step that the browser can undo. */
    replace(start, end, text) {
      area.focus({ preventScroll: true });
      area.setSelectionRange(start, end);
      type(text);
      const shown = start + text.length - text.trimStart().length;
      select(shown, start + text.length);
    },
    /** Marks lines in the margin: [{line, advice}]. */
    mark(findings) {
      const seen = new Map();
      for (const { line, advice } of findings) if (!seen.get(line)) seen.set(line, advice ? "advice" : "error");
      for (const { line, advice } of findings) if (!advice) seen.set(line, "error");
      fill(marks, [...seen].slice(0, MARKS).map(([line, kind]) => {
        const mark = h("span", { class: `mark ${kind}` });
        mark.style.setProperty("--line", String(line - 1));
        return mark;
      }));
    },
  };
}

function countLines(text) {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

function createSearch(area, select) {
  const wanted = h("input", { type: "search", class: "search-input", "aria-label": "Find in the text", placeholder: "Find in the text", autocomplete: "off" });
  const found = h("span", { class: "search-count", role: "status" });
  const element = h("div", { class: "search", role: "search", hidden: true });
  let at = -1;

  const places = () => {
    const text = area.value.toLowerCase();
    const word = wanted.value.toLowerCase();
    const all = [];
    if (word) for (let each = text.indexOf(word); each !== -1 && all.length < 10_000; each = text.indexOf(word, each + word.length)) all.push(each);
    return all;
  };
  const go = (step) => {
    const all = places();
    if (!all.length) {
      found.textContent = wanted.value ? "Not found" : "";
      return;
    }
    if (step === 0) at = Math.max(0, all.findIndex((each) => each >= area.selectionStart));
    else at = (at + step + all.length) % all.length;
    found.textContent = `${at + 1} of ${counted(all.length, "place")}`;
    select(all[at], all[at] + wanted.value.length, { focus: false });
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
    button("Previous", () => go(-1), { kind: "quiet small" }),
    button("Next", () => go(1), { kind: "quiet small" }),
    found,
    button("Close search", close, { kind: "quiet small" }),
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
