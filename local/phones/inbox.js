// Receives a phone's pushes. An app gets them from Firebase Cloud Messaging. Here, the stand-in for it streams them.

/** @typedef {{ number: number, at: number, title: string | null, body: string | null, data: Record<string, string>, passive: boolean, replaces: number | null }} Push */

export class Inbox {
  /** @type {EventSource | null} */
  #source = null;
  /** The pushes, oldest first, without those that a later push replaced. @type {Push[]} */
  current = [];

  /**
   * @param {string} token the phone's registration token
   * @param {(push: Push) => void} received
   */
  constructor(token, received) {
    this.token = token;
    this.received = received;
  }

  get latest() {
    return this.current.at(-1)?.number ?? 0;
  }

  open() {
    if (this.#source) return;
    this.#source = new EventSource(`/inbox/${encodeURIComponent(this.token)}/stream`);
    this.#source.addEventListener("push", (event) => {
      /** @type {Push} */
      const push = JSON.parse(event.data);
      this.current = [...this.current.filter((each) => each.number !== push.replaces && each.number !== push.number), push];
      this.received(push);
    });
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }
}
