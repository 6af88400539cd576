// What couples have of a pack: its live version and prompts, each of which can be withdrawn, and the pack's code.

import { trimmed } from "../characters.js";
import { ask, confirmed } from "../dialogs.js";
import { button, field, fill, h } from "../dom.js";
import { copied } from "../files.js";
import { loading, notify, sentenceOf } from "../notices.js";
import { byText, counted, instantText, languageName, themeName } from "../words.js";

const AT_FIRST = 60;

export function publishedPage(context, pack, changed) {
  const live = pack.releases.find((each) => each.version === pack.live_version)
    ?? pack.releases.find((each) => !each.taken_back && new Date(each.live_from) <= new Date());
  const element = h("div", { class: "published" });
  if (!live) {
    fill(element, h("div", { class: "empty-page" },
      h("h2", {}, "Not with couples yet"),
      h("p", {}, pack.scheduled ? `Version ${pack.scheduled.version} goes live on ${instantText(pack.scheduled.at)}.` : "Publish the draft on the page “Write”, and its prompts appear here.")));
    return { element };
  }
  const again = (next) => changed(next, { again: true });
  fill(element,
    pack.code && codePanel(context, pack, again),
    h("section", { class: "panel", "aria-labelledby": "live-title" },
      h("div", { class: "panel-head" },
        h("h2", { id: "live-title" }, `Version ${live.version}`),
        context.session.mayPublish && !pack.withdrawn && button("Withdraw the pack …", () => withdraw(context, pack, null, again), { kind: "danger-quiet" })),
      h("p", {}, `Live since ${instantText(live.live_from)}. Published by ${byText(live.published, context.session.email)}.`,
        live.approved && ` Approved by ${byText(live.approved, context.session.email)}.`),
      loading(() => prompts(context, pack, live, again), "Loading the prompts")));
  return { element };
}

function codePanel(context, pack, again) {
  return h("section", { class: "panel code-panel", "aria-labelledby": "code-title" },
    h("h2", { id: "code-title" }, "The code of this pack"),
    h("p", {}, "Give it to couples; they enter it in the app, and the pack then plays first for them."),
    h("p", { class: "code", translate: "no" }, pack.code),
    h("div", { class: "row-actions" },
      button("Copy", async () => notify((await copied(pack.code)) ? "The code is copied." : "The browser did not let us copy.")),
      context.session.mayPublish && button("Renew …", async (event) => {
        const pressed = event.currentTarget;
        if (!(await confirmed({
          title: "Renew the code", yes: "Make a new code", danger: true,
          body: h("p", {}, "The old code stops working at once, wherever it was printed or sent. Couples that have joined already stay."),
        }))) return;
        try {
          const next = await context.working(pressed, () => context.api.post(`packs/${pack.id}/code`, {}));
          notify("There is a new code.");
          again(next);
        } catch (error) {
          notify(sentenceOf(error), { problem: true });
        }
      }, { kind: "quiet" })));
}

/** A published version: its text, and its preview, null where the rules have become stricter since. */
export async function releaseOf(context, pack, version, options) {
  const { source } = await context.api.get(`packs/${pack.id}/releases/${version}`, options);
  const { preview } = await context.api.post("check", { source, pack_id: pack.id }, options);
  return { source, preview };
}

async function prompts(context, pack, live, again) {
  const withdrawn = new Set(pack.withdrawn_prompts);
  const { source, preview } = await releaseOf(context, pack, live.version);
  const may = context.session.mayPublish;
  if (!preview) return h("pre", { class: "source", tabindex: "0", "aria-label": "Text of the version" }, source);
  const list = h("ul", { class: "prompt-list" });
  const more = h("div", { class: "more" });
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const wanted = h("input", { type: "search", id: "prompt-search", placeholder: "A word of it", autocomplete: "off" });
  let shown = AT_FIRST;
  const draw = () => {
    const word = wanted.value.trim().toLowerCase();
    const found = preview.prompts.filter((each) => !word || each.id.includes(word) || Object.values(each.words).some((words) => words.text.toLowerCase().includes(word)));
    count.textContent = word ? `${found.length} of ${counted(preview.prompts.length, "prompt")}` : counted(preview.prompts.length, "prompt");
    fill(list, found.slice(0, shown).map((prompt) => {
      const words = prompt.words[preview.default_language];
      const gone = withdrawn.has(prompt.id);
      return h("li", { class: gone ? "prompt-row gone" : "prompt-row" },
        h("div", {},
          h("p", { class: "prompt-row-text", dir: "auto", lang: preview.default_language }, words?.text ?? prompt.id),
          h("p", { class: "hint" }, [themeName(prompt.theme), prompt.id, Object.keys(prompt.words).map(languageName).join(", ")].join(" · "))),
        gone && h("span", { class: "badge withdrawn" }, "Withdrawn"),
        may && (gone
          ? button("Put back", (event) => restore(context, pack, prompt.id, event.currentTarget, again), { "aria-label": `Put back ${prompt.id}`, kind: "small" })
          : !pack.withdrawn && button("Withdraw …", () => withdraw(context, pack, prompt.id, again), { "aria-label": `Withdraw ${prompt.id}`, kind: "quiet small" })));
    }));
    fill(more, found.length > shown && button("Show more", () => ((shown += AT_FIRST), draw()), { kind: "quiet" }));
  };
  wanted.addEventListener("input", () => ((shown = AT_FIRST), draw()));
  draw();
  return [h("div", { class: "field" }, h("label", { for: "prompt-search" }, "Find a prompt"), wanted), count, list, more];
}

async function withdraw(context, pack, prompt, again) {
  const next = await ask({
    title: prompt ? "Withdraw this prompt" : "Withdraw the whole pack",
    alert: true,
    build: (close) => {
      const reason = field("Why, for your colleagues", h("textarea", { rows: "2" }), { optional: true, limit: 500 });
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const go = button(prompt ? "Withdraw the prompt" : "Withdraw the pack", async () => {
        problem.hidden = true;
        if (reason.excess()) return reason.control.focus();
        try {
          close(await context.working(go, () => context.api.post(`packs/${pack.id}/withdraw`, { prompt, reason: trimmed(reason.control.value) || null })));
        } catch (error) {
          problem.textContent = sentenceOf(error);
          problem.hidden = false;
        }
      }, { kind: "danger" });
      return {
        body: h("div", {}, problem,
          prompt && h("p", {}, h("code", {}, prompt)),
          h("p", {}, prompt
            ? "No couple is offered this prompt any more, within half a minute. Who has it today already keeps it, and so do journals."
            : "No couple is offered a prompt of this pack any more, within half a minute. Days that have one already keep it, and so do journals."),
          h("p", {}, "You can put it back at any time."),
          reason.element),
        actions: [button("Cancel", () => close(null), { kind: "quiet" }), go],
      };
    },
  });
  if (!next) return;
  notify(prompt ? "The prompt is withdrawn." : "The pack is withdrawn.");
  again(next);
}

async function restore(context, pack, prompt, pressed, again) {
  try {
    const next = await context.working(pressed, () => context.api.post(`packs/${pack.id}/restore`, { prompt }));
    notify("The prompt is back with couples.");
    again(next);
  } catch (error) {
    notify(sentenceOf(error), { problem: true });
  }
}
