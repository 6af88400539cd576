// A pause, for both and by either: no reminder comes, nothing counts, and nobody is told who wished for it.

import { dateIn, dateWords, later } from "../clock.js";
import { button, field, h } from "../dom.js";

/** @typedef {import("../phone.js").Phone} Phone */

const LONGEST = 92;
const USUAL = 7;

/** Says on the day that there is a pause. @param {Phone} phone */
export function pauseNote(phone) {
  const pause = phone.couple?.pause;
  return pause ? h("p", { class: "pause-note" }, `You two are taking a pause. It ends as ${dateWords(pause.until, phone.language)} begins. Today’s prompt is here all the same, if you like.`) : null;
}

/** @param {Phone} phone */
export function pausePart(phone) {
  const pause = phone.couple?.pause;
  const today = dateIn(phone.zone);
  const until = h("input", {
    id: `${phone.id}-pause-until`,
    type: "date",
    required: true,
    min: later(today, 1),
    max: later(today, LONGEST),
    props: { value: pause?.until ?? later(today, USUAL) },
  });

  const pauseUntil = async () => {
    await phone.act(async () => {
      phone.setCouple(await phone.api.call("patch", "/v1/couple", { body: { pause: { until: until.value } } }));
    });
    phone.render();
  };

  const end = async () => {
    await phone.act(async () => {
      await phone.api.call("delete", "/v1/couple/pause", {});
      phone.setCouple(await phone.api.call("get", "/v1/couple", {}));
    });
    phone.render();
  };

  return h(
    "div",
    { class: "stack" },
    h("p", null, pause ? `You two are taking a pause. The first day after it is ${dateWords(pause.until, phone.language)}.` : "Busy weeks, a journey, a hard time: let it rest for a while, for both of you."),
    h("p", { class: "hint" }, "No reminder comes meanwhile, and the streak stays as it is. Nobody is told whose wish it was."),
    field("The first day after the pause", until),
    h(
      "div",
      { class: "row" },
      button(pause ? "Move the end" : "Take a pause", () => (until.reportValidity() ? pauseUntil() : undefined), { id: `${phone.id}-pause` }),
      pause && button("End it today", end, { id: `${phone.id}-pause-end` }),
    ),
  );
}
