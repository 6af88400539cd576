// Two people become a couple: one invites, the other types the code, and the first sees who it is before it holds.

import { Problem, sleep } from "../api.js";
import { button, field, h, words } from "../dom.js";
import { exportCard } from "./export.js";
import { aloneCard, loadAlone } from "./solo.js";
import { aloneParts, loadParts } from "./you.js";

const LOOK_EVERY = 2_000;
/** Phones that are looking whether the other has done their part. @type {WeakSet<import("../phone.js").Phone>} */
const looking = new WeakSet();

/** @param {import("../phone.js").Phone} phone */
export async function loadPairing(phone) {
  await loadInvite(phone);
  phone.render();
  await loadAlone(phone);
  await loadParts(phone);
}

/** The invite that is open, from this phone or another of the same person. @param {import("../phone.js").Phone} phone */
async function loadInvite(phone) {
  const before = phone.data["invite"];
  /** @type {import("../phone.js").Schema["InviteView"] | undefined} */
  let now;
  try {
    now = await phone.api.call("get", "/v1/invites", {});
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== "no-invite") throw error;
  }
  // What was asked for meanwhile knows better. A code is told once, so only the phone that made the invite has it.
  if (phone.data["invite"] === before) phone.data["invite"] = now && { code: now.invite_id === before?.invite_id ? before.code : null, ...now };
}

/** @param {import("../phone.js").Phone} phone */
export function pair(phone) {
  const { invite } = phone.data;
  const { ended } = phone.kept;
  void look(phone);
  if (phone.kept.inviter) return waiting(phone, phone.kept.inviter);
  if (invite?.redeemed_by) return confirming(phone, invite);
  return h(
    "div",
    { class: "stack" },
    h("h3", null, "Bring your partner in"),
    ended && h("p", { class: "pause-note" }, "You two are not connected here any more. What each of you wrote stays their own."),
    ended && exportCard(phone),
    h("p", { class: "lead" }, "One of you invites, the other types the code. You are a couple here once the one who invited has seen who it is."),
    invite ? shown(phone, invite) : button("Invite my partner", () => open(phone), { class: "primary", id: `${phone.id}-invite` }),
    h("p", { class: "or" }, "or"),
    redeeming(phone),
    // Whoever has just parted is not asked about their partner.
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
  return h(
    "div",
    { class: "card" },
    h("p", null, "Read this to your partner:"),
    invite.code
      ? h("p", { class: "code", dir: "ltr" }, invite.code)
      : h("p", null, "Your invite is open. Its code was shown once; make a new one if it is lost."),
    h("p", { class: "hint" }, "It works once, for 24 hours."),
    h(
      "div",
      { class: "row" },
      invite.code && button("Copy it", () => navigator.clipboard.writeText(invite.code)),
      !invite.code && button("A new code", () => open(phone)),
      button("Take it back", () => cancel(phone), { class: "plain" }),
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
  return h(
    "div",
    { class: "stack" },
    field("I have a code", code),
    button("Use this code", async () => {
      if (!code.value.trim()) return code.focus();
      const done = await phone.act(async () => {
        const redeemed = await phone.api.call("post", "/v1/invites/redeem", { body: { code: code.value } });
        phone.keep({ inviter: redeemed.inviter });
      });
      if (done) phone.setDraft("code", "");
      phone.render();
    }, { id: `${phone.id}-redeem` }),
  );
}

/** @param {import("../phone.js").Phone} phone @param {any} invite */
function confirming(phone, invite) {
  return h(
    "div",
    { class: "stack center" },
    h("h3", null, "Is this your partner?"),
    words("p", invite.redeemed_by, { class: "big-name" }),
    h("p", { class: "lead" }, "They have used your code. Nothing is shared before you say yes."),
    button("Yes, this is us", async () => {
      await phone.act(() => phone.api.call("post", "/v1/invites/confirm", { body: { invite_id: invite.invite_id } }));
      await phone.refresh();
    }, { class: "primary", id: `${phone.id}-confirm` }),
    button("No, take the invite back", () => cancel(phone), { class: "plain" }),
  );
}

/** @param {import("../phone.js").Phone} phone @param {string} inviter */
function waiting(phone, inviter) {
  return h(
    "div",
    { class: "stack center" },
    h("h3", null, "Almost there"),
    words("p", inviter, { class: "big-name" }),
    h("p", { class: "lead" }, "sees your name now, and only has to say yes."),
    button("Use another code", () => {
      phone.keep({ inviter: "" });
      phone.render();
    }, { class: "plain" }),
  );
}

/** @param {import("../phone.js").Phone} phone */
async function cancel(phone) {
  await phone.act(() => phone.api.call("delete", "/v1/invites", {}));
  await phone.refresh();
}

/** Looks now and then, as long as this is on the screen. @param {import("../phone.js").Phone} phone */
async function look(phone) {
  if (looking.has(phone)) return;
  looking.add(phone);
  try {
    while (phone.me && !phone.couple && phone.element.isConnected) {
      await sleep(LOOK_EVERY);
      if (!document.hidden && !phone.kept.locked) await seen(phone);
    }
  } finally {
    looking.delete(phone);
  }
}

/** Whether the other has done their part. @param {import("../phone.js").Phone} phone */
async function seen(phone) {
  try {
    if ((await phone.api.call("get", "/v1/me", {})).paired) return await phone.refresh();
    if (phone.data["invite"]) await loadInvite(phone);
    phone.render();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // A connection that is away comes back by itself; of anything else a refresh tells.
    if (error.status > 0) await phone.refresh();
  }
}
