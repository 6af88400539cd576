// Writes the form that packs have: the beginning of a new one, and single prompts to put into it.

import { HINTED } from "./words.js";

const WIDTH = 110;

/** A name for a title: small letters and digits joined by hyphens. */
export function slugOf(title) {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const slug = plain.replace(/['’]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "");
  return slug.slice(0, 48).replace(/-+$/, "");
}

/** Spaces and line breaks that mean one space in a text; a no-break space of French punctuation is a part of it. */
const LAYOUT = /[ \t\r\n\v\f\x85\u2028\u2029]+/;

/** A text as a block that says the same whatever it contains: quotes, colons and hashes mean nothing inside. */
function block(text, indent) {
  const words = text.split(LAYOUT).filter(Boolean);
  const lines = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH - indent.length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return [">-", ...lines.map((line) => `${indent}${line}`)].join("\n");
}

/** A name, in quotes where it would be read as a yes, a no or nothing. */
const nameOf = (id) => (/^(true|false|null)$/.test(id) ? `"${id}"` : id);

/** One prompt. `words` is {text, why, hint}; only the fields that are needed are written. */
export function promptBlock({ id, theme, kind, depth, comfort, language, words }, indent = "  ") {
  const inner = `${indent}  `;
  const own = `${inner}    `;
  const lines = [`${indent}- id: ${nameOf(id)}`, `${inner}theme: ${theme}`, `${inner}kind: ${kind}`, `${inner}depth: ${depth}`];
  if (Number(comfort) > 0) lines.push(`${inner}comfort: ${comfort}`);
  lines.push(`${inner}words:`, `${inner}  ${language}:`);
  for (const name of ["text", "why", "hint"]) {
    const text = words[name] ?? "";
    if (text.trim()) lines.push(`${own}${name}: ${block(text, `${own}  `)}`);
  }
  return lines.join("\n");
}

export const needsHint = (theme) => HINTED.has(theme);
export const needsComfort = (theme, kind) => theme === "touch" || kind === "touch";

/**
 * A new pack, with everything that it needs and a first prompt to write over. Whoever checks it knows these words as the
 * template's (pack_template.py), and has them mended before couples see them.
 */
export function newPack({ id, title, writtenFor, audience, language }) {
  return `# A pack of prompts. Lines that begin with # are notes to yourself;
# couples never see them.
#
# Each prompt has a name (id) that never changes, one of seven themes,
# a kind, and a depth from 1 (easy) to 3 (brave). What people read stands
# under "words", once for each language.
#
# "Insert a prompt", above the text, writes a new one for you.

id: ${nameOf(id)}

# Who gets it: everyone, choice (couples who choose it) or code (couples
# to whom you give the pack's code).
audience: ${audience}

# To add a language, add it to this list, and its words below.
default_language: ${language}
languages: [${language}]

words:
  ${language}:
    title: ${block(title, "      ")}
    written_for: ${block(writtenFor || "Say in one sentence whom this pack is for.", "      ")}

prompts:
  # Write over this first prompt, or delete it once you have your own.
${promptBlock({
  id: "first-prompt",
  theme: "spark",
  kind: "question",
  depth: 1,
  comfort: 0,
  language,
  words: {
    text: "What is something small your partner did this week that made you smile?",
    why: "Small kindnesses grow when somebody notices them.",
  },
})}
`;
}

/** All ids that a text gives to prompts. */
export function idsIn(source) {
  return new Set([...source.matchAll(/^\s*-\s+id:\s*["']?([a-z0-9-]+)/gm)].map((each) => each[1]));
}

/** The languages that a text lists, its main one first; a guess, for what cannot be read yet. */
export function languagesIn(source) {
  const main = /^default_language:\s*["']?([a-z]{2})\b/m.exec(source)?.[1];
  const inline = /^languages:\s*\[([^\]]*)\]/m.exec(source)?.[1] ?? "";
  const stacked = /^languages:\s*(?:#.*)?\n((?:\s*-\s*["']?[a-z]{2}\b.*\n)+)/m.exec(source)?.[1] ?? "";
  const rest = [...`${inline} ${stacked}`.matchAll(/\b([a-z]{2})\b/g)].map((each) => each[1]);
  return [...new Set([main, ...rest].filter(Boolean))];
}

/** What a text calls its pack; a guess, for what cannot be read yet, and "" where nothing is found. */
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
 * A text with a prompt put in: after the prompt that the cursor is in, or after the last. Returns {start, end, text}:
 * what to put in place of which part. Null where the text has no list of prompts.
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

/** The end of the last line before `end` that is neither empty nor a note: notes belong to what comes after them. */
function endOfItem(source, start, end) {
  let at = end;
  while (at > start) {
    const from = source.lastIndexOf("\n", at - 2) + 1;
    const line = source.slice(Math.max(from, start), at).trim();
    if (line && !line.startsWith("#")) break;
    at = Math.max(from, start);
  }
  while (at > start && /\s/.test(source[at - 1])) at -= 1;
  return at;
}
