// Signs people in, with a second step if the account has one; sends a password link; explains when an account has no access.

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../session.js").Pending} Pending */


import { ask } from "../dialogs.js";
import { known } from "../errors.js";
import { busy, field } from "../forms.js";
import { announce, notify, sentenceOf } from "../notices.js";
import { START_AGAIN } from "../session.js";
import { button, fill, h, select } from "../ui/dom.js";
import { shortDate } from "../words.js";

/** Makes the form for the password, which the form for the code follows if the account has a second step. `done` runs once somebody is signed in. @param {Session} session @param {() => void} done */
export function signInForm(session, done, { email = "" } = {}) {
  const element = h("div");
  const first = passwordForm(session, { email }, (pending) => {
    if (!pending) return done();
    const second = secondStepForm(session, pending, done, (sentence) => {
      fill(element, first.form);
      first.again(sentence);
    });
    fill(element, second.form);
    second.focus();
    announce("Your password is right. Now enter the code.");
  });
  fill(element, first.form);
  return { element, focus: first.focus };
}

/** @param {Session} session @param {{ email: string }} known @param {(pending: Pending | null) => void} done */
function passwordForm(session, { email }, done) {
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
    let pending = null;
    try {
      pending = await busy(submit, "Signing in …", () => session.signIn(address, password.control.value));
    } catch (error) {
      const { kind, sentence } = known(error);
      if (kind === "INVALID_EMAIL") return void (mail.problem(sentence), mail.control.focus());
      problem.textContent = sentence;
      problem.hidden = false;
      return void password.control.select();
    }
    password.control.value = "";
    done(pending);
  };

  const form = h("form", { novalidate: true, class: "sign-in-form", on: { submit: signIn } },
    problem, mail.element, password.element,
    h("div", { class: "form-actions" },
      submit,
      button("Forgot your password?", () => newPassword(session, mail.control.value.trim()), { class: "quiet" })));
  const again = (/** @type {string | null} */ sentence) => {
    problem.textContent = sentence ?? "";
    problem.hidden = !sentence;
    password.control.focus();
  };
  return { form, again, focus: () => (email ? password : mail).control.focus() };
}

/** Asks for the code of an authenticator app. `back` asks for the password again. @param {Session} session @param {Pending} pending @param {() => void} done @param {(sentence: string | null) => void} back */
function secondStepForm(session, pending, done, back) {
  const [only] = pending.factors;
  const app = field("Which app", select(pending.factors.map(({ id, name, since }) => /** @type {const} */ ([id, since ? `${name}, added ${shortDate(since.slice(0, 10))}` : name])), only?.id));
  const code = codeField("It is in your authenticator app, under “Rekindle”.");
  const submit = h("button", { type: "submit", class: "button primary" }, "Sign in");
  const finish = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const digits = digitsIn(code);
    if (!digits) return;
    try {
      await busy(submit, "Signing in …", () => session.finishSignIn(pending, app.control.value, digits));
    } catch (error) {
      const { kind, sentence } = known(error);
      if (START_AGAIN.includes(kind)) return back(sentence);
      code.problem(sentence);
      return void code.control.select();
    }
    done();
  };
  const form = h("form", { novalidate: true, class: "sign-in-form", on: { submit: finish } },
    h("p", {}, "Your password is right. This account has a second step."),
    pending.factors.length > 1 && app.element,
    code.element,
    h("div", { class: "form-actions" },
      submit,
      button("Back", () => back(null), { class: "quiet" })));
  return { form, focus: () => (pending.factors.length > 1 ? app : code).control.focus() };
}

/** Makes a field for a code of an authenticator app. @param {string} hint */
export function codeField(hint) {
  return field("Six-digit code", h("input", { type: "text", name: "code", inputmode: "numeric", autocomplete: "one-time-code", spellcheck: "false", class: "code-input" }), { hint });
}

/** Returns the six digits, also if they were pasted with spaces. Returns null and shows a problem if there are not six. @param {ReturnType<typeof codeField>} code */
export function digitsIn(code) {
  const digits = code.control.value.replace(/\D/g, "");
  code.problem(digits.length === 6 ? null : "Enter the six digits that your app shows.");
  if (digits.length === 6) return digits;
  code.control.focus();
  return null;
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
  const { element: form, focus } = signInForm(session, done);
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

/** Asks a person whose sign-in has ended to sign in again. Resolves to whether they did. @param {Session} session */
export async function signInAgain(session) {
  const done = await passwordAgain(session, "Sign in again", "Your sign-in has ended. Your text is still here: sign in to continue.", { required: true });
  if (done) notify("You are signed in again.");
  return done;
}

/** Asks for the password, because a change needs a recent sign-in. Resolves to whether the person has signed in. @param {Session} session @param {string} [sentence] */
export function confirmSignIn(session, sentence = "You signed in more than an hour ago, so this change needs your password. Nothing is lost: it goes on right after.") {
  return passwordAgain(session, "Is it still you?", sentence);
}

/** Asks for the password over the open view. Another person gets a new page, since this one holds the first person's work. @param {Session} session @param {string} title @param {string} sentence */
async function passwordAgain(session, title, sentence, { required = false } = {}) {
  const before = { uid: session.uid, email: session.email };
  const done = await ask({
    title,
    required,
    build: (/** @type {(answer?: boolean) => void} */ close) => {
      const { element, focus } = signInForm(session, () => close(true), { email: before.email });
      setTimeout(focus);
      return { body: h("div", {}, h("p", {}, sentence), element), actions: !required && button("Not now", () => close(), { class: "quiet" }) };
    },
  });
  if (!done) return false;
  if (!before.uid || session.uid === before.uid) return true;
  location.reload();
  return false;
}

export function mark() {
  return h("span", { class: "brand-mark", "aria-hidden": "true" });
}
