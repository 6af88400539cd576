// Saves everything that a person wrote: a readable copy, or a file for other apps. Each file has all pages of the export.

import { Problem } from "../api.js";
import { dateIn } from "../clock.js";
import { readableCopy } from "../readable.js";
import { button, h } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { showHelp } from "./safety.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */
/** @typedef {import("../readable.js").Export} Export */
/** A file to save: its text from the export. @typedef {{ extension: string, type: string, text: (found: Export, partner: string | null) => string | Promise<string> }} Kind */
/** The place on the screen where the person saves, what it says there, and how much is loaded. @typedef {{ place: string, busy: boolean, says: string, progress: number | null }} Saving */

/** @type {Kind} */
const READABLE = { extension: "html", type: "text/html;charset=utf-8", text: readableCopy };
/** @type {Kind} */
const DATA = { extension: "json", type: "application/json", text: (found) => JSON.stringify(found, null, 2) };

/** Builds the part of the settings for a person in a couple. @param {Phone} phone */
export function exportPart(phone) {
  return h("div", { class: "stack" },
    h("p", null, `Save everything you wrote in one file, with the answers that ${phone.partner} opened to you.`),
    ...saving(phone, "export"),
  );
}

/** Builds the offer of a copy before the person disconnects. @param {Phone} phone */
export function lastExport(phone) {
  return h("div", { class: "stack" },
    h("p", null, `You may want to save a copy first. Now the copy has ${phone.partner}’s opened answers too. Afterwards it has only your own words.`),
    ...saving(phone, "leaving"),
  );
}

/** Builds the offer of a copy before the person erases their account. @param {Phone} phone */
export function finalExport(phone) {
  return h("div", { class: "stack" },
    h("p", null, "You may want to save a copy of what you wrote first. Afterwards there is none."),
    ...saving(phone, "erasing"),
  );
}

/** Builds the card for a person in no couple. @param {Phone} phone */
export function exportCard(phone) {
  return phone.kept.ended ? partedCard(phone) : h("article", { class: "card" },
    h("p", { class: "theme" }, "What I wrote"),
    h("p", null, "Save it as a file to keep. After you disconnect, you can save your own words for 30 days. After that, nobody can read them."),
    ...saving(phone, "card"),
  );
}

/** Builds the card for a person whose couple has ended, whoever of the two ended it. @param {Phone} phone */
function partedCard(phone) {
  return h("article", { class: "card" },
    h("p", { class: "theme" }, "Take your time"),
    h("p", null, "This may be a hard day. Be gentle with yourself. You don’t have to decide anything now."),
    h("p", null, "For 30 days you can save your own words as a file to keep. After that, nobody can read them."),
    ...saving(phone, "card"),
    h("p", null, "Would you like to talk to somebody?"),
    button("Where to find help", () => showHelp(phone), { id: `${phone.id}-parted-help` }),
  );
}

/** Builds the buttons, the progress bar and the result. @param {Phone} phone @param {string} place a screen may have these buttons twice */
function saving(phone, place) {
  /** @type {Saving | undefined} */
  const state = phone.data["saving"];
  const id = (/** @type {string} */ name) => `${phone.id}-${place}-${name}`;
  const busy = state?.busy ? "true" : null;
  const here = state?.place === place ? state : null;
  return [
    button("Save to read and print", () => save(phone, place, READABLE), { id: id("read"), "aria-busy": busy }),
    button("Save for other apps", () => save(phone, place, DATA), { id: id("data"), "aria-busy": busy }),
    here?.busy && h("progress", { id: id("progress"), max: 1, value: here.progress, "aria-label": "Your words are loading" }),
    h("p", { class: "hint", id: id("saving") }, here?.says ?? ""),
  ];
}

/** @param {Phone} phone @param {string} place @param {Kind} kind */
async function save(phone, place, kind) {
  /** @param {string} says @param {boolean} [busy] @param {number | null} [progress] */
  const report = (says, busy = false, progress = null) => {
    phone.data["saving"] = { place, busy, says, progress };
    phone.announce(says);
    phone.render();
  };
  report("One moment…", true);
  document.getElementById(`${phone.id}-${place}-saving`)?.scrollIntoView({ block: "nearest" });
  let done = false;
  const work = async () => {
    const partner = phone.couple?.partner ?? null; // while the pages load, the couple may end
    const found = await everything(phone, (days, progress) => report(`${counted(days, "day", "days")} so far…`, true, progress));
    const name = `rekindle-${dateIn(phone.zone)}.${kind.extension}`;
    download(name, await kind.text(found, partner), kind.type);
    const missing = found.couples.some((couple) => !couple.included);
    report(
      (found.entries.length ? `${counted(found.entries.length, "day is", "days are")} in ${name}.` : `Only your profile is in ${name} so far.`) +
        (missing ? " Words from a couple that ended more than 30 days ago are missing. Nobody can read them anymore." : ""),
    );
  };
  try {
    done = await phone.act(work);
  } finally {
    if (!done) report("");
  }
}

/**
 * Loads all pages of the export.
 * @param {Phone} phone
 * @param {(days: number, progress: number) => void} loaded
 * @returns {Promise<Export>}
 */
async function everything(phone, loaded) {
  /** @type {Schema["ExportedEntryView"][]} */
  const entries = [];
  /** The couples by number. If a couple is on two pages, the later page is right. @type {Map<number, Schema["ExportedCoupleView"]>} */
  const couples = new Map();
  /** @type {string | null} */
  let next = null;
  let furthest = 0;
  for (;;) {
    const { progress, ...page } = await pageFrom(phone, next);
    for (const couple of page.couples) couples.set(couple.couple, couple);
    entries.push(...page.entries);
    furthest = Math.max(furthest, progress); // the bar never goes back
    loaded(entries.length, furthest);
    next = page.next;
    if (next === null) return { ...page, couples: [...couples.values()], entries };
  }
}

/**
 * Loads a page. The API requires a recent sign-in, so a long export signs the person in again.
 * @param {Phone} phone
 * @param {string | null} next
 * @returns {Promise<Schema["ExportView"]>}
 */
async function pageFrom(phone, next) {
  try {
    return await phone.api.call("post", "/v1/me/export", { body: { next } });
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== "sign-in-not-recent" || !phone.kept.account) throw error;
    await phone.signInAgain();
    return await phone.api.call("post", "/v1/me/export", { body: { next } });
  }
}

/** @param {string} name @param {string} text @param {string} type */
function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // by then, the browser has read the file
}
