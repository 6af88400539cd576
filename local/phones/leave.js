// Leaves the page at once, for somebody who must not be seen with it. It is also left after Escape, pressed three times.

/** A page that many people have open. An app for a phone would close itself here. */
const AWAY = "https://www.wikipedia.org/";
const KEY = "Escape";
const PRESSES = 3;
const WITHIN = 5_000; // milliseconds

/** Hides everything at once, and then goes to another page, which replaces this page in the history. */
export function leave() {
  document.documentElement.hidden = true;
  document.title = "";
  window.location.replace(AWAY);
}

/** Leaves after the third press of Escape. Any other key begins the count again. @param {() => void} leaving */
export function leaveOnEscape(leaving) {
  /** When the latest presses were. @type {number[]} */
  let presses = [];
  document.addEventListener("keydown", (event) => {
    if (event.repeat) return;
    presses = event.key === KEY ? [...presses, event.timeStamp].filter((at) => event.timeStamp - at < WITHIN) : [];
    if (presses.length === PRESSES) leaving();
  }, { capture: true });
}
