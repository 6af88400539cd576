// The help that couples see: a link to book time, and people to contact. Two persons change it: one proposes, one approves.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema} Schema */
/** @typedef {Schema["HelpView"]["lines"][number]} Line */
/** @typedef {Pick<Schema["HelpView"], "booking" | "lines">} Help */


import { ask, confirmed } from "../dialogs.js";
import { diffView } from "../diff.js";
import { known } from "../errors.js";
import { busy, field, uniqueId } from "../forms.js";
import { announce, loading, notify, notifyError, sentenceOf } from "../notices.js";
import { button, fill, h, options, select } from "../ui/dom.js";
import { counted, excessOf, trimmed } from "../ui/text.js";
import { LANGUAGES, agoText, direction, languageName, listed, regionName } from "../words.js";

const NO_COUNTRIES = new Set(["AC", "AN", "BU", "CP", "CQ", "CS", "CT", "DD", "DG", "DY", "EA", "EU", "EZ", "FQ", "FX", "HV", "IC", "JT", "MI", "NH", "NQ", "NT", "PC", "PU", "PZ", "QO", "QU", "RH", "SU", "TA", "TP", "UK", "UN", "VD", "WK", "XA", "XB", "XK", "YD", "YU", "ZR", "ZZ"]);
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const COUNTRIES = LETTERS.flatMap((one) => LETTERS.map((other) => one + other))
  .filter((code) => !NO_COUNTRIES.has(code) && regionName(code) !== code)
  .map((code) => ({ code, name: regionName(code) }))
  .sort((one, other) => one.name.localeCompare(other.name))
  .map(({ code, name }) => /** @type {const} */ ([code, name]));
const LONGEST = 120; // characters of a text
/** @type {Record<string, string>} */
const FIELDS = { country: "country", name: "name", phone: "phone number", text: "number for text messages", url: "web page", languages: "languages", hours: "hours", note: "note", words: "link text", booking: "booking", lines: "contacts" };

/** @type {Line} */
const NO_LINE = { country: null, name: { en: "" }, phone: null, text: null, url: null, languages: [], hours: null, note: {} };

/** @param {Console} context @returns {import("../app.js").View} */
export function helpView(context) {
  /** @type {import("../app.js").View} */
  const view = { element: h("div", { class: "page" }), title: "Help for couples" };
  const region = h("div");
  const close = () => {
    view.close?.();
    delete view.leave;
  };
  const show = (/** @type {Schema["HelpView"]} */ help) => {
    close();
    fill(region, h("div", { class: "help-page" }, partsOf(context, help, view, { show, again })));
  };
  const again = () => {
    close();
    fill(region, loading(async () => h("div", { class: "help-page" }, partsOf(context, await context.api.call("get", "/v1/practice/help", {}), view, { show, again })), "Loading the help"));
  };
  again();
  fill(view.element,
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Help for couples")),
    h("p", {}, "Couples find this help one tap away in the app, and next to every prompt about courage or fear. They see contacts in their own country first, in this order."),
    region);
  return view;
}

/** How the page goes on: with the help that the API has answered, or by asking for it again. @typedef {{ show: (help: Schema["HelpView"]) => void, again: () => void }} Next */

/** @param {Console} context @param {Schema["HelpView"]} help @param {import("../app.js").View} view @param {Next} next */
function partsOf(context, help, view, next) {
  const { proposal } = help;
  const theirs = proposal && !proposal.mine;
  return [
    proposal && proposalOf(context, help, proposal, next),
    theirs && context.session.mayPublish && h("p", { class: "hint" }, "You can propose another change once this one is approved or turned down. Below is what couples see now."),
    // A person's new proposal replaces the one before, so the form goes on with that.
    formOf(context, help.revision, proposal && !theirs ? proposal : help, { view, next, may: context.session.mayPublish && !theirs }),
  ];
}

