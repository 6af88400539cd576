// Settings: who I am, when the app may speak, how deep and how close, what we play, help, and the ways out.

import { LIMITS, counter } from "../characters.js";
import { zones } from "../clock.js";
import { button, field, h, select, tick, words } from "../dom.js";
import { exportPart } from "./export.js";
import { pausePart } from "./pause.js";
import { waiting } from "./waiting.js";
import { BARRIERS, LANGUAGES, SPOKEN, WEEKDAYS, counted } from "../words.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** Title and content of each part, folded up until it is asked for: a new one is one more of these. @type {readonly (readonly [string, string, (phone: Phone) => HTMLElement | null])[]} */
const PARTS = [
  ["profile", "About me", profilePart],
  ["reminders", "When Rekindle may speak", remindersPart],
  ["packs", "Our packs", packsPart],
  ["pause", "A pause", pausePart],
  ["help", "Help, one tap away", helpPart],
  ["export", "What I wrote", exportPart],
  ["parting", "Parting", partingPart],
];

/** What there is of it before one is two. */
const ALONE = ["profile", "reminders", "help"];

/** @type {import("../phone.js").Tab} */
export const you = {
  title: "Me",
  path: "M12 11.500a3.700 3.700 0 1 0 0-7.400 3.700 3.700 0 0 0 0 7.400Zm-7.500 8.500c.5-4 3.500-6 7.500-6s7 2 7.500 6",
  async load(phone) {
    phone.data["packs"] = (await phone.api.call("get", "/v1/packs", {})).packs;
    await loadParts(phone);
  },
  view(phone) {
    if (!phone.data["help"]) return waiting(phone);
    return h(
      "div",
      { class: "stack" },
      h("h3", null, words("span", phone.me?.display_name ?? "")),
      ...PARTS.map((part) => folded(phone, part)),
    );
  },
};

/** @param {Phone} phone */
export async function loadParts(phone) {
  phone.data["reminders"] = await phone.api.call("get", "/v1/me/reminders", {});
  await loadHelp(phone);
}

/** Help for the country of the person's zone, or for the one that they have chosen. @param {Phone} phone */
async function loadHelp(phone) {
  phone.data["help"] = await phone.api.call("get", "/v1/help", { query: { country: phone.draft("help-country") || null } });
}

/** For somebody who is in no couple. @param {Phone} phone */
export function aloneParts(phone) {
  return phone.data["help"] ? PARTS.filter(([name]) => ALONE.includes(name)).map((part) => folded(phone, part)) : [waiting(phone)];
}

/** @param {Phone} phone @param {readonly [string, string, (phone: Phone) => HTMLElement | null]} part */
function folded(phone, [name, title, part]) {
  return h(
    "details",
    { class: "card part", name: `${phone.id}-part`, id: `${phone.id}-fold-${name}`, open: phone.data["part"] === name },
    h("summary", { id: `${phone.id}-part-${name}` }, title),
    part(phone),
  );
}

/**
 * A form whose fields stay as they are filled in, until it is saved.
 * @param {Phone} phone
 * @param {string} name
 * @param {() => Promise<unknown>} save
 * @param {...import("../dom.js").Children} children
 */
function form(phone, name, save, ...children) {
  const saved = h("p", { class: "hint", role: "status" }, phone.data["saved"] === name && "Saved.");
  const element = h(
    "form",
    {
      class: "stack",
      id: `${phone.id}-form-${name}`,
      on: {
        input: () => {
          element.dataset["changed"] = "yes";
          saved.textContent = "";
          delete phone.data["saved"];
        },
        submit: (/** @type {SubmitEvent} */ event) => event.preventDefault(),
      },
    },
    ...children,
    button("Save", async () => {
      if (!element.reportValidity()) return;
      if (await phone.act(save)) {
        delete element.dataset["changed"];
        phone.data["saved"] = name;
        phone.render();
      }
    }, { class: "primary" }),
    saved,
  );
  return element;
}

