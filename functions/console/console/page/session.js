// Who is signed in. The ID token stays in memory; the refresh token goes with the tab (sessionStorage).

const KEPT = "rekindle.session";
const EARLY = 120_000; // an ID token is renewed this long before it ends
const ATTEMPT = 20_000;
const REFUSED = [400, 401]; // of a refresh token, for good; anything else passes

/** Sign-in failed, or has ended; `ended` says that only signing in again helps. */
export class SignInError extends Error {
  constructor(code, sentence, { ended = false, status = 0 } = {}) {
    super(code);
    this.status = status;
    this.code = code;
    this.sentence = sentence;
    this.ended = ended;
  }
}

const SENTENCES = {
  INVALID_LOGIN_CREDENTIALS: "The email or the password is not right. Check both and try again.",
  INVALID_PASSWORD: "The email or the password is not right. Check both and try again.",
  EMAIL_NOT_FOUND: "The email or the password is not right. Check both and try again.",
  MISSING_PASSWORD: "Enter your password.",
  MISSING_EMAIL: "Enter your email.",
  INVALID_EMAIL: "This does not look like an email address.",
  USER_DISABLED: "This account has been closed. Ask whoever looks after the practice’s accounts.",
  TOO_MANY_ATTEMPTS_TRY_LATER: "Too many tries. Wait a few minutes, or ask for a new password.",
  PASSWORD_LOGIN_DISABLED: "Signing in with a password is not switched on for this practice.",
  OPERATION_NOT_ALLOWED: "Signing in with a password is not switched on for this practice.",
};
const BUSY = "The sign-in service has too much to do. Wait a moment and try again.";
const UNREACHABLE = "The sign-in service cannot be reached. Check your connection and try again.";
const ENDED = "Your sign-in has ended. Sign in again to go on.";

function claimsOf(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
}

async function post(url, body, headers = {}) {
  let reply;
  try {
    reply = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(ATTEMPT) });
  } catch {
    throw new SignInError("UNREACHABLE", UNREACHABLE);
  }
  const answer = await reply.json().catch(() => null);
  if (reply.ok && answer) return answer;
  const { status } = reply;
  const code = String(answer?.error?.message ?? status).split(/[ :]/)[0];
  // A success without an answer is no answer of the service, but for example a hotel's page.
  if (reply.ok || status >= 500) throw new SignInError(code, UNREACHABLE, { status });
  const otherwise = status === 429 ? BUSY : "Signing in did not work. Try again in a moment.";
  throw new SignInError(code, SENTENCES[code] ?? otherwise, { status });
}

export class Session {
  #config;
  #token = null;
  #claims = null;
  #expires = 0;
  #renewing = null;

  constructor(config) {
    this.#config = config;
  }

  get email() {
    return this.#claims?.email ?? this.#claims?.sub ?? "";
  }

  get uid() {
    return this.#claims?.sub ?? "";
  }

  get #scopes() {
    return String(this.#claims?.scope ?? "").split(" ");
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

  async signIn(email, password) {
    const url = `${this.#config.identity}/v1/accounts:signInWithPassword?key=${encodeURIComponent(this.#config.apiKey)}`;
    const body = JSON.stringify({ email, password, returnSecureToken: true });
    const answer = await post(url, body, { "Content-Type": "application/json" });
    if (!answer.idToken) {
      throw new SignInError("MFA", "This account asks for a second step, which the console cannot do yet.");
    }
    this.#take(answer.idToken, answer.refreshToken, answer.expiresIn);
  }

  async askForPassword(email) {
    const url = `${this.#config.identity}/v1/accounts:sendOobCode?key=${encodeURIComponent(this.#config.apiKey)}`;
    await post(url, JSON.stringify({ requestType: "PASSWORD_RESET", email }), { "Content-Type": "application/json" });
  }

  /** Takes up the sign-in of this tab from before a reload; whether there was one that still holds. */
  async resume() {
    if (!sessionStorage.getItem(KEPT)) return false;
    try {
      await this.token();
      return true;
    } catch (error) {
      if (error.ended) return false;
      throw error;
    }
  }

  /** A token that holds for a while yet. Raises SignInError. */
  async token({ fresh = false } = {}) {
    if (!fresh && this.#token && Date.now() < this.#expires - EARLY) return this.#token;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    await this.#renewing;
    return this.#token;
  }

  signOut() {
    sessionStorage.removeItem(KEPT);
    this.#token = this.#claims = null;
    this.#expires = 0;
  }

  async #renew() {
    const kept = sessionStorage.getItem(KEPT);
    if (!kept) throw new SignInError("SIGNED_OUT", ENDED, { ended: true });
    const url = `${this.#config.securetoken}/v1/token?key=${encodeURIComponent(this.#config.apiKey)}`;
    try {
      const answer = await post(url, new URLSearchParams({ grant_type: "refresh_token", refresh_token: kept }));
      this.#take(answer.id_token, answer.refresh_token, answer.expires_in);
    } catch (error) {
      if (!REFUSED.includes(error.status)) throw error;
      sessionStorage.removeItem(KEPT);
      this.#token = null;
      throw new SignInError(error.code, ENDED, { ended: true });
    }
  }

  #take(token, refresh, seconds) {
    this.#token = token;
    this.#claims = claimsOf(token);
    this.#expires = Date.now() + Number(seconds) * 1000;
    sessionStorage.setItem(KEPT, refresh);
  }
}
