// Counts the characters of a text as the API does, and writes numbers with their nouns.

/**
 * Counts characters (code points). A browser's `maxlength` counts an emoji as two or more, and cuts a pasted text silently.
 * @param {string} text
 */
export function characters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Removes the white space around a text, as the API does. `trim` also removes U+FEFF, and keeps U+0085.
 * @param {string} text
 */
export function trimmed(text) {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

/**
 * Returns a sentence about a text of more than `limit` characters; null for a shorter text.
 * @param {string} text
 * @param {number} limit
 */
export function excessOf(text, limit) {
  const excess = characters(trimmed(text)) - limit;
  return excess > 0 ? `Too long by ${counted(excess, "character")}. The limit is ${limit.toLocaleString("en")}.` : null;
}

/**
 * Returns a number with its noun: "1 prompt", "12 prompts".
 * @param {number} number
 * @param {string} one
 */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