/** @param {Phone} phone */
function profilePart(phone) {
  const me = phone.me;
  if (!me) return null;
  const id = (/** @type {string} */ name) => `${phone.id}-my-${name}`;
  const name = h("input", { id: id("name"), type: "text", pattern: ".*\\S.*", title: "A name that your partner knows you by", required: true, dir: "auto", props: { value: me.display_name } });
  const zone = select(id("zone"), zones().map((each) => [each, each.replaceAll("_", " ")]), me.zone);
  const language = select(id("language"), LANGUAGES, me.language);
  const depth = select(id("depth"), [[1, "Light, to begin with"], [2, "Closer"], [3, "All the way"]], me.depth);
  const touch = select(id("touch"), [[0, "None for now"], [1, "Small"], [2, "Warm"], [3, "At ease with it"]], me.touch_comfort);
  const barriers = Object.entries(BARRIERS).map(([barrier, label]) =>
    tick(label, h("input", { id: id(barrier), value: barrier, props: { checked: me.barriers.some((each) => each === barrier) } })),
  );
  const hidden = h("input", { id: id("hidden"), props: { checked: me.streak_hidden } });
  const element = form(
    phone,
    "profile",
    async () => {
      const chosen = [...element.querySelectorAll(".barriers input:checked")].map((each) => /** @type {HTMLInputElement} */ (each).value);
      phone.me = await phone.api.call("put", "/v1/me", {
        body: {
          display_name: name.value,
          zone: zone.value,
          language: language.value,
          depth: Number(depth.value),
          touch_comfort: Number(touch.value),
          barriers: /** @type {Schema["Barrier"][]} */ (chosen),
          streak_hidden: hidden.checked,
        },
      });
    },
    field("My name", name, null, counter(name, LIMITS.name)),
    field("My time zone", zone),
    field("My language", language, SPOKEN),
    field("How deep prompts may go", depth, "You two get what suits both. Nobody is told whose wish it was."),
    field("Touch", touch, "Small gestures come only while both of you want them."),
    h("fieldset", { class: "barriers" }, h("legend", null, "What weighs just now"), h("p", { class: "hint" }, "Only you ever see this. Prompts lean toward it."), ...barriers),
    tick("Hide the streak", hidden),
  );
  return element;
}

/** @param {Phone} phone */
function remindersPart(phone) {
  /** @type {Schema["RemindersBody"] | undefined} */
  const kept = phone.data["reminders"];
  if (!kept) return null;
  const id = (/** @type {string} */ name) => `${phone.id}-when-${name}`;
  const time = (/** @type {string} */ name, /** @type {string | undefined | null} */ value, step = 300) =>
    h("input", { id: id(name), type: "time", step, props: { value: value ?? "" } });
  const prompt = time("prompt", kept.prompt_time);
  prompt.required = true;
  const evening = time("evening", kept.evening_time);
  const start = time("quiet-start", kept.quiet_hours?.start, 60);
  const end = time("quiet-end", kept.quiet_hours?.end, 60);
  const touchTime = time("touch", kept.touch?.time ?? "19:00");
  const days = WEEKDAYS.map(([day, label]) => tick(label, h("input", { id: id(day), value: day, props: { checked: kept.touch?.weekdays.includes(day) ?? false } })));
  const muted = h("input", { id: id("muted"), props: { checked: kept.nudges_muted ?? false } });
  const news = h("input", { id: id("news"), props: { checked: kept.news ?? true } });
  const element = form(
    phone,
    "reminders",
    async () => {
      const weekdays = /** @type {Schema["Weekday"][]} */ ([...element.querySelectorAll(".weekdays input:checked")].map((each) => /** @type {HTMLInputElement} */ (each).value));
      phone.data["reminders"] = await phone.api.call("put", "/v1/me/reminders", {
        body: {
          prompt_time: prompt.value,
          evening_time: evening.value || null,
          quiet_hours: start.value && end.value ? { start: start.value, end: end.value } : null,
          touch: weekdays.length ? { weekdays, time: touchTime.value } : null,
          nudges_muted: muted.checked,
          news: news.checked,
        },
      });
    },
    h("div", { class: "pair-of-fields" }, field("Today’s prompt", prompt), field("In the evening", evening)),
    h("p", { class: "hint" }, "The evening’s word comes only while your answer is not there yet. Empty means never."),
    h("div", { class: "pair-of-fields" }, field("Quiet from", start), field("until", end)),
    h("fieldset", { class: "weekdays" }, h("legend", null, "A small gesture of touch on"), h("div", { class: "weekday-row" }, ...days), field("at", touchTime), h("p", { class: "hint" }, "It comes while both of you have chosen days, and neither has “None for now” under “Touch”.")),
    tick("Do not show me nudges", muted, "The other is not told."),
    tick("Tell me of new packs", news),
  );
  return element;
}

