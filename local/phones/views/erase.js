// Erases a person's account: the page that asks, the page with the receipt, and the look-up of a receipt.

import { Problem, erasureOf, sleep } from "../api.js";
import { dateIn, longDateIn, timeIn } from "../clock.js";
import { field } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { finalExport } from "./export.js";
import { unsafeWords } from "./safety.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../phone.js").Schema} Schema */

/** The word that a person types to confirm. */
const WORD = "erase";

/** What is left after an erasure, and until when. docs/privacy.md has the same ends. @type {readonly (readonly [string, string])[]} */
const LATER = [
  ["24 hours", "The database’s own list of changes."],
  ["2 days", "An invite with your name, if it cannot be found from your account."],
  ["3 days", "A number in place of your name, in records of reminders."],
  ["14 days", "If something fails on the way: a note that names your account, so that the work can be finished."],
  ["30 days", "Only if you were ever a couple in Rekindle’s first version: perhaps an older key, as said above."],
  ["35 days", "Backups, with your name. Your words are in them too, but the keys to read them are gone, unless an older key is left."],
  ["90 days", "A number in place of your name, in reports of notifications that failed."],
  ["1 year", "That an account was erased, under a number, and a fingerprint of your receipt. After a restore from a backup, you are erased again."],
  ["2 years", "Sums over many couples, in which you were counted."],
  ["10 years", "Only if you also work for the practice: what you did at work, with your name."],
  ["as long as the practice works with Rekindle", "Only if you also work for the practice: your name with the packs that you worked on."],
  ["as they decide", "What your partner wrote about you, in their own words. It is theirs."],
  ["as they decide", "Answers of yours that your partner exported or photographed while you were a couple. Rekindle cannot reach them."],
  ["as Google and Apple say", "Notifications that were sent to your phone."],
];

/** The case in which an erasure does not delete all keys at once. */
const OLDER_KEY = "One exception: if you were ever a couple in Rekindle’s first version, an older key may be left, because your partner needs it for their own words. It goes at the latest 30 days after that couple ended. Until then, your older words are deleted here, but could still be read from a backup. Your receipt shows whether all keys are gone.";

/** @type {Record<Schema["ErasedPart"], string>} */
const REMOVED = {
  keys: "The keys to everything you wrote",
  couple: "Your connection to a partner",
  devices_and_reminders: "Your phones and reminders",
  invites: "Your invites",
  answers: "Your answers and reflections",
  solo_answers: "What you answered alone",
  requests: "Your gestures, and records of your requests",
  profile: "Your profile",
  account: "Your account at Google",
};

const POLL_EVERY = 2_000;
/** Phones that are waiting for the end of an erasure. @type {WeakSet<Phone>} */
const polling = new WeakSet();

/** Builds the part of the settings that leads to the page. @param {Phone} phone */
export function erasePart(phone) {
  return h("div", { class: "stack" },
    h("p", null, "You can erase your account and everything you wrote. First you see what that means."),
    button("Go to the page", () => {
      phone.keep({ erasing: true });
      phone.content.scrollTop = 0;
      phone.render();
      phone.content.querySelector("h3")?.focus({ preventScroll: true });
    }, { class: "danger", id: `${phone.id}-erase`, "aria-label": "Go to the page: erase my account" }),
  );
}

