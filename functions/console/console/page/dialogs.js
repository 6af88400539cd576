// Questions that have to be answered first. The browser's own <dialog> keeps the focus in and gives it back.

import { button, h, uniqueId } from "./dom.js";

/**
 * Opens a dialog, and resolves to what it was closed with; null for Escape and Cancel. `build` is given `close` and
 * returns { body, actions }, or both are given directly.
 */
export function ask({ title, build, wide = false, alert = false, required = false }) {
  return new Promise((resolve) => {
    const id = uniqueId("dialog");
    let result = null;
    const close = (value = null) => {
      result = value;
      dialog.close();
    };
    const { body, actions } = build(close);
    const dialog = h(
      "dialog",
      { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id, role: alert ? "alertdialog" : null },
      h("div", { class: "dialog-frame" },
        h("h2", { id, tabindex: "-1" }, title),
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
    if (!dialog.querySelector("[autofocus]")) dialog.querySelector("h2").focus();
  });
}

/** Whether somebody means it. */
export async function confirmed({ title, body, yes, no = "Cancel", danger = false }) {
  const answer = await ask({
    title,
    alert: true,
    build: (close) => ({
      body,
      actions: [
        button(no, () => close(null), { kind: "quiet" }),
        button(yes, () => close(true), { kind: danger ? "danger" : "primary" }),
      ],
    }),
  });
  return answer === true;
}
