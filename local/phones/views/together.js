// The tab "Us": nudges, the recap of a week, the streak, and the calendar of twelve months.

import { dateIn, dateWords, later, mondayOf } from "../clock.js";
import { icon, words } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { GESTURES, MARKS, THEMES } from "../words.js";
import { waiting } from "./waiting.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** The functions that build the parts of this tab. Add a new part here. */
const PARTS = [nudgePart, weekPart, streakPart, calendarPart];

/** @type {import("../phone.js").Tab} */
export const together = {
  title: "Us",
  path: "M12 19.500S4 14.700 4 9.300A4.300 4.300 0 0 1 12 7a4.300 4.300 0 0 1 8 2.300c0 5.400-8 10.200-8 10.200Z",
  async load(phone) {
    phone.data["nudges"] = await phone.api.call("get", "/v1/nudges", {});
    phone.data["recap"] = await phone.api.call("get", "/v1/recap", { query: { week: phone.data["week"] ?? thisWeek(phone) } });
    phone.data["streak"] = await phone.api.call("get", "/v1/streak", {});
  },
  view(phone) {
    if (!phone.data["streak"]) return waiting(phone);
    return h("div", { class: "stack" }, h("h3", null, words("span", `You and ${phone.partner}`)), ...PARTS.map((part) => part(phone)));
  },
};

/** @param {Phone} phone */
function nudgePart(phone) {
  /** @type {Schema["NudgesView"] | undefined} */
  const nudges = phone.data["nudges"];
  if (!nudges) return null;
  const gestures = /** @type {[Schema["Gesture"], readonly [string, string]][]} */ (Object.entries(GESTURES));
  return h("section", { class: "card" },
    h("h4", null, "Send a little something"),
    h("div", { class: "gestures" },
      ...gestures.map(([gesture, [label, path]]) =>
        button([icon(path), h("span", null, label)], () => send(phone, gesture), { class: "gesture", id: `${phone.id}-nudge-${gesture}`, disabled: nudges.left === 0 }),
      ),
    ),
    h("p", { class: "hint", role: "status" }, nudges.left > 0 ? `${nudges.left} left for now` : "That’s all for today"),
    ...nudges.received.map((nudge) => h("p", { class: "received" }, icon(GESTURES[nudge.gesture][1]), " ", words("span", phone.partner), `: ${GESTURES[nudge.gesture][0]}`)),
  );
}

/** @param {Phone} phone @param {Schema["Gesture"]} gesture */
async function send(phone, gesture) {
  await phone.act(async () => {
    await phone.api.call("post", "/v1/nudges", { body: { gesture } });
    phone.data["nudges"] = await phone.api.call("get", "/v1/nudges", {});
  });
  phone.render();
}

/** Shows the recap of this week or of an earlier week. @param {Phone} phone */
function weekPart(phone) {
  /** @type {Schema["RecapView"] | undefined} */
  const recap = phone.data["recap"];
  if (!recap) return null;
  const { packs, milestones, longest } = recap.new;
  const week = Array.from({ length: 7 }, (_, index) => later(recap.week, index));
  return h("section", { class: "card" },
    h("h4", null, `Week of ${dateWords(recap.week, phone.language, { day: "numeric", month: "long" })}`),
    h("div", { class: "week", role: "img", "aria-label": counted(recap.days_met.count, "day together", "days together") },
      ...week.map((date) => h("span", null, h("span", { class: "dot", "data-mark": recap.days_met.dates.includes(date) ? "complete" : "none" }), dateWords(date, phone.language, { weekday: "narrow" }))),
    ),
    recap.themes.length > 0 && h("p", { class: "row" }, ...recap.themes.map((theme) => h("span", { class: "theme" }, THEMES[theme]))),
    ...milestones.map((days) => h("p", { class: "received" }, `${days} days in a row`)),
    longest && (phone.data["streak"]?.longest ?? 0) > 1 && h("p", { class: "received" }, "Your longest streak yet"),
    packs.length > 0 && h("p", { class: "hint" }, "New packs: ", ...packs.map((pack) => words("span", `${pack.title}. `))),
    h("div", { class: "row" },
      recap.week > (phone.couple?.since ?? recap.week) && button("Previous week", () => lookAt(phone, later(recap.week, -7)), { class: "plain", id: `${phone.id}-week-before` }),
      phone.data["week"] && button("This week", () => lookAt(phone, undefined), { class: "plain", id: `${phone.id}-this-week` }),
    ),
  );
}