/** Shows what a proposal changes, and what the person can do with it. @param {Console} context @param {Schema["HelpView"]} help @param {Schema["HelpProposalView"]} proposal @param {Next} next */
function proposalOf(context, help, proposal, next) {
  const may = context.session.mayPublish;
  const overtaken = proposal.revision !== help.revision;
  /** @param {string} message @param {() => Promise<Schema["HelpView"]>} work */
  const act = async (message, work) => {
    try {
      const answer = await work();
      notify(message);
      next.show(answer);
    } catch (error) {
      notifyError(error);
      if (known(error).status === 409) next.again();
    }
  };
  const approve = async (/** @type {HTMLButtonElement} */ pressed) => {
    if (!(await confirmed({
      title: "Approve the change", yes: "Approve", no: "Not yet",
      body: h("p", {}, "Every couple sees the new help within half a minute. Have you tried its numbers and links?"),
    }))) return;
    await act("Approved. Couples see it within half a minute.", () =>
      context.working(pressed, () => context.api.call("post", "/v1/practice/help/approve", { body: { proposal: proposal.id } })));
  };
  const reject = (/** @type {string | null} */ note) => context.api.call("post", "/v1/practice/help/reject", { body: { proposal: proposal.id, note } });
  const turnDown = async () => {
    const answer = await askToTurnDown(proposal.by, reject);
    if (!answer) return;
    notify("Turned down. Couples keep the help that they have.");
    next.show(answer);
  };
  const who = proposal.mine ? "You" : h("bdi", {}, proposal.by);
  return h("section", { class: "panel proposal", "aria-labelledby": "proposal-title" },
    h("div", { class: "panel-head" },
      h("h2", { id: "proposal-title" }, proposal.mine ? "Your proposal" : "A proposal to approve"),
      h("span", { class: "badge proposed" }, "Waiting for approval")),
    h("p", {}, h("strong", {}, who), ` proposed this change ${agoText(proposal.at)}. Couples do not see it yet. `,
      overtaken ? "The help has changed since then, so nobody can approve it any more." : proposal.mine ? "Somebody else has to approve it." : "Compare it with what couples see now, then decide."),
    diffView(linesOf(help), linesOf(proposal), ["Couples see now", "Proposed"]),
    may && h("div", { class: "row-actions" },
      !proposal.mine && !overtaken && button("Approve …", approve, { class: "primary" }),
      proposal.mine
        ? button("Take it back", (pressed) => act("Taken back. Couples keep the help that they have.", () => context.working(pressed, () => reject(null))))
        : button("Turn it down …", turnDown)));
}

/** Asks for the reason, and turns the proposal down. @param {string} by @param {(note: string | null) => Promise<Schema["HelpView"]>} reject @returns {Promise<Schema["HelpView"] | null>} */
function askToTurnDown(by, reject) {
  return ask({
    title: "Turn the change down",
    alert: true,
    build: (/** @type {(answer?: Schema["HelpView"] | null) => void} */ close) => {
      const note = field("Reason, for your colleagues", h("textarea", { rows: "2" }), { optional: true, limit: 500 });
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const go = button("Turn it down", async () => {
        problem.hidden = true;
        if (note.excess()) return note.control.focus();
        try {
          close(await busy(go, "Turning down …", () => reject(trimmed(note.control.value) || null)));
        } catch (error) {
          problem.textContent = sentenceOf(error);
          problem.hidden = false;
        }
      }, { class: "danger" });
      return {
        body: h("div", {}, problem, h("p", {}, "Couples keep the help that they have. ", h("bdi", {}, by), " can propose it again, with changes."), note.element),
        actions: [button("Cancel", () => close(), { class: "quiet" }), go],
      };
    },
  });
}

