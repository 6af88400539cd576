// The length of a text as the API counts it: in characters (code points), without white space around it. A browser's own
// `maxlength` counts an emoji as two or more, and cuts a pasted text without a word.

import { counted } from "./words.js";

export function characters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The text without Unicode's white space around it, as the API keeps it. `trim` also drops U+FEFF, and keeps U+0085. */
export function trimmed(text) {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

/** What is wrong with a text of more than `limit` characters; null for a shorter one. */
export function excessOf(text, limit) {
  const more = characters(trimmed(text)) - limit;
  return more > 0 ? `This is ${counted(more, "character")} too long; ${limit} fit.` : null;
}
