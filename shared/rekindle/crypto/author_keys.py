"""Seal and open the texts of a couple with `CoupleKeys`, and solo answers with `PersonKey`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rekindle.crypto.sealing import (
    AUTHORS_KEY,
    SALT_BYTES,
    SHORT_SALT_BYTES,
    SINGLE_KEY,
    answer_context,
    reflection_context,
    scheme_of,
    seal,
    seal_text,
    shared_context,
    single_key_answer_context,
    single_key_solo_context,
    solo_context,
    unseal,
    unseal_text,
)
from rekindle.domain.days import SoloDay
from rekindle.errors import KeyGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.domain.days import Answer, Day, SharedAnswer
    from rekindle.domain.ids import CoupleId, Uid


@dataclass(frozen=True, slots=True)
class CoupleKeys:
    """The unwrapped keys of a couple. They seal and open answers, reflections and shared solo answers.

    `authors` maps each author to their key. A couple that paired before authors had keys has one key for the texts of
    both partners: `single`. Without such a key, `single` is None. `scheme` is the scheme of new texts: AUTHORS_KEY or
    SINGLE_KEY.
    """

    couple: CoupleId
    authors: Mapping[Uid, bytes] = field(repr=False)
    single: bytes | None = field(default=None, repr=False)
    scheme: int = AUTHORS_KEY
    entropy: Callable[[int], bytes] = os.urandom

    def can_open(self, person: Uid) -> bool:
        """Return whether the key of the person's texts still exists."""
        return person in self.authors or self.single is not None

    def can_seal(self, person: Uid) -> bool:
        """Return whether there is a key for the person's new texts."""
        return person in self.authors or self._seals_with_single

    def seal_answer(self, day: Day, person: Uid, answer: Answer, text: str) -> Answer:
        """Return the person's answer to `day` with its sealed text."""
        context = answer_context(self.couple, day.date, day.prompt, person, answer)
        single = single_key_answer_context(self.couple, day.date, day.prompt, person)
        return replace(answer, sealed=self._sealed(person, text, context, single))

    def open_answer(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's answer to `day`. Return None if the answer has no text."""
        answer = day.answers[person]
        if answer.sealed is None:
            return None
        context = answer_context(self.couple, day.date, day.prompt, person, answer)
        single = single_key_answer_context(self.couple, day.date, day.prompt, person)
        return self._opened(person, answer.sealed, context, single)

    def seal_reflection(self, day: Day, person: Uid, text: str) -> bytes:
        """Seal the text of the person's reflection on `day`."""
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return self._sealed(person, text, context, context)

    def open_reflection(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's reflection on `day`. Return None if there is no reflection or no text."""
        reflection = day.answers[person].reflection
        if reflection is None or reflection.sealed is None:
            return None
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return self._opened(person, reflection.sealed, context, context)

    def seal_shared(self, day: SoloDay, text: str) -> bytes:
        """Seal the couple's copy of a solo answer. The partner can read this copy."""
        context = shared_context(self.couple, day.date, day.prompt, day.person)
        return self._sealed(day.person, text, context, context)

    def open_shared(self, shared: SharedAnswer) -> str:
        """Return the text of a solo answer that one partner has shared."""
        context = shared_context(self.couple, shared.date, shared.prompt, shared.person)
        return self._opened(shared.person, shared.sealed, context, context)

    def resealed(self, day: Day) -> Day:
        """Return the day, with each text of the scheme SINGLE_KEY sealed again with its author's key.

        The texts of an author without a key stay as they are, so that nobody can read them after the single key is
        deleted. Raise VaultError if a text cannot be opened.
        """
        answers = {uid: self._resealed_answer(day, uid) for uid in day.answers.keys() & self.authors.keys()}
        return replace(day, answers={**day.answers, **answers})

    def _resealed_answer(self, day: Day, person: Uid) -> Answer:
        answer = day.answers[person]
        if _is_older(answer.sealed) and (text := self.open_answer(day, person)) is not None:
            answer = self.seal_answer(day, person, answer, text)
        reflection = answer.reflection
        if reflection and _is_older(reflection.sealed) and (text := self.open_reflection(day, person)) is not None:
            answer = replace(answer, reflection=replace(reflection, sealed=self.seal_reflection(day, person, text)))
        return answer

    def resealed_shared(self, shared: SharedAnswer) -> SharedAnswer:
        """Return the shared solo answer, with its text sealed again as `resealed` does it."""
        if not _is_older(shared.sealed) or shared.person not in self.authors:
            return shared
        day = SoloDay(shared.person, shared.date, shared.prompt)
        return replace(shared, sealed=self.seal_shared(day, self.open_shared(shared)))

    def _sealed(self, person: Uid, text: str, context: bytes, single_context: bytes) -> bytes:
        if self._seals_with_single:
            return seal(self._single_key, text.encode(), single_context, self.entropy(SALT_BYTES))
        return seal_text(self._key_of(person), text, context, self.entropy(SHORT_SALT_BYTES))

    def _opened(self, person: Uid, sealed: bytes, context: bytes, single_context: bytes) -> str:
        if scheme_of(sealed) == SINGLE_KEY:
            return unseal(self._single_key, sealed, single_context).decode()
        return unseal_text(self._key_of(person), sealed, context)

    @property
    def _seals_with_single(self) -> bool:
        return self.scheme == SINGLE_KEY and self.single is not None

    @property
    def _single_key(self) -> bytes:
        if self.single is None:
            raise KeyGoneError("the couple's single key is gone")
        return self.single

    def _key_of(self, person: Uid) -> bytes:
        if person not in self.authors:
            raise KeyGoneError("the author's key is gone")
        return self.authors[person]


def _is_older(sealed: bytes | None) -> bool:
    """Return whether a text is sealed in the scheme SINGLE_KEY."""
    return sealed is not None and scheme_of(sealed) == SINGLE_KEY


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's own unwrapped key. It seals and opens their solo answers."""

    person: Uid
    key: bytes = field(repr=False)
    scheme: int = AUTHORS_KEY
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: SoloDay, answer: Answer, text: str) -> Answer:
        """Return the person's answer to a solo day with its sealed text."""
        if self.scheme == SINGLE_KEY:
            context = single_key_solo_context(day.date, day.prompt, self.person)
            return replace(answer, sealed=seal(self.key, text.encode(), context, self.entropy(SALT_BYTES)))
        context = solo_context(day.date, day.prompt, self.person, answer.revision)
        return replace(answer, sealed=seal_text(self.key, text, context, self.entropy(SHORT_SALT_BYTES)))

    def open_answer(self, day: SoloDay) -> str | None:
        """Return the text of the person's answer to a solo day. Return None if there is no answer or no text."""
        if day.answer is None or day.answer.sealed is None:
            return None
        if scheme_of(day.answer.sealed) == SINGLE_KEY:
            context = single_key_solo_context(day.date, day.prompt, self.person)
            return unseal(self.key, day.answer.sealed, context).decode()
        context = solo_context(day.date, day.prompt, self.person, day.answer.revision)
        return unseal_text(self.key, day.answer.sealed, context)

    def resealed(self, day: SoloDay) -> SoloDay:
        """Return the day, with its text sealed in the scheme AUTHORS_KEY. Raise VaultError if it cannot be opened."""
        if day.answer is None or not _is_older(day.answer.sealed) or (text := self.open_answer(day)) is None:
            return day
        return replace(day, answer=self.seal_answer(day, day.answer, text))
