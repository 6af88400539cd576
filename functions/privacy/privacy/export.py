"""`/v1/me/export` returns everything that a person wrote, a page at a time.

An export has sections in a fixed order. First come the solo days, then the couples in the order in which they ended.
The current couple is last, and stays last if it ends during the export. Within a section, entries are sorted by date,
and a page begins after the last date of the previous page. So each answer that the person gave before the export comes
exactly once, even if somebody writes or unpairs between two pages. There is one exception: a page leaves out the days
of a couple that ended 30 days or more before the page is read.

A page has a limit of days, and a limit of sections. So the work of a page does not grow with the person's history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from privacy.cursor import Position, cursor_of, position_from
from privacy.services import Services, TheRecentCaller, TheServices
from privacy.views import (
    FORMAT,
    EntryKind,
    ExportBody,
    ExportedAnswerView,
    ExportedCoupleView,
    ExportedEntryView,
    ExportedPartnerReflectionView,
    ExportedPartnerView,
    ExportedProfileView,
    ExportedPromptView,
    ExportedReflectionView,
    ExportView,
)
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.api.sessions import refuse_unknown
from rekindle.crypto.author_keys import CoupleKeys
from rekindle.domain.calendar import local_date
from rekindle.domain.couples import Couple
from rekindle.domain.days import Answer, Day, SoloDay
from rekindle.domain.ids import CoupleId, Language, Uid
from rekindle.domain.limits import Counted
from rekindle.domain.persons import Person
from rekindle.domain.prompts import PromptRef
from rekindle.errors import KeyGoneError
from rekindle.store.catalogue import PromptText
from rekindle.store.couples import KEEPSAKE

router = APIGatewayHttpRouter()

_FIRST_PAGE = ExportBody()


@router.post("/me/export", responses=refusals(Problem.NO_PROFILE, Problem.SIGN_IN_NOT_RECENT, Problem.TOO_MANY_CHANGES))
def post_export(
    caller: TheRecentCaller, services: TheServices, body: Annotated[ExportBody, Body()] = _FIRST_PAGE
) -> ExportView:
    """Return a page of what the caller wrote. The caller must have signed in within the last 15 minutes.

    While a couple is together, the export includes the partner's answers that are open to the caller. For 30 days after
    unpairing, it includes only the caller's own texts from this couple. After these 30 days, it includes nothing from
    the couple's days. It never includes solo answers of the partner, because the partner can stop sharing them.
    An export may be repeated, but a person can begin only twenty in 24 hours. The pages after the first do not count.
    """
    if body.next is None:
        person = services.people.count(
            caller.uid, caller.instant, Counted.EXPORTS, lambda before: services.sessions.require(caller, before)
        )
    elif person := services.people.person(caller.uid):
        services.sessions.require(caller, person)
    if person is None:
        refuse_unknown(services.erasures, caller.uid)
    return _page(Exporter(person, caller, services), _position(person, body))


@dataclass(frozen=True, slots=True)
class Section:
    """The days of one section that are on one page. `couple` is None for the solo days.

    `begins` and `ends` are the first and the last date on which the section may have an entry. `read` has the dates of
    all days that were read. A day without texts for the person is in `read`, but has no entry.
    """

    begins: dt.date
    ends: dt.date
    couple: ExportedCoupleView | None
    read: list[dt.date]
    entries: list[ExportedEntryView]

    def share_until(self, date: dt.date) -> float:
        """Return which part of the section's dates comes before or on this date, from 0 to 1."""
        share = ((date - self.begins).days + 1) / ((self.ends - self.begins).days + 1)
        # The date may be before `begins` or after `ends`: the person may have changed their zone, or the partner's date
        # is ahead.
        return min(max(share, 0), 1)


