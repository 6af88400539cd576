// Writing: the text with what there is to mend beside it, a phone that shows it, and saving without losing anything.

import { characters } from "../characters.js";
import { createEditor } from "../editor.js";
import { confirmed, ask } from "../dialogs.js";
import { busy, button, debounced, fill, h } from "../dom.js";
import { diffView } from "../diff.js";
import { SOURCE_LIMIT, download, isJson, textOf } from "../files.js";
import { createFindings } from "../findings.js";
import { copies, forgetUnsaved, keepCopy, keepUnsaved, unsaved } from "../kept.js";
import { announce, failure, notify, sentenceOf } from "../notices.js";
import { createPreview } from "../preview.js";
import { agoText, byText, shortInstant } from "../words.js";
import { idsIn, languagesIn, titleIn, withPrompt } from "../yaml.js";
import { askAboutConflict } from "./conflict.js";
import { askForPrompt } from "./insert.js";
import { askToPublish } from "./publish.js";

const LONG = 300_000;

/** `changed` is told of the pack as it stands after a deed, `named` of the title in the text as it is typed. */
export function writePage(context, pack, changed, named) {
  const element = h("div", { class: "write" });
  const page = { element, leave: async () => true, close: () => {} };
  const load = async () => {
    fill(element, h("p", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), "Loading the text …"));
    try {
      const draft = pack.isNew
        ? { source: "", revision: 0, saved: null, base_version: null, findings: [] }
        : await context.api.get(`packs/${pack.id}/draft`);
      Object.assign(page, desk(context, pack, draft, { changed, named }, element));
    } catch (error) {
      if (!error.sentence) throw error;
      fill(element, failure(error, load));
    }
  };
  load();
  return page;
}

