"""Advise on English phrases that sound like a reproach or a rule, or that assume who the partner is.

Advice never blocks publishing. The patterns match only a few phrases: “You never ask” gets advice, but “something you
never asked” gets none. Quotations get no advice, because they repeat what somebody said. No pattern matches
a prompt of the practice's own packs (`packs/`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Language
from rekindle.packs.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rekindle.packs.advice import Said

ENGLISH: Final = Language("en")

_STARTS: Final = (
    r"(?:^|[.!?:;…])\s*(?:(?:and|but|because|so|then|maybe|of course|today),?\s+)?"
    r"(?:(?:if|when|before|after|once)\b[^.!?:;…]*,\s+)?"
)
"""Matches the beginning of a main clause. “You never ask” is a main clause, but “what you never said” is not."""

_PARTNER: Final = r"(?:you|your partner)"
_WHY: Final = (
    r"\b(?P<said>why\s+(?:do|does|did|don['’]?t|doesn['’]?t|didn['’]?t|can['’]?t|cannot|couldn['’]?t|won['’]?t|"
    rf"wouldn['’]?t|must|are|aren['’]?t|have|haven['’]?t)\s+{_PARTNER})\b"
)
"""Matches a question that asks for a justification, such as “why don't you”. “why might you” is not a match."""

_RULE: Final = (
    rf"{_STARTS}(?P<said>(?:(?:each|both)\s+of\s+)?(?:you(?:\s+both|\s+two)?|your\s+partner|partners|couples|one|everyone)"
    r"\s+(?:(?:really|always|simply|just|both|all)\s+)?"
    r"(?:should(?:n['’]t)?|must(?:n['’]t)?|ha(?:ve|s)\s+(?:got\s+)?to|ought(?:n['’]t)?\s+to|needs?\s+to))\b"
)
_WHO: Final = (
    r"\b(?P<said>your\s+(?!first\b|ex\b|former\b|last\b|old\b|childhood\b|teenage\b)(?:\w+\s+)?"
    r"(?:husbands?|wife|wives|hubby|spouse|boyfriend|girlfriend|fianc[ée]e?))(?!\w)"
)
"""Matches words for the partner, such as “your wife”, but not “your first boyfriend”, who is not the partner."""

_PHRASES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (
            rf"{_STARTS}(?P<said>{_PARTNER}\s+(?:(?:just|simply|really|almost|nearly)\s+)?(?:always|never))\b",
            "sounds like a reproach, and is rarely quite true; ask about one time when it was so",
        ),
        (
            _WHY,
            "asks somebody to justify themselves; begin with “What makes” or “What helps”",
        ),
        (
            _RULE,
            "sounds like a rule; say what the two might try, and leave the choice to them",
        ),
        (
            rf"\b(?P<said>should(?:n['’]t\s+{_PARTNER}|\s+{_PARTNER}\s+(?:not\s+)?have))\b",
            "sounds like a reproach; ask what somebody would wish for next time",
        ),
        (
            rf"\b(?P<said>{_PARTNER}\s+(?:ha(?:ve|s)\s+)?(?:do|does|did|done)\s+wrong)\b",
            "asks who is guilty; ask what was hard, or what somebody would like to do differently",
        ),
        (
            rf"\b(?P<said>(?:your|your\s+partner['’]s|whose)\s+(?:own\s+)?fault|{_PARTNER}\s+(?:are|is)\s+to\s+blame)\b",
            "lays blame; ask what each of the two could do, or what would help",
        ),
        (
            _WHO,
            "assumes who the partner is, and couples differ; say “your partner”",
        ),
    )
)
_QUOTED: Final = re.compile(r"“[^”]*”|\"[^\"]*\"")


def tone_advice(said: Sequence[Said]) -> Iterator[Advice]:
    """Yield advice on English prompts. For each text, each pattern yields at most one piece of advice."""
    for each in said:
        if each.language != ENGLISH:
            continue
        for name, line in each.lines.items():
            # Replace each quotation with a letter. If quotations were deleted, the words after a quotation could look
            # like the beginning of a sentence.
            own = _QUOTED.sub("x", line)
            for phrase, reason in _PHRASES:
                if match := phrase.search(own):
                    yield Advice(each.prompt, f"words.{each.language}.{name}", f"“{match['said']}” {reason}")
