// Builds the page: two phones side by side, a button that sends the next reminders, and a button to start over.

import { Problem, post } from "./api.js";
import { placeOf, timeIn, weekdayIn } from "./clock.js";
import { leave, leaveOnEscape } from "./leave.js";
import { refill } from "./parts.js";
import { Phone } from "./phone.js";
import { button, fill } from "./ui/dom.js";
import { WEEKDAYS } from "./words.js";

const PHONES = /** @type {const} */ ([["a", "First phone"], ["b", "Second phone"]]);
const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const note = /** @type {HTMLElement} */ (document.getElementById("stage-note"));
const tabs = /** @type {HTMLElement} */ (document.getElementById("phone-tabs"));

/** @type {Phone[]} */
let phones = [];

function start() {
  phones = PHONES.map(([id, label]) => new Phone(id, label, showTabs, leavePage));
  fill(stage, ...phones.map((phone) => phone.element));
  show(sessionStorage.getItem("rekindle.shown") ?? "a");
  for (const phone of phones) void phone.start();
}

/** Leaves the page at once. Whoever returns to it finds the phones locked. */
function leavePage() {
  leave();
  for (const phone of phones) phone.setLocked(true);
}

/** Chooses the phone that a narrow screen shows, which has room for only one. @param {string} id */
function show(id) {
  sessionStorage.setItem("rekindle.shown", id);
  stage.dataset["shown"] = id;
  showTabs();
}

function showTabs() {
  refill(
    tabs,
    ...phones.map((phone) =>
      button(phone.me?.display_name ?? phone.label, () => show(phone.id), {
        class: "phone-tab",
        id: `show-${phone.id}`,
        dir: "auto",
        "aria-pressed": String(stage.dataset["shown"] === phone.id),
        "data-waiting": phone.kept.locked && phone.inbox.latest > phone.kept.cleared,
      }),
    ),
  );
}

/** Returns a phone's reminders for `/phones/tick`. @param {Phone} phone */
async function remindersOf(phone) {
  if (!phone.me || (await phone.api.call("get", "/v1/me/notifications", {})).paused) return [];
  const { prompt_time, evening_time, touch } = await phone.api.call("get", "/v1/me/reminders", {});
  const { zone } = phone.me;
  // A person who has answered gets no evening reminder.
  const answered = phone.data["shown"]?.today.me.state === "answered";
  return [
    { zone, time: prompt_time ?? "08:30" },
    ...(evening_time && !answered ? [{ zone, time: evening_time }] : []),
    ...(touch ? [{ zone, time: touch.time, weekdays: touch.weekdays.map((day) => WEEKDAYS.findIndex(([each]) => each === day)) }] : []),
  ];
}

/** Locks both phones, and runs the tick that sends the first of their next reminders. */
async function sendNextReminders() {
  try {
    const reminders = (await Promise.all(phones.map(remindersOf))).flat();
    for (const phone of phones.filter((each) => each.couple)) phone.setLocked(true);
    const { at } = await post("/phones/tick", { reminders });
    const zones = [...new Set(phones.map((phone) => phone.zone))];
    const instant = new Date(at);
    const times = zones.map((zone) => `${weekdayIn(zone, instant)} ${timeIn(zone, instant)} in ${placeOf(zone)}`).join(", ");
    const pause = phones.some((phone) => phone.couple?.pause);
    note.textContent = `The schedule ran up to ${times}. The phones’ own clocks have not changed. ${pause ? "This couple is taking a pause, so no reminder comes before it ends." : "The reminders are on their way."}`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    note.textContent = error.message;
  }
}

function startOver() {
  if (phones.some((phone) => phone.me) && !window.confirm("Start over with two new people? You can’t return to these two.")) return;
  for (const phone of phones) phone.stop();
  note.textContent = "";
  start();
  show("a");
}

fill(
  /** @type {HTMLElement} */ (document.getElementById("controls")),
  button("Send next reminders", sendNextReminders, { id: "next-reminders", title: "Runs the schedule up to the first of their next reminders" }),
  button("Start over", startOver, { id: "start-over" }),
);
leaveOnEscape(leavePage);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const phone of phones) void phone.refresh();
});
start();
