// Writes packs as YAML: the start of a new pack, and single prompts to insert.

/** @typedef {{ text?: string, why?: string, hint?: string }} PromptWords */
/** @typedef {{ id: string, theme: string, kind: string, depth: string, comfort: string, language: string, words: PromptWords }} Prompt */


import { HINTED } from "./words.js";

const WIDTH = 110;

/** Returns a name for a title: lower-case letters and digits joined by hyphens, with a letter first. @param {string} title */
export function slugOf(title) {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const slug = plain.replace(/['’]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "");
  return slug.slice(0, 48).replace(/-+$/, "");
}

/** White space that counts as one space. The no-break space of French punctuation stays as it is. */
const LAYOUT = /[ \t\r\n\v\f\x85\u2028\u2029]+/;

/** Writes a text as a block, in which quotes, colons and hashes have no meaning. @param {string} text @param {string} indent */
function block(text, indent) {
  const words = text.split(LAYOUT).filter(Boolean);
  /** @type {string[]} */
  const lines = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH - indent.length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return [">-", ...lines.map((line) => `${indent}${line}`)].join("\n");
}

/** Quotes a name that YAML would read as true, false or null. @param {string} id */
const nameOf = (id) => (/^(true|false|null)$/.test(id) ? `"${id}"` : id);

/** Writes a prompt, with only the fields that it needs. @param {Prompt} prompt */
export function promptBlock({ id, theme, kind, depth, comfort, language, words }, indent = "  ") {
  const inner = `${indent}  `;
  const own = `${inner}    `;
  const lines = [`${indent}- id: ${nameOf(id)}`, `${inner}theme: ${theme}`, `${inner}kind: ${kind}`, `${inner}depth: ${depth}`];
  if (Number(comfort) > 0 || theme === "touch") lines.push(`${inner}comfort: ${comfort}`);
  lines.push(`${inner}words:`, `${inner}  ${language}:`);
  for (const name of /** @type {const} */ (["text", "why", "hint"])) {
    const text = words[name] ?? "";
    if (text.trim()) lines.push(`${own}${name}: ${block(text, `${own}  `)}`);
  }
  return lines.join("\n");
}

/** @param {string} theme */
export const needsHint = (theme) => HINTED.has(theme);
/** @param {string} kind */
export const needsComfort = (kind) => kind === "touch";

/**
 * Writes a new pack with a first prompt as an example. The API's check knows the example's words (packs/template.py), and
 * does not let a pack be published with them.
 * @param {{ id: string, title: string, writtenFor: string, audience: string, language: string }} pack
 */
export function newPack({ id, title, writtenFor, audience, language }) {
  return `# A pack of prompts. Lines that begin with # are notes to yourself;
# couples never see them.
#
# Each prompt has a name (id) that never changes, one of seven themes,
# a kind, and a depth from 1 (easy) to 3 (brave). The text that people read
# is under "words", once for each language.
#
# "Insert a prompt", above the text, writes a new one for you.

id: ${nameOf(id)}

# Who gets it: everyone, choice (couples who choose it) or code (couples
# who get the pack's code from you).
audience: ${audience}

# To add a language, add it to this list, and its words below.
default_language: ${language}
languages: [${language}]

words:
  ${language}:
    title: ${block(title, "      ")}
    written_for: ${block(writtenFor || "Say in one sentence whom this pack is for.", "      ")}

prompts:
  # Replace this first prompt, or delete it once you have your own.
${promptBlock({
  id: "first-prompt",
  theme: "spark",
  kind: "question",
  depth: "1",
  comfort: "0",
  language,
  words: {
    text: "What is something small your partner did this week that made you smile?",
    why: "Small kindnesses grow when somebody notices them.",
  },
})}
`;
}

/** Returns the ids of the prompts in a text. @param {string} source */
export function idsIn(source) {
  return new Set([...source.matchAll(/^\s*-\s+id:\s*["']?([a-z0-9-]+)/gm)].map((each) => each[1] ?? ""));
}

/** Guesses the languages of a text that may have mistakes, main language first. @param {string} source */
export function languagesIn(source) {
  const main = /^default_language:\s*["']?([a-z]{2})\b/m.exec(source)?.[1];
  const inline = /^languages:\s*\[([^\]]*)\]/m.exec(source)?.[1] ?? "";
  const stacked = /^languages:\s*(?:#.*)?\n((?:\s*-\s*["']?[a-z]{2}\b.*\n)+)/m.exec(source)?.[1] ?? "";
  const rest = [...`${inline} ${stacked}`.matchAll(/\b[a-z]{2}\b/g)].map(([code]) => code);
  return [...new Set(main ? [main, ...rest] : rest)];
}

/** Guesses the title in a text that may have mistakes; "" if there is none. @param {string} source */
export function titleIn(source) {
  const words = /^words:.*\n((?:[ \t].*\n|#.*\n|\n)*)/m.exec(`${source}\n`)?.[1] ?? "";
  const [, indent, line] = /^([ \t]+)title:[ \t]*(.*)$/m.exec(words) ?? [];
  if (line === undefined) return "";
  if (!/^[>|]/.test(line)) return line.replace(/^(["'])(.*)\1\s*$/, "$2").trim();
  const below = words.slice(words.indexOf(`${indent}title:`)).split("\n").slice(1);
  const end = below.findIndex((each) => each.trim() && !each.startsWith(`${indent} `));
  return below.slice(0, end === -1 ? below.length : end).join(" ").split(LAYOUT).filter(Boolean).join(" ");
}

/**
 * Inserts a prompt after the one at the cursor, or else after the last one. Returns the part of the text to replace and
 * its new text; null if the text has no list of prompts.
 * @param {string} source
 * @param {number} cursor
 * @param {Prompt} prompt
 */
export function withPrompt(source, cursor, prompt) {
  const heading = /^prompts:[ \t]*(\[[ \t]*\])?[ \t]*(#.*)?$/m.exec(source);
  if (!heading) return null;
  const start = heading.index + heading[0].length;
  if (heading[1]) return { start: heading.index, end: start, text: `prompts:\n${promptBlock(prompt)}` };
  const following = /^[^\s#-].*$/gm;
  following.lastIndex = start;
  const end = following.exec(source)?.index ?? source.length;
  const indent = /^([ \t]*)- /m.exec(source.slice(start, end))?.[1] ?? "  ";
  const items = [...source.slice(start, end).matchAll(new RegExp(`^${indent}- `, "gm"))].map((each) => start + each.index);
  const next = cursor > start && cursor < end ? items.find((each) => each > cursor) : undefined;
  const after = endOfItem(source, start, next ?? end);
  return { start: after, end: after, text: `\n\n${promptBlock(prompt, indent)}` };
}

/** Returns the end of the last line before `end` that is not empty and not a comment. Comments belong to the next prompt. @param {string} source @param {number} start @param {number} end */
function endOfItem(source, start, end) {
  let at = end;
  while (at > start) {
    const from = source.lastIndexOf("\n", at - 2) + 1;
    const line = source.slice(Math.max(from, start), at).trim();
    if (line && !line.startsWith("#")) break;
    at = Math.max(from, start);
  }
  while (at > start && /\s/.test(source.charAt(at - 1))) at -= 1;
  return at;
}
