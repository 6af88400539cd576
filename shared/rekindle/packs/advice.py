"""Advise an author, for example on prompts that are hard to read or ask the same.

Advice never blocks publishing. Nothing here needs a dictionary, so most advice works in every language. The module
`tone` judges how English prompts sound.
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

    from rekindle.domain.ids import Language, PackId, PromptId

ALIKE: Final = 0.4
"""Two prompts ask almost the same if their likeness (0 to 1, see `twin_advice`) is at least this.

A question and the same question in other words have a likeness of 0.4 to 0.9. In eight packs that repeat no question,
none of the 160,000 pairs of prompts had more than 0.37.
"""

HARD_READING: Final = 55.0
"""A text with a higher LIX (see `lix`) is hard to read.

The LIX of children's books is up to 25. Novels have 30 to 40, news 50, and contracts 60.
"""

SHORT_WORDED: Final = frozenset({"en", "sv", "da", "nb", "nn", "no"})
HARD_READING_OF_SHORT_WORDS: Final = 45.0
"""The limit for the languages in SHORT_WORDED. The same text has a lower LIX in these languages.

Example: the highest LIX of 84 prompts was 39 in English, but 41 in Spanish and 44 in French.
"""

FEWEST_WORDS: Final = 15
"""A text with fewer words is too short for a LIX."""


@dataclass(frozen=True, slots=True)
class Said:
    """A prompt's texts in one language."""

    pack: PackId
    prompt: PromptId
    language: Language
    text: str
    why: str
    hint: str | None

    @property
    def lines(self) -> dict[str, str]:
        """The texts by field name. A missing hint is left out."""
        return {"text": self.text, "why": self.why, **({"hint": self.hint} if self.hint else {})}


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice on one field. `prompt` is None if the field belongs to the pack, and not to a prompt."""

    prompt: PromptId | None
    field: str
    reason: str


def prompt_advice(said: Sequence[Said]) -> Iterator[Advice]:
    """Yield advice on each prompt, without comparing it with other prompts."""
    for each in said:
        yield from _reading_advice(each)
        yield from _screen_advice(each)
        yield from _markdown_advice(each)


# Prompts that ask the same


def twin_advice(said: Sequence[Said], others: Sequence[Said] = ()) -> Iterator[Advice]:
    """Yield advice on each prompt that asks almost the same as an earlier prompt or one of `others`.

    Each prompt gets this advice at most once. If more than half of the prompts (at least two) are like prompts of one
    other pack, the first advice is about the whole pack.

    The likeness of two prompts is the cosine of their word vectors. A rare word has a high weight, and the order of
    words does not count. If the likeness is at least `ALIKE`, at least half of it comes from rare words that both
    prompts have. So an index of rare words finds the pairs to compare in full. The index can miss a few pairs
    (see `_MOST_SHARING`). Source: Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007.
    """
    twins: dict[PromptId, Advice] = {}
    copied: Counter[PackId] = Counter()
    for language in dict.fromkeys(each.language for each in said):
        own = [each for each in said if each.language == language]
        older = [each for each in others if each.language == language]
        for at, like in _closest(older + own, first=len(older)):
            each = own[at - len(older)]
            if each.prompt not in twins:
                twin = (older + own)[like]
                if twin.pack != each.pack:
                    copied[twin.pack] += 1
                where = twin.prompt if twin.pack == each.pack else f"{twin.prompt} in the pack {twin.pack}"
                reason = f"asks almost the same as {where}; remove one, or change this one"
                twins[each.prompt] = Advice(each.prompt, f"words.{language}.text", reason)
    prompts = len({each.prompt for each in said})
    for pack, number in copied.most_common(1):
        if number > max(1, prompts / 2):
            reason = f"{number} of {prompts} ask almost the same as the pack {pack}"
            yield Advice(None, "prompts", f"{reason}; couples who have both would get them twice")
    yield from twins.values()


_MOST_SHARING: Final = 40
"""The index in `_closest` keeps at most this many prompts for each word. Later prompts with this word are left out."""


def _closest(said: Sequence[Said], first: int) -> Iterator[tuple[int, int]]:
    """Yield the position of each prompt from `first` on, and the position of the most similar earlier prompt.

    Skip a prompt if no earlier prompt has a likeness of at least `ALIKE`.
    """
    bags = [Counter(_stems(each.text)) for each in said]
    frequency = Counter(stem for bag in bags for stem in bag)
    # With few prompts, the counts do not show which words are rare. So calculate as if there were at least 100 prompts.
    among = max(len(bags), 100)
    sharing: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    vectors: list[dict[str, float]] = []
    for at, bag in enumerate(bags):
        weights = {stem: math.log(1 + among / frequency[stem]) for stem in bag}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        vector = {stem: weight / length for stem, weight in weights.items()}
        vectors.append(vector)
        rarest = list(_rarest(vector))
        if at >= first:
            shared: defaultdict[int, float] = defaultdict(float)
            for stem in rarest:
                weight = vector[stem]
                for other, theirs in sharing[stem]:
                    shared[other] += weight * theirs
            near = (other for other, likeness in shared.items() if likeness >= ALIKE / 2)
            best = max(((_cosine(vector, vectors[other]), -other) for other in near), default=(0.0, 0))
            if best[0] >= ALIKE:
                yield at, -best[1]
        for stem in rarest:
            if len(sharing[stem]) < _MOST_SHARING:
                sharing[stem].append((at, vector[stem]))


def _stems(text: str) -> Iterator[str]:
    """Yield the first six letters of each word, without accents. If a script has no spaces, yield pairs of letters."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    for word in _WORD.findall(plain):
        if _is_spaceless(word[0]):
            yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        else:
            yield word[:6]


