// What a phone is pushed, live. An app gets this from Firebase Cloud Messaging; the stand-in streams it to the page.

/** @typedef {{ number: number, at: number, title: string | null, body: string | null, data: Record<string, string>, passive: boolean, replaces: number | null }} Push */

export class Inbox {
  /** @type {EventSource | null} */
  #source = null;
  /** Oldest first, without those that a later one has replaced. @type {Push[]} */
  standing = [];

  /**
   * @param {string} token the phone's registration token
   * @param {(push: Push) => void} come
   */
  constructor(token, come) {
    this.token = token;
    this.come = come;
  }

  get latest() {
    return this.standing.at(-1)?.number ?? 0;
  }

  open() {
    if (this.#source) return;
    this.#source = new EventSource(`/inbox/${encodeURIComponent(this.token)}/stream`);
    this.#source.addEventListener("push", (event) => {
      /** @type {Push} */
      const push = JSON.parse(event.data);
      this.standing = [...this.standing.filter((each) => each.number !== push.replaces && each.number !== push.number), push];
      this.come(push);
    });
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }
}
