"""`/v1/packs`, `/v1/couple/packs` and `/v1/couple/practice-code` let a couple choose its packs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from couples_api.codes import PastedCode, spend_try
from couples_api.idempotency import IdempotencyKey, keyed_request
from couples_api.services import IN_A_COUPLE, Services, TheCaller, TheServices, current_couple, known_person
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.calendar import local_date
from rekindle.domain.codes import read_code
from rekindle.domain.couples import Couple, PackWish, Wish
from rekindle.domain.ids import Language, PackId
from rekindle.domain.persons import Person
from rekindle.domain.playlist import Course, Release, first_turn, is_joined, is_wanted
from rekindle.domain.prompts import Audience
from rekindle.packs.lifecycle import CODE_LENGTH
from rekindle.store import keys
from rekindle.store.catalogue import PackText
from rekindle.store.table import Write

ONE_DAY = dt.timedelta(days=1)

router = APIGatewayHttpRouter()

PackPath = Annotated[PackId, Path(max_length=64, description="A pack's id, as `GET /v1/packs` names it.")]


class CourseView(BaseModel):
    """The schedule on which a couple gets the prompts of a pack that they joined by a code.

    The first prompt comes on `starts_on`. After that, a prompt comes every `every_days` days. `in_order` says whether
    the prompts come in the author's order.
    """

    starts_on: dt.date
    every_days: int
    in_order: bool


_PACK = {
    "id": "money-talk",
    "title": "Money talk",
    "written_for": "Couples who would like to speak of money before it speaks for them.",
    "prompts": 49,
    "languages": ["en"],
    "audience": "choice",
    "chosen": True,
    "course": None,
}
_GROUP = _PACK | {
    "id": "spring-group",
    "title": "Our spring group",
    "written_for": "The couples of our spring group.",
    "prompts": 8,
    "audience": "code",
    "course": {"starts_on": "2026-03-05", "every_days": 7, "in_order": True},
}


class PackView(BaseModel):
    """A pack that a couple can have, in the reader's language, or else in the pack's default language.

    A pack for everyone is `chosen` until the couple turns it off. Any other pack is `chosen` once the couple chose it
    or joined it by its code. Only a pack joined by its code has a `course`.
    """

    id: str
    title: str
    written_for: str
    prompts: int
    languages: list[str]
    audience: Audience
    chosen: bool
    course: CourseView | None


class PacksView(BaseModel):
    """The packs that a couple can have."""

    model_config = view_config({"packs": [_PACK, _GROUP]})

    packs: list[PackView]


class PracticeCodeBody(BaseModel):
    """A practice's code as a person types or pastes it. Only its letters and digits count."""

    model_config = body_config({"code": "K7MP-2QRX"})

    code: PastedCode


@router.get("/packs", responses=refusals(*IN_A_COUPLE))
def get_packs(caller: TheCaller, services: TheServices) -> PacksView:
    """Return the packs that the couple can have.

    These are the packs for everyone, the packs to choose from, and the packs that the couple joined by a code.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    visible = [each for each in services.catalogue.releases(caller.instant) if _is_visible(each, couple)]
    texts = services.catalogue.pack_texts(visible)
    return PacksView(packs=[_view(each, texts[each.pack], couple, person.profile.language) for each in visible])


@router.put("/couple/packs/<pack_id>", responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_PACK))
def put_pack(pack_id: PackPath, caller: TheCaller, services: TheServices) -> PackView:
    """Choose a pack for both partners.

    Days without a prompt, even today, can now get a prompt of the pack. A repeat changes nothing.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    release = _live_release(services, caller, pack_id)
    if release is None or not _is_visible(release, couple):
        raise ProblemError(Problem.NO_SUCH_PACK)
    wish = PackWish(Wish.CHOSEN, _today(person, caller))

    def chosen(packs: Mapping[PackId, PackWish]) -> Mapping[PackId, PackWish]:
        if is_wanted(release, packs):
            return packs
        others = _others(packs, pack_id)
        return others if release.audience is Audience.EVERYONE else {**others, pack_id: wish}

    changed = services.couples.change_packs(couple, chosen)
    return _view_after_change(services, person, release, changed)


