// What somebody wrote, saved as a file of their own: the export, page after page, put together.

import { Problem } from "../api.js";
import { dateIn } from "../clock.js";
import { button, h } from "../dom.js";
import { counted } from "../words.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** In a couple: all there is, among the settings. @param {Phone} phone */
export function exportPart(phone) {
  return h(
    "div",
    { class: "stack" },
    h("p", null, `Everything you wrote, alone and here, in a file for you; and beside it what ${phone.partner} has opened to you.`),
    ...saving(phone),
  );
}

/** In no couple: for who has parted it is the way to what they wrote. @param {Phone} phone */
export function exportCard(phone) {
  return h(
    "article",
    { class: "card" },
    h("p", { class: "theme" }, "What I wrote"),
    h("p", null, "It is yours to keep, in a file. Of a couple that has ended your own words can be saved for 30 days; after that nobody can read them any more."),
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
  const tell = (says, busy = false) => {
    phone.data["saving"] = { busy, says };
    phone.announce(says);
    phone.render();
  };
  tell("One moment…", true);
  let done = false;
  const work = async () => {
    const found = await everything(phone, (days) => tell(`${counted(days, "day", "days")} so far…`, true));
    const name = `rekindle-${dateIn(phone.zone)}.json`;
    download(name, JSON.stringify(found, null, 2));
    const missing = found.couples.some((couple) => !couple.included);
    tell(
      (found.entries.length ? `${counted(found.entries.length, "day is", "days are")} in ${name}.` : `Only your profile is in ${name}, as yet.`) +
        (missing ? " What you wrote in a couple whose 30 days are over is not: nobody can read it any more." : ""),
    );
  };
  try {
    done = await phone.act(work);
  } finally {
    if (!done) tell("");
  }
}

/**
 * All pages in one, as each of them says it.
 * @param {Phone} phone
 * @param {(days: number) => void} progress
 */
async function everything(phone, progress) {
  /** @type {Schema["ExportedEntryView"][]} */
  const entries = [];
  /** A couple that spans two pages is in both, and the later one knows better. @type {Map<number, Schema["ExportedCoupleView"]>} */
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
 * A page, for which the API wants to know that it is really they, just now, also if they take long over the pages before.
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
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // by then the browser has taken it
}
