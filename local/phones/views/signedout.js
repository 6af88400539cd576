// When a sign-in has ended: the phone says so and offers to sign in again. What was being written stays.

import { button, h } from "../dom.js";

/** @param {import("../phone.js").Phone} phone */
export function signedOut(phone) {
  return h(
    "div",
    { class: "stack center" },
    h("div", { class: "stack", role: "alert" }, h("h3", null, "Your sign-in has ended"), h("p", { class: "lead" }, "Sign in again to go on. What you were writing is still here.")),
    button("Sign in again", async () => {
      if (await phone.act(() => phone.signInAgain())) await phone.refresh();
    }, { class: "primary", id: `${phone.id}-sign-in-again` }),
    button("I am somebody else", () => {
      if (window.confirm("Begin as somebody else? What was being written here is deleted, and nobody can come back to this account.")) phone.forgetAccount();
    }, { class: "plain", id: `${phone.id}-somebody-else` }),
  );
}
