// Texts that come from a file and go into one.

import { h } from "./dom.js";

/** In characters, as the API has it. */
export const SOURCE_LIMIT = 4_000_000;
const BYTES = 4_400_000;

/** A file that cannot be taken; `sentence` says why and what helps. */
export class FileError extends Error {
  constructor(sentence) {
    super(sentence);
    this.sentence = sentence;
  }
}

const megabytes = (bytes) => `${(bytes / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;

/** The text of a file. Raises FileError for one that is too large, or is not text in UTF-8. */
export async function textOf(file) {
  if (file.size > BYTES) {
    throw new FileError(`“${file.name}” has ${megabytes(file.size)}. A pack may have up to 4 MB: split it into several packs.`);
  }
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new FileError(`“${file.name}” could not be read. Check that it is still there, and try again.`);
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new FileError(`“${file.name}” is saved as UTF-16. In the program it comes from, save it again as UTF-8.`);
  }
  const zero = bytes.indexOf(0);
  if (zero !== -1) throw new FileError(`“${file.name}” is not a text file. Choose a file that ends in .yaml or .json.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch {
    const line = firstBadLine(bytes);
    throw new FileError(
      `“${file.name}” is not saved as UTF-8, so accents and quotes would be garbled (line ${line} is the first). ` +
        "In the program it comes from, save it again as UTF-8.",
    );
  }
}

function firstBadLine(bytes) {
  let line = 1;
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== 10) continue;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, at));
    } catch {
      return line;
    }
    line += 1;
    start = at + 1;
  }
  return line;
}

/** Whether a pack's text is written as JSON. */
export function isJson(source) {
  return /^\s*[{[]/.test(source);
}

/** Hands a text to the browser as a file to save. */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Copies a text; whether the browser let us. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
