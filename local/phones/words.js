// The words that a phone shows for the API's names.

/** @type {Record<import("../../client/routes.js").Schema["Theme"], string>} */
export const THEMES = {
  openness: "Openness",
  time: "Time together",
  courage: "Courage",
  listening: "Listening",
  touch: "Touch",
  fear: "Closeness",
  spark: "The spark",
};

/** The words and the icon of each gesture. @type {Record<import("../../client/routes.js").Schema["Gesture"], readonly [string, string]>} */
export const GESTURES = {
  thinking_of_you: ["Thinking of you", "M12 20.500S3.500 15.300 3.500 9.300A4.700 4.700 0 0 1 12 6.600a4.700 4.700 0 0 1 8.500 2.700c0 6-8.500 11.200-8.500 11.200Z"],
  proud_of_you: ["Proud of you", "m12 3 2.700 5.700 6.300.8-4.600 4.300 1.200 6.200L12 17l-5.600 3 1.200-6.200L3 9.500l6.300-.8Z"],
  miss_you: ["I miss you", "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500Z"],
  thank_you: ["Thank you", "M12 12c-2.500-1-3.500-3-3-5.500C11 7 12 9 12 12Zm0 0c2.500-1 3.500-3 3-5.500C13 7 12 9 12 12Zm0 0v9m0-2.500c-2.500 0-4.500-1-5.500-3m5.500 3c2.500 0 4.500-1 5.500-3"],
  hug: ["A hug", "M9 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm6 2a3 3 0 1 0 0-6M3.500 20.500c0-5 2-8 5.500-8 2 0 3.300.7 4.200 2m-4.200 1.500 5 2.500c1.500.8 3.500 0 4-1.500l2.500-.5v4.500h-17"],
};

/** @type {Record<import("../../client/routes.js").Schema["Barrier"], string>} */
export const BARRIERS = {
  stress: "Busy, stressful days",
  communication: "We talk past each other",
  vulnerability: "Opening up is hard",
  neglect: "We have drifted apart",
};

/** @type {Record<import("../../client/routes.js").Schema["DayMark"], string>} */
export const MARKS = { complete: "together", rest: "rest day", paused: "pause", open: "still open" };

/** @type {readonly (readonly [import("../../client/routes.js").Schema["Weekday"], string])[]} */
export const WEEKDAYS = [
  ["monday", "Mon"],
  ["tuesday", "Tue"],
  ["wednesday", "Wed"],
  ["thursday", "Thu"],
  ["friday", "Fri"],
  ["saturday", "Sat"],
  ["sunday", "Sun"],
];

/** @type {readonly (readonly [string, string])[]} */
export const LANGUAGES = [
  ["en", "English"],
  ["es", "Español"],
  ["fr", "Français"],
];

/** The names of the platforms of devices. */
export const PLATFORMS = { android: "Android phone", ios: "iPhone or iPad" };

export const SPOKEN = "For notifications and help, and for prompts in that language. This page is in English.";
