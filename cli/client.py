"""The practice's API over HTTP, typed: it waits for what is busy, and asks what became of a request without an answer.

Reading, saving and withdrawing may be asked twice: the second time changes nothing. What may not is settled by looking
at the pack before it is asked again.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from cli import wire
from cli.errors import CliError, RefusedError, UnreachableError
from cli.identity import claims_of
from cli.words import counted, plain

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cli.identity import Tokens

ATTEMPTS: Final = 5
LONGEST_WAIT: Final = 20.0
"""Seconds before another try, whatever the service asks for."""
TIMEOUT: Final = httpx.Timeout(35, connect=10)
"""API Gateway gives up after 30 s itself."""
LARGEST_BODY: Final = 4_500_000
AUDIT_PAGE: Final = 100
_BUSY: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a draft is to be published: now or `at` an instant, told to couples or not, and a note for colleagues."""

    at: dt.datetime | None = None
    announce: bool = True
    note: str | None = None


class Practice:
    """The API, as one of the staff. Raises RefusedError and UnreachableError."""

    def __init__(
        self, http: httpx.Client, api: str, tokens: Tokens, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._http = http
        self._base = f"{api}/v1/practice"
        self._tokens = tokens
        self._pause = pause

    def packs(self) -> wire.Packs:
        """Every pack with where it stands."""
        return self._got(wire.Packs, "/packs")

    def pack(self, pack: str) -> wire.PackDetail:
        """A pack with its draft and versions; a refusal names one that was perhaps meant."""
        try:
            return self._got(wire.PackDetail, _at(pack))
        except RefusedError as error:
            # What is no id at all is not looked up, and no pack either.
            if error.problem not in {"no-such-pack", "invalid-fields"}:
                raise
            raise self._no_such_pack(pack) from error

    def find(self, pack: str) -> wire.PackDetail | None:
        """A pack, if there is anything of it."""
        try:
            return self._got(wire.PackDetail, _at(pack))
        except RefusedError as error:
            if error.problem != "no-such-pack":
                raise
            return None

    def draft(self, pack: str) -> wire.Draft:
        """What is being written, or what was published last."""
        return self._got(wire.Draft, _at(pack, "draft"))

    def release(self, pack: str, version: int) -> wire.ReleaseSource:
        """A version as it was published."""
        try:
            return self._got(wire.ReleaseSource, _at(pack, "releases", version))
        except RefusedError as error:
            if error.problem != "no-such-release":
                raise
            known = [release.version for release in self.pack(pack).releases]
            has = f"It has {', '.join(map(str, sorted(known)))}." if known else "It has not been published yet."
            raise RefusedError(error.problem, f"{pack} has no version {version}.", about=[has]) from error

    def check(self, pack: str, source: str) -> list[wire.Finding]:
        """What there is to mend in a text and to think about, also beside what couples have; nothing is kept."""
        return _read(wire.Checked, self._sent("POST", "/check", {"source": source, "pack_id": pack})).findings

    def save_draft(self, pack: str, source: str, revision: int) -> wire.Saved:
        """Keep a draft in place of the revision that was read."""
        body = {"source": source, "revision": revision}
        return _read(wire.Saved, self._sent("PUT", _at(pack, "draft"), body))

    def publish(self, pack: str, revision: int, latest: int, terms: Terms) -> wire.Published:
        """Publish the draft of this revision, or propose it; done once, also if an answer is lost.

        `latest` is the version that was the latest when the draft was read.
        """
        at = terms.at.isoformat() if terms.at else None
        body = {"revision": revision, "at": at, "announce": terms.announce, "note": terms.note}

        def became(now: wire.PackDetail) -> wire.Published | None:
            if now.latest > latest and now.revision != revision and now.releases[0].published.name == self._me():
                return wire.Published(outcome="scheduled" if now.scheduled else "live", pack=now)
            if now.proposal and now.proposal.mine and now.proposal.revision == revision:
                return wire.Published(outcome="proposed", pack=now)
            return None

        return self._settled(wire.Published, pack, "publish", body, became)

    def approve(self, pack: wire.PackDetail) -> wire.Published:
        """Approve what another proposed, as it was read."""

        def became(now: wire.PackDetail) -> wire.Published | None:
            approved = now.releases[0].approved if now.latest > pack.latest else None
            if approved and approved.name == self._me():
                return wire.Published(outcome="scheduled" if now.scheduled else "live", pack=now)
            return None

        revision = pack.proposal.revision if pack.proposal else 0
        return self._settled(wire.Published, pack.id, "approve", {"revision": revision}, became)

    def reject(self, pack: str, note: str | None) -> wire.PackDetail:
        """Refuse a proposal, or call off what is to go live."""

        def became(now: wire.PackDetail) -> wire.PackDetail | None:
            return None if now.proposal or now.scheduled else now

        return self._settled(wire.PackDetail, pack, "reject", {"note": note}, became)

    def withdraw(self, pack: str, prompt: str | None, reason: str | None) -> wire.PackDetail:
        """Take a pack or a prompt from all couples."""
        body = {"prompt": prompt, "reason": reason}
        return _read(wire.PackDetail, self._sent("POST", _at(pack, "withdraw"), body))

    def restore(self, pack: str, prompt: str | None) -> wire.PackDetail:
        """Put back what was withdrawn."""

        def became(now: wire.PackDetail) -> wire.PackDetail | None:
            gone = prompt in now.withdrawn_prompts if prompt else now.withdrawn
            return None if gone else now

        return self._settled(wire.PackDetail, pack, "restore", {"prompt": prompt}, became)

    def renew_code(self, pack: wire.PackDetail) -> wire.PackDetail:
        """A new code in place of the one that was read."""

        def became(now: wire.PackDetail) -> wire.PackDetail | None:
            return now if now.code != pack.code else None

        return self._settled(wire.PackDetail, pack.id, "code", None, became)

    def statistics(self) -> wire.Statistics:
        """Numbers over couples."""
        return self._got(wire.Statistics, "/statistics")

    def help(self) -> wire.Help:
        """What couples are told of help."""
        return self._got(wire.Help, "/help")

    def put_help(self, told: dict[str, Any]) -> wire.Help:
        """Tell couples this of help, in place of the revision that was read."""
        return _read(wire.Help, self._sent("PUT", "/help", told))

    def audit(self, limit: int) -> list[wire.AuditEntry]:
        """The last deeds of staff, latest first."""
        entries: list[wire.AuditEntry] = []
        before = None
        while len(entries) < limit:
            page = {"limit": min(limit - len(entries), AUDIT_PAGE)} | ({"before": before} if before else {})
            found = _read(wire.AuditPage, self._sent("GET", "/audit", params=page))
            entries += found.entries
            before = found.before
            if before is None:
                break
        return entries

    def _got[Answer: BaseModel](self, form: type[Answer], path: str) -> Answer:
        return _read(form, self._sent("GET", path))

    def _settled[Answer: BaseModel](
        self,
        form: type[Answer],
        pack: str,
        actor: str,
        body: dict[str, Any] | None,
        became: Callable[[wire.PackDetail], Answer | None],
    ) -> Answer:
        """Do something that is to happen once: after an answer that was lost, look before it is asked again."""
        for attempt in range(ATTEMPTS):
            try:
                return _read(form, self._once("POST", _at(pack, actor), body))
            except _AnswerLostError as lost:
                if attempt == ATTEMPTS - 1:
                    raise self._unreachable(lost) from lost
                self._pause(_wait(attempt, lost.asked_for))
                if (done := became(self.pack(pack))) is not None:
                    return done
            except RefusedError:
                # Of a try whose answer was lost, and which arrived after all while we looked.
                if attempt and (done := became(self.pack(pack))) is not None:
                    return done
                raise
        raise AssertionError

    def _sent(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """The answer to a request that may be sent twice."""
        for attempt in range(ATTEMPTS):
            try:
                return self._once(method, path, body, params)
            except _AnswerLostError as lost:
                if attempt == ATTEMPTS - 1:
                    raise self._unreachable(lost) from lost
                self._pause(_wait(attempt, lost.asked_for))
        raise AssertionError

    def _once(
        self, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        token = self._tokens.current()
        answer = self._answer(method, path, body, params, token)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            answer = self._answer(method, path, body, params, self._tokens.fresh())
        if answer.status_code in _BUSY:
            raise _AnswerLostError(str(answer.status_code), _asked_for(answer))
        if not answer.is_success:
            raise _refusal(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise UnreachableError(f"What answers at {self._base} is not Rekindle.") from error

    def _answer(
        self, method: str, path: str, body: dict[str, Any] | None, params: dict[str, Any] | None, token: str
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            return self._http.request(method, self._base + path, json=body, params=params, headers=headers)
        except httpx.TransportError as error:
            raise _AnswerLostError(type(error).__name__) from error
        except UnicodeEncodeError as error:
            raise CliError("The text has half a character in it, which cannot be sent.") from error

    def _me(self) -> str:
        """By which name the service knows who is signed in."""
        claims = claims_of(self._tokens.current())
        return str(claims.get("email") or claims.get("sub"))

    def _no_such_pack(self, pack: str) -> RefusedError:
        known = [each.id for each in self.packs().packs]
        near = get_close_matches(pack, known, 1, 0.5)
        return RefusedError(
            "no-such-pack",
            f"There is no pack {plain(pack)}.",
            *([f"Did you mean {near[0]}?"] if near else []),
            "See what there is: rekindle packs list",
            suggestion=near[0] if near else None,
        )

    def _unreachable(self, lost: _AnswerLostError) -> UnreachableError:
        tried = counted(ATTEMPTS, "time")
        return UnreachableError(
            f"The service does not answer ({lost}, tried {tried}).",
            "Check your connection, and try again in a minute.",
        )


class _AnswerLostError(Exception):
    """A request got no answer that says what became of it. The service asks for `asked_for` seconds of peace."""

    def __init__(self, how: str, asked_for: float = 0.0) -> None:
        super().__init__(how)
        self.asked_for = asked_for


def _at(pack: str, *rest: str | int) -> str:
    return "/".join(["/packs", *(quote(str(part), safe="") for part in (pack, *rest))])


def _wait(attempt: int, asked_for: float) -> float:
    """Seconds until the next try: longer each time, and never all at the same moment."""
    return min(max(asked_for, 0.5 * 2.0**attempt), LONGEST_WAIT) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def _asked_for(answer: httpx.Response) -> float:
    try:
        return float(answer.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


def _read[Answer: BaseModel](form: type[Answer], told: Any) -> Answer:  # noqa: ANN401 - JSON
    try:
        return form.model_validate(told)
    except ValidationError as error:
        raise CliError(
            "The service answers in a form that this program does not know.",
            "Bring this program up to date: git pull, then make setup",
        ) from error


def _refusal(answer: httpx.Response) -> CliError:
    try:
        body = answer.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return RefusedError("not-signed-in", "The service does not take your sign-in.", "rekindle sign-in")
    if answer.status_code == HTTPStatus.FORBIDDEN:
        return RefusedError(
            "not-allowed",
            "Your account may not do this.",
            "See what it may: rekindle whoami",
            "Ask whoever runs the service for the right; it holds from your next sign-in on.",
        )
    if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return RefusedError(
            "body-too-large", "The pack is too large: 4,000,000 characters are the most.", "Make two packs of it."
        )
    problem = str(body.get("type", "")).rpartition(":")[2] or f"status-{answer.status_code}"
    title = str(body.get("title") or f"The service answers with status {answer.status_code}.")
    about = [f"{each.get('field')}: {each.get('reason')}" for each in body.get("errors", [])]
    members = {name: value for name, value in body.items() if name not in {"type", "title", "status"}}
    return RefusedError(problem, title, *_TO_DO.get(problem, ()), about=about, **members)


_TO_DO: Final[dict[str, tuple[str, ...]]] = {
    "needs-another-person": ("Ask a colleague to: rekindle packs approve ID",),
    "scheduled-already": ("Call it off first: rekindle packs reject ID",),
    "nothing-to-publish": ("Save a draft first: rekindle packs push FILE",),
    "internal": ("Try again; if it stays, tell whoever runs the service.",),
    "no-such-route": ("The service may be older than this program.",),
}
