// Reflections. When both answers are open, each partner can reply to the other's answer.

import { LIMITS, counter, field, words } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { trimmed } from "../ui/text.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** @type {Record<Exclude<Schema["ReflectionKind"], "heard">, string>} */
const IN_A_WORD = { thank_you: "Thank you", i_hear_you: "I hear you", tell_me_more: "Tell me more" };

/** @param {Phone} phone @param {Schema["DayView"]} day */
export function reflectPart(phone, day) {
  const { me, partner } = day.reflections;
  return h("div", { class: "reflections" },
    partner && shown(phone.partner, partner),
    me ? shown("You", me) : asking(phone, day),
  );
}

/** @param {string} from @param {Schema["ReflectionView"]} reflection */
function shown(from, { kind, text }) {
  return h("figure", { class: "reflection" },
    words("figcaption", from),
    kind === "heard" ? words("blockquote", `“${text}”`) : h("p", null, IN_A_WORD[kind]),
  );
}

/** @param {Phone} phone @param {Schema["DayView"]} day */
function asking(phone, day) {
  const name = `heard-${day.date}`;
  const heard = h("textarea", { id: `${phone.id}-${name}`, rows: 2, dir: "auto", props: { value: phone.draft(name) } });
  heard.addEventListener("input", () => phone.setDraft(name, heard.value));

  /** @param {Schema["ReflectionKind"]} kind @param {string | null} text */
  async function leave(kind, text) {
    const done = await phone.act(() =>
      phone.api.call("put", "/v1/days/{date}/reflection", { path: { date: day.date }, body: { kind, text } }),
    );
    if (done) phone.setDraft(name, "");
    await phone.refresh();
  }

  return h("details", { class: "reflect", id: `${phone.id}-reflect-${day.date}`, open: day.reflect === "heard" || phone.draft(name) !== "" },
    h("summary", null, `Respond to ${phone.partner}`),
    h("div", { class: "row" },
      ...Object.entries(IN_A_WORD).map(([kind, label]) =>
        button(label, () => leave(/** @type {Schema["ReflectionKind"]} */ (kind), null), { id: `${phone.id}-${kind}-${day.date}` }),
      ),
    ),
    field("What I heard you say", heard, "Say it back in your own words. There is nothing to fix and nothing to argue.", counter(heard, LIMITS.reflection)),
    button("Send what I heard", () => {
      if (!heard.value.trim()) return heard.focus();
      return heard.reportValidity() ? leave("heard", trimmed(heard.value)) : undefined;
    }, { id: `${phone.id}-leave-${day.date}` }),
  );
}
