// One phone: its storage, its data and its screen. It calls only the API, and knows nothing of the other phone.

import { Api, ENDED, Problem } from "./api.js";
import { hourIn, longDateIn, ownZone, placeOf, timeIn, weekdayIn } from "./clock.js";
import { Inbox } from "./inbox.js";
import { icon, refill, words } from "./parts.js";
import { button, fill, h } from "./ui/dom.js";
import { journal } from "./views/journal.js";
import { erasing, receiptPage } from "./views/erase.js";
import { loadPairing, pair } from "./views/pair.js";
import { signedOut } from "./views/signedout.js";
import { datesShown, today } from "./views/today.js";
import { together } from "./views/together.js";
import { waiting } from "./views/waiting.js";
import { welcome } from "./views/welcome.js";
import { you } from "./views/you.js";

/** @typedef {import("../../client/routes.js").Schema} Schema */
/** A tab of the app: `load` gets data from the API, and `view` shows them. @typedef {{ title: string, path: string, load: (phone: Phone) => Promise<unknown>, view: (phone: Phone) => HTMLElement }} Tab */
/** The data that stays after a reload. @typedef {{ session: import("./api.js").Session | null, account: import("./api.js").Account | null, device: string, cleared: number, tab: string, locked: boolean, drafts: Record<string, string>, opened: string[], inviter: string, words: readonly string[], since: string, ended: boolean, erasing: boolean, receipt: string }} Kept */

/** @type {Record<string, Tab>} */
const TABS = { today, journal, together, you };

/** The tab that a push opens, by the letter in its link. @type {Record<string, string>} */
const PLACES = { d: "today", t: "today", n: "today", s: "together", p: "you", m: "you" };
/** The letter in a link that opens the day of the link's date. */
const DAY = "d";

/** The stored data of a person who has just signed in. @type {Pick<Kept, "drafts" | "opened" | "inviter" | "words" | "since" | "ended" | "erasing">} */
const NOTHING_YET = { drafts: {}, opened: [], inviter: "", words: [], since: "", ended: false, erasing: false };

const BANNER = 8_000;
const POLL_EVERY = 15_000;
const PADLOCK = "M7.500 10.500V8a4.500 4.500 0 0 1 9 0v2.500M6 10.500h12v9H6Z";

export class Phone {
  /** The profile of this phone's person; null before they have one. @type {Schema["MeView"] | null} */
  me = null;
  /** @type {Schema["CoupleWithPacksView"] | null} */
  couple = null;
  /** The data that the tabs have loaded. Each tab chooses its names. @type {Record<string, any>} */
  data = {};
  /** True until the API has answered with the person's profile and their couple. */
  starting;
  /** True if something on the screen could not be loaded. */
  failed = false;
  /** The date whose opened answers this screen shows for the first time, with an animation. */
  unfolding = "";

  #key;
  #clock = 0;
  #polling = 0;
  #banner = 0;
  #shown = "";
  #again = false;
  #offline = false;
  #tabShown = "";
  /** @type {Promise<void> | null} */
  #refreshing = null;
  /** Forms with unsaved changes from before the sign-in ended, by id. @type {Map<string, HTMLFormElement>} */
  #unsaved = new Map();

