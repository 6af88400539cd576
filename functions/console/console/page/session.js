// Who is signed in. The ID token stays in memory; the refresh token goes with the tab (sessionStorage).

import { PageError, SIGNED_OUT } from "./errors.js";

/** What `config.json` holds. @typedef {{ api: string, identity: string, securetoken: string, apiKey: string }} Config */

const KEPT = "rekindle.session";
const EARLY = 120_000; // an ID token is renewed this many milliseconds before it expires
const ATTEMPT = 20_000;
const REFUSED = [400, 401]; // with these statuses, a refresh token is refused for good; other failures may pass

const WRONG = "Wrong email or password. Check both and try again.";
const NO_PASSWORDS = "Signing in with a password is turned off for this practice.";
/** @type {Record<string, string>} */
const SENTENCES = {
  INVALID_LOGIN_CREDENTIALS: WRONG,
  INVALID_PASSWORD: WRONG,
  EMAIL_NOT_FOUND: WRONG,
  MISSING_PASSWORD: "Enter your password.",
  MISSING_EMAIL: "Enter your email.",
  INVALID_EMAIL: "This does not look like an email address.",
  USER_DISABLED: "This account is closed. Ask the person who manages the practice’s accounts.",
  TOO_MANY_ATTEMPTS_TRY_LATER: "Too many tries. Wait a few minutes, or reset your password.",
  PASSWORD_LOGIN_DISABLED: NO_PASSWORDS,
  OPERATION_NOT_ALLOWED: NO_PASSWORDS,
};
const BUSY = "The sign-in service is busy. Wait a moment and try again.";
const UNREACHABLE = "We can’t reach the sign-in service. Check your connection and try again.";
const ENDED = "Your sign-in has ended. Sign in again to continue.";

/** @param {string} token @returns {Record<string, unknown>} */
function claimsOf(token) {
  const text = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
}

/** @param {string} url @param {string | URLSearchParams} body @param {Record<string, string>} [headers] */
async function post(url, body, headers = {}) {
  let reply;
  try {
    reply = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(ATTEMPT) });
  } catch {
    throw new PageError("UNREACHABLE", UNREACHABLE);
  }
  const answer = await reply.json().catch(() => null);
  if (reply.ok && answer) return answer;
  const { status } = reply;
  const code = String(answer?.error?.message ?? status).split(/[ :]/)[0] ?? "";
  // A success without JSON does not come from the service. A hotel's sign-in page looks like this.
  if (reply.ok || status >= 500) throw new PageError(code, UNREACHABLE, { status });
  const otherwise = status === 429 ? BUSY : "Signing in did not work. Try again in a moment.";
  throw new PageError(code, SENTENCES[code] ?? otherwise, { status });
}

export class Session {
  #config;
  /** @type {string | null} */
  #token = null;
  /** @type {Record<string, unknown>} */
  #claims = {};
  #expires = 0;
  /** @type {Promise<void> | null} */
  #renewing = null;

  /** @param {Config} config */
  constructor(config) {
    this.#config = config;
  }

  get email() {
    return String(this.#claims["email"] ?? this.uid);
  }

  get uid() {
    return String(this.#claims["sub"] ?? "");
  }

  get #scopes() {
    return String(this.#claims["scope"] ?? "").split(" ");
  }

  get mayPublish() {
    return this.#scopes.includes("practice:publish");
  }

  get mayRead() {
    return this.mayPublish || this.#scopes.includes("practice:read");
  }

  get isSignedIn() {
    return this.#token !== null;
  }

  /** @param {string} email @param {string} password */
  async signIn(email, password) {
    const answer = await this.#identity("signInWithPassword", { email, password, returnSecureToken: true });
    if (!answer.idToken) throw new PageError("MFA", "This account needs a second step to sign in. The console does not support that yet.");
    this.#take(answer.idToken, answer.refreshToken, answer.expiresIn);
  }

  /** Sends an email with which a person chooses a new password. @param {string} email */
  async sendPasswordReset(email) {
    await this.#identity("sendOobCode", { requestType: "PASSWORD_RESET", email });
  }

  /** Continues the sign-in that this tab had before a reload. Returns false if there is none, or it has ended. */
  async resume() {
    if (!sessionStorage.getItem(KEPT)) return false;
    try {
      await this.token();
      return true;
    } catch (error) {
      if (error instanceof PageError && error.kind === SIGNED_OUT) return false;
      throw error;
    }
  }

  /** Returns a token that stays valid for some time. Throws PageError. */
  async token({ fresh = false } = {}) {
    if (!fresh && this.#token && Date.now() < this.#expires - EARLY) return this.#token;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    await this.#renewing;
    return this.#token;
  }

  signOut() {
    sessionStorage.removeItem(KEPT);
    this.#token = null;
    this.#claims = {};
    this.#expires = 0;
  }

  /** @param {string} method @param {object} body */
  #identity(method, body) {
    const url = `${this.#config.identity}/v1/accounts:${method}?key=${encodeURIComponent(this.#config.apiKey)}`;
    return post(url, JSON.stringify(body), { "Content-Type": "application/json" });
  }

  async #renew() {
    const kept = sessionStorage.getItem(KEPT);
    if (!kept) throw new PageError(SIGNED_OUT, ENDED);
    const url = `${this.#config.securetoken}/v1/token?key=${encodeURIComponent(this.#config.apiKey)}`;
    try {
      const answer = await post(url, new URLSearchParams({ grant_type: "refresh_token", refresh_token: kept }));
      this.#take(answer.id_token, answer.refresh_token, answer.expires_in);
    } catch (error) {
      if (!(error instanceof PageError && REFUSED.includes(error.status))) throw error;
      sessionStorage.removeItem(KEPT);
      this.#token = null;
      throw new PageError(SIGNED_OUT, ENDED);
    }
  }

  /** @param {string} token @param {string} refresh @param {string | number} seconds */
  #take(token, refresh, seconds) {
    this.#token = token;
    this.#claims = claimsOf(token);
    this.#expires = Date.now() + Number(seconds) * 1000;
    sessionStorage.setItem(KEPT, refresh);
  }
}
