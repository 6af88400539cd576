"""The words of a pairing are easy to say, easy to tell apart, and depend on every byte that is used."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.ids import Language
from rekindle.domain.three_words import COUNT, WORDS, three_words


def plain(word: str) -> str:
    """Return the word without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))


def is_near(one: str, other: str) -> bool:
    """Return whether one letter too much, too little or another one turns a word into the other."""
    start = next((at for at, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) == 2), len(one))
    rest, others = one[start:], other[start:]
    return rest[1:] in {others, others[1:]} or rest == others[1:]


@pytest.mark.parametrize("language", WORDS)
def test_each_byte_has_a_short_word_of_small_letters(language: Language) -> None:
    assert len(set(WORDS[language])) == len(WORDS[language]) == 256
    assert [word for word in WORDS[language] if not (word.isalpha() and word.islower() and 3 <= len(word) <= 10)] == []
    assert [word for word in WORDS[language] if unicodedata.normalize("NFC", word) != word] == []


@pytest.mark.parametrize("language", WORDS)
def test_no_word_becomes_another_by_one_letter_or_an_accent(language: Language) -> None:
    assert [pair for pair in itertools.combinations(map(plain, WORDS[language]), 2) if is_near(*pair)] == []


@given(st.binary(min_size=COUNT, max_size=32), st.binary(min_size=COUNT, max_size=32))
def test_two_secrets_have_the_same_words_only_if_their_first_bytes_are_the_same(one: bytes, other: bytes) -> None:
    for language in WORDS:
        same = three_words(one, language) == three_words(other, language)
        assert same == (one[:COUNT] == other[:COUNT])


def test_a_language_without_words_of_its_own_gets_english_ones() -> None:
    assert three_words(b"abc", Language("sw")) == three_words(b"abc", Language("en"))
    assert len(three_words(b"abc", Language("en"))) == COUNT
