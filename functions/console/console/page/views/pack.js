// One pack: its head with what can be done to it, and its three pages (write, published, versions).

import { button, fill, h } from "../dom.js";
import { confirmed } from "../dialogs.js";
import { unsaved } from "../kept.js";
import { failure, notify, sentenceOf } from "../notices.js";
import { AUDIENCES, agoText, counted, dateText, instantText, languageName, listed, nameText } from "../words.js";
import { titleIn } from "../yaml.js";
import { stateBadge } from "./packs.js";
import { publishedPage } from "./published.js";
import { versionsPage } from "./versions.js";
import { writePage } from "./write.js";

const PAGES = [["", "Write"], ["published", "With couples"], ["versions", "Versions"]];

export function packView(context, id, page) {
  const head = h("div", { class: "pack-head" });
  const body = h("div");
  const element = h("div", { class: page === "" ? "page wide-page" : "page" }, head, body);
  const view = { element, title: id, leave: async () => (await view.page?.leave?.()) ?? true, close: () => view.page?.close?.() };

  const load = async () => {
    fill(body, h("p", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), "Loading the pack …"));
    let pack = null;
    const begun = () => brandNew(id, titleIn(unsaved(context.session.uid, id)?.source ?? ""));
    if (context.isFresh(id)) return show(begun());
    try {
      pack = await context.api.get(`packs/${id}`);
    } catch (error) {
      if (error.kind === "no-such-pack" && unsaved(context.session.uid, id)) pack = begun();
      else if (error.kind === "no-such-pack" || error.kind === "invalid-fields") return fill(body, noSuchPack(id));
      else if (!error.sentence) throw error;
      else return fill(body, failure(error, load));
    }
    show(pack);
    return undefined;
  };

  const show = (pack) => {
    view.pack = pack;
    view.title = pack.title || id;
    context.titled(view.title);
    drawHead(pack);
    const make = { "": writePage, published: publishedPage, versions: versionsPage }[page];
    view.page?.close?.();
    view.page = make(context, pack, changed, named);
    fill(body, view.page.element);
  };

  /** The pack as it stands after something was done; the page below stays as it is unless it has to be made anew. */
  const changed = (pack, { again = false } = {}) => {
    view.pack = pack;
    if (again) show(pack);
    else drawHead(pack);
  };

  /** What the text calls a pack that was never published, as it is typed. */
  const named = (title) => {
    if (!title || title === view.named || view.pack.releases.length) return;
    view.named = title;
    heading.textContent = title;
    context.titled(title);
  };

  const heading = h("bdi");
  const drawHead = (pack) => {
    heading.textContent = (!pack.releases.length && view.named) || pack.title || id;
    fill(head,
      h("p", { class: "crumbs" }, h("a", { href: "#/packs" }, "Packs")),
      h("div", { class: "page-head" },
        h("h1", { tabindex: "-1" }, heading),
        h("p", { class: "badges" }, stateBadge(pack))),
      h("p", { class: "pack-facts" }, [
        AUDIENCES[pack.audience]?.label,
        pack.prompts > 0 && counted(pack.prompts, "prompt"),
        pack.languages.length > 0 && listed(pack.languages.map(languageName)),
      ].filter(Boolean).join(" · ")),
      banners(context, pack, (next) => changed(next, { again: page !== "" })),
      h("nav", { class: "tabs", "aria-label": "Of this pack" },
        PAGES.map(([name, label]) => h("a", {
          href: `#/packs/${id}${name && `/${name}`}`,
          "aria-current": name === page ? "page" : null,
        }, label))));
  };

  load();
  return view;
}

function brandNew(id, title) {
  return {
    id, title: title || id, state: "draft", audience: null, languages: [], prompts: 0, live_version: null, scheduled: null,
    proposal: null, draft_saved: null, published: null, withdrawn: null, withdrawn_prompts: [], code: null, news_on: null,
    draft: null, releases: [], isNew: true,
  };
}

