// Pairs two people. One invites the other, the other types the code, and the first one confirms.

import { Problem, sleep } from "../api.js";
import { field, words } from "../parts.js";
import { button, h } from "../ui/dom.js";
import { exportCard } from "./export.js";
import { aloneCard, loadAlone } from "./solo.js";
import { aloneParts, loadParts } from "./you.js";

const POLL_EVERY = 2_000;
/** Phones that are polling for the other person. @type {WeakSet<import("../phone.js").Phone>} */
const polling = new WeakSet();

/** @param {import("../phone.js").Phone} phone */
export async function loadPairing(phone) {
  await loadInvite(phone);
  phone.render();
  await loadAlone(phone);
  await loadParts(phone);
}

/** Loads the open invite, from this phone or another phone of the same person. @param {import("../phone.js").Phone} phone */
async function loadInvite(phone) {
  const before = phone.data["invite"];
  /** @type {import("../phone.js").Schema["InviteView"] | undefined} */
  let now;
  try {
    now = await phone.api.call("get", "/v1/invites", {});
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== "no-invite") throw error;
  }
  // If the data have changed meanwhile, they come from an action and are newer. The API shows an invite's code only once,
  // so only the phone that made the invite has the code.
  if (phone.data["invite"] === before) phone.data["invite"] = now && { code: now.invite_id === before?.invite_id ? before.code : null, ...now };
}

/** @param {import("../phone.js").Phone} phone */
export function pair(phone) {
  const { invite } = phone.data;
  const { ended } = phone.kept;
  void poll(phone);
  if (phone.data["asked"]) return askingRedeemer(phone, phone.data["asked"]);
  if (phone.kept.inviter) return waiting(phone, phone.kept.inviter);
  if (invite?.redeemed_by) return confirming(phone, invite);
  return h("div", { class: "stack" },
    // After an end, the kind words come first.
    ended && h("h3", null, "You two are no longer connected."),
    ended && h("p", { class: "lead" }, "Each of you keeps your own words."),
    ended && exportCard(phone),
    h(ended ? "h4" : "h3", null, "Invite your partner"),
    h("p", { class: "lead" }, "One of you sends an invite. The other enters the code. Then the first one confirms."),
    invite ? shown(phone, invite) : button("Invite my partner", () => open(phone), { class: "primary", id: `${phone.id}-invite` }),
    h("p", { class: "or" }, "or"),
    redeeming(phone),
    // A person who has just unpaired gets no prompt about their partner.
    !ended && aloneCard(phone),
    !ended && exportCard(phone),
    ...aloneParts(phone),
  );
}

/** @param {import("../phone.js").Phone} phone */
async function open(phone) {
  await phone.act(async () => {
    phone.data["invite"] = { ...(await phone.api.call("post", "/v1/invites", {})), redeemed_by: null };
  });
  phone.render();
}

/** @param {import("../phone.js").Phone} phone @param {any} invite */
function shown(phone, invite) {
  return h("div", { class: "card" },
    h("p", null, "Read this to your partner:"),
    invite.code
      ? h("p", { class: "code", dir: "ltr" }, invite.code)
      : h("p", null, "Your invite is open. Its code was shown only once. If you lost it, get a new one."),
    h("p", { class: "hint" }, "It works once, within 24 hours."),
    h("div", { class: "row" },
      invite.code && button("Copy", () => navigator.clipboard.writeText(invite.code)),
      !invite.code && button("New code", () => open(phone)),
      button("Cancel invite", () => cancel(phone), { class: "plain" }),
    ),
  );
}

/** @param {import("../phone.js").Phone} phone */
function redeeming(phone) {
  const code = h("input", {
    id: `${phone.id}-code`,
    class: "code-input",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    dir: "ltr",
    props: { value: phone.draft("code") },
  });
  code.addEventListener("input", () => phone.setDraft("code", code.value));
  return h("div", { class: "stack" },
    field("I have a code", code),
    button("Use this code", async () => {
      if (!code.value.trim()) return code.focus();
      await redeem(phone, code.value);
    }, { id: `${phone.id}-redeem` }),
  );
}

/**
 * Redeems a code. If the two were a couple that they can resume, the API first wants the person's choice.
 * @param {import("../phone.js").Phone} phone
 * @param {string} code
 * @param {boolean | null} [resume]
 */