@dataclass(frozen=True, slots=True)
class Exporter:
    """A person, and everything that their export needs."""

    person: Person
    caller: Caller
    services: Services

    def section(self, number: int, after: dt.date | None, limit: int) -> Section:
        """Return a section's next `limit` days, from its start or after the date `after`. Section 0: the solo days."""
        return self._of_couple(number, after, limit) if number else self._alone(after, limit)

    def _alone(self, after: dt.date | None, limit: int) -> Section:
        days = self.services.solo.onward(self.person.uid, after, limit)
        answered = [(day, day.answer) for day in days if day.answer]
        texts = self.services.catalogue.texts(day.prompt for day, _ in answered)
        key = self.services.vault.person_key(self.person.uid) if answered else None
        entries = [
            self._alone_entry(day, answer, texts[day.prompt], key.open_answer(day)) for day, answer in answered if key
        ]
        begins = self._date_of(self.person.created_at)
        return Section(begins, self._date_of(self.caller.instant), None, [day.date for day in days], entries)

    def _alone_entry(self, day: SoloDay, answer: Answer, prompt: PromptText, text: str | None) -> ExportedEntryView:
        return ExportedEntryView(
            kind=EntryKind.ALONE,
            date=day.date,
            couple=None,
            prompt=_prompt_view(day.prompt, prompt, self.person.profile.language),
            answer=_answer_view(answer, text),
            reflection=None,
            partner=None,
        )

    def _of_couple(self, number: int, after: dt.date | None, limit: int) -> Section:
        couple_id = couples_in_order(self.person)[number]
        ended_at = self.person.parted.get(couple_id)
        keys = None if self._is_over(ended_at) else self._keys_of(couple_id)
        days = self.services.days.onward(couple_id, after, limit) if keys else []
        today = self._date_of(self.caller.instant)
        # Read the couple only now, after its days. If somebody has just ended it, leave out the partner's answers.
        couple = self.services.couples.couple(couple_id)
        if couple is None or self.person.uid not in couple.members:
            # The person's row names a couple that was deleted, or that the person was never in.
            return Section(today, today, self._couple_view(number, None, ended_at, included=False), [], [])
        # The couple may have ended before the person's row says so.
        ended_at = ended_at or couple.ended_at
        if self._is_over(ended_at):
            keys, days = None, []
        return Section(
            begins=couple.first_date,
            ends=self._date_of(ended_at) if ended_at else today,
            couple=self._couple_view(number, couple, ended_at, included=keys is not None),
            read=[day.date for day in days],
            entries=self._entries(number, days, keys, stands=couple.joins(self.person.uid)) if keys else [],
        )

    def _is_over(self, ended_at: dt.datetime | None) -> bool:
        # DynamoDB may delete the couple's keys some hours late. So do not use keys that still exist after 30 days.
        return ended_at is not None and self.caller.instant >= ended_at + KEEPSAKE

    def _keys_of(self, couple: CoupleId) -> CoupleKeys | None:
        """Return the couple's keys. Return None if the key for the person's texts is gone."""
        try:
            keys = self.services.vault.couple_keys(couple)
        except KeyGoneError:
            return None
        return keys if keys.can_open(self.person.uid) else None

    def _couple_view(
        self, number: int, couple: Couple | None, ended_at: dt.datetime | None, *, included: bool
    ) -> ExportedCoupleView:
        return ExportedCoupleView(
            couple=number,
            since=couple.first_date if couple else None,
            until=self._date_of(ended_at) if ended_at else None,
            included=included,
        )

    def _date_of(self, instant: dt.datetime) -> dt.date:
        return local_date(instant, self.person.profile.zone)

    def _entries(self, number: int, days: Iterable[Day], keys: CoupleKeys, *, stands: bool) -> list[ExportedEntryView]:
        mine = self.person.uid
        shown = [(day, [each for each in day.opened_to(mine) if stands or each == mine]) for day in days]
        shown = [(day, opened) for day, opened in shown if opened]
        texts = self.services.catalogue.texts(day.prompt for day, _ in shown)
        return [
            ExportedEntryView(
                kind=EntryKind.DAY,
                date=day.date,
                couple=number,
                prompt=_prompt_view(day.prompt, texts[day.prompt], self.person.profile.language),
                answer=_answer_view(day.answers[mine], keys.open_answer(day, mine)) if mine in opened else None,
                reflection=_reflection_view(day, mine, keys) if mine in opened else None,
                partner=next((_partner_view(day, each, keys) for each in opened if each != mine), None),
            )
            for day, opened in shown
        ]


