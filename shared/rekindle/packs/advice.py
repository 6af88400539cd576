"""What an author may want to think about again: prompts that ask the same, hard reading, a screen too small, and more.

None of it keeps a pack from being published. Everything here is judged by measures that need no dictionary, so that it
holds for every language: each says below what it is, and its bounds are those that the practice's own packs keep. What
a prompt sounds like in English is in `pack_tone`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rekindle.domain.models import Language, PackId, PromptId

ALIKE: Final = 0.4
"""From this likeness on, of 0 to 1, two prompts ask almost the same.

The same question in other words comes to 0.4 to 0.9; of 160,000 pairs in eight packs only one reached it, rightly."""

HARD_READING: Final = 55.0
"""LIX: up to 25 is a children's book, 30 to 40 a novel, 50 a newspaper's leader, 60 a contract."""

SHORT_WORDED: Final = frozenset({"en", "sv", "da", "nb", "nn", "no"})
HARD_READING_OF_SHORT_WORDS: Final = 45.0
"""Of the same prompts, 84 in English came to 39 at most and in Spanish and French to 50: their words are longer."""

FEWEST_WORDS: Final = 15
"""Fewer words than these say nothing about how a prompt reads."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a prompt says in one language."""

    pack: PackId
    prompt: PromptId
    language: Language
    text: str
    why: str
    hint: str | None

    @property
    def lines(self) -> dict[str, str]:
        """What there is to read, by the field's name."""
        return {"text": self.text, "why": self.why, **({"hint": self.hint} if self.hint else {})}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to think about. `prompt` is None for the pack as a whole."""

    prompt: PromptId | None
    field: str
    reason: str


def prompt_advice(said: Sequence[Said]) -> Iterator[Advice]:
    """What is said of each prompt by itself."""
    for each in said:
        yield from _reading_advice(each)
        yield from _screen_advice(each)
        yield from _markup_advice(each)


# Prompts that ask the same


def twin_advice(said: Sequence[Said], others: Sequence[Said] = ()) -> Iterator[Advice]:
    """Each prompt that asks almost the same as an earlier one of its pack, or as one of `others`; once a prompt.

    A pack that is for the greater part like one other is told so first, as a whole.

    Likeness is the cosine of two prompts' words, each word's weight being how rare it is among all the prompts, so
    neither the order of clauses nor the words that every prompt has count for much. Two that reach `ALIKE` reach half
    of it by their rarest words alone, which an index finds, so few are compared in full (after Bayardo, Ma and Srikant,
    "Scaling up all pairs similarity search", 2007).
    """
    told: dict[PromptId, Advice] = {}
    copied: Counter[PackId] = Counter()
    for language in dict.fromkeys(each.language for each in said):
        own = [each for each in said if each.language == language]
        older = [each for each in others if each.language == language]
        for at, like in _closest(older + own, first=len(older)):
            each = own[at - len(older)]
            if each.prompt not in told:
                twin = (older + own)[like]
                if twin.pack != each.pack:
                    copied[twin.pack] += 1
                where = twin.prompt if twin.pack == each.pack else f"{twin.prompt} in the pack {twin.pack}"
                reason = f"asks almost the same as {where}; keep the better one, or change this one"
                told[each.prompt] = Advice(each.prompt, f"words.{language}.text", reason)
    prompts = len({each.prompt for each in said})
    for pack, number in copied.most_common(1):
        if number > max(1, prompts / 2):
            reason = f"{number} of {prompts} ask almost the same as the pack {pack}"
            yield Advice(None, "prompts", f"{reason}; couples who have both would get them twice")
    yield from told.values()


_MOST_SHARING: Final = 40
"""A word that so many prompts have among their rarest shows likeness by the first of them, or not at all."""


def _closest(said: Sequence[Said], first: int) -> Iterator[tuple[int, int]]:
    """Each prompt from `first` on with the earlier one that it is most like, where any is like enough."""
    bags = [Counter(_stems(each.text)) for each in said]
    spread = Counter(stem for bag in bags for stem in bag)
    # A few prompts alone cannot show which words are common.
    among = max(len(bags), 100)
    sharing: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    vectors: list[dict[str, float]] = []
    for at, bag in enumerate(bags):
        weights = {stem: math.log(1 + among / spread[stem]) for stem in bag}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        vector = {stem: weight / length for stem, weight in weights.items()}
        vectors.append(vector)
        telling = list(_telling(vector))
        if at >= first:
            shared: defaultdict[int, float] = defaultdict(float)
            for stem in telling:
                weight = vector[stem]
                for other, theirs in sharing[stem]:
                    shared[other] += weight * theirs
            near = (other for other, likeness in shared.items() if likeness >= ALIKE / 2)
            best = max(((_cosine(vector, vectors[other]), -other) for other in near), default=(0.0, 0))
            if best[0] >= ALIKE:
                yield at, -best[1]
        for stem in telling:
            if len(sharing[stem]) < _MOST_SHARING:
                sharing[stem].append((at, vector[stem]))


def _stems(text: str) -> Iterator[str]:
    """A text's words without endings and accents, or pairs of signs where a script has no spaces."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    for word in _WORD.findall(plain):
        if _is_spaceless(word[0]):
            yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        else:
            yield word[:6]


