"""Invisible texts are refused, and every character that a script or an emoji needs is kept."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Annotated

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from pydantic import StringConstraints, TypeAdapter, ValidationError

from rekindle.domain.characters import is_ignorable, is_visible, named, visible, visible_name
from rekindle.domain.texts import UNFIT, VISIBLE, VISIBLE_NAME

EVERY_CHARACTER = tuple(map(chr, range(sys.maxunicode + 1)))
BLANKS = "\u2800\ufffc\U00013441\U00013442\U0001d159"
SHOWN_IN_SPITE_OF_THEIR_NAMES = {
    "\u2422": "BLANK SYMBOL",
    "\ua8f9": "DEVANAGARI GAP FILLER",
    "\U00010af6": "MANICHAEAN PUNCTUATION LINE FILLER",
    "\U0001144e": "NEWA GAP FILLER",
    "\U00011945": "DIVES AKURU GAP FILLER",
    "\U00011c44": "BHAIKSUKI GAP FILLER-1",
    "\U00011c45": "BHAIKSUKI GAP FILLER-2",
    "\U00011f48": "KAWI PUNCTUATION SPACE FILLER",
}
"""Characters that are visible: a picture of a blank, and strokes that fill a line."""
INVISIBLE_KINDS = r"[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{C}\p{M}\p{Z}--\p{Cn}]"
NOTHING = st.text(
    st.sampled_from(
        "\u3164\u115f\u1160\uffa0\u2800\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f"
        "\ufe0e\ufe0f\U000e0100\U000e0041\U000e007f\u0301\u0489\u20e3\u093e\u00a0\u2003\u2028\u2029\u3000\u1680\x00\x1b"
        "\x7f\x85\n\t\ue000\U000f0000\ufffe\ufdd0\ufff0\ufffc\u180e\u17b4\u061c\U0001d159\U0001d173\U0001bca0"
    ),
    min_size=1,
)
WRITTEN = (
    *("a", "Zoë", "e\u0301va", "Ж", "Ω", "李雷", "あ", "ひらがな", "한글", "\u1100\u1161", "ไทย", "ក", "မြန်မာ", "አማርኛ"),
    *("Ꮳ", "ᓀ", "նա", "ქართული", "தமிழ்", "नमस्ते", "क\u094d\u200dष", "র\u200d্য", "ශ්\u200dරී", "محمد", "بوخ\u200cبن"),
    *("שָׁלֹם", "\u200fשלם\u200f", "ދިވެހި", "ᠮᠣᠩᠭᠣᠯ\u180b", "བོད", "𐌰", "𞤀", "߁", "7", "٣", "!", "?", "…", "<3", ":)"),
    *("€", "♾", "❤️", "❤", "👩🏽\u200d🚀", "👨\u200d👩\u200d👧\u200d👦", "🇧🇷", "1️⃣", "🫶", "\U0001fae9", "\U0001fadd"),
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    *("¯\\_(ツ)_/¯", "O\u2019Neil", "a\u202eb", "سلم \u2066Ada\u2069"),
)
"""Words and signs of many scripts. Some are in a newer Unicode than Python's."""


def test_our_table_is_unicodes_own() -> None:
    """The package `regex` has its own copy of Unicode's properties."""
    ignorable = regex.compile(r"\p{Default_Ignorable_Code_Point}")
    assert [each for each in EVERY_CHARACTER if is_ignorable(each)] == ignorable.findall("".join(EVERY_CHARACTER))


def test_a_character_is_visible_exactly_if_it_shows_something() -> None:
    everything = "".join(EVERY_CHARACTER)
    nothing = {*regex.findall(INVISIBLE_KINDS, everything, regex.VERSION1), *BLANKS}
    unknown = {each for each in EVERY_CHARACTER if unicodedata.category(each) == "Cn"}
    seen = {each for each in EVERY_CHARACTER if is_visible(each)}
    assert seen & nothing <= unknown, "some of a newer Unicode than Python's are marks"
    assert {*EVERY_CHARACTER} - seen - nothing <= unknown, "and some are no characters at all"


def test_a_character_named_blank_filler_or_invisible_shows_nothing_except_known_ones() -> None:
    """If a newer Unicode has such a character, look at its glyph in the code charts. Add it here or to the rule."""
    suspects = {
        each: name
        for each in EVERY_CHARACTER
        if (name := unicodedata.name(each, "")) and {"BLANK", "FILLER", "INVISIBLE"} & {*re.split("[ -]", name)}
    }
    assert {each: name for each, name in suspects.items() if is_visible(each)} == SHOWN_IN_SPITE_OF_THEIR_NAMES


@given(NOTHING)
def test_text_that_shows_nothing_is_refused(text: str) -> None:
    for rule in (visible, visible_name):
        with pytest.raises(ValueError, match="Nothing in this text can be seen"):
            rule(text)


@given(NOTHING | st.just(""), st.sampled_from(WRITTEN), NOTHING | st.just(""))
def test_text_with_something_to_see_is_kept_as_it_is(before: str, written: str, after: str) -> None:
    text = before + written + after
    assert visible(text) is text


@given(st.text(min_size=1))
def test_text_is_refused_exactly_if_none_of_it_is_visible(text: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[str, VISIBLE])
    if any(map(is_visible, text)):
        assert adapter.validate_python(text) == text
    else:
        with pytest.raises(ValidationError) as refusal:
            adapter.validate_python(text)
        assert [each["type"] for each in refusal.value.errors()] == [UNFIT]


@pytest.mark.parametrize("name", [each for each in WRITTEN if not set(each) & set("\u200f\u202e\u2066\u2069")])
def test_a_name_of_any_script_is_kept_as_it_is(name: str) -> None:
    assert visible_name(name) is name


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("Ada\nLovelace", "U+000A (a control character)"),
        ("Ada\x1b[31m", "U+001B (a control character)"),
        ("Ada\u202egpj", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("\u2066Ada", "U+2066 (LEFT-TO-RIGHT ISOLATE)"),
        ("Ada\u200b", "U+200B (ZERO WIDTH SPACE)"),
        ("Ada\u3164", "U+3164 (HANGUL FILLER)"),
        ("Ada\uffa0", "U+FFA0 (HALFWIDTH HANGUL FILLER)"),
        ("Ada\u2800", "U+2800 (BRAILLE PATTERN BLANK)"),
        ("Ada\u00ad", "U+00AD (SOFT HYPHEN)"),
        ("Ada\u2028L", "U+2028 (LINE SEPARATOR)"),
        ("Ada\ue000", "U+E000 (a private character)"),
        ("Ada\uffff", "U+FFFF (an unknown character)"),
        ("Ada\ufffc", "U+FFFC (OBJECT REPLACEMENT CHARACTER)"),
    ],
)
def test_a_name_that_has_a_refused_character_is_told_which(name: str, character: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(Annotated[str, VISIBLE_NAME]).validate_python(name)
    assert [each["msg"] for each in refusal.value.errors()] == [
        f"A name cannot contain {character}. Leave that character out."
    ]


@given(st.characters())
def test_a_character_is_named_in_plain_letters(symbol: str) -> None:
    assert named(symbol).isascii()
    assert named(symbol).isprintable()


def test_a_schema_says_so() -> None:
    schema = TypeAdapter(Annotated[str, StringConstraints(min_length=1, max_length=9), VISIBLE]).json_schema()
    assert schema == {
        "type": "string",
        "minLength": 1,
        "maxLength": 9,
        "pattern": r"\S",
        "description": VISIBLE.description,
    }
