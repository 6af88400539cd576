// The live version of a pack, whose prompts can each be withdrawn, and the pack's code.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema} Schema */
/** @typedef {import("./pack.js").Pack} Pack */
/** @typedef {(pack: Schema["PackDetail"]) => void} Changed */


import { ask, confirmed } from "../dialogs.js";
import { copied } from "../files.js";
import { field } from "../forms.js";
import { loading, notify, notifyError, sentenceOf } from "../notices.js";
import { button, fill, h } from "../ui/dom.js";
import { counted, trimmed } from "../ui/text.js";
import { byText, instantText, languageName, themeName } from "../words.js";

const AT_FIRST = 60;

/** @param {Console} context @param {Pack} pack @param {import("./pack.js").Changed} changed @returns {import("./pack.js").Page} */
export function publishedPage(context, pack, changed) {
  const live = pack.releases.find((each) => each.version === pack.live_version)
    ?? pack.releases.find((each) => !each.taken_back && new Date(each.live_from) <= new Date());
  const element = h("div", { class: "published" });
  if (!live) {
    fill(element, h("div", { class: "empty-page" },
      h("h2", {}, "Not with couples yet"),
      h("p", {}, pack.scheduled ? `Version ${pack.scheduled.version} goes live on ${instantText(pack.scheduled.at)}.` : "Publish the draft on the “Write” page. Its prompts then appear here.")));
    return { element };
  }
  /** @type {Changed} */
  const again = (next) => changed(next, { again: true });
  fill(element,
    pack.code && codePanel(context, pack, again),
    h("section", { class: "panel", "aria-labelledby": "live-title" },
      h("div", { class: "panel-head" },
        h("h2", { id: "live-title" }, `Version ${live.version}`),
        context.session.mayPublish && !pack.withdrawn && button("Withdraw the pack …", () => withdraw(context, pack, null, again), { class: "danger-quiet" })),
      h("p", {}, `Live since ${instantText(live.live_from)}. Published by ${byText(live.published, context.session.email)}.`,
        live.approved && ` Approved by ${byText(live.approved, context.session.email)}.`),
      loading(() => prompts(context, pack, live, again), "Loading the prompts")));
  return { element };
}

/** @param {Console} context @param {Pack} pack @param {Changed} again */
function codePanel(context, pack, again) {
  const code = pack.code ?? "";
  return h("section", { class: "panel code-panel", "aria-labelledby": "code-title" },
    h("h2", { id: "code-title" }, "This pack’s code"),
    h("p", {}, "Give it to couples. Once they enter it in the app, they get this pack’s prompts first."),
    h("p", { class: "code", translate: "no" }, code),
    h("div", { class: "row-actions" },
      button("Copy", async () => notify((await copied(code)) ? "Copied." : "Your browser did not allow copying.")),
      context.session.mayPublish && button("New code …", async (pressed) => {
        if (!(await confirmed({
          title: "Make a new code", yes: "Make a new code", danger: true,
          body: h("p", {}, "The old code stops working right away, wherever it was printed or sent. Couples who already joined keep the pack."),
        }))) return;
        try {
          const next = await context.working(pressed, () => context.api.call("post", "/v1/practice/packs/{pack_id}/code", { path: { pack_id: pack.id } }));
          notify("The new code is ready.");
          again(next);
        } catch (error) {
          notifyError(error);
        }
      }, { class: "quiet" })));
}

/**
 * Loads the text of a version, and its preview. The preview is null if the version breaks rules that are newer.
 * @param {Console} context
 * @param {string} pack
 * @param {number} version
 * @param {{ signal?: AbortSignal }} [options]
 */
export async function releaseOf(context, pack, version, options) {
  const { source } = await context.api.call("get", "/v1/practice/packs/{pack_id}/releases/{version}", { path: { pack_id: pack, version } }, options);
  const { preview } = await context.api.call("post", "/v1/practice/check", { body: { source, pack_id: pack } }, options);
  return { source, preview };
}

/** @param {Console} context @param {Pack} pack @param {Schema["ReleaseView"]} live @param {Changed} again */
async function prompts(context, pack, live, again) {
  const withdrawn = new Set(pack.withdrawn_prompts);
  const { source, preview } = await releaseOf(context, pack.id, live.version);
  const may = context.session.mayPublish;
  if (!preview) return h("pre", { class: "source", tabindex: "0", "aria-label": "Text of the version" }, source);
  const list = h("ul", { class: "prompt-list" });
  const more = h("div", { class: "more" });
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const wanted = h("input", { type: "search", id: "prompt-search", placeholder: "A word in it", autocomplete: "off" });
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
          ? button("Restore", (pressed) => restore(context, pack, prompt.id, pressed, again), { "aria-label": `Restore ${prompt.id}`, class: "small" })
          : !pack.withdrawn && button("Withdraw …", () => withdraw(context, pack, prompt.id, again), { "aria-label": `Withdraw ${prompt.id}`, class: "quiet small" })));
    }));
    fill(more, found.length > shown && button("Show more", () => ((shown += AT_FIRST), draw()), { class: "quiet" }));
  };
  wanted.addEventListener("input", () => ((shown = AT_FIRST), draw()));
  draw();
  return [h("div", { class: "field" }, h("label", { for: "prompt-search" }, "Find a prompt"), wanted), count, list, more];
}

/** @param {Console} context @param {Pack} pack @param {string | null} prompt null for the whole pack @param {Changed} again */
async function withdraw(context, pack, prompt, again) {
  const next = await ask({
    title: prompt ? "Withdraw this prompt" : "Withdraw the whole pack",
    alert: true,
    build: (/** @type {(next?: Schema["PackDetail"] | null) => void} */ close) => {
      const reason = field("Reason, for your colleagues", h("textarea", { rows: "2" }), { optional: true, limit: 500 });
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const go = button(prompt ? "Withdraw the prompt" : "Withdraw the pack", async () => {
        problem.hidden = true;
        if (reason.excess()) return reason.control.focus();
        try {
          close(await context.working(go, () => context.api.call("post", "/v1/practice/packs/{pack_id}/withdraw", { path: { pack_id: pack.id }, body: { prompt, reason: trimmed(reason.control.value) || null } })));
        } catch (error) {
          problem.textContent = sentenceOf(error);
          problem.hidden = false;
        }
      }, { class: "danger" });
      return {
        body: h("div", {}, problem,
          prompt && h("p", {}, h("code", {}, prompt)),
          h("p", {}, prompt
            ? "Within half a minute, no couple gets this prompt anymore. Couples who have it today keep it, and it stays in journals."
            : "Within half a minute, no couple gets a prompt of this pack anymore. Couples who have one today keep it, and it stays in journals."),
          h("p", {}, "You can restore it at any time."),
          reason.element),
        actions: [button("Cancel", () => close(null), { class: "quiet" }), go],
      };
    },
  });
  if (!next) return;
  notify(prompt ? "The prompt is withdrawn." : "The pack is withdrawn.");
  again(next);
}

/** @param {Console} context @param {Pack} pack @param {string} prompt @param {HTMLButtonElement} pressed @param {Changed} again */
async function restore(context, pack, prompt, pressed, again) {
  try {
    const next = await context.working(pressed, () => context.api.call("post", "/v1/practice/packs/{pack_id}/restore", { path: { pack_id: pack.id }, body: { prompt } }));
    notify("The prompt is back.");
    again(next);
  } catch (error) {
    notifyError(error);
  }
}
