// Signs people in, sends a password link, and explains when an account has no access.

/** @typedef {import("../session.js").Session} Session */


import { ask } from "../dialogs.js";
import { known } from "../errors.js";
import { busy, field } from "../forms.js";
import { sentenceOf } from "../notices.js";
import { button, fill, h } from "../ui/dom.js";

/** Makes the form. `done` runs once somebody is signed in. @param {Session} session @param {() => void} done */
export function signInForm(session, done, { email = "" } = {}) {
  const mail = field("Email", h("input", { type: "email", name: "email", autocomplete: "username", required: true, props: { value: email } }));
  const password = field("Password", h("input", { type: "password", name: "password", autocomplete: "current-password", required: true }));
  const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: "button primary" }, "Sign in");
  const signIn = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    problem.hidden = true;
    mail.problem(null);
    password.problem(null);
    const address = mail.control.value.trim();
    if (!address) return void (mail.problem("Enter your email."), mail.control.focus());
    if (!password.control.value) return void (password.problem("Enter your password."), password.control.focus());
    try {
      await busy(submit, "Signing in …", () => session.signIn(address, password.control.value));
    } catch (error) {
      const { kind, sentence } = known(error);
      if (kind === "INVALID_EMAIL") return void (mail.problem(sentence), mail.control.focus());
      problem.textContent = sentence;
      problem.hidden = false;
      return void password.control.select();
    }
    done();
  };

  const form = h("form", { novalidate: true, class: "sign-in-form", on: { submit: signIn } },
    problem, mail.element, password.element,
    h("div", { class: "form-actions" },
      submit,
      button("Forgot your password?", () => newPassword(session, mail.control.value.trim()), { class: "quiet" })));
  return { form, focus: () => (email ? password : mail).control.focus() };
}

/** @param {Session} session @param {string} email */
async function newPassword(session, email) {
  await ask({
    title: "Reset your password",
    build: (close) => {
      const mail = field("Your email", h("input", { type: "email", autocomplete: "username", props: { value: email }, autofocus: true }));
      const body = h("div", {}, h("p", {}, "We’ll email you a link to choose a new password."), mail.element);
      const send = button("Send the link", async () => {
        const address = mail.control.value.trim();
        if (!address) return mail.problem("Enter your email.");
        mail.problem(null);
        try {
          await busy(send, "Sending …", () => session.sendPasswordReset(address));
        } catch (error) {
          return mail.problem(sentenceOf(error));
        }
        const sent = h("p", { role: "status", tabindex: "-1" }, `If ${address} has an account here, we’ve sent a link. It can take a few minutes. Check your spam folder too.`);
        fill(body, sent);
        sent.focus();
        return send.remove();
      }, { class: "primary" });
      return { body, actions: [button("Close", () => close(), { class: "quiet" }), send] };
    },
  });
}

/** @param {Session} session @param {() => void} done @returns {import("../app.js").View} */
export function signInView(session, done) {
  const { form, focus } = signInForm(session, done);
  const element = h("div", { class: "gate" },
    h("div", { class: "gate-card" },
      h("p", { class: "brand" }, mark(), "Rekindle"),
      h("h1", { tabindex: "-1" }, "For the practice"),
      h("p", { class: "lead" }, "Write prompts for couples, publish them, and see how couples respond."),
      form));
  return { element, title: "Sign in", focus };
}

/** Explains that an account has no access. @param {Session} session @param {() => void} leave @returns {import("../app.js").View} */
export function noRightsView(session, leave) {
  const element = h("div", { class: "gate" },
    h("div", { class: "gate-card" },
      h("p", { class: "brand" }, mark(), "Rekindle"),
      h("h1", { tabindex: "-1" }, "This page is for the practice’s staff"),
      h("p", {}, "You are signed in as ", h("strong", {}, session.email), ". That account has no access to this page."),
      h("p", {}, "If you work at the practice, ask the person who manages its accounts for access, then sign in again. If you use the app as a couple, everything you need is in the app."),
      h("div", { class: "form-actions" }, button("Sign in with another account", leave, { class: "primary" }))));
  return { element, title: "No access" };
}

/** Asks a person to sign in again, over the open view. Resolves to whether it is the same person. @param {Session} session */
export async function signInAgain(session) {
  const before = { uid: session.uid, email: session.email };
  let done = false;
  await ask({
    title: "Sign in again",
    required: true,
    build: (/** @type {(answer?: boolean) => void} */ close) => {
      const { form, focus } = signInForm(session, () => ((done = true), close(true)), { email: before.email });
      setTimeout(focus);
      return {
        body: h("div", {}, h("p", {}, "Your sign-in has ended. Your text is still here: sign in to continue."), form),
        actions: [],
      };
    },
  });
  return done && (!before.uid || session.uid === before.uid);
}

export function mark() {
  return h("span", { class: "brand-mark", "aria-hidden": "true" });
}
