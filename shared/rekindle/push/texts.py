"""Every word that a lock screen may show: by kind, language and variant, and by nothing else.

A milestone is its own variant; those of the other kinds take turns by date, so that they do not wear out. Whoever reads
over a shoulder learns nothing: not what the app is for, nor with whom, nor who did what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.models import Language, PushKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Text:
    """What the lock screen shows."""

    title: str
    body: str


type Texts = Mapping[PushKind, Mapping[int, Text]]

DEFAULT_LANGUAGE: Final = Language("en")
"""Spoken to those whose language the catalogue does not have yet."""

_ENGLISH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("Today's moment is here", "Two minutes, whenever it suits you."),
        1: Text("Something new for today", "Have a look when you have a quiet minute."),
        2: Text("A moment for today", "It will be here when you are ready."),
    },
    PushKind.EVENING: {
        0: Text("Today's moment is still open", "If tonight is a good time, it is here."),
        1: Text("An easy end to the day", "Two quiet minutes, if you feel like it."),
        2: Text("Before the day winds down", "A short while, if it suits you."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("Something is here for you", "Take your time, and open it when it suits you."),
        1: Text("Something is waiting for you", "There is no rush. Open it whenever you like."),
        2: Text("A little something", "It is here for whenever you have a moment."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("Today's moment has opened", "It is there for both of you now."),
        1: Text("Something has opened", "Have a look when you have a moment."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Seven days", "A small thing, done seven times. How nice."),
        30: Text("Thirty days", "Look how far small moments go."),
        100: Text("One hundred days", "A hundred small moments. Enjoy this one."),
        365: Text("A year of days", "Three hundred and sixty-five small moments."),
    },
}

_SPANISH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("El momento de hoy está aquí", "Dos minutos, cuando te venga bien."),
        1: Text("Algo nuevo para hoy", "Échale un vistazo cuando tengas un rato tranquilo."),
        2: Text("Un momento para hoy", "Estará aquí cuando te apetezca."),
    },
    PushKind.EVENING: {
        0: Text("El momento de hoy sigue abierto", "Si esta noche es buen momento, aquí está."),
        1: Text("Un final tranquilo para el día", "Dos minutos de calma, si te apetece."),
        2: Text("Antes de que acabe el día", "Un rato corto, si te viene bien."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("Aquí hay algo para ti", "Tómate tu tiempo y ábrelo cuando te venga bien."),
        1: Text("Algo te espera", "Sin prisa. Ábrelo cuando quieras."),
        2: Text("Una pequeña novedad", "Está aquí para cuando tengas un momento."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("El momento de hoy se ha abierto", "Ya está ahí, para cuando quieras."),
        1: Text("Se ha abierto algo", "Échale un vistazo cuando tengas un rato."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Siete días", "Algo pequeño, siete veces. Qué bien."),
        30: Text("Treinta días", "Mira qué lejos llegan los momentos pequeños."),
        100: Text("Cien días", "Cien momentos pequeños. Disfruta de este."),
        365: Text("Un año de días", "Trescientos sesenta y cinco momentos pequeños."),
    },
}

_FRENCH: Final[Texts] = {
    PushKind.PROMPT: {
        0: Text("Le moment du jour est là", "Deux minutes, quand cela te convient."),
        1: Text("Du nouveau pour aujourd'hui", "Jettes-y un œil quand tu as un moment calme."),
        2: Text("Un moment pour aujourd'hui", "Il sera là quand tu en auras envie."),
    },
    PushKind.EVENING: {
        0: Text("Le moment du jour reste ouvert", "Si ce soir te convient, il est là."),
        1: Text("Finir la journée en douceur", "Deux minutes au calme, si tu en as envie."),
        2: Text("Avant la fin de la journée", "Un petit moment, si cela te convient."),
    },
    PushKind.PARTNER_ANSWERED: {
        0: Text("Il y a quelque chose pour toi", "Prends ton temps, ouvre-le quand cela te convient."),
        1: Text("Quelque chose t'attend", "Rien ne presse. Ouvre-le quand tu veux."),
        2: Text("Une petite nouveauté", "Elle est là, pour quand tu auras un moment."),
    },
    PushKind.BOTH_ANSWERED: {
        0: Text("Le moment du jour s'est ouvert", "Il est là, pour quand tu veux."),
        1: Text("Quelque chose s'est ouvert", "Va voir quand tu as un moment."),
    },
    PushKind.STREAK_MILESTONE: {
        7: Text("Sept jours", "Une petite chose, sept fois. C'est beau."),
        30: Text("Trente jours", "Vois jusqu'où vont les petits moments."),
        100: Text("Cent jours", "Cent petits moments. Profite de celui-ci."),
        365: Text("Une année de jours", "Trois cent soixante-cinq petits moments."),
    },
}

CATALOGUE: Final[Mapping[Language, Texts]] = {
    DEFAULT_LANGUAGE: _ENGLISH,
    Language("es"): _SPANISH,
    Language("fr"): _FRENCH,
}


def text_of(kind: PushKind, language: Language, variant: int | None, turn: int) -> Text:
    """The text of a kind in a language, English if the catalogue does not have it; without a variant, by turns.

    Raises KeyError for a milestone that is none of the catalogue's.
    """
    variants = CATALOGUE.get(language, _ENGLISH)[kind]
    return variants[turn % len(variants) if variant is None else variant]
