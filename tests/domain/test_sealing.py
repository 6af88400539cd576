"""A sealed text opens only with the key and the context with which it was sealed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from rekindle.crypto.sealing import (
    KEY_BYTES,
    SALT_BYTES,
    SCHEME,
    answer_context,
    couple_key_context,
    person_key_context,
    reflection_context,
    seal,
    shared_context,
    solo_context,
    unseal,
)
from rekindle.crypto.vault import CoupleKey, PersonKey
from rekindle.domain.days import Answer, Reflection, ReflectionKind, SharedAnswer, SoloDay
from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid
from rekindle.domain.prompts import PromptRef
from rekindle.errors import VaultError
from testing.builders import a_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.days import Day

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
SALT = bytes(range(100, 132))
CONTEXT = b"context"
HEADER = 1 + 32 + 32

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
places = st.fixed_dictionaries(
    {
        "couple": names,
        "date": st.dates(),
        "pack": names,
        "version": st.integers(1, 10**6),
        "prompt": names,
        "person": names,
    }
)


def context_of(place: Mapping[str, Any]) -> bytes:
    prompt = PromptRef(PackId(place["pack"]), place["version"], PromptId(place["prompt"]))
    return answer_context(CoupleId(place["couple"]), place["date"], prompt, Uid(place["person"]))


@given(keys, salts, st.binary(max_size=3000), st.binary(max_size=100))
def test_a_sealed_text_opens_with_its_key_and_context(key: bytes, salt: bytes, text: bytes, context: bytes) -> None:
    sealed = seal(key, text, context, salt)
    assert unseal(key, sealed, context) == text
    # A sealed text consists of version, salt, commitment, ciphertext and tag.
    assert len(sealed) == HEADER + len(text) + 16
    assert sealed[0] == SCHEME
    assert sealed[1 : 1 + SALT_BYTES] == salt


@given(keys, keys, salts)
def test_another_key_opens_nothing(key: bytes, other: bytes, salt: bytes) -> None:
    sealed = seal(key, b"text", CONTEXT, salt)
    if key != other:
        with pytest.raises(VaultError, match="another key"):
            unseal(other, sealed, CONTEXT)


@given(places, places)
def test_no_two_answers_have_the_same_context(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (context_of(one) == context_of(other)) is (one == other)


@pytest.mark.parametrize("moved", ["couple", "date", "pack", "version", "prompt", "person"])
def test_an_answer_moved_to_another_context_does_not_open(moved: str) -> None:
    place = {
        "couple": "c1",
        "date": dt.date(2026, 3, 2),
        "pack": "starter",
        "version": 1,
        "prompt": "hum",
        "person": "ada",
    }
    other = {"date": dt.date(2026, 3, 3), "version": 2}
    sealed = seal(KEY, b"text", context_of(place), SALT)
    with pytest.raises(VaultError, match="another context"):
        unseal(KEY, sealed, context_of(place | {moved: other.get(moved, "other")}))


@given(places, places)
def test_no_two_sorts_of_key_or_text_have_the_same_context(one: dict[str, Any], other: dict[str, Any]) -> None:
    """An answer, a reflection and a shared answer are sealed with the couple's one key."""

    def contexts(place: dict[str, Any]) -> list[bytes]:
        prompt = PromptRef(PackId(place["pack"]), place["version"], PromptId(place["prompt"]))
        couple, person = CoupleId(place["couple"]), Uid(place["person"])
        of_couple = (answer_context, reflection_context, shared_context)
        return [
            *(each(couple, place["date"], prompt, person) for each in of_couple),
            solo_context(place["date"], prompt, person),
            couple_key_context(couple),
            person_key_context(person),
        ]

    for mine, theirs in combinations(map(set, zip(contexts(one), contexts(other), strict=True)), 2):
        assert mine.isdisjoint(theirs)


def test_names_that_run_together_have_different_contexts() -> None:
    prompt = PromptRef(PackId("p"), 1, PromptId("q"))
    date = dt.date(2026, 3, 2)
    assert answer_context(CoupleId("ab"), date, prompt, Uid("c")) != answer_context(
        CoupleId("a"), date, prompt, Uid("bc")
    )
    assert couple_key_context(CoupleId("a")) != couple_key_context(CoupleId("b"))
    assert not couple_key_context(CoupleId("a")).startswith(b"answer")


