// A small form that writes one prompt, so that nobody has to remember the form that packs have.

import { excessOf } from "../characters.js";
import { ask } from "../dialogs.js";
import { button, field, h, select } from "../dom.js";
import { COMFORTS, DEPTHS, KINDS, THEMES, languageName } from "../words.js";
import { needsComfort, needsHint, slugOf } from "../yaml.js";

const LIMITS = { text: 240, why: 160, hint: 180 };

/** Asks for a prompt; resolves to what `promptBlock` takes, or null. */
export function askForPrompt({ languages, ids }) {
  return ask({
    title: "Insert a prompt",
    wide: true,
    build: (close) => {
      const theme = field("Theme", select(THEMES, "openness", { autofocus: true }));
      const kind = field("Kind", select(KINDS, "question"));
      const depth = field("Depth", select(DEPTHS, "1"));
      const comfort = field("How much touch", select(COMFORTS, "0"));
      const language = field("Language", select(languages.map((each) => [each, languageName(each)]), languages[0]));
      const text = field("The prompt", area(LIMITS.text), { hint: "Something both can answer on a phone in two minutes." });
      const why = field("Why it does a couple good", area(LIMITS.why), { hint: "One plain, warm line." });
      const hint = field("To whoever listens", area(LIMITS.hint), { hint: "How to receive the partner’s answer." });
      const id = field("Short name", h("input", { type: "text", autocomplete: "off", spellcheck: "false" }),
        { limit: 48, hint: "By it the app knows what a couple has seen, so it stays as it is." });
      let chosen = false;
      id.control.addEventListener("input", () => (chosen = true));
      text.control.addEventListener("input", () => {
        if (!chosen) id.control.value = freeId(text.control.value, ids);
      });
      const adapt = () => {
        if (kind.control.value === "touch" || theme.control.value === "touch") {
          if (comfort.control.value === "0") comfort.control.value = "1";
        }
        comfort.control.querySelector("option").disabled = needsComfort(theme.control.value, kind.control.value);
        const asked = needsHint(theme.control.value);
        hint.element.querySelector("label").textContent = asked ? "To whoever listens" : "To whoever listens (optional)";
      };
      theme.control.addEventListener("change", adapt);
      kind.control.addEventListener("change", adapt);
      adapt();

      const insert = (event) => {
        event.preventDefault();
        const given = { text: tidy(text), why: tidy(why), hint: tidy(hint) };
        text.problem(lengthProblem(given.text, LIMITS.text, "Write the prompt."));
        why.problem(lengthProblem(given.why, LIMITS.why, "Say in a line why this does a couple good."));
        hint.problem(given.hint || needsHint(theme.control.value)
          ? lengthProblem(given.hint, LIMITS.hint, "In this theme, tell the listener how to receive the answer.") : null);
        id.problem(idProblem(id.control.value.trim(), ids) ?? id.excess());
        const wrong = [text, why, hint, id].find((each) => each.control.hasAttribute("aria-invalid"));
        if (wrong) return wrong.control.focus();
        return close({
          id: id.control.value.trim(), theme: theme.control.value, kind: kind.control.value, depth: depth.control.value,
          comfort: comfort.control.value, language: language.control.value, words: given,
        });
      };
      const form = h("form", { id: "insert-prompt", novalidate: true, on: { submit: insert } },
        h("div", { class: "form-grid" }, theme.element, kind.element, depth.element, comfort.element),
        languages.length > 1 && language.element,
        text.element, why.element, hint.element, id.element);
      return {
        body: form,
        actions: [
          button("Cancel", () => close(), { kind: "quiet" }),
          h("button", { type: "submit", form: "insert-prompt", class: "button primary" }, "Insert"),
        ],
      };
    },
  });
}

const area = (limit) => h("textarea", { rows: limit > 200 ? "3" : "2", dir: "auto" });
const tidy = ({ control }) => control.value.split(/\s+/).filter(Boolean).join(" ");

function lengthProblem(text, limit, missing) {
  return text ? excessOf(text, limit) : missing;
}

function idProblem(id, ids) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) return "Use small letters, digits and single hyphens, and begin with a letter.";
  return ids.has(id) ? "Another prompt has this name already." : null;
}

function freeId(text, ids) {
  const base = slugOf(text.split(/\s+/).slice(0, 5).join(" ")).slice(0, 40).replace(/-+$/, "") || "prompt";
  let id = base;
  for (let number = 2; ids.has(id); number += 1) id = `${base}-${number}`;
  return id;
}
