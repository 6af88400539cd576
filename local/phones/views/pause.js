// A pause. Either partner can start and end it for both. The app never says which of them did.

import { dateIn, dateWords, later } from "../clock.js";
import { field } from "../parts.js";
import { button, h } from "../ui/dom.js";

/** @typedef {import("../phone.js").Phone} Phone */

const LONGEST = 92;
const USUAL = 7;

/** Builds the note about the pause on the tab "Today". @param {Phone} phone */
export function pauseNote(phone) {
  const pause = phone.couple?.pause;
  return pause ? h("p", { class: "pause-note" }, `You two are taking a pause until ${dateWords(pause.until, phone.language)}. Today’s prompt is still here if you like.`) : null;
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

  return h("div", { class: "stack" },
    h("p", null, pause ? `You two are taking a pause. The first day after it is ${dateWords(pause.until, phone.language)}.` : "Busy weeks, a trip, a hard time: take a break for a while, both of you."),
    h("p", { class: "hint" }, "You get no reminders during a pause, and your streak stays. We don’t say whose idea it was."),
    field("First day after the pause", until),
    h("div", { class: "row" },
      button(pause ? "Change the date" : "Take a pause", () => (until.reportValidity() ? pauseUntil() : undefined), { id: `${phone.id}-pause` }),
      pause && button("End the pause today", end, { id: `${phone.id}-pause-end` }),
    ),
  );
}