/** Writes the help as lines, for the comparison. @param {Help} help */
function linesOf({ booking, lines }) {
  const words = (/** @type {string} */ label, /** @type {Record<string, string>} */ texts) =>
    Object.entries(texts).map(([language, text]) => `  ${label} (${languageName(language)}): ${text}`);
  return [
    ...(booking ? ["Booking", `  Web page: ${booking.url}`, ...words("Link text", booking.words)] : ["No booking"]),
    ...lines.flatMap((line) => [
      "",
      Object.values(line.name)[0] ?? "A contact",
      ...words("Name", line.name),
      `  Country: ${line.country ? regionName(line.country) : "All countries"}`,
      ...[["Phone number", line.phone], ["Text messages", line.text], ["Web page", line.url], ["Hours", line.hours], ["Languages", listed(line.languages.map(languageName))]]
        .filter(([, value]) => value).map(([label, value]) => `  ${label}: ${value}`),
      ...words("Note", line.note),
    ]),
  ].join("\n");
}

/** @param {Console} context @param {number} revision of the help that couples see @param {Help} help what the form shows first @param {{ view: import("../app.js").View, next: Next, may: boolean }} options */
function formOf(context, revision, help, { view, next, may }) {
  let saved = "";
  const hasBooking = h("input", { type: "checkbox", id: "has-booking", checked: Boolean(help.booking) });
  const url = field("Booking page", h("input", { type: "url", placeholder: "https://", autocomplete: "off", props: { value: help.booking?.url ?? "" } }));
  const label = wordsField("Link text", help.booking?.words ?? { en: "Book time with us" });
  const booking = h("div", { class: "form-grid-one" }, url.element, label.element);
  const list = h("div", { class: "help-lines" });
  const problem = h("div", { class: "form-problem", role: "alert", hidden: true });
  const state = h("p", { class: "save-state", role: "status" });
  const previewBox = h("div");
  let lines = help.lines.map(lineForm);

  const current = () => /** @type {Help} */ ({ booking: hasBooking.checked ? { url: url.control.value.trim(), words: label.value() } : null, lines: lines.map((line) => line.value()) });
  const isDirty = () => may && JSON.stringify(current()) !== saved;
  const drawLines = (/** @type {ReturnType<typeof lineForm> | null} */ focused = null) => {
    fill(list, lines.length
      ? lines.map((line, at) => line.draw(at, lines.length, { move: (step) => move(at, step), remove: () => remove(at) }))
      : h("p", { class: "empty" }, "No contacts yet. Until you add some, couples see a page with helplines for every country."));
    focused?.focusName();
    changed();
  };
  /** @param {number} at @param {number} step */
  const move = (at, step) => {
    const [line] = lines.splice(at, 1);
    if (!line) return;
    lines.splice(at + step, 0, line);
    drawLines(line);
    announce(`Moved to position ${at + step + 1}.`);
  };
  const remove = async (/** @type {number} */ at) => {
    const name = lines[at]?.title() ?? "";
    if (!(await confirmed({ title: `Remove ${name}`, yes: "Remove", danger: true, body: h("p", {}, "Couples stop seeing it once your change is approved.") }))) return;
    lines = lines.filter((_, each) => each !== at);
    drawLines();
  };
  const changed = () => {
    booking.hidden = !hasBooking.checked;
    const dirty = isDirty();
    save.disabled = !dirty;
    state.dataset["dirty"] = String(dirty);
    state.textContent = dirty ? "Not proposed yet" : may ? "Somebody else approves what you propose." : "";
    preview.draw(current());
  };
  const save = button("Propose", () => store(), { class: "primary" });
  const preview = helpPreview(previewBox);

  const store = async () => {
    problem.hidden = true;
    const given = current();
    try {
      const answer = await busy(save, "Proposing …", () => context.api.call("put", "/v1/practice/help", { body: { ...given, revision } }));
      notify(answer.proposal ? "Proposed. Somebody else has to approve it now." : "Couples see exactly this help already, so there is nothing to propose.");
      next.show(answer);
      scrollTo(0, 0);
    } catch (error) {
      const { kind, body } = known(error);
      const errors = (body.errors ?? []).map((each) => ({ field: String(each["field"]), reason: String(each["reason"]) }));
      /** @type {Record<string, string>} */
      const conflicts = {
        "help-changed": "Someone else changed the help since you opened it. Your changes are not proposed. Copy what you need, then reload this page.",
        "proposed-already": "A colleague proposed a change meanwhile. Your changes are not proposed. Copy what you need, then reload this page to approve the other change or turn it down.",
      };
      for (const each of errors) lines[Number(/lines\.(\d+)/.exec(each.field)?.[1])]?.open();
      fill(problem, h("p", {}, conflicts[kind] ?? `Not proposed. ${errors.length ? "Fix this first:" : sentenceOf(error)}`),
        errors.length > 0 && h("ul", {}, errors.map((each) => h("li", {}, `${placeText(each.field)}: ${each.reason}`))));
      problem.hidden = false;
      problem.scrollIntoView({ block: "center" });
      changed();
    }
  };

  const form = h("div", { class: "help-form", on: { input: () => changed(), change: () => changed() } },
    problem,
    h("section", { class: "panel", "aria-labelledby": "booking-title" },
      h("h2", { id: "booking-title" }, "Booking"),
      h("p", { class: "choice" }, hasBooking, h("label", { for: "has-booking" }, "Couples can book time with the practice")),
      booking),
    h("section", { class: "panel", "aria-labelledby": "lines-title" },
      h("h2", { id: "lines-title" }, "Who to contact"),
      list,
      may && h("div", {}, button("Add a contact", () => {
        const line = lineForm(NO_LINE);
        lines.push(line);
        drawLines(line);
      }))),
    h("section", { class: "panel", "aria-labelledby": "help-preview-title" },
      h("h2", { id: "help-preview-title" }, "What couples see"),
      previewBox));
  drawLines();
  saved = JSON.stringify(current());
  changed();
  if (!may) for (const control of form.querySelectorAll("input, select, button")) if (!control.closest(".help-preview")) control.toggleAttribute("disabled", true);

  const beforeUnload = (/** @type {BeforeUnloadEvent} */ event) => isDirty() && event.preventDefault();
  addEventListener("beforeunload", beforeUnload);
  view.close = () => removeEventListener("beforeunload", beforeUnload);
  view.leave = async () => !isDirty() || confirmed({
    title: "Your changes are not proposed yet", yes: "Leave without proposing", no: "Stay here", danger: true,
    body: h("p", {}, "If you leave now, your changes are lost."),
  });
  return [may && h("div", { class: "workspace-bar" }, state, h("div", { class: "row-actions" }, save)), form];
}

