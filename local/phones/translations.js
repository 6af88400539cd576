// The words of the readable copy, in each language in which the app speaks to a person.

import { THEMES } from "./words.js";

/** @typedef {import("../../client/routes.js").Schema} Schema */
/**
 * `day` has the words for one day and for several days. `heard` is what follows the name of the person who left the
 * reflection. `partner` stands in for a name that the phone does not know.
 * @typedef {{
 *   title: string, saved: string, day: { one: string, other: string }, print: string, keep: string,
 *   alone: string, shared: string, over: string, nothing: string, never: string, partner: string, done: string, heard: string,
 *   reflections: Record<Exclude<Schema["ReflectionKind"], "heard">, string>, themes: Record<Schema["Theme"], string>,
 * }} Words
 */

/** @type {Words} */
const ENGLISH = {
  title: "My words",
  saved: "Saved: ",
  day: { one: "day", other: "days" },
  print: "To print this page or keep it as a PDF, use Print in your browser.",
  keep: "Everybody who has this file can read it. Keep it in a safe place.",
  alone: "Just for me",
  shared: "Our days",
  over: "These days ended more than 30 days ago. Nobody can read their words anymore.",
  nothing: "There are no words from these days.",
  never: "I have not written anything yet.",
  partner: "My partner",
  done: "Done, without words.",
  heard: ": what I heard",
  reflections: { thank_you: "Thank you", i_hear_you: "I hear you", tell_me_more: "Tell me more" },
  themes: THEMES,
};

/** @type {Words} */
const SPANISH = {
  title: "Mis palabras",
  saved: "Guardado: ",
  day: { one: "día", other: "días" },
  print: "Para imprimir esta página o guardarla en PDF, usa la opción Imprimir del navegador.",
  keep: "Quien tenga este archivo puede leerlo. Guárdalo en un lugar seguro.",
  alone: "Solo para mí",
  shared: "Nuestros días",
  over: "Estos días terminaron hace más de 30 días. Ya nadie puede leer sus palabras.",
  nothing: "No hay palabras de estos días.",
  never: "Todavía no he escrito nada.",
  partner: "Mi pareja",
  done: "Hecho, sin palabras.",
  heard: ": lo que escuché",
  reflections: { thank_you: "Gracias", i_hear_you: "Te escucho", tell_me_more: "Cuéntame más" },
  themes: {
    openness: "Apertura",
    time: "Tiempo compartido",
    courage: "Valentía",
    listening: "Escucha",
    touch: "Contacto",
    fear: "Cercanía",
    spark: "La chispa",
  },
};

/** @type {Words} */
const FRENCH = {
  title: "Mes mots",
  saved: "Enregistré\u00a0: ",
  day: { one: "jour", other: "jours" },
  print: "Pour imprimer cette page ou la garder en PDF, utilise la fonction Imprimer du navigateur.",
  keep: "Toute personne qui a ce fichier peut le lire. Garde-le en lieu sûr.",
  alone: "Rien que pour moi",
  shared: "Nos jours à deux",
  over: "Ces jours ont pris fin il y a plus de 30 jours. Personne ne peut plus en lire les mots.",
  nothing: "Il n’y a pas de mots de ces jours-là.",
  never: "Je n’ai encore rien écrit.",
  partner: "L’autre",
  done: "C’est fait, sans paroles.",
  heard: "\u00a0: ce que j’ai entendu",
  reflections: { thank_you: "Merci", i_hear_you: "Je t’entends", tell_me_more: "Dis-m’en plus" },
  themes: {
    openness: "Ouverture",
    time: "Du temps à deux",
    courage: "Courage",
    listening: "Écoute",
    touch: "Toucher",
    fear: "Proximité",
    spark: "L’étincelle",
  },
};

/** @type {Record<string, Words>} */
const BY_LANGUAGE = { en: ENGLISH, es: SPANISH, fr: FRENCH };

/**
 * Returns the words for a person's language, and the language of these words.
 * @param {string} language
 * @returns {{ language: string, words: Words }}
 */
export function wordsFor(language) {
  const spoken = language.split("-")[0] ?? "";
  const words = BY_LANGUAGE[spoken];
  return words ? { language: spoken, words } : { language: "en", words: ENGLISH };
}
