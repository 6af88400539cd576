// Keeps drafts of answers, also after a reload. Says so if the prompt or the stored answer has changed meanwhile.

import { letter } from "../parts.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** The day of a draft. @typedef {{ prompt: { id: string }, me: { text?: string | null, revision?: number | null } }} Day */

/** The endings of the stored names: of the text, of its prompt, of the revision it replaces, and of "share first". */
const PARTS = ["", "-to", "-from", "-first"];

/** @param {Phone} phone @param {string} name @param {string} text @param {Day} day */
export function write(phone, name, text, { prompt, me }) {
  if (!phone.draft(name)) phone.setDraft(`${name}-from`, String(me.revision ?? 0));
  phone.setDraft(`${name}-to`, prompt.id);
  phone.setDraft(name, text);
}

/** @param {Phone} phone @param {string} name */
export function forget(phone, name) {
  for (const part of PARTS) phone.setDraft(name + part, "");
}

/** Warns the writer if the prompt or the answer has changed since the draft was started. @param {Phone} phone @param {string} name @param {Day} day */
export function changeNotice(phone, name, { prompt, me }) {
  if (!phone.draft(name)) return null;
  if (phone.draft(`${name}-to`) !== prompt.id) {
    return h("p", { class: "hint" }, "The prompt has changed since you started writing. Your words are still here.");
  }
  if (phone.draft(`${name}-from`) === String(me.revision ?? 0)) return null;
  // The API accepts this draft although the answer has changed. So show the writer which answer it replaces.
  return letter("You changed your answer on another phone. This draft replaces:", me.text ?? "");
}
