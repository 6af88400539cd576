"""People can read codes aloud, and codes are understood however they are typed or pasted."""

from __future__ import annotations

import string
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rekindle.domain import invites
from rekindle.domain.codes import ALPHABET, code_from, displayed, read_code
from rekindle.errors import NotACodeError
from rekindle.packs import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTHS = (invites.CODE_LENGTH, lifecycle.CODE_LENGTH)
CODE = "K7MP2QRX9T"
FULL_WIDTH = {ord(symbol): ord(symbol) - 0x21 + 0xFF01 for symbol in string.printable[:94]}

codes = st.sampled_from(LENGTHS).flatmap(lambda length: st.text(ALPHABET, min_size=length, max_size=length))

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\u2066\u2069\u202a\u202e\ufeff\u00ad\ufe0f\u034f\u3164\uffa0"
SPACES = " \t\n\r\u00a0\u2009\u200a\u2028\u2029\u202f\u3000"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u30fc\ufe58\ufe63\uff0d_"
FILLERS = INVISIBLE + SPACES + DASHES + ".*\u00b7"
AROUND = (
    '""', "''", "\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u00ab\u00bb", "\u2039\u203a", "\u300c\u300d", "``",
    "()", "[]", "<>", "{}", "\u3010\u3011", "**", "\u00ab\u00a0\u00a0\u00bb", "\u2068\u2069", "\u202b\u202c",
)  # fmt: skip
ENDS = (".", ". ", "!", "\u2026", "\u3002", ",", ";", "\n", "\r\n", " \u2764\ufe0f", "\u200f", "\uff0e", "\u2014")
LINKS = (
    "https://app.example/join#{}",
    "app.example/join#{}",
    "https://app.example/join#{}?utm_source=share",
    "https://app.example/join?utm_campaign=UNDERSTAND#{}",
    "rekindle://join/{}",
    "https://app.example/j/{}?from=mail",
    "https://app.example/join/{}/",
    "https://app.example/join?utm_source=mail&code={}",
    "https://app.example/#/join/{}",
    "https://app.example/join%23{}",
    "[Join me](https://app.example/join#{})",
)
WORDS = (
    "Join me on Rekindle: {} See you there!",
    "\u201cCome, we do this together\u201d \u2764\ufe0f\n\n{}\n\nSent from my phone",
    "Get it at https://store.example/apps/details?id=app.rekindle and then open {}.",
    "{} expires on 3/3/2026",
    "Everybody understands the restaurant: {}",
)
FOREIGN_LINKS = (
    "https://example.org",
    "https://app.harbor.org/",
    "https://example.org/{}",
    "https://example.org/watch/{}?t=5",
    "https://example.org/?ref={}",
    "example.org/{}",
    "(sent via https://example.org/{})",
    "https://{}.example.org",
    "https://example.org/trust#references",
)

messages = st.builds(
    lambda words, link: words.replace("{}", link), st.sampled_from(WORDS), st.sampled_from(["{}", *LINKS])
)
foreign_links = st.lists(st.builds(str.format, st.sampled_from(FOREIGN_LINKS), codes), max_size=2)


@st.composite
def decorations(draw: st.DrawFn) -> Callable[[str], str]:
    """Draw one change that a keyboard, a chat or a mail makes to a code."""
    filler, around, end = draw(st.sampled_from(FILLERS)), draw(st.sampled_from(AROUND)), draw(st.sampled_from(ENDS))
    half = len(around) // 2
    ways: list[Callable[[str], str]] = [
        str.lower,
        str.swapcase,
        filler.join,
        lambda text: f"{text[:4]}{filler}{text[4:]}",
        lambda text: f"{filler}{text}{filler}",
        lambda text: f"{around[:half]}{text}{around[half:]}",
        lambda text: text + end,
        lambda text: text.translate(FULL_WIDTH),
    ]
    return draw(st.sampled_from(ways))


def test_the_alphabet_has_31_symbols_that_nobody_mixes_up() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 31
    assert set(ALPHABET) == set(string.digits + string.ascii_uppercase) - set("01OIL")


@given(st.binary(min_size=16, max_size=64), st.sampled_from(LENGTHS))
def test_a_code_has_its_length_and_symbols_of_the_alphabet(entropy: bytes, length: int) -> None:
    code = code_from(entropy, length)
    assert len(code) == length
    assert set(code) <= set(ALPHABET)
    assert code_from(entropy, length) == code


@given(codes)
def test_every_code_can_come_up(code: str) -> None:
    number = sum(ALPHABET.index(symbol) * 31**place for place, symbol in enumerate(code))
    assert code_from(number.to_bytes(16), len(code)) == code


def test_each_symbol_comes_up_as_often_as_any_other_in_every_place() -> None:
    """31 consecutive numbers differ only in the first symbol, so each symbol comes up once there."""
    first_symbols = Counter(code_from(number.to_bytes(16), 10)[0] for number in range(31 * 20))
    assert set(first_symbols.values()) == {20}