function noSuchPack(id) {
  return h("div", { class: "empty-page" },
    h("h1", { tabindex: "-1" }, "There is no such pack"),
    h("p", {}, `Nothing is known of “${id}”. It may have been a draft that was discarded.`),
    h("p", {}, h("a", { href: "#/packs" }, "See all packs")));
}

/** What waits, and what was taken away: with what can be done about it. */
function banners(context, pack, changed) {
  const me = context.session.email;
  const may = context.session.mayPublish;
  const done = (work, said) => async (event) => {
    try {
      const next = await context.working(event.currentTarget, work);
      notify(said);
      changed(next);
    } catch (error) {
      notify(sentenceOf(error), { problem: true });
      if (["draft-changed", "pack-changed", "nothing-to-take-back"].includes(error.kind)) changed(await context.api.get(`packs/${pack.id}`));
    }
  };
  const found = [];
  const { proposal } = pack;
  if (proposal) {
    const when = proposal.at ? `to go live on ${instantText(proposal.at)}` : "to go live as soon as it is approved";
    found.push(h("div", { class: "banner" },
      h("p", {}, h("strong", {}, `Proposed by ${nameText(proposal.proposed.name, me)}`), ` ${agoText(proposal.proposed.at)}, ${when}. `,
        proposal.note && h("q", {}, h("bdi", {}, proposal.note)), " ",
        proposal.mine ? "Somebody else has to approve it." : "Read it on the page “Write”, or see what has changed under “Versions”."),
      may && h("div", { class: "row-actions" },
        !proposal.mine && button("Approve …", async (event) => {
          const pressed = event.currentTarget;
          if (!(await confirmed({
            title: "Approve and publish",
            yes: proposal.at ? "Approve" : "Approve, and publish now",
            body: h("p", {}, `What ${proposal.proposed.name} proposed is then ${proposal.at ? `live from ${instantText(proposal.at)}` : "live at once"}, and cannot be edited any more; a mended text makes a new version.`),
          }))) return;
          await done(async () => (await context.api.post(`packs/${pack.id}/approve`, { revision: proposal.revision })).pack, "Approved.")({ currentTarget: pressed });
        }, { kind: "primary" }),
        button(proposal.mine ? "Take it back" : "Turn it down", done(() => context.api.post(`packs/${pack.id}/reject`, {}), `${proposal.mine ? "Taken back" : "Turned down"}. The draft is as it was.`)))));
  }
  if (pack.scheduled) {
    found.push(h("div", { class: "banner" },
      h("p", {}, h("strong", {}, `Version ${pack.scheduled.version} goes live on ${instantText(pack.scheduled.at)}.`), " Until then couples have what they had."),
      may && h("div", { class: "row-actions" },
        button("Call it off", async (event) => {
          const pressed = event.currentTarget;
          if (await confirmed({
            title: "Call off this version", yes: "Call it off", no: "Leave it scheduled", danger: true,
            body: h("p", {}, "It does not go live. Its text stays under “Versions”, and you can go on with it in the draft."),
          })) await done(() => context.api.post(`packs/${pack.id}/reject`, {}), "Called off.")({ currentTarget: pressed });
        }))));
  }
  if (pack.withdrawn) {
    found.push(h("div", { class: "banner warning" },
      h("p", {}, h("strong", {}, `Withdrawn by ${nameText(pack.withdrawn.name, me)} ${agoText(pack.withdrawn.at)}.`), " No couple gets a prompt of it. What they have seen stays in their journal."),
      may && h("div", { class: "row-actions" }, button("Put the pack back", done(() => context.api.post(`packs/${pack.id}/restore`, {}), "The pack is back with couples.")))));
  }
  if (pack.news_on && pack.state !== "draft") {
    found.push(h("p", { class: "hint" }, `Couples who want news are told of this pack at their prompt time on ${dateText(pack.news_on, "long")}, once.`));
  }
  return found;
}
