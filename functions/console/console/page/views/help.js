// What couples are shown when they need more than a prompt: where to book time, and whom to call.

import { excessOf, trimmed } from "../characters.js";
import { busy, button, field, fill, h, select, uniqueId } from "../dom.js";
import { confirmed } from "../dialogs.js";
import { announce, loading, notify, sentenceOf } from "../notices.js";
import { LANGUAGES, counted, direction, languageName, regionName } from "../words.js";

const NO_COUNTRIES = new Set(["AC", "AN", "BU", "CP", "CQ", "CS", "CT", "DD", "DG", "DY", "EA", "EU", "EZ", "FQ", "FX", "HV", "IC", "JT", "MI", "NH", "NQ", "NT", "PC", "PU", "PZ", "QO", "QU", "RH", "SU", "TA", "TP", "UK", "UN", "VD", "WK", "XA", "XB", "XK", "YD", "YU", "ZR", "ZZ"]);
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const COUNTRIES = LETTERS.flatMap((one) => LETTERS.map((other) => one + other))
  .filter((code) => !NO_COUNTRIES.has(code) && regionName(code) !== code)
  .map((code) => [code, regionName(code)])
  .sort((one, other) => one[1].localeCompare(other[1]));
const LONGEST = 120; // characters of a text
const FIELDS = { country: "country", name: "name", phone: "phone number", text: "number for text messages", url: "page", languages: "languages", hours: "hours", note: "note", words: "what the link says", booking: "booking", lines: "lines" };

export function helpView(context) {
  const view = { title: "Help for couples", leave: async () => true, close: () => {} };
  const region = loading(async () => formOf(context, await context.api.get("help"), view), "Loading the help");
  view.element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Help for couples")),
    h("p", {}, "One tap away in the app, and beside every prompt of the themes courage and fear. Couples see the lines of their own country first, in this order."),
    region);
  return view;
}

function formOf(context, help, view) {
  const may = context.session.mayPublish;
  let { revision } = help;
  const start = structuredClone({ booking: help.booking ?? null, lines: help.lines ?? [] });
  let saved = "";
  const hasBooking = h("input", { type: "checkbox", id: "has-booking", checked: Boolean(start.booking) });
  const url = field("Page on which couples book", h("input", { type: "url", placeholder: "https://", autocomplete: "off", props: { value: start.booking?.url ?? "" } }));
  const label = wordsField("What the link says", start.booking?.words ?? { en: "Book time with us" });
  const booking = h("div", { class: "form-grid-one" }, url.element, label.element);
  const list = h("div", { class: "help-lines" });
  const problem = h("div", { class: "form-problem", role: "alert", hidden: true });
  const state = h("p", { class: "save-state", role: "status" });
  const previewBox = h("div");
  let lines = start.lines.map(lineForm);

  const current = () => ({ booking: hasBooking.checked ? { url: url.control.value.trim(), words: label.value() } : null, lines: lines.map((line) => line.value()) });
  const isDirty = () => may && JSON.stringify(current()) !== saved;
  const drawLines = (focused) => {
    fill(list, lines.length
      ? lines.map((line, at) => line.draw(at, lines.length, { move: (step) => move(at, step), remove: () => remove(at) }))
      : h("p", { class: "empty" }, "No lines yet. Until there are, couples are shown a page that lists helplines of all countries."));
    focused?.focusName();
    changed();
  };
  const move = (at, step) => {
    const [line] = lines.splice(at, 1);
    lines.splice(at + step, 0, line);
    drawLines(line);
    announce(`Moved to place ${at + step + 1}.`);
  };
  const remove = async (at) => {
    const name = lines[at].title();
    if (!(await confirmed({ title: `Remove ${name}`, yes: "Remove", danger: true, body: h("p", {}, "It is gone for couples once you have saved.") }))) return;
    lines = lines.filter((_, each) => each !== at);
    drawLines();
  };
  const changed = () => {
    booking.hidden = !hasBooking.checked;
    const dirty = isDirty();
    save.disabled = !dirty;
    state.dataset.dirty = String(dirty);
    state.textContent = dirty ? "Not saved yet" : "";
    preview.draw(current());
  };
  const save = button("Save", () => store(), { kind: "primary" });
  const preview = helpPreview(previewBox);

  const store = async () => {
    problem.hidden = true;
    const given = current();
    try {
      const answer = await busy(save, "Saving …", () => context.api.put("help", { ...given, revision }));
      revision = answer?.revision ?? revision + 1;
      saved = JSON.stringify(given);
      notify("Saved. Couples see it within half a minute.");
      changed();
      return true;
    } catch (error) {
      const errors = (error.body?.errors ?? []).map((each) => `${placeText(each.field)}: ${each.reason}`);
      const conflict = error.status === 409;
      for (const each of error.body?.errors ?? []) lines[/lines\.(\d+)/.exec(each.field)?.[1]]?.open();
      fill(problem, h("p", {}, conflict ? "Somebody else has changed the help since you opened it. Yours is not saved: copy what you need, then reload this page." : `Not saved. ${errors.length ? "Mend this first:" : sentenceOf(error)}`),
        errors.length > 0 && h("ul", {}, errors.map((each) => h("li", {}, each))));
      problem.hidden = false;
      problem.scrollIntoView({ block: "center" });
      changed();
      return false;
    }
  };

  const form = h("div", { class: "help-form", on: { input: () => changed(), change: () => changed() } },
    problem,
    h("section", { class: "panel", "aria-labelledby": "booking-title" },
      h("h2", { id: "booking-title" }, "Booking"),
      h("p", { class: "choice" }, hasBooking, h("label", { for: "has-booking" }, "Couples can book time with the practice")),
      booking),
    h("section", { class: "panel", "aria-labelledby": "lines-title" },
      h("h2", { id: "lines-title" }, "Whom to turn to"),
      list,
      may && h("div", {}, button("Add a line", () => {
        const line = lineForm({ name: { en: "" }, country: null });
        lines.push(line);
        drawLines(line);
      }))),
    h("section", { class: "panel", "aria-labelledby": "help-preview-title" },
      h("h2", { id: "help-preview-title" }, "As couples see it"),
      previewBox));
  if (!may) for (const control of form.querySelectorAll("input, select, textarea")) if (!control.closest(".help-preview")) control.disabled = true;
  drawLines();
  saved = JSON.stringify(current());
  changed();
  if (!may) for (const control of form.querySelectorAll(".help-lines input, .help-lines select, .help-lines button, .words-field button")) control.disabled = true;

  const beforeUnload = (event) => isDirty() && event.preventDefault();
  addEventListener("beforeunload", beforeUnload);
  view.close = () => removeEventListener("beforeunload", beforeUnload);
  view.leave = async () => !isDirty() || confirmed({
    title: "The help is not saved yet", yes: "Leave without saving", no: "Stay here", danger: true,
    body: h("p", {}, "What you changed here is lost if you leave now."),
  });
  return [may && h("div", { class: "desk-bar" }, state, h("div", { class: "row-actions" }, save)), form];
}

