// What there is to mend in a text, and what might be better: listed, counted, and a click away from its line.

import { fill, h } from "./dom.js";
import { announce } from "./notices.js";
import { counted } from "./words.js";

const SHOWN = 100;

/** The list; `goTo` is called with the finding that somebody chose. */
export function createFindings(goTo) {
  const summary = h("p", { class: "findings-summary" });
  const list = h("ul", { class: "findings-list" });
  const element = h("section", { class: "findings panel", "aria-labelledby": "findings-title" },
    h("h2", { id: "findings-title" }, "To mend"), summary, list);
  let said = "";

  const tell = (text) => {
    summary.textContent = text;
    if (text !== said) announce(text);
    said = text;
  };

  return {
    element,
    /** While the text is being looked at; what was found before stays in sight. */
    checking() {
      element.setAttribute("aria-busy", "true");
    },
    failed(sentence) {
      element.removeAttribute("aria-busy");
      element.dataset.state = "unknown";
      tell(`The text could not be checked. ${sentence}`);
    },
    show(findings) {
      const errors = findings.filter((each) => !each.advice);
      const advice = findings.filter((each) => each.advice);
      element.removeAttribute("aria-busy");
      element.dataset.state = errors.length ? "errors" : advice.length ? "advice" : "clean";
      tell(sentence(errors.length, advice.length));
      fill(list, [...errors, ...advice].slice(0, SHOWN).map((each) => itemOf(each, goTo)),
        findings.length > SHOWN && h("li", { class: "hint" }, `And ${counted(findings.length - SHOWN, "more", "more")} further down.`));
    },
    focus() {
      list.querySelector("button")?.focus();
      element.scrollIntoView({ block: "nearest" });
    },
  };
}

function sentence(errors, advice) {
  const hints = advice ? ` ${counted(advice, "suggestion")} you may want to look at.` : "";
  if (!errors) return `Nothing to mend: this can be published.${hints}`;
  return `${counted(errors, "mistake")} to mend before this can be published.${hints}`;
}

function itemOf(finding, goTo) {
  const where = [`Line ${finding.line}`, finding.prompt, finding.field && fieldText(finding.field)].filter(Boolean);
  return h("li", { class: finding.advice ? "finding advice" : "finding error" },
    h("button", { type: "button", on: { click: () => goTo(finding) } },
      h("span", { class: "finding-kind" }, finding.advice ? "Suggestion" : "Mistake"),
      h("span", { class: "finding-where" }, where.join(" · ")),
      h("span", { class: "finding-reason", dir: "auto" }, finding.reason)));
}

/** "words.en.text" is the writer's own nesting: said with arrows rather than dots. */
export function fieldText(field) {
  return field.split(".").join(" › ");
}
