// Texts that this browser keeps: those that are not saved yet, and those that another text replaced. So nothing that a
// person wrote is lost by a crash, a closed tab, an ended sign-in or a conflict.

/** @typedef {{ source: string, revision: number, at: string }} Unsaved */
/** @typedef {{ label: string, source: string, at: string }} Copy */

const UNSAVED = "rekindle.unsaved";
const COPIES = "rekindle.copies";
const MOST_COPIES = 8;

/** @param {string} kind @param {string} uid @param {string} pack */
const keyOf = (kind, uid, pack) => `${kind}.${uid}.${pack}`;

/** @param {string} key */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Returns false if the storage is full or turned off. @param {string} key @param {unknown} value */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} uid @param {string} pack @returns {Unsaved | null} */
export function unsaved(uid, pack) {
  return read(keyOf(UNSAVED, uid, pack));
}

/** Keeps a text that is not saved. Returns false if there is no room for it. @param {string} uid @param {string} pack @param {string} source @param {number} revision */
export function keepUnsaved(uid, pack, source, revision) {
  return write(keyOf(UNSAVED, uid, pack), { source, revision, at: new Date().toISOString() });
}

/** @param {string} uid @param {string} pack */
export function forgetUnsaved(uid, pack) {
  localStorage.removeItem(keyOf(UNSAVED, uid, pack));
}

/** Returns the kept copies, newest first. @param {string} uid @param {string} pack @returns {Copy[]} */
export function copies(uid, pack) {
  return read(keyOf(COPIES, uid, pack)) ?? [];
}

/** Keeps a copy of a text, unless it is kept already. Deletes older copies if there is no room. @param {string} uid @param {string} pack @param {string} label @param {string} source */
export function keepCopy(uid, pack, label, source) {
  let all = copies(uid, pack).filter((each) => each.source !== source);
  all = [{ label, source, at: new Date().toISOString() }, ...all].slice(0, MOST_COPIES);
  while (all.length && !write(keyOf(COPIES, uid, pack), all)) all.pop();
}

/** Returns the packs for which this browser has unsaved text. @param {string} uid */
export function packsWithUnsaved(uid) {
  const prefix = `${UNSAVED}.${uid}.`;
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}
