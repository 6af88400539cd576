// The tab "Today": the prompt, the two sealed answers, and the reveal of both.

import { dateWords } from "../clock.js";
import { LIMITS, checkbox, counter, field, icon, letter, words } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { trimmed } from "../ui/text.js";
import { GESTURES, THEMES } from "../words.js";
import { candles } from "./candles.js";
import { changeNotice, forget, write } from "./draft.js";
import { pauseNote } from "./pause.js";
import { reflectPart } from "./reflect.js";
import { waiting } from "./waiting.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */
/** @typedef {Schema["DayView"]} Day */

/** The milliseconds for which a new screen shows the animation of the reveal. */
const UNFOLDING = 2_500;

/** The functions that build the cards above and below the day. Each returns null if its card has no content. */
const ABOVE = [pauseNote, nudgeCard];
const BELOW = [touchCard];

/** @type {import("../phone.js").Tab} */
export const today = {
  title: "Today",
  path: "M12 3.500v2m0 13v2m8.500-8.500h-2m-13 0h-2m14.500-6-1.400 1.400m-9.200 9.200L6 18m12 0-1.400-1.400M7.400 7.400 6 6m10 6a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z",
  async load(phone) {
    // Load the day first, because the person waits for it.
    const before = phone.data["shown"];
    const now = await phone.api.call("get", "/v1/today", {});
    // If the data have changed meanwhile, they come from an action and are newer. A refresh follows.
    if (phone.data["shown"] === before) phone.data["shown"] = now;
    phone.render();
    phone.data["touch"] = await phone.api.call("get", "/v1/touch/today", {});
    phone.data["nudges"] = await phone.api.call("get", "/v1/nudges", {});
  },
  view(phone) {
    const shown = shownBy(phone);
    if (!shown) return waiting(phone);
    const { today, streak } = shown;
    const [first, ...others] = ordered(shown, phone.data["wanted"]);
    const weekday = (/** @type {Day} */ day) => dateWords(day.date, phone.language, { weekday: "long" });
    return h("div", { class: "stack" },
      h("div", { class: "day-head" },
        h("h3", null, dateWords(first.date, phone.language)),
        streak && streak.current > 0 && h("span", { class: "streak-chip" }, icon(FLAME), ` ${streak.current}`, h("span", { class: "visually-hidden" }, ` ${streak.current === 1 ? "day" : "days"} in a row`)),
      ),
      first !== today && h("p", { class: "hint" }, first.revealed ? "" : first.date < today.date ? "This day is still open for you two. " : "This day is already open for you two. ", `${weekday(today)}’s prompt is below.`),
      ...ABOVE.map((card) => card(phone)),
      dayCard(phone, first),
      ...BELOW.map((card) => card(phone)),
      ...others.flatMap((day) => [h("h4", { class: "other-head" }, `${weekday(day)} ${stateOf(day, first, today)}`), dayCard(phone, day)]),
    );
  },
};

/** Returns the answer of `/v1/today`. @param {Phone} phone @returns {(Schema["TodayView"] & { next?: Day | null }) | undefined} */
function shownBy(phone) {
  return phone.data["shown"];
}

/** Returns the dates on the tab "Today". The previous and the next date are among them only while they are open. @param {Phone} phone */
export function datesShown(phone) {
  const shown = shownBy(phone);
  return shown ? ordered(shown, undefined).map((day) => day.date) : [];
}

/**
 * Returns the days in the order in which the screen shows them.
 * @param {{ today: Day, previous: Day | null, next?: Day | null }} shown
 * @param {string | undefined} wanted the date of the link that the person opened
 * @returns {[Day, ...Day[]]}
 */
function ordered({ today, previous, next = null }, wanted) {
  const all = [today, previous, next].filter((day) => day !== null);
  // For partners in two zones, the previous date can still be open. If this person has not answered it, it comes first.
  const waits = previous !== null && !previous.revealed && previous.me.state === "waiting";
  const first = all.find((day) => day.date === wanted) ?? (waits ? previous : today);
  return [first, ...all.filter((day) => day !== first)];
}

