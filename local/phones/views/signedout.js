// The screen that is shown when the sign-in has ended. Drafts are kept.

import { button, h } from "../ui/dom.js";

/** @param {import("../phone.js").Phone} phone */
export function signedOut(phone) {
  return h("div", { class: "stack center" },
    h("div", { class: "stack", role: "alert" }, h("h3", null, "Your sign-in has ended"), h("p", { class: "lead" }, "Sign in again to continue. Your draft is still here.")),
    button("Sign in again", async () => {
      if (await phone.act(() => phone.signInAgain())) await phone.refresh();
    }, { class: "primary", id: `${phone.id}-sign-in-again` }),
    button("Use another account", () => {
      if (window.confirm("Start with another account? Your draft is deleted, and you can’t return to this account.")) phone.forgetAccount();
    }, { class: "plain", id: `${phone.id}-other-account` }),
  );
}