/** Says "body.lines.0.url" in words. @param {string} place */
function placeText(place) {
  const parts = place.replace(/^body\.?/, "").split(".");
  const said = parts.map((part, at) => (/^\d+$/.test(part) ? (parts[at - 1] === "lines" ? `contact ${Number(part) + 1}` : "") : /^[a-z]{2}$/.test(part) ? languageName(part) : FIELDS[part] ?? part)).filter((part) => part && part !== "lines");
  const text = said.join(", ") || "The help";
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {Line} line */
function lineForm(line) {
  const name = wordsField("Name", line.name);
  const country = field("Country", select([["", "For all countries"], ...COUNTRIES], line.country ?? ""));
  const phone = field("Phone number", h("input", { type: "tel", autocomplete: "off", props: { value: line.phone ?? "" } }), { optional: true, hint: "As people dial it in that country." });
  const text = field("Number for text messages", h("input", { type: "tel", autocomplete: "off", props: { value: line.text ?? "" } }), { optional: true });
  const url = field("Web page", h("input", { type: "url", placeholder: "https://", autocomplete: "off", props: { value: line.url ?? "" } }), { optional: true });
  const hours = field("Hours", h("input", { type: "text", placeholder: "24/7", autocomplete: "off", props: { value: line.hours ?? "" } }), { optional: true, limit: LONGEST });
  const languages = languagesField(line.languages);
  const note = wordsField("Note", line.note, { optional: true });
  const title = () => Object.values(name.value())[0] || "the new contact";
  /** @returns {Line} */
  const value = () => ({ country: country.control.value || null, name: name.value(), phone: phone.control.value.trim() || null, text: text.control.value.trim() || null, url: url.control.value.trim() || null, languages: languages.value(), hours: trimmed(hours.control.value) || null, note: note.value() });
  const parts = h("div", { class: "line-parts" },
    name.element,
    h("div", { class: "form-grid" }, country.element, phone.element, text.element, url.element, hours.element),
    languages.element, note.element);
  const summary = h("span", { class: "help-summary" });
  const details = h("details", { class: "help-line", open: Object.values(line.name).every((each) => !each) });
  const sum = () => {
    const { country: place, phone: number, text: message, url: address } = value();
    fill(summary, h("strong", {}, h("bdi", {}, title())), ` ${[place ? regionName(place) : "All countries", number ?? message ?? address].filter(Boolean).join(" · ")}`);
  };
  details.addEventListener("input", sum);
  details.addEventListener("change", sum);
  return {
    title,
    value,
    open: () => (details.open = true),
    focusName() {
      details.open = true;
      name.focus();
    },
    /** @param {number} at @param {number} count @param {{ move: (step: number) => void, remove: () => unknown }} actions */
    draw(at, count, { move, remove }) {
      sum();
      return fill(details,
        h("summary", {}, `${at + 1}. `, summary),
        parts,
        h("div", { class: "row-actions" },
          at > 0 && button("Move up", () => move(-1), { class: "quiet small", "aria-label": `Move contact ${at + 1} up` }),
          at < count - 1 && button("Move down", () => move(1), { class: "quiet small", "aria-label": `Move contact ${at + 1} down` }),
          button("Remove this contact", remove, { class: "danger-quiet small", "aria-label": `Remove contact ${at + 1}` })));
    },
  };
}

/** A text in several languages, one row for each. @param {string} label @param {Record<string, string>} words */
function wordsField(label, words, { optional = false } = {}) {
  const id = uniqueId("words");
  const rows = h("div", { class: "words-rows" });
  /** @type {{ chosen: HTMLSelectElement, input: HTMLInputElement }[]} */
  const entries = [];
  const add = button("Add a language", () => {
    const used = new Set(entries.map(({ chosen }) => chosen.value));
    row(LANGUAGES.find((each) => !used.has(each)) ?? "en", "").focus();
  }, { class: "quiet small", "aria-label": `Add a language: ${label}` });
  /** @param {string} language @param {string} text */
  const row = (language, text) => {
    const chosen = select(namedLanguages([...new Set([...LANGUAGES, language])]), language, { "aria-label": `${label}: language` });
    const problem = h("p", { class: "problem", id: uniqueId("problem"), hidden: true });
    const input = h("input", { type: "text", dir: "auto", autocomplete: "off", "aria-label": label, "aria-describedby": problem.id, props: { value: text } });
    input.addEventListener("input", () => {
      problem.textContent = excessOf(input.value, LONGEST) ?? "";
      problem.hidden = !problem.textContent;
      input.setAttribute("aria-invalid", String(!problem.hidden));
    });
    const entry = { chosen, input };
    const element = h("div", { class: "words-row" }, chosen, input,
      button("Remove", () => {
        element.remove();
        entries.splice(entries.indexOf(entry), 1);
        rows.dispatchEvent(new Event("change", { bubbles: true }));
        add.focus();
      }, { class: "quiet small", "aria-label": `Remove: ${label}` }), problem);
    rows.append(element);
    entries.push(entry);
    return input;
  };
  const value = () => Object.fromEntries(entries.map(({ chosen, input }) => [chosen.value, trimmed(input.value)]).filter(([, text]) => text));
  for (const [language, text] of Object.entries(words)) row(language, text);
  const element = h("div", { class: "field words-field", role: "group", "aria-labelledby": id },
    h("p", { class: "label", id }, label, optional && h("span", { class: "optional" }, " (optional)")), rows, add);
  return { element, value, focus: () => entries[0]?.input.focus() };
}

/** The languages that a contact speaks. @param {string[]} chosen */
function languagesField(chosen) {
  const id = uniqueId("languages");
  let languages = [...chosen];
  const chips = h("span", { class: "chips" });
  const choose = select([["", "Add a language"]], "", { "aria-label": "Add a language that they speak" });
  const notifyChange = () => element.dispatchEvent(new Event("change", { bubbles: true }));
  const draw = () => {
    fill(chips, languages.map((each) => h("span", { class: "chip" }, languageName(each),
      h("button", { type: "button", "aria-label": `Remove ${languageName(each)}`, on: { click: () => ((languages = languages.filter((other) => other !== each)), draw(), notifyChange(), choose.focus()) } }, "×"))));
    fill(choose, options([["", "Add a language"], ...namedLanguages(LANGUAGES.filter((each) => !languages.includes(each)))]));
  };
  choose.addEventListener("change", () => {
    if (choose.value) languages = [...languages, choose.value];
    draw();
  });
  const element = h("div", { class: "field", role: "group", "aria-labelledby": id },
    h("p", { class: "label", id }, "Languages they speak", h("span", { class: "optional" }, " (optional)")),
    h("div", { class: "chips-row" }, chips, choose));
  draw();
  return { element, value: () => languages };
}

/** @param {readonly string[]} codes */
const namedLanguages = (codes) => codes.map((code) => /** @type {const} */ ([code, languageName(code)]));

/** Shows the help on a phone. @param {HTMLElement} box */
function helpPreview(box) {
  const language = select(namedLanguages(LANGUAGES), "en");
  const country = select([["", "Any country"]], "");
  const result = h("div", { class: "phone-screen help-screen", tabindex: "0", role: "region", "aria-label": "Help on the phone" });
  /** @type {Help} */
  let help = { booking: null, lines: [] };
  const spoken = (/** @type {Record<string, string>} */ words) => words[language.value] ?? words.en ?? Object.values(words)[0] ?? "";
  const draw = () => {
    const place = country.value;
    const lines = place ? [...help.lines.filter((line) => line.country === place), ...help.lines.filter((line) => !line.country)] : [...help.lines.filter((line) => !line.country), ...help.lines.filter((line) => line.country)];
    result.dir = direction(language.value);
    fill(result,
      help.booking && h("p", { class: "phone-help", dir: "auto" }, `${spoken(help.booking.words) || help.booking.url} →`),
      lines.map((line) => h("div", { class: "phone-line" },
        h("p", { dir: "auto" }, h("strong", {}, spoken(line.name) || "No name yet")),
        h("p", { class: "phone-why" }, [line.phone, line.text && `Text ${line.text}`, line.url, line.hours].filter(Boolean).join(" · ") || "No number or page yet"),
        spoken(line.note) && h("p", { dir: "auto" }, spoken(line.note)))),
      !lines.length && h("p", { class: "phone-note" }, "A page with helplines for every country."));
  };
  language.addEventListener("change", draw);
  country.addEventListener("change", draw);
  fill(box, h("div", { class: "help-preview filters" }, field("Language", language).element, field("Where they are", country).element), result, h("p", { class: "hint" }, "This is only a preview. Nothing is called or opened."));
  return {
    /** @param {Help} given */
    draw(given) {
      help = given;
      const codes = [...new Set(help.lines.flatMap((line) => line.country ?? []))];
      const before = country.value;
      fill(country, options([["", `Any country (${counted(help.lines.length, "contact")})`], ...codes.map((code) => /** @type {const} */ ([code, regionName(code)]))]));
      country.value = codes.includes(before) ? before : "";
      draw();
    },
  };
}
