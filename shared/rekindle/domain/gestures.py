"""List the touch gestures that the app suggests to couples.

Gestures are written for any couple: no gesture assumes a gender, a religion, a marriage or an able body. A gesture that
could be too much for somebody often offers an alternative. No gesture leads to more touch than its text names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Final = Language("en")
SPANISH: Final = Language("es")
FRENCH: Final = Language("fr")


@dataclass(frozen=True, slots=True)
class TouchGesture:
    """A gesture with its permanent `id`. `warmth` is 1 (small) to 3 (warm). `texts` has its text by language.

    If `apart` is True, the gesture is for partners in different places.
    """

    id: str
    warmth: int
    apart: bool
    texts: Mapping[Language, str]


def text_of(gesture: TouchGesture, language: Language) -> str:
    """Return the gesture's text in this language, or else in English."""
    return gesture.texts.get(language, gesture.texts[ENGLISH])


type GestureRow = tuple[str, str, str, str]
"""A gesture's id, and its text in English, Spanish and French."""

_SMALL: Final[tuple[GestureRow, ...]] = (
    (
        "hand-on-shoulder",
        "In passing, rest a hand on your partner's shoulder for one slow breath.",
        "Al pasar, deja la mano en el hombro de tu pareja durante una respiración tranquila.",
        "En passant, laisse ta main sur l'épaule de l'autre, le temps d'une respiration.",
    ),
    (
        "hand-for-a-song",
        "Offer your hand, and hold on for one song, or for three quiet minutes.",
        "Ofrece la mano y no la sueltes mientras dure una canción, o tres minutos de calma.",
        "Offre ta main le temps d'une chanson, ou de trois minutes au calme.",
    ),
    (
        "linked-fingers",
        "Link little fingers for a moment, as you would for a promise.",
        "Enlaza tu meñique con el de tu pareja un momento, como quien hace una promesa.",
        "Accroche ton petit doigt à celui de l'autre un instant, comme pour une promesse.",
    ),
    (
        "shoulder-to-shoulder",
        "Sit shoulder to shoulder for a while, with nothing else to do.",
        "Un rato hombro con hombro, sin nada más que hacer.",
        "Un moment épaule contre épaule, sans rien d'autre à faire.",
    ),
    (
        "hand-on-back",
        "When you say hello or goodbye today, lay a hand lightly on your partner's back.",
        "Hoy, al saludar o al despedirte, pon la mano con suavidad en la espalda de tu pareja.",
        "Aujourd'hui, en disant bonjour ou au revoir, pose doucement la main dans le dos de l'autre.",
    ),
    (
        "palm-to-palm",
        "Put your palms together, and find out whose hand is warmer.",
        "Palma con palma, averigua qué mano está más caliente.",
        "Paume contre paume, découvre quelle main est la plus chaude.",
    ),
    (
        "hand-on-arm",
        "While your partner tells you about the day, rest a hand on their arm.",
        "Mientras tu pareja te cuenta su día, apoya la mano en su brazo.",
        "Pendant que l'autre te raconte sa journée, pose une main sur son bras.",
    ),
    (
        "warm-cup",
        "Hand over something warm to drink, and let your fingers meet around the cup.",
        "Ofrece una taza de algo caliente y deja que los dedos se encuentren a su alrededor.",
        "Tends une tasse de quelque chose de chaud, et laisse vos doigts se rencontrer autour.",
    ),
    (
        "hand-at-the-table",
        "At the table, lay your hand on your partner's for a moment.",
        "En la mesa, pon tu mano sobre la de tu pareja un momento.",
        "À table, pose un instant ta main sur celle de l'autre.",
    ),
    (
        "straightened-collar",
        "Straighten a collar, a sleeve or a strand of hair, slowly and kindly.",
        "Coloca bien un cuello, una manga o un mechón de pelo, despacio y con cariño.",
        "Remets en place un col, une manche ou une mèche de cheveux, tout doucement.",
    ),
    (
        "blanket-around",
        "Lay a blanket or a jacket around your partner's shoulders.",
        "Pon una manta o una chaqueta sobre los hombros de tu pareja.",
        "Pose une couverture ou une veste sur les épaules de l'autre.",
    ),
    (
        "three-squeezes",
        "Squeeze your partner's hand three times, softly, or tap it: a secret hello.",
        "Aprieta tres veces la mano de tu pareja, con suavidad, o dale tres toquecitos, como un saludo secreto.",
        "Serre trois fois la main de l'autre, doucement, ou tapote-la, comme un bonjour secret.",
    ),
)