/** @param {Day} day @param {Day} first @param {Day} today */
function stateOf(day, first, today) {
  if (day === today) return first.date < today.date ? "has already started here" : "is today here";
  return day.date < today.date ? "is still open" : "is open, too";
}

const FLAME = "M12 3c1 4 5.500 6 5.500 11a5.500 5.500 0 0 1-11 0c0-3 2-4.500 3-7 1.500 1 2 2 2 3.500C13 9 13 6 12 3Z";

/** Shows a day: its prompt, and either its answers or the form for the person's answer. @param {Phone} phone @param {Day} day */
export function dayCard(phone, day) {
  return h("article", { class: "card day", "aria-label": `Prompt for ${dateWords(day.date, phone.language)}`, "data-revision": day.me.revision },
    h("div", { class: "prompt" },
      h("p", { class: "theme", "data-theme": day.prompt.theme }, THEMES[day.prompt.theme]),
      words("p", day.prompt.text, { class: "prompt-text" }),
      ...besidePrompt(phone, day),
    ),
    ...(day.revealed ? [openedPart(phone, day)] : sealedParts(phone, day)),
  );
}

/** Builds the part below the prompt of a day whose answers are not open yet. @param {Phone} phone @param {Day} day */
export function sealedParts(phone, day) {
  const seal = candles(day.me.state === "answered", day.partner.state === "answered");
  return [
    h("div", { class: "seal" }, seal, h("p", { class: "seal-words" }, sealWords(phone, day))),
    day.open ? answerPart(phone, day) : closedPart(day),
  ];
}

/** Builds the parts that come with a prompt: its reason, a hint, and help. @param {Phone} phone @param {Day} day */
export function besidePrompt(phone, { date, prompt }) {
  return [
    words("p", prompt.why, { class: "why" }),
    prompt.hint && h("details", { class: "hint-box", id: `${phone.id}-way-in-${date}` }, h("summary", null, `How to receive ${phone.partner}’s answer`), words("p", prompt.hint)),
    prompt.help &&
      h("div", { class: "care" }, words("p", prompt.help.text), button("Where to find help", () => {
        phone.data["part"] = "help";
        return phone.open("you");
      }, { class: "plain", id: `${phone.id}-help-${date}` })),
  ];
}

/** @param {Phone} phone @param {Day} day */
function sealWords(phone, day) {
  const mine = day.me.state === "answered";
  const theirs = day.partner.state === "answered";
  if (mine && !theirs) return day.me.share_first ? `${phone.partner} can read yours.` : `Yours is sealed. Both open once ${phone.partner} has answered too.`;
  if (theirs && day.partner.text) return `${phone.partner} shared theirs with you first.`;
  if (theirs) return `${phone.partner} has answered. It opens once you answer too.`;
  return "Both answers stay sealed until you’ve both answered.";
}

/** @param {Day} day */
function closedPart(day) {
  return h("div", { class: "stack" }, day.me.text && words("p", day.me.text, { class: "letter" }), h("p", { class: "hint" }, "This day is closed"));
}

