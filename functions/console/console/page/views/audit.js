// What the staff did. The entries are a chain, so that a changed, added or removed entry shows.

import { busy } from "../forms.js";
import { loading, notifyError } from "../notices.js";
import { button, fill, h } from "../ui/dom.js";
import { ACTIONS, nameText, rightsText, shortInstant } from "../words.js";

const PAGE = 50;

/** @typedef {import("../api.js").Schema} Schema */

/** @param {import("../app.js").Console} context */
export function auditView(context) {
  const list = h("ol", { class: "audit" });
  const more = h("div", { class: "more" });
  const chain = h("div", { role: "status" });
  let intact = true;
  const read = async (/** @type {string | null} */ before) => {
    const answer = await context.api.call("get", "/v1/practice/audit", { query: { limit: PAGE, before } });
    intact &&= answer.intact;
    list.append(...answer.entries.map((entry) => itemOf(entry, context.session.email)));
    fill(chain, chainText(intact, list.children.length, answer.entries.some((entry) => entry.number === null)));
    fill(more, answer.before && button("Show earlier", (pressed) => busy(pressed, "Loading …", () => read(answer.before)).catch(notifyError), { class: "quiet" }));
  };
  const region = loading(async () => {
    fill(list);
    intact = true;
    await read(null);
    return list.children.length ? [chain, list, more] : h("p", { class: "empty" }, "Nothing here yet.");
  }, "Loading the history");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "History")),
    h("p", { class: "hint" }, "What staff did, newest first. Each entry is sealed to the one before it, so this page notices if somebody changes, adds or removes one."),
    region);
  return { element, title: "History" };
}

/** Says whether the entries on this page are as they were written. `older` says that some are from before the check. @param {boolean} intact @param {number} count @param {boolean} older */
function chainText(intact, count, older) {
  if (!intact) {
    return h("div", { class: "banner broken" }, h("p", {}, h("strong", {}, "Something is wrong with this history. "),
      "Somebody has changed, added or removed an entry outside the service. Do not rely on this list. Tell the people who run the service now, and change nothing until they have looked."));
  }
  return h("div", { class: "banner whole" }, h("p", {}, h("strong", {}, "This history is whole. "),
    count === 1 ? "This entry is as it was written." : `All ${count} entries on this page are as they were written, and none is missing between them.`,
    older && " The oldest ones are from before this check, which does not cover them."));
}

/** @param {Schema["AuditEntryView"]} entry @param {string} me */
function itemOf(entry, me) {
  const who = nameText(entry.who, me);
  return h("li", {},
    h("p", {},
      h("strong", {}, who === "you" ? "You" : h("bdi", {}, who)), ` ${ACTIONS[entry.action] ?? entry.action.replaceAll("_", " ")} `,
      entry.prompt && ["the prompt ", h("code", {}, entry.prompt), " of "],
      entry.pack && h("a", { href: `#/packs/${entry.pack}` }, entry.pack),
      entry.version && `, version ${entry.version}`,
      entry.account && [h("bdi", {}, entry.account), `, which ${rightsText(entry.scope)}`]),
    entry.note && h("p", {}, h("q", {}, h("bdi", {}, entry.note))),
    h("p", { class: "hint" }, h("time", { datetime: entry.at }, shortInstant(entry.at))));
}
