// One phone: what it keeps, what it knows, and what it shows. It speaks to the API alone, never to the other phone.

import { Api, ENDED, Problem } from "./api.js";
import { hourIn, longDateIn, ownZone, placeOf, timeIn, weekdayIn } from "./clock.js";
import { button, fill, h, icon, refill, words } from "./dom.js";
import { Inbox } from "./inbox.js";
import { journal } from "./views/journal.js";
import { loadPairing, pair } from "./views/pair.js";
import { signedOut } from "./views/signedout.js";
import { datesShown, today } from "./views/today.js";
import { together } from "./views/together.js";
import { waiting } from "./views/waiting.js";
import { welcome } from "./views/welcome.js";
import { you } from "./views/you.js";

/** @typedef {import("../../client/routes.js").Schema} Schema */
/** A part of the app: `load` asks the API for what `view` shows. @typedef {{ title: string, path: string, load: (phone: Phone) => Promise<unknown>, view: (phone: Phone) => HTMLElement }} Tab */
/** What outlives a reload. @typedef {{ session: import("./api.js").Session | null, account: import("./api.js").Account | null, device: string, cleared: number, tab: string, locked: boolean, drafts: Record<string, string>, opened: string[], inviter: string, since: string, ended: boolean }} Kept */

/** @type {Record<string, Tab>} */
const TABS = { today, journal, together, you };

/** Where a push leads, by the letter in its link. @type {Record<string, string>} */
const PLACES = { d: "today", t: "today", n: "today", s: "together", p: "you" };
/** The letter of a link whose date is the day to open. */
const DAY = "d";

/** What is kept of whoever is signed in, before there is anything. @type {Pick<Kept, "drafts" | "opened" | "inviter" | "since" | "ended">} */
const NOTHING_YET = { drafts: {}, opened: [], inviter: "", since: "", ended: false };

const BANNER = 8_000;
const LOOK_EVERY = 15_000;
const PADLOCK = "M7.500 10.500V8a4.500 4.500 0 0 1 9 0v2.500M6 10.500h12v9H6Z";

export class Phone {
  /** Who this is; null until they have said so. @type {Schema["MeView"] | null} */
  me = null;
  /** @type {Schema["CoupleWithPacksView"] | null} */
  couple = null;
  /** What the tabs have loaded, by their own names. @type {Record<string, any>} */
  data = {};
  /** Whether the API has yet to say who is signed in, and with whom they are a couple. */
  starting;
  /** Whether something that the screen shows could not be loaded. */
  failed = false;
  /** The day whose answers open on this screen just now, for the first time. */
  unfolding = "";

  #key;
  #ticking = 0;
  #looking = 0;
  #banner = 0;
  #shown = "";
  #again = false;
  #offline = false;
  #place = "";
  /** @type {Promise<void> | null} */
  #refreshing = null;
  /** Forms that somebody had filled in when their sign-in ended, by id. @type {Map<string, HTMLFormElement>} */
  #unsaved = new Map();

  /**
   * @param {string} id
   * @param {string} label what the phone is called before anybody has signed in
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
    this.screen = h(
      "div",
      { class: "screen" },
      h(
        "div",
        { class: "app" },
        h(
          "div",
          { class: "statusbar" },
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

  /** Signs in somebody new: whose sign-in has ended here may be another. @param {import("./api.js").Account} account @param {string} name */
  async signInAs(account, name) {
    this.#unsaved.clear();
    this.keep({ ...NOTHING_YET, account });
    await this.api.signIn(account, name);
  }

  /**
   * Signs in the same person once more. An app asks for their password here, or for what they sign in with; an account of
   * this page has no password, and its phone answers for itself.
   */
  async signInAgain() {
    if (this.kept.account) await this.api.signIn(this.kept.account, this.me?.display_name ?? "");
  }

  /** Forgets who was signed in here, for somebody else. */
  forgetAccount() {
    this.#unsaved.clear();
    this.keep({ ...NOTHING_YET, account: null });
    this.starting = false;
    this.render();
  }

