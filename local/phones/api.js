// A client of the API in one page: signs somebody in, keeps their token fresh, calls routes, and tells what went wrong.
//
// Routes, what they take and what they answer are typed by client/rekindle.d.ts, which is generated from
// docs/openapi.json: `call("put", "/v1/days/{date}/answer", { path: { date }, body: { text } })`.

/** @typedef {import("../../client/routes.js").Method} Method */
/** @typedef {import("../../client/routes.js").Path} Path */
/** @typedef {{ idToken: string, refreshToken: string, expires: number }} Session */
/** Who signs in. @typedef {{ email: string } | { uid: string }} Account */

const BASE = "/phones/api"; // on its own origin; an app has https://api.example here
// Firebase's endpoint, which the local stack has a stand-in for; an app leaves this to Firebase Authentication.
const REFRESH = "/securetoken.googleapis.com/v1/token?key=local";
/** How Firebase refuses a refresh token for good, for example with TOKEN_EXPIRED: only a new sign-in helps. */
const REFUSED = [400, 401];
/** The type of the problem that only a new sign-in solves. */
export const ENDED = "sign-in-ended";
const EARLY = 120_000; // a token is renewed this long before it ends
const ATTEMPTS = 3;
const PATIENCE = 30_000;
/** Of what is large, over a slow line. @type {Record<string, number>} */
const MORE_PATIENCE = { "/v1/me/export": 180_000 };

/** What is said of an answer that says nothing of itself, such as a gateway's. @type {Record<number, string>} */
const SENTENCES = {
  408: "That took too long. Nothing is lost. Try again in a moment.",
  429: "That was a lot at once. Nothing is lost. Try again in a moment.",
};
const TROUBLE = "Rekindle does not answer just now. Nothing is lost. Try again in a moment.";

/** A refusal of the API, RFC 9457: tell them apart by `type`, and show `message` to the person. */
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
   * @param {Session | null} session as it was kept
   * @param {(session: Session | null) => void} keep where a changed session is kept; null once it has ended
   */
  constructor(session, keep) {
    this.session = session;
    this.keep = keep;
  }

  /**
   * Signs in. An app does this with Firebase Authentication; the local stack has a stand-in for it.
   * @param {Account} account
   * @param {string} name
   */
  async signIn(account, name) {
    await this.#renewing?.catch(() => {}); // else its token, of an older sign-in, might come later
    this.#take(await post("/sign-in", { ...account, name }));
  }

  /**
   * Calls a route. What is safe to repeat is repeated when the API is busy: a POST is so by its key, for which a caller
   * that asks again for the same thing passes the same one.
   * @template {Path} P
   * @template {import("../../client/routes.js").MethodOf<P> & Method} M
   * @param {M} method
   * @param {P} path
   * @param {import("../../client/routes.js").Given<P, M>} given
   * @returns {Promise<import("../../client/routes.js").Answer<P, M>>}
   */
  async call(method, path, given) {
    const { path: parts = {}, query = {}, body, key = crypto.randomUUID() } =
      /** @type {{ path?: Record<string, string>, query?: Record<string, unknown>, body?: unknown, key?: string }} */ (given);
    const place = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts[name] ?? ""));
    const asked = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, String(value)]])),
    );
    /** @type {Record<string, string>} */
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "post") headers["Idempotency-Key"] = key;
    const url = `${BASE}${place}${asked.size ? `?${asked}` : ""}`;
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
          if (this.session?.idToken !== token) continue; // another call has renewed it meanwhile
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
        // Anything else, such as no connection or a busy service, passes: the sign-in is kept.
        throw error instanceof Problem && REFUSED.includes(error.status) ? this.#ended() : error;
      }
    };
    this.#renewing ??= refresh().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** Forgets the session, and returns the problem to raise. */
  #ended() {
    this.session = null;
    this.keep(null);
    return new Problem(401, { type: ENDED, title: "Your sign-in has ended. Sign in again to go on." });
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
    throw new Problem(0, { title: "There is no connection just now. Nothing is lost." });
  }
  if (reply.status === 204) return undefined;
  const body = await reply.json().catch(() => null);
  if (!reply.ok) throw new Problem(reply.status, body ?? {}, Number(reply.headers.get("Retry-After")) || 0);
  // Cut short, or no answer of the API at all, such as a hotel's page to sign in at: it says nothing of what is there.
  if (body === null) throw new Problem(0, { title: "The connection broke off. Nothing is lost." });
  return body;
}

/** @param {number} milliseconds */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
