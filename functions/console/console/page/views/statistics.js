// How couples respond to prompts: counts of couples, rounded down to tens, and none below ten.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema} Schema */
/** A table row. @typedef {{ id: string, pack: string, prompt: string, text: string, language: string | null, rate: number | null } & Schema["PromptStatisticsView"]} Row */


import { known } from "../errors.js";
import { loading } from "../notices.js";
import { FEW, barPlot } from "../plot.js";
import { button, fill, h, select } from "../ui/dom.js";
import { THEMES, dateText, shortDate, themeName } from "../words.js";
import { releaseOf } from "./published.js";

/** @type {Record<string, string>} */
const REMINDERS = { prompt: "Daily prompt", evening: "Evening reminder", touch: "Touch" };
const AT_FIRST = 50;

/** @param {Console} context */
export function statisticsView(context) {
  const closed = new AbortController();
  const region = loading(async () => {
    const [numbers, { packs }] = await Promise.all([context.api.call("get", "/v1/practice/statistics", {}), context.api.call("get", "/v1/practice/packs", {})]);
    const titles = new Map(packs.map((pack) => [pack.id, pack.title || pack.id]));
    const table = promptTable(numbers.prompts, titles);
    const offered = packs.filter((pack) => pack.live_version && Object.keys(numbers.prompts[pack.id] ?? {}).length);
    void loadTexts(context, offered, table.take, closed.signal);
    return [...plots(numbers, titles), table.element];
  }, "Loading the statistics");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Statistics")),
    region);
  return { element, title: "Statistics", close: () => closed.abort() };
}

/**
 * Loads the texts of these packs' prompts, one pack after the other. A prompt whose text does not load keeps its name.
 * @param {Console} context
 * @param {Schema["PackSummary"][]} packs
 * @param {(pack: string, preview: Schema["PreviewView"]) => void} take
 * @param {AbortSignal} signal
 */
async function loadTexts(context, packs, take, signal) {
  for (const pack of packs) {
    try {
      const { preview } = await releaseOf(context, pack.id, pack.live_version ?? 0, { signal });
      if (signal.aborted) return;
      if (preview) take(pack.id, preview);
    } catch (error) {
      if (signal.aborted) return;
      known(error);
    }
  }
}

/** Returns a percentage; null where a count is below ten. @param {number | null | undefined} part @param {number | null | undefined} whole */
const share = (part, whole) => (part === null || part === undefined || !whole ? null : Math.min(100, Math.round((100 * part) / whole)));

/** @param {Schema["StatisticsView"]} numbers @param {Map<string, string>} titles */
function plots(numbers, titles) {
  const { weeks } = numbers;
  const [latest] = weeks;
  const today = numbers.days.at(-1);
  const title = (/** @type {string} */ id) => titles.get(id) ?? id;
  return [
    h("p", { class: "hint" }, `As of ${dateText(numbers.as_of, "long")}, for all days through ${dateText(numbers.through, "long")}. All numbers count couples, rounded down to tens. To protect privacy, numbers below ten are never shown.`),
    h("dl", { class: "tiles" },
      tile("Active on the last day", today?.active),
      tile("Active in the last full week", latest?.active),
      tile("Active in the last 28 days", latest?.active_28)),
    h("div", { class: "plots" },
      barPlot({
        title: "Active couples by day", note: "At least one partner answered.", unit: { row: "Day", value: "Couples" },
        rows: numbers.days.map((day) => ({ label: dateText(day.date), short: shortDate(day.date), value: day.active })),
      }),
      barPlot({
        title: "Active couples by week", note: "Weeks start on Monday.", unit: { row: "Week of", value: "Couples" },
        rows: [...weeks].reverse().map((week) => ({ label: dateText(week.week), short: shortDate(week.week), value: week.active })),
      })),
    latest ? weekly(weeks, latest, title) : h("p", { class: "empty" }, "The first full week is not over yet."),
  ];
}

/** @param {string} label @param {number | null | undefined} value */
function tile(label, value) {
  return h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value === null || value === undefined ? h("span", { class: "few-text" }, FEW) : value.toLocaleString("en")));
}

/** @param {Schema["WeekStatisticsView"][]} weeks @param {Schema["WeekStatisticsView"]} latest @param {(id: string) => string} title */
function weekly(weeks, latest, title) {
  const chosen = select(weeks.map(({ week }) => /** @type {const} */ ([week, `Week of ${dateText(week)}`])), latest.week, { id: "week" });
  const body = h("div", { class: "plots" });
  const draw = () => {
    const week = weeks.find((each) => each.week === chosen.value) ?? latest;
    fill(body,
      barPlot({
        title: "Completed, by theme", note: "Of 100 couples who got a prompt of this theme that week, how many completed at least one together.", percent: true, horizontal: true,
        unit: { row: "Theme", value: "Completed" },
        rows: THEMES.map(([theme]) => {
          const { offered, completed } = week.themes[theme] ?? {};
          return { label: themeName(theme), value: share(completed, offered) };
        }),
      }),
      barPlot({
        title: "Completed, by pack", note: "Of 100 couples who got a prompt of this pack that week, how many completed at least one together.", percent: true, horizontal: true, unit: { row: "Pack", value: "Completed" },
        rows: Object.entries(week.packs).map(([id, { offered, completed }]) => ({ label: title(id), value: share(completed, offered) })),
      }),
      barPlot({
        title: "Days in a row", note: "How many couples have a streak of each length.", unit: { row: "Days", value: "Couples" },
        rows: Object.entries(week.streaks).map(([label, value]) => ({ label: label === "0" ? "none" : label, value })),
      }),
      barPlot({
        title: "Reminders delivered", note: "Of 100 couples with a reminder due, how many got it.", percent: true, horizontal: true, unit: { row: "Reminder", value: "Delivered" },
        rows: Object.entries(week.reach).map(([kind, { due, reached }]) => ({ label: REMINDERS[kind] ?? kind, value: share(reached, due) })),
      }));
  };
  chosen.addEventListener("change", draw);
  draw();
  return h("section", { "aria-labelledby": "week-title" },
    h("div", { class: "section-head" }, h("h2", { id: "week-title" }, "By week"), h("div", { class: "field" }, h("label", { for: "week" }, "Week"), chosen)),
    body);
}

