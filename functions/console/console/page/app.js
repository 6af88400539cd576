// Starts the console: the person who is signed in, the open view, and the frame around it.

import { Api } from "./api.js";
import { PageError, SIGNED_OUT, known } from "./errors.js";
import { busy } from "./forms.js";
import { keepUnsaved } from "./kept.js";
import { byId, failure, notify, notifyError, spinner } from "./notices.js";
import { Session } from "./session.js";
import { button, fill, h, svg } from "./ui/dom.js";
import { accountView, passSecondStep } from "./views/account.js";
import { auditView } from "./views/audit.js";
import { Bell, noticesView } from "./views/bell.js";
import { helpView } from "./views/help.js";
import { isPage, packView } from "./views/pack.js";
import { packsView } from "./views/packs.js";
import { confirmSignIn, mark, noRightsView, signInAgain, signInView } from "./views/signin.js";
import { statisticsView } from "./views/statistics.js";

/** One screen. `leave` returns false to stay on it. @typedef {{ element: HTMLElement, title: string, focus?: () => void, leave?: () => Promise<boolean>, close?: () => void }} View */

const NAME = "Rekindle for the practice";
const NAVIGATION = [["packs", "Packs"], ["statistics", "Statistics"], ["help", "Help for couples"], ["audit", "History"]];

export class Console {
  /** @type {View | null} */
  view = null;
  reviewRequired = false;
  /** The hash of the open view. @type {string | null} */
  place = null;
  /** The pack that was just started here. @type {string | null} */
  #fresh = null;
  /** The question that is open over the view, so that calls at the same time ask only once. @type {Promise<boolean> | null} */
  #asking = null;

  /** @param {import("./session.js").Config} config */
  constructor(config) {
    this.session = new Session(config);
    // The page stands beside the API, under the same prefix.
    const base = new URL(config.api ? `${config.api.replace(/\/$/, "")}/` : ".", document.baseURI);
    this.api = new Api(base, this.session, {
      signInAgain: () => this.#ask(() => signInAgain(this.session)),
      confirmSignIn: () => this.#ask(() => confirmSignIn(this.session)),
      addSecondStep: () => this.#ask(() => passSecondStep(this.session)),
    });
    this.bell = new Bell(this.api);
    this.main = byId("main");
    this.head = byId("head");
    addEventListener("hashchange", () => this.#moved());
  }

  async start() {
    try {
      if (await this.session.resume()) this.#enter();
      else this.#showSignIn();
    } catch (error) {
      fill(this.main, h("div", { class: "page" }, failure(known(error), () => this.start())));
    }
  }

  /** @param {string} hash */
  go(hash) {
    if (location.hash === hash) this.#open();
    else location.hash = hash;
  }

  /** @param {string} title */
  setTitle(title) {
    document.title = `${title} · ${NAME}`;
  }

  /** Keeps a new pack's text for its page, which opens next. @param {string} id @param {string} source */
  startWith(id, source) {
    this.#fresh = id;
    keepUnsaved(this.session.uid, id, source, 0);
  }

  /** Returns whether a pack was just started here, so that the API does not know it yet. Returns true only once. @param {string} id */
  isFresh(id) {
    const fresh = this.#fresh === id;
    this.#fresh = null;
    return fresh;
  }

  /** @template Result @param {HTMLButtonElement} pressed @param {() => Promise<Result>} work */
  working(pressed, work) {
    return busy(pressed, "Working …", work);
  }

  #showSignIn() {
    fill(this.head);
    this.#show(signInView(this.session, () => this.#enter({ signedIn: true })));
  }

