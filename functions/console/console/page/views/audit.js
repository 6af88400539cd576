// What the staff did. Nobody can change an entry.

import { busy } from "../forms.js";
import { loading, notifyError } from "../notices.js";
import { button, fill, h } from "../ui/dom.js";
import { ACTIONS, nameText, shortInstant } from "../words.js";

const PAGE = 50;

/** @typedef {import("../api.js").Schema} Schema */

/** @param {import("../app.js").Console} context */
export function auditView(context) {
  const list = h("ol", { class: "audit" });
  const more = h("div", { class: "more" });
  const read = async (/** @type {string | null} */ before) => {
    const answer = await context.api.call("get", "/v1/practice/audit", { query: { limit: PAGE, before } });
    list.append(...answer.entries.map((entry) => itemOf(entry, context.session.email)));
    fill(more, answer.before && button("Show earlier", (pressed) => busy(pressed, "Loading …", () => read(answer.before)).catch(notifyError), { class: "quiet" }));
  };
  const region = loading(async () => {
    fill(list);
    await read(null);
    return list.children.length ? [list, more] : h("p", { class: "empty" }, "Nothing here yet.");
  }, "Loading the history");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "History")),
    h("p", { class: "hint" }, "What staff did, newest first. Nobody can change or remove an entry."),
    region);
  return { element, title: "History" };
}

/** @param {Schema["AuditEntryView"]} entry @param {string} me */
function itemOf(entry, me) {
  const who = nameText(entry.who, me);
  return h("li", {},
    h("p", {},
      h("strong", {}, who === "you" ? "You" : h("bdi", {}, who)), ` ${ACTIONS[entry.action]} `,
      entry.prompt && ["the prompt ", h("code", {}, entry.prompt), " of "],
      entry.pack && h("a", { href: `#/packs/${entry.pack}` }, entry.pack),
      entry.version && `, version ${entry.version}`),
    entry.note && h("p", {}, h("q", {}, h("bdi", {}, entry.note))),
    h("p", { class: "hint" }, h("time", { datetime: entry.at }, shortInstant(entry.at))));
}
