// The page for writing. It shows the text, its mistakes and suggestions and a preview on a phone, and saves the text.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../api.js").Schema} Schema */
/** @typedef {import("./pack.js").Pack} Pack */
/** The draft that is saved, as far as this page knows. @typedef {Omit<Schema["DraftView"], "findings">} Saved */
/** `changed` receives the pack after an action, `named` the title in the text as it is typed. @typedef {{ changed: import("./pack.js").Changed, named: (title: string) => void }} Listener */

import { ask, confirmed } from "../dialogs.js";
import { diffView } from "../diff.js";
import { createEditor } from "../editor.js";
import { known } from "../errors.js";
import { SOURCE_LIMIT, download, isJson, textOf } from "../files.js";
import { createFindings } from "../findings.js";
import { busy, debounced } from "../forms.js";
import { copies, forgetUnsaved, keepCopy, keepUnsaved, unsaved } from "../kept.js";
import { announce, failure, notify, notifyError, spinner } from "../notices.js";
import { createPreview } from "../preview.js";
import { button, fill, h } from "../ui/dom.js";
import { characters } from "../ui/text.js";
import { agoText, byText, shortInstant } from "../words.js";
import { idsIn, languagesIn, titleIn, withPrompt } from "../yaml.js";
import { askAboutConflict } from "./conflict.js";
import { askForPrompt } from "./insert.js";
import { askToPublish } from "./publish.js";

const LONG = 300_000;

/** @param {Console} context @param {Pack} pack @param {Listener["changed"]} changed @param {Listener["named"]} named @returns {import("./pack.js").Page} */
export function writePage(context, pack, changed, named) {
  const element = h("div", { class: "write" });
  /** @type {import("./pack.js").Page} */
  const page = { element };
  const load = async () => {
    fill(element, spinner("Loading the text"));
    try {
      const draft = pack.isNew
        ? { source: "", revision: 0, saved: null, base_version: null, findings: [] }
        : await context.api.call("get", "/v1/practice/packs/{pack_id}/draft", { path: { pack_id: pack.id } });
      Object.assign(page, workspace(context, pack, draft, { changed, named }, element));
    } catch (error) {
      fill(element, failure(known(error), load));
    }
  };
  void load();
  return page;
}