_CLOSER: Final[tuple[GestureRow, ...]] = (
    (
        "hand-in-hand",
        "Take a few steps hand in hand, or sit by a window and hold hands there.",
        "Un paseo corto de la mano, o un rato junto a la ventana, también de la mano.",
        "Quelques pas main dans la main, ou un moment près d'une fenêtre, main dans la main aussi.",
    ),
    (
        "three-breath-hug",
        "Share a hug that lasts for three slow breaths.",
        "Un abrazo que dure tres respiraciones lentas.",
        "Un câlin qui dure trois respirations lentes.",
    ),
    (
        "head-on-shoulder",
        "Lean your head on your partner's shoulder, or offer yours to lean on.",
        "Apoya la cabeza en el hombro de tu pareja, u ofrece el tuyo.",
        "Pose la tête sur l'épaule de l'autre, ou propose la tienne.",
    ),
    (
        "hand-rub",
        "Offer a gentle hand rub, one palm and then the other, as lightly as feels good.",
        "Ofrece un masaje suave de manos, primero una palma y luego la otra, con la presión justa.",
        "Propose un massage des mains, une paume puis l'autre, tout en légèreté.",
    ),
    (
        "arm-around",
        "Put an arm around your partner while there is something to watch, read or hear.",
        "Pasa un brazo por los hombros de tu pareja mientras hay algo que ver, leer o escuchar.",
        "Passe un bras autour des épaules de l'autre, devant un film, un livre ou de la musique.",
    ),
    (
        "back-to-back",
        "Sit back to back and lean a little. Feel how the other breathes.",
        "Espalda con espalda, deja descansar tu peso y siente cómo respira tu pareja.",
        "Dos à dos, laisse-toi aller un peu et sens l'autre respirer.",
    ),
    (
        "stroked-hair",
        "Offer to stroke your partner's hair, or the back of a hand.",
        "Ofrece una caricia en el pelo, o en el dorso de la mano.",
        "Propose une caresse dans les cheveux, ou sur le dos de la main.",
    ),
    (
        "word-on-the-back",
        "With a fingertip, write a word on your partner's back or palm, for them to guess.",
        "Escribe con el dedo una palabra en la espalda o en la palma de tu pareja, para que la adivine.",
        "Du bout du doigt, écris un mot dans le dos ou la paume de l'autre, et fais-le deviner.",
    ),
    (
        "warm-hands-on-shoulders",
        "Ask whether a shoulder rub would feel good. If not, warm hands resting there are just as kind.",
        "Pregunta si apetece un masaje de hombros. Si no, basta con unas manos tibias que descansen ahí.",
        "Demande si un massage des épaules ferait du bien. Sinon, des mains chaudes posées là suffisent.",
    ),
    (
        "one-blanket",
        "Share one blanket for a while, side by side.",
        "Un rato bajo la misma manta, muy cerca.",
        "Un moment sous la même couverture, côte à côte.",
    ),
    (
        "both-hands",
        "Face each other, take both hands, and tell one good thing from today.",
        "Cara a cara y de las manos, cuenta una cosa buena de hoy.",
        "Face à face, les mains dans les mains, raconte une belle chose de ta journée.",
    ),
    (
        "open-arms",
        "When you meet again today, open your arms before anything else.",
        "Hoy, cuando vuelvas a ver a tu pareja, abre los brazos antes que nada.",
        "Aujourd'hui, quand vous vous retrouvez, ouvre les bras avant toute chose.",
    ),
)

