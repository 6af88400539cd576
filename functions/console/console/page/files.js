// Reads and saves files with a pack's text.

import { PageError } from "./errors.js";
import { h } from "./ui/dom.js";

/** In characters, as in the API. */
export const SOURCE_LIMIT = 4_000_000;
const BYTES = 4_400_000;

/** @param {string} sentence */
const refused = (sentence) => new PageError("file", sentence);

/** Returns the text of a file. Throws PageError if the file is too large, or is not text in UTF-8. @param {File} file */
export async function textOf(file) {
  if (file.size > BYTES) {
    const size = (file.size / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 });
    throw refused(`“${file.name}” is ${size} MB. A pack can have up to 4 MB. Split it into several packs.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer().catch(() => {
    throw refused(`“${file.name}” could not be read. Check that it is still there, and try again.`);
  }));
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw refused(`“${file.name}” is saved as UTF-16. Save it again as UTF-8 in the program it comes from.`);
  }
  if (bytes.includes(0)) throw refused(`“${file.name}” is not a text file. Choose a file that ends in .yaml or .json.`);
  const text = decoded(bytes);
  if (text === null) {
    throw refused(
      `“${file.name}” is not saved as UTF-8, so accents and quotes would look wrong (line ${firstBadLine(bytes)} is the first). ` +
        "Save it again as UTF-8 in the program it comes from.",
    );
  }
  return text.replace(/\r\n?/g, "\n");
}

/** Returns null for bytes that are not UTF-8. @param {Uint8Array} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes */
function firstBadLine(bytes) {
  let line = 1;
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== 10) continue;
    if (decoded(bytes.subarray(start, at)) === null) break;
    line += 1;
    start = at + 1;
  }
  return line;
}

/** Returns whether a pack's text is JSON. @param {string} source */
export function isJson(source) {
  return /^\s*[{[]/.test(source);
}

/** Saves a text as a file, through the browser. @param {string} name @param {string} text */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Copies a text. Returns false if the browser does not allow it. @param {string} text */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
