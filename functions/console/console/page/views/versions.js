// All versions of a pack, and what differs between any two of them and the draft.

import { fill, h, select } from "../dom.js";
import { diffView } from "../diff.js";
import { loading } from "../notices.js";
import { byText, counted, languageName, listed, shortInstant } from "../words.js";

export function versionsPage(context, pack) {
  const me = context.session.email;
  const options = [...(pack.draft ? [["draft", "The draft"]] : []), ...pack.releases.map((each) => [String(each.version), `Version ${each.version}`])];
  const element = h("div", { class: "versions" });
  if (!pack.releases.length) {
    fill(element, h("div", { class: "empty-page" }, h("h2", {}, "No versions yet"), h("p", {}, "Each time the pack is published, it becomes a version that never changes, and is listed here.")));
    return { element };
  }
  const list = h("section", { class: "panel", "aria-labelledby": "versions-title" },
    h("h2", { id: "versions-title" }, "Versions"),
    h("ol", { class: "version-list", reversed: true }, pack.releases.map((each) => h("li", {},
      h("p", {}, h("strong", {}, `Version ${each.version}`), " ",
        each.version === pack.live_version && h("span", { class: "badge live" }, "Live"),
        each.version === pack.scheduled?.version && h("span", { class: "badge scheduled" }, "Scheduled"),
        each.taken_back && h("span", { class: "badge withdrawn" }, "Called off")),
      h("p", {}, h("bdi", {}, each.title), ` · ${counted(each.prompts, "prompt")} · ${listed(each.languages.map(languageName))}`),
      h("p", { class: "hint" }, [
        `Live from ${shortInstant(each.live_from)}`,
        `published by ${byText(each.published, me)}`,
        each.approved && `approved by ${byText(each.approved, me)}`,
        each.taken_back && `called off by ${byText(each.taken_back, me)}`,
      ].filter(Boolean).join(", ")),
      each.note && h("p", {}, h("q", {}, h("bdi", {}, each.note)))))));
  fill(element, list);
  if (options.length > 1) element.append(comparison(context, pack, options));
  return { element };
}

function comparison(context, pack, options) {
  const texts = new Map();
  const textOf = async (name) => {
    if (!texts.has(name)) {
      const path = name === "draft" ? `packs/${pack.id}/draft` : `packs/${pack.id}/releases/${name}`;
      texts.set(name, (await context.api.get(path)).source);
    }
    return texts.get(name);
  };
  const left = select(options, options[1][0], { id: "diff-left" });
  const right = select(options, options[0][0], { id: "diff-right" });
  const label = (name) => options.find(([each]) => each === name)[1];
  const result = h("div");
  const draw = () => fill(result, loading(async () => {
    const both = await Promise.all([textOf(left.value), textOf(right.value)]);
    return diffView(...both, [label(left.value), label(right.value)]);
  }, "Comparing"));
  left.addEventListener("change", draw);
  right.addEventListener("change", draw);
  draw();
  return h("section", { class: "panel", "aria-labelledby": "diff-title" },
    h("h2", { id: "diff-title" }, "What has changed"),
    h("div", { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "diff-left" }, "From"), left),
      h("div", { class: "field" }, h("label", { for: "diff-right" }, "To"), right)),
    result);
}