@router.delete("/couple/packs/<pack_id>", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_pack(pack_id: PackPath, caller: TheCaller, services: TheServices) -> None:
    """Stop a pack for both partners.

    If the pack is for everyone, turn it off. Otherwise forget that the couple chose it or joined it. It is no error if
    there is no such pack, or if the couple does not have the pack.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    release = _live_release(services, caller, pack_id)
    wish = PackWish(Wish.TURNED_OFF, _today(person, caller))

    def turned_off(packs: Mapping[PackId, PackWish]) -> Mapping[PackId, PackWish]:
        if pack_id in packs and packs[pack_id].wish is Wish.TURNED_OFF:
            return packs
        others = _others(packs, pack_id)
        return {**others, pack_id: wish} if release and release.audience is Audience.EVERYONE else others

    if services.couples.change_packs(couple, turned_off) is None:
        raise ProblemError(Problem.NOT_PAIRED)


@router.post(
    "/couple/practice-code",
    responses=refusals(
        *IN_A_COUPLE, Problem.NOT_A_CODE, Problem.TOO_MANY_TRIES, Problem.CODE_NOT_USABLE, Problem.KEY_REUSED
    ),
)
def post_practice_code(
    body: PracticeCodeBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> PackView:
    """Join the pack that belongs to a practice's code, for both partners.

    The reply is the same for every code that does not work. Tries are limited. A text without a code does not count as
    a try, and a repeat with the same idempotency key does not count again.

    If the practice has set a start date, the course begins on that date. If that date has passed, the course begins on
    its next regular date. The same happens if that date is today and today already has a prompt. Without a start date,
    the course begins on the first date from today on that has no prompt yet.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    code = read_code(body.code, CODE_LENGTH)
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/couple/practice-code {couple.id} {code}")
    spend_try(services, caller, keys.practice_code_tries(caller.uid), request)
    known = services.catalogue.practice_code(code)
    release = _live_release(services, caller, known.pack) if known else None
    if release is None or release.audience is not Audience.CODE:
        raise ProblemError(Problem.CODE_NOT_USABLE)
    wish = PackWish(Wish.JOINED, _first_free_date(services, couple, person, caller))

    def joined(packs: Mapping[PackId, PackWish]) -> Mapping[PackId, PackWish]:
        return packs if is_joined(release, packs) else {**packs, release.pack: wish}

    def first_use(pack: PackId) -> list[Write]:
        # A parallel request may have used the code, or a member of staff may have replaced it. So read it again.
        current = services.catalogue.practice_code(code)
        return current.use(caller.instant) if current and current.pack == pack else []

    changed = services.couples.change_packs(couple, joined, request.writes, first_use)
    return _view_after_change(services, person, release, changed)


def _live_release(services: Services, caller: Caller, pack_id: PackId) -> Release | None:
    return next((each for each in services.catalogue.releases(caller.instant) if each.pack == pack_id), None)


def _is_visible(release: Release, couple: Couple) -> bool:
    return release.audience is not Audience.CODE or is_joined(release, couple.packs)


def _others(packs: Mapping[PackId, PackWish], pack_id: PackId) -> dict[PackId, PackWish]:
    return {pack: wish for pack, wish in packs.items() if pack != pack_id}


def _today(person: Person, caller: Caller) -> dt.date:
    return local_date(caller.instant, person.profile.zone)


def _first_free_date(services: Services, couple: Couple, person: Person, caller: Caller) -> dt.date:
    """Return the first date from today on that has no prompt yet.

    If a weekly course began on a date that already has a prompt, its first prompt would come a week later.
    """
    opened = services.days.nearby(couple.id, caller.instant)
    date = _today(person, caller)
    while date in opened:
        date += ONE_DAY
    return date


def _view_after_change(services: Services, person: Person, release: Release, couple: Couple | None) -> PackView:
    """Return the pack for the reply, after a change of the couple's packs.

    `couple` is the couple after the change. None means that the couple has ended. Then raise ProblemError.
    """
    if couple is None:
        raise ProblemError(Problem.NOT_PAIRED)
    text = services.catalogue.pack_texts([release])[release.pack]
    return _view(release, text, couple, person.profile.language)


def _view(release: Release, text: PackText, couple: Couple, language: Language) -> PackView:
    return PackView(
        id=release.pack,
        title=text.title_in(language),
        written_for=text.written_for[text.language_for(language)],
        prompts=len(release.entries),
        languages=sorted(text.titles, key=lambda each: (each != text.default, each)),
        audience=release.audience,
        chosen=is_wanted(release, couple.packs),
        course=_course_view(release, couple) if is_joined(release, couple.packs) else None,
    )


def _course_view(release: Release, couple: Couple) -> CourseView:
    course = release.course or Course()
    return CourseView(
        starts_on=first_turn(course, couple.packs[release.pack].since),
        every_days=course.every_days,
        in_order=course.in_order,
    )