/** @param {Phone} phone */
function thisWeek(phone) {
  return mondayOf(dateIn(phone.zone));
}

/** @param {Phone} phone @param {string | undefined} week */
async function lookAt(phone, week) {
  await phone.act(async () => {
    phone.data["recap"] = await phone.api.call("get", "/v1/recap", { query: { week: week ?? thisWeek(phone) } });
    phone.data["week"] = week;
  });
  phone.render();
}

/** @param {Phone} phone */
function streakPart(phone) {
  /** @type {Schema["StreakCalendarView"] | undefined} */
  const streak = phone.data["streak"];
  if (!streak || streak.hidden) return null;
  return h("section", { class: "card" },
    h("h4", null, "Your streak"),
    h("dl", { class: "numbers" },
      ...[["now", streak.current], ["longest", streak.longest], ["total", streak.total]].map(([label, value]) => h("div", null, h("dt", null, label), h("dd", null, value))),
    ),
    h("p", { class: "hint" }, "A rest day now and then won’t break it."),
  );
}

/** @param {Phone} phone */
function calendarPart(phone) {
  /** @type {Schema["StreakCalendarView"] | undefined} */
  const streak = phone.data["streak"];
  if (!streak) return null;
  /** @type {Map<string, [string, Schema["DayMark"]][]>} */
  const months = new Map();
  const last = Object.keys(streak.calendar).sort().at(-1) ?? phone.data["shown"]?.today.date;
  for (const month of last ? twelveMonths(last) : []) months.set(month, []);
  for (const [date, mark] of Object.entries(streak.calendar)) months.get(date.slice(0, 7))?.push([date, mark]);
  return h("section", { class: "card" },
    h("h4", null, "Last twelve months"),
    h("div", { class: "months" }, ...[...months].map(([month, marks]) => monthPart(month, new Map(marks), phone.language))),
    h("ul", { class: "legend" }, ...Object.entries(MARKS).map(([mark, label]) => h("li", null, h("span", { class: "dot", "data-mark": mark }), label))),
  );
}

/** @param {string} month @param {Map<string, Schema["DayMark"]>} marks @param {string} language */
function monthPart(month, marks, language) {
  const first = new Date(`${month}-01T00:00:00Z`);
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const dates = Array.from({ length: days }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`);
  const met = [...marks.values()].filter((mark) => mark === "complete").length;
  const name = dateWords(`${month}-01`, language, { month: "short" });
  return h("figure", { class: "month", role: "img", "aria-label": `${dateWords(`${month}-01`, language, { month: "long", year: "numeric" })}: ${counted(met, "day")} together` },
    h("figcaption", null, name),
    h("div", { class: "dots" },
      ...Array.from({ length: (first.getUTCDay() + 6) % 7 }, () => h("span", null)),
      ...dates.map((date) => h("span", { class: "dot", "data-mark": marks.get(date) ?? "none", title: marks.get(date) ? `${date}: ${MARKS[marks.get(date) ?? "open"]}` : null })),
    ),
  );
}

/** @param {string} last */
function twelveMonths(last) {
  const [year, month] = last.split("-").map(Number);
  return Array.from({ length: 12 }, (_, index) => new Date(Date.UTC(year ?? 0, (month ?? 1) - 12 + index, 1)).toISOString().slice(0, 7));
}