/** @param {Phone} phone */
function packsPart(phone) {
  /** @type {Schema["PackView"][]} */
  const packs = phone.data["packs"] ?? [];
  const code = h("input", { id: `${phone.id}-practice-code`, class: "code-input", autocomplete: "off", spellcheck: "false", dir: "ltr", props: { value: phone.draft("practice-code") } });
  code.addEventListener("input", () => phone.setDraft("practice-code", code.value));
  const again = async () => {
    phone.data["packs"] = (await phone.api.call("get", "/v1/packs", {})).packs;
  };
  /** @param {Schema["PackView"]} pack */
  const toggle = async (pack) => {
    await phone.act(async () => {
      const path = { pack_id: pack.id };
      if (pack.chosen) await phone.api.call("delete", "/v1/couple/packs/{pack_id}", { path });
      else await phone.api.call("put", "/v1/couple/packs/{pack_id}", { path });
      await again();
    });
    phone.render();
  };
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "hint" }, "What one of you chooses plays for both."),
    ...packs.map((pack) =>
      h(
        "div",
        { class: "pack" },
        h("div", null, words("strong", pack.title), words("p", pack.written_for, { class: "hint" }), h("p", { class: "hint" }, counted(pack.prompts, "prompt", "prompts"))),
        button(pack.chosen ? "Put aside" : "Choose", () => toggle(pack), { id: `${phone.id}-pack-${pack.id}`, "aria-pressed": String(pack.chosen), "aria-label": `${pack.chosen ? "Put aside" : "Choose"}: ${pack.title}` }),
      ),
    ),
    field("A code from your practice", code),
    button("Use this code", async () => {
      if (!code.value.trim()) return code.focus();
      await phone.act(async () => {
        await phone.api.call("post", "/v1/couple/practice-code", { body: { code: code.value } });
        phone.setDraft("practice-code", "");
        await again();
      });
      phone.render();
    }),
  );
}

/** @param {Phone} phone */
function helpPart(phone) {
  /** @type {Schema["HelpView"] | undefined} */
  const help = phone.data["help"];
  if (!help) return null;
  const offered = [["", "Choose a country"], ...help.choose_country.map((each) => [each.country, each.name])];
  const country = select(`${phone.id}-help-country`, /** @type {[string, string][]} */ (offered), "");
  country.addEventListener("change", async () => {
    phone.setDraft("help-country", country.value);
    await phone.act(() => loadHelp(phone));
    phone.render();
  });
  // Numbers of a country that somebody is not in help nobody.
  const lines = help.country ? help.lines : help.lines.filter((line) => line.country === null);
  return h(
    "div",
    { class: "stack" },
    help.booking && h("p", null, link(help.booking.url, help.booking.label)),
    help.choose_country.length > 0 && field("Which country are you in?", country),
    ...lines.map((line) =>
      h(
        "div",
        { class: "help-line" },
        words("strong", line.name),
        line.phone && h("p", null, link(`tel:${line.phone.replace(/[^\d+*#]/g, "")}`, `Call ${line.phone}`)),
        line.text && words("p", `Text ${line.text}`),
        line.url && h("p", null, link(line.url, line.url.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, ""))),
        (line.hours || line.note) && words("p", [line.hours, line.note].filter(Boolean).join(". "), { class: "hint" }),
      ),
    ),
    lines.length === 0 && help.choose_country.length === 0 && h("p", { class: "hint" }, "Nobody has set this up yet."),
  );
}

/** @param {string} url @param {string} label */
function link(url, label) {
  // What the practice typed is a link only if it is one.
  return /^(https?|tel):/.test(url) ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, words("span", label)) : words("span", label);
}

/** @param {Phone} phone */
function partingPart(phone) {
  const asked = phone.data["parting"];
  return h(
    "div",
    { class: "stack" },
    h("p", null, `You can unpair at any time, alone and at once. ${phone.partner} gets no message. What you both wrote is closed for both; for 30 days you can save your own words.`),
    !asked && button("Unpair", () => {
      phone.data["parting"] = true;
      phone.render();
    }, { class: "danger", id: `${phone.id}-unpair` }),
    // Where the first button was, so that whoever presses twice in haste has said nothing.
    asked && button("No, stay", () => {
      delete phone.data["parting"];
      phone.render();
    }, { id: `${phone.id}-stay` }),
    asked && button("Yes, unpair now", async () => {
      if (await phone.act(() => phone.api.call("delete", "/v1/couple", {}))) {
        phone.setCouple(null);
        await phone.refresh();
      }
    }, { class: "danger", id: `${phone.id}-unpair-now` }),
  );
}

