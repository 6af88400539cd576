// Errors that a person can read about.

/** @typedef {import("../../../../client/routes.js").PracticeSchema} Schema */
/** What the API says of a refusal. @typedef {Partial<Schema["Problem"]> & { findings?: Schema["FindingView"][], revision?: number, saved?: Schema["ActorView"] | null }} Refusal */

export const SIGNED_OUT = "signed-out";

/** An error with a sentence for the person. `kind` is the problem's name, the code of the sign-in service, or our own. */
export class PageError extends Error {
  /** @param {string} kind @param {string} sentence @param {{ status?: number, body?: Refusal }} [details] */
  constructor(kind, sentence, { status = 0, body = {} } = {}) {
    super(kind);
    this.kind = kind;
    this.sentence = sentence;
    this.status = status;
    this.body = body;
  }
}

/** Returns an error that has a sentence. Throws every other error again. @param {unknown} error */
export function known(error) {
  if (error instanceof PageError) return error;
  throw error;
}
