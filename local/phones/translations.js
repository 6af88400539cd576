// The words of the readable copy, and the words of safety, in each language in which the app speaks to a person.

import { THEMES } from "./words.js";

/** @typedef {import("../../client/routes.js").Schema} Schema */
/**
 * `day` has the words for one day and for several days. `heard` is what follows the name of the person who left the
 * reflection. `partner` stands in for a name that the phone does not know. `leaving` says what happens when the person
 * disconnects, and `unsafe` what to do if they do not feel safe. In both, `{partner}` is the partner's name.
 * @typedef {{
 *   title: string, saved: string, day: { one: string, other: string }, print: string, keep: string,
 *   alone: string, shared: string, over: string, nothing: string, never: string, partner: string, done: string, heard: string,
 *   reflections: Record<Exclude<Schema["ReflectionKind"], "heard">, string>, themes: Record<Schema["Theme"], string>,
 *   leaving: readonly string[], unsafe: { title: string, sentences: readonly string[], help: string, exit: string, keys: string },
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
  leaving: [
    "You can disconnect at any time, on your own. You need nobody’s permission.",
    "{partner} gets no message. When {partner} next opens the app, it says that you two are no longer connected. It doesn’t say who ended it.",
    "Your shared days then close for both of you. You can save a copy first. For 30 days you can still save your own words.",
  ],
  unsafe: {
    title: "If you don’t feel safe",
    sentences: [
      "If you are afraid of what {partner} may do, first talk to somebody who can help you plan. They listen, and you decide.",
      "In danger, call the emergency number first. Use a phone that {partner} can’t look at, if you can.",
    ],
    help: "Whom to call",
    exit: "Leave this page now",
    keys: "You can also press the Escape key three times. Rekindle disappears from the screen, but not from the browser’s whole history.",
  },
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
  leaving: [
    "Puedes desconectarte en cualquier momento, por tu cuenta. No necesitas el permiso de nadie.",
    "{partner} no recibe ningún mensaje. Cuando vuelva a abrir la aplicación, verá que ya no están conectados. No dice quién lo terminó.",
    "Sus días compartidos se cierran entonces para los dos. Antes puedes guardar una copia. Durante 30 días puedes guardar todavía tus propias palabras.",
  ],
  unsafe: {
    title: "Si no te sientes a salvo",
    sentences: [
      "Si tienes miedo de lo que pueda hacer {partner}, habla primero con alguien que te ayude a planearlo. Te escuchan, y tú decides.",
      "En peligro, llama primero al número de emergencias. Si puedes, usa un teléfono que {partner} no pueda mirar.",
    ],
    help: "A quién llamar",
    exit: "Salir de esta página ya",
    keys: "También puedes pulsar tres veces la tecla Escape. Rekindle desaparece de la pantalla, pero no de todo el historial del navegador.",
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
  leaving: [
    "Tu peux te déconnecter à tout moment, par toi-même. Tu n’as besoin de la permission de personne.",
    "{partner} ne reçoit aucun message. À la prochaine ouverture de l’application, {partner} verra que vous n’êtes plus connectés. Il n’est pas dit qui y a mis fin.",
    "Vos jours à deux se ferment alors pour vous deux. Tu peux d’abord en garder une copie. Pendant 30 jours, tu peux encore enregistrer tes propres mots.",
  ],
  unsafe: {
    title: "Si tu ne te sens pas en sécurité",
    sentences: [
      "Si tu as peur de ce que {partner} pourrait faire, parle d’abord avec quelqu’un qui t’aide à te préparer. On t’écoute, et c’est toi qui décides.",
      "En cas de danger, appelle d’abord le numéro d’urgence. Si tu peux, utilise un téléphone que {partner} ne peut pas regarder.",
    ],
    help: "Qui appeler",
    exit: "Quitter cette page",
    keys: "Tu peux aussi appuyer trois fois sur la touche Échap. Rekindle disparaît de l’écran, mais pas de tout l’historique du navigateur.",
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