_WARM: Final[tuple[GestureRow, ...]] = (
    (
        "long-embrace",
        "Hold each other until you both breathe more slowly, standing, sitting or lying down.",
        "Un abrazo largo, de pie o en el sofá, hasta que la respiración se calme.",
        "Un long câlin, debout ou sur le canapé, jusqu'à ce que vos souffles ralentissent.",
    ),
    (
        "embrace-for-a-song",
        "Share an embrace for a whole song. Sway a little, if you like.",
        "Un abrazo que dure una canción entera, con un leve vaivén si apetece.",
        "Un câlin qui dure toute une chanson, en vous balançant un peu si le cœur vous en dit.",
    ),
    (
        "forehead-to-forehead",
        "Rest forehead against forehead for five breaths. Hand in hand is just as good.",
        "Frente con frente durante cinco respiraciones. De la mano también vale.",
        "Front contre front pendant cinq respirations. Main dans la main, c'est bien aussi.",
    ),
    (
        "arms-from-behind",
        "Ask first, then put your arms around your partner from behind, and stay a while.",
        "Pregunta primero y abraza a tu pareja por la espalda, sin prisa.",
        "Demande d'abord, puis entoure l'autre de tes bras, dans son dos, et prends ton temps.",
    ),
    (
        "hand-on-heart",
        "Lay a hand over your partner's heart or on their back, and feel it beat for a quiet minute.",
        "Pon la mano sobre el corazón de tu pareja, o en su espalda, y siente cómo late un minuto.",
        "Pose la main sur le cœur de l'autre, ou dans son dos, et sens-le battre une minute.",
    ),
    (
        "lap-as-pillow",
        "Offer your lap as a pillow, and a hand that strokes hair or a shoulder.",
        "Ofrece tu regazo como almohada, y una mano que acaricie el pelo o el hombro.",
        "Propose tes genoux comme oreiller, et une main qui caresse les cheveux ou l'épaule.",
    ),
    (
        "ten-minutes-close",
        "Rest close to each other for ten minutes, an arm around, with nothing else to do.",
        "Diez minutos de descanso, muy cerca y con un brazo alrededor, sin nada más que hacer.",
        "Dix minutes de repos tout près, un bras autour de l'autre, sans rien d'autre à faire.",
    ),
    (
        "slow-song",
        "Move slowly to one song together, standing up or hand in hand where you sit.",
        "Una canción lenta para moverse en casa, de pie o desde el sofá, de la mano.",
        "Une chanson lente à suivre à deux, debout ou depuis le canapé, main dans la main.",
    ),
    (
        "cheek-to-cheek",
        "Rest cheek against cheek for a while, and listen to each other breathe.",
        "Mejilla con mejilla un rato, escuchando la respiración.",
        "Joue contre joue un moment, à l'écoute du souffle de l'autre.",
    ),
    (
        "unhurried-kiss",
        "Give a kiss on the forehead or on the hand, with all the time in the world.",
        "Un beso en la frente o en la mano, con todo el tiempo del mundo.",
        "Un baiser sur le front ou sur la main, en prenant tout son temps.",
    ),
    (
        "good-night-embrace",
        "End the day in a long embrace, before you look at your phone.",
        "Termina el día con un abrazo largo, antes de mirar el teléfono.",
        "Termine la journée par un long câlin, avant de regarder ton téléphone.",
    ),
    (
        "slow-hand-on-back",
        "Stroke your partner's back slowly, just the way they like it.",
        "Acaricia despacio la espalda de tu pareja, como más le guste.",
        "Caresse lentement le dos de l'autre, de la façon qui lui fait du bien.",
    ),
)