/** @param {Phone} phone @param {Day} day */
function answerPart(phone, day) {
  const name = `answer-${day.date}`;
  const answered = day.me.state === "answered";
  const editing = !answered || phone.data["editing"] === day.date;
  const theirs = day.partner.text ? letter(phone.partner, day.partner.text, day.partner.edited) : null;
  if (!editing) {
    return h("div", { class: "stack" },
      theirs,
      day.me.text ? letter("You", day.me.text) : h("p", { class: "done" }, "You checked this off."),
      button("Edit", () => {
        if (!phone.draft(name)) write(phone, name, day.me.text ?? "", day);
        phone.data["editing"] = day.date;
        phone.render();
        document.getElementById(`${phone.id}-${name}`)?.focus();
      }, { class: "plain", id: `${phone.id}-change-${day.date}` }),
    );
  }
  const question = day.prompt.kind === "question";
  const text = h("textarea", {
    id: `${phone.id}-${name}`,
    rows: question ? 4 : 2,
    dir: "auto",
    props: { value: phone.draft(name) },
  });
  text.addEventListener("input", () => write(phone, name, text.value, day));
  const wish = phone.draft(`${name}-first`);
  const first = h("input", { id: `${phone.id}-first-${day.date}`, props: { checked: wish ? wish === "yes" : day.me.share_first } });
  first.addEventListener("change", () => phone.setDraft(`${name}-first`, first.checked ? "yes" : "no"));
  return h("div", { class: "stack" },
    theirs,
    field(question ? "Your answer" : "Add a few words, if you like", text, null, counter(text, LIMITS.answer)),
    changeNotice(phone, name, day),
    checkbox("Share mine with my partner right away", first, "Otherwise nobody can read it until you’ve both answered."),
    button(question ? (answered ? "Seal it again" : "Seal my answer") : "We did it", async () => {
      if (question && !text.value.trim()) return text.focus();
      if (!text.reportValidity()) return;
      await phone.act(async () => {
        const after = await phone.api.call("put", "/v1/days/{date}/answer", {
          path: { date: day.date },
          body: {
            text: trimmed(text.value) || null,
            share_first: first.checked,
            revision: day.me.revision ?? null,
            prompt: day.prompt.id,
          },
        });
        forget(phone, name);
        delete phone.data["editing"];
        put(phone, after);
      });
      await phone.refresh();
    }, { class: "primary", id: `${phone.id}-seal-${day.date}` }),
    day.swappable && button("Try another prompt", async () => {
      await phone.act(async () => put(phone, await phone.api.call("post", "/v1/days/{date}/swap", { path: { date: day.date } })));
      await phone.refresh();
    }, { class: "plain", id: `${phone.id}-swap-${day.date}` }),
  );
}

/** Shows both answers, with an animation the first time on this phone. @param {Phone} phone @param {Day} day */
function openedPart(phone, day) {
  if (!phone.kept.locked && !phone.kept.opened.includes(day.date)) {
    phone.keep({ opened: [...phone.kept.opened, day.date] });
    phone.unfolding = day.date;
    setTimeout(() => (phone.unfolding = ""), UNFOLDING);
  }
  return h("div", { class: `opened ${phone.unfolding === day.date ? "unfolding" : ""}` },
    h("div", { class: "seal" }, candles(true, true), h("p", { class: "seal-words" }, "Both are open.")),
    letter("You", day.me.text ?? "I was there."),
    letter(phone.partner, day.partner.text ?? "I was there.", day.partner.edited),
    reflectPart(phone, day),
  );
}

/** Shows a changed day at once, before the next refresh. @param {Phone} phone @param {Day} day */
function put(phone, day) {
  const { shown, journal } = phone.data;
  const asNow = (/** @type {any} */ each) => (each?.date === day.date ? day : each);
  if (shown) phone.data["shown"] = { ...shown, today: asNow(shown.today), previous: asNow(shown.previous), next: asNow(shown.next) };
  if (journal) phone.data["journal"] = { ...journal, days: journal.days.map(asNow) };
  phone.render();
}

/** @param {Phone} phone */
function touchCard(phone) {
  /** @type {Schema["TouchTodayView"] | undefined} */
  const touch = phone.data["touch"];
  return touch?.gesture ? h("article", { class: "card touch" }, h("h4", null, "A small gesture for today"), words("p", touch.gesture.text)) : null;
}

/** @param {Phone} phone */
function nudgeCard(phone) {
  /** @type {Schema["NudgesView"] | undefined} */
  const nudges = phone.data["nudges"];
  const latest = nudges?.received[0];
  if (!latest) return null;
  const [label, path] = GESTURES[latest.gesture];
  return h("article", { class: "card nudge" }, icon(path), h("p", null, words("span", `${phone.partner}: `), h("strong", null, label)));
}
