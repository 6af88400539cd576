// Makes the readable copy of an export: one HTML file with prompts, answers and dates, to read and to print.
//
// The file needs no other file and no connection. Text becomes text nodes, so no text can turn into markup. The file's own
// policy also forbids scripts and everything from outside.

import { dateIn, dateRange, dateWords } from "./clock.js";
import { words as written } from "./parts.js";
import { wordsFor } from "./translations.js";
import { h } from "./ui/dom.js";

/** @typedef {import("../../client/routes.js").Schema} Schema */
/** The whole export, with the entries and couples of all pages. @typedef {Omit<Schema["ExportView"], "progress">} Export */
/** Who wrote, in which words, and in which language. @typedef {{ me: string, partner: string, language: string, words: import("./translations.js").Words }} Voice */

const LONG = /** @type {const} */ ({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = /** @type {const} */ ({ day: "numeric", month: "long", year: "numeric" });

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#2b2022, #f6ebe4); --soft: light-dark(#685755, #c3b1aa); --line: light-dark(#e0cfc2, #4a3b3f); --wine: light-dark(#7a3348, #efadba); }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 42rem; padding: 2.5rem 1.25rem; background: light-dark(#fbf6f0, #1c1517); color: var(--ink); font: 1.06rem/1.55 ui-serif, "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: 2.2rem; color: var(--wine); }
h2 { font-size: 1.5rem; color: var(--wine); }
h3 { font-size: 1.15rem; }
p, figure, blockquote { margin: 0; }
.words { white-space: pre-line; unicode-bidi: plaintext; }
.soft { color: var(--soft); font: 0.88rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.cover { display: grid; gap: 0.4rem; padding-bottom: 1.5rem; border-bottom: 2px solid var(--wine); }
.name { font-size: 1.3rem; font-weight: 600; }
section { padding-top: 2.2rem; }
section > * + * { margin-top: 0.5rem; }
article { padding: 1.3rem 0; border-bottom: 1px solid var(--line); }
article > * + * { margin-top: 0.7rem; }
figure { padding-inline-start: 0.9rem; border-inline-start: 3px solid var(--line); }
figcaption { font: 700 0.85rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--wine); }
.reflection { margin-inline-start: 0.9rem; }
.reflection blockquote { font-style: italic; }
footer { padding-top: 2rem; }
@page { margin: 18mm 18mm 20mm; @bottom-center { content: counter(page); font: 9pt sans-serif; color: #685755; } }
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; background: none; font-size: 11pt; }
  .screen-only { display: none; }
  .cover, article header, figure:has(blockquote.short) { break-inside: avoid; }
  h2, h2 + .soft, article header, figcaption { break-after: avoid; }
  blockquote { orphans: 3; widows: 3; }
}
`;

/**
 * Returns the file's text.
 * @param {Export} found
 * @param {string | null} partner the partner's name; null if the person is in no couple
 */
export async function readableCopy(found, partner) {
  const { language, words } = wordsFor(found.profile.language);
  const me = found.profile.display_name;
  /** @type {Voice} */
  const voice = { me, partner: partner ?? words.partner, language, words };
  const policy = `default-src 'none'; style-src '${await hashOf(STYLE)}'; base-uri 'none'; form-action 'none'`;
  const file = h("html", { lang: language },
    h("head", null,
      h("meta", { charset: "utf-8" }),
      h("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", { name: "referrer", content: "no-referrer" }),
      h("title", null, `${words.title}: ${me}`),
      h("style", null, STYLE),
    ),
    h("body", null,
      h("main", null, cover(found, voice), ...sections(found, voice)),
      h("footer", null, h("p", { class: "soft" }, words.keep)),
    ),
  );
  return `<!doctype html>\n${file.outerHTML}\n`;
}

/** @param {Export} found @param {Voice} voice */
function cover(found, { me, language, words }) {
  const number = found.entries.length;
  const date = dateWords(dateIn(found.profile.zone, new Date(found.exported_at)), language, FULL);
  const days = new Intl.PluralRules(language).select(number) === "one" ? words.day.one : words.day.other;
  return h("header", { class: "cover" },
    h("h1", null, words.title),
    written("p", me, { class: "name" }),
    h("p", { class: "soft" }, `${words.saved}${date} · ${number.toLocaleString(language)} ${days}`),
    h("p", { class: "soft screen-only" }, words.print),
  );
}

/** @param {Export} found @param {Voice} voice */
function sections(found, voice) {
  const { language, words } = voice;
  const of = (/** @type {number | null} */ couple) => found.entries.filter((entry) => entry.couple === couple).map((entry) => day(entry, voice));
  const alone = of(null);
  const today = dateIn(found.profile.zone, new Date(found.exported_at));
  const couples = found.couples.map(({ couple, since, until, included }) => {
    const days = of(couple);
    const last = until ?? today;
    return h("section", null,
      h("h2", null, words.shared),
      h("p", { class: "soft" }, dateRange(since ?? last, last, language, FULL)),
      !included && h("p", null, words.over),
      included && days.length === 0 && h("p", null, words.nothing),
      ...days,
    );
  });
  return [
    alone.length > 0 && h("section", null, h("h2", null, words.alone), ...alone),
    ...couples,
    alone.length + couples.length === 0 && h("section", null, h("p", null, words.never)),
  ];
}

/** @param {Schema["ExportedEntryView"]} entry @param {Voice} voice */
function day({ date, prompt, answer, reflection, partner }, voice) {
  const { me, language, words } = voice;
  return h("article", null,
    h("header", null,
      h("p", { class: "soft" }, h("time", { datetime: date }, dateWords(date, language, LONG)), ` · ${words.themes[prompt.theme]}`),
      written("h3", prompt.text),
    ),
    answer && said(me, answer.text ?? words.done),
    partner && said(voice.partner, partner.text ?? words.done),
    partner?.reflection && reflected(voice.partner, partner.reflection, words),
    reflection && reflected(me, reflection, words),
  );
}

/** @param {string} name @param {string} text */
function said(name, text) {
  return h("figure", null, written("figcaption", name), quote(text));
}

/** @param {string} name @param {Schema["ExportedPartnerReflectionView"]} reflection @param {Voice["words"]} words */
function reflected(name, { kind, text }, words) {
  return h("figure", { class: "reflection" },
    h("figcaption", null, written("span", name), kind === "heard" && words.heard),
    quote(kind === "heard" ? (text ?? "") : words.reflections[kind]),
  );
}

/** A longer text may be divided between two printed pages. */
const SHORT = 600;

/** @param {string} text */
function quote(text) {
  return written("blockquote", text, { class: text.length < SHORT ? "short" : "" });
}

/** Returns a policy's hash of a style sheet. @param {string} text */
async function hashOf(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}
