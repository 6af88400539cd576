// Calls to the practice's API: with the token of whoever is signed in, and errors as sentences.

import { SignInError } from "./session.js";

const ATTEMPT = 60_000;
const PROBLEM = "urn:rekindle:problem:";

/** A call that failed. `kind` is the problem's name, or "network"; `body` is all that the API said. */
export class ApiError extends Error {
  constructor(status, kind, sentence, body = {}) {
    super(`${status} ${kind}`);
    this.status = status;
    this.kind = kind;
    this.sentence = sentence;
    this.body = body;
  }
}

const SENTENCES = {
  401: "Your sign-in was not accepted. Sign in again.",
  403: "Your account may read here, but not change anything. Ask whoever looks after the practice’s accounts.",
  404: "This is not there any more. Somebody may have removed it.",
  413: "This text is longer than a pack may be.",
  429: "That was a lot at once. Wait a moment and try again.",
};
const OFFLINE = "You seem to be offline. Your text is kept on this computer; try again once you are connected.";
const UNREACHABLE = "The service cannot be reached. Your text is kept on this computer; try again in a moment.";
const SLOW = "The service did not answer in time. Try again in a moment.";
const BROKEN = "Something went wrong on our side. Try again in a moment.";

export class Api {
  #base;
  #session;
  #signInAgain;

  /** `signInAgain` lets somebody whose sign-in has ended sign in without leaving the page. */
  constructor(base, session, signInAgain) {
    this.#base = base;
    this.#session = session;
    this.#signInAgain = signInAgain;
  }

  get(path, options) {
    return this.#call("GET", path, undefined, options);
  }

  put(path, body, options) {
    return this.#call("PUT", path, body, options);
  }

  post(path, body = {}, options = {}) {
    return this.#call("POST", path, body, options);
  }

  delete(path, options) {
    return this.#call("DELETE", path, undefined, options);
  }

  async #call(method, path, body, { signal } = {}) {
    let reply = await this.#sent(method, path, body, signal, {});
    if (reply.status === 401) reply = await this.#sent(method, path, body, signal, { fresh: true });
    if (reply.status === 401) {
      await this.#signInAgain();
      reply = await this.#sent(method, path, body, signal, {});
    }
    // What only reads may be repeated by itself.
    if (method === "GET" && (reply.status === 503 || reply.status === 429)) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(reply.headers.get("Retry-After")) || 1)));
      reply = await this.#sent(method, path, body, signal, {});
    }
    if (reply.status === 204) return null;
    const answer = await reply.json().catch(() => ({}));
    if (reply.ok) return answer;
    throw refused(reply.status, answer);
  }

  async #sent(method, path, body, signal, { fresh = false }) {
    const token = await this.#token(fresh);
    const timeout = AbortSignal.timeout(ATTEMPT);
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      return await fetch(new URL(`v1/practice/${path}`, this.#base), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      const sentence = timeout.aborted ? SLOW : navigator.onLine ? UNREACHABLE : OFFLINE;
      throw new ApiError(0, "network", sentence);
    }
  }

  async #token(fresh) {
    try {
      return await this.#session.token({ fresh });
    } catch (error) {
      if (!(error instanceof SignInError && error.ended)) throw error;
      await this.#signInAgain();
      return this.#session.token();
    }
  }
}

function refused(status, body) {
  const kind = String(body.type ?? "").startsWith(PROBLEM) ? body.type.slice(PROBLEM.length) : String(status);
  const known = kind === String(status) ? SENTENCES[status] : body.title;
  const details = (body.errors ?? []).map((each) => each.reason).filter(Boolean);
  const sentence = [known ?? SENTENCES[status] ?? (status >= 500 ? BROKEN : "This did not work."), ...details].join(" ");
  return new ApiError(status, kind, sentence, body);
}
