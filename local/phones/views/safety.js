// Words for a person who may not be safe, in their own language: before they disconnect, and before they erase their account.

import { wordsFor } from "../translations.js";
import { button, h } from "../ui/dom.js";

/** @typedef {import("../phone.js").Phone} Phone */

/** Says what happens when the person disconnects. @param {Phone} phone */
export function leavingWords(phone) {
  const { language, words } = wordsFor(phone.language);
  return h("div", { class: "stack", lang: language },
    ...words.leaving.map((sentence) => h("p", null, sentence.replaceAll("{partner}", () => phone.partner))),
  );
}

/** Says what to do if the person does not feel safe, with a way to help and a way off this page. @param {Phone} phone @param {string} place a screen may have these buttons twice */
export function unsafeWords(phone, place) {
  const { language, words } = wordsFor(phone.language);
  return h("div", { class: "unsafe stack", lang: language },
    h("h4", null, words.unsafe.title),
    ...words.unsafe.sentences.map((sentence) => h("p", null, sentence.replaceAll("{partner}", () => phone.partner))),
    h("div", { class: "row" },
      button(words.unsafe.help, () => showHelp(phone), { id: `${phone.id}-${place}-help` }),
      button(words.unsafe.exit, () => phone.leave(), { id: `${phone.id}-${place}-exit` }),
    ),
    h("p", { class: "hint" }, words.unsafe.keys),
  );
}

/** Unfolds the help on the same screen. The page of an erasure has none, so leaves it first. @param {Phone} phone */
export async function showHelp(phone) {
  if (phone.kept.erasing) {
    phone.keep({ erasing: false });
    phone.render();
  }
  if (!phone.data["help"]) await phone.refresh(); // the screen shows the help last
  const help = /** @type {HTMLDetailsElement | null} */ (document.getElementById(`${phone.id}-fold-help`));
  if (!help) return;
  help.open = true;
  help.scrollIntoView({ block: "start" });
  help.querySelector("summary")?.focus({ preventScroll: true });
}
