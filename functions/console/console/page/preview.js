// A phone that shows one prompt as a couple would see it, in each of the pack's languages.

import { button, fill, h, select } from "./dom.js";
import { announce } from "./notices.js";
import { HELPED, counted, direction, languageName, themeName } from "./words.js";

const SIZES = [["small", "Small text"], ["usual", "Usual text"], ["large", "Large text"], ["largest", "Largest text"]];
const NO_WORDS = "This prompt has no words in this language. Couples who use it will see it in the pack’s main language.";

/** The preview; `show` is given what the API's check made of the text, and `help` what couples are shown beside. */
export function createPreview() {
  let pack = null;
  let help = null;
  let language = null;
  let place = 0;
  let size = "usual";
  const element = h("section", { class: "preview panel", "aria-labelledby": "preview-title" });
  const screen = h("div", { class: "phone-screen" });
  const position = h("p", { class: "preview-position" });
  const languages = h("div", { class: "segmented", role: "group", "aria-label": "Language of the preview" });
  const stale = h("p", { class: "preview-stale", hidden: true }, "Shown as it was before the mistakes.");
  const chosen = select([], null, { "aria-label": "Prompt" });
  const sizes = select(SIZES, size, { "aria-label": "Text size on the phone" });
  const previous = button("Previous", () => go(-1), { kind: "quiet small", "aria-label": "Previous prompt" });
  const next = button("Next", () => go(1), { kind: "quiet small", "aria-label": "Next prompt" });
  sizes.addEventListener("change", () => {
    size = sizes.value;
    draw();
  });
  chosen.addEventListener("change", () => {
    place = Number(chosen.value);
    draw();
  });

  const go = (step) => {
    if (!pack?.prompts.length) return;
    place = (place + step + pack.prompts.length) % pack.prompts.length;
    draw();
    announce(`Prompt ${place + 1} of ${pack.prompts.length}`);
  };

  const draw = () => {
    if (!pack) {
      fill(screen, h("p", { class: "phone-empty" }, "The preview appears here as soon as the text has no mistakes."));
      fill(languages);
      position.textContent = "";
      chosen.hidden = previous.disabled = next.disabled = true;
      return;
    }
    const prompt = pack.prompts[place];
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

  const titleId = "preview-title";
  element.append(
    h("div", { class: "panel-head" }, h("h2", { id: titleId }, "On the phone"), sizes),
    languages,
    stale,
    h("div", { class: "phone" }, h("div", { class: "phone-notch", "aria-hidden": "true" }), screen),
    h("div", { class: "preview-controls" }, previous, position, next),
    h("div", { class: "preview-choose" }, chosen),
  );
  draw();

  return {
    element,
    setHelp(given) {
      help = given;
      draw();
    },
    show(given) {
      stale.hidden = Boolean(given) || !pack;
      element.classList.toggle("is-stale", !given && Boolean(pack));
      if (!given) return;
      pack = given;
      if (!pack.languages.includes(language)) language = pack.default_language;
      place = Math.min(place, Math.max(0, pack.prompts.length - 1));
      fill(chosen, pack.prompts.map((each, at) => h("option", { value: String(at) }, `${at + 1}. ${each.id}`)));
      draw();
    },
    showPrompt(id) {
      const at = pack?.prompts.findIndex((each) => each.id === id) ?? -1;
      if (at >= 0) {
        place = at;
        draw();
      }
    },
  };
}

function phoneOf(prompt, pack, language, help) {
  const own = prompt.words[language];
  const words = own ?? prompt.words[pack.default_language];
  const shown = own ? language : pack.default_language;
  const title = (pack.words[language] ?? pack.words[pack.default_language])?.title ?? pack.title;
  const way = direction(shown);
  const line = (tag, attributes, text) => h(tag, { lang: shown, dir: "auto", ...attributes }, text);
  return h("div", { class: "phone-page", dir: way },
    h("p", { class: "phone-pack", dir: "auto" }, title),
    h("p", { class: "phone-theme", dir: "ltr" }, themeName(prompt.theme)),
    line("p", { class: "phone-text" }, words.text),
    line("p", { class: "phone-why" }, words.why),
    prompt.kind === "question"
      ? h("div", { class: "phone-answer", "aria-hidden": "true" }, "…")
      : h("div", { class: "phone-done", "aria-hidden": "true" }, "✓"),
    words.hint && h("div", { class: "phone-hint" },
      h("p", { class: "phone-label", dir: "ltr" }, "To whoever listens"),
      line("p", {}, words.hint)),
    HELPED.has(prompt.theme) && h("p", { class: "phone-help", dir: "auto" }, helpText(help, language)),
    !own && h("p", { class: "phone-note", dir: "ltr" }, NO_WORDS),
  );
}

/** The line of help that the phone shows, as far as it is known here. */
function helpText(help, language) {
  const words = help?.booking?.words ?? {};
  const label = words[language] ?? words.en ?? Object.values(words)[0];
  const lines = (help?.lines ?? []).length;
  if (label) return `${label} →`;
  return lines ? `Help at hand: ${counted(lines, "line")} →` : "Your booking link and crisis lines appear here.";
}
