"""What Maya and Haru answer: their own words for each prompt that the couple can meet, and some for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.packs import read_pack
from local.places import ROOT
from rekindle.domain.models import Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

type Pair = tuple[str, str]
"""Maya's answer, and Haru's."""

ANSWERS: Final[Mapping[str, Pair]] = {
    # openness
    "song-title-for-today": (
        "“Elevator With a View”. I got stuck twice, and both times with somebody kind.",
        "“Slow Train, Good Window”. I was late, and minded less than usual.",
    ),
    "saved-on-my-phone": (
        "A lost glove on a fence post. Someone had given it a thumbs-up.",
        "Your voice message where you try to say my landlord's name. I play it on the train.",
    ),
    "unfashionable-pleasure": (
        "Reading the instructions before I build anything. All of them. With tea.",
        "Station melodies. I get off a stop early to hear the good one.",
    ),
    "borrowed-mood": (
        "A child on the subway was thrilled by every single stop. I caught it.",
        "My boss sighed all day, and I with him, until the noodle place played our song.",
    ),
    # time
    "screens-to-bed": (
        "Phone on the shelf, lights off, only your voice. Best part of my week.",
        "I lay on the floor and listened to you do the dishes. Perfect.",
    ),
    "until-the-cup-is-empty": (
        "You drank slowly on purpose. I noticed, and was glad.",
        "My tea, your coffee, no agenda. I could nearly smell yours.",
    ),
    "same-sky": (
        "You were right: pigeons do walk in step with people.",
        "Your sun was going while mine came up. As if you handed it over.",
    ),
    "ordinary-hour-again": (
        "That Sunday you burnt the rice and I read you the crossword. I knew it was good while it lasted.",
        "The laundromat in the rain. We had one pair of dry socks between us.",
    ),
    # courage
    "money-sayings": (
        "“We'll see.” It meant no, and nobody ever said why.",
        "Nobody spoke of it. My mother just counted the coins twice.",
    ),
    "feather-to-anvil": (
        "An anvil until Wednesday, then a large cat. The waiting weighs more than the work.",
        "A wet coat. Nothing is wrong, there is only a lot of it.",
    ),
    "claim-your-medal": (
        "“For Every Birthday Remembered, Two Families, Two Calendars.”",
        "“First Class, for Getting Up at Five So That We Can Talk.” I wear it proudly.",
    ),
    "five-minute-favour": (
        "Send me the view from your window before you sleep? A no is fine, truly.",
        "Would you ring my mother, only to say hello? If it is too much, say so.",
    ),
    # listening
    "question-nobody-asked": (
        "“Did you get to sit down today?” No. But I am sitting now, with you.",
        "“What did you cook?” An omelette, and I turned it over in the air.",
    ),
    "minor-news": (
        "The bold pigeon is back, and it has brought a friend.",
        "The vending machine gave me two. I looked around before I dared to be happy.",
    ),
    "signs-you-are-with-me": (
        "You go quiet, and then you ask about the smallest thing I said.",
        "You stop walking. Even on the phone I can hear you stop.",
    ),
    "echo": (
        "“Nearly” was my favourite part. Your second try was better than my own words.",
        "I heard tired, and proud. You said yes. Then I was proud, too.",
    ),
    # touch
    "open-hand": (
        "I am saving it for “Moon River”, all of it, at arrivals.",
        "The slow one from your sister's wedding. My hand is out.",
    ),
    "longer-hello": (
        "Three breaths at the airport, with both arms. I practise on the cat.",
        "I said goodbye to the screen more slowly today. It counted.",
    ),
    "touch-i-kept": (
        "Your hand on my back in that corridor. It said: I am not going anywhere.",
        "You straightened my collar before the interview. Somebody was on my side.",
    ),
    # fear
    "where-words-come-easily": (
        "In the dark, facing the wall. It is easier when nobody watches them land.",
        "By text, at the station. The train gives me an end to hurry towards.",
    ),
    "still-shy": (
        "Singing. You have only ever heard me hum.",
        "My English when I am angry. So I go quiet, and it looks like something else.",
    ),
    "fear-that-lost-its-teeth": (
        "The boiler in the cellar. My brother gave it a name, and that was that.",
        "Deep water. My grandfather floated beside me until I forgot to be afraid.",
    ),
    "brave-before": (
        "A friend had to leave a bad place. I drove four hours. We sang all the way back, badly.",
        "I told my father that I would not take the shop. He poured tea. He asked what I would do instead.",
    ),
    # spark
    "first-thing-noticed": (
        "You apologised to a door.",
        "Your scarf was inside out, and you were winning an argument.",
    ),
    "exact-thank-you": (
        "Tuesday, six in the morning: you stayed on while I looked for my keys. I left the house laughing.",
        "Thursday: you asked how my talk had gone before you told me your own news.",
    ),
    "early-days-encore": (
        "Three, two, one, play. You came in half a second late, as you always did.",
        "I still know the words. I still get the second verse wrong.",
    ),
    "laughed-out-loud": (
        "You bowed to the delivery robot. It bowed back, you swear.",
        "You whispered to me in the library. Everyone heard, and everyone smiled.",
    ),
}
"""By the prompt's id in the starter pack: those of depth 1 that ask for no more than a hand."""

FOR_ANY: Final[Mapping[Theme, Pair]] = {
    Theme.OPENNESS: (
        "I had to think, and then it was easy to say. That is new.",
        "I am glad that it is you who reads this.",
    ),
    Theme.TIME: (
        "Ten minutes, and I did not look at the clock once.",
        "You were far away and it did not feel so.",
    ),
    Theme.COURAGE: (
        "It sounds smaller now that I have written it down.",
        "I would rather tell you than carry it about.",
    ),
    Theme.LISTENING: (
        "You let me finish. That was the whole gift.",
        "I was asked, and somebody waited for the answer.",
    ),
    Theme.TOUCH: (
        "I am saving it for arrivals, with both arms.",
        "My hand is out. It will wait for yours.",
    ),
    Theme.FEAR: (
        "Writing it to you was less frightening than thinking it.",
        "You did not run. I will try not to, either.",
    ),
    Theme.SPARK: (
        "I would walk up to you again, in the same silly coat.",
        "I smiled at my phone and a stranger smiled back.",
    ),
}
"""For prompts of other packs."""


def answers_by_text() -> dict[str, Pair]:
    """The answers by the prompt as a phone shows it, in English."""
    pack = read_pack(ROOT / "packs" / "starter.yaml")
    texts = {
        str(prompt.id): words.text for prompt in pack.prompts for code, words in prompt.words.items() if code == "en"
    }
    return {texts[name]: pair for name, pair in ANSWERS.items() if name in texts}
