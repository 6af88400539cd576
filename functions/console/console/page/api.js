// Calls the practice's API: adds the token of the person who is signed in, and turns refusals into sentences.

import { PageError, SIGNED_OUT } from "./errors.js";
import { addressOf } from "./ui/route.js";

/** @typedef {import("../../../../client/routes.js").PracticeSchema} Schema */
/** @typedef {import("../../../../client/routes.js").Practice} Practice */
/** @typedef {import("../../../../client/routes.js").Method} Method */
/** @typedef {import("../../../../client/routes.js").Path<Practice>} Path */
/** One attempt to call the API. @typedef {{ method: string, address: string, body?: unknown, signal?: AbortSignal | undefined, quiet: boolean }} Attempt */

const ATTEMPT = 60_000;
const PROBLEM = "urn:rekindle:problem:";

/** @type {Record<number, string>} */
const SENTENCES = {
  401: "Your sign-in was not accepted. Sign in again.",
  403: "Your account can read here, but not make changes. Ask the person who manages the practice’s accounts.",
  404: "This is no longer here. Somebody may have removed it.",
  413: "This text is longer than a pack can be.",
  429: "Too many requests at once. Wait a moment and try again.",
};
const OFFLINE = "You seem to be offline. Your text is kept on this computer. Try again once you are connected.";
const UNREACHABLE = "We can’t reach the service. Your text is kept on this computer. Try again in a moment.";
const SLOW = "The service took too long to answer. Try again in a moment.";
const BROKEN = "Something went wrong on our side. Try again in a moment.";

/** Asks a person for something over the open page, so that nothing typed is lost. Resolves to whether the person did it. @typedef {() => Promise<boolean>} Gate */

/** The gate that a person has to pass after a refusal of this kind. @type {Record<string, "confirmSignIn" | "addSecondStep">} */
const GATES = { "sign-in-not-recent": "confirmSignIn", "second-factor-needed": "addSecondStep" };
/** @type {Record<string, string>} */
const NOT_PASSED = {
  "sign-in-not-recent": "Not done yet. A change needs your password if you signed in more than an hour ago. Nothing is lost: try again.",
  "second-factor-needed": "Your practice asks for a second step when you sign in. Set it up on the page “Your account”, then try again.",
};

export class Api {
  #base;
  #session;
  #gates;

  /**
   * @param {URL} base
   * @param {import("./session.js").Session} session
   * @param {{ signInAgain: Gate, confirmSignIn: Gate, addSecondStep: Gate }} gates
   */
  constructor(base, session, gates) {
    this.#base = base;
    this.#session = session;
    this.#gates = gates;
  }

  /**
   * Calls a route.
   * @template {Path} P
   * @template {import("../../../../client/routes.js").MethodOf<Practice, P> & Method} M
   * @param {M} method
   * @param {P} path
   * @param {import("../../../../client/routes.js").Given<Practice, P, M>} given
   * @param {{ signal?: AbortSignal, quiet?: boolean }} [options] a `quiet` call asks the person nothing
   * @returns {Promise<import("../../../../client/routes.js").Answer<Practice, P, M>>}
   */
  async call(method, path, given, { signal, quiet = false } = {}) {
    const { body, ...parts } = /** @type {{ path?: object, query?: object, body?: unknown }} */ (given);
    const attempt = { method: method.toUpperCase(), address: addressOf(path, parts).slice(1), body, signal, quiet };
    let reply = await this.#attempt(attempt);
    if (reply.status === 401) reply = await this.#attempt(attempt, { fresh: true });
    if (reply.status === 401 && !quiet) {
      await this.#gates.signInAgain();
      reply = await this.#attempt(attempt);
    }
    // Only a read is safe to repeat.
    if (method === "get" && (reply.status === 503 || reply.status === 429)) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(reply.headers.get("Retry-After")) || 1)));
      reply = await this.#attempt(attempt);
    }
    let problem = await problemOf(reply);
    // Both kinds of refusal come before the API does anything, so a write is safe to repeat.
    for (let gate; problem && !quiet && (gate = GATES[problem.kind]) && (await this.#gates[gate]()); problem = await problemOf(reply)) {
      reply = await this.#attempt(attempt);
    }
    if (problem) throw problem;
    const answer = reply.status === 204 ? undefined : await reply.json().catch(() => ({}));
    return answer;
  }

  /** @param {Attempt} attempt */
  async #attempt({ method, address, body, signal, quiet }, { fresh = false } = {}) {
    const token = await this.#token(fresh, quiet);
    const timeout = AbortSignal.timeout(ATTEMPT);
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      return await fetch(new URL(address, this.#base), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new PageError("network", timeout.aborted ? SLOW : navigator.onLine ? UNREACHABLE : OFFLINE);
    }
  }

  /** @param {boolean} fresh @param {boolean} quiet */
  async #token(fresh, quiet) {
    try {
      return await this.#session.token({ fresh });
    } catch (error) {
      if (quiet || !(error instanceof PageError && error.kind === SIGNED_OUT)) throw error;
      await this.#gates.signInAgain();
      return this.#session.token();
    }
  }
}

/** Returns null for a success. @param {Response} reply */
async function problemOf(reply) {
  if (reply.ok) return null;
  const { status } = reply;
  /** @type {import("./errors.js").Refusal} */
  const body = await reply.json().catch(() => ({}));
  const type = String(body.type ?? "");
  const kind = type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : String(status);
  const title = kind === String(status) ? SENTENCES[status] : NOT_PASSED[kind] ?? body.title;
  const reasons = (body.errors ?? []).map((each) => String(each["reason"] ?? "")).filter(Boolean);
  const sentence = [title ?? SENTENCES[status] ?? (status >= 500 ? BROKEN : "This did not work."), ...reasons].join(" ");
  return new PageError(kind, sentence, { status, body });
}
