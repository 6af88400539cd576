// Signing in, a new password, and what an account sees that has no rights here.

import { busy, button, field, fill, h } from "../dom.js";
import { ask } from "../dialogs.js";

/** The form; `done` is called once somebody is signed in. */
export function signInForm(session, done, { email = "" } = {}) {
  const mail = field("Email", h("input", { type: "email", name: "email", autocomplete: "username", required: true, props: { value: email } }));
  const password = field("Password", h("input", { type: "password", name: "password", autocomplete: "current-password", required: true }));
  const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: "button primary" }, "Sign in");
  const tell = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };

  const signIn = async (event) => {
    event.preventDefault();
    tell("");
    mail.problem(null);
    password.problem(null);
    const address = mail.control.value.trim();
    if (!address) return void (mail.problem("Enter your email."), mail.control.focus());
    if (!password.control.value) return void (password.problem("Enter your password."), password.control.focus());
    try {
      await busy(submit, "Signing in …", () => session.signIn(address, password.control.value));
    } catch (error) {
      if (!error.sentence) throw error;
      if (error.code === "INVALID_EMAIL") {
        mail.problem(error.sentence);
        return void mail.control.focus();
      }
      tell(error.sentence);
      return void password.control.select();
    }
    done();
  };

  const form = h("form", { novalidate: true, class: "sign-in-form", on: { submit: signIn } },
    problem, mail.element, password.element,
    h("div", { class: "form-actions" },
      submit,
      button("I have forgotten my password", () => newPassword(session, mail.control.value.trim()), { kind: "quiet" })));
  return { form, focus: () => (email ? password : mail).control.focus() };
}

async function newPassword(session, email) {
  await ask({
    title: "A new password",
    build: (close) => {
      const mail = field("Your email", h("input", { type: "email", autocomplete: "username", props: { value: email }, autofocus: true }));
      const body = h("div", {}, h("p", {}, "We send you a link with which you can choose a new password."), mail.element);
      const send = button("Send the link", async () => {
        mail.problem(null);
        if (!mail.control.value.trim()) return mail.problem("Enter your email.");
        try {
          await busy(send, "Sending …", () => session.askForPassword(mail.control.value.trim()));
        } catch (error) {
          return mail.problem(error.sentence ?? "This did not work. Try again in a moment.");
        }
        fill(body, h("p", { role: "status", tabindex: "-1" },
          `If ${mail.control.value.trim()} has an account here, an email with a link is on its way. It can take some minutes; look into the spam folder too.`));
        body.firstElementChild.focus();
        send.remove();
        return undefined;
      }, { kind: "primary" });
      return { body, actions: [button("Close", () => close(), { kind: "quiet" }), send] };
    },
  });
}

/** The whole page for somebody who has not signed in. */
export function signInView(session, done) {
  const { form, focus } = signInForm(session, done);
  const element = h("div", { class: "gate" },
    h("div", { class: "gate-card" },
      h("p", { class: "brand" }, mark(), "Rekindle"),
      h("h1", { tabindex: "-1" }, "For the practice"),
      h("p", { class: "lead" }, "Write prompts for couples, release them, and see how they are met."),
      form));
  return { element, title: "Sign in", focus };
}

/** For an account that belongs to nobody of the practice. */
export function noRightsView(session, leave) {
  const element = h("div", { class: "gate" },
    h("div", { class: "gate-card" },
      h("p", { class: "brand" }, mark(), "Rekindle"),
      h("h1", { tabindex: "-1" }, "This page is for the practice’s staff"),
      h("p", {}, "You are signed in as ", h("strong", {}, session.email), ", and that account has no rights here. Nothing is wrong with it."),
      h("p", {}, "If you work at the practice, ask whoever looks after its accounts to give you rights, then sign in again. If you came here from the app: everything for couples is in the app itself."),
      h("div", { class: "form-actions" }, button("Sign in with another account", leave, { kind: "primary" }))));
  return { element, title: "No rights here" };
}

/** Over whatever is open, when a sign-in has ended: nothing behind it is touched. Resolves to whether it is the same person. */
export async function signInAgain(session) {
  const before = { uid: session.uid, email: session.email };
  let done = false;
  await ask({
    title: "Sign in again",
    required: true,
    build: (close) => {
      const { form, focus } = signInForm(session, () => ((done = true), close(true)), { email: before.email });
      setTimeout(focus);
      return {
        body: h("div", {}, h("p", {}, "Your sign-in has ended, as it does after a while. What you wrote is still here, and goes on as soon as you have signed in."), form),
        actions: [],
      };
    },
  });
  return done && (!before.uid || session.uid === before.uid);
}

export function mark() {
  return h("span", { class: "brand-mark", "aria-hidden": "true" });
}
