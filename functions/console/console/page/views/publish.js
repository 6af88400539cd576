// The last step before couples get a pack: shows what will happen, and asks when.

/** @typedef {import("../api.js").Schema} Schema */
/** The result of the dialog: the API's answer, a conflict, or findings. @typedef {{ published?: Schema["PublishedView"], conflict?: PageError, findings?: Schema["FindingView"][] }} Outcome */


import { ask } from "../dialogs.js";
import { PageError } from "../errors.js";
import { fieldText } from "../findings.js";
import { busy, field } from "../forms.js";
import { notify, sentenceOf } from "../notices.js";
import { button, h } from "../ui/dom.js";
import { counted, trimmed } from "../ui/text.js";
import { AUDIENCES, dateText, instantText, languageName, listed, zone } from "../words.js";

/** @type {Record<Schema["Outcome"], string>} */
const OUTCOMES = {
  live: "Published. Couples have it within half a minute.",
  scheduled: "Scheduled.",
  proposed: "Proposed. A colleague has to approve it now.",
  unchanged: "Couples already have exactly these prompts, so nothing was published.",
};

/**
 * Asks, and publishes. Resolves to null if the person decides against it.
 * @param {import("../app.js").Console} context
 * @param {import("./pack.js").Pack} pack
 * @param {{ preview: Schema["PreviewView"], advice: Schema["FindingView"][], revision: number }} draft
 * @returns {Promise<Outcome | null>}
 */
export function askToPublish(context, pack, { preview, advice, revision }) {
  const review = context.reviewRequired;
  const canAnnounce = preview.audience !== "code" && !pack.news_on;
  const next = (pack.releases[0]?.version ?? 0) + 1;
  return ask({
    title: review ? "Propose for publishing" : "Publish",
    wide: true,
    build: (/** @type {(outcome?: Outcome | null) => void} */ close) => {
      const now = h("input", { type: "radio", name: "when", value: "now", checked: true, id: "publish-now" });
      const later = h("input", { type: "radio", name: "when", value: "later", id: "publish-later" });
      const at = field(`Day and time, by this computer’s clock (${zone()})`, h("input", { type: "datetime-local", step: "60", props: { value: tomorrowMorning() } }));
      const resolved = h("p", { class: "hint", "aria-live": "polite" });
      const announceBox = h("input", { type: "checkbox", id: "publish-announce", checked: true });
      const note = field("What’s new, for your colleagues", h("textarea", { rows: "2" }), { optional: true, limit: 500 });
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const go = button("", () => publish(), { class: "primary" });
      const adapt = () => {
        at.element.hidden = resolved.hidden = !later.checked;
        const instant = chosen(at.control.value);
        resolved.textContent = instant ? `That is ${instantText(instant)} in ${zone()}.` : "";
        go.textContent = review ? "Propose" : later.checked ? "Schedule" : "Publish now";
      };
      now.addEventListener("change", adapt);
      later.addEventListener("change", adapt);
      at.control.addEventListener("input", adapt);
      adapt();

      const publish = async () => {
        problem.hidden = true;
        at.problem(null);
        const instant = later.checked ? chosen(at.control.value) : null;
        if (later.checked && !instant) return void (at.problem("Choose a day and a time."), at.control.focus());
        if (instant && new Date(instant) <= new Date()) return void (at.problem("This time has passed. Choose a later time, or publish now."), at.control.focus());
        if (note.excess()) return void note.control.focus();
        const body = { revision, at: instant, announce: canAnnounce && announceBox.checked, note: trimmed(note.control.value) || null };
        try {
          const answer = await busy(go, "Publishing …", () => context.api.call("post", "/v1/practice/packs/{pack_id}/publish", { path: { pack_id: pack.id }, body }));
          notify(answer.outcome === "scheduled" && instant ? `Scheduled for ${instantText(instant)}.` : OUTCOMES[answer.outcome]);
          return close({ published: answer });
        } catch (error) {
          if (error instanceof PageError && error.kind === "draft-changed") return close({ conflict: error });
          if (error instanceof PageError && error.kind === "pack-unfit") return close({ findings: error.body.findings ?? [] });
          problem.textContent = `Not published. ${sentenceOf(error)}`;
          problem.hidden = false;
          return adapt();
        }
      };

      const title = preview.words[preview.default_language]?.title ?? pack.id;
      const missing = preview.languages.map((language) => ({ language, count: preview.prompts.filter((each) => !each.words[language]).length })).filter(({ count }) => count);
      const body = h("div", {},
        problem,
        adviceOf(advice),
        h("ul", { class: "consequences" },
          h("li", {}, h("strong", {}, h("bdi", {}, title)), ` becomes version ${next}: ${counted(preview.prompts.length, "prompt")} in ${listed(preview.languages.map(languageName))}.`),
          missing.map(({ language, count }) => h("li", {}, `${counted(count, "prompt")} ${count === 1 ? "has" : "have"} no words in ${languageName(language)}. Couples see ${languageName(preview.default_language)} there.`)),
          h("li", {}, `It goes to ${AUDIENCES[preview.audience].sentence}.`),
          pack.live_version && h("li", {}, `It replaces version ${pack.live_version}. Prompts that couples have already seen keep their words.`),
          h("li", {}, "A published version can’t be edited. To fix something later, publish another version or withdraw a prompt."),
          review && h("li", {}, h("strong", {}, "A colleague has to approve it first.")),
          preview.audience === "code" && h("li", {}, pack.code ? "The pack’s code stays the same." : "It gets a code. You find it under “With couples”."),
          pack.news_on && h("li", {}, `It was already announced for ${dateText(pack.news_on)}. A pack is announced only once.`)),
        h("fieldset", {},
          h("legend", {}, "When"),
          h("p", { class: "choice" }, now, h("label", { for: "publish-now" }, review ? "As soon as it is approved" : "Now")),
          h("p", { class: "choice" }, later, h("label", { for: "publish-later" }, "At a day and time")),
          at.element, resolved),
        canAnnounce && h("p", { class: "choice" }, announceBox,
          h("label", { for: "publish-announce" }, "Announce it to couples, once, in place of a daily reminder")),
        note.element);
      return { body, actions: [button("Not yet", () => close(null), { class: "quiet" }), go] };
    },
  });
}

/** Lists advice about the whole pack, and counts the rest. @param {Schema["FindingView"][]} advice */
function adviceOf(advice) {
  // The consequences below already name missing languages.
  const whole = advice.filter((each) => !each.prompt && each.field !== "languages");
  const rest = advice.filter((each) => each.prompt).length;
  if (!whole.length && !rest) return null;
  return h("div", { class: "banner" }, h("div", {},
    h("p", {}, h("strong", {}, "Before you publish")),
    h("ul", {},
      whole.map((each) => h("li", {}, `${fieldText(each.field)}: ${each.reason}.`)),
      rest > 0 && h("li", {}, `${counted(rest, "suggestion")} for single prompts, listed beside the text.`))));
}

/** @param {string} value of a datetime-local input */
function chosen(value) {
  const date = value ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
}

function tomorrowMorning() {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T09:00`;
}
