// The person's own account: the second step of their sign-in.

/** @typedef {import("../app.js").Console} Console */
/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../session.js").Factor} Factor */


import { ask, confirmed } from "../dialogs.js";
import { PageError, known } from "../errors.js";
import { copied } from "../files.js";
import { busy } from "../forms.js";
import { loading, notify, notifyError, sentenceOf } from "../notices.js";
import { qrCode } from "../qr.js";
import { OLD_SIGN_IN } from "../session.js";
import { button, fill, h } from "../ui/dom.js";
import { dateText } from "../words.js";
import { codeField, confirmSignIn, digitsIn } from "./signin.js";

const WHY = "With a second step, a stolen password alone opens nothing: signing in also takes a code from an app on your phone.";
const RECENT = "Changing how you sign in needs a sign-in of the last few minutes.";

/** @param {Console} context @returns {import("../app.js").View} */
export function accountView(context) {
  const { session } = context;
  const region = h("div");
  const draw = () => fill(region, loading(async () => secondStepOf(session, await session.factors(), draw), "Loading your account"));
  draw();
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Your account")),
    h("p", {}, "You are signed in as ", h("strong", {}, h("bdi", {}, session.email)), ". ",
      session.mayPublish ? "You can read, write and publish." : "You can read everything, and change nothing."),
    region);
  return { element, title: "Your account" };
}

/** @param {Session} session @param {Factor[]} factors @param {() => void} again */
function secondStepOf(session, factors, again) {
  return h("section", { class: "panel", "aria-labelledby": "second-step-title" },
    h("div", { class: "panel-head" },
      h("h2", { id: "second-step-title" }, "Second step"),
      h("span", { class: factors.length ? "badge live" : "badge proposed" }, factors.length ? "On" : "Off")),
    h("p", {}, WHY),
    factors.length
      ? h("ul", { class: "copies" }, factors.map((factor) => h("li", { class: "factor" },
        h("p", {}, h("strong", {}, h("bdi", {}, factor.name)), factor.since && h("span", { class: "hint" }, ` added on ${dateText(factor.since.slice(0, 10))}`)),
        button("Remove …", async () => (await removed(session, factor)) && again(), { class: "danger-quiet small", "aria-label": `Remove ${factor.name} …` }))))
      : h("div", {}, button("Add a second step", async () => (await addSecondStep(session)) && again(), { class: "primary" })),
    factors.length > 0 && h("p", { class: "hint" }, "New phone? Remove the old app here, then add the new one. If you have lost the phone, ask the people who run the service."));
}

/** Runs a change of the sign-in, and asks for the password before it if the sign-in is older than a few minutes. Resolves to null if the person does not want to. @template Result @param {Session} session @param {() => Promise<Result>} work @returns {Promise<Result | null>} */
async function recently(session, work) {
  try {
    return await work();
  } catch (error) {
    if (!OLD_SIGN_IN.includes(known(error).kind)) throw error;
    return (await confirmSignIn(session, RECENT)) ? work() : null;
  }
}

/** Shows a picture and a key for an authenticator app, and asks for a code. Resolves to whether the app was added. @param {Session} session @param {{ required?: boolean }} [options] `required` if the practice asks for it */
export async function addSecondStep(session, { required = false } = {}) {
  let enrollment;
  try {
    enrollment = await recently(session, () => session.startFactor());
  } catch (error) {
    notifyError(error);
    return false;
  }
  if (!enrollment) return false;
  const { address, secret } = enrollment;
  const done = await ask({
    title: "Add a second step",
    build: (/** @type {(added?: boolean | null) => void} */ close) => {
      const code = codeField("The app shows a new one every half minute.");
      const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
      const add = h("button", { type: "submit", form: "second-step", class: "button primary" }, "Add it");
      const submit = async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        problem.hidden = true;
        const digits = digitsIn(code);
        if (!digits) return;
        try {
          await busy(add, "Adding …", () => session.finishFactor(enrollment, digits));
          close(true);
        } catch (error) {
          if (error instanceof PageError && error.kind === "INVALID_CODE") return void (code.problem(error.sentence), code.control.select(), code.element.scrollIntoView({ block: "nearest" }));
          problem.textContent = sentenceOf(error);
          problem.hidden = false;
        }
      };
      return {
        body: h("form", { id: "second-step", novalidate: true, on: { submit } },
          problem,
          h("p", {}, required && h("strong", {}, "Your practice asks everybody for a second step. "), WHY),
          h("ol", { class: "steps" },
            h("li", {}, h("p", {}, "Open an authenticator app on your phone. Any will do, such as the one of Google, Microsoft or your password manager.")),
            h("li", {},
              h("p", {}, "Scan this picture with the app:"),
              qrCode(address, "Picture for your authenticator app. The key below is the same."),
              h("p", {}, "No camera? Type this key, or ", h("a", { href: address }, "open it in an app on this device"), ":"),
              h("p", { class: "key-row" }, h("code", { class: "key" }, secret.match(/.{1,4}/g)?.join(" ") ?? secret),
                button("Copy", async () => notify((await copied(secret)) ? "Copied." : "Your browser did not allow copying. Type the key instead."), { class: "quiet small", "aria-label": "Copy the key" }))),
            h("li", {}, code.element))),
        actions: [button("Not now", () => close(null), { class: "quiet" }), add],
      };
    },
  });
  if (done) notify("Your second step is on. The next sign-in asks for a code.");
  return done === true;
}

/** @param {Session} session @param {Factor} factor */
async function removed(session, factor) {
  if (!(await confirmed({
    title: "Remove the second step", yes: "Remove it", no: "Keep it", danger: true,
    body: h("p", {}, "After that your password alone signs you in. If your practice asks for a second step, you have to add a new one before you can go on."),
  }))) return false;
  try {
    if ((await recently(session, async () => (await session.removeFactor(factor), true))) === null) return false;
  } catch (error) {
    notifyError(error);
    return false;
  }
  notify("Your second step is off.");
  return true;
}

/** Leads a person to the second step that the practice asks for. Resolves to whether the sign-in has it now. @param {Session} session */
export async function passSecondStep(session) {
  let factors;
  try {
    factors = await session.factors();
  } catch (error) {
    notifyError(error);
    return false;
  }
  if (!factors.length) return addSecondStep(session, { required: true });
  return confirmSignIn(session, "Your practice asks for a second step, and you signed in without yours. Sign in once more, with a code.");
}
