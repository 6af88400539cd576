// The list of packs, and the beginning of a new one.

import { trimmed } from "../characters.js";
import { ask } from "../dialogs.js";
import { button, field, fill, h, select } from "../dom.js";
import { packsWithUnsaved } from "../kept.js";
import { announce, loading } from "../notices.js";
import { AUDIENCES, LANGUAGES, STATES, byText, counted, dateText, languageName, listed, shortInstant } from "../words.js";
import { newPack, slugOf } from "../yaml.js";

const FILTERS = [["", "All packs"], ...Object.entries(STATES), ["drafts", "With a draft in progress"]];

export function packsView(context) {
  const taken = new Set();
  const region = loading(async () => {
    const found = await context.api.get("packs");
    for (const pack of found.packs) taken.add(pack.id);
    return listOf(context, found, taken);
  }, "Loading the packs");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" },
      h("h1", { tabindex: "-1" }, "Packs"),
      context.session.mayPublish && button("New pack", () => startPack(context, taken), { kind: "primary" })),
    region);
  return { element, title: "Packs" };
}

function listOf(context, { packs }, taken) {
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
    if (!shown.length && packs.length) fill(list, h("li", { class: "empty" }, "No pack is like that. Change the search or the filter."));
  };
  wanted.addEventListener("input", draw);
  state.addEventListener("change", draw);
  draw();
  const unknown = [...kept].filter((id) => !packs.some((pack) => pack.id === id));
  if (!packs.length && !unknown.length) {
    return h("div", { class: "empty-page" },
      h("h2", {}, "No packs yet"),
      h("p", {}, "A pack is a set of prompts for couples. Start one from a template: it comes with notes that explain each line, and a first prompt to write over."),
      context.session.mayPublish && button("Write the first pack", () => startPack(context, taken), { kind: "primary" }));
  }
  return [
    unknown.length > 0 && h("p", { class: "banner" }, "Not saved yet, and only on this computer: ",
      unknown.map((id, at) => [at > 0 && ", ", h("a", { href: `#/packs/${id}` }, id)])),
    h("div", { class: "filters", role: "search", "aria-label": "Packs" },
      h("div", { class: "field" }, h("label", { for: "pack-search" }, "Search"), wanted),
      h("div", { class: "field" }, h("label", { for: "pack-state" }, "Show"), state)),
    count,
    list,
  ];
}

function itemOf(pack, context, kept) {
  const me = context.session.email;
  const changed = pack.draft_saved ? `Draft saved by ${byText(pack.draft_saved, me)}` : pack.published ? `Published by ${byText(pack.published, me)}` : "";
  return h("li", { class: "pack-card" },
    h("div", { class: "pack-card-main" },
      h("h2", {}, h("a", { href: `#/packs/${pack.id}` }, h("bdi", {}, pack.title || pack.id))),
      h("p", { class: "pack-facts" }, [
        AUDIENCES[pack.audience]?.label ?? pack.audience,
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

/** A pack's state as a badge: never by colour alone. */
export function stateBadge(pack) {
  return h("span", { class: `badge ${pack.state}` }, STATES[pack.state] ?? pack.state,
    pack.state === "live" && pack.live_version ? `, version ${pack.live_version}` : "");
}

async function startPack(context, taken) {
  const id = await ask({
    title: "A new pack",
    build: (close) => {
      const title = field("Title, as couples see it", h("input", { type: "text", autofocus: true, autocomplete: "off" }), { limit: 60 });
      const name = field("Short name", h("input", { type: "text", autocomplete: "off", spellcheck: "false" }),
        { limit: 48, hint: "It stands in addresses and file names, and stays as it is. Small letters, digits and hyphens." });
      const writtenFor = field("Whom it is for, in a sentence", h("input", { type: "text", autocomplete: "off" }),
        { limit: 240, optional: true, hint: "Couples read it when they choose. You can write it later." });
      const audience = field("Who gets it", select(Object.entries(AUDIENCES).map(([each, { label }]) => [each, label]), "choice"),
        { hint: "You can change it until you publish, and in each version after." });
      const language = field("Written in", select(LANGUAGES.map((each) => [each, languageName(each)]), "en"), { hint: "You can add other languages later." });
      let chosen = false;
      name.control.addEventListener("input", () => (chosen = true));
      title.control.addEventListener("input", () => {
        if (!chosen) name.control.value = slugOf(title.control.value);
      });
      const start = (event) => {
        event.preventDefault();
        title.problem(title.control.value.trim() ? title.excess() : "Give the pack a title.");
        const slug = name.control.value.trim();
        name.problem(nameProblem(slug, taken) ?? name.excess());
        writtenFor.problem(writtenFor.excess());
        const wrong = [title, name, writtenFor].find((each) => each.control.hasAttribute("aria-invalid"));
        if (wrong) return wrong.control.focus();
        context.startWith(slug, newPack({
          id: slug, title: trimmed(title.control.value), writtenFor: trimmed(writtenFor.control.value),
          audience: audience.control.value, language: language.control.value,
        }));
        return close(slug);
      };
      const form = h("form", { id: "new-pack", novalidate: true, on: { submit: start } }, title.element, name.element, writtenFor.element, audience.element, language.element);
      return {
        body: form,
        actions: [
          button("Cancel", () => close(), { kind: "quiet" }),
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

function nameProblem(slug, taken) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(slug)) return "Use small letters, digits and single hyphens, and begin with a letter.";
  return taken.has(slug) ? "There is a pack of this name already. Choose another." : null;
}