  /** Hides what was shared once the sign-in has ended. Drafts stay for whoever signs in again. @param {import("./api.js").Session | null} session */
  #keepSession(session) {
    this.keep({ session });
    if (session) return;
    this.starting = true;
    this.me = this.couple = null;
    this.data = {};
    this.render();
  }

  /**
   * Set whom this phone is a couple with. A new couple starts at today, and finds nothing of an earlier couple here: the
   * two may have parted, or paired again from another phone.
   * @param {Schema["CoupleWithPacksView"] | null} couple
   */
  setCouple(couple) {
    const since = couple?.since ?? "";
    this.couple = couple;
    if (since === this.kept.since) return;
    const own = Object.entries(this.kept.drafts).filter(([name]) => name.startsWith("alone-"));
    this.keep({ ...NOTHING_YET, since, drafts: Object.fromEntries(own), ended: !couple, tab: "today" });
    this.data = {};
    this.content.scrollTop = 0;
  }

  async start() {
    this.#ticking = window.setInterval(() => this.showClock(), 1000);
    // An app asks anew as it comes to the front, and so finds what no push tells of, such as a reflection. This one is
    // always there.
    this.#looking = window.setInterval(() => {
      if (this.couple && !this.kept.locked && !document.hidden) void this.refresh();
    }, LOOK_EVERY);
    this.render();
    await this.refresh();
  }

  /** Lets go of everything, for somebody new. */
  stop() {
    window.clearInterval(this.#ticking);
    window.clearInterval(this.#looking);
    this.inbox.close();
    this.element.remove();
    sessionStorage.removeItem(this.#key);
  }

  /** Asks the API anew for all that is on the screen; whoever asks meanwhile gets what is asked for next. */
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
      if (!this.api.session) return;
      try {
        this.me = await this.api.call("get", "/v1/me", {});
      } catch (error) {
        if (!(error instanceof Problem) || error.type !== "no-profile") throw error;
        this.starting = false;
        return;
      }
      this.inbox.open();
      this.setCouple(this.me.paired ? await this.api.call("get", "/v1/couple", {}) : null);
      this.starting = false;
      this.render();
      await (this.couple ? this.tab.load(this) : loadPairing(this));
      if (this.#offline) this.tell("");
      this.#offline = false;
    });
    this.failed = !loaded;
    this.render();
  }

  /** @returns {Tab} */
  get tab() {
    return TABS[this.kept.tab] ?? today;
  }

  /** Opens a part of the app, and within it the day of a date, if there is one. @param {string} tab @param {string} [date] */
  async open(tab, date) {
    this.keep({ tab });
    this.data["wanted"] = date;
    this.unfolding = "";
    this.setLocked(false);
    this.hideBanner();
    this.content.scrollTop = 0;
    this.render();
    await this.refresh();
  }

  /** Opens what a push's link leads to: a letter for the place, then the date. @param {string} link */
  async follow(link) {
    const [, letter = "", year, month, day] = /\/o\/([a-z])(\d{4})(\d{2})(\d{2})/.exec(link) ?? [];
    const tab = PLACES[letter] ?? "today";
    if (letter !== DAY) return this.open(tab);
    const date = `${year}-${month}-${day}`;
    await this.open(tab, date);
    // Today's tab has the dates around now. Every other one is in the journal.
    const shown = datesShown(this);
    const hasMovedOn = this.data["wanted"] !== date;
    if (hasMovedOn || shown.length === 0 || shown.includes(date)) return undefined;
    await this.open("journal", date);
    document.getElementById(`${this.id}-entry-${date}`)?.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  /**
   * Does what somebody asked for, and tells kindly what stood in the way; whether it worked.
   * @param {() => Promise<unknown>} work
   */
  async act(work) {
    this.tell("");
    this.#offline = false;
    const done = await this.#tried(work);
    // What is being loaded may be from before.
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
        // The other has parted, or this is not yet a couple: what was shared is closed, and nobody is blamed.
        this.me &&= { ...this.me, paired: false };
        this.setCouple(null);
        this.starting = false;
        this.render();
      }
      if (error.type === ENDED) return false; // the screen says so
      // That there is no connection is told once, until there is one again or somebody wants something.
      const known = this.#offline && error.status === 0;
      this.#offline = error.status === 0;
      if (!known) this.tell(error.message);
      return false;
    }
  }

  /** @param {string} sentence */
  tell(sentence) {
    fill(this.toast, sentence && h("p", null, sentence), sentence && button("All right", () => this.tell(""), { class: "plain" }));
  }

  /** For who hears the screen: what has come about, without leaving where they are. @param {string} sentence */
  announce(sentence) {
    this.status.textContent = sentence;
  }

  /** What an answer in the making says, under a name of its own. @param {string} name */
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
    const place = this.couple ? this.kept.tab : "alone";
    const view = this.#view();
    // What somebody fills in stays until it is saved, as long as there is a place for it: it is looked at as it is, and
    // moved only if something else has changed.
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
    // What looks the same stays as it is: a moment that unfolds, the place of a finger, a list that is being read.
    if (this.content.firstElementChild?.isEqualNode(view)) return;
    if (place === this.#place && forms.some(({ form }) => form.contains(document.activeElement))) return;
    this.#place = place;
    for (const { form, copy } of forms) copy.replaceWith(form);
    refill(this.content, view);
    this.content.scrollTop = top;
    this.content.querySelector(".unfolding")?.scrollIntoView({ block: "nearest" });
  }

  #view() {
    if (!this.api.session && this.kept.account) return signedOut(this);
    if (this.api.session && this.starting) return waiting(this);
    if (!this.api.session || !this.me) return welcome(this);
    return this.couple ? this.tab.view(this) : pair(this);
  }

  #renderLock(/** @type {string} */ name) {
    this.lock.setAttribute("aria-label", `${name}: the lock screen`);
    const pushes = this.inbox.standing.filter((push) => push.number > this.kept.cleared);
    refill(
      this.lock,
      h("p", { class: "lock-date" }, longDateIn(this.zone, this.language)),
      h("p", { class: "lock-time" }, timeIn(this.zone)),
      h(
        "ul",
        { class: "pushes" },
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
