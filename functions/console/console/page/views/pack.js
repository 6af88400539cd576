// One pack: its head with banners and actions, and its three pages.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema} Schema */
/** A pack that was started here has no audience yet. @typedef {Omit<Schema["PackDetail"], "audience"> & { audience: Schema["Audience"] | null, isNew?: boolean }} Pack */
/** Shows a pack after a change; `again` loads the page below again. @typedef {(pack: Pack, options?: { again?: boolean }) => void} Changed */
/** @typedef {{ element: HTMLElement, leave?: () => Promise<boolean>, close?: () => void }} Page */
/** @typedef {"" | "published" | "versions"} PageName */


import { confirmed } from "../dialogs.js";
import { known } from "../errors.js";
import { unsaved } from "../kept.js";
import { failure, notify, notifyError, spinner } from "../notices.js";
import { button, fill, h } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { AUDIENCES, agoText, dateText, instantText, languageName, listed, nameText } from "../words.js";
import { titleIn } from "../yaml.js";
import { stateBadge } from "./packs.js";
import { publishedPage } from "./published.js";
import { versionsPage } from "./versions.js";
import { writePage } from "./write.js";

/** Refusals that mean that this page shows an old state. */
const STALE = ["draft-changed", "pack-changed", "nothing-to-take-back"];
/** @type {readonly (readonly [PageName, string])[]} */
const PAGES = [["", "Write"], ["published", "Published"], ["versions", "Versions"]];

/** @param {string} name @returns {name is PageName} */
export function isPage(name) {
  return PAGES.some(([each]) => each === name);
}

/** @param {Console} context @param {string} id @param {PageName} page @returns {import("../app.js").View} */
export function packView(context, id, page) {
  const head = h("div", { class: "pack-head" });
  const body = h("div");
  const element = h("div", { class: page === "" ? "page wide-page" : "page" }, head, body);
  /** @type {Page | null} */
  let open = null;
  /** @type {Pack} */
  let shown = brandNew(id, "");
  /** The title in the text, as it is typed. */
  let typed = "";
  const view = { element, title: id, leave: async () => (await open?.leave?.()) ?? true, close: () => open?.close?.() };

  const load = async () => {
    fill(body, spinner("Loading the pack"));
    const begun = () => brandNew(id, titleIn(unsaved(context.session.uid, id)?.source ?? ""));
    if (context.isFresh(id)) return show(begun());
    try {
      show(await context.api.call("get", "/v1/practice/packs/{pack_id}", { path: { pack_id: id } }));
    } catch (error) {
      const { kind } = known(error);
      if (kind === "no-such-pack" && unsaved(context.session.uid, id)) show(begun());
      else if (kind === "no-such-pack" || kind === "invalid-fields") fill(body, noSuchPack(id));
      else fill(body, failure(error, load));
    }
  };

  const show = (/** @type {Pack} */ pack) => {
    shown = pack;
    view.title = pack.title || id;
    context.setTitle(view.title);
    drawHead(pack);
    const make = { "": writePage, published: publishedPage, versions: versionsPage }[page];
    open?.close?.();
    open = make(context, pack, changed, named);
    fill(body, open.element);
  };

  /** @type {Changed} */
  const changed = (pack, { again = false } = {}) => {
    shown = pack;
    if (again) show(pack);
    else drawHead(pack);
  };

  /** Shows the title in the text of a pack that was never published. @param {string} title */
  const named = (title) => {
    if (!title || title === typed || shown.releases.length) return;
    typed = title;
    heading.textContent = title;
    context.setTitle(title);
  };

  const heading = h("bdi");
  const drawHead = (/** @type {Pack} */ pack) => {
    heading.textContent = (!pack.releases.length && typed) || pack.title || id;
    fill(head,
      h("p", { class: "crumbs" }, h("a", { href: "#/packs" }, "Packs")),
      h("div", { class: "page-head" },
        h("h1", { tabindex: "-1" }, heading),
        h("p", { class: "badges" }, stateBadge(pack))),
      h("p", { class: "pack-facts" }, [
        pack.audience && AUDIENCES[pack.audience].label,
        pack.prompts > 0 && counted(pack.prompts, "prompt"),
        pack.languages.length > 0 && listed(pack.languages.map(languageName)),
      ].filter(Boolean).join(" · ")),
      banners(context, pack, (next) => changed(next, { again: page !== "" })),
      h("nav", { class: "tabs", "aria-label": "This pack" },
        PAGES.map(([name, label]) => h("a", {
          href: `#/packs/${id}${name && `/${name}`}`,
          "aria-current": name === page ? "page" : null,
        }, label))));
  };

  void load();
  return view;
}

