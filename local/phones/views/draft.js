// An answer in the making: it outlives a reload, and says so where what it was begun from has changed meanwhile.

import { h, letter } from "../dom.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** What a day has to say to a draft. @typedef {{ prompt: { id: string }, me: { text?: string | null, revision?: number | null } }} Begun */

/** What is kept of one: its text, the prompt that it is to, the revision it was begun from, and whether it is to be open first. */
const PARTS = ["", "-to", "-from", "-first"];

/** @param {Phone} phone @param {string} name @param {string} text @param {Begun} day */
export function write(phone, name, text, { prompt, me }) {
  if (!phone.draft(name)) phone.setDraft(`${name}-from`, String(me.revision ?? 0));
  phone.setDraft(`${name}-to`, prompt.id);
  phone.setDraft(name, text);
}

/** @param {Phone} phone @param {string} name */
export function forget(phone, name) {
  for (const part of PARTS) phone.setDraft(name + part, "");
}

/** What whoever writes has to know before they send it. @param {Phone} phone @param {string} name @param {Begun} day */
export function meanwhile(phone, name, { prompt, me }) {
  if (!phone.draft(name)) return null;
  if (phone.draft(`${name}-to`) !== prompt.id) {
    return h("p", { class: "hint" }, "The prompt has changed since you began to write. Your words are still here.");
  }
  if (phone.draft(`${name}-from`) === String(me.revision ?? 0)) return null;
  // What is sent names the revision that stands here: the writer has seen what their words take the place of.
  return letter("You have changed it on another phone since you began. What you write here takes the place of:", me.text ?? "");
}