@given(st.binary(max_size=15))
def test_too_little_randomness_makes_no_code(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        code_from(entropy, 10)


@given(codes)
def test_a_code_reads_back_as_it_is_displayed(code: str) -> None:
    shown = displayed(code)
    assert shown.replace("-", "") == code
    assert read_code(shown, len(code)) == read_code(code, len(code)) == code


@given(codes, st.lists(decorations(), max_size=4))
def test_a_code_is_read_through_everything_that_paste_and_keyboards_do_to_it(
    code: str, decorated: list[Callable[[str], str]]
) -> None:
    text = code
    for decoration in decorated:
        text = decoration(text)
    assert read_code(text, len(code)) == code


@given(codes, st.sampled_from(LINKS), st.sampled_from([None, *WORDS]), st.sampled_from(ENDS), st.sampled_from(AROUND))
def test_a_code_is_read_from_a_link_alone_or_in_a_message(
    code: str, link: str, words: str | None, end: str, around: str
) -> None:
    half = len(around) // 2
    text = f"{around[:half]}{link.format(code)}{around[half:]}{end}"
    assert read_code(words.format(text) if words else text, len(code)) == code


@given(codes, st.sampled_from(LINKS))
@example("ABCDEFGH", "https://app.example/j/{}?from=mail")
def test_a_code_is_read_from_a_link_in_small_letters(code: str, link: str) -> None:
    assert read_code(link.format(code).lower(), len(code)) == code


@given(codes, messages, foreign_links, st.permutations([0, 1, 2]), st.sampled_from(("\n", " ")))
def test_a_code_is_read_among_words_and_foreign_links(
    code: str, message: str, links: list[str], order: list[int], between: str
) -> None:
    texts = [message.format(code), *links]
    assert read_code(between.join(texts[place] for place in order if place < len(texts)), len(code)) == code


@given(codes, messages, messages)
def test_two_different_codes_are_refused(code: str, first: str, second: str) -> None:
    other = code.translate(str.maketrans(ALPHABET, ALPHABET[1:] + ALPHABET[:1]))
    assert reading(f"{first.format(code)}\n{second.format(other)}", len(code)) == "This text has more than one code."


@pytest.mark.parametrize(
    "text",
    [
        "K7MP2-QRX9T (sent via https://example.org/ABCDEFGHJK)",
        "K7MP2-QRX9T\nhttps://app.harbor.org",
        "Join me: K7MP2-QRX9T",
        "join me: k7mp2-qrx9t",
        "Code:K7MP2QRX9T",
        "My code is K7MP2\u2013QRX9T, see you there",
        "\u6211\u7684\u9080\u8bf7\u7801\uff1aK7MP2-QRX9T\uff0c\u5feb\u6765",
        "My code: K7MP2-QRX9T https://app.example/join#K7MP2QRX9T",
        "https://app.example/join#K7MP2\nQRX9T",
        "https://app.exam\nple/join#K7MP2QRX9T",
        "https://app.example/join#K7MP2-QRX9T",
        "https://app.example/join#k7mp2qrx9t",
        "https://app.example/join#\u200bK7MP2QRX9T\u200b",
        "\uff48ttps://app.example/join\uff03K7MP2QRX9T",
        quote("https://app.example/join#K7MP2QRX9T", safe=""),
        "https://app.example/join#K7MP2QRX9T https://app.example/join#K7MP2QRX9T",
        "K7MP2/QRX9T",
        "K\u0667MP2QRX9T",  # of an Arabic keyboard
        "K\u096dMP2QRX9T",  # of a Hindi keyboard
        "\u24c0\u2466MP2QRX9T",
    ],
)
def test_a_code_is_read_however_oddly_it_is_written(text: str) -> None:
    assert read_code(text, 10) == CODE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("K7MP2-QRX9O", "A code never contains O. It has the letters A to Z without I, L and O, and the digits"),
        ("k7mp2-qrx9o", "A code never contains O."),
        ("K7MPI-QRX91", "A code never contains I or 1."),
        ("\u041a7MP2-QRX9T", "A code never contains U+041A (CYRILLIC CAPITAL LETTER KA)."),
        ("K7MP2-QRX9\u00df", "A code never contains U+00DF (LATIN SMALL LETTER SHARP S)."),
        ("K7MP2-QRX\u0131T", "A code never contains U+0131 (LATIN SMALL LETTER DOTLESS I)."),
        ("ABCDE-FGHJ", "A code has 10 letters and digits. This has 9."),
        ("ABCDE-FGHJKM", "A code has 10 letters and digits. This has 11."),
        ("A" * 1_000, "A code has 10 letters and digits. This has 1000."),
        ("My code is K7MP2-QRX9", "A code has 10 letters and digits. This has 17."),
        ("A restaurant: K7MP2-QRX9O", "A code has 10 letters and digits. This has 21."),
        ("", "This text has no code. A code has 10 letters and digits."),
        ("\u200b \u3164 -", "This text has no code. A code has 10 letters and digits."),
        ("https://app.example/join", "The link has no complete code of 10 letters and digits."),
        ("https://app.example/join#K7MP2QRX9", "The link has no complete code of 10 letters and digits."),
        ("See the page https://app.example/join", "The link has no complete code of 10 letters and digits."),
        ("https://example.org/ABCDEFGHJK", "The link has no complete code of 10 letters and digits."),
        ("K7MP2-QRX9T or 22222-22222", "This text has more than one code."),
        ("K7MP2-QRX9T https://a.example/join/22222-22222", "This text has more than one code."),
        ("https://a.example/#K7MP2QRX9T https://a.example/#22222-22222", "This text has more than one code."),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_a_code_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(NotACodeError) as refusal:
        read_code(text, 10)
    assert str(refusal.value).startswith(reason)


@given(st.text() | st.text(string.printable + FILLERS + "/#%?"), st.sampled_from(LENGTHS))
def test_any_pasted_text_gives_a_code_or_one_sentence(text: str, length: int) -> None:
    outcome = reading(text, length)
    if len(outcome) == length:
        assert set(outcome) <= set(ALPHABET)
        assert read_code(outcome, length) == outcome
    else:
        assert outcome.isprintable()
        assert outcome.endswith(".")
        assert len(outcome) < 300


def reading(text: str, length: int) -> str:
    """Return the code, or the sentence that says why the text is no code."""
    try:
        return read_code(text, length)
    except NotACodeError as refusal:
        return str(refusal)
