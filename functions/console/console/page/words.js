// The words in which the console speaks of things, for people who write prompts and not programs.

export const THEMES = [
  ["openness", "Openness"],
  ["time", "Time together"],
  ["courage", "Courage"],
  ["listening", "Listening"],
  ["touch", "Touch"],
  ["fear", "Fear of closeness"],
  ["spark", "Spark"],
];
export const KINDS = [
  ["question", "A question: each writes an answer"],
  ["together", "Something they do together and check off"],
  ["touch", "Something they do together, with touch"],
];
export const DEPTHS = [
  ["1", "1: easy to answer"],
  ["2", "2: warmer"],
  ["3", "3: brave"],
];
export const COMFORTS = [
  ["0", "0: no touch at all"],
  ["1", "1: a hand or an arm"],
  ["2", "2: a hug, or leaning close"],
  ["3", "3: held closer, or for longer"],
];
/** Those that are offered in lists; a pack may have any. */
export const LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "nl", "pl", "sv", "tr", "ar", "he", "fa", "ur", "hi", "zh", "ja", "ko", "ru", "uk"];
/** The themes whose prompts tell the listener how to receive the answer. */
export const HINTED = new Set(["courage", "listening"]);
/** The themes beside which couples are shown where to find help. */
export const HELPED = new Set(["courage", "fear"]);

export const STATES = {
  draft: "Draft",
  proposed: "Waiting for approval",
  scheduled: "Scheduled",
  live: "Live",
  withdrawn: "Withdrawn",
};

export const AUDIENCES = {
  everyone: { label: "Every couple", sentence: "every couple that uses the app, unless they have put this pack aside" },
  choice: { label: "Couples who choose it", sentence: "couples who choose this pack in the app" },
  code: { label: "Couples with its code", sentence: "couples to whom you give the pack’s code" },
};

export const ACTIONS = {
  draft_saved: "saved the draft of",
  draft_discarded: "discarded the draft of",
  proposed: "proposed to publish",
  published: "published",
  scheduled: "scheduled",
  taken_back: "took back what was to come of",
  approved: "approved",
  rejected: "turned down",
  withdrawn: "withdrew",
  restored: "put back",
  code_renewed: "renewed the code of",
  help_changed: "changed the help that couples are shown",
};

const locale = navigator.languages.find((each) => each.startsWith("en")) ?? "en-GB";
const languageNames = new Intl.DisplayNames([locale], { type: "language", fallback: "code" });
const regionNames = new Intl.DisplayNames([locale], { type: "region", fallback: "code" });

/** The browser's time zone, by name. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function themeName(theme) {
  return THEMES.find(([each]) => each === theme)?.[1] ?? theme;
}

export function languageName(code) {
  try {
    return languageNames.of(code);
  } catch {
    return code;
  }
}

export function regionName(code) {
  try {
    return regionNames.of(code);
  } catch {
    return code;
  }
}

const RIGHT_TO_LEFT = new Set(["ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "syr", "ug", "ur", "yi"]);

/** Which way a language runs. */
export function direction(language) {
  return RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** A number with its noun: "1 prompt", "12 prompts". */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString(locale)} ${number === 1 ? one : many}`;
}

/** "a, b and c". */
export function listed(words) {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(words);
}

/** An instant as people say it: "Tuesday, 3 March 2026 at 09:00". */
export function instantText(iso) {
  return new Date(iso).toLocaleString(locale, { dateStyle: "full", timeStyle: "short" });
}

export function shortInstant(iso) {
  return new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** A calendar date, which is of no zone. */
export function dateText(date, style = "medium") {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(locale, { dateStyle: style, timeZone: "UTC" });
}

export function shortDate(date) {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(locale, { day: "numeric", month: "short", timeZone: "UTC" });
}

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** How long ago or hence: "3 hours ago". */
export function agoText(iso, from = Date.now()) {
  const seconds = (new Date(iso).getTime() - from) / 1000;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : "just now";
}

/** Who did it and when, of the API's {name, at}. */
export function byText(by, me) {
  return by ? `${nameText(by.name, me)}, ${agoText(by.at)}` : "";
}

export function nameText(name, me) {
  return me && name === me ? "you" : name;
}
