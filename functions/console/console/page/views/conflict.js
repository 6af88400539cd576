// Two people wrote at once: who was first, both texts side by side, and what to do. Whatever is chosen, both are kept.

import { ask } from "../dialogs.js";
import { button, h } from "../dom.js";
import { diffView } from "../diff.js";
import { copied, download } from "../files.js";
import { notify } from "../notices.js";
import { agoText, shortInstant } from "../words.js";

/** Resolves to "theirs", "mine", or null to go on writing without having saved. `theirs` is the draft that stands. */
export function askAboutConflict({ pack, mine, theirs, me }) {
  const name = theirs.saved.name === me ? "You, in another window," : theirs.saved.name;
  const whose = theirs.saved.name === me ? "The other window’s" : "Theirs";
  return ask({
    title: "Somebody saved this draft in the meantime",
    wide: true,
    build: (close) => ({
      body: h("div", { class: "conflict" },
        h("p", {}, h("strong", {}, name), ` saved it ${agoText(theirs.saved.at)} (${shortInstant(theirs.saved.at)}), after you had opened it. `,
          "Your text is not saved yet. Nothing is lost: whichever you choose, the other one is kept on this computer under “Kept copies”."),
        diffView(theirs.source, mine, [whose, "Yours"]),
        h("div", { class: "row-actions" },
          button(`Copy ${whose.toLowerCase()}`, async () =>
            notify((await copied(theirs.source)) ? "Copied." : "The browser did not let us copy. Download it instead."), { kind: "quiet" }),
          button(`Download ${whose.toLowerCase()}`, () => download(`${pack}-theirs.yaml`, theirs.source), { kind: "quiet" }),
          button("Download yours", () => download(`${pack}-mine.yaml`, mine), { kind: "quiet" }))),
      actions: [
        button("Go on writing", () => close(null), { kind: "quiet" }),
        button(`Take ${whose.toLowerCase()}`, () => close("theirs")),
        button("Save mine over it", () => close("mine"), { kind: "danger" }),
      ],
    }),
  });
}
