// The list of packs, and the form for a new pack.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema["PackSummary"]} Pack */


import { ask } from "../dialogs.js";
import { field, firstInvalid } from "../forms.js";
import { packsWithUnsaved } from "../kept.js";
import { announce, loading } from "../notices.js";
import { button, fill, h, select } from "../ui/dom.js";
import { counted, trimmed } from "../ui/text.js";
import { AUDIENCES, LANGUAGES, STATES, byText, dateText, languageName, listed, shortInstant } from "../words.js";
import { newPack, slugOf } from "../yaml.js";

/** @type {import("../words.js").Pairs} */
const FILTERS = [["", "All packs"], ...Object.entries(STATES), ["drafts", "With a draft"]];

/** @param {Console} context */
export function packsView(context) {
  /** @type {Set<string>} */
  const taken = new Set();
  const region = loading(async () => {
    const { packs } = await context.api.call("get", "/v1/practice/packs", {});
    for (const pack of packs) taken.add(pack.id);
    return listOf(context, packs, taken);
  }, "Loading the packs");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" },
      h("h1", { tabindex: "-1" }, "Packs"),
      context.session.mayPublish && button("New pack", () => startPack(context, taken), { class: "primary" })),
    region);
  return { element, title: "Packs" };
}

/** @param {Console} context @param {Pack[]} packs @param {Set<string>} taken */
function listOf(context, packs, taken) {
  const kept = new Set(packsWithUnsaved(context.session.uid));
  const wanted = h("input", { type: "search", id: "pack-search", placeholder: "Title or name", autocomplete: "off" });
  const state = select(FILTERS, "", { id: "pack-state" });
  const list = h("ul", { class: "packs" });
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const draw = () => {
    const word = wanted.value.trim().toLowerCase();
    const shown = packs.filter((pack) =>
      (!word || pack.title.toLowerCase().includes(word) || pack.id.includes(word)) &&
      (!state.value || (state.value === "drafts" ? Boolean(pack.draft_saved) : pack.state === state.value)));
    count.textContent = shown.length === packs.length ? counted(packs.length, "pack") : `${shown.length} of ${counted(packs.length, "pack")}`;
    fill(list, shown.map((pack) => itemOf(pack, context, kept)));
    if (!shown.length && packs.length) fill(list, h("li", { class: "empty" }, "No matches. Change the search or the filter."));
  };
  wanted.addEventListener("input", draw);
  state.addEventListener("change", draw);
  draw();
  const unknown = [...kept].filter((id) => !packs.some((pack) => pack.id === id));
  if (!packs.length && !unknown.length) {
    return h("div", { class: "empty-page" },
      h("h2", {}, "No packs yet"),
      h("p", {}, "A pack is a set of prompts for couples. A new pack starts with notes that explain each line, and a first prompt to replace."),
      context.session.mayPublish && button("Write the first pack", () => startPack(context, taken), { class: "primary" }));
  }
  return [
    unknown.length > 0 && h("p", { class: "banner" }, "Not saved yet, only on this computer: ",
      unknown.map((id, at) => [at > 0 && ", ", h("a", { href: `#/packs/${id}` }, id)])),
    h("div", { class: "filters", role: "search", "aria-label": "Packs" },
      h("div", { class: "field" }, h("label", { for: "pack-search" }, "Search"), wanted),
      h("div", { class: "field" }, h("label", { for: "pack-state" }, "Show"), state)),
    count,
    list,
  ];
}