/** "body.lines.0.url" as people say it. */
function placeText(place) {
  const parts = String(place).replace(/^body\.?/, "").split(".");
  const said = parts.map((part, at) => (/^\d+$/.test(part) ? (parts[at - 1] === "lines" ? `line ${Number(part) + 1}` : "") : /^[a-z]{2}$/.test(part) ? languageName(part) : FIELDS[part] ?? part)).filter((part) => part && part !== "lines");
  const text = said.join(", ") || "The help";
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lineForm(line) {
  const name = wordsField("Name", line.name ?? { en: "" });
  const country = field("Country", select([["", "For all countries"], ...COUNTRIES], line.country ?? ""));
  const phone = field("Phone number", h("input", { type: "tel", autocomplete: "off", props: { value: line.phone ?? "" } }), { optional: true, hint: "As it is dialled in that country." });
  const text = field("Number for text messages", h("input", { type: "tel", autocomplete: "off", props: { value: line.text ?? "" } }), { optional: true });
  const url = field("Page", h("input", { type: "url", placeholder: "https://", autocomplete: "off", props: { value: line.url ?? "" } }), { optional: true });
  const hours = field("When somebody answers", h("input", { type: "text", placeholder: "24/7", autocomplete: "off", props: { value: line.hours ?? "" } }), { optional: true, limit: LONGEST });
  const languages = languagesField(line.languages ?? []);
  const note = wordsField("One more thing to know", line.note ?? {}, { optional: true });
  const title = () => Object.values(name.value())[0] || "the new line";
  const value = () => {
    const found = { country: country.control.value || null, name: name.value(), phone: phone.control.value.trim() || null, text: text.control.value.trim() || null, url: url.control.value.trim() || null, languages: languages.value(), hours: trimmed(hours.control.value) || null, note: note.value() };
    return found;
  };
  const parts = h("div", { class: "line-parts" },
    name.element,
    h("div", { class: "form-grid" }, country.element, phone.element, text.element, url.element, hours.element),
    languages.element, note.element);
  const summary = h("span", { class: "help-summary" });
  const details = h("details", { class: "help-line", open: !line.name || Object.values(line.name).every((each) => !each) });
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
    draw(at, count, { move, remove }) {
      sum();
      return fill(details,
        h("summary", {}, `${at + 1}. `, summary),
        parts,
        h("div", { class: "row-actions" },
          at > 0 && button("Move up", () => move(-1), { kind: "quiet small", "aria-label": `Move line ${at + 1} up` }),
          at < count - 1 && button("Move down", () => move(1), { kind: "quiet small", "aria-label": `Move line ${at + 1} down` }),
          button("Remove this line", remove, { kind: "danger-quiet small", "aria-label": `Remove this line, line ${at + 1}` })));
    },
  };
}