/** @type {readonly (readonly ["pack" | "prompt" | "offered" | "answered" | "completed" | "rate" | "swapped", string])[]} */
const COLUMNS = [
  ["pack", "Pack"],
  ["prompt", "Prompt"],
  ["offered", "Offered"],
  ["answered", "Answered"],
  ["completed", "Completed"],
  ["rate", "Rate"],
  ["swapped", "Swapped"],
];

/**
 * Makes the table, and `take`, which adds a pack's texts to it.
 * @param {Schema["StatisticsView"]["prompts"]} prompts
 * @param {Map<string, string>} titles
 */
function promptTable(prompts, titles) {
  /** @type {Row[]} */
  const rows = Object.entries(prompts).flatMap(([pack, all]) => Object.entries(all).map(([prompt, counts]) => ({
    id: pack, pack: titles.get(pack) ?? pack, prompt, text: "", language: null, ...counts, rate: share(counts.completed, counts.offered),
  })));
  if (!rows.length) return { element: h("section", {}, h("h2", {}, "Prompts"), h("p", { class: "empty" }, "No prompt has reached ten couples yet, or fifty in a pack that couples join with a code.")), take: () => {} };
  /** @type {(typeof COLUMNS)[number][0]} */
  let by = "offered";
  let down = true;
  let shown = AT_FIRST;
  const wanted = h("input", { type: "search", id: "stat-search", placeholder: "Pack or prompt", autocomplete: "off" });
  const heads = COLUMNS.map(([name, label]) => h("th", { scope: "col", class: name === "pack" || name === "prompt" ? "" : "figure" },
    h("button", { type: "button", class: "sort", on: { click: () => sort(name) } }, label, h("span", { class: "arrow", "aria-hidden": "true" }))));
  const body = h("tbody");
  const more = h("div", { class: "more" });
  const sort = (/** @type {typeof by} */ name) => {
    down = by === name ? !down : name !== "pack" && name !== "prompt";
    by = name;
    draw();
  };
  const draw = () => {
    COLUMNS.forEach(([name], at) => {
      if (name === by) heads[at]?.setAttribute("aria-sort", down ? "descending" : "ascending");
      else heads[at]?.removeAttribute("aria-sort");
    });
    const word = wanted.value.trim().toLowerCase();
    const found = rows.filter((row) => !word || row.prompt.includes(word) || row.text.toLowerCase().includes(word) || row.pack.toLowerCase().includes(word));
    found.sort((one, other) => {
      const [a, b] = [one[by] ?? -1, other[by] ?? -1];
      return (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))) * (down ? -1 : 1);
    });
    const cell = (/** @type {number | null} */ value, percent = false) => h("td", { class: "figure" }, value === null ? h("span", { class: "few-text" }, "few", h("span", { class: "visually-hidden" }, " (fewer than ten couples, or fewer than fifty in a pack with a code)")) : percent ? `${value}%` : value.toLocaleString("en"));
    fill(body, found.slice(0, shown).map((row) => h("tr", {},
      h("td", {}, h("bdi", {}, row.pack)), h("th", { scope: "row" },
        row.text && h("span", { class: "stat-text", dir: "auto", lang: row.language }, row.text), h("span", { class: row.text ? "hint" : "" }, row.prompt)),
      cell(row.offered), cell(row.answered), cell(row.completed), cell(row.rate, true), cell(row.swapped))));
    fill(more, found.length > shown && button("Show more", () => ((shown += AT_FIRST), draw()), { class: "quiet" }));
  };
  wanted.addEventListener("input", draw);
  draw();
  /** @param {string} pack @param {Schema["PreviewView"]} preview */
  const take = (pack, preview) => {
    const language = preview.default_language;
    const texts = new Map(preview.prompts.map((each) => [each.id, each.words[language]?.text ?? ""]));
    for (const row of rows) if (row.id === pack) Object.assign(row, { text: texts.get(row.prompt) ?? "", language });
    draw();
  };
  const element = h("section", { "aria-labelledby": "prompts-title" },
    h("div", { class: "section-head" }, h("h2", { id: "prompts-title" }, "Prompts"), h("div", { class: "field" }, h("label", { for: "stat-search" }, "Find"), wanted)),
    h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-labelledby": "prompts-title" },
      h("table", { class: "data wide-table" }, h("thead", {}, h("tr", {}, heads)), body)),
    more);
  return { element, take };
}
