// The tab "Journal": earlier days, page by page, and a search, which runs on the phone only.

import { dateWords } from "../clock.js";
import { field, letter, words } from "../parts.js";
import { button, h, select } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { THEMES } from "../words.js";
import { loadShown, shownPart } from "./solo.js";
import { besidePrompt, sealedParts } from "./today.js";
import { waiting } from "./waiting.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema["DayView"]} Day */

const PAGE = 10;

/** @type {import("../phone.js").Tab} */
export const journal = {
  title: "Journal",
  path: "M6.500 4.500h11a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-11a2 2 0 0 1-2-2v-11a2 2 0 0 1 2-2Zm2.500 4h6m-6 3.500h6",
  async load(phone) {
    const before = phone.data["journal"];
    const page = await phone.api.call("get", "/v1/days", { query: { limit: PAGE } });
    // If the data have changed meanwhile, they come from an action and are newer. A refresh follows.
    if (phone.data["journal"] === before) phone.data["journal"] = page;
    if (isSearching(phone)) await loadAll(phone);
    await loadUntil(phone, phone.data["wanted"]);
    await loadShown(phone);
  },
  view(phone) {
    /** @type {{ days: Day[], before: string | null } | undefined} */
    const kept = phone.data["journal"];
    if (!kept) return waiting(phone);
    const days = kept.days.filter((day) => day.date === phone.data["wanted"] || isWanted(phone, day));
    return h("div", { class: "stack" },
      h("h3", null, "Your days"),
      searchPart(phone, days.length),
      days.length === 0 && h("p", { class: "hint" }, isSearching(phone) ? "No matches" : "Your first day will appear here."),
      ...days.map((day) => entry(phone, day)),
      kept.before && !isSearching(phone) && button("Earlier days", () => more(phone), { id: `${phone.id}-earlier` }),
      !isSearching(phone) && shownPart(phone),
    );
  },
};

/** @param {Phone} phone @param {Day} day */
function entry(phone, day) {
  return h("details", { class: "card entry", id: `${phone.id}-entry-${day.date}`, open: phone.data["wanted"] === day.date },
    h("summary", null,
      h("span", { class: "entry-date" }, dateWords(day.date, phone.language, { day: "numeric", month: "short", year: "numeric" })),
      h("span", { class: "theme", "data-theme": day.prompt.theme }, THEMES[day.prompt.theme]),
      words("span", day.prompt.text, { class: "entry-text" }),
    ),
    ...(day.open && !day.revealed ? [...besidePrompt(phone, day), ...sealedParts(phone, day)] : lettersOf(phone, day)),
  );
}

/** Shows both answers. @param {Phone} phone @param {Day} day */
function lettersOf(phone, day) {
  return [
    day.me.text && letter("You", day.me.text),
    day.partner.text && letter(phone.partner, day.partner.text, day.partner.edited),
    !day.me.text && !day.partner.text && h("p", { class: "hint" }, day.revealed ? "You were both here." : "No answers to show."),
  ];
}

/** @param {Phone} phone @param {number} found */
function searchPart(phone, found) {
  const text = h("input", { id: `${phone.id}-search`, type: "search", dir: "auto", autocomplete: "off", props: { value: phone.draft("search") } });
  const theme = select([["", "All themes"], ...Object.entries(THEMES)], phone.draft("search-theme"), { id: `${phone.id}-search-theme` });
  const month = h("input", { id: `${phone.id}-search-month`, type: "month", props: { value: phone.draft("search-month") } });
  text.addEventListener("input", () => search("search", text.value));
  theme.addEventListener("change", () => search("search-theme", theme.value));
  month.addEventListener("change", () => search("search-month", month.value));

  /** @param {string} name @param {string} value */
  async function search(name, value) {
    phone.setDraft(name, value);
    if (isSearching(phone)) await phone.act(() => loadAll(phone));
    phone.render();
  }

  return h("details", { class: "search", id: `${phone.id}-search-box`, open: isSearching(phone) },
    h("summary", null, "Search"),
    field("Words", text),
    h("div", { class: "pair-of-fields" }, field("Theme", theme), field("Month", month)),
    h("p", { class: "hint", role: "status" }, isSearching(phone) ? `${counted(found, "day", "days")}. Your search stays on this phone.` : ""),
  );
}

/** @param {Phone} phone */
function isSearching(phone) {
  return Boolean(phone.draft("search") || phone.draft("search-theme") || phone.draft("search-month"));
}

/** @param {Phone} phone @param {Day} day */
function isWanted(phone, day) {
  const text = [day.prompt.text, day.me.text, day.partner.text].join("\n").toLocaleLowerCase();
  return (
    text.includes(phone.draft("search").toLocaleLowerCase()) &&
    day.date.startsWith(phone.draft("search-month")) &&
    ["", day.prompt.theme].includes(phone.draft("search-theme"))
  );
}

/** @param {Phone} phone */
async function more(phone) {
  await phone.act(() => loadMore(phone, PAGE));
  phone.render();
}

/** @param {Phone} phone @param {number} limit */
async function loadMore(phone, limit) {
  const { days, before } = phone.data["journal"];
  const page = await phone.api.call("get", "/v1/days", { query: { before, limit } });
  phone.data["journal"] = { days: [...days, ...page.days], before: page.before };
}

/** Loads earlier days until the date of a link is loaded. @param {Phone} phone @param {string | undefined} date */
async function loadUntil(phone, date) {
  while (date && phone.data["journal"]?.before > date) await loadMore(phone, 30);
}

/** @param {Phone} phone */
async function loadAll(phone) {
  while (phone.data["journal"]?.before) await loadMore(phone, 30);
}