_SMALL_APART: Final[tuple[GestureRow, ...]] = (
    (
        "hand-on-own-heart",
        "Put a hand on your heart while you two talk today.",
        "Hoy, cuando hables con tu pareja, ponte una mano en el corazón.",
        "Aujourd'hui, pendant votre appel, pose une main sur ton cœur.",
    ),
    (
        "palm-to-screen",
        "On your next video call, put your palm to the screen, hand against hand.",
        "En la próxima videollamada, apoya la palma en la pantalla, mano con mano.",
        "Au prochain appel vidéo, pose ta paume sur l'écran, main contre main.",
    ),
    (
        "cup-in-both-hands",
        "Take a warm cup in both hands, and picture your partner with theirs.",
        "Toma una taza caliente entre las manos e imagina a tu pareja con la suya.",
        "Prends une tasse chaude entre tes mains, et imagine l'autre avec la sienne.",
    ),
    (
        "open-hand-photo",
        "Send a picture of your open hand, as if it were held out.",
        "Manda una foto de tu mano abierta, como si la tendieras.",
        "Envoie une photo de ta main ouverte, comme si tu la tendais.",
    ),
    (
        "squeezes-sent",
        "Squeeze your own hand three times, and tell your partner whom it was meant for.",
        "Apriétate la mano tres veces y cuéntale a tu pareja para quién era.",
        "Serre ta main trois fois, et dis à l'autre pour qui c'était.",
    ),
    (
        "hand-on-own-shoulder",
        "Rest a hand on your own shoulder for three breaths, as your partner would.",
        "Deja la mano en tu hombro durante tres respiraciones, como haría tu pareja.",
        "Laisse ta main sur ton épaule pendant trois respirations, comme le ferait l'autre.",
    ),
    (
        "something-given",
        "Hold something that your partner gave you, for a quiet minute.",
        "Sostén un minuto, en calma, algo que te haya dado tu pareja.",
        "Garde en main, une minute au calme, un objet que l'autre t'a donné.",
    ),
    (
        "name-in-the-palm",
        "With a fingertip, write your partner's name in your palm.",
        "Escribe con el dedo el nombre de tu pareja en la palma de tu mano.",
        "Du bout du doigt, écris le prénom de l'autre dans ta paume.",
    ),
)

_CLOSER_APART: Final[tuple[GestureRow, ...]] = (
    (
        "something-of-theirs",
        "Wear something of your partner's today, or a scarf that feels as soft.",
        "Ponte hoy algo de tu pareja, o un pañuelo igual de suave.",
        "Porte aujourd'hui quelque chose de l'autre, ou une écharpe aussi douce.",
    ),
    (
        "blankets-on-a-call",
        "Wrap yourself in a blanket for your next call, and ask your partner to do the same.",
        "En la próxima llamada, envuélvete en una manta y propón a tu pareja lo mismo.",
        "Au prochain appel, enroule-toi dans une couverture et propose à l'autre d'en faire autant.",
    ),
    (
        "one-breath",
        "On a call, fall into one rhythm of breath for a minute, a hand on your heart.",
        "En una llamada, respira un minuto al compás de tu pareja, con la mano en el corazón.",
        "Pendant un appel, respire une minute au rythme de l'autre, la main sur le cœur.",
    ),
    (
        "pillow-and-voice",
        "Hug a pillow while you play a voice message from your partner, or read an old one.",
        "Abraza una almohada mientras escuchas un mensaje de voz de tu pareja, o relees uno antiguo.",
        "Serre un coussin contre toi en écoutant un message vocal de l'autre, ou en relisant un ancien.",
    ),
    (
        "hug-in-words",
        "Describe in a message the hug that you would give right now.",
        "Describe en un mensaje el abrazo que darías ahora mismo.",
        "Décris dans un message le câlin que tu ferais là, maintenant.",
    ),
    (
        "hands-for-hands",
        "Rub your own hands slowly, with cream if you like, and think of your partner's.",
        "Frótate las manos despacio, con crema si te apetece, y piensa en las de tu pareja.",
        "Masse doucement tes mains, avec une crème si tu veux, en pensant à celles de l'autre.",
    ),
    (
        "same-song",
        "Play the same song at the same time, each with your arms around yourself.",
        "Pon la misma canción a la misma hora que tu pareja, y rodéate con los brazos.",
        "Mets la même chanson à la même heure que l'autre, les bras autour de toi.",
    ),
    (
        "cheek-in-hand",
        "Rest your cheek in your own warm hand for a moment, and send the thought along.",
        "Apoya la mejilla en tu mano tibia un momento, y mándale ese pensamiento a tu pareja.",
        "Pose la joue dans ta main chaude un instant, et envoie cette pensée à l'autre.",
    ),
)

