// Notices to all staff: what each should know, although nobody has asked. The bell in the head counts the unread ones.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema["NoticeView"]} Notice */


import { busy } from "../forms.js";
import { loading, notifyError } from "../notices.js";
import { button, fill, h, svg } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { agoText, nameText, rightsText, shortInstant } from "../words.js";

const PAGE = 30;
const MANY = 100; // the API does not count further

/** The link to the notices, with the number of unread ones. */
export class Bell {
  unread = 0;
  #api;

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.#api = api;
    this.element = h("a", { class: "head-link bell", href: "#/notices", "data-name": "notices", title: "Notices" });
    this.show(0);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.element.isConnected && this.refresh());
  }

  /** Asks for the number again. If the service does not answer, the last number stays. */
  async refresh() {
    try {
      this.show((await this.#api.call("get", "/v1/practice/notices", { query: { limit: 1 } }, { quiet: true })).unread);
    } catch {
      // The page that opens now says so.
    }
  }

  /** @param {number} unread */
  show(unread) {
    this.unread = unread;
    this.element.setAttribute("aria-label", unread ? `Notices, ${unread < MANY ? unread : `${MANY} or more`} unread` : "Notices");
    fill(this.element,
      svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: "M6 17V11a6 6 0 0 1 12 0v6l1.500 1.500h-15zM10 21h4" })),
      unread > 0 && h("span", { class: "bell-count", "aria-hidden": "true" }, unread < MANY ? unread : `${MANY - 1}+`));
  }
}

/** @param {Console} context @returns {import("../app.js").View} */
export function noticesView(context) {
  const list = h("ol", { class: "notice-list" });
  const more = h("div", { class: "more" });
  const hint = h("p", { class: "hint" });
  const read = async (/** @type {string | null} */ before) => {
    const answer = await context.api.call("get", "/v1/practice/notices", { query: { limit: PAGE, before } });
    list.append(...answer.notices.map((notice) => itemOf(notice, context.session.email)));
    fill(more, answer.before && button("Show earlier", (pressed) => busy(pressed, "Loading …", () => read(answer.before)).catch(notifyError), { class: "quiet" }));
    if (!before) void seen(answer);
  };
  /** Marks all notices as read, now that the person sees the latest. On this page they stay marked as new. @param {import("../api.js").Schema["NoticesView"]} shown */
  const seen = async ({ notices: [latest], unread }) => {
    hint.textContent = unread ? `${unread < MANY ? counted(unread, "new notice") : `${MANY} new notices or more`}.` : "Nothing new.";
    if (!latest || !unread) return;
    await context.api.call("post", "/v1/practice/notices/read", { body: { until: latest.id } }, { quiet: true });
    context.bell.show(0);
  };
  const region = loading(async () => {
    fill(list);
    await read(null);
    return list.children.length ? [hint, list, more] : h("p", { class: "empty" }, "No notices yet.");
  }, "Loading the notices");
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Notices")),
    h("p", {}, "Everybody at the practice gets these. If you did not expect one, ask the person that it names."),
    region);
  return { element, title: "Notices" };
}

/** @param {Notice} notice @param {string} me */
function itemOf(notice, me) {
  const { sentence, link } = saidOf(notice, me);
  return h("li", { class: notice.unread ? "notice-item unread" : "notice-item" },
    h("p", {}, notice.unread && h("span", { class: "badge new" }, "New"), notice.unread && " ", sentence),
    notice.note && h("p", {}, h("q", {}, h("bdi", {}, notice.note))),
    h("p", { class: "hint" },
      h("time", { datetime: notice.at, title: shortInstant(notice.at) }, agoText(notice.at)),
      link && [" · ", h("a", { href: link[0] }, link[1])]));
}

/** Says a notice in a sentence, with a link to where something can be done. @param {Notice} notice @param {string} me @returns {{ sentence: import("../ui/dom.js").Child[], link?: [string, string] }} */
function saidOf(notice, me) {
  const name = notice.who === null ? "Somebody" : nameText(notice.who, me);
  const who = h("strong", {}, name === "you" ? "You" : h("bdi", {}, name));
  const account = h("strong", {}, h("bdi", {}, notice.account === me ? "your account" : notice.account ?? "an account"));
  const pack = h("bdi", {}, notice.pack ?? "a pack");
  switch (notice.kind) {
    case "help-proposed":
      return { sentence: [who, " proposed to change the help for couples. Somebody else has to approve it."], link: ["#/help", "See the proposal"] };
    case "help-changed":
      return { sentence: [who, " approved a change of the help for couples. Couples see it now."], link: ["#/help", "See the help"] };
    case "help-rejected":
      return { sentence: [who, " stopped a proposed change of the help for couples. Couples keep the help that they have."], link: ["#/help", "See the help"] };
    case "code-used-widely":
      return { sentence: ["The code of the pack ", h("strong", {}, pack), ` was used by ${notice.couples ? `about ${counted(notice.couples, "couple")}` : "many couples"}, more than you expected. If that is a surprise, make a new code.`], link: [`#/packs/${notice.pack}/published`, "See the code"] };
    case "rights-granted":
      return { sentence: [who, " gave ", account, ` new permissions: it ${rightsText(notice.scope)}.`], link: ["#/audit", "See the history"] };
    case "rights-revoked":
      return { sentence: [who, " took permissions from ", account, `: it ${rightsText(notice.scope)}.`], link: ["#/audit", "See the history"] };
    default:
      return { sentence: [who, ` did something that this page does not know yet (${String(notice.kind)}). Reload the page.`] };
  }
}