/** @param {Console} context @param {Pack} given @param {Schema["DraftView"]} draft @param {Listener} listener @param {HTMLElement} element */
function workspace(context, given, draft, { changed, named }, element) {
  const { api, session } = context;
  const may = session.mayPublish;
  const id = given.id;
  const path = { pack_id: id };
  const uid = session.uid;
  let pack = given;
  /** @type {Saved} */
  let base = draft;
  let revision = draft.revision;
  /** The result of the last check, and the text that was checked. @type {Schema["CheckedView"] & { of: string | null }} */
  let check = { findings: draft.findings, preview: null, of: null };
  /** @type {AbortController | null} */
  let checking = null;
  /** @type {Promise<boolean> | null} */
  let saving = null;

  const editor = createEditor({ value: draft.source, label: `Text of the pack ${id}`, readOnly: !may, input: () => edited() });
  const preview = createPreview();
  const findings = createFindings((finding) => {
    editor.goToLine(finding.line);
    if (finding.prompt) preview.showPrompt(finding.prompt);
    announce(`Line ${finding.line}. ${finding.reason}`);
  });
  const state = h("p", { class: "save-state", role: "status" });
  const recovered = h("div");
  const save = button("Save draft", () => saveDraft());
  const publish = button("Publish …", () => publishDraft(), { class: "primary" });
  const tools = h("div", { class: "tools", role: "toolbar", "aria-label": "Text" });

  const isDirty = () => editor.value !== base.source;
  const errors = () => check.findings.filter((each) => !each.advice);

  const drawState = () => {
    const dirty = isDirty();
    save.disabled = !dirty || Boolean(saving);
    discardDraft.hidden = !may || !(base.revision || pack.isNew);
    state.dataset["dirty"] = String(dirty);
    if (dirty) state.textContent = "Not saved yet";
    else if (base.saved) state.textContent = `Saved by ${byText(base.saved, session.email)}`;
    else if (base.base_version) state.textContent = `Same as version ${base.base_version}`;
    else state.textContent = "";
  };

  // Checks run after a pause, and one at a time. An answer that comes too late is ignored.

  /** @param {Schema["FindingView"][]} found @param {Schema["PreviewView"] | null} previewed @param {string} source */
  const takeFindings = (found, previewed, source) => {
    check = { findings: found, preview: previewed ?? check.preview, of: source };
    findings.show(found);
    editor.mark(found);
    preview.show(previewed);
    named(previewed?.words[previewed.default_language]?.title ?? titleIn(source));
  };

  const checkNow = async () => {
    checkSoon.cancel();
    checking?.abort();
    const source = editor.value;
    if (source.length > SOURCE_LIMIT && characters(source) > SOURCE_LIMIT) {
      takeFindings([{ line: 1, prompt: null, field: "", advice: false, reason: "This text is longer than a pack can be (4 million characters). Split it into several packs." }], null, source);
      return;
    }
    const mine = (checking = new AbortController());
    findings.checking();
    try {
      const answer = await api.call("post", "/v1/practice/check", { body: { source, pack_id: id } }, { signal: mine.signal });
      if (!mine.signal.aborted) takeFindings(answer.findings, answer.preview, source);
    } catch (error) {
      if (!mine.signal.aborted) findings.failed(known(error).sentence);
    }
  };
  const checkSoon = debounced(checkNow, () => (editor.value.length > LONG ? 2000 : 600));

  const keepSoon = debounced(() => keepNow(), () => (editor.value.length > LONG ? 1500 : 300));
  let warned = false;
  const keepNow = () => {
    if (!may) return;
    if (!isDirty()) forgetUnsaved(uid, id);
    else if (!keepUnsaved(uid, id, editor.value, revision) && !warned) {
      warned = true;
      notify("This text is too long for the browser to keep a copy. Save the draft often.", { problem: true });
    }
  };

  const edited = () => {
    drawState();
    keepSoon();
    checkSoon();
  };

  /** Replaces the text in the editor. @param {string} source */
  const put = (source) => {
    editor.set(source);
    drawState();
    keepNow();
    void checkNow();
  };

  // Saving

  const saveDraft = () => {
    saving ??= saveOnce().finally(() => {
      saving = null;
      drawState();
    });
    return saving;
  };

  /** Returns whether the text in the editor is saved now. @returns {Promise<boolean>} */
  const saveOnce = async () => {
    const source = editor.value;
    try {
      const saved = await busy(save, "Saving …", () => api.call("put", "/v1/practice/packs/{pack_id}/draft", { path, body: { source, revision } }));
      base = { source, revision: saved.revision, saved: saved.saved, base_version: base.base_version };
      revision = saved.revision;
      keepSoon.cancel();
      keepNow();
      if (editor.value === source) {
        checkSoon.cancel();
        const current = check.of === source ? check.preview : null;
        findings.show(saved.findings);
        editor.mark(saved.findings);
        check = { ...check, findings: saved.findings };
        if (!current) void checkNow();
      }
      fill(recovered);
      announce("Draft saved.");
      pack = await api.call("get", "/v1/practice/packs/{pack_id}", { path });
      changed(pack);
      return true;
    } catch (error) {
      const { kind, sentence, body } = known(error);
      if (kind === "draft-changed") return conflict(body);
      keepNow();
      notify(`The draft was not saved. ${sentence}`, { problem: true, action: { label: "Try again", run: saveDraft } });
      return false;
    }
  };

  /** Returns whether the text in the editor is saved now. @param {import("../errors.js").Refusal} existing @returns {Promise<boolean>} */
  const conflict = async (existing) => {
    /** @type {Saved} */
    let theirs = { source: "", revision: existing.revision ?? 0, saved: existing.saved ?? null, base_version: null };
    try {
      theirs = await api.call("get", "/v1/practice/packs/{pack_id}/draft", { path });
    } catch (error) {
      const { kind, sentence } = known(error);
      if (kind !== "no-such-pack") {
        notify(`Someone else saved this draft, and their text could not be loaded. ${sentence}`, { problem: true });
        return false;
      }
    }
    const mine = editor.value;
    if (theirs.source === mine) {
      base = theirs;
      revision = theirs.revision;
      keepNow();
      drawState();
      return true;
    }
    const saved = theirs.saved ?? { name: "Someone", at: new Date().toISOString() };
    const choice = await askAboutConflict({ pack: id, mine, theirs: { ...theirs, saved }, me: session.email });
    if (choice === "theirs") {
      keepCopy(uid, id, "Yours, before you used the other draft", mine);
      base = theirs;
      revision = theirs.revision;
      put(theirs.source);
      notify("The editor now has the other draft. Yours is under “Kept copies”.");
      return false;
    }
    if (choice === "mine") {
      keepCopy(uid, id, `The draft of ${saved.name}, before you replaced it`, theirs.source);
      revision = theirs.revision;
      base = theirs;
      return saveOnce();
    }
    notify("Not saved. Your text is kept on this computer.");
    return false;
  };

  // Publishing

  const publishDraft = async () => {
    if (pack.scheduled) return notify(`Version ${pack.scheduled.version} is scheduled. Cancel it first, or publish once it is live.`, { problem: true });
    await busy(publish, "Checking …", async () => {
      if (check.of !== editor.value) await checkNow();
    });
    if (check.of !== editor.value) return notify("The text could not be checked, so you can’t publish yet. Try again in a moment.", { problem: true });
    if (errors().length || !check.preview) {
      findings.focus();
      return notify("Fix the mistakes first. They are listed beside the text.", { problem: true });
    }
    const { preview: checked } = check;
    if ((isDirty() || revision === 0) && !(await saveDraft())) return;
    const advice = check.findings.filter((each) => each.advice);
    const outcome = await askToPublish(context, pack, { preview: checked, advice, revision });
    if (outcome?.conflict) return void (await conflict(outcome.conflict.body));
    if (outcome?.findings) return takeFindings(outcome.findings, null, editor.value);
    if (!outcome?.published) return;
    pack = outcome.published.pack;
    if (!pack.draft) {
      base = { ...base, revision: 0, saved: null, base_version: pack.releases[0]?.version ?? null };
      revision = 0;
    }
    drawState();
    changed(pack);
  };

  // Tools

  const insert = async () => {
    if (isJson(editor.value)) return notify("This text is JSON, a format for programs. New prompts can only be inserted into the other format, YAML.", { problem: true });
    const languages = languagesIn(editor.value);
    const prompt = await askForPrompt({ languages: languages.length ? languages : ["en"], ids: idsIn(editor.value) });
    if (!prompt) return;
    const change = withPrompt(editor.value, editor.area.selectionStart, prompt);
    if (!change) return notify("The text has no line “prompts:”, so there is no place for the prompt.", { problem: true });
    editor.replace(change.start, change.end, change.text);
    announce("The prompt is in the text.");
  };

  const chooser = h("input", { type: "file", accept: ".yaml,.yml,.json,.txt", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  chooser.addEventListener("change", async () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file) await takeFile(file);
  });
  const takeFile = async (/** @type {File} */ file) => {
    try {
      const text = await textOf(file);
      if (editor.value.trim() && editor.value !== text) keepCopy(uid, id, `Before “${file.name}” replaced it`, editor.value);
      put(text);
      notify(`“${file.name}” is in the editor, not saved yet. The earlier text is under “Kept copies”.`);
    } catch (error) {
      notifyError(error);
    }
  };

  const keptCopies = async () => {
    const all = copies(uid, id);
    const chosen = await ask({
      title: "Kept copies",
      wide: true,
      build: (/** @type {(copy?: import("../kept.js").Copy) => void} */ close) => ({
        body: all.length
          ? h("ul", { class: "copies" }, all.map((copy) => h("li", {},
              h("details", {},
                h("summary", {}, h("bdi", {}, copy.label), h("span", { class: "hint" }, ` ${shortInstant(copy.at)}`)),
                diffView(editor.value, copy.source, ["In the editor", "This copy"])),
              h("div", { class: "row-actions" },
                button("Download", () => download(`${id}-copy.yaml`, copy.source), { class: "quiet" }),
                may && button("Put it into the editor", () => close(copy))))))
          : h("p", {}, "No copies yet. When a text replaces another one, this computer keeps the earlier text here."),
        actions: [button("Close", () => close(), { class: "quiet" })],
      }),
    });
    if (!chosen) return;
    keepCopy(uid, id, "Before a kept copy replaced it", editor.value);
    put(chosen.source);
    notify("The copy is in the editor, not saved yet.");
  };

  const discard = async () => {
    const published = pack.releases.length > 0;
    const yes = await confirmed({
      title: "Discard the draft", yes: "Discard it", danger: true,
      body: h("p", {}, published
        ? "The text goes back to the last published version. This computer keeps a copy of the draft under “Kept copies”."
        : "This pack was never published, so discarding the draft removes the pack. This computer keeps a copy of the text."),
    });
    if (!yes) return;
    try {
      keepCopy(uid, id, "The draft that you discarded", editor.value);
      if (base.revision) await api.call("delete", "/v1/practice/packs/{pack_id}/draft", { path, query: { revision: base.revision } });
    } catch (error) {
      const { kind, sentence, body } = known(error);
      if (kind === "draft-changed") return void (await conflict(body));
      return notify(`The draft was not discarded. ${sentence}`, { problem: true });
    }
    forgetUnsaved(uid, id);
    base = { ...base, source: editor.value };
    notify("The draft is discarded. This computer keeps a copy.");
    if (published) changed(await api.call("get", "/v1/practice/packs/{pack_id}", { path }), { again: true });
    else context.go("#/packs");
  };

  const discardDraft = button("Discard the draft", discard, { class: "quiet" });
  fill(tools,
    may && button("Insert a prompt", insert, { class: "quiet" }),
    button("Find", () => editor.search.open(), { class: "quiet" }),
    may && button("Upload a file", () => chooser.click(), { class: "quiet" }),
    button("Download", () => download(`${id}.${isJson(editor.value) ? "json" : "yaml"}`, editor.value), { class: "quiet" }),
    button("Kept copies", keptCopies, { class: "quiet" }),
    discardDraft,
    chooser);
  fill(element,
    recovered,
    h("div", { class: "workspace-bar" }, state, may && h("div", { class: "row-actions" }, save, publish)),
    h("div", { class: "workspace" },
      h("section", { class: "workspace-text", "aria-label": "Text" }, tools, editor.element),
      h("div", { class: "workspace-side" }, findings.element, preview.element)));
  state.classList.toggle("read-only", !may);
  editor.area.addEventListener("dragover", (event) => may && event.dataTransfer?.types.includes("Files") && event.preventDefault());
  editor.area.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file || !may) return;
    event.preventDefault();
    void takeFile(file);
  });

  // If this browser has a text that was never saved, show it instead of the draft.
  const kept = may ? unsaved(uid, id) : null;
  if (kept && kept.source !== draft.source) {
    editor.set(kept.source);
    revision = kept.revision;
    if (!pack.isNew) {
      fill(recovered, h("div", { class: "banner" },
        h("p", {}, h("strong", {}, "Your text from before is back."), ` You wrote it ${agoText(kept.at)} and did not save it.`),
        h("div", { class: "row-actions" }, button("Go back to the saved draft", () => {
          keepCopy(uid, id, "Not saved, before you went back to the draft", editor.value);
          revision = base.revision;
          put(base.source);
          fill(recovered);
          editor.area.focus();
        }, { class: "quiet" }))));
    }
  } else if (kept) forgetUnsaved(uid, id);

  drawState();
  findings.show(draft.findings);
  editor.mark(draft.findings);
  void checkNow();
  api.call("get", "/v1/practice/help", {}).then((help) => preview.setHelp(help), () => {});
  const clock = setInterval(drawState, 30_000);
  const saveKey = (/** @type {KeyboardEvent} */ event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && may) {
      event.preventDefault();
      if (isDirty()) void saveDraft();
    }
  };
  const beforeUnload = (/** @type {BeforeUnloadEvent} */ event) => {
    keepNow();
    if (may && isDirty()) event.preventDefault();
  };
  addEventListener("keydown", saveKey);
  addEventListener("beforeunload", beforeUnload);

  return {
    element,
    async leave() {
      if (!may || !isDirty()) return true;
      keepNow();
      const choice = await ask({
        title: "Your text is not saved yet",
        alert: true,
        build: (/** @type {(choice?: "save" | "leave" | null) => void} */ close) => ({
          body: h("p", {}, "Save it as a draft, so that your colleagues see it too? Otherwise it stays on this computer, and is here when you come back."),
          actions: [
            button("Stay here", () => close(null), { class: "quiet" }),
            button("Leave without saving", () => close("leave")),
            button("Save and leave", () => close("save"), { class: "primary" }),
          ],
        }),
      });
      if (choice === "save") return saveDraft();
      return choice === "leave";
    },
    close() {
      clearInterval(clock);
      checking?.abort();
      checkSoon.cancel();
      keepSoon.cancel();
      keepNow();
      removeEventListener("keydown", saveKey);
      removeEventListener("beforeunload", beforeUnload);
    },
  };
}
