// Saves everything that a person wrote in one file, which has all pages of the export.

import { Problem } from "../api.js";
import { dateIn } from "../clock.js";
import { button, h } from "../ui/dom.js";
import { counted } from "../ui/text.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** Builds the part of the settings for a person in a couple. @param {Phone} phone */
export function exportPart(phone) {
  return h("div", { class: "stack" },
    h("p", null, `Save everything you wrote in one file, with the answers that ${phone.partner} opened to you.`),
    ...saving(phone),
  );
}

/** Builds the card for a person in no couple. After unpairing, they can save their own words with it. @param {Phone} phone */
export function exportCard(phone) {
  return h("article", { class: "card" },
    h("p", { class: "theme" }, "What I wrote"),
    h("p", null, "Save it as a file to keep. After you disconnect, you can save your own words for 30 days. After that, nobody can read them."),
    ...saving(phone),
  );
}

/** @param {Phone} phone */
function saving(phone) {
  /** @type {{ busy: boolean, says: string } | undefined} */
  const state = phone.data["saving"];
  return [
    button("Save what I wrote", () => save(phone), { id: `${phone.id}-save`, "aria-busy": state?.busy ? "true" : null }),
    h("p", { class: "hint", id: `${phone.id}-saving` }, state?.says ?? ""),
  ];
}

/** @param {Phone} phone */
async function save(phone) {
  /** @param {string} says @param {boolean} [busy] */
  const report = (says, busy = false) => {
    phone.data["saving"] = { busy, says };
    phone.announce(says);
    phone.render();
  };
  report("One moment…", true);
  let done = false;
  const work = async () => {
    const found = await everything(phone, (days) => report(`${counted(days, "day", "days")} so far…`, true));
    const name = `rekindle-${dateIn(phone.zone)}.json`;
    download(name, JSON.stringify(found, null, 2));
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
 * @param {(days: number) => void} progress
 */
async function everything(phone, progress) {
  /** @type {Schema["ExportedEntryView"][]} */
  const entries = [];
  /** The couples by number. If a couple is on two pages, the later page is right. @type {Map<number, Schema["ExportedCoupleView"]>} */
  const couples = new Map();
  /** @type {string | null} */
  let next = null;
  for (;;) {
    const page = await pageFrom(phone, next);
    for (const couple of page.couples) couples.set(couple.couple, couple);
    entries.push(...page.entries);
    progress(entries.length);
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

/** @param {string} name @param {string} text */
function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // by then, the browser has read the file
}