async function redeem(phone, code, resume = null) {
  const done = await phone.act(async () => {
    const redeemed = await phone.api.call("post", "/v1/invites/redeem", { body: { code, resume } });
    if (redeemed.state === "redeemed") phone.keep({ inviter: redeemed.inviter, words: redeemed.words ?? [] });
    phone.data["asked"] = redeemed.state === "redeemed" ? null : { inviter: redeemed.inviter, code };
  });
  if (done) phone.setDraft("code", "");
  phone.render();
}

/** @param {import("../phone.js").Phone} phone @param {{ inviter: string, code: string }} asked */
function askingRedeemer(phone, asked) {
  return h("div", { class: "stack center" },
    h("h3", null, "You two were together before"),
    words("p", asked.inviter, { class: "big-name" }),
    ...choosing(phone, (resume) => redeem(phone, asked.code, resume)),
    button("Use another code", () => {
      phone.data["asked"] = null;
      phone.render();
    }, { class: "plain" }),
  );
}

/**
 * Asks this person alone whether the two should go on where they stopped.
 * @param {import("../phone.js").Phone} phone
 * @param {(resume: boolean) => Promise<void>} choose
 */
function choosing(phone, choose) {
  return [
    h("p", { class: "lead" }, "Would you like to go on where you stopped? Your shared days and your streak come back, and the time apart counts as a pause."),
    h("p", { class: "hint" }, "We ask each of you alone, and we never show what you said. You go on only if you both want to. Otherwise you start fresh, and each of you can still save your own words from before."),
    button("Yes, go on where we stopped", () => choose(true), { class: "primary", id: `${phone.id}-go-on` }),
    button("No, start fresh", () => choose(false), { id: `${phone.id}-start-fresh` }),
  ];
}

/** Shows the three words large. @param {readonly string[]} three */
function threeWords(three) {
  return h("ul", { class: "three-words" }, ...three.map((word) => words("li", word)));
}

/** @param {import("../phone.js").Phone} phone @param {any} invite */
function confirming(phone, invite) {
  return h("div", { class: "stack center" },
    h("h3", null, "Is this your partner?"),
    words("p", invite.redeemed_by, { class: "big-name" }),
    h("p", { class: "lead" }, "They used your code. Ask your partner which three words they see. Confirm only if they are the same."),
    threeWords(invite.words),
    ...(invite.together_before
      ? choosing(phone, (resume) => confirm(phone, invite, resume))
      : [button("Yes, the words are the same", () => confirm(phone, invite, null), { class: "primary", id: `${phone.id}-confirm` })]),
    button("No, cancel the invite", () => cancel(phone), { class: "plain" }),
  );
}

/** @param {import("../phone.js").Phone} phone @param {any} invite @param {boolean | null} resume */
async function confirm(phone, invite, resume) {
  await phone.act(() => phone.api.call("post", "/v1/invites/confirm", { body: { invite_id: invite.invite_id, words: invite.words, resume } }));
  await phone.refresh();
}

/** @param {import("../phone.js").Phone} phone @param {string} inviter */
function waiting(phone, inviter) {
  return h("div", { class: "stack center" },
    h("h3", null, "Almost there"),
    words("p", inviter, { class: "big-name" }),
    h("p", { class: "lead" }, "can see your name now, and just has to say yes. If they ask, these are your three words:"),
    threeWords(phone.kept.words),
    button("Use another code", () => {
      phone.keep({ inviter: "", words: [] });
      phone.render();
    }, { class: "plain" }),
  );
}

/** @param {import("../phone.js").Phone} phone */
async function cancel(phone) {
  await phone.act(() => phone.api.call("delete", "/v1/invites", {}));
  await phone.refresh();
}

/** Polls as long as this screen is shown. @param {import("../phone.js").Phone} phone */
async function poll(phone) {
  if (polling.has(phone)) return;
  polling.add(phone);
  try {
    while (phone.me && !phone.couple && phone.element.isConnected) {
      await sleep(POLL_EVERY);
      if (!document.hidden && !phone.kept.locked) await check(phone);
    }
  } finally {
    polling.delete(phone);
  }
}

/** Checks whether the other person has done their part. @param {import("../phone.js").Phone} phone */
async function check(phone) {
  try {
    if ((await phone.api.call("get", "/v1/me", {})).paired) return await phone.refresh();
    if (phone.data["invite"]) await loadInvite(phone);
    phone.render();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // Ignore a lost connection, because polling continues. A refresh shows every other problem.
    if (error.status > 0) await phone.refresh();
  }
}