/** A text in several languages, one row for each. */
function wordsField(label, words, { optional = false } = {}) {
  const id = uniqueId("words");
  const rows = h("div", { class: "words-rows" });
  const add = button("Add a language", () => {
    const free = LANGUAGES.find((each) => !value(true)[each]) ?? "en";
    row(free, "");
    rows.lastElementChild.querySelector("input").focus();
  }, { kind: "quiet small", "aria-label": `Add a language: ${label}` });
  const row = (language, text) => {
    const options = [...new Set([...LANGUAGES, language])].map((each) => [each, languageName(each)]);
    const chosen = select(options, language, { "aria-label": `${label}: language` });
    const problem = h("p", { class: "problem", id: uniqueId("problem"), hidden: true });
    const input = h("input", { type: "text", dir: "auto", autocomplete: "off", "aria-label": label, "aria-describedby": problem.id, props: { value: text } });
    input.addEventListener("input", () => {
      problem.textContent = excessOf(input.value, LONGEST) ?? "";
      problem.hidden = !problem.textContent;
      input.setAttribute("aria-invalid", String(!problem.hidden));
    });
    const element = h("div", { class: "words-row" }, chosen, input,
      button("Remove", () => {
        element.remove();
        rows.dispatchEvent(new Event("change", { bubbles: true }));
        add.focus();
      }, { kind: "quiet small", "aria-label": `Remove: ${label}` }), problem);
    rows.append(element);
  };
  const value = (all = false) => Object.fromEntries([...rows.children]
    .map((each) => [each.querySelector("select").value, trimmed(each.querySelector("input").value) || (all ? " " : "")])
    .filter(([, text]) => text));
  for (const [language, text] of Object.entries(words)) row(language, text);
  const element = h("div", { class: "field words-field", role: "group", "aria-labelledby": id },
    h("p", { class: "label", id }, label, optional && h("span", { class: "optional" }, " (optional)")), rows, add);
  return { element, value: () => value(), focus: () => rows.querySelector("input")?.focus() };
}

/** The languages that are spoken on a line. */
function languagesField(chosen) {
  const id = uniqueId("languages");
  let languages = [...chosen];
  const chips = h("span", { class: "chips" });
  const choose = select([["", "Add a language"]], "", { "aria-label": "Add a language that is spoken there" });
  const tell = () => element.dispatchEvent(new Event("change", { bubbles: true }));
  const draw = () => {
    fill(chips, languages.map((each) => h("span", { class: "chip" }, languageName(each),
      h("button", { type: "button", "aria-label": `${languageName(each)} is not spoken there`, on: { click: () => ((languages = languages.filter((other) => other !== each)), draw(), tell(), choose.focus()) } }, "×"))));
    fill(choose, [["", "Add a language"], ...LANGUAGES.filter((each) => !languages.includes(each)).map((each) => [each, languageName(each)])].map(([each, name]) => h("option", { value: each }, name)));
  };
  choose.addEventListener("change", () => {
    if (choose.value) languages = [...languages, choose.value];
    draw();
  });
  const element = h("div", { class: "field", role: "group", "aria-labelledby": id },
    h("p", { class: "label", id }, "Languages spoken there", h("span", { class: "optional" }, " (optional)")),
    h("div", { class: "chips-row" }, chips, choose));
  draw();
  return { element, value: () => languages };
}

function helpPreview(box) {
  const language = select(LANGUAGES.map((each) => [each, languageName(each)]), "en");
  const country = select([["", "Any country"]], "");
  const result = h("div", { class: "phone-screen help-screen", tabindex: "0", role: "region", "aria-label": "Help on the phone" });
  let help = { booking: null, lines: [] };
  const spoken = (words = {}) => words[language.value] ?? words.en ?? Object.values(words)[0] ?? "";
  const draw = () => {
    const place = country.value;
    const lines = place ? [...help.lines.filter((line) => line.country === place), ...help.lines.filter((line) => !line.country)] : [...help.lines.filter((line) => !line.country), ...help.lines.filter((line) => line.country)];
    result.dir = direction(language.value);
    fill(result,
      help.booking && h("p", { class: "phone-help", dir: "auto" }, `${spoken(help.booking.words) || help.booking.url} →`),
      lines.map((line) => h("div", { class: "phone-line" },
        h("p", { dir: "auto" }, h("strong", {}, spoken(line.name) || "Without a name yet")),
        h("p", { class: "phone-why" }, [line.phone, line.text && `Text ${line.text}`, line.url, line.hours].filter(Boolean).join(" · ") || "No way to reach it yet"),
        spoken(line.note) && h("p", { dir: "auto" }, spoken(line.note)))),
      !lines.length && h("p", { class: "phone-note" }, "A page that lists helplines of all countries."));
  };
  language.addEventListener("change", draw);
  country.addEventListener("change", draw);
  fill(box, h("div", { class: "help-preview filters" }, field("Language", language).element, field("Where they are", country).element), result, h("p", { class: "hint" }, "Nothing is dialled or opened from here."));
  return {
    draw(given) {
      help = given;
      const codes = [...new Set(help.lines.map((line) => line.country).filter(Boolean))];
      const before = country.value;
      fill(country, [["", `Any country (${counted(help.lines.length, "line")})`], ...codes.map((code) => [code, regionName(code)])].map(([code, name]) => h("option", { value: code }, name)));
      country.value = codes.includes(before) ? before : "";
      draw();
    },
  };
}
