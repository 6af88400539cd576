// The stage: two phones side by side, a way to let time come to the next reminder, and a way to begin anew.

import { post, Problem } from "./api.js";
import { placeOf, timeIn, weekdayIn } from "./clock.js";
import { button, fill, refill } from "./dom.js";
import { Phone } from "./phone.js";
import { WEEKDAYS } from "./words.js";

const PHONES = /** @type {const} */ ([["a", "First phone"], ["b", "Second phone"]]);
const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const note = /** @type {HTMLElement} */ (document.getElementById("stage-note"));
const tabs = /** @type {HTMLElement} */ (document.getElementById("phone-tabs"));

/** @type {Phone[]} */
let phones = [];

function begin() {
  phones = PHONES.map(([id, label]) => new Phone(id, label, showTabs));
  fill(stage, ...phones.map((phone) => phone.element));
  show(sessionStorage.getItem("rekindle.shown") ?? "a");
  for (const phone of phones) void phone.start();
}

/** On a narrow screen there is one phone at a time. @param {string} id */
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

/** The reminders of a phone, as the stack's beat is asked for them. @param {Phone} phone */
async function remindersOf(phone) {
  if (!phone.me) return [];
  const { prompt_time, evening_time, touch } = await phone.api.call("get", "/v1/me/reminders", {});
  const { zone } = phone.me;
  // Who has answered is not reminded in the evening: then that is none of the next.
  const answered = phone.data["shown"]?.today.me.state === "answered";
  return [
    { zone, time: prompt_time ?? "08:30" },
    ...(evening_time && !answered ? [{ zone, time: evening_time }] : []),
    ...(touch ? [{ zone, time: touch.time, weekdays: touch.weekdays.map((day) => WEEKDAYS.findIndex(([each]) => each === day)) }] : []),
  ];
}

/** Both phones are laid down, and the schedule's beat comes that brings the first of their next reminders. */
async function letRemindersCome() {
  try {
    const reminders = (await Promise.all(phones.map(remindersOf))).flat();
    for (const phone of phones.filter((each) => each.couple)) phone.setLocked(true);
    const { at } = await post("/phones/tick", { reminders });
    const zones = [...new Set(phones.map((phone) => phone.zone))];
    const instant = new Date(at);
    const come = zones.map((zone) => `${weekdayIn(zone, instant)} ${timeIn(zone, instant)} in ${placeOf(zone)}`).join(", ");
    const pause = phones.some((phone) => phone.couple?.pause);
    note.textContent = `The schedule has come to ${come}; the phones’ own clocks stay. ${pause ? "The two are taking a pause, so nothing comes before its end." : "What was due is on its way."}`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    note.textContent = error.message;
  }
}

function beginAnew() {
  if (phones.some((phone) => phone.me) && !window.confirm("Begin with two new people? Nobody can come back to these two.")) return;
  for (const phone of phones) phone.stop();
  note.textContent = "";
  begin();
  show("a");
}

fill(
  /** @type {HTMLElement} */ (document.getElementById("controls")),
  button("Next reminders, now", letRemindersCome, { id: "beat", title: "Lets the schedule’s beat happen that brings the first of their next reminders" }),
  button("A fresh pair", beginAnew, { id: "fresh" }),
);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const phone of phones) void phone.refresh();
});
begin();