  /** Opens the page in the address. Without one, somebody who has just signed in sees unread notices first. */
  async #enter({ signedIn = false } = {}) {
    if (!this.session.mayRead) return this.#show(noRightsView(this.session, () => (this.session.signOut(), this.#showSignIn())));
    this.#drawHead();
    this.api.call("get", "/v1/practice/packs", {}, { quiet: true }).then(({ review_required: required }) => (this.reviewRequired = required), () => {});
    const asked = location.hash.startsWith("#/");
    if (!asked && signedIn) {
      fill(this.main, h("div", { class: "page" }, spinner("Loading")));
      await this.bell.refresh();
      // The person has opened a page meanwhile. Perhaps only the address knows it yet.
      if (this.place || location.hash.startsWith("#/")) return;
    }
    if (!asked) history.replaceState(null, "", signedIn && this.bell.unread ? "#/notices" : "#/packs");
    this.#open();
  }

  #drawHead() {
    fill(this.head,
      h("div", { class: "head-inner" },
        h("a", { class: "brand", href: "#/packs" }, mark(), "Rekindle"),
        h("nav", { "aria-label": "Console" }, NAVIGATION.map(([name, label]) => h("a", { href: `#/${name}`, "data-name": name }, label))),
        h("div", { class: "who" },
          this.bell.element,
          h("a", { class: "head-link", href: "#/account", "data-name": "account", "aria-label": `Your account, ${this.session.email}`, title: "Your account" },
            svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("circle", { cx: 12, cy: 8, r: 4 }), svg("path", { d: "M4 20.500c1-4 4-6 8-6s7 2 8 6" })),
            h("span", { class: "who-name" }, h("bdi", {}, this.session.email), !this.session.mayPublish && h("span", { class: "badge plain" }, "Read only"))),
          button("Sign out", () => this.#signOut(), { class: "quiet small" }))));
  }

  /** Ends all sign-ins of the account. If the service does not do its part, the sign-in of this page ends all the same. */
  async #signOut() {
    if ((await this.view?.leave?.()) === false) return;
    const failure = await this.api.call("post", "/v1/practice/sign-out", {}, { quiet: true }).then(() => null, known);
    this.view?.close?.();
    this.view = null;
    this.session.signOut();
    history.replaceState(null, "", location.pathname + location.search);
    this.place = null;
    this.#showSignIn();
    // A sign-in that has ended already is no failure: somebody has ended them all.
    if (!failure || failure.status === 401 || failure.kind === SIGNED_OUT) return notify("You are signed out, everywhere.");
    notify(`You are signed out on this page only. ${failure.sentence} Other sign-ins of your account go on. To end them, sign in and sign out again.`, { problem: true });
  }

  /** Asks the person over the view. Calls that come meanwhile wait for the same answer. @param {() => Promise<boolean>} question */
  #ask(question) {
    this.#asking ??= question().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #moved() {
    if (!this.session.isSignedIn || location.hash === this.place) return;
    const to = location.hash;
    if (to === "#main") {
      history.replaceState(null, "", this.place);
      this.main.focus();
      return;
    }
    if (this.view?.leave) {
      history.replaceState(null, "", this.place);
      if (!(await this.view.leave())) return;
      history.replaceState(null, "", to);
    }
    this.#open();
  }

  #open() {
    this.place = location.hash;
    const [name, id, page = ""] = location.hash.replace(/^#\//, "").split("/");
    void this.bell.refresh();
    for (const link of this.head.querySelectorAll("a[data-name]")) {
      if (link.getAttribute("data-name") === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (name === "packs" && id && isPage(page)) return this.#show(packView(this, id, page));
    if (name === "statistics") return this.#show(statisticsView(this));
    if (name === "help") return this.#show(helpView(this));
    if (name === "audit") return this.#show(auditView(this));
    if (name === "notices") return this.#show(noticesView(this));
    if (name === "account") return this.#show(accountView(this));
    return this.#show(packsView(this));
  }

  /** @param {View} view */
  #show(view) {
    this.view?.close?.();
    this.view = view;
    this.setTitle(view.title);
    fill(this.main, view.element);
    scrollTo(0, 0);
    if (view.focus) view.focus();
    else (this.main.querySelector("h1") ?? this.main).focus({ preventScroll: true });
  }
}

async function begin() {
  try {
    const reply = await fetch("console/config.json");
    if (!reply.ok) throw new Error(String(reply.status));
    await new Console(await reply.json()).start();
  } catch (error) {
    console.error(error);
    const sentence = "The console could not be loaded. Check your connection and try again.";
    fill(byId("main"), h("div", { class: "page" }, failure(new PageError("network", sentence), begin)));
  }
}

addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name === "AbortError") return;
  notifyError(event.reason);
});

begin();
