"""A sealed text opens only with the key and the context with which it was sealed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from rekindle.crypto.sealing import (
    AUTHORS_KEY,
    KEY_BYTES,
    SALT_BYTES,
    SHORT_SALT_BYTES,
    SINGLE_KEY,
    answer_context,
    author_key_context,
    couple_key_context,
    person_key_context,
    reflection_context,
    seal,
    seal_text,
    shared_context,
    solo_context,
    unseal,
    unseal_text,
)
from rekindle.crypto.vault import Vault
from rekindle.domain.days import Answer, Reflection, ReflectionKind, SharedAnswer, SoloDay
from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid
from rekindle.domain.prompts import PromptRef
from rekindle.errors import VaultError
from testing.builders import a_day
from testing.memory_kms import MemoryKms
from testing.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.days import Day

DAY = a_day()
ADA, BEN = Uid("ada"), Uid("ben")
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
SALT = bytes(range(100, 132))
CONTEXT = b"context"
SHORT_SALT = SALT[:16]
HEADER, SHORT_HEADER = 1 + 32 + 32, 1 + 16 + 32

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
short_salts = st.binary(min_size=SHORT_SALT_BYTES, max_size=SHORT_SALT_BYTES)
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
        "revision": st.integers(1, 10**6),
        "share_first": st.booleans(),
    }
)


def context_of(place: Mapping[str, Any]) -> bytes:
    prompt = PromptRef(PackId(place["pack"]), place["version"], PromptId(place["prompt"]))
    answer = Answer(DAY.window.opens_at, place["revision"], None, share_first=place["share_first"])
    return answer_context(CoupleId(place["couple"]), place["date"], prompt, Uid(place["person"]), answer)


@given(keys, salts, st.binary(max_size=3000), st.binary(max_size=100))
def test_a_sealed_text_opens_with_its_key_and_context(key: bytes, salt: bytes, text: bytes, context: bytes) -> None:
    sealed = seal(key, text, context, salt)
    assert unseal(key, sealed, context) == text
    # A sealed text consists of version, salt, commitment, ciphertext and tag.
    assert len(sealed) == HEADER + len(text) + 16
    assert sealed[0] == SINGLE_KEY
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


@pytest.mark.parametrize("moved", ["couple", "date", "pack", "version", "prompt", "person", "revision", "share_first"])
def test_an_answer_moved_to_another_context_does_not_open(moved: str) -> None:
    place = {
        "couple": "c1",
        "date": dt.date(2026, 3, 2),
        "pack": "starter",
        "version": 1,
        "prompt": "hum",
        "person": "ada",
        "revision": 1,
        "share_first": False,
    }
    other = {"date": dt.date(2026, 3, 3), "version": 2, "revision": 2, "share_first": True}
    sealed = seal(KEY, b"text", context_of(place), SALT)
    with pytest.raises(VaultError, match="another context"):
        unseal(KEY, sealed, context_of(place | {moved: other.get(moved, "other")}))


@given(places, places)
def test_no_two_sorts_of_key_or_text_have_the_same_context(one: dict[str, Any], other: dict[str, Any]) -> None:
    """An author's answers, reflections and shared answers are sealed with one key."""

    def contexts(place: dict[str, Any]) -> list[bytes]:
        prompt = PromptRef(PackId(place["pack"]), place["version"], PromptId(place["prompt"]))
        couple, person = CoupleId(place["couple"]), Uid(place["person"])
        of_couple = (reflection_context, shared_context)
        return [
            context_of(place),
            *(each(couple, place["date"], prompt, person) for each in of_couple),
            solo_context(place["date"], prompt, person, place["revision"]),
            couple_key_context(couple),
            author_key_context(couple, person),
            person_key_context(person),
        ]

    for mine, theirs in combinations(map(set, zip(contexts(one), contexts(other), strict=True)), 2):
        assert mine.isdisjoint(theirs)


