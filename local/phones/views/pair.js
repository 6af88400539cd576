// Two people become a couple: one invites, the other types the code, and the first sees who it is before it holds.

import { sleep } from "../api.js";
import { button, field, h, words } from "../dom.js";
import { exportCard } from "./export.js";
import { aloneCard } from "./solo.js";

const LOOK_EVERY = 2_000;
/** Phones that are looking whether the other has done their part. @type {WeakSet<import("../phone.js").Phone>} */
const looking = new WeakSet();

/** @param {import("../phone.js").Phone} phone */
export function pair(phone) {
  const { invite, inviter } = phone.data;
  void look(phone);
  if (inviter) return waiting(phone, inviter);
  if (invite?.redeemed_by) return confirming(phone, invite);
  return h(
    "div",
    { class: "stack" },
    h("h3", null, "Bring your partner in"),
    h("p", { class: "lead" }, "One of you invites, the other types the code. You are a couple here once the one who invited has seen who it is."),
    invite ? shown(phone, invite) : button("Invite my partner", () => open(phone), { class: "primary", id: `${phone.id}-invite` }),
    h("p", { class: "or" }, "or"),
    redeeming(phone),
    aloneCard(phone),
    exportCard(phone),
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
    maxlength: 64,
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
        phone.data = { inviter: redeemed.inviter };
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
      phone.data = {};
      await phone.open("today");
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
      phone.data = {};
      phone.render();
    }, { class: "plain" }),
  );
}

/** @param {import("../phone.js").Phone} phone */
async function cancel(phone) {
  await phone.act(() => phone.api.call("delete", "/v1/invites", {}));
  phone.data = {};
  phone.render();
}

/** Looks now and then, as long as this is on the screen. @param {import("../phone.js").Phone} phone */
async function look(phone) {
  if (looking.has(phone)) return;
  looking.add(phone);
  try {
    while (phone.me && !phone.couple && phone.element.isConnected) {
      await sleep(LOOK_EVERY);
      const { invite, inviter } = phone.data;
      if (inviter && (await phone.api.call("get", "/v1/me", {})).paired) {
        phone.data = {};
        await phone.open("today");
      } else if (invite && !invite.redeemed_by) {
        const now = await phone.api.call("get", "/v1/invites", {});
        if (now.redeemed_by && phone.data["invite"] === invite) {
          phone.data["invite"] = { ...invite, ...now };
          phone.render();
        }
      }
    }
  } catch {
    phone.data = {}; // the invite is gone, or has had its time
    phone.render();
  } finally {
    looking.delete(phone);
  }
}