/** @param {Pack} pack @param {Console} context @param {Set<string>} kept */
function itemOf(pack, context, kept) {
  const me = context.session.email;
  const changed = pack.draft_saved ? `Draft saved by ${byText(pack.draft_saved, me)}` : pack.published ? `Published by ${byText(pack.published, me)}` : "";
  return h("li", { class: "pack-card" },
    h("div", { class: "pack-card-main" },
      h("h2", {}, h("a", { href: `#/packs/${pack.id}` }, h("bdi", {}, pack.title || pack.id))),
      h("p", { class: "pack-facts" }, [
        AUDIENCES[pack.audience].label,
        counted(pack.prompts, "prompt"),
        pack.languages.length > 0 && listed(pack.languages.map(languageName)),
      ].filter(Boolean).join(" · ")),
      changed && h("p", { class: "hint" }, changed)),
    h("p", { class: "badges" },
      stateBadge(pack),
      pack.scheduled && h("span", { class: "badge scheduled" }, `New version ${shortInstant(pack.scheduled.at)}`),
      pack.draft_saved && pack.state !== "draft" && h("span", { class: "badge draft" }, "Draft in progress"),
      kept.has(pack.id) && h("span", { class: "badge unsaved" }, "Not saved, on this computer"),
      pack.withdrawn_prompts.length > 0 && h("span", { class: "badge withdrawn" }, `${counted(pack.withdrawn_prompts.length, "prompt")} withdrawn`),
      pack.news_on && h("span", { class: "badge plain" }, `Announced for ${dateText(pack.news_on)}`)));
}

/** Shows a pack's state in words, not only by color. @param {{ state: Pack["state"], live_version: number | null }} pack */
export function stateBadge(pack) {
  return h("span", { class: `badge ${pack.state}` }, STATES[pack.state],
    pack.state === "live" && pack.live_version ? `, version ${pack.live_version}` : "");
}

/** @param {Console} context @param {Set<string>} taken */
async function startPack(context, taken) {
  const id = await ask({
    title: "New pack",
    build: (/** @type {(id?: string) => void} */ close) => {
      const audiences = Object.entries(AUDIENCES).map(([each, { label }]) => /** @type {const} */ ([each, label]));
      const title = field("Title, as couples see it", h("input", { type: "text", autofocus: true, autocomplete: "off" }), { limit: 60 });
      const name = field("Short name", h("input", { type: "text", autocomplete: "off", spellcheck: "false" }),
        { limit: 48, hint: "For addresses and file names. It can’t change later. Lowercase letters, digits and hyphens." });
      const writtenFor = field("Who it is for, in one sentence", h("input", { type: "text", autocomplete: "off" }),
        { limit: 240, optional: true, hint: "Couples read this when they choose a pack. You can write it later." });
      const audience = field("Who gets it", select(audiences, "choice"),
        { hint: "You can change this in each version." });
      const language = field("Written in", select(LANGUAGES.map((each) => /** @type {const} */ ([each, languageName(each)])), "en"), { hint: "You can add other languages later." });
      let chosen = false;
      name.control.addEventListener("input", () => (chosen = true));
      title.control.addEventListener("input", () => {
        if (!chosen) name.control.value = slugOf(title.control.value);
      });
      const start = (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        title.problem(title.control.value.trim() ? title.excess() : "Give the pack a title.");
        const slug = name.control.value.trim();
        name.problem(nameProblem(slug, taken) ?? name.excess());
        writtenFor.problem(writtenFor.excess());
        const wrong = firstInvalid(title, name, writtenFor);
        if (wrong) return wrong.control.focus();
        context.startWith(slug, newPack({
          id: slug, title: trimmed(title.control.value), writtenFor: trimmed(writtenFor.control.value),
          audience: audience.control.value, language: language.control.value,
        }));
        close(slug);
      };
      const form = h("form", { id: "new-pack", novalidate: true, on: { submit: start } }, title.element, name.element, writtenFor.element, audience.element, language.element);
      return {
        body: form,
        actions: [
          button("Cancel", () => close(), { class: "quiet" }),
          h("button", { type: "submit", form: "new-pack", class: "button primary" }, "Start writing"),
        ],
      };
    },
  });
  if (id) {
    announce("The new pack is open.");
    context.go(`#/packs/${id}`);
  }
}

/** @param {string} slug @param {Set<string>} taken */
function nameProblem(slug, taken) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(slug)) return "Use lowercase letters, digits and single hyphens. Start with a letter.";
  return taken.has(slug) ? "Another pack already has this name. Choose a different one." : null;
}
