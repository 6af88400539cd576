"""Refuse texts that look empty, and names with characters that are not allowed in names.

No rule of this module changes a text. Emoji, joiners, vowel points and accents stay as written.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_IGNORABLE_RANGES: Final = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Default_Ignorable_Code_Point, from https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt."""
_IGNORABLE: Final = frozenset(code for first, last in _IGNORABLE_RANGES for code in range(first, last + 1))
_BLANK: Final = frozenset("\u2800\ufffc\U00013441\U00013442\U0001d159")
"""Symbols that look empty: a Braille cell without dots, the placeholder of an attachment, two hieroglyphic blanks, and
an empty note head.
"""
_VISIBLE_CATEGORIES: Final = frozenset("LNPS")
_UNASSIGNED: Final = "Cn"
_NONCHARACTERS: Final = frozenset(range(0xFDD0, 0xFDF0))
_LAST_OF_A_PLANE: Final = 0xFFFE

_PARTS_OF_OTHERS: Final = frozenset("\u200c\u200d") | {chr(tag) for tag in range(0xE0020, 0xE0080)}
"""Invisible characters that are part of visible symbols: joiners in some scripts and emoji, and tags in some flags."""
_KINDS: Final = {"Cc": "a control character", "Co": "a private character", "Cs": "half a character"}


NOTHING_TO_SEE: Final = "Nothing in this text can be seen."


def is_ignorable(symbol: str) -> bool:
    """Return whether Unicode says to show nothing for this character."""
    return ord(symbol) in _IGNORABLE


def is_visible(symbol: str) -> bool:
    """Return whether this character shows something by itself, unlike a space, an accent or a joiner."""
    if symbol in _BLANK or is_ignorable(symbol):
        return False
    category = unicodedata.category(symbol)
    # An unassigned character counts as visible: it may be an emoji that phones know years before Python does.
    return category[0] in _VISIBLE_CATEGORIES or (category == _UNASSIGNED and not _is_noncharacter(symbol))


def visible(text: str) -> str:
    """Return the text. Raise ValueError if the text has no visible character."""
    if not any(map(is_visible, text)):
        raise ValueError(NOTHING_TO_SEE)
    return text


def visible_name(name: str) -> str:
    """Return the name. Raise ValueError if the name is not valid.

    A valid name is one line with a visible character. Besides visible characters, a name can have spaces, combining
    marks, and invisible parts of visible symbols. It cannot have characters that change the direction of writing.
    """
    visible(name)
    for symbol in name:
        if not _may_stand_in_a_name(symbol):
            raise ValueError(f"A name cannot contain {named(symbol)}. Leave that character out.")
    return name


def named(symbol: str) -> str:
    """Return the code point and the Unicode name of a character as ASCII text."""
    name = unicodedata.name(symbol, "") or _KINDS.get(unicodedata.category(symbol), "an unknown character")
    return f"U+{ord(symbol):04X} ({name})"


def _may_stand_in_a_name(symbol: str) -> bool:
    if is_visible(symbol) or symbol in _PARTS_OF_OTHERS:
        return True
    category = unicodedata.category(symbol)
    return category == "Zs" or category[0] == "M"


def _is_noncharacter(symbol: str) -> bool:
    code = ord(symbol)
    return code in _NONCHARACTERS or code & _LAST_OF_A_PLANE == _LAST_OF_A_PLANE
