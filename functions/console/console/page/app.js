// The console: who is signed in, which view is open, and the frame around it.

import { Api } from "./api.js";
import { busy, button, fill, h } from "./dom.js";
import { keepUnsaved } from "./kept.js";
import { announce, failure, notify } from "./notices.js";
import { Session } from "./session.js";
import { auditView } from "./views/audit.js";
import { helpView } from "./views/help.js";
import { packView } from "./views/pack.js";
import { packsView } from "./views/packs.js";
import { mark, noRightsView, signInAgain, signInView } from "./views/signin.js";
import { statisticsView } from "./views/statistics.js";

const NAME = "Rekindle for the practice";
const NAVIGATION = [["packs", "Packs"], ["statistics", "Statistics"], ["help", "Help for couples"], ["audit", "Record"]];

class Console {
  constructor(config) {
    this.session = new Session(config);
    // The page is the API's sibling, under whatever prefix both have.
    const base = new URL(config.api ? `${config.api.replace(/\/$/, "")}/` : ".", document.baseURI);
    this.api = new Api(base, this.session, () => this.#signInAgain());
    this.reviewRequired = false;
    this.view = null;
    this.place = null;
    this.main = document.getElementById("main");
    this.head = document.getElementById("head");
    addEventListener("hashchange", () => this.#moved());
  }

  async start() {
    try {
      if (await this.session.resume()) return this.#enter();
    } catch (error) {
      if (!error.sentence) throw error;
      return fill(this.main, h("div", { class: "page" }, failure(error, () => this.start())));
    }
    return this.#gate();
  }

  go(hash) {
    if (location.hash === hash) this.#open();
    else location.hash = hash;
  }

  titled(title) {
    document.title = `${title} · ${NAME}`;
  }

  /** A new pack's text, there as soon as its page is opened. */
  startWith(id, source) {
    this.#fresh = id;
    keepUnsaved(this.session.uid, id, source, 0);
  }

  /** Whether that pack has just been begun here, and nobody else can know of it; asked once. */
  isFresh(id) {
    const fresh = this.#fresh === id;
    this.#fresh = null;
    return fresh;
  }

  working(pressed, work) {
    return busy(pressed, "Working …", work);
  }

  #fresh = null;

  #gate() {
    fill(this.head);
    this.#show(signInView(this.session, () => this.#enter()));
  }

  async #enter() {
    if (!this.session.mayRead) return this.#show(noRightsView(this.session, () => (this.session.signOut(), this.#gate())));
    this.#drawHead();
    this.api.get("packs").then(({ review_required: required }) => (this.reviewRequired = required), () => {});
    if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#/packs");
    return this.#open();
  }

  #drawHead() {
    fill(this.head,
      h("div", { class: "head-inner" },
        h("a", { class: "brand", href: "#/packs" }, mark(), "Rekindle"),
        h("nav", { "aria-label": "Console" }, NAVIGATION.map(([name, label]) => h("a", { href: `#/${name}`, "data-name": name }, label))),
        h("div", { class: "who" },
          h("span", { class: "who-name" }, h("bdi", {}, this.session.email), !this.session.mayPublish && h("span", { class: "badge plain" }, "May read")),
          button("Sign out", () => this.#signOut(), { kind: "quiet small" }))));
  }

  async #signOut() {
    if (!((await this.view?.leave?.()) ?? true)) return;
    this.view?.close?.();
    this.view = null;
    this.session.signOut();
    history.replaceState(null, "", location.pathname + location.search);
    this.place = null;
    this.#gate();
    announce("You are signed out.");
  }

  #again = null;

  /** Resolves once somebody has signed in again; whoever it is, what is open was the other's: it is made anew. */
  #signInAgain() {
    this.#again ??= signInAgain(this.session).then((same) => {
      this.#again = null;
      if (same) return notify("You are signed in again.");
      return location.reload();
    });
    return this.#again;
  }

  async #moved() {
    if (!this.session.isSignedIn || location.hash === this.place) return undefined;
    const to = location.hash;
    if (to === "#main") {
      history.replaceState(null, "", this.place);
      return this.main.focus();
    }
    if (this.view?.leave) {
      history.replaceState(null, "", this.place);
      if (!(await this.view.leave())) return undefined;
      history.replaceState(null, "", to);
    }
    return this.#open();
  }

  #open() {
    this.place = location.hash;
    const [name, id, page = ""] = location.hash.replace(/^#\//, "").split("/");
    for (const link of this.head.querySelectorAll("nav a")) {
      if (link.dataset.name === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (name === "packs" && id && ["", "published", "versions"].includes(page)) return this.#show(packView(this, id, page));
    if (name === "statistics") return this.#show(statisticsView(this));
    if (name === "help") return this.#show(helpView(this));
    if (name === "audit") return this.#show(auditView(this));
    return this.#show(packsView(this));
  }

  #show(view) {
    this.view?.close?.();
    this.view = view;
    this.titled(view.title);
    fill(this.main, view.element);
    scrollTo(0, 0);
    if (view.focus) view.focus();
    else (this.main.querySelector("h1") ?? this.main).focus({ preventScroll: true });
  }
}

async function begin() {
  const main = document.getElementById("main");
  try {
    const reply = await fetch("console/config.json");
    if (!reply.ok) throw new Error(String(reply.status));
    await new Console(await reply.json()).start();
  } catch (error) {
    console.error(error);
    const sentence = "The console could not be loaded. Check your connection and try again.";
    fill(main, h("div", { class: "page" }, failure({ sentence }, begin)));
  }
}

addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name === "AbortError") return;
  notify(event.reason?.sentence ?? "Something went wrong on this page. Your text is kept on this computer; reload the page if something looks wrong.", { problem: true });
});

begin();
