// Who is signed in. The ID token stays in memory; the refresh token goes with the tab (sessionStorage).

import { PageError, SIGNED_OUT } from "./errors.js";

/** What `config.json` holds. @typedef {{ api: string, identity: string, securetoken: string, apiKey: string }} Config */
/** An authenticator app that the account needs besides its password. @typedef {{ id: string, name: string, since: string }} Factor */
/** A sign-in that still needs a code of one of these apps. @typedef {{ credential: string, factors: Factor[] }} Pending */
/** An app that is not added yet. `address` is for the app, `secret` is for typing it in. @typedef {{ secret: string, address: string, session: string }} Enrollment */

const KEPT = "rekindle.session";
const EARLY = 120_000; // an ID token is renewed this many milliseconds before it expires
const ATTEMPT = 20_000;
const REFUSED = [400, 401]; // with these statuses, a refresh token is refused for good; other failures may pass

const WRONG = "Wrong email or password. Check both and try again.";
const NO_PASSWORDS = "Signing in with a password is turned off for this practice.";
const TOO_SLOW = "That took longer than a few minutes. Start again.";
const ISSUER = "Rekindle"; // the name that the authenticator app shows
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
  INVALID_CODE: "This is not the code that your app shows now. Type the newest one. If it is wrong too, check the clock of your phone.",
  MISSING_CODE: "Enter the six digits that your app shows.",
  INVALID_MFA_PENDING_CREDENTIAL: TOO_SLOW,
  SESSION_EXPIRED: TOO_SLOW,
  INVALID_SESSION_INFO: TOO_SLOW,
  CREDENTIAL_TOO_OLD_LOGIN_AGAIN: TOO_SLOW,
  SECOND_FACTOR_EXISTS: "Your account has an authenticator app already. Remove it first.",
  MFA_ENROLLMENT_NOT_FOUND: "Your account does not have this app any more. Start again.",
  UNVERIFIED_EMAIL: "Your email address is not confirmed yet. Sign out and choose “Forgot your password?”: setting a new password confirms it.",
};
/** The codes of Firebase that end a sign-in at its second step: the person has to type the password again. */
export const START_AGAIN = ["INVALID_MFA_PENDING_CREDENTIAL", "MFA_ENROLLMENT_NOT_FOUND"];
/** The codes of Firebase for a sign-in that is older than a few minutes, or has ended. */
export const OLD_SIGN_IN = ["CREDENTIAL_TOO_OLD_LOGIN_AGAIN", "TOKEN_EXPIRED", "INVALID_ID_TOKEN", "USER_TOKEN_EXPIRED"];

const BUSY = "The sign-in service is busy. Wait a moment and try again.";
const UNREACHABLE = "We can’t reach the sign-in service. Check your connection and try again.";
const ENDED = "Your sign-in has ended. Sign in again to continue.";

/** @param {string} token @returns {Record<string, unknown>} */
function claimsOf(token) {
  const text = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
}

