// Two people saved the same draft: shows both texts side by side and asks which to use. Both are kept.

import { ask } from "../dialogs.js";
import { diffView } from "../diff.js";
import { copied, download } from "../files.js";
import { notify } from "../notices.js";
import { button, h } from "../ui/dom.js";
import { agoText, shortInstant } from "../words.js";

/**
 * Resolves to "theirs", "mine", or null to continue without saving.
 * @param {{ pack: string, mine: string, theirs: { source: string, saved: import("../api.js").Schema["ActorView"] }, me: string }} texts
 * @returns {Promise<"theirs" | "mine" | null>}
 */
export function askAboutConflict({ pack, mine, theirs, me }) {
  const name = theirs.saved.name === me ? "You, in another window," : theirs.saved.name;
  const whose = theirs.saved.name === me ? "The other window’s" : "Theirs";
  return ask({
    title: "Someone else saved this draft",
    wide: true,
    build: (/** @type {(choice?: "theirs" | "mine" | null) => void} */ close) => ({
      body: h("div", { class: "conflict" },
        h("p", {}, h("strong", {}, name), ` saved it ${agoText(theirs.saved.at)} (${shortInstant(theirs.saved.at)}), after you opened it. `,
          "Your text is not saved yet. Whichever you choose, this computer keeps the other one under “Kept copies”."),
        diffView(theirs.source, mine, [whose, "Yours"]),
        h("div", { class: "row-actions" },
          button(`Copy ${whose.toLowerCase()}`, async () =>
            notify((await copied(theirs.source)) ? "Copied." : "Your browser did not allow copying. Download it instead."), { class: "quiet" }),
          button(`Download ${whose.toLowerCase()}`, () => download(`${pack}-theirs.yaml`, theirs.source), { class: "quiet" }),
          button("Download yours", () => download(`${pack}-mine.yaml`, mine), { class: "quiet" }))),
      actions: [
        button("Keep writing", () => close(null), { class: "quiet" }),
        button(`Use ${whose.toLowerCase()}`, () => close("theirs")),
        button("Replace it with mine", () => close("mine"), { class: "danger" }),
      ],
    }),
  });
}
