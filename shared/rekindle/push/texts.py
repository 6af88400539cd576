"""Define the texts of all pushes, by language, kind and variant.

STREAK_MILESTONE has a text for each milestone. Every other kind has numbered variants, and the date decides the number.
On one date, kinds with equally many variants use the same number, and a phone can list their pushes together. So titles
with the same number must begin differently. No text may show on a lock screen what the app is for, who the partner is,
or who did what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Language
from rekindle.domain.pushes import PushKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Text:
    """The title and the body that a lock screen shows."""

    title: str
    body: str


type Texts = Mapping[PushKind, Mapping[int, Text]]

DEFAULT_LANGUAGE: Final = Language("en")
"""The language for persons whose own language is not in CATALOGUE."""

_ENGLISH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("Today's moment is here", "Two minutes, whenever it suits you."),
        1: Text("Something new for today", "Have a look when you have a quiet minute."),
        2: Text("A moment for today", "It will be here when you are ready."),
        3: Text("A new page for today", "Open it over a cup of something warm."),
    },
    PushKind.EVENING: {
        0: Text("An easy end to the day", "A quiet while, if you feel like it."),
        1: Text("Before the day winds down", "A short while, if it suits you."),
        2: Text("As the evening settles", "If tonight is a good time, it is here."),
        3: Text("Today's moment is still open", "There is time tonight, if you would like some."),
    },
    PushKind.TOUCH: {
        0: Text("Something small for today", "It takes a minute, and nothing to prepare."),
        1: Text("A small moment", "One minute, just as you are."),
        2: Text("One small idea", "See whether you like it today."),
        3: Text("Take a breath", "And then, a small thing for today."),
    },
    PushKind.NUDGE: {
        0: Text("A tiny hello", "Open it with a smile, whenever you like."),
        1: Text("One bright thing", "It is here whenever you look."),
        2: Text("Just for you", "A small bright spot in the day."),
        3: Text("Good things come small", "Here is one of them."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("For whenever you have a moment", "It is here for you, and there is no rush."),
        1: Text("There is no rush", "It is here, to open whenever you like."),
        2: Text("Something is here for you", "Take your time, and open it when it suits you."),
        3: Text("A little something", "It is here for whenever you have a moment."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("Now it is open", "Have a look whenever you like."),
        1: Text("Today's moment has opened", "It is all there. Enjoy it at your own pace."),
        2: Text("There is more to see", "Come by when you have a few minutes."),
        3: Text("Something has opened", "Come and see when it suits you."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Seven days", "A small thing, done seven times. How nice."),
        30: Text("Thirty days", "Look how far small moments go."),
        100: Text("One hundred days", "A hundred small moments. Enjoy this one."),
        365: Text("A year of days", "Three hundred and sixty-five small moments."),
    },
    PushKind.NEWS: {
        0: Text("New pages have arrived", "Take a first look whenever it suits you."),
        1: Text("Fresh ideas are here", "A few new things to discover at your own pace."),
        2: Text("More to discover", "Something new has been added. See what you find."),
        3: Text("Some new inspiration", "There are new things inside, for a quiet minute."),
    },
    PushKind.NEW_DEVICE: {
        0: Text("Device added", "If that was not you, sign out everywhere in the app."),
        1: Text("Your account on a new device", "If that was you, all is well. If not, sign out everywhere."),
        2: Text("One more device", "Your list of devices shows it. You can sign out everywhere."),
    },
}

_SPANISH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("El momento de hoy está aquí", "Dos minutos, cuando te venga bien."),
        1: Text("Algo nuevo para hoy", "Échale un vistazo cuando tengas un rato tranquilo."),
        2: Text("Un momento para hoy", "Estará aquí cuando te apetezca."),
        3: Text("Una página nueva para hoy", "Ábrela con una taza de algo caliente."),
    },
    PushKind.EVENING: {
        0: Text("Un final tranquilo para el día", "Un rato de calma, si te apetece."),
        1: Text("Antes de que acabe el día", "Un rato corto, si te viene bien."),
        2: Text("Cuando la noche se calma", "Si es buen momento, aquí está."),
        3: Text("El momento de hoy sigue abierto", "Esta noche hay tiempo, si te apetece."),
    },
    PushKind.TOUCH: {
        0: Text("Algo pequeño para hoy", "Es un minuto, sin nada que preparar."),
        1: Text("Un ratito", "Un minuto, estés como estés."),
        2: Text("Una idea pequeña", "Mira si hoy te gusta."),
        3: Text("Respira un poco", "Y luego, una cosa pequeña para hoy."),
    },
    PushKind.NUDGE: {
        0: Text("Un pequeño saludo", "Ábrelo con una sonrisa, cuando quieras."),
        1: Text("Una chispa de alegría", "Está aquí para cuando mires."),
        2: Text("Solo para ti", "Un detalle luminoso para el día."),
        3: Text("Lo bueno viene en pequeño", "Aquí tienes un poco."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("Para cuando tengas un rato", "Está aquí para ti, y puede esperar."),
        1: Text("Sin prisa", "Está aquí, para abrirlo cuando quieras."),
        2: Text("Aquí hay algo para ti", "Tómate tu tiempo y ábrelo cuando te venga bien."),
        3: Text("Una pequeña novedad", "Está aquí para cuando tengas un momento."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("Ya está abierto", "Échale un vistazo cuando te apetezca."),
        1: Text("El momento de hoy se ha abierto", "Ya está ahí. Disfrútalo a tu ritmo."),
        2: Text("Hay más por ver", "Pásate cuando tengas unos minutos."),
        3: Text("Se ha abierto algo", "Ven a verlo cuando te venga bien."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Siete días", "Algo pequeño, siete veces. Qué bien."),
        30: Text("Treinta días", "Mira qué lejos llegan los momentos pequeños."),
        100: Text("Cien días", "Cien momentos pequeños. Disfruta de este."),
        365: Text("Un año de días", "Trescientos sesenta y cinco momentos pequeños."),
    },
    PushKind.NEWS: {
        0: Text("Han llegado páginas nuevas", "Échales un primer vistazo cuando te venga bien."),
        1: Text("Ideas frescas para ti", "Hay cosas nuevas por descubrir, a tu ritmo."),
        2: Text("Más por descubrir", "Se ha añadido algo nuevo. Mira qué encuentras."),
        3: Text("Nueva inspiración", "Dentro hay cosas nuevas, para un rato tranquilo."),
    },
    PushKind.NEW_DEVICE: {
        0: Text("Un dispositivo nuevo", "Si no eres tú, cierra la sesión en todas partes."),
        1: Text("Tu cuenta en otro dispositivo", "Si eres tú, todo está bien. Si no, cierra todas las sesiones."),
        2: Text("Se añadió un dispositivo", "Está en tu lista. Puedes cerrar todas las sesiones."),
    },
}

_FRENCH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("Le moment du jour est là", "Deux minutes, quand cela te convient."),
        1: Text("Du nouveau pour aujourd'hui", "Jettes-y un œil quand tu as un moment calme."),
        2: Text("Un moment pour aujourd'hui", "Il sera là quand tu en auras envie."),
        3: Text("Une page neuve pour aujourd'hui", "À ouvrir autour d'une tasse bien chaude."),
    },
    PushKind.EVENING: {
        0: Text("Finir la journée en douceur", "Un temps calme, si tu en as envie."),
        1: Text("Avant la fin de la journée", "Un petit moment, si cela te convient."),
        2: Text("Quand le soir se pose", "Si ce soir te convient, c'est là."),
        3: Text("Le moment du jour reste ouvert", "Ce soir, il y a le temps, si le cœur t'en dit."),
    },
    PushKind.TOUCH: {
        0: Text("Quelque chose de simple", "Une minute, sans rien à préparer."),
        1: Text("Un instant doux", "Une minute, comme tu es."),
        2: Text("Une petite idée", "Vois si elle te plaît aujourd'hui."),
        3: Text("Respire un peu", "Et puis, une petite chose pour aujourd'hui."),
    },
    PushKind.NUDGE: {
        0: Text("Un petit bonjour", "À ouvrir avec le sourire, quand tu veux."),
        1: Text("Un rayon de soleil", "Il est là, pour quand tu regarderas."),
        2: Text("Rien que pour toi", "Une petite lumière dans la journée."),
        3: Text("Les petites choses font du bien", "En voici une."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("Pour quand tu auras un moment", "C'est là pour toi, tu as tout le temps."),
        1: Text("Rien ne presse", "C'est ici, à ouvrir quand tu veux."),
        2: Text("Il y a quelque chose pour toi", "Prends ton temps, ouvre-le quand cela te convient."),
        3: Text("Une petite nouveauté", "Elle est là, pour quand tu auras un moment."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("C'est ouvert", "Jette un œil quand tu veux."),
        1: Text("Le moment du jour s'est ouvert", "Tout est là. Profites-en à ton rythme."),
        2: Text("Encore à découvrir", "Passe quand tu as quelques minutes."),
        3: Text("Quelque chose s'est ouvert", "Va voir quand cela te convient."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Sept jours", "Une petite chose, sept fois. C'est beau."),
        30: Text("Trente jours", "Vois jusqu'où vont les petits moments."),
        100: Text("Cent jours", "Cent petits moments. Profite de celui-ci."),
        365: Text("Une année de jours", "Trois cent soixante-cinq petits moments."),
    },
    PushKind.NEWS: {
        0: Text("De nouvelles pages sont là", "Découvre-les quand cela te convient."),
        1: Text("Des idées toutes fraîches", "Il y a du neuf à découvrir, à ton rythme."),
        2: Text("Du neuf à l'intérieur", "Quelque chose s'est ajouté. Vois ce que tu trouves."),
        3: Text("Un peu d'inspiration", "De nouvelles choses sont là, pour un moment calme."),
    },
    PushKind.NEW_DEVICE: {
        0: Text("Un nouvel appareil", "Si ce n'est pas toi, déconnecte-toi partout dans l'appli."),
        1: Text("Ton compte sur un autre appareil", "Si c'est toi, tout va bien. Sinon, déconnecte-toi partout."),
        2: Text("Un appareil a été ajouté", "Il est dans ta liste. Tu peux te déconnecter partout."),
    },
}

CATALOGUE: Final[Mapping[Language, Texts]] = {
    DEFAULT_LANGUAGE: _ENGLISH,
    Language("es"): _SPANISH,
    Language("fr"): _FRENCH,
}


def text_of(kind: PushKind, language: Language, variant: int | None, turn: int) -> Text:
    """Return the text of a kind in a language, or in English if CATALOGUE does not have the language.

    `variant` is the milestone, or None for a kind without milestones. For such a kind, `turn` decides the text.
    Raise KeyError if there is no text for the milestone.
    """
    variants = CATALOGUE.get(language, _ENGLISH)[kind]
    return variants[turn % len(variants) if variant is None else variant]
