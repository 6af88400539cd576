// Shows a prompt on a phone, as a couple sees it, in each language of the pack.

/** @typedef {import("./api.js").Schema} Schema */
/** @typedef {Schema["PreviewView"]} Pack */


import { announce } from "./notices.js";
import { button, fill, h, options, select } from "./ui/dom.js";
import { counted } from "./ui/text.js";
import { HELPED, direction, languageName, themeName } from "./words.js";

/** @type {import("./words.js").Pairs} */
const SIZES = [["small", "Small text"], ["usual", "Normal text"], ["large", "Large text"], ["largest", "Largest text"]];
const NO_WORDS = "This prompt has no words in this language. Couples see it in the pack’s main language.";

/** Makes the preview. `show` takes the pack that the API read from the text, and `setHelp` the help that couples see. */
export function createPreview() {
  /** @type {Pack | null} */
  let pack = null;
  /** @type {Schema["HelpView"] | null} */
  let help = null;
  let language = "";
  let place = 0;
  let size = "usual";
  const element = h("section", { class: "preview panel", "aria-labelledby": "preview-title" });
  const screen = h("div", { class: "phone-screen" });
  const position = h("p", { class: "preview-position" });
  const languages = h("div", { class: "segmented", role: "group", "aria-label": "Language of the preview" });
  const stale = h("p", { class: "preview-stale", hidden: true }, "This is how it looked before the mistakes.");
  const chosen = select([], null, { "aria-label": "Prompt" });
  const sizes = select(SIZES, size, { "aria-label": "Text size on the phone" });
  const previous = button("Previous", () => go(-1), { class: "quiet small", "aria-label": "Previous prompt" });
  const next = button("Next", () => go(1), { class: "quiet small", "aria-label": "Next prompt" });
  sizes.addEventListener("change", () => {
    size = sizes.value;
    draw();
  });
  chosen.addEventListener("change", () => {
    place = Number(chosen.value);
    draw();
  });

  /** @param {number} step */
  const go = (step) => {
    if (!pack?.prompts.length) return;
    place = (place + step + pack.prompts.length) % pack.prompts.length;
    draw();
    announce(`Prompt ${place + 1} of ${pack.prompts.length}`);
  };

  const draw = () => {
    if (!pack) {
      fill(screen, h("p", { class: "phone-empty" }, "The preview appears once the text has no mistakes."));
      fill(languages);
      position.textContent = "";
      chosen.hidden = previous.disabled = next.disabled = true;
      return;
    }
    const prompt = pack.prompts[place];
    if (!prompt) return;
    fill(languages, pack.languages.map((each) =>
      h("button", {
        type: "button",
        "aria-pressed": String(each === language),
        on: { click: () => ((language = each), draw()) },
      }, languageName(each))));
    position.textContent = `Prompt ${place + 1} of ${pack.prompts.length}`;
    chosen.hidden = previous.disabled = next.disabled = false;
    chosen.value = String(place);
    fill(screen, phoneOf(prompt, pack, language, help));
    screen.dataset.size = size;
  };

  element.append(
    h("div", { class: "panel-head" }, h("h2", { id: "preview-title" }, "On the phone"), sizes),
    languages,
    stale,
    h("div", { class: "phone" }, h("div", { class: "phone-notch", "aria-hidden": "true" }), screen),
    h("div", { class: "preview-controls" }, previous, position, next),
    h("div", { class: "preview-choose" }, chosen),
  );
  draw();

  return {
    element,
    /** @param {Schema["HelpView"]} given */
    setHelp(given) {
      help = given;
      draw();
    },
    /** @param {Pack | null} given null for a text with mistakes */
    show(given) {
      stale.hidden = Boolean(given) || !pack;
      element.classList.toggle("is-stale", !given && Boolean(pack));
      if (!given) return;
      pack = given;
      if (!pack.languages.includes(language)) language = pack.default_language;
      place = Math.min(place, Math.max(0, pack.prompts.length - 1));
      fill(chosen, options(given.prompts.map((each, at) => [at, `${at + 1}. ${each.id}`])));
      draw();
    },
    /** @param {string} id */
    showPrompt(id) {
      const at = pack?.prompts.findIndex((each) => each.id === id) ?? -1;
      if (at >= 0) {
        place = at;
        draw();
      }
    },
  };
}

/** @param {Schema["PreviewPromptView"]} prompt @param {Pack} pack @param {string} language @param {Schema["HelpView"] | null} help */
function phoneOf(prompt, pack, language, help) {
  const own = prompt.words[language];
  const words = own ?? prompt.words[pack.default_language];
  const shown = own ? language : pack.default_language;
  const title = (pack.words[language] ?? pack.words[pack.default_language])?.title ?? pack.id;
  const way = direction(shown);
  const line = (/** @type {string | undefined} */ text, className = "") => h("p", { lang: shown, dir: "auto", class: className }, text);
  return h("div", { class: "phone-page", dir: way },
    h("p", { class: "phone-pack", dir: "auto" }, title),
    h("p", { class: "phone-theme", dir: "ltr" }, themeName(prompt.theme)),
    line(words?.text, "phone-text"),
    line(words?.why, "phone-why"),
    prompt.kind === "question"
      ? h("div", { class: "phone-answer", "aria-hidden": "true" }, "…")
      : h("div", { class: "phone-done", "aria-hidden": "true" }, "✓"),
    words?.hint && h("div", { class: "phone-hint" },
      h("p", { class: "phone-label", dir: "ltr" }, "For the listener"),
      line(words.hint)),
    HELPED.has(prompt.theme) && h("p", { class: "phone-help", dir: "auto" }, helpText(help, language)),
    !own && h("p", { class: "phone-note", dir: "ltr" }, NO_WORDS),
  );
}

/** Returns the line of help that the phone shows. @param {Schema["HelpView"] | null} help @param {string} language */
function helpText(help, language) {
  const words = help?.booking?.words ?? {};
  const label = words[language] ?? words.en ?? Object.values(words)[0];
  const lines = (help?.lines ?? []).length;
  if (label) return `${label} →`;
  return lines ? `Where to find help: ${counted(lines, "contact")} →` : "Your booking link and help lines appear here.";
}