def test_names_that_run_together_have_different_contexts() -> None:
    prompt = PromptRef(PackId("p"), 1, PromptId("q"))
    date = dt.date(2026, 3, 2)
    assert reflection_context(CoupleId("ab"), date, prompt, Uid("c")) != reflection_context(
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


@pytest.mark.parametrize("scheme", [0, 2, AUTHORS_KEY, 255])
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
        header = bytes([SINGLE_KEY]) + SALT + commitment
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


@given(keys, short_salts, st.text(st.characters(exclude_categories=["Cs"]), max_size=2000))
def test_the_length_of_a_sealed_text_is_a_step(key: bytes, salt: bytes, text: str) -> None:
    """The steps have 64 bytes up to 512 bytes, and 256 bytes above. One byte is the mark where the text ends."""
    sealed = seal_text(key, text, CONTEXT, salt)
    padded = len(sealed) - SHORT_HEADER - 16
    assert padded % (64 if padded <= 512 else 256) == 0
    assert 0 < padded - len(text.encode()) <= (64 if padded <= 512 else 256)
    assert unseal_text(key, sealed, CONTEXT) == text


@pytest.mark.parametrize(("size", "padded"), [(0, 64), (63, 64), (64, 128), (511, 512), (512, 768), (1023, 1024)])
def test_a_text_takes_the_smallest_step_that_holds_it(size: int, padded: int) -> None:
    assert len(seal_text(KEY, "a" * size, CONTEXT, SHORT_SALT)) == SHORT_HEADER + padded + 16


@pytest.mark.parametrize("plaintext", [b"", b"\0" * 64, b"text\x80\x01", b"text"])
def test_a_text_without_its_padding_is_refused(plaintext: bytes) -> None:
    with pytest.raises(VaultError, match="padding"):
        unseal_text(KEY, seal(KEY, plaintext, CONTEXT, SHORT_SALT, AUTHORS_KEY), CONTEXT)


@pytest.fixture(scope="module", params=[SINGLE_KEY, AUTHORS_KEY])
def vault(request: pytest.FixtureRequest) -> Vault:
    """Make a vault with the keys of Ada and Ben, in each scheme."""
    memory: Any = MemoryTable()
    made = Vault(cast("Any", MemoryKms()), "key", memory, memory, request.param)
    memory.write(made.new_keys(DAY.couple, [ADA, BEN]))
    return made


def answered(vault: Vault, uid: Uid, text: str, **changes: Any) -> Day:
    answer = Answer(at=DAY.window.opens_at, revision=1, sealed=None)
    sealed = vault.couple_keys(DAY.couple).seal_answer(DAY, uid, answer, text)
    return replace(DAY, answers={uid: replace(sealed, **changes)})


def moved(day: Day, to: Uid) -> Day:
    (answer,) = day.answers.values()
    return replace(day, answers={to: answer})


@given(texts)
def test_any_answer_comes_back_unchanged_and_does_not_open_as_the_partners(vault: Vault, text: str) -> None:
    keys, day = vault.couple_keys(DAY.couple), answered(vault, ADA, text)
    assert keys.open_answer(day, ADA) == text
    with pytest.raises(VaultError):
        keys.open_answer(moved(day, BEN), BEN)


def test_nobody_who_can_only_write_rows_opens_an_answer_early_or_brings_an_old_one_back() -> None:
    vault = Vault(cast("Any", MemoryKms()), "key", cast("Any", MemoryTable()), cast("Any", MemoryTable()))
    vault.table.write(vault.new_keys(DAY.couple, [ADA, BEN]))
    keys = vault.couple_keys(DAY.couple)
    for changes in ({"share_first": True}, {"revision": 2}):
        with pytest.raises(VaultError):
            keys.open_answer(answered(vault, ADA, "text", **changes), ADA)


def reflected(uid: Uid, sealed: bytes | None) -> Day:
    reflection = Reflection(DAY.window.opens_at, ReflectionKind.HEARD, sealed=sealed)
    return replace(DAY, answers={uid: Answer(DAY.window.opens_at, 1, None, reflection=reflection)})


@given(texts)
def test_a_reflection_comes_back_unchanged_and_opens_as_nothing_else(vault: Vault, text: str) -> None:
    keys = vault.couple_keys(DAY.couple)
    sealed = keys.seal_reflection(DAY, ADA, text)
    assert keys.open_reflection(reflected(ADA, sealed), ADA) == text
    with pytest.raises(VaultError):
        keys.open_reflection(reflected(BEN, sealed), BEN)
    with pytest.raises(VaultError):
        keys.open_answer(answered(vault, ADA, text, sealed=sealed), ADA)
    with pytest.raises(VaultError):
        keys.open_reflection(reflected(ADA, answered(vault, ADA, text).answers[ADA].sealed), ADA)


SOLO = SoloDay(ADA, DAY.date, DAY.prompt)


@given(texts)
def test_a_solo_answer_opens_alone_and_a_shared_one_as_shared(vault: Vault, text: str) -> None:
    own, keys = vault.ensure_person_key(ADA), vault.couple_keys(DAY.couple)
    alone = replace(SOLO, answer=own.seal_answer(SOLO, Answer(DAY.window.opens_at, 1, None), text))
    assert own.open_answer(alone) == text
    assert alone.answer
    assert alone.answer.sealed
    shared = keys.seal_shared(SOLO, text)
    kept = SharedAnswer(DAY.couple, ADA, DAY.date, DAY.prompt, shared)
    assert keys.open_shared(kept) == text
    for sealed in (shared, alone.answer.sealed):
        with pytest.raises(VaultError):
            keys.open_answer(answered(vault, ADA, text, sealed=sealed), ADA)
    for wrong in (
        replace(kept, sealed=alone.answer.sealed),
        replace(kept, person=BEN),
        replace(kept, date=dt.date(2026, 3, 3)),
    ):
        with pytest.raises(VaultError):
            keys.open_shared(wrong)
    for key, answer in ((own, replace(alone.answer, sealed=shared)), (vault.ensure_person_key(BEN), alone.answer)):
        with pytest.raises(VaultError):
            key.open_answer(replace(SOLO, answer=answer))


def test_what_was_checked_off_or_not_written_has_no_text(vault: Vault) -> None:
    keys = vault.couple_keys(DAY.couple)
    assert keys.open_answer(answered(vault, ADA, "", sealed=None), ADA) is None
    assert keys.open_reflection(reflected(ADA, None), ADA) is None
    assert keys.open_reflection(answered(vault, ADA, ""), ADA) is None
    assert vault.ensure_person_key(ADA).open_answer(SOLO) is None


def test_a_key_does_not_show_itself(vault: Vault) -> None:
    keys, own = vault.couple_keys(DAY.couple), vault.ensure_person_key(ADA)
    assert repr(own.key)[2:10] not in repr(own)
    for key in (*keys.authors.values(), keys.single):
        assert repr(key)[2:10] not in repr(keys) or key is None


def _derived(key: bytes) -> dict[str, bytes]:
    """Return HKDF-SHA256 as RFC 5869 describes it: extract with the salt, then expand in blocks."""
    extracted = hmac.digest(SALT, key, "sha256")
    material, block = b"", b""
    for number in range(1, 4):
        block = hmac.digest(extracted, block + b"rekindle/1" + bytes([number]), "sha256")
        material += block
    return {"key": material[:32], "nonce": material[32:44], "commitment": material[44:76]}