def test_no_bit_of_a_sealed_text_can_be_changed() -> None:
    sealed = seal(KEY, b"text", CONTEXT, SALT)
    for index in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[index // 8] ^= 1 << index % 8
        with pytest.raises(VaultError):
            unseal(KEY, bytes(changed), CONTEXT)


def test_no_byte_of_a_sealed_text_can_be_cut_off_or_added() -> None:
    sealed = seal(KEY, b"text", CONTEXT, SALT)
    for end in range(len(sealed)):
        with pytest.raises(VaultError):
            unseal(KEY, sealed[:end], CONTEXT)
    with pytest.raises(VaultError):
        unseal(KEY, sealed + b"\0", CONTEXT)


@pytest.mark.parametrize("scheme", [0, 2, 3, 255])
def test_an_unknown_scheme_is_refused(scheme: int) -> None:
    """Version 2 is reserved for end-to-end encryption. The server must not try to open it."""
    sealed = bytes([scheme]) + seal(KEY, b"text", CONTEXT, SALT)[1:]
    with pytest.raises(VaultError, match="scheme"):
        unseal(KEY, sealed, CONTEXT)


def test_a_ciphertext_that_two_keys_could_open_opens_with_its_own_only() -> None:
    """AES-GCM alone does not bind the key: with two keys one can make a ciphertext whose tag is valid for both.

    Such a pair is easy to make here, with the other key's own message key. Its tag is valid, and still it does not
    open, because it cannot carry the commitments of both keys.
    """
    mine, theirs = _derived(KEY), _derived(OTHER_KEY)
    forged = b""
    for commitment in (mine["commitment"], theirs["commitment"]):
        header = bytes([SCHEME]) + SALT + commitment
        forged = header + AESGCM(theirs["key"]).encrypt(theirs["nonce"], b"forged", header + CONTEXT)
        with pytest.raises(VaultError):
            unseal(KEY, forged, CONTEXT)
    assert unseal(OTHER_KEY, forged, CONTEXT) == b"forged"


def test_the_format_is_what_its_description_says() -> None:
    """Compute the key again with the standard library's HMAC (RFC 5869). Stored texts must open in ten years."""
    derived = _derived(KEY)
    header = b"\x01" + SALT + derived["commitment"]
    expected = header + AESGCM(derived["key"]).encrypt(derived["nonce"], b"text", header + CONTEXT)
    assert seal(KEY, b"text", CONTEXT, SALT) == expected


def test_each_message_has_a_key_and_a_nonce_of_its_own() -> None:
    sealed = [seal(KEY, b"the same text", CONTEXT, hashlib.sha256(bytes([n])).digest()) for n in range(50)]
    for part in (slice(1, 33), slice(33, 65), slice(65, None)):
        assert len({each[part] for each in sealed}) == 50


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_salt_of_another_size_is_a_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(KEY, b"text", CONTEXT, bytes(size))


DAY = a_day()
ADA, BEN = Uid("ada"), Uid("ben")
COUPLE_KEY = CoupleKey(DAY.couple, KEY)


def answered(uid: Uid, sealed: bytes | None) -> Day:
    return replace(DAY, answers={uid: Answer(at=DAY.window.opens_at, revision=1, sealed=sealed)})


@given(texts)
def test_any_answer_comes_back_unchanged_and_does_not_open_as_the_partners(text: str) -> None:
    sealed = COUPLE_KEY.seal_answer(DAY, ADA, text)
    assert COUPLE_KEY.open_answer(answered(ADA, sealed), ADA) == text
    with pytest.raises(VaultError):
        COUPLE_KEY.open_answer(answered(BEN, sealed), BEN)


def reflected(uid: Uid, sealed: bytes | None) -> Day:
    reflection = Reflection(DAY.window.opens_at, ReflectionKind.HEARD, sealed=sealed)
    return replace(DAY, answers={uid: Answer(DAY.window.opens_at, 1, None, reflection=reflection)})


@given(texts)
def test_a_reflection_comes_back_unchanged_and_opens_as_nothing_else(text: str) -> None:
    sealed = COUPLE_KEY.seal_reflection(DAY, ADA, text)
    assert COUPLE_KEY.open_reflection(reflected(ADA, sealed), ADA) == text
    with pytest.raises(VaultError):
        COUPLE_KEY.open_reflection(reflected(BEN, sealed), BEN)
    with pytest.raises(VaultError):
        COUPLE_KEY.open_answer(answered(ADA, sealed), ADA)
    with pytest.raises(VaultError):
        COUPLE_KEY.open_reflection(reflected(ADA, COUPLE_KEY.seal_answer(DAY, ADA, text)), ADA)


SOLO = SoloDay(ADA, DAY.date, DAY.prompt)
OWN_KEY = PersonKey(ADA, KEY)


@given(texts)
def test_a_solo_answer_opens_alone_and_a_shared_one_as_shared(text: str) -> None:
    alone = OWN_KEY.seal_answer(SOLO, text)
    assert OWN_KEY.open_answer(replace(SOLO, answer=Answer(DAY.window.opens_at, 1, alone))) == text
    shared = COUPLE_KEY.seal_shared(SOLO, text)
    kept = SharedAnswer(DAY.couple, ADA, DAY.date, DAY.prompt, shared)
    assert COUPLE_KEY.open_shared(kept) == text
    here = DAY.window.opens_at
    with pytest.raises(VaultError):
        COUPLE_KEY.open_answer(answered(ADA, shared), ADA)
    with pytest.raises(VaultError):
        COUPLE_KEY.open_answer(answered(ADA, alone), ADA)
    for wrong in (replace(kept, sealed=alone), replace(kept, person=BEN), replace(kept, date=dt.date(2026, 3, 3))):
        with pytest.raises(VaultError):
            COUPLE_KEY.open_shared(wrong)
    for key, sealed in ((OWN_KEY, shared), (PersonKey(BEN, KEY), alone)):
        with pytest.raises(VaultError):
            key.open_answer(replace(SOLO, answer=Answer(here, 1, sealed)))


def test_what_was_checked_off_or_not_written_has_no_text() -> None:
    assert COUPLE_KEY.open_answer(answered(ADA, None), ADA) is None
    assert COUPLE_KEY.open_reflection(reflected(ADA, None), ADA) is None
    assert COUPLE_KEY.open_reflection(answered(ADA, None), ADA) is None
    assert OWN_KEY.open_answer(SOLO) is None


def test_a_key_does_not_show_itself() -> None:
    assert repr(KEY)[2:10] not in repr(OWN_KEY)
    assert repr(KEY)[2:10] not in repr(COUPLE_KEY)
    assert DAY.couple in repr(COUPLE_KEY)


def _derived(key: bytes) -> dict[str, bytes]:
    """Return HKDF-SHA256 as RFC 5869 describes it: extract with the salt, then expand in blocks."""
    extracted = hmac.digest(SALT, key, "sha256")
    material, block = b"", b""
    for number in range(1, 4):
        block = hmac.digest(extracted, block + b"rekindle/1" + bytes([number]), "sha256")
        material += block
    return {"key": material[:32], "nonce": material[32:44], "commitment": material[44:76]}