/** Builds the page that says what an erasure means, and asks for the word. @param {Phone} phone */
export function erasing(phone) {
  return h("div", { class: "stack" },
    h("h3", { tabindex: -1, id: `${phone.id}-erasing` }, "Erase my account"),
    h("p", { class: "pause-note" }, "This cannot be undone. Nobody can bring your account back, not even the people who run Rekindle."),
    h("h4", null, "At once"),
    h("ul", { class: "plain-list" },
      h("li", null, "Your account stops working on all your phones. No notification comes anymore."),
      h("li", null, "The keys to your words are deleted. From then on nobody can read what you wrote: not you, not your partner, and not from a backup."),
      phone.couple && h("li", null, `You and ${phone.partner} are no longer connected.`),
    ),
    h("p", { class: "hint" }, OLDER_KEY),
    h("h4", null, "Within minutes"),
    h("p", null, "Your profile, phones, reminders, invites and everything you wrote are deleted. Your account at Google comes last."),
    h("h4", null, phone.couple ? `What ${phone.partner} sees` : "What others see"),
    h("p", null, phone.couple
      ? `Only that you two are no longer connected, as after any end. ${phone.partner} gets no message, and nobody says that you erased your account. For 30 days they can still save their own words.`
      : "Nobody gets a message, and nobody is told that you erased your account."),
    h("details", { class: "card part", id: `${phone.id}-fold-later` },
      h("summary", { id: `${phone.id}-later` }, "What is left, and until when"),
      h("div", { class: "stack" },
        h("p", { class: "hint" }, "Nobody can read any word of yours in this, but for copies that your partner has made, and unless an older key is left, as said above."),
        h("dl", { class: "ends" }, ...LATER.map(([until, what]) => h("div", null, h("dt", null, until), h("dd", null, what)))),
      ),
    ),
    phone.couple && unsafeWords(phone, "erasing"),
    h("h4", null, "A copy to keep"),
    finalExport(phone),
    phone.data["sign-in-first"] ? signingIn(phone) : confirming(phone),
  );
}

/** @param {Phone} phone */
function confirming(phone) {
  const word = h("input", {
    id: `${phone.id}-erase-word`,
    type: "text",
    pattern: `\\s*[${[...WORD].map((letter) => letter + letter.toUpperCase()).join("][")}]\\s*`,
    title: `Type the word ${WORD}`,
    required: true,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    dir: "ltr",
    props: { value: phone.draft("erase-word") },
  });
  word.addEventListener("input", () => phone.setDraft("erase-word", word.value));
  return h("div", { class: "stack" },
    h("h4", null, "Are you sure?"),
    field(`To erase everything, type the word ${WORD}`, word, "You then get a receipt. With its number you can see what was removed."),
    button("No, keep my account", () => leave(phone), { id: `${phone.id}-keep-account` }),
    button("Erase everything now", async () => {
      if (word.reportValidity()) await erase(phone);
    }, { class: "danger", id: `${phone.id}-erase-now` }),
  );
}

/** Asks the person to sign in again, and then returns to the page. @param {Phone} phone */
function signingIn(phone) {
  return h("div", { class: "card" },
    h("div", { class: "stack", role: "alert" },
      h("h4", null, "Please sign in again"),
      h("p", null, "Only you may erase your account, so we make sure that it is you. Then you come back to this page. Nothing is erased yet."),
    ),
    button("Sign in again", async () => {
      if (!(await phone.act(() => phone.signInAgain()))) return;
      delete phone.data["sign-in-first"];
      phone.render();
      document.getElementById(`${phone.id}-erase-now`)?.focus();
    }, { class: "primary", id: `${phone.id}-erase-sign-in` }),
    button("No, keep my account", () => leave(phone), { id: `${phone.id}-keep-account` }),
  );
}

/** @param {Phone} phone */
function leave(phone) {
  phone.setDraft("erase-word", "");
  delete phone.data["sign-in-first"];
  phone.keep({ erasing: false });
  phone.render();
  document.getElementById(`${phone.id}-part-erase`)?.focus();
}

/** @param {Phone} phone */
async function erase(phone) {
  await phone.act(async () => {
    try {
      const { receipt } = await phone.api.call("delete", "/v1/me", {});
      await phone.forgetErased(receipt);
    } catch (error) {
      if (!(error instanceof Problem) || error.type !== "sign-in-not-recent") throw error;
      phone.data["sign-in-first"] = true;
      phone.render();
      document.getElementById(`${phone.id}-erase-sign-in`)?.focus();
    }
  });
}

