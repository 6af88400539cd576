// A form that writes one prompt, so that nobody has to remember the format.

import { ask } from "../dialogs.js";
import { field, firstInvalid } from "../forms.js";
import { button, h, select } from "../ui/dom.js";
import { excessOf } from "../ui/text.js";
import { COMFORTS, DEPTHS, KINDS, THEMES, languageName } from "../words.js";
import { needsComfort, needsHint, slugOf } from "../yaml.js";

const LIMITS = { text: 240, why: 160, hint: 180 };

/**
 * Asks for a prompt.
 * @param {{ languages: string[], ids: Set<string> }} pack
 * @returns {Promise<import("../yaml.js").Prompt | null>}
 */
export function askForPrompt({ languages, ids }) {
  return ask({
    title: "Insert a prompt",
    wide: true,
    build: (close) => {
      const theme = field("Theme", select(THEMES, "openness", { autofocus: true }));
      const kind = field("Kind", select(KINDS, "question"));
      const depth = field("Depth", select(DEPTHS, "1"));
      const comfort = field("How much touch", select(COMFORTS, "0"));
      const language = field("Language", select(languages.map((each) => /** @type {const} */ ([each, languageName(each)])), languages[0]));
      const text = field("The prompt", area(LIMITS.text), { hint: "Something both partners can answer on a phone in two minutes." });
      const why = field("Why it helps a couple", area(LIMITS.why), { hint: "One plain, warm line." });
      const hint = field("For the listener", area(LIMITS.hint), { hint: "How to take in the partner’s answer." });
      const id = field("Short name", h("input", { type: "text", autocomplete: "off", spellcheck: "false" }),
        { limit: 48, hint: "The app uses it to know what a couple has seen, so it can’t change later." });
      let chosen = false;
      id.control.addEventListener("input", () => (chosen = true));
      text.control.addEventListener("input", () => {
        if (!chosen) id.control.value = freeId(text.control.value, ids);
      });
      const adapt = () => {
        if (needsComfort(kind.control.value) && comfort.control.value === "0") comfort.control.value = "1";
        const [none] = comfort.control.options;
        if (none) none.disabled = needsComfort(kind.control.value);
        hint.setOptional(!needsHint(theme.control.value));
      };
      theme.control.addEventListener("change", () => {
        if (theme.control.value === "touch" && comfort.control.value === "0") comfort.control.value = "1";
        adapt();
      });
      kind.control.addEventListener("change", adapt);
      adapt();

      const insert = (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const given = { text: tidy(text), why: tidy(why), hint: tidy(hint) };
        text.problem(lengthProblem(given.text, LIMITS.text, "Write the prompt."));
        why.problem(lengthProblem(given.why, LIMITS.why, "Say in one line why this helps a couple."));
        hint.problem(given.hint || needsHint(theme.control.value)
          ? lengthProblem(given.hint, LIMITS.hint, "In this theme, tell the listener how to take in the answer.") : null);
        id.problem(idProblem(id.control.value.trim(), ids) ?? id.excess());
        const wrong = firstInvalid(text, why, hint, id);
        if (wrong) return wrong.control.focus();
        close({
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
          button("Cancel", () => close(), { class: "quiet" }),
          h("button", { type: "submit", form: "insert-prompt", class: "button primary" }, "Insert"),
        ],
      };
    },
  });
}

const area = (/** @type {number} */ limit) => h("textarea", { rows: limit > 200 ? "3" : "2", dir: "auto" });
const tidy = (/** @type {{ control: HTMLTextAreaElement }} */ { control }) => control.value.split(/\s+/).filter(Boolean).join(" ");

/** @param {string} text @param {number} limit @param {string} missing */
function lengthProblem(text, limit, missing) {
  return text ? excessOf(text, limit) : missing;
}

/** @param {string} id @param {Set<string>} ids */
function idProblem(id, ids) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) return "Use lowercase letters, digits and single hyphens. Start with a letter.";
  return ids.has(id) ? "Another prompt already has this name." : null;
}

/** Returns an id that no prompt has yet. @param {string} text @param {Set<string>} ids */
function freeId(text, ids) {
  const base = slugOf(text.split(/\s+/).slice(0, 5).join(" ")).slice(0, 40).replace(/-+$/, "") || "prompt";
  let id = base;
  for (let number = 2; ids.has(id); number += 1) id = `${base}-${number}`;
  return id;
}
