// The tab "Me": profile, reminders, packs, pause, help, export, devices, disconnecting, and the way to erase the account.

import { dateIn, dateWords, zoneChoices } from "../clock.js";
import { LIMITS, checkbox, counter, field, words } from "../parts.js";
import { button, h, select } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { BARRIERS, LANGUAGES, PLATFORMS, SPOKEN, WEEKDAYS } from "../words.js";
import { erasePart } from "./erase.js";
import { exportPart, lastExport } from "./export.js";
import { pausePart } from "./pause.js";
import { leavingWords, unsafeWords } from "./safety.js";
import { waiting } from "./waiting.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** The name and the title of each part, and the function that builds it. Add a new part here. @type {readonly (readonly [string, string, (phone: Phone) => HTMLElement | null])[]} */
const PARTS = [
  ["profile", "About me", profilePart],
  ["reminders", "Reminders", remindersPart],
  ["packs", "Our packs", packsPart],
  ["pause", "Pause", pausePart],
  ["help", "Help", helpPart],
  ["export", "What I wrote", exportPart],
  ["devices", "My devices", devicesPart],
  ["disconnect", "Disconnect", disconnectPart],
  ["erase", "Erase my account", erasePart],
];

/** The parts for a person in no couple. */
const ALONE = ["profile", "reminders", "help", "devices", "erase"];

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
    return h("div", { class: "stack" },
      h("h3", null, words("span", phone.me?.display_name ?? "")),
      notificationsCard(phone),
      ...PARTS.map((part) => folded(phone, part)),
    );
  },
};

/** @param {Phone} phone */
export async function loadParts(phone) {
  phone.data["reminders"] = await phone.api.call("get", "/v1/me/reminders", {});
  phone.data["notifications"] = await phone.api.call("get", "/v1/me/notifications", {});
  phone.data["devices"] = (await phone.api.call("get", "/v1/me/devices", {})).devices;
  await loadHelp(phone);
}

/** Loads the help for the country of the person's zone, or for the country that they chose. @param {Phone} phone */
async function loadHelp(phone) {
  phone.data["help"] = await phone.api.call("get", "/v1/help", { query: { country: phone.draft("help-country") || null } });
}

/** Builds the parts for a person in no couple. @param {Phone} phone */
export function aloneParts(phone) {
  return phone.data["help"] ? [notificationsCard(phone), ...PARTS.filter(([name]) => ALONE.includes(name)).map((part) => folded(phone, part))] : [waiting(phone)];
}

/** @param {Phone} phone @param {readonly [string, string, (phone: Phone) => HTMLElement | null]} part */
function folded(phone, [name, title, part]) {
  return h("details", { class: "card part", name: `${phone.id}-part`, id: `${phone.id}-fold-${name}`, open: phone.data["part"] === name },
    h("summary", { id: `${phone.id}-part-${name}` }, title),
    part(phone),
  );
}

