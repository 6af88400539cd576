"""`/v1/me` shows and sets a person's profile."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from couples_api.members import change_person
from couples_api.services import Services, TheCaller, TheServices, known_person
from rekindle.api.examples import PROFILE, body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.calendar import zone_named
from rekindle.domain.limits import Counted
from rekindle.domain.persons import Barrier, Person, Profile, Reminders
from rekindle.domain.texts import VISIBLE_NAME, LanguageCode

router = APIGatewayHttpRouter()


class ProfileBody(BaseModel):
    """A person's whole profile."""

    model_config = body_config(PROFILE, strip=True)

    display_name: Annotated[str, StringConstraints(min_length=1, max_length=50), VISIBLE_NAME]
    zone: Annotated[str, StringConstraints(max_length=64)] = Field(description="An IANA zone, such as Asia/Tokyo.")
    language: LanguageCode = Field(description="Two letters, such as en.")
    depth: Annotated[int, Field(ge=1, le=3, strict=True)] = Field(
        description="How deep prompts may go. In a couple's first four weeks, all prompts are easy."
    )
    touch_comfort: Annotated[int, Field(ge=0, le=3, strict=True)] = Field(
        description="From 0, no touch at all, to 3, at ease with touch. The lower value of the two partners counts. In "
        "a couple's first four weeks, no prompt asks for touch."
    )
    barriers: Annotated[list[Barrier], Field(max_length=len(Barrier))] = Field(
        description="What is hard for the person now. The partner never sees it. It counts only with some chance, so "
        "that the prompts do not show it either."
    )
    streak_hidden: Annotated[bool, Field(strict=True)]


class MeView(BaseModel):
    """The stored profile, and whether the person is in a couple."""

    model_config = view_config(PROFILE | {"uid": "u1x2y3z4", "paired": True})

    uid: str
    paired: bool
    display_name: str
    zone: str
    language: str
    depth: int
    touch_comfort: int
    barriers: Annotated[list[Barrier], BeforeValidator(sorted)]
    streak_hidden: bool


@router.get("/me", responses=refusals(Problem.NO_PROFILE))
def get_me(caller: TheCaller, services: TheServices) -> MeView:
    """Return the caller's own profile."""
    return _view(services, known_person(services, caller))


@router.put("/me", responses=refusals(Problem.UNKNOWN_ZONE, Problem.ACCOUNT_ERASED, Problem.TOO_MANY_CHANGES))
def put_me(body: ProfileBody, caller: TheCaller, services: TheServices) -> MeView:
    """Set the profile. The first call creates the person.

    Within 24 hours, a person can change their name three times, and the profile 60 times. An unchanged profile does not
    count. Neither does one that only withdraws something, such as a lower touch comfort. So withdrawing is never
    refused.

    An account that was erased can never be used again, not even with a sign-in from before.
    """
    profile = Profile(
        display_name=body.display_name,
        zone=zone_named(body.zone),
        language=body.language,
        depth=body.depth,
        touch_comfort=body.touch_comfort,
        barriers=frozenset(body.barriers),
        streak_hidden=body.streak_hidden,
    )

    def changed() -> Person | None:
        return change_person(
            services, caller, lambda before: replace(before, profile=profile), Counted.NAME, Counted.PROFILE
        )

    def created() -> Person:
        # After an erasure no row of the person is left, but their last token may be valid for an hour.
        if services.erasures.has(caller.uid):
            raise ProblemError(Problem.ACCOUNT_ERASED)
        services.sessions.require_account(caller)
        return services.people.create(Person(caller.uid, profile, Reminders(), created_at=caller.instant))

    person = changed() or created()
    if person.profile != profile:
        # Another request has just created the person with another profile. Replace that profile by `profile`.
        person = changed() or person
    return _view(services, person)


def _view(services: Services, person: Person) -> MeView:
    # After a person was erased, their partner's row still names the couple for some moments. So read the couple's own
    # row. Otherwise the partner could see that this couple did not end by unpairing.
    paired = services.couples.joined_by(person) is not None
    return MeView.model_validate({"uid": person.uid, "paired": paired, **asdict(person.profile)})
