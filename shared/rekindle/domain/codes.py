"""Codes of couples and of practices: easy to read aloud and to type, hard to guess, readable however pasted."""

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
"""31 symbols that cannot be confused with each other: no 0 or O, and no 1, I or L."""

_ENTROPY_BYTES: Final = 16
_SYMBOLS: Final = frozenset(ALPHABET)
_WRITTEN: Final = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No"})
"""Unicode categories of letters and digits. Punctuation, spaces and emoji are no part of a code."""
_NAMED_AT_MOST: Final = 3
_WORD: Final = r"[\w\u2010-\u2015\u2043\u2212-]+"
"""Letters and digits, with hyphens and dashes among them."""
_LINK: Final = re.compile(
    r"""(?<![a-z\d+.-])[a-z\d+.-]++://[^\s"<>]*|(?<![\w.-])[\w-]++(?:\.[\w-]++)++/[^\s"<>]*""", re.IGNORECASE
)
"""A link with its scheme, or a host and a path. Each match begins with a run of characters, so the time is linear."""
_BEFORE_A_CODE: Final = re.compile(r"#|\bj(?:oin)?/|[?&]code=", re.IGNORECASE)
_IN_A_LINK: Final = re.compile(rf"(?:{_BEFORE_A_CODE.pattern})({_WORD})", re.IGNORECASE)
"""A link has the code in its fragment, in its path after /join/ or /j/, or in its parameter `code`."""


def code_from(entropy: bytes, length: int) -> str:
    """Return the code made from these random bytes.

    16 bytes have so many more values than there are codes that each code is equally likely, to 1 in 2**78. Raise
    ValueError if there are fewer than 16 bytes.
    """
    if len(entropy) < _ENTROPY_BYTES:
        raise ValueError(f"a code takes at least {_ENTROPY_BYTES} random bytes, not {len(entropy)}")
    rest = int.from_bytes(entropy)
    symbols = []
    for _ in range(length):
        rest, index = divmod(rest, len(ALPHABET))
        symbols.append(ALPHABET[index])
    return "".join(symbols)


def displayed(code: str) -> str:
    """Return the code as people read it, in two groups."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"


def read_code(text: str, length: int) -> str:
    """Return the code that a person typed or pasted.

    Only letters and digits count, in either case and any width. The code may be inside a link, or a word outside of
    links. No symbol is replaced by a similar one: codes have neither 0 nor O, and none of 1, I and L. Raise
    NotACodeError if the text cannot be a code. The message is a sentence for the person.
    """
    plain = _plain(text)
    linked = _IN_A_LINK.findall(plain)
    words = re.findall(_WORD, _LINK.sub(" ", plain))
    # A code with a space or a line break inside stands alone, or at the end of its link.
    cut = [plain, _BEFORE_A_CODE.split(plain)[-1]]
    for texts in (filter(_is_no_prose, [*linked, *words]), linked, cut):
        codes = _codes_among(texts, length)
        if len(codes) > 1:
            raise NotACodeError("This text has more than one code.")
        if codes:
            return codes[0]
    if "://" in plain:
        raise NotACodeError(f"The link has no whole code of {length} letters and digits.")
    raise NotACodeError(_reason(_symbols_in(plain), length))


def _plain(text: str) -> str:
    """Return the text without invisible characters, in letters and digits of one width."""
    seen = "".join(symbol for symbol in unquote(text) if not is_ignorable(symbol))
    # Keyboards for Arabic, Hindi or Thai type the same digits as other characters.
    digits = "".join(str(unicodedata.decimal(symbol, symbol)) for symbol in seen)
    return unicodedata.normalize("NFKC", digits)


def _symbols_in(text: str) -> str:
    symbols = "".join(symbol for symbol in text if unicodedata.category(symbol) in _WRITTEN)
    # Change the case of ASCII only: some other letters, such as the dotless i, have an ASCII letter as their capital.
    return "".join(symbol.upper() if symbol.isascii() else symbol for symbol in symbols)


def _codes_among(texts: Iterable[str], length: int) -> list[str]:
    """Return each code once that is the whole of a text."""
    found = dict.fromkeys(map(_symbols_in, texts))
    return [symbols for symbols in found if len(symbols) == length and _SYMBOLS.issuperset(symbols)]


def _is_no_prose(word: str) -> bool:
    """Return whether a word may be a code: it has a digit or is all in capitals, unlike `everywhere`."""
    return word.isupper() or any(map(str.isdigit, word))


def _reason(symbols: str, length: int) -> str:
    if not symbols:
        return f"This text has no code. A code has {length} letters and digits."
    if len(symbols) != length:
        return f"A code has {length} letters and digits. This has {len(symbols)}."
    strange = [each for each in dict.fromkeys(symbols) if each not in _SYMBOLS][:_NAMED_AT_MOST]
    shown = " or ".join(each if each.isascii() else named(each) for each in strange)
    return f"A code never contains {shown}. It has the letters A to Z without I, L and O, and the digits 2 to 9."