/** @param {{ mfaEnrollmentId: string, displayName?: string, enrolledAt?: string, totpInfo?: object }[] | undefined} factors @returns {Factor[]} */
function appsIn(factors) {
  return (factors ?? [])
    .filter((each) => each.totpInfo)
    .map((each, at) => ({ id: each.mfaEnrollmentId, name: each.displayName || `Authenticator app ${at + 1}`, since: each.enrolledAt ?? "" }));
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

  /** Returns whether this sign-in had a second step. */
  get hadSecondStep() {
    const firebase = /** @type {Record<string, unknown> | undefined} */ (this.#claims["firebase"]);
    return Boolean(firebase?.["sign_in_second_factor"]);
  }

  /** Returns null once the person is signed in. Otherwise the sign-in needs a second step. @param {string} email @param {string} password @returns {Promise<Pending | null>} */
  async signIn(email, password) {
    const answer = await this.#identity("v1/accounts:signInWithPassword", { email, password, returnSecureToken: true });
    if (answer.idToken) return this.#take(answer.idToken, answer.refreshToken);
    const factors = appsIn(answer.mfaInfo);
    if (!factors.length) throw new PageError("MFA", "This account’s second step is a text message. This page only knows codes of an authenticator app. Ask the people who run the service.");
    return { credential: answer.mfaPendingCredential, factors };
  }

  /** Finishes a sign-in with the code of an authenticator app. @param {Pending} pending @param {string} factor @param {string} code */
  async finishSignIn(pending, factor, code) {
    const answer = await this.#identity("v2/accounts/mfaSignIn:finalize", {
      mfaPendingCredential: pending.credential, mfaEnrollmentId: factor, totpVerificationInfo: { verificationCode: code },
    });
    this.#take(answer.idToken, answer.refreshToken);
  }

  /** Returns the authenticator apps of the account. @returns {Promise<Factor[]>} */
  async factors() {
    const answer = await this.#own("v1/accounts:lookup");
    return appsIn(answer.users?.[0]?.mfaInfo);
  }

  /** Gets a secret for a new authenticator app. The account does not need the app yet. @returns {Promise<Enrollment>} */
  async startFactor() {
    const { totpSessionInfo: started } = await this.#own("v2/accounts/mfaEnrollment:start", { totpEnrollmentInfo: {} });
    const secret = String(started.sharedSecretKey);
    const label = `${ISSUER}:${encodeURIComponent(this.email)}`;
    return { secret, session: started.sessionInfo, address: `otpauth://totp/${label}?secret=${secret}&issuer=${ISSUER}` };
  }

  /** Adds the authenticator app, if it shows this code. @param {Enrollment} enrollment @param {string} code */
  async finishFactor({ session }, code) {
    const answer = await this.#own("v2/accounts/mfaEnrollment:finalize", {
      displayName: "Authenticator app", totpVerificationInfo: { sessionInfo: session, verificationCode: code },
    });
    this.#take(answer.idToken, answer.refreshToken);
  }

  /** @param {Factor} factor */
  async removeFactor(factor) {
    const answer = await this.#own("v2/accounts/mfaEnrollment:withdraw", { mfaEnrollmentId: factor.id });
    this.#take(answer.idToken, answer.refreshToken);
  }

  /** Sends an email with which a person chooses a new password. @param {string} email */
  async sendPasswordReset(email) {
    await this.#identity("v1/accounts:sendOobCode", { requestType: "PASSWORD_RESET", email });
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

  /** Makes a request for the account that is signed in. @param {string} path @param {object} [body] */
  async #own(path, body = {}) {
    return this.#identity(path, { idToken: await this.token(), ...body });
  }

  /** @param {string} path @param {object} body */
  #identity(path, body) {
    const url = `${this.#config.identity}/${path}?key=${encodeURIComponent(this.#config.apiKey)}`;
    return post(url, JSON.stringify(body), { "Content-Type": "application/json" });
  }

  async #renew() {
    const kept = sessionStorage.getItem(KEPT);
    if (!kept) throw new PageError(SIGNED_OUT, ENDED);
    const url = `${this.#config.securetoken}/v1/token?key=${encodeURIComponent(this.#config.apiKey)}`;
    try {
      const answer = await post(url, new URLSearchParams({ grant_type: "refresh_token", refresh_token: kept }));
      this.#take(answer.id_token, answer.refresh_token);
    } catch (error) {
      if (!(error instanceof PageError && REFUSED.includes(error.status))) throw error;
      sessionStorage.removeItem(KEPT);
      this.#token = null;
      throw new PageError(SIGNED_OUT, ENDED);
    }
  }

  /** @param {string} token @param {string} refresh */
  #take(token, refresh) {
    this.#token = token;
    this.#claims = claimsOf(token);
    // The token's own times, because the answer to a second step has no other. Their difference does not depend on this computer's clock.
    this.#expires = Date.now() + (Number(this.#claims["exp"]) - Number(this.#claims["iat"])) * 1000;
    sessionStorage.setItem(KEPT, refresh);
    return null;
  }
}
