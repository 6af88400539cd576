// The words of the console, for people who write prompts and not programs.

/** @typedef {import("./api.js").Schema} Schema */
/** @typedef {readonly (readonly [string, string])[]} Pairs */

/** @type {readonly (readonly [Schema["Theme"], string])[]} */
export const THEMES = [
  ["openness", "Openness"],
  ["time", "Time together"],
  ["courage", "Courage"],
  ["listening", "Listening"],
  ["touch", "Touch"],
  ["fear", "Fear of closeness"],
  ["spark", "Spark"],
];
/** @type {Pairs} */
export const KINDS = [
  ["question", "A question: each partner writes an answer"],
  ["together", "Something they do together and check off"],
  ["touch", "Something they do together, with touch"],
];
/** @type {Pairs} */
export const DEPTHS = [
  ["1", "1: easy to answer"],
  ["2", "2: warmer"],
  ["3", "3: brave"],
];
/** @type {Pairs} */
export const COMFORTS = [
  ["0", "0: no touch"],
  ["1", "1: a hand or an arm"],
  ["2", "2: a hug, or leaning close"],
  ["3", "3: closer, or for longer"],
];
/** The languages in lists. A pack may have others. */
export const LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "nl", "pl", "sv", "tr", "ar", "he", "fa", "ur", "hi", "zh", "ja", "ko", "ru", "uk"];
/** Themes whose prompts tell the listener how to take in the answer. @type {ReadonlySet<string>} */
export const HINTED = new Set(["courage", "listening"]);
/** Themes whose prompts show couples where to find help. @type {ReadonlySet<string>} */
export const HELPED = new Set(["courage", "fear"]);

/** @type {Record<Schema["PackState"], string>} */
export const STATES = {
  draft: "Draft",
  proposed: "Waiting for approval",
  scheduled: "Scheduled",
  live: "Live",
  withdrawn: "Withdrawn",
};

/** @type {Record<Schema["Audience"], { label: string, sentence: string }>} */
export const AUDIENCES = {
  everyone: { label: "Every couple", sentence: "every couple that uses the app, unless they turned this pack off" },
  choice: { label: "Couples who choose it", sentence: "couples who choose this pack in the app" },
  code: { label: "Couples with its code", sentence: "couples who get the pack’s code from you" },
};

/** @type {Record<Schema["StaffAction"], string>} */
export const ACTIONS = {
  draft_saved: "saved the draft of",
  draft_discarded: "discarded the draft of",
  proposed: "proposed",
  published: "published",
  scheduled: "scheduled",
  taken_back: "canceled the next version of",
  withdrawn: "withdrew",
  restored: "restored",
  code_renewed: "made a new code for",
  help_proposed: "proposed to change the help for couples",
  help_changed: "changed the help for couples",
  help_rejected: "stopped a proposed change of the help for couples",
  rights_granted: "gave new permissions to",
  rights_revoked: "took permissions from",
  signed_out: "signed out everywhere",
};

/** Says what an account with these permissions can do, such as "can now only read". @param {string | null} scope */
export function rightsText(scope) {
  const rights = (scope ?? "").split(" ");
  return rights.includes("practice:publish") ? "can now read, write and publish" : rights.includes("practice:read") ? "can now only read" : "can no longer see anything here";
}

const locale = navigator.languages.find((each) => each.startsWith("en")) ?? "en-US";
const languageNames = new Intl.DisplayNames([locale], { type: "language", fallback: "code" });
const regionNames = new Intl.DisplayNames([locale], { type: "region", fallback: "code" });

/** Returns the name of the browser's time zone. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @param {string} theme */
export function themeName(theme) {
  return THEMES.find(([each]) => each === theme)?.[1] ?? theme;
}

/** @param {string} code */
export function languageName(code) {
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

/** @param {string} code */
export function regionName(code) {
  try {
    return regionNames.of(code) ?? code;
  } catch {
    return code;
  }
}

const RIGHT_TO_LEFT = new Set(["ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "syr", "ug", "ur", "yi"]);

/** Returns the direction in which a language is written. @param {string} language */
export function direction(language) {
  return RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** "a, b, and c". @param {string[]} words */
export function listed(words) {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(words);
}

/** "Tuesday, March 3, 2026 at 9:00 AM", in the order of the browser's language. @param {string} iso */
export function instantText(iso) {
  return new Date(iso).toLocaleString(locale, { dateStyle: "full", timeStyle: "short" });
}

/** @param {string} iso */
export function shortInstant(iso) {
  return new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** A calendar date, which belongs to no zone. @param {string} date @param {"medium" | "long"} [style] */
export function dateText(date, style = "medium") {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(locale, { dateStyle: style, timeZone: "UTC" });
}

/** @param {string} date */
export function shortDate(date) {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(locale, { day: "numeric", month: "short", timeZone: "UTC" });
}

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 hours ago", or "in 2 days". @param {string} iso */
export function agoText(iso) {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : "just now";
}

/** Says who did something and when. @param {Schema["ActorView"] | null} by @param {string} me */
export function byText(by, me) {
  return by ? `${nameText(by.name, me)}, ${agoText(by.at)}` : "";
}

/** @param {string} name @param {string} me */
export function nameText(name, me) {
  return name === me ? "you" : name;
}