def couples_in_order(person: Person) -> dict[int, CoupleId]:
    """Map section numbers to the person's couples, in the order in which they ended. The current couple comes last.

    A number stays the same when an earlier couple is deleted between two pages.
    """
    ended = sorted(person.parted, key=lambda couple: (person.parted[couple], couple))
    return dict(enumerate([*ended, person.couple] if person.couple else ended, person.partings_deleted + 1))


def _position(person: Person, body: ExportBody) -> Position:
    """Return where the requested page begins. Raise ProblemError if the cursor does not belong to this export."""
    if body.next is None:
        return Position()
    position = position_from(body.next, person.uid)
    if position is None or position.section > max(couples_in_order(person), default=0):
        errors = [{"field": "body.next", "reason": "This is not a page of your export"}]
        raise ProblemError(Problem.INVALID_FIELDS, errors=errors)
    return position


def _page(exporter: Exporter, start: Position) -> ExportView:
    """Return the page that begins at `start`.

    The page ends after `page_days` days, after `page_sections` sections, or after the last section.
    """
    person, limits = exporter.person, exporter.services
    sections = [0, *couples_in_order(person)]
    first = sum(number < start.section for number in sections)
    end = min(first + limits.page_sections, len(sections))
    couples, entries, left = [], [], limits.page_days
    following: Position | None
    for place, number in enumerate(sections[first:end], first):
        section = exporter.section(number, start.after if number == start.section else None, left)
        couples += [section.couple] if section.couple else []
        entries += section.entries
        left -= len(section.read)
        if not left:
            following = Position(number, section.read[-1])
            over = place + section.share_until(section.read[-1])
            break
    else:
        following, over = Position(sections[end]) if end < len(sections) else None, float(end)
    return ExportView(
        format=FORMAT,
        exported_at=exporter.caller.instant.replace(microsecond=0),
        # Include the profile in every page, so that each page is complete by itself.
        profile=ExportedProfileView.model_validate(person.profile, from_attributes=True),
        couples=couples,
        entries=entries,
        next=cursor_of(following, person.uid) if following else None,
        # Every section counts the same, because nobody knows the number of days in a section that has not been read.
        progress=round(over / len(sections), 3),
    )


def _answer_view(answer: Answer, text: str | None) -> ExportedAnswerView:
    return ExportedAnswerView(text=text, at=answer.at.replace(microsecond=0), share_first=answer.share_first)


def _reflection_view(day: Day, person: Uid, keys: CoupleKeys) -> ExportedReflectionView | None:
    reflection = day.answers[person].reflection
    if reflection is None:
        return None
    text = keys.open_reflection(day, person)
    return ExportedReflectionView(kind=reflection.kind, text=text, at=reflection.at.replace(microsecond=0))


def _partner_view(day: Day, partner: Uid, keys: CoupleKeys) -> ExportedPartnerView:
    reflection = day.answers[partner].reflection if day.revealed else None
    return ExportedPartnerView(
        text=keys.open_answer(day, partner),
        reflection=ExportedPartnerReflectionView(kind=reflection.kind, text=keys.open_reflection(day, partner))
        if reflection
        else None,
    )


def _prompt_view(prompt: PromptRef, text: PromptText, language: Language) -> ExportedPromptView:
    spoken = text.texts[text.language_for(language)]
    return ExportedPromptView(id=prompt.id, theme=text.theme, kind=text.kind, text=spoken)
