// Who of the staff did what: a record that nobody can change.

import { button, busy, fill, h } from "../dom.js";
import { loading, notify, sentenceOf } from "../notices.js";
import { ACTIONS, nameText, shortInstant } from "../words.js";

const PAGE = 50;

export function auditView(context) {
  const list = h("ol", { class: "audit" });
  const more = h("div", { class: "more" });
  const read = async (before) => {
    const answer = await context.api.get(`audit?limit=${PAGE}${before ? `&before=${encodeURIComponent(before)}` : ""}`);
    list.append(...answer.entries.map((entry) => itemOf(entry, context.session.email)));
    fill(more, answer.before && button("Show earlier", async (event) => {
      try {
        await busy(event.currentTarget, "Loading …", () => read(answer.before));
      } catch (error) {
        notify(sentenceOf(error), { problem: true });
      }
    }, { kind: "quiet" }));
  };
  const region = loading(async () => {
    fill(list);
    await read(null);
    return list.children.length ? [list, more] : h("p", { class: "empty" }, "Nothing has been done yet.");
  }, "Loading the record");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Record")),
    h("p", { class: "hint" }, "What staff did, latest first. Entries are only ever added; nobody can change or remove one."),
    region);
  return { element, title: "Record" };
}

function itemOf(entry, me) {
  const who = nameText(entry.who, me);
  return h("li", {},
    h("p", {},
      h("strong", {}, who === "you" ? "You" : h("bdi", {}, who)), ` ${ACTIONS[entry.action] ?? entry.action} `,
      entry.prompt && ["the prompt ", h("code", {}, entry.prompt), " of "],
      entry.pack && h("a", { href: `#/packs/${entry.pack}` }, entry.pack),
      entry.version && `, version ${entry.version}`),
    entry.note && h("p", {}, h("q", {}, h("bdi", {}, entry.note))),
    h("p", { class: "hint" }, h("time", { datetime: entry.at }, shortInstant(entry.at))));
}