/**
 * Makes a form that keeps unsaved changes when the screen is drawn again.
 * @param {Phone} phone
 * @param {string} name
 * @param {() => Promise<unknown>} save
 * @param {...import("../ui/dom.js").Children} children
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
  const name = h("input", { id: id("name"), type: "text", pattern: ".*\\S.*", title: "The name your partner calls you", required: true, dir: "auto", props: { value: me.display_name } });
  const zone = select(zoneChoices(), me.zone, { id: id("zone") });
  const language = select(LANGUAGES, me.language, { id: id("language") });
  const depth = select([[1, "Light"], [2, "Closer"], [3, "Deep"]], me.depth, { id: id("depth") });
  const touch = select([[0, "None for now"], [1, "A little"], [2, "Warm"], [3, "Comfortable"]], me.touch_comfort, { id: id("touch") });
  const barriers = Object.entries(BARRIERS).map(([barrier, label]) =>
    checkbox(label, h("input", { id: id(barrier), value: barrier, props: { checked: me.barriers.some((each) => each === barrier) } })),
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
    field("How deep prompts can go", depth, "You get prompts that suit you both. For your first four weeks together, all of them are light."),
    field("Touch", touch, "Small gestures come only while you both want them. For your first four weeks together, no prompt asks for touch."),
    h("fieldset", { class: "barriers" }, h("legend", null, "What’s hard right now"), h("p", { class: "hint" }, "Only you see this. It counts a little when we choose prompts, with some chance, so that nobody can guess it."), ...barriers),
    checkbox("Hide the streak", hidden),
  );
  return element;
}

/** Builds the card that pauses all notifications with one tap. No other tab shows the pause, because the partner may look. @param {Phone} phone */
function notificationsCard(phone) {
  /** @type {Schema["NotificationsBody"] | undefined} */
  const now = phone.data["notifications"];
  if (!now) return null;
  return h("article", { class: "card" },
    now.paused && h("p", null, "All notifications are paused, on all your phones, until you turn them on again."),
    button(now.paused ? "Turn notifications on" : "Pause all notifications", async () => {
      await phone.act(async () => {
        phone.data["notifications"] = await phone.api.call("put", "/v1/me/notifications", { body: { paused: !now.paused } });
      });
      phone.render();
    }, { id: `${phone.id}-notifications` }),
    h("p", { class: "hint" }, `Only you know. ${now.paused ? "Reminders that you miss don’t come later." : "Your times stay as they are."} If a new phone is added to your account, you still get a warning.`),
  );
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
  const days = WEEKDAYS.map(([day, label]) => checkbox(label, h("input", { id: id(day), value: day, props: { checked: kept.touch?.weekdays.includes(day) ?? false } })));
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
    h("div", { class: "pair-of-fields" }, field("Prompt at", prompt), field("Evening reminder", evening)),
    h("p", { class: "hint" }, "The evening reminder comes only if you haven’t answered yet. Leave it empty to turn it off."),
    h("div", { class: "pair-of-fields" }, field("Quiet from", start), field("Until", end)),
    h("fieldset", { class: "weekdays" }, h("legend", null, "A small gesture of touch on"), h("div", { class: "weekday-row" }, ...days), field("At", touchTime), h("p", { class: "hint" }, "It comes once you’ve both chosen days, and neither of you has “None for now” under “Touch”. Now and then there is a break from it.")),
    checkbox("Don’t show me nudges", muted, "Your partner won’t know."),
    checkbox("Tell me about new packs", news),
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
  return h("div", { class: "stack" },
    h("p", { class: "hint" }, "What one of you chooses is for both of you."),
    ...packs.map((pack) =>
      h("div", { class: "pack" },
        h("div", null, words("strong", pack.title), words("p", pack.written_for, { class: "hint" }), h("p", { class: "hint" }, counted(pack.prompts, "prompt", "prompts"))),
        button(pack.chosen ? "Turn off" : "Choose", () => toggle(pack), { id: `${phone.id}-pack-${pack.id}`, "aria-pressed": String(pack.chosen), "aria-label": `${pack.chosen ? "Turn off" : "Choose"}: ${pack.title}` }),
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
  const offered = help.choose_country.map((each) => /** @type {const} */ ([each.country, each.name]));
  const country = select([["", "Choose a country"], ...offered], "", { id: `${phone.id}-help-country` });
  country.addEventListener("change", async () => {
    phone.setDraft("help-country", country.value);
    await phone.act(() => loadHelp(phone));
    phone.render();
  });
  // As long as the country is unknown, show only the lines that are for every country.
  const lines = help.country ? help.lines : help.lines.filter((line) => line.country === null);
  return h("div", { class: "stack" },
    help.booking && h("p", null, link(help.booking.url, help.booking.label)),
    help.choose_country.length > 0 && field("Which country are you in?", country),
    ...lines.map((line) =>
      h("div", { class: "help-line" },
        words("strong", line.name),
        line.phone && h("p", null, link(`tel:${line.phone.replace(/[^\d+*#]/g, "")}`, `Call ${line.phone}`)),
        line.text && words("p", `Text ${line.text}`),
        line.url && h("p", null, link(line.url, line.url.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, ""))),
        (line.hours || line.note) && words("p", [line.hours, line.note].filter(Boolean).join(". "), { class: "hint" }),
      ),
    ),
    lines.length === 0 && help.choose_country.length === 0 && h("p", { class: "hint" }, "Not set up yet."),
  );
}

/** @param {string} url @param {string} label */
function link(url, label) {
  // The practice typed this text, so it may not be a link.
  return /^(https?|tel):/.test(url) ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, words("span", label)) : words("span", label);
}

/** @param {Phone} phone */
function devicesPart(phone) {
  /** @type {Schema["DeviceView"][]} */
  const devices = phone.data["devices"] ?? [];
  const asked = phone.data["signing-out"];
  return h("div", { class: "stack" },
    ...devices.map((device) =>
      h("p", null, `${PLATFORMS[device.platform]}, since ${dateWords(dateIn(phone.zone, new Date(device.added_at)), phone.language)}`),
    ),
    h("p", { class: "hint" }, "If you don’t know one of these, or lost a phone, sign out everywhere. Then sign in again on your own phone."),
    !asked && button("Sign out everywhere", () => {
      phone.data["signing-out"] = true;
      phone.render();
    }, { class: "danger", id: `${phone.id}-sign-out` }),
    // This button takes the place of the first one, so that a double press does not sign out.
    asked && button("No, stay signed in", () => {
      delete phone.data["signing-out"];
      phone.render();
    }, { id: `${phone.id}-stay-signed-in` }),
    asked && button("Yes, sign out everywhere", async () => {
      if (await phone.act(() => phone.api.call("post", "/v1/me/sign-out-everywhere", {}))) phone.api.end();
    }, { class: "danger", id: `${phone.id}-sign-out-now` }),
  );
}

/** @param {Phone} phone */
function disconnectPart(phone) {
  const asked = phone.data["disconnecting"];
  return h("div", { class: "stack" },
    leavingWords(phone),
    unsafeWords(phone, "disconnecting"),
    lastExport(phone),
    !asked && button("Disconnect", () => {
      phone.data["disconnecting"] = true;
      phone.render();
    }, { class: "danger", id: `${phone.id}-disconnect` }),
    // This button takes the place of the first one, so that a double press does not disconnect.
    asked && button("No, stay connected", () => {
      delete phone.data["disconnecting"];
      phone.render();
    }, { id: `${phone.id}-stay` }),
    asked && button("Yes, disconnect now", async () => {
      if (await phone.act(() => phone.api.call("delete", "/v1/couple", {}))) {
        phone.setCouple(null);
        await phone.refresh();
      }
    }, { class: "danger", id: `${phone.id}-disconnect-now` }),
  );
}

