// The versions of a pack, and the differences between two of them, or between one and the draft.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("./pack.js").Pack} Pack */


import { diffView } from "../diff.js";
import { loading } from "../notices.js";
import { fill, h, select } from "../ui/dom.js";
import { counted } from "../ui/text.js";
import { byText, languageName, listed, shortInstant } from "../words.js";

/** @param {Console} context @param {Pack} pack @returns {import("./pack.js").Page} */
export function versionsPage(context, pack) {
  const me = context.session.email;
  /** @type {[string, string][]} */
  const choices = pack.releases.map(({ version }) => [String(version), `Version ${version}`]);
  if (pack.draft) choices.unshift(["draft", "The draft"]);
  const element = h("div", { class: "versions" });
  if (!pack.releases.length) {
    fill(element, h("div", { class: "empty-page" }, h("h2", {}, "No versions yet"), h("p", {}, "Each time you publish the pack, it becomes a version. Versions never change, and you find them all here.")));
    return { element };
  }
  const list = h("section", { class: "panel", "aria-labelledby": "versions-title" },
    h("h2", { id: "versions-title" }, "Versions"),
    h("ol", { class: "version-list", reversed: true }, pack.releases.map((each) => h("li", {},
      h("p", {}, h("strong", {}, `Version ${each.version}`), " ",
        each.version === pack.live_version && h("span", { class: "badge live" }, "Live"),
        each.version === pack.scheduled?.version && h("span", { class: "badge scheduled" }, "Scheduled"),
        each.taken_back && h("span", { class: "badge withdrawn" }, "Canceled")),
      h("p", {}, h("bdi", {}, each.title), ` · ${counted(each.prompts, "prompt")} · ${listed(each.languages.map(languageName))}`),
      h("p", { class: "hint" }, [
        `Live from ${shortInstant(each.live_from)}`,
        `published by ${byText(each.published, me)}`,
        each.approved && `approved by ${byText(each.approved, me)}`,
        each.taken_back && `canceled by ${byText(each.taken_back, me)}`,
      ].filter(Boolean).join(", ")),
      each.note && h("p", {}, h("q", {}, h("bdi", {}, each.note)))))));
  fill(element, list);
  const [newest, earlier] = choices;
  if (newest && earlier) element.append(comparison(context, pack, choices, earlier[0], newest[0]));
  return { element };
}

/** @param {Console} context @param {Pack} pack @param {[string, string][]} choices @param {string} from @param {string} to */
function comparison(context, pack, choices, from, to) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  const textOf = async (/** @type {string} */ name) => {
    const path = { pack_id: pack.id };
    const text = texts.get(name) ?? (name === "draft"
      ? await context.api.call("get", "/v1/practice/packs/{pack_id}/draft", { path })
      : await context.api.call("get", "/v1/practice/packs/{pack_id}/releases/{version}", { path: { ...path, version: Number(name) } })).source;
    texts.set(name, text);
    return text;
  };
  const left = select(choices, from, { id: "diff-left" });
  const right = select(choices, to, { id: "diff-right" });
  const label = (/** @type {string} */ name) => choices.find(([each]) => each === name)?.[1] ?? name;
  const result = h("div");
  const draw = () => fill(result, loading(async () => {
    const [before, after] = await Promise.all([textOf(left.value), textOf(right.value)]);
    return diffView(before, after, [label(left.value), label(right.value)]);
  }, "Comparing"));
  left.addEventListener("change", draw);
  right.addEventListener("change", draw);
  draw();
  return h("section", { class: "panel", "aria-labelledby": "diff-title" },
    h("h2", { id: "diff-title" }, "What changed"),
    h("div", { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "diff-left" }, "From"), left),
      h("div", { class: "field" }, h("label", { for: "diff-right" }, "To"), right)),
    result);
}