def _telling(vector: Mapping[str, float]) -> Iterator[str]:
    """The rarest words of a prompt; what the others add to a likeness is less than half of `ALIKE`."""
    left = 1.0
    for stem in sorted(vector, key=lambda stem: (-vector[stem], stem)):
        yield stem
        left -= vector[stem] ** 2
        if left < (ALIKE / 2) ** 2:
            return


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(stem, 0.0) for stem, weight in one.items())


# Hard reading

_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SENTENCE_END: Final = re.compile(r"[.!?…:]+(?=\W|$)")
_LONG_WORD: Final = 6


def lix(text: str) -> float | None:
    """How hard a text is to read (Björnsson, "Läsbarhet", 1968): words a sentence plus the percentage of long words.

    None for fewer than `FEWEST_WORDS`, and for scripts without capitals, whose words are of another length.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", text))
    if len(words) < FEWEST_WORDS or 2 * sum(word[0].lower() != word[0].upper() for word in words) < len(words):
        return None
    sentences = max(1, len(_SENTENCE_END.findall(text)))
    return len(words) / sentences + 100 * sum(len(word) > _LONG_WORD for word in words) / len(words)


def _reading_advice(said: Said) -> Iterator[Advice]:
    hardness = lix(" ".join(said.lines.values()))
    most = HARD_READING_OF_SHORT_WORDS if said.language in SHORT_WORDED else HARD_READING
    if hardness is not None and hardness > most:
        reason = "is hard to read for somebody tired: use shorter sentences and plainer words"
        yield Advice(said.prompt, f"words.{said.language}", reason)


# The screen of a phone

_COLUMNS: Final = {"text": 31, "why": 39, "hint": 39}
_LINE_HEIGHT: Final = {"text": 28, "why": 24, "hint": 24}
_ROOM: Final = 328
"""A small phone is 360 points wide and 640 high. With the text at 20 points a line has 31 letters, and with the rest at
16 it has 39. Of the height, the status bar takes 24, the app's bars 104, the button 64, the theme 48 and margins 72."""


def phone_lines(text: str, columns: int) -> int:
    """How many lines a text takes, wide characters counted as two and combining marks not at all."""
    lines, filled = 1, 0
    for word in filter(None, text.split(" ")):  # no line ends at a no-break space
        width = _width(word)
        if _is_spaceless(word[0]):  # breaks between any two signs
            filled += width
        elif filled and filled + 1 + width > columns:
            lines, filled = lines + 1, width
        else:
            filled += width + (1 if filled else 0)
        lines, filled = (
            lines + max(0, filled - 1) // columns,
            filled if filled <= columns else (filled - 1) % columns + 1,
        )
    return lines


def _width(word: str) -> int:
    if word.isascii():
        return len(word)
    shown = [sign for sign in word if unicodedata.category(sign) not in ("Mn", "Me", "Cf")]
    return len(shown) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in shown)


def _is_spaceless(sign: str) -> bool:
    """Whether a sign is of a script that puts no spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer."""
    return bool(_SPACELESS.match(sign))


def _screen_advice(said: Said) -> Iterator[Advice]:
    heights = {
        name: phone_lines(line, _COLUMNS[name]) * _LINE_HEIGHT[name]
        for name, line in said.lines.items()
        if name != "hint"  # it opens when the partner has answered
    }
    if sum(heights.values()) > _ROOM:
        lines = phone_lines(said.text, _COLUMNS["text"])
        reason = f"takes {lines} lines on a small phone and pushes its why off the screen; shorten one of the two"
        yield Advice(said.prompt, f"words.{said.language}.text", reason)


# Markup

_MARKUP: Final = re.compile(r"</?[A-Za-z][^<>]*>|&(?:[A-Za-z]{2,8}|#\d{1,7});|\*\*(?=\S)|\[[^][]+\]\([^()]+\)")


def _markup_advice(said: Said) -> Iterator[Advice]:
    for name, line in said.lines.items():
        if found := _MARKUP.search(line):
            reason = f"shows “{found[0][:30]}” to couples as typed, since prompts have no markup; remove it"
            yield Advice(said.prompt, f"words.{said.language}.{name}", reason)


# The pack as a whole

_FIRST_FEW: Final = 3
_LONGEST_COURSE: Final = 366


def language_advice(
    languages: Sequence[Language],
    default: Language,
    written: Mapping[PromptId, frozenset[Language]],
    titled: frozenset[Language],
) -> Iterator[Advice]:
    """For each language, how many prompts lack it. `titled` are the languages in which the pack presents itself."""
    for language in languages:
        missing = [prompt for prompt, said in written.items() if language not in said]
        if missing and language != default:
            named = ", ".join(missing[:_FIRST_FEW]) + (", …" if len(missing) > _FIRST_FEW else "")
            reason = f"{language} is missing in {len(missing)} of {len(written)} prompts ({named})"
            yield Advice(None, "languages", f"{reason}; couples who read {language} get these in {default}")
        if language not in titled and language != default:
            yield Advice(None, "words", f"has no {language}; couples who read {language} see the title in {default}")


def course_advice(prompts: int, every_days: int, *, in_order: bool, first_depth: int) -> Iterator[Advice]:
    """What a course asks of couples that they may not be ready for."""
    if in_order and first_depth > 1:
        reason = f"begins with a prompt of depth {first_depth}; begin a course with an easy prompt, of depth 1"
        yield Advice(None, "course.in_order", reason)
    days = prompts * every_days
    if days > _LONGEST_COURSE:
        reason = f"takes {days} days with {prompts} prompts; few couples stay with a course for more than a year"
        yield Advice(None, "course.every_days", reason)