/** @param {string} id @param {string} title @returns {Pack} */
function brandNew(id, title) {
  return {
    id, title: title || id, state: "draft", audience: null, languages: [], prompts: 0, live_version: null, scheduled: null,
    proposal: null, draft_saved: null, published: null, withdrawn: null, withdrawn_prompts: [], code: null, news_on: null,
    draft: null, releases: [], isNew: true,
  };
}

/** @param {string} id */
function noSuchPack(id) {
  return h("div", { class: "empty-page" },
    h("h1", { tabindex: "-1" }, "Pack not found"),
    h("p", {}, `There is no pack “${id}”. Maybe its draft was discarded.`),
    h("p", {}, h("a", { href: "#/packs" }, "See all packs")));
}

/** Shows a proposal, a scheduled version and a withdrawal, each with its actions. @param {Console} context @param {Pack} pack @param {Changed} changed */
function banners(context, pack, changed) {
  const path = { pack_id: pack.id };
  const me = context.session.email;
  const may = context.session.mayPublish;
  /** @param {HTMLButtonElement} pressed @param {string} message @param {() => Promise<Schema["PackDetail"]>} work */
  const act = async (pressed, message, work) => {
    try {
      const next = await context.working(pressed, work);
      notify(message);
      changed(next);
    } catch (error) {
      notifyError(error);
      if (STALE.includes(known(error).kind)) changed(await context.api.call("get", "/v1/practice/packs/{pack_id}", { path }));
    }
  };
  const reject = () => context.api.call("post", "/v1/practice/packs/{pack_id}/reject", { path, body: {} });
  /** @type {HTMLElement[]} */
  const found = [];
  const { proposal } = pack;
  if (proposal) {
    const when = proposal.at ? `to go live on ${instantText(proposal.at)}` : "to go live as soon as it is approved";
    found.push(h("div", { class: "banner" },
      h("p", {}, h("strong", {}, `Proposed by ${nameText(proposal.proposed.name, me)}`), ` ${agoText(proposal.proposed.at)}, ${when}. `,
        proposal.note && h("q", {}, h("bdi", {}, proposal.note)), " ",
        proposal.mine ? "A colleague has to approve it." : "Read it under “Write”, or see what changed under “Versions”."),
      may && h("div", { class: "row-actions" },
        !proposal.mine && button("Approve …", async (pressed) => {
          if (await confirmed({
            title: "Approve and publish",
            yes: proposal.at ? "Approve" : "Approve and publish now",
            body: h("p", {}, `The proposal of ${proposal.proposed.name} goes live ${proposal.at ? `on ${instantText(proposal.at)}` : "right away"}. After that nobody can edit it. A changed text becomes a new version.`),
          })) await act(pressed, "Approved.", async () =>
            (await context.api.call("post", "/v1/practice/packs/{pack_id}/approve", { path, body: { revision: proposal.revision } })).pack);
        }, { class: "primary" }),
        button(proposal.mine ? "Take it back" : "Turn it down", (pressed) =>
          act(pressed, `${proposal.mine ? "Taken back" : "Turned down"}. The draft has not changed.`, reject)))));
  }
  if (pack.scheduled) {
    found.push(h("div", { class: "banner" },
      h("p", {}, h("strong", {}, `Version ${pack.scheduled.version} goes live on ${instantText(pack.scheduled.at)}.`), " Until then, nothing changes for couples."),
      may && h("div", { class: "row-actions" },
        button("Cancel it …", async (pressed) => {
          if (await confirmed({
            title: "Cancel this version", yes: "Cancel this version", no: "Keep it scheduled", danger: true,
            body: h("p", {}, "It will not go live. Its text stays under “Versions”, and you can keep working on it in the draft."),
          })) await act(pressed, "Canceled.", reject);
        }))));
  }
  if (pack.withdrawn) {
    found.push(h("div", { class: "banner warning" },
      h("p", {}, h("strong", {}, `Withdrawn by ${nameText(pack.withdrawn.name, me)} ${agoText(pack.withdrawn.at)}.`), " Couples no longer get its prompts. Days they already had stay in their journals."),
      may && h("div", { class: "row-actions" }, button("Restore the pack", (pressed) =>
        act(pressed, "The pack is back.", () => context.api.call("post", "/v1/practice/packs/{pack_id}/restore", { path, body: {} }))))));
  }
  if (pack.news_on && pack.state !== "draft") {
    found.push(h("p", { class: "hint" }, `On ${dateText(pack.news_on, "long")}, couples who want news get one notification about this pack, at their prompt time.`));
  }
  return found;
}
