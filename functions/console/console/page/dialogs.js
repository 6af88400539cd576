// Dialogs that a person has to answer. The browser's <dialog> keeps the focus inside, and gives it back afterwards.

import { uniqueId } from "./forms.js";
import { button, h } from "./ui/dom.js";

/** @typedef {import("./ui/dom.js").Children} Children */

/**
 * Opens a dialog. Resolves to the value that it was closed with; null for Escape and Cancel.
 * @template Answer
 * @param {object} dialog
 * @param {string} dialog.title
 * @param {(close: (answer?: Answer | null) => void) => { body: Children, actions: Children }} dialog.build
 * @param {boolean} [dialog.wide]
 * @param {boolean} [dialog.alert]
 * @param {boolean} [dialog.required] Escape does not close it
 * @returns {Promise<Answer | null>}
 */
export function ask({ title, build, wide = false, alert = false, required = false }) {
  return new Promise((resolve) => {
    const id = uniqueId("dialog");
    /** @type {Answer | null} */
    let result = null;
    const { body, actions } = build((answer = null) => {
      result = answer;
      dialog.close();
    });
    const heading = h("h2", { id, tabindex: "-1" }, title);
    const dialog = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id, role: alert ? "alertdialog" : null },
      h("div", { class: "dialog-frame" },
        heading,
        h("div", { class: "dialog-body" }, body),
        h("div", { class: "dialog-actions" }, actions),
      ),
    );
    dialog.addEventListener("cancel", (event) => required && event.preventDefault());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (!dialog.querySelector("[autofocus]")) heading.focus();
  });
}

/** Asks for a yes or a no. @param {{ title: string, body: Children, yes: string, no?: string, danger?: boolean }} question */
export async function confirmed({ title, body, yes, no = "Cancel", danger = false }) {
  const answer = await ask({
    title,
    alert: true,
    build: (/** @type {(answer?: boolean | null) => void} */ close) => ({
      body,
      actions: [
        button(no, () => close(null), { class: "quiet" }),
        button(yes, () => close(true), { class: danger ? "danger" : "primary" }),
      ],
    }),
  });
  return answer === true;
}
