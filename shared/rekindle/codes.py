"""Codes of couples and of practices: easy to read out and to type, hard to guess, read however they were pasted."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from rekindle.characters import is_ignorable, named
from rekindle.errors import NotACodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 symbols, none of which is taken for another: no 0 or O, and no 1, I or L."""

_ENTROPY_BYTES: Final = 16
_SYMBOLS: Final = frozenset(ALPHABET)
_WRITTEN: Final = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No"})
"""Letters and digits. Whatever else there is, punctuation, space or emoji, is not of a code."""
_NAMED_AT_MOST: Final = 3
_HOST: Final = re.compile(r"^(?:.*?://[^/]*|[^/]*\.[^/]*/)")


def code_from(entropy: bytes, length: int) -> str:
    """Return the code that this randomness makes; raises ValueError for fewer than 16 bytes.

    16 bytes have so many more values than there are codes that each code is as likely as any other, to 1 in 2**78.
    """
    if len(entropy) < _ENTROPY_BYTES:
        raise ValueError(f"a code takes at least {_ENTROPY_BYTES} random bytes, not {len(entropy)}")
    rest = int.from_bytes(entropy)
    symbols = []
    for _ in range(length):
        rest, index = divmod(rest, len(ALPHABET))
        symbols.append(ALPHABET[index])
    return "".join(symbols)


def read_code(text: str, length: int) -> str:
    """Return the code that a person meant by a text; raises NotACodeError, with the reason, if it cannot be one.

    Only letters and digits count, in either case and any width. Of a text with links the code is in a link's fragment
    or path. No letter is taken for another: of 0 and O, as of 1, I and L, no code has either.
    """
    plain = _plain(text)
    linked = list(dict.fromkeys(_linked_codes(plain, length)))
    if len(linked) == 1:
        return linked[0]
    if linked:
        raise NotACodeError("There is more than one code in this.")
    written = _symbols_in(plain)
    if _is_code(written, length):
        return written
    if "://" in plain:
        raise NotACodeError(f"The link in this has no whole code of {length} letters and digits.")
    raise NotACodeError(_reason(written, length))


def _plain(text: str) -> str:
    """The text without what nobody sees, in letters and digits of one width."""
    seen = "".join(symbol for symbol in unquote(text) if not is_ignorable(symbol))
    # A keyboard for Arabic, Hindi or Thai has the same digits as other characters.
    digits = "".join(str(unicodedata.decimal(symbol, symbol)) for symbol in seen)
    return unicodedata.normalize("NFKC", digits)


def _symbols_in(text: str) -> str:
    symbols = "".join(symbol for symbol in text if unicodedata.category(symbol) in _WRITTEN)
    # Only ASCII folds: some other letters, such as the dotless i, have a capital that they are not.
    return "".join(symbol.upper() if symbol.isascii() else symbol for symbol in symbols)


def _is_code(symbols: str, length: int) -> bool:
    return len(symbols) == length and _SYMBOLS.issuperset(symbols)


def _linked_codes(text: str, length: int) -> Iterator[str]:
    """The codes in the links of a text: of their fragments, or else of their paths, or else of a link cut in two."""
    links = [word for word in text.split() if "/" in word or "#" in word]
    fragments = [re.split(r"[/?&=]", word.partition("#")[2]) for word in links]
    paths = [_HOST.sub("", re.split(r"[?#]", word)[0]).split("/") for word in links]
    # The end of a text goes on to its last link where a line break or a space came into it.
    ends = [[re.split(r"[/#]", text)[-1]]] if links else []
    for places in (fragments, paths, ends):
        found = [symbols for place in places for part in place if _is_code(symbols := _symbols_in(part), length)]
        if found:
            yield from found
            return


def _reason(symbols: str, length: int) -> str:
    if not symbols:
        return f"There is no code in this. A code has {length} letters and digits."
    if len(symbols) != length:
        return f"A code has {length} letters and digits, and this has {len(symbols)}."
    strange = [each for each in dict.fromkeys(symbols) if each not in _SYMBOLS][:_NAMED_AT_MOST]
    shown = " and no ".join(each if each.isascii() else named(each) for each in strange)
    return f"There is no {shown} in a code. It has the letters A to Z without I, L and O, and the digits 2 to 9."
