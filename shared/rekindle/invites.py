"""An invite's code: easy to read out and to type, hard to guess."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 symbols, none of which is taken for another: no 0 or O, and no 1, I or L."""

CODE_LENGTH = 10
VALIDITY = dt.timedelta(hours=24)

TRY_LIMITS = ((dt.timedelta(hours=1), 5), (dt.timedelta(days=1), 20))
"""How many codes one person may try within any stretch of time this long."""

_ENTROPY_BYTES = 16
_MINUS_SIGN = "\u2212"


def code_from(entropy: bytes) -> str:
    """The code that this randomness makes; raises ValueError for fewer than 16 bytes.

    16 bytes have so many more values than there are codes that each code is as likely as any other, to 1 in 2**78.
    """
    if len(entropy) < _ENTROPY_BYTES:
        raise ValueError(f"a code takes at least {_ENTROPY_BYTES} random bytes, not {len(entropy)}")
    rest = int.from_bytes(entropy)
    symbols = []
    for _ in range(CODE_LENGTH):
        rest, index = divmod(rest, len(ALPHABET))
        symbols.append(ALPHABET[index])
    return "".join(symbols)


def displayed(code: str) -> str:
    """The code as people read it, in two groups of five."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def normalised(text: str, length: int = CODE_LENGTH) -> str | None:
    """The code that a person meant by `text`, whatever its case, spaces and dashes; None if it cannot be a code."""
    code = "".join(symbol for symbol in text if not _is_filler(symbol))
    # Only ASCII folds: some other letters, such as the long s, have a capital in the alphabet.
    code = code.upper() if code.isascii() else code
    return code if len(code) == length and set(code) <= set(ALPHABET) else None


def next_try_at(tries: Iterable[dt.datetime], instant: dt.datetime) -> dt.datetime | None:
    """When the person who made `tries` may try a code again; None if they may at `instant`.

    Tries that appear later than `instant` count too: two requests can be written out of order.
    """
    latest_first = sorted(tries, reverse=True)
    frees_at = (latest_first[limit - 1] + span for span, limit in TRY_LIMITS if len(latest_first) >= limit)
    return max((free_at for free_at in frees_at if free_at > instant), default=None)


def remembered(tries: Iterable[dt.datetime], instant: dt.datetime) -> tuple[dt.datetime, ...]:
    """The tries that can still matter at `instant` or later, oldest first."""
    longest = max(span for span, _ in TRY_LIMITS)
    return tuple(sorted(made_at for made_at in tries if made_at + longest > instant))


def _is_filler(symbol: str) -> bool:
    # Phones turn hyphens into dashes of their own choice.
    return symbol.isspace() or symbol == _MINUS_SIGN or unicodedata.category(symbol) == "Pd"