function desk(context, given, draft, { changed, named }, element) {
  const { api, session } = context;
  const may = session.mayPublish;
  const id = given.id;
  const uid = session.uid;
  let pack = given;
  let base = draft; // what is saved, as far as this page knows
  let revision = draft.revision;
  let check = { findings: draft.findings, preview: null, of: null };
  let checking = null;
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
  const save = button("Save draft", () => saveDraft(), { kind: "" });
  const publish = button("Publish …", () => publishDraft(), { kind: "primary" });
  const tools = h("div", { class: "tools", role: "toolbar", "aria-label": "Text" });

  const isDirty = () => editor.value !== base.source;
  const errors = () => check.findings.filter((each) => !each.advice);

  const drawState = () => {
    const dirty = isDirty();
    save.disabled = !dirty || Boolean(saving);
    discardDraft.hidden = !may || !(base.revision || pack.isNew);
    state.dataset.dirty = String(dirty);
    if (dirty) state.textContent = "Not saved yet";
    else if (base.saved) state.textContent = `Saved by ${byText(base.saved, session.email)}`;
    else if (base.base_version) state.textContent = `As in version ${base.base_version}`;
    else state.textContent = "";
  };

  // Checking: after a pause, and never two at once; what comes too late counts for nothing.

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
      takeFindings([{ line: 1, prompt: null, field: "", advice: false, reason: "This text is longer than a pack may be (4 million characters). Split it into several packs." }], null, source);
      return;
    }
    const mine = (checking = new AbortController());
    findings.checking();
    try {
      const answer = await api.post("check", { source, pack_id: id }, { signal: mine.signal });
      if (!mine.signal.aborted) takeFindings(answer.findings, answer.preview, source);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!error.sentence) throw error;
      findings.failed(error.sentence);
    }
  };
  const checkSoon = debounced(checkNow, () => (editor.value.length > LONG ? 2000 : 600));

  const keepSoon = debounced(() => keepNow(), () => (editor.value.length > LONG ? 1500 : 300));
  let warned = false;
  const keepNow = () => {
    if (!may) return;
    if (!isDirty()) return forgetUnsaved(uid, id);
    if (!keepUnsaved(uid, id, editor.value, revision) && !warned) {
      warned = true;
      notify("This text is too long for the browser to keep a copy of. Save the draft often.", { problem: true });
    }
    return undefined;
  };

  const edited = () => {
    drawState();
    keepSoon();
    checkSoon();
  };

  const put = (source) => {
    editor.set(source);
    drawState();
    keepNow();
    checkNow();
  };

  // Saving

  const saveDraft = () => {
    saving ??= saveOnce().finally(() => {
      saving = null;
      drawState();
    });
    return saving;
  };

  /** Whether what stands in the editor is saved now. */
  const saveOnce = async () => {
    const source = editor.value;
    try {
      const saved = await busy(save, "Saving …", () => api.put(`packs/${id}/draft`, { source, revision }));
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
        if (!current) checkNow();
      }
      fill(recovered);
      announce("Draft saved.");
      pack = await api.get(`packs/${id}`);
      changed(pack);
      return true;
    } catch (error) {
      if (error.kind === "draft-changed") return conflict(error.body);
      if (!error.sentence) throw error;
      keepNow();
      notify(`The draft was not saved. ${error.sentence}`, { problem: true, action: { label: "Try again", run: saveDraft } });
      return false;
    }
  };

  const conflict = async (existing) => {
    let theirs = { source: "", revision: existing.revision ?? 0, saved: existing.saved };
    try {
      theirs = await api.get(`packs/${id}/draft`);
    } catch (error) {
      if (error.kind !== "no-such-pack") {
        notify(`Somebody else saved this draft, and theirs could not be loaded. ${sentenceOf(error)}`, { problem: true });
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
    const saved = theirs.saved ?? { name: "Somebody", at: new Date().toISOString() };
    const choice = await askAboutConflict({ pack: id, mine, theirs: { ...theirs, saved }, me: session.email });
    if (choice === "theirs") {
      keepCopy(uid, id, "Yours, when you took the other draft", mine);
      base = theirs;
      revision = theirs.revision;
      put(theirs.source);
      notify("This is the other draft now. Yours is under “Kept copies”.");
      return false;
    }
    if (choice === "mine") {
      keepCopy(uid, id, `The draft of ${saved.name}, before you saved over it`, theirs.source);
      revision = theirs.revision;
      base = theirs;
      return saveOnce();
    }
    notify("Not saved. Your text is kept on this computer.");
    return false;
  };

  // Publishing

  const publishDraft = async () => {
    if (pack.scheduled) return notify(`Version ${pack.scheduled.version} waits to go live. Call it off first, or publish once it is live.`, { problem: true });
    await busy(publish, "Looking through it …", async () => {
      if (check.of !== editor.value) await checkNow();
    });
    if (check.of !== editor.value) return notify("The text could not be checked, so it cannot be published yet. Try again in a moment.", { problem: true });
    if (errors().length) {
      findings.focus();
      return notify("There is something to mend first. It is listed beside the text.", { problem: true });
    }
    if ((isDirty() || revision === 0) && !(await saveDraft())) return undefined;
    const advice = check.findings.filter((each) => each.advice);
    const answer = await askToPublish(context, pack, { preview: check.preview, advice, revision });
    if (answer?.kind === "draft-changed") return void (await conflict(answer.body));
    if (answer?.findings) return void takeFindings(answer.findings, null, editor.value);
    if (!answer?.pack) return undefined;
    pack = answer.pack;
    if (!pack.draft) {
      base = { ...base, revision: 0, saved: null, base_version: pack.releases[0]?.version ?? null };
      revision = 0;
    }
    drawState();
    changed(pack);
    return undefined;
  };

  // Tools

  const insert = async () => {
    if (isJson(editor.value)) return notify("This text is in the form that programs write (JSON). The helper writes the other form, YAML.", { problem: true });
    const languages = languagesIn(editor.value);
    const prompt = await askForPrompt({ languages: languages.length ? languages : ["en"], ids: idsIn(editor.value) });
    if (!prompt) return undefined;
    const change = withPrompt(editor.value, editor.area.selectionStart, prompt);
    if (!change) return notify("There is no line “prompts:” in the text, so there is no place to put it.", { problem: true });
    editor.replace(change.start, change.end, change.text);
    announce("The prompt is in the text.");
    return undefined;
  };

  const chooser = h("input", { type: "file", accept: ".yaml,.yml,.json,.txt", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  chooser.addEventListener("change", async () => {
    const [file] = chooser.files;
    chooser.value = "";
    if (file) await takeFile(file);
  });
  const takeFile = async (file) => {
    try {
      const text = await textOf(file);
      if (editor.value.trim() && editor.value !== text) keepCopy(uid, id, `Before “${file.name}” came in its place`, editor.value);
      put(text);
      notify(`“${file.name}” is in the editor, and not saved yet. What was there before is under “Kept copies”.`);
    } catch (error) {
      notify(sentenceOf(error), { problem: true });
    }
  };

  const keptCopies = async () => {
    const all = copies(uid, id);
    const chosen = await ask({
      title: "Kept copies",
      wide: true,
      build: (close) => ({
        body: all.length
          ? h("ul", { class: "copies" }, all.map((copy) => h("li", {},
              h("details", {},
                h("summary", {}, h("bdi", {}, copy.label), h("span", { class: "hint" }, ` ${shortInstant(copy.at)}`)),
                diffView(editor.value, copy.source, ["In the editor", "This copy"])),
              h("div", { class: "row-actions" },
                button("Download", () => download(`${id}-copy.yaml`, copy.source), { kind: "quiet" }),
                may && button("Put it into the editor", () => close(copy)))))) 
          : h("p", {}, "Nothing is kept for this pack. When a text takes the place of another, the other one is kept here, on this computer."),
        actions: [button("Close", () => close(), { kind: "quiet" })],
      }),
    });
    if (!chosen) return;
    keepCopy(uid, id, "Before a kept copy came in its place", editor.value);
    put(chosen.source);
    notify("The copy is in the editor, and not saved yet.");
  };

  const discard = async () => {
    const published = pack.releases.length > 0;
    const yes = await confirmed({
      title: "Discard the draft", yes: "Discard it", danger: true,
      body: h("p", {}, published
        ? "The text goes back to what was published last. A copy of this draft is kept on this computer, under “Kept copies”."
        : "This pack was never published, so it is gone with its draft. A copy of the text is kept on this computer."),
    });
    if (!yes) return;
    try {
      keepCopy(uid, id, "The draft that you discarded", editor.value);
      if (base.revision) await api.delete(`packs/${id}/draft?revision=${base.revision}`);
    } catch (error) {
      if (error.kind === "draft-changed") return void (await conflict(error.body));
      return notify(`The draft was not discarded. ${sentenceOf(error)}`, { problem: true });
    }
    forgetUnsaved(uid, id);
    base = { ...base, source: editor.value };
    notify("The draft is discarded. A copy is kept on this computer.");
    if (published) changed(await api.get(`packs/${id}`), { again: true });
    else context.go("#/packs");
    return undefined;
  };

  const discardDraft = button("Discard the draft", discard, { kind: "quiet" });
  fill(tools,
    may && button("Insert a prompt", insert, { kind: "quiet" }),
    button("Find", () => editor.search.open(), { kind: "quiet" }),
    may && button("Upload a file", () => chooser.click(), { kind: "quiet" }),
    button("Download", () => download(`${id}.${isJson(editor.value) ? "json" : "yaml"}`, editor.value), { kind: "quiet" }),
    button("Kept copies", keptCopies, { kind: "quiet" }),
    discardDraft,
    chooser);
  fill(element,
    recovered,
    h("div", { class: "desk-bar" }, state, may && h("div", { class: "row-actions" }, save, publish)),
    h("div", { class: "desk" },
      h("section", { class: "desk-text", "aria-label": "Text" }, tools, editor.element),
      h("div", { class: "desk-side" }, findings.element, preview.element)));
  state.classList.toggle("read-only", !may);
  editor.area.addEventListener("dragover", (event) => may && event.dataTransfer?.types.includes("Files") && event.preventDefault());
  editor.area.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file || !may) return;
    event.preventDefault();
    takeFile(file);
  });

  // What was written here before and never saved comes back by itself.
  const kept = may ? unsaved(uid, id) : null;
  if (kept && kept.source !== draft.source) {
    editor.set(kept.source);
    revision = kept.revision;
    if (!pack.isNew) {
      fill(recovered, h("div", { class: "banner" },
        h("p", {}, h("strong", {}, "Your text from before is back."), ` You wrote it ${agoText(kept.at)} and had not saved it.`),
        h("div", { class: "row-actions" }, button("Go back to the saved draft", () => {
          keepCopy(uid, id, "Not saved, when you went back to the draft", editor.value);
          revision = base.revision;
          put(base.source);
          fill(recovered);
          editor.area.focus();
        }, { kind: "quiet" }))));
    }
  } else if (kept) forgetUnsaved(uid, id);

  drawState();
  findings.show(draft.findings);
  editor.mark(draft.findings);
  checkNow();
  api.get("help").then((help) => preview.setHelp(help), () => {});
  const clock = setInterval(drawState, 30_000);
  const saveKey = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && may) {
      event.preventDefault();
      if (isDirty()) saveDraft();
    }
  };
  const beforeUnload = (event) => {
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
        build: (close) => ({
          body: h("p", {}, "Save it as a draft, so that your colleagues see it too? If you don’t, it stays on this computer, and is here when you come back."),
          actions: [
            button("Stay here", () => close(null), { kind: "quiet" }),
            button("Leave without saving", () => close("leave")),
            button("Save and leave", () => close("save"), { kind: "primary" }),
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
