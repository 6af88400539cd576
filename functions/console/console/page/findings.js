// Lists the mistakes and suggestions in a text. Each leads to its line.

import { announce } from "./notices.js";
import { fill, h } from "./ui/dom.js";
import { counted } from "./ui/text.js";

/** @typedef {import("./api.js").Schema["FindingView"]} Finding */

const SHOWN = 100;

/** Makes the list. `goTo` receives the finding that a person chose. @param {(finding: Finding) => void} goTo */
export function createFindings(goTo) {
  const summary = h("p", { class: "findings-summary" });
  const list = h("ul", { class: "findings-list" });
  const element = h("section", { class: "findings panel", "aria-labelledby": "findings-title" },
    h("h2", { id: "findings-title" }, "To fix"), summary, list);
  let last = "";

  /** @param {string} text */
  const summarize = (text) => {
    summary.textContent = text;
    if (text !== last) announce(text);
    last = text;
  };

  return {
    element,
    /** Marks the list as busy. The earlier findings stay visible. */
    checking() {
      element.setAttribute("aria-busy", "true");
    },
    /** @param {string} sentence */
    failed(sentence) {
      element.removeAttribute("aria-busy");
      element.dataset["state"] = "unknown";
      summarize(`The text could not be checked. ${sentence}`);
    },
    /** @param {Finding[]} findings */
    show(findings) {
      const errors = findings.filter((each) => !each.advice);
      const advice = findings.filter((each) => each.advice);
      element.removeAttribute("aria-busy");
      element.dataset["state"] = errors.length ? "errors" : advice.length ? "advice" : "clean";
      summarize(sentence(errors.length, advice.length));
      fill(list, [...errors, ...advice].slice(0, SHOWN).map((each) => itemOf(each, goTo)),
        findings.length > SHOWN && h("li", { class: "hint" }, `${counted(findings.length - SHOWN, "more", "more")} further down.`));
    },
    focus() {
      list.querySelector("button")?.focus();
      element.scrollIntoView({ block: "nearest" });
    },
  };
}

/** @param {number} errors @param {number} advice */
function sentence(errors, advice) {
  const hints = advice ? ` ${counted(advice, "suggestion")} to consider.` : "";
  return errors ? `${counted(errors, "mistake")} to fix before you can publish.${hints}` : `Ready to publish.${hints}`;
}

/** @param {Finding} finding @param {(finding: Finding) => void} goTo */
function itemOf(finding, goTo) {
  const place = [`Line ${finding.line}`, finding.prompt, finding.field && fieldText(finding.field)].filter(Boolean);
  return h("li", { class: finding.advice ? "finding advice" : "finding error" },
    h("button", { type: "button", on: { click: () => goTo(finding) } },
      h("span", { class: "finding-kind" }, finding.advice ? "Suggestion" : "Mistake"),
      h("span", { class: "finding-where" }, place.join(" · ")),
      h("span", { class: "finding-reason", dir: "auto" }, finding.reason)));
}

/** Writes "words.en.text" with arrows, as it is nested in the writer's text. @param {string} field */
export function fieldText(field) {
  return field.split(".").join(" › ");
}
