// A client of the API. It signs a person in, renews their token, calls routes, and throws problems.
//
// client/rekindle.d.ts types the routes. It is generated from docs/openapi.json: `call("put", "/v1/days/{date}/answer", { path: { date }, body: { text } })`.

import { addressOf } from "./ui/route.js";

/** @typedef {import("../../client/routes.js").Method} Method */
/** @typedef {import("../../client/routes.js").Couples} Couples */
/** @typedef {import("../../client/routes.js").Path<Couples>} Path */
/** @typedef {{ idToken: string, refreshToken: string, expires: number }} Session */
/** The person who signs in. @typedef {{ email: string } | { uid: string }} Account */

const BASE = "/phones/api"; // an app has the address of the API here, such as https://api.example
// Firebase's endpoint, for which the local stack has a stand-in. An app lets Firebase Authentication call it.
const REFRESH = "/securetoken.googleapis.com/v1/token?key=local";
/** The statuses with which Firebase refuses a refresh token that will never work again. Only a new sign-in helps. */
const REFUSED = [400, 401];
/** The type of the problem that the sign-in has ended. Only a new sign-in solves it. */
export const ENDED = "sign-in-ended";
const EARLY = 120_000; // a token is renewed this many milliseconds before it expires
const ATTEMPTS = 3;
const PATIENCE = 30_000;
/** Longer times for routes with large answers, for slow connections. @type {Record<string, number>} */
const MORE_PATIENCE = { "/v1/me/export": 180_000 };

/** Sentences for refusals without a title, such as API Gateway's. @type {Record<number, string>} */
const SENTENCES = {
  408: "That took too long. Nothing is lost. Try again in a moment.",
  429: "Too many requests at once. Nothing is lost. Try again in a moment.",
};
const TROUBLE = "Rekindle is not available right now. Nothing is lost. Try again in a moment.";

/** A refusal of the API (RFC 9457). Distinguish problems by `type`, and show `message` to the person. */
export class Problem extends Error {
  /** @param {number} status @param {{ type?: string, title?: string, detail?: string }} body @param {number} retryAfter */
  constructor(status, body, retryAfter = 0) {
    super(body.detail ?? body.title ?? SENTENCES[status] ?? (status >= 500 ? TROUBLE : "This did not work. Nothing is lost."));
    this.status = status;
    this.type = (body.type ?? "").replace("urn:rekindle:problem:", "");
    this.retryAfter = retryAfter;
  }
}

export class Api {
  /** @type {Promise<void> | null} */
  #renewing = null;

  /**
   * @param {Session | null} session the stored session, if there is one
   * @param {(session: Session | null) => void} keep stores a changed session, or null if the session has ended
   */
  constructor(session, keep) {
    this.session = session;
    this.keep = keep;
  }

  /**
   * Signs in. An app does this with Firebase Authentication. The local stack has a stand-in for it.
   * @param {Account} account
   * @param {string} name
   */
  async signIn(account, name) {
    await this.#renewing?.catch(() => {}); // or else a token of the earlier sign-in could replace the new one
    this.#take(await post("/sign-in", { ...account, name }));
  }

  /**
   * Calls a route, and repeats the call while the API is busy. A key makes it safe to repeat a POST. To repeat a POST
   * yourself, pass the same `key`.
   * @template {Path} P
   * @template {import("../../client/routes.js").MethodOf<Couples, P> & Method} M
   * @param {M} method
   * @param {P} path
   * @param {import("../../client/routes.js").Given<Couples, P, M>} given
   * @returns {Promise<import("../../client/routes.js").Answer<Couples, P, M>>}
   */
  async call(method, path, given) {
    const { body, key = crypto.randomUUID(), ...parts } =
      /** @type {{ path?: object, query?: object, body?: unknown, key?: string }} */ (given);
    /** @type {Record<string, string>} */
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "post") headers["Idempotency-Key"] = key;
    const url = BASE + addressOf(path, parts);
    let renewed = false;
    for (let attempt = 1; ; attempt += 1) {
      let token = "";
      try {
        token = await this.#token();
        headers["Authorization"] = `Bearer ${token}`;
        return /** @type {any} */ (await answered(url, { method: method.toUpperCase(), headers, body: body === undefined ? null : JSON.stringify(body) }, MORE_PATIENCE[path]));
      } catch (error) {
        if (!(error instanceof Problem) || error.type === ENDED || attempt === ATTEMPTS) throw error;
        if (error.status === 401) {
          if (this.session?.idToken !== token) continue; // another call has renewed it
          if (renewed) throw this.#ended();
          renewed = true;
          await this.#renew();
        } else if (error.status === 503 || error.status === 0) await sleep(1000 * Math.max(error.retryAfter, attempt / 2));
        else throw error;
      }
    }
  }

  async #token() {
    if (!this.session) throw this.#ended();
    if (Date.now() > this.session.expires - EARLY) await this.#renew();
    return this.session.idToken;
  }

  #renew() {
    const refresh = async () => {
      const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: this.session?.refreshToken ?? "" });
      try {
        this.#take(await answered(REFRESH, { method: "POST", body: form }));
      } catch (error) {
        // After any other failure, such as a lost connection or a busy service, the person stays signed in.
        throw error instanceof Problem && REFUSED.includes(error.status) ? this.#ended() : error;
      }
    };
    this.#renewing ??= refresh().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** Forgets the session. Call this after the person has signed out everywhere. */
  end() {
    this.#ended();
  }

  /** Forgets the session, and returns the problem to throw. */
  #ended() {
    this.session = null;
    this.keep(null);
    return new Problem(401, { type: ENDED, title: "Your sign-in has ended. Sign in again to continue." });
  }

  /** @param {{ id_token: string, refresh_token: string, expires_in: number | string }} tokens */
  #take(tokens) {
    this.session = {
      idToken: tokens.id_token,
      refreshToken: tokens.refresh_token,
      expires: Date.now() + 1000 * Number(tokens.expires_in),
    };
    this.keep(this.session);
  }
}

/**
 * Returns what an erasure has removed. This needs no sign-in.
 * @param {string} receipt
 * @returns {Promise<import("../../client/routes.js").Schema["ErasureView"]>}
 */
export function erasureOf(receipt) {
  /** @type {Path} */
  const path = "/v1/erasures/{receipt}";
  return answered(BASE + addressOf(path, { path: { receipt } }), { method: "GET" });
}

/** @param {string} url @param {unknown} body */
export function post(url, body) {
  return answered(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** @param {string} url @param {RequestInit} request @param {number} [patience] @returns {Promise<any>} */
async function answered(url, request, patience = PATIENCE) {
  let reply;
  try {
    reply = await fetch(url, { ...request, cache: "no-store", signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Problem(0, { title: "You’re offline. Nothing is lost." });
  }
  if (reply.status === 204) return undefined;
  const body = await reply.json().catch(() => null);
  if (!reply.ok) throw new Problem(reply.status, body ?? {}, Number(reply.headers.get("Retry-After")) || 0);
  // The answer is incomplete, or it does not come from the API, but from a hotel's sign-in page, for example.
  if (body === null) throw new Problem(0, { title: "The connection dropped. Nothing is lost." });
  return body;
}

/** @param {number} milliseconds */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
