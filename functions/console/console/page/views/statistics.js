// How couples meet the prompts: counts of couples, in tens, and nothing about fewer than ten.

import { button, fill, h, select } from "../dom.js";
import { loading } from "../notices.js";
import { FEW, barPlot } from "../plot.js";
import { THEMES, dateText, shortDate, themeName } from "../words.js";
import { releaseOf } from "./published.js";

const REMINDERS = { prompt: "The day’s prompt", evening: "In the evening", touch: "Touch" };
const AT_FIRST = 50;

export function statisticsView(context) {
  const closed = new AbortController();
  const region = loading(async () => {
    const [numbers, { packs }] = await Promise.all([context.api.get("statistics"), context.api.get("packs")]);
    const titles = new Map(packs.map((pack) => [pack.id, pack.title || pack.id]));
    const table = promptTable(numbers.prompts ?? {}, titles);
    const offered = packs.filter((pack) => pack.live_version && Object.keys(numbers.prompts?.[pack.id] ?? {}).length);
    tellTexts(context, offered, table.take, closed.signal);
    return [...plots(numbers, titles), table.element];
  }, "Counting");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Statistics")),
    region);
  return { element, title: "Statistics", close: () => closed.abort() };
}

/** What the prompts of these packs say, one pack after the other; where it cannot be had, their names have to do. */
async function tellTexts(context, packs, take, signal) {
  for (const pack of packs) {
    try {
      const { preview } = await releaseOf(context, pack, pack.live_version, { signal });
      if (signal.aborted) return;
      if (preview) take(pack.id, preview);
    } catch (error) {
      if (signal.aborted) return;
      if (!error.sentence) throw error;
    }
  }
}

const share = (part, whole) => (part === null || part === undefined || !whole ? null : Math.min(100, Math.round((100 * part) / whole)));

function plots(numbers, titles) {
  const weeks = numbers.weeks ?? [];
  const latest = weeks[0];
  const today = numbers.days.at(-1);
  const title = (id) => titles.get(id) ?? id;
  return [
    h("p", { class: "hint" }, `As of ${dateText(numbers.as_of, "long")}, for all days until ${dateText(numbers.through, "long")}. Numbers are couples, rounded down to tens; fewer than ten are never shown, so that nobody can be recognised.`),
    h("dl", { class: "tiles" },
      tile("Active on the last day", today?.active),
      tile("Active in the last full week", latest?.active),
      tile("Active in the last 28 days", latest?.active_28)),
    h("div", { class: "plots" },
      barPlot({
        title: "Active couples by day", note: "At least one of the two answered.", unit: { row: "Day", value: "Couples" },
        rows: numbers.days.map((day) => ({ label: dateText(day.date), short: shortDate(day.date), value: day.active })),
      }),
      barPlot({
        title: "Active couples by week", note: "Weeks begin on Monday.", unit: { row: "Week of", value: "Couples" },
        rows: [...weeks].reverse().map((week) => ({ label: dateText(week.week), short: shortDate(week.week), value: week.active })),
      })),
    latest ? weekly(weeks, title) : h("p", { class: "empty" }, "The first full week is not over yet."),
  ];
}

function tile(label, value) {
  return h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value === null || value === undefined ? h("span", { class: "few-text" }, FEW) : value.toLocaleString("en")));
}