/** Builds the page with the receipt. It stays until the person says that they have kept the number. @param {Phone} phone */
export function receiptPage(phone) {
  const { receipt } = phone.kept;
  void poll(phone);
  return h("div", { class: "stack" },
    h("h3", { tabindex: -1, id: `${phone.id}-erased` }, "Your account is erased"),
    h("p", { class: "lead" }, "This phone has forgotten you."),
    h("div", { class: "card" },
      h("p", null, "This is your receipt. Copy its number, or write it down:"),
      h("p", { class: "code receipt", dir: "ltr" }, receipt),
      h("p", { class: "hint" }, "For one year it shows what was removed, and when, without a sign-in. It is shown only here: we don’t have the number."),
      button(phone.data["copied"] ? "Copied" : "Copy the number", async () => {
        await navigator.clipboard.writeText(receipt);
        phone.data["copied"] = true;
        phone.announce("Copied");
        phone.render();
      }, { id: `${phone.id}-copy-receipt` }),
    ),
    removedList(phone, phone.data["erasure"]),
    button("I have kept the number", () => {
      phone.data = {};
      phone.keep({ receipt: "" });
      phone.content.scrollTop = 0;
      phone.render();
    }, { class: "primary", id: `${phone.id}-receipt-kept` }),
  );
}

/** Builds the look-up of a receipt for somebody who is not signed in. @param {Phone} phone */
export function receiptPart(phone) {
  const { looked } = phone.data;
  const number = h("input", { id: `${phone.id}-receipt`, class: "code-input", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", dir: "ltr", props: { value: phone.draft("receipt") } });
  number.addEventListener("input", () => phone.setDraft("receipt", number.value));
  return h("details", { class: "card part", id: `${phone.id}-fold-receipt` },
    h("summary", { id: `${phone.id}-part-receipt` }, "I erased an account"),
    h("div", { class: "stack" },
      field("The number of my receipt", number),
      button("Show what was removed", async () => {
        if (!number.value.trim()) return number.focus();
        delete phone.data["looked"];
        await phone.act(async () => {
          phone.data["looked"] = await erasureOf(number.value.trim());
        });
        phone.render();
      }, { id: `${phone.id}-look-up` }),
      looked && removedList(phone, looked),
    ),
  );
}

/** @param {Phone} phone @param {Schema["ErasureView"] | undefined} erasure */
function removedList(phone, erasure) {
  if (!erasure) return h("p", { class: "loading", role: "status" }, "One moment…");
  const when = (/** @type {string} */ at) => `${longDateIn(phone.zone, phone.language, new Date(at))}, ${timeIn(phone.zone, new Date(at))}`;
  const days = new Set([erasure.requested_at, ...erasure.removed.map(({ at }) => at)].map((at) => dateIn(phone.zone, new Date(at))));
  const keysGone = erasure.removed.some(({ what }) => what === "keys");
  return h("div", { class: "stack" },
    h("h4", null, "What was removed"),
    h("p", { class: "hint" }, `You asked for it on ${when(erasure.requested_at)}.`),
    h("dl", { class: "ends" },
      ...erasure.removed.map(({ what, at }) => h("div", null,
        // A part that a later version of the API adds has no words here.
        h("dt", null, days.size > 1 ? when(at) : timeIn(phone.zone, new Date(at))),
        h("dd", null, REMOVED[what] ?? what),
      )),
    ),
    h("p", { role: "status" }, erasure.finished_at ? keysGone ? "Everything is removed." : "Everything else is removed." : "The rest follows within minutes."),
    keysGone && h("p", null, "Nobody can read your words anymore, not even from a backup."),
    !keysGone && erasure.finished_at && h("p", null, "One older key from Rekindle’s first version was left, because your partner needs it for their own words. It goes at the latest 30 days after you erased your account. Until then, your older words could still be read from a backup. After that, nobody can read them."),
  );
}

/** Asks what was removed, as long as the receipt is shown and something is left. @param {Phone} phone */
async function poll(phone) {
  if (polling.has(phone) || phone.data["erasure"]?.finished_at) return;
  polling.add(phone);
  try {
    while (phone.kept.receipt && phone.element.isConnected && !phone.data["erasure"]?.finished_at) {
      const { receipt } = phone.kept;
      const found = await erasureOf(receipt).catch((error) => {
        if (!(error instanceof Problem)) throw error; // a lost connection passes
      });
      if (found && phone.kept.receipt === receipt) {
        phone.data["erasure"] = found;
        phone.render();
      }
      await sleep(POLL_EVERY);
    }
  } finally {
    polling.delete(phone);
  }
}