  /**
   * @param {string} id
   * @param {string} label the phone's name before anybody signs in
   * @param {() => void} changed
   */
  constructor(id, label, changed) {
    this.id = id;
    this.label = label;
    this.changed = changed;
    this.#key = `rekindle.phone.${id}`;
    /** @type {Kept} */
    this.kept = {
      session: null,
      account: null,
      device: `${id}-${crypto.randomUUID()}`,
      cleared: 0,
      tab: "today",
      locked: false,
      receipt: "",
      ...NOTHING_YET,
      ...JSON.parse(sessionStorage.getItem(this.#key) ?? "{}"),
    };
    this.starting = this.kept.account !== null;
    this.api = new Api(this.kept.session, (session) => this.#keepSession(session));
    this.inbox = new Inbox(this.kept.device, (push) => this.#pushed(push));

    this.name = h("h2", { class: "device-name" });
    this.time = h("span", { class: "status-time" });
    this.content = h("div", { class: "content", tabindex: 0, role: "group" });
    this.tabs = h("nav", { class: "tabbar" });
    this.lock = h("div", { class: "lock", role: "group" });
    this.banner = h("div", { class: "banner", role: "status" });
    this.toast = h("div", { class: "toast", role: "alert" });
    this.status = h("p", { class: "visually-hidden", role: "status" });
    this.screen = h("div", { class: "screen" },
      h("div", { class: "app" },
        h("div", { class: "statusbar" },
          this.time,
          h("span", { class: "island" }),
          button(icon(PADLOCK), () => this.setLocked(true), { class: "lock-button", "aria-label": "Lock the phone" }),
        ),
        this.content,
        this.tabs,
      ),
      this.lock,
      this.banner,
      this.toast,
      this.status,
    );
    this.element = h("section", { class: "device", id: `device-${id}` }, this.name, h("div", { class: "frame" }, this.screen));
  }

  get zone() {
    return this.me?.zone ?? ownZone();
  }

  get language() {
    return this.me?.language ?? "en";
  }

  get partner() {
    return this.couple?.partner ?? "your partner";
  }

  /** @param {Partial<Kept>} changed */
  keep(changed) {
    Object.assign(this.kept, changed);
    sessionStorage.setItem(this.#key, JSON.stringify(this.kept));
  }

  /** Signs in a new person. Nothing of an earlier person stays. @param {import("./api.js").Account} account @param {string} name */
  async signInAs(account, name) {
    this.#unsaved.clear();
    this.keep({ ...NOTHING_YET, account });
    await this.api.signIn(account, name);
  }

  /** Signs in the same person again. An app would ask for the password here. The accounts of this page have none. */
  async signInAgain() {
    if (!this.kept.account) return;
    await this.api.signIn(this.kept.account, this.me?.display_name ?? "");
    await this.registerDevice(); // somebody who signed out everywhere has no devices any more
  }

  /** Registers this phone for pushes. For a new phone, the API requires a recent sign-in. */
  async registerDevice() {
    await this.api.call("put", "/v1/me/devices/{device_id}", {
      path: { device_id: "phone" },
      body: { token: this.kept.device, fid: null, platform: "android" },
    });
  }

  /** Forgets the person who was signed in here. */
  forgetAccount() {
    this.#unsaved.clear();
    this.keep({ ...NOTHING_YET, account: null });
    this.starting = false;
    this.render();
  }

  /**
   * Forgets the person, who has erased their account, and shows the receipt. Nothing of the person stays on the phone.
   * @param {string} receipt its number, or "" if another phone has it
   */
  async forgetErased(receipt) {
    this.inbox.close();
    this.inbox = new Inbox(`${this.id}-${crypto.randomUUID()}`, (push) => this.#pushed(push));
    this.hideBanner();
    this.keep({ device: this.inbox.token, cleared: 0, tab: "today", locked: false, receipt });
    this.api.end();
    this.forgetAccount();
    this.content.scrollTop = 0;
    this.content.querySelector("h3")?.focus({ preventScroll: true });
    await this.#refreshing; // it began before the erasure. It may have failed because of it, or loaded a tab.
    if (this.kept.account) return; // somebody else has signed in meanwhile
    const { erasure, copied } = this.data;
    this.data = { erasure, copied };
    this.notify("");
    this.render();
  }

  /** Stores the session. If it has ended, removes all data from the screen. Drafts stay for the same person. @param {import("./api.js").Session | null} session */
  #keepSession(session) {
    this.keep({ session });
    if (session) return;
    this.starting = true;
    this.me = this.couple = null;
    this.data = {};
    this.render();
  }

  /**
   * Sets the couple of this phone. For a new couple, opens the tab "Today" and deletes the data of an earlier couple. The
   * two may have unpaired, or paired again on another phone.
   * @param {Schema["CoupleWithPacksView"] | null} couple
   */
  setCouple(couple) {
    const since = couple?.since ?? "";
    this.couple = couple;
    if (since === this.kept.since) return;
    const own = Object.entries(this.kept.drafts).filter(([name]) => name.startsWith("alone-"));
    this.keep({ ...NOTHING_YET, since, drafts: Object.fromEntries(own), ended: !couple, erasing: this.kept.erasing, tab: "today" });
    this.data = {};
    this.content.scrollTop = 0;
  }

  async start() {
    this.#clock = window.setInterval(() => this.showClock(), 1000);
    // Some changes come without a push, such as a reflection. An app finds them when the person opens it. This page is
    // always open, so it refreshes regularly.
    this.#polling = window.setInterval(() => {
      if (this.couple && !this.kept.locked && !document.hidden) void this.refresh();
    }, POLL_EVERY);
    this.render();
    await this.refresh();
  }

  /** Stops the phone, and deletes its data. */
  stop() {
    window.clearInterval(this.#clock);
    window.clearInterval(this.#polling);
    this.inbox.close();
    this.element.remove();
    sessionStorage.removeItem(this.#key);
  }

  /** Loads the screen's data again. If a refresh is running, another follows. */
  refresh() {
    this.#again = true;
    this.#refreshing ??= (async () => {
      while (this.#again) {
        this.#again = false;
        await this.#refreshed();
      }
    })().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refreshed() {
    this.failed = false;
    const loaded = await this.#tried(async () => {
      const { account } = this.kept;
      if (!this.api.session) return;
      try {
        const me = await this.api.call("get", "/v1/me", {});
        if (this.kept.account !== account) return; // this phone has forgotten the person meanwhile
        this.me = me;
      } catch (error) {
        if (!(error instanceof Problem) || error.type !== "no-profile") throw error;
        this.starting = false;
        return;
      }
      this.inbox.open();
      const couple = this.me.paired ? await this.api.call("get", "/v1/couple", {}) : null;
      if (this.kept.account !== account) return;
      this.setCouple(couple);
      this.starting = false;
      this.render();
      await (this.couple ? this.tab.load(this) : loadPairing(this));
      if (this.#offline) this.notify("");
      this.#offline = false;
    });
    this.failed = !loaded;
    this.render();
  }

  /** @returns {Tab} */
  get tab() {
    return TABS[this.kept.tab] ?? today;
  }

  /** Opens a tab. If a date is given, opens its day in the tab. @param {string} tab @param {string} [date] */
  async open(tab, date) {
    this.keep({ tab, erasing: false });
    this.data["wanted"] = date;
    this.unfolding = "";
    this.setLocked(false);
    this.hideBanner();
    this.content.scrollTop = 0;
    this.render();
    await this.refresh();
  }

  /** Opens the link of a push, which has a letter for the tab, and a date. @param {string} link */
  async follow(link) {
    const [, letter = "", year, month, day] = /\/o\/([a-z])(\d{4})(\d{2})(\d{2})/.exec(link) ?? [];
    const tab = PLACES[letter] ?? "today";
    if (letter !== DAY) return this.open(tab);
    const date = `${year}-${month}-${day}`;
    await this.open(tab, date);
    // The tab "Today" has only the open dates. All other dates are in the journal.
    const shown = datesShown(this);
    const hasMovedOn = this.data["wanted"] !== date;
    if (hasMovedOn || shown.length === 0 || shown.includes(date)) return undefined;
    await this.open("journal", date);
    document.getElementById(`${this.id}-entry-${date}`)?.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  /**
   * Runs an action of the person. If it fails, shows the problem. Returns whether it succeeded.
   * @param {() => Promise<unknown>} work
   */
  async act(work) {
    this.notify("");
    this.#offline = false;
    const done = await this.#tried(work);
    // A refresh that is already running may have read the state before the action.
    if (this.#refreshing) this.#again = true;
    return done;
  }

  /** @param {() => Promise<unknown>} work */
  async #tried(work) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.type === "not-paired") {
        // The partner has unpaired, or the person is in no couple yet.
        this.me &&= { ...this.me, paired: false };
        this.setCouple(null);
        this.starting = false;
        this.render();
      }
      // The person erased their account on another phone, or a few moments ago here.
      if (error.type === "account-erased" && this.kept.account && !this.kept.erasing) void this.forgetErased("").then(() => this.notify(error.message));
      if (error.type === ENDED) return false; // the screen already says that the sign-in has ended
      // A lost connection is reported only once, until the connection is back or the person does something.
      const known = this.#offline && error.status === 0;
      this.#offline = error.status === 0;
      if (!known) this.notify(error.message);
      return false;
    }
  }

  /** @param {string} sentence */
  notify(sentence) {
    fill(this.toast, sentence && h("p", null, sentence), sentence && button("OK", () => this.notify(""), { class: "plain" }));
  }

  /** Lets screen readers read a sentence. The focus stays where it is. @param {string} sentence */
  announce(sentence) {
    this.status.textContent = sentence;
  }

  /** Returns the draft with this name, or "" if there is none. @param {string} name */
  draft(name) {
    return this.kept.drafts[name] ?? "";
  }

  /** @param {string} name @param {string} text */
  setDraft(name, text) {
    const { [name]: _, ...others } = this.kept.drafts;
    this.keep({ drafts: text ? { ...others, [name]: text } : others });
  }

  /** @param {boolean} locked */
  setLocked(locked) {
    this.keep({ locked });
    if (!locked) this.keep({ cleared: this.inbox.latest });
    this.render();
    (locked ? this.lock : this.content).querySelector("button")?.focus({ preventScroll: true });
  }

  showClock() {
    const shown = `${timeIn(this.zone)} ${weekdayIn(this.zone)}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.render();
  }

  render() {
    const paired = this.couple !== null;
    const name = this.me?.display_name ?? this.label;
    fill(this.name, words("span", name), this.me && h("span", { class: "device-place" }, ` ${placeOf(this.zone)}, ${weekdayIn(this.zone)} ${timeIn(this.zone)}`));
    this.time.textContent = timeIn(this.zone);
    this.content.setAttribute("aria-label", `${name}: the app`);
    this.screen.dataset["part"] = partOfDay(hourIn(this.zone));
    this.screen.classList.toggle("is-locked", this.kept.locked);
    /** @type {HTMLElement} */ (this.screen.firstElementChild).inert = this.kept.locked;
    this.lock.inert = !this.kept.locked;
    this.#renderContent();
    this.tabs.hidden = !paired;
    this.tabs.setAttribute("aria-label", `${name}: parts of the app`);
    refill(
      this.tabs,
      ...Object.entries(TABS).map(([each, { title, path }]) =>
        button([icon(path), h("span", null, title)], () => this.open(each), {
          class: "tab",
          id: `${this.id}-tab-${each}`,
          "aria-current": each === this.kept.tab ? "page" : null,
        }),
      ),
    );
    this.#renderLock(name);
    this.changed();
  }

  #renderContent() {
    const top = this.content.scrollTop;
    const tab = this.couple ? this.kept.tab : "alone";
    const view = this.#view();
    // A form with unsaved changes stays as it is, if the new screen has the same form. It is moved to the new screen only
    // if something else on the screen has changed.
    const changed = /** @type {NodeListOf<HTMLFormElement>} */ (this.content.querySelectorAll("form[data-changed]"));
    if (!this.api.session) for (const form of changed) this.#unsaved.set(form.id, form);
    const forms = [...changed, ...this.#unsaved.values()].flatMap((form) => {
      const again = view.querySelector(`#${form.id}`);
      if (!again) return [];
      if (this.#unsaved.delete(form.id)) again.closest("details")?.toggleAttribute("open", true);
      const copy = form.cloneNode(true);
      again.replaceWith(copy);
      return [{ form, copy: /** @type {HTMLElement} */ (copy) }];
    });
    for (const folded of /** @type {NodeListOf<HTMLDetailsElement>} */ (this.content.querySelectorAll("details[id]"))) {
      const again = /** @type {HTMLDetailsElement | null} */ (view.querySelector(`#${CSS.escape(folded.id)}`));
      if (again) again.open = folded.open;
    }
    // If nothing has changed, do not touch the screen. An animation may be running, or a person may be scrolling.
    if (this.content.firstElementChild?.isEqualNode(view)) return;
    if (tab === this.#tabShown && forms.some(({ form }) => form.contains(document.activeElement))) return;
    this.#tabShown = tab;
    for (const { form, copy } of forms) copy.replaceWith(form);
    refill(this.content, view);
    this.content.scrollTop = top;
    this.content.querySelector(".unfolding")?.scrollIntoView({ block: "nearest" });
  }

  #view() {
    if (this.kept.receipt) return receiptPage(this);
    if (!this.api.session && this.kept.account) return signedOut(this);
    if (this.api.session && this.starting) return waiting(this);
    if (!this.api.session || !this.me) return welcome(this);
    if (this.kept.erasing) return erasing(this);
    return this.couple ? this.tab.view(this) : pair(this);
  }

  #renderLock(/** @type {string} */ name) {
    this.lock.setAttribute("aria-label", `${name}: the lock screen`);
    const pushes = this.inbox.current.filter((push) => push.number > this.kept.cleared);
    refill(
      this.lock,
      h("p", { class: "lock-date" }, longDateIn(this.zone, this.language)),
      h("p", { class: "lock-time" }, timeIn(this.zone)),
      h("ul", { class: "pushes" },
        ...pushes.toReversed().map((push) => h("li", null, this.#notice(push))),
      ),
      button("Open", () => this.setLocked(false), { class: "unlock", id: `${this.id}-unlock` }),
    );
  }

  /** @param {import("./inbox.js").Push} push */
  #notice(push) {
    return button(
      [
        h("span", { class: "notice-app" }, h("img", { src: "/phones/icon.svg", alt: "", width: 18, height: 18 }), "Rekindle", h("span", { class: "notice-time" }, timeIn(this.zone, new Date(push.at)))),
        words("span", push.title ?? "", { class: "notice-title" }),
        words("span", push.body ?? "", { class: "notice-body" }),
      ],
      () => this.follow(push.data["link"] ?? ""),
      { class: "notice", id: `${this.id}-push-${push.number}`, "data-passive": push.passive },
    );
  }

  #pushed(/** @type {import("./inbox.js").Push} */ push) {
    if (push.number <= this.kept.cleared) return;
    if (!this.kept.locked) {
      this.keep({ cleared: push.number });
      fill(this.banner, this.#notice(push));
      window.clearTimeout(this.#banner);
      this.#banner = window.setTimeout(() => this.hideBanner(), BANNER);
    }
    void this.refresh();
  }

  hideBanner() {
    fill(this.banner);
  }
}

/** @param {number} hour */
function partOfDay(hour) {
  if (hour < 5 || hour >= 22) return "night";
  if (hour < 10) return "morning";
  return hour < 18 ? "day" : "evening";
}