function weekly(weeks, title) {
  const chosen = select(weeks.map((week) => [week.week, `Week of ${dateText(week.week)}`]), weeks[0].week, { id: "week" });
  const body = h("div", { class: "plots" });
  const draw = () => {
    const week = weeks.find((each) => each.week === chosen.value);
    fill(body,
      barPlot({
        title: "Met, by theme", note: "Of 100 couples who were offered one that week, how many both answered or did at least one.", percent: true, horizontal: true,
        unit: { row: "Theme", value: "Met" },
        rows: THEMES.map(([theme]) => {
          const { offered, completed } = week.themes[theme] ?? {};
          return { label: themeName(theme), value: share(completed, offered) };
        }),
      }),
      barPlot({
        title: "Met, by pack", note: "Of 100 couples who were offered a prompt of it that week.", percent: true, horizontal: true, unit: { row: "Pack", value: "Met" },
        rows: Object.entries(week.packs).map(([id, { offered, completed }]) => ({ label: title(id), value: share(completed, offered) })),
      }),
      barPlot({
        title: "Days in a row", note: "How many couples are in a run of how many days.", unit: { row: "Days", value: "Couples" },
        rows: Object.entries(week.streaks).map(([label, value]) => ({ label: label === "0" ? "none" : label, value })),
      }),
      barPlot({
        title: "Reminders that reached somebody", note: "Of 100 couples for whom one was due, how many it reached.", percent: true, horizontal: true, unit: { row: "Reminder", value: "Reached" },
        rows: Object.entries(week.reach).map(([kind, { due, reached }]) => ({ label: REMINDERS[kind] ?? kind, value: share(reached, due) })),
      }));
  };
  chosen.addEventListener("change", draw);
  draw();
  return h("section", { "aria-labelledby": "week-title" },
    h("div", { class: "section-head" }, h("h2", { id: "week-title" }, "A week"), h("div", { class: "field" }, h("label", { for: "week" }, "Which"), chosen)),
    body);
}

const COLUMNS = [
  ["pack", "Pack"],
  ["prompt", "Prompt"],
  ["offered", "Offered"],
  ["answered", "Answered"],
  ["completed", "Met by both"],
  ["rate", "Met"],
  ["swapped", "Swapped"],
];

/** The table, and `take` to put a pack's texts into it. */
function promptTable(prompts, titles) {
  const rows = Object.entries(prompts).flatMap(([pack, all]) => Object.entries(all).map(([prompt, counts]) => ({
    id: pack, pack: titles.get(pack) ?? pack, prompt, text: "", language: null, ...counts, rate: share(counts.completed, counts.offered),
  })));
  if (!rows.length) return { element: h("section", {}, h("h2", {}, "Prompts"), h("p", { class: "empty" }, "No prompt has been offered to ten couples yet.")), take: () => {} };
  let by = "offered";
  let down = true;
  let shown = AT_FIRST;
  const wanted = h("input", { type: "search", id: "stat-search", placeholder: "Pack or prompt", autocomplete: "off" });
  const heads = COLUMNS.map(([name, label]) => h("th", { scope: "col", class: name === "pack" || name === "prompt" ? "" : "figure" },
    h("button", { type: "button", class: "sort", on: { click: () => sort(name) } }, label, h("span", { class: "arrow", "aria-hidden": "true" }))));
  const body = h("tbody");
  const more = h("div", { class: "more" });
  const sort = (name) => {
    down = by === name ? !down : name !== "pack" && name !== "prompt";
    by = name;
    draw();
  };
  const draw = () => {
    COLUMNS.forEach(([name], at) => {
      if (name === by) heads[at].setAttribute("aria-sort", down ? "descending" : "ascending");
      else heads[at].removeAttribute("aria-sort");
    });
    const word = wanted.value.trim().toLowerCase();
    const found = rows.filter((row) => !word || row.prompt.includes(word) || row.text.toLowerCase().includes(word) || row.pack.toLowerCase().includes(word));
    found.sort((one, other) => {
      const [a, b] = [one[by] ?? -1, other[by] ?? -1];
      return (typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b) * (down ? -1 : 1);
    });
    const cell = (value, percent) => h("td", { class: "figure" }, value === null || value === undefined ? h("span", { class: "few-text" }, "<10", h("span", { class: "visually-hidden" }, " (fewer than ten)")) : percent ? `${value}%` : value.toLocaleString("en"));
    fill(body, found.slice(0, shown).map((row) => h("tr", {},
      h("td", {}, h("bdi", {}, row.pack)), h("th", { scope: "row" },
        row.text && h("span", { class: "stat-text", dir: "auto", lang: row.language }, row.text), h("span", { class: row.text ? "hint" : "" }, row.prompt)),
      cell(row.offered), cell(row.answered), cell(row.completed), cell(row.rate, true), cell(row.swapped))));
    fill(more, found.length > shown && button("Show more", () => ((shown += AT_FIRST), draw()), { kind: "quiet" }));
  };
  wanted.addEventListener("input", draw);
  draw();
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