def _rarest(vector: Mapping[str, float]) -> Iterator[str]:
    """Yield the rarest words of a prompt. The other words add less than half of `ALIKE` to any likeness."""
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
    """Return the LIX of a text. A text with a higher LIX is harder to read.

    LIX (Björnsson, "Läsbarhet", 1968) is the average number of words in a sentence plus the percentage of long words.
    Return None for a text with fewer than `FEWEST_WORDS` words. Also return None for a script without capital letters,
    such as Arabic or Chinese, because LIX was not made for words of such scripts.
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
"""The height that is left for a prompt's text and its why on a small phone (360 by 640 points), in points.

The status bar takes 24 of the 640 points, the app's bars 104, the button 64, the theme 48 and margins 72. The text has
letters of 20 points, so 31 fit on a line. The other fields have letters of 16 points, so 39 fit.
"""


def phone_lines(text: str, columns: int) -> int:
    """Return how many lines a text takes. A wide character takes two columns, a combining or invisible one none."""
    lines, filled = 1, 0
    for word in filter(None, text.split(" ")):  # not `split()`, because a line cannot end at a no-break space
        width = _width(word)
        if _is_spaceless(word[0]):  # a line can break between any two characters
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
    """Return whether a letter is of a script without spaces: Chinese, Japanese, Thai, Lao, Burmese or Khmer."""
    return bool(_SPACELESS.match(sign))


def _screen_advice(said: Said) -> Iterator[Advice]:
    heights = {
        name: phone_lines(line, _COLUMNS[name]) * _LINE_HEIGHT[name]
        for name, line in said.lines.items()
        if name != "hint"  # the hint is about the partner's answer, so it need not fit on the first screen
    }
    if sum(heights.values()) > _ROOM:
        lines = phone_lines(said.text, _COLUMNS["text"])
        reason = f"takes {lines} lines on a small phone, so its why does not fit below; shorten the text or the why"
        yield Advice(said.prompt, f"words.{said.language}.text", reason)


# Markdown

_MARKDOWN: Final = re.compile(r"\*\*(?=\S)|\[[^][]+\]\([^()]+\)")
"""Markup of HTML is an error, which `rekindle.domain.markup` finds."""


def _markdown_advice(said: Said) -> Iterator[Advice]:
    for name, line in said.lines.items():
        if markup := _MARKDOWN.search(line):
            reason = f"shows “{markup[0][:30]}” to couples as typed, since prompts have no markup; remove it"
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
    """Yield advice on each language in which prompts or the pack's title are missing.

    `written` has the languages of each prompt, and `titled` has the languages of the title. Skip the default language,
    because a missing text in this language is an error.
    """
    for language in languages:
        missing = [prompt for prompt, said in written.items() if language not in said]
        if missing and language != default:
            named = ", ".join(missing[:_FIRST_FEW]) + (", …" if len(missing) > _FIRST_FEW else "")
            reason = f"{language} is missing in {len(missing)} of {len(written)} prompts ({named})"
            yield Advice(None, "languages", f"{reason}; couples who read {language} get these in {default}")
        if language not in titled and language != default:
            yield Advice(None, "words", f"has no {language}; couples who read {language} see the title in {default}")


def course_advice(prompts: int, every_days: int, *, in_order: bool, first_depth: int) -> Iterator[Advice]:
    """Yield advice on a course that begins with a deep prompt, or that lasts too long."""
    if in_order and first_depth > 1:
        reason = f"begins with a prompt of depth {first_depth}; begin a course with an easy prompt, of depth 1"
        yield Advice(None, "course.in_order", reason)
    days = prompts * every_days
    if days > _LONGEST_COURSE:
        reason = f"takes {days} days with {prompts} prompts; few couples stay with a course for more than a year"
        yield Advice(None, "course.every_days", reason)