_WARM_APART: Final[tuple[GestureRow, ...]] = (
    (
        "embrace-on-a-call",
        "On a call, close your eyes, put your arms around yourself and share five breaths.",
        "En una llamada, cierra los ojos, rodéate con los brazos y comparte cinco respiraciones.",
        "Pendant un appel, ferme les yeux, entoure-toi de tes bras et partage cinq respirations.",
    ),
    (
        "slow-goodbye",
        "End a call without hurry: soft light, a hand on your heart, a few breaths before goodbye.",
        "Termina una llamada sin prisa, con poca luz, la mano en el corazón y unas respiraciones.",
        "Termine un appel sans te presser, lumière douce, main sur le cœur, quelques respirations.",
    ),
    (
        "two-heartbeats",
        "On a call, feel your heart beat for a minute while your partner feels theirs.",
        "En una llamada, siente latir tu corazón un minuto mientras tu pareja siente el suyo.",
        "Pendant un appel, sens battre ton cœur une minute pendant que l'autre sent battre le sien.",
    ),
    (
        "embrace-in-a-voice",
        "Record a slow voice message, as if your arms were around your partner.",
        "Graba un mensaje de voz lento, como si tus brazos rodearan a tu pareja.",
        "Enregistre un message vocal tout doux, comme si tes bras entouraient l'autre.",
    ),
    (
        "held-close",
        "Hold something of your partner's close for as long as a song lasts.",
        "Abraza algo de tu pareja lo que dure una canción.",
        "Serre contre toi quelque chose de l'autre, le temps d'une chanson.",
    ),
    (
        "foreheads-on-screen",
        "On a video call, lean your forehead towards the screen and share five breaths.",
        "En una videollamada, acerca la frente a la pantalla y comparte cinco respiraciones.",
        "En appel vidéo, approche ton front de l'écran et partage cinq respirations.",
    ),
    (
        "next-embrace",
        "Plan your next embrace together: where, when, and how long it will last.",
        "Planea con tu pareja el próximo abrazo, dónde, cuándo y cuánto durará.",
        "Imagine avec l'autre votre prochain câlin, où, quand et combien de temps.",
    ),
    (
        "wrapped-up-at-night",
        "Before you sleep, wrap yourself up well and think of your partner's arms.",
        "Antes de dormir, envuélvete bien en una manta y piensa en los brazos de tu pareja.",
        "Avant de dormir, enroule-toi bien dans une couverture en pensant aux bras de l'autre.",
    ),
)


def _gestures(warmth: int, rows: tuple[GestureRow, ...], *, apart: bool) -> tuple[TouchGesture, ...]:
    return tuple(
        TouchGesture(name, warmth, apart, {ENGLISH: english, SPANISH: spanish, FRENCH: french})
        for name, english, spanish, french in rows
    )


CATALOGUE: Final = (
    *_gestures(1, _SMALL, apart=False),
    *_gestures(2, _CLOSER, apart=False),
    *_gestures(3, _WARM, apart=False),
    *_gestures(1, _SMALL_APART, apart=True),
    *_gestures(2, _CLOSER_APART, apart=True),
    *_gestures(3, _WARM_APART, apart=True),
)
