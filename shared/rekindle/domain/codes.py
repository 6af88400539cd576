"""Make the codes of invites and packs, and read them from what a person types or pastes.

Codes are hard to guess, but easy to read aloud and to type.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from rekindle.domain.characters import is_ignorable, named
from rekindle.errors import NotACodeError

if TYPE_CHECKING:
    from collections.abc import Iterable

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 symbols. The alphabet has no 0, O, 1, I and L, because people confuse these most easily."""

_ENTROPY_BYTES: Final = 16
_SYMBOLS: Final = frozenset(ALPHABET)
_WRITTEN: Final = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No"})
"""Unicode categories of letters and digits. Punctuation, spaces and emoji are not part of a code."""
_NAMED_AT_MOST: Final = 3
_WORD: Final = r"[\w\u2010-\u2015\u2043\u2212-]+"
"""A word of letters, digits, hyphens and dashes."""
_LINK: Final = re.compile(
    r"""(?<![a-z\d+.-])[a-z\d+.-]++://[^\s"<>]*|(?<![\w.-])[\w-]++(?:\.[\w-]++)++/[^\s"<>]*""", re.IGNORECASE
)
"""A link with a scheme, such as `https://a.example`, or a link without a scheme, such as `a.example/join`.

The pattern matches only from the beginning of a word, and does not backtrack inside the word (`++`). So the time of a
search grows only linearly with the length of the text.
"""
_BEFORE_A_CODE: Final = re.compile(r"#|\bj(?:oin)?/|[?&]code=", re.IGNORECASE)
_IN_A_LINK: Final = re.compile(rf"(?:{_BEFORE_A_CODE.pattern})({_WORD})", re.IGNORECASE)
"""A code in a link: in the link's fragment, in its path after /join/ or /j/, or in its parameter `code`."""


def code_from(entropy: bytes, length: int) -> str:
    """Return a code of `length` symbols, made from random bytes.

    All codes of ten symbols are practically equally likely, because 16 bytes have far more values than there are codes.
    Raise ValueError if there are fewer than 16 bytes.
    """
    if len(entropy) < _ENTROPY_BYTES:
        raise ValueError(f"a code takes at least {_ENTROPY_BYTES} random bytes, not {len(entropy)}")
    rest = int.from_bytes(entropy)
    symbols = []
    for _ in range(length):
        rest, index = divmod(rest, len(ALPHABET))
        symbols.append(ALPHABET[index])
    return "".join(symbols)


def displayed(code: str, groups: int = 2) -> str:
    """Return the code as people read it: in groups of the same size."""
    size = len(code) // groups
    return "-".join(code[start : start + size] for start in range(0, len(code), size))


def read_code(text: str, length: int) -> str:
    """Return the code that a person typed or pasted.

    Read only letters and digits. An upper-case, a lower-case and a wide letter (of an East Asian keyboard) are the
    same. The code may be part of a link, a word outside of links, or the whole text. Do not read 0 as O, or 1 as I,
    because codes contain none of these. Raise NotACodeError if the text has no code or more than one code. The error's
    message is a sentence for the person.
    """
    plain = _plain(text)
    linked = _IN_A_LINK.findall(plain)
    words = re.findall(_WORD, _LINK.sub(" ", plain))
    # A code may contain a space or a line break, but only if the code is the whole text, or everything after the match
    # of `_BEFORE_A_CODE` in a link.
    cut = [plain, _BEFORE_A_CODE.split(plain)[-1]]
    for texts in (filter(_may_be_code, [*linked, *words]), linked, cut):
        codes = _codes_among(texts, length)
        if len(codes) > 1:
            raise NotACodeError("This text has more than one code.")
        if codes:
            return codes[0]
    if "://" in plain:
        raise NotACodeError(f"The link has no complete code of {length} letters and digits.")
    raise NotACodeError(_reason(_symbols_in(plain), length))


def _plain(text: str) -> str:
    """Return the text URL-decoded, without invisible characters, and with letters and digits in one width."""
    seen = "".join(symbol for symbol in unquote(text) if not is_ignorable(symbol))
    # Keyboards for Arabic, Hindi or Thai type other characters for the digits 0 to 9.
    digits = "".join(str(unicodedata.decimal(symbol, symbol)) for symbol in seen)
    return unicodedata.normalize("NFKC", digits)


def _symbols_in(text: str) -> str:
    symbols = "".join(symbol for symbol in text if unicodedata.category(symbol) in _WRITTEN)
    # Change the case of ASCII only: some other letters, such as the dotless i, have an ASCII letter as their capital.
    return "".join(symbol.upper() if symbol.isascii() else symbol for symbol in symbols)


def _codes_among(texts: Iterable[str], length: int) -> list[str]:
    """Return the texts that are codes, each code once."""
    distinct = dict.fromkeys(map(_symbols_in, texts))
    return [symbols for symbols in distinct if len(symbols) == length and _SYMBOLS.issuperset(symbols)]


def _may_be_code(word: str) -> bool:
    """Return whether a word has a digit or only capital letters. This excludes ordinary words such as `everywhere`."""
    return word.isupper() or any(map(str.isdigit, word))


def _reason(symbols: str, length: int) -> str:
    if not symbols:
        return f"This text has no code. A code has {length} letters and digits."
    if len(symbols) != length:
        return f"A code has {length} letters and digits. This has {len(symbols)}."
    strange = [each for each in dict.fromkeys(symbols) if each not in _SYMBOLS][:_NAMED_AT_MOST]
    shown = " or ".join(each if each.isascii() else named(each) for each in strange)
    return f"A code never contains {shown}. It has the letters A to Z without I, L and O, and the digits 2 to 9."
