// What this browser keeps of a text until it is saved, and of a text that another one took the place of. Nothing that
// somebody wrote is ever lost to a crash, a closed tab, an ended sign-in or a conflict.

const UNSAVED = "rekindle.unsaved";
const COPIES = "rekindle.copies";
const MOST_COPIES = 8;

const keyOf = (kind, uid, pack) => `${kind}.${uid}.${pack}`;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or switched off
  }
}

/** The text that was not saved: {source, revision, at}, or null. */
export function unsaved(uid, pack) {
  return read(keyOf(UNSAVED, uid, pack));
}

/** Keeps a text that is not saved; whether there was room for it. */
export function keepUnsaved(uid, pack, source, revision) {
  return write(keyOf(UNSAVED, uid, pack), { source, revision, at: new Date().toISOString() });
}

export function forgetUnsaved(uid, pack) {
  localStorage.removeItem(keyOf(UNSAVED, uid, pack));
}

/** Copies of texts that others took the place of, newest first: [{label, source, at}]. */
export function copies(uid, pack) {
  return read(keyOf(COPIES, uid, pack)) ?? [];
}

/** Keeps a copy, if it is none of those there already; older ones make room for it. */
export function keepCopy(uid, pack, label, source) {
  let all = copies(uid, pack).filter((each) => each.source !== source);
  all = [{ label, source, at: new Date().toISOString() }, ...all].slice(0, MOST_COPIES);
  while (all.length && !write(keyOf(COPIES, uid, pack), all)) all.pop();
  return all.length > 0;
}

/** Packs of which this browser has text that is not saved. */
export function packsWithUnsaved(uid) {
  const prefix = `${UNSAVED}.${uid}.`;
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}
