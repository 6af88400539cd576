"""Call the practice's API. If an answer is lost, or the service is too busy, send the request again.

Reading, checking, saving and withdrawing are safe to repeat, because a second request changes nothing more. Before the
client repeats any other request, it reads the pack to see whether the first request took effect. The client does not
validate the bodies of requests (`model_construct`), because the service does.
"""

from __future__ import annotations

import random
import time
from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from cli.errors import CliError, RefusedError, UnreachableError
from cli.identity import claims_of
from cli.words import counted, plain
from rekindle.packs import contract
from rekindle.packs.lifecycle import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.identity import Tokens

ATTEMPTS: Final = 5
LONGEST_WAIT: Final = 20.0
"""The longest wait between two attempts, in seconds, without the random part that `_wait` adds."""
TIMEOUT: Final = httpx.Timeout(35, connect=10)
"""In seconds. API Gateway waits 30 seconds for a function, so the client waits longer."""
AUDIT_PAGE: Final = 100
NOTICES_PAGE: Final = 30
_BUSY: Final = frozenset({429, 502, 503, 504})


type Body = BaseModel | dict[str, Any] | None


class Practice:
    """The practice's API for one member of staff. Each method may raise a CliError, such as RefusedError."""

    def __init__(
        self, http: httpx.Client, api: str, tokens: Tokens, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._http = http
        self._base = f"{api}/v1/practice"
        self._tokens = tokens
        self._pause = pause

    def packs(self) -> contract.PacksView:
        """Return every pack with its state."""
        return self._call(contract.PacksView, "GET", "/packs")

    def pack(self, pack: str) -> contract.PackDetail:
        """Return a pack with its draft and versions. The error for an unknown pack may suggest a similar id."""
        try:
            return self._call(contract.PackDetail, "GET", _at(pack))
        except RefusedError as error:
            # For a text that cannot be an id, such as "My pack", the service answers with invalid-fields.
            if error.problem not in {"no-such-pack", "invalid-fields"}:
                raise
            raise self._no_such_pack(pack) from error

    def find(self, pack: str) -> contract.PackDetail | None:
        """Return a pack, or None if there is no pack with this id."""
        try:
            return self._call(contract.PackDetail, "GET", _at(pack))
        except RefusedError as error:
            if error.problem != "no-such-pack":
                raise
            return None

    def draft(self, pack: str) -> contract.DraftView:
        """Return a pack's draft, or its latest version if it has no draft."""
        return self._call(contract.DraftView, "GET", _at(pack, "draft"))

    def release(self, pack: str, version: int) -> contract.PublishedSourceView:
        """Return the text of a published version."""
        try:
            return self._call(contract.PublishedSourceView, "GET", _at(pack, "releases", version))
        except RefusedError as error:
            if error.problem != "no-such-release":
                raise
            known = [release.version for release in self.pack(pack).releases]
            has = f"It has {', '.join(map(str, sorted(known)))}." if known else "It has not been published yet."
            raise RefusedError(error.problem, f"{pack} has no version {version}.", about=[has]) from error

    def check(self, pack: str, source: str) -> list[contract.FindingView]:
        """Return the service's findings in a text. The service also compares the text with other live packs."""
        body = contract.CheckBody.model_construct(source=source, pack_id=pack)
        return self._call(contract.CheckedView, "POST", "/check", body).findings

    def save_draft(self, pack: str, source: str, revision: int) -> contract.SavedView:
        """Save a draft. The service refuses if a different draft was saved since the caller read `revision`."""
        body = contract.DraftBody.model_construct(source=source, revision=revision)
        return self._call(contract.SavedView, "PUT", _at(pack, "draft"), body)

    def publish(self, pack: str, latest: int, body: contract.PublishBody) -> contract.PublishedView:
        """Publish a draft, or propose it if a colleague must approve it.

        `latest` is the number of the pack's latest version before this call.
        """

        def arrived() -> contract.PublishedView | None:
            now = self.pack(pack)
            is_mine = now.latest > latest and now.releases[0].published.name == self._me()
            if is_mine and now.revision != body.revision:
                return _publication_of(now)
            if now.proposal and now.proposal.mine and now.proposal.revision == body.revision:
                return contract.PublishedView(outcome=contract.Outcome.PROPOSED, pack=now)
            return None

        return self._call(contract.PublishedView, "POST", _at(pack, "publish"), body, arrived=arrived)

    def approve(self, pack: contract.PackDetail) -> contract.PublishedView:
        """Approve the proposal in `pack`. The service refuses if the proposal has changed since `pack` was read."""

        def arrived() -> contract.PublishedView | None:
            now = self.pack(pack.id)
            approved = now.releases[0].approved if now.latest > pack.latest else None
            return _publication_of(now) if approved and approved.name == self._me() else None

        body = contract.ApproveBody.model_construct(revision=pack.proposal.revision if pack.proposal else 0)
        return self._call(contract.PublishedView, "POST", _at(pack.id, "approve"), body, arrived=arrived)

    def reject(self, pack: str, note: str | None) -> contract.PackDetail:
        """Reject a proposal, or cancel a version that is not live yet."""
        body = contract.TakeBackBody.model_construct(note=note)
        return self._changed(pack, "reject", body, lambda now: not (now.proposal or now.scheduled))

    def withdraw(self, pack: str, prompt: str | None, reason: str | None) -> contract.PackDetail:
        """Withdraw a pack, or one prompt of it, from all couples."""
        body = contract.WithdrawBody.model_construct(prompt=prompt, reason=reason)
        return self._call(contract.PackDetail, "POST", _at(pack, "withdraw"), body)

    def restore(self, pack: str, prompt: str | None) -> contract.PackDetail:
        """Give a withdrawn pack or prompt back to couples."""
        body = contract.RestoreBody.model_construct(prompt=prompt)
        return self._changed(
            pack, "restore", body, lambda now: not (prompt in now.withdrawn_prompts if prompt else now.withdrawn)
        )

    def renew_code(self, pack: contract.PackDetail) -> contract.PackDetail:
        """Replace the pack's code by a new code."""
        return self._changed(pack.id, "code", None, lambda now: now.code != pack.code)

    def statistics(self) -> contract.StatisticsView:
        """Return the statistics about all couples."""
        return self._call(contract.StatisticsView, "GET", "/statistics")

    def help(self) -> contract.HelpView:
        """Return the help that the app shows to couples, and the proposal that waits for approval."""
        return self._call(contract.HelpView, "GET", "/help")

    def propose_help(self, document: dict[str, Any]) -> contract.HelpView:
        """Propose a help document. The service refuses if the help has changed since the caller read `document`.

        The service stores a second, equal proposal in place of the first, so it is safe to repeat the request.
        """
        return self._call(contract.HelpView, "PUT", "/help", document)

    def approve_help(self, proposal: int, revision: int) -> contract.HelpView:
        """Approve the proposal with this id. The service refuses if there is another proposal now.

        `revision` is that of the help before this call.
        """
        body = contract.HelpApproveBody.model_construct(proposal=proposal)
        arrived = _if_done(self.help, lambda now: now.revision > revision and now.proposal is None)
        return self._call(contract.HelpView, "POST", "/help/approve", body, arrived=arrived)

    def reject_help(self, proposal: int, revision: int, note: str | None) -> contract.HelpView:
        """Reject the proposal with this id, or take it back if it is the caller's own. See `approve_help`."""
        body = contract.HelpRejectBody.model_construct(proposal=proposal, note=note)
        arrived = _if_done(self.help, lambda now: now.revision == revision and now.proposal is None)
        return self._call(contract.HelpView, "POST", "/help/reject", body, arrived=arrived)

    def notices(self, limit: int) -> contract.NoticesView:
        """Return at most `limit` notices, latest first, with the number of unread notices."""
        notices: list[contract.NoticeView] = []
        for found in self._pages(contract.NoticesView, "/notices", min(limit, NOTICES_PAGE)):
            notices += found.notices
            if len(notices) >= limit:
                break
        return found.model_copy(update={"notices": notices[:limit]})

    def unread_notices(self) -> int:
        """Return the number of unread notices. Ask only once, because nobody waits for this number."""
        return self._call(contract.NoticesView, "GET", "/notices", attempts=1).unread

    def read_notices(self, until: str) -> None:
        """Mark a notice, and all older ones, as read by this person."""
        self._call(_Nothing, "POST", "/notices/read", contract.ReadNoticesBody.model_construct(until=until))

    def sign_out(self) -> None:
        """End all sign-ins of this person's account, also those on other machines."""
        self._call(_Nothing, "POST", "/sign-out", attempts=2)

    def audit_pages(self) -> Iterator[contract.AuditView]:
        """Yield all actions of staff in pages, latest first."""
        return self._pages(contract.AuditView, "/audit", AUDIT_PAGE)

    def audit(self, limit: int) -> list[contract.AuditEntryView]:
        """Return at most `limit` actions of staff, latest first."""
        entries: list[contract.AuditEntryView] = []
        for found in self._pages(contract.AuditView, "/audit", min(limit, AUDIT_PAGE)):
            entries += found.entries
            if len(entries) >= limit:
                break
        return entries[:limit]

    def _pages[Page: (contract.AuditView, contract.NoticesView)](
        self, model: type[Page], path: str, size: int
    ) -> Iterator[Page]:
        before = None
        while True:
            found = self._call(model, "GET", path, params={"limit": size} | ({"before": before} if before else {}))
            yield found
            before = found.before
            if before is None:
                return

    def _changed(
        self, pack: str, action: str, body: Body, is_done: Callable[[contract.PackDetail], bool]
    ) -> contract.PackDetail:
        """Change a pack. If an answer is lost, `is_done` checks whether the change was made."""
        arrived = _if_done(lambda: self.pack(pack), is_done)
        return self._call(contract.PackDetail, "POST", _at(pack, action), body, arrived=arrived)

    def _call[Answer: BaseModel](  # noqa: PLR0913
        self,
        model: type[Answer],
        method: str,
        path: str,
        body: Body = None,
        *,
        params: dict[str, Any] | None = None,
        arrived: Callable[[], Answer | None] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send a request until an answer comes, at most `attempts` times.

        After a lost answer, `arrived` reads the pack. If the request took effect, `arrived` returns the missing answer.
        Otherwise it returns None.
        """
        for attempt in range(attempts):
            try:
                return _read(model, self._call_once(method, path, body, params))
            except _AnswerLostError as lost:
                if attempt == attempts - 1:
                    said = f"The service does not answer ({lost}, tried {counted(attempts, 'time')})."
                    raise UnreachableError(said, "Check your connection, and try again in a minute.") from lost
                self._pause(_wait(attempt, lost.asked_for))
                if arrived and (answer := arrived()) is not None:
                    return answer
            except RefusedError:
                # An earlier attempt may have taken effect late, after `arrived` returned None. Then the service refuses
                # this attempt, for example because there is no proposal any more.
                if attempt and arrived and (answer := arrived()) is not None:
                    return answer
                raise
        raise AssertionError

    def _call_once(self, method: str, path: str, body: Body = None, params: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        token = self._tokens.current()
        answer = self._answer(method, path, body, params, token)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            answer = self._answer(method, path, body, params, self._tokens.fresh())
        if answer.status_code in _BUSY:
            raise _AnswerLostError(str(answer.status_code), _asked_for(answer))
        if not answer.is_success:
            raise _refusal(answer)
        try:
            return answer.json() if answer.content else {}
        except ValueError as error:
            raise UnreachableError(f"There is no Rekindle at {self._base}.") from error

    def _answer(self, method: str, path: str, body: Body, params: dict[str, Any] | None, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            return self._http.request(
                method, self._base + path, json=to_jsonable_python(body), params=params, headers=headers
            )
        except httpx.TransportError as error:
            raise _AnswerLostError(type(error).__name__) from error
        except UnicodeEncodeError as error:
            raise CliError("The text contains half of a character (a lone surrogate), which cannot be sent.") from error

    def _me(self) -> str:
        """Return the name under which the service records this person's actions."""
        return name_of(claims_of(self._tokens.current()))

    def _no_such_pack(self, pack: str) -> RefusedError:
        known = [each.id for each in self.packs().packs]
        near = get_close_matches(pack, known, 1, 0.5)
        return RefusedError(
            "no-such-pack",
            f"There is no pack named {plain(pack)}.",
            *([f"Did you mean {near[0]}?"] if near else []),
            "See all packs: rekindle packs list",
            suggestion=near[0] if near else None,
        )


class _Nothing(BaseModel):
    """An answer without content."""


class _AnswerLostError(Exception):
    """No usable answer came, so the request may have taken effect or not.

    `asked_for` is the number of seconds in the answer's header Retry-After, or 0.
    """

    def __init__(self, how: str, asked_for: float = 0.0) -> None:
        super().__init__(how)
        self.asked_for = asked_for


def _publication_of(now: contract.PackDetail) -> contract.PublishedView:
    outcome = contract.Outcome.SCHEDULED if now.scheduled else contract.Outcome.LIVE
    return contract.PublishedView(outcome=outcome, pack=now)


def _at(pack: str, *rest: str | int) -> str:
    return "/".join(["/packs", *(quote(str(part), safe="") for part in (pack, *rest))])


def _if_done[Answer](read: Callable[[], Answer], is_done: Callable[[Answer], bool]) -> Callable[[], Answer | None]:
    """Return a function that reads, and returns what it has read if the change was made. Otherwise it returns None."""

    def arrived() -> Answer | None:
        now = read()
        return now if is_done(now) else None

    return arrived


def _wait(attempt: int, asked_for: float) -> float:
    """Return the seconds until the next attempt: twice as many each time, or `asked_for`, up to LONGEST_WAIT."""
    return min(max(asked_for, 0.5 * 2.0**attempt), LONGEST_WAIT) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def _asked_for(answer: httpx.Response) -> float:
    try:
        return float(answer.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


def _read[Answer: BaseModel](model: type[Answer], answer: Any) -> Answer:  # noqa: ANN401 - JSON
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise CliError(
            "The service is newer than this program, which cannot read its answer.",
            "Update this program: git pull, then make setup",
        ) from error


def _refusal(answer: httpx.Response) -> CliError:
    try:
        body = answer.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return RefusedError("not-signed-in", "The service did not accept your sign-in.", "rekindle sign-in")
    if answer.status_code == HTTPStatus.FORBIDDEN and "type" not in body:  # API Gateway has refused the token's scopes
        return RefusedError("not-allowed", "Your account has no permission for this.", *_ASK_FOR_PERMISSION)
    if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return RefusedError(
            "body-too-large", "The pack is too large: the limit is 4,000,000 characters.", "Split it into two packs."
        )
    problem = str(body.get("type", "")).rpartition(":")[2] or f"status-{answer.status_code}"
    title = str(body.get("title") or f"The service answered with status {answer.status_code}.")
    about = [f"{each.get('field')}: {each.get('reason')}" for each in body.get("errors", [])]
    members = {name: value for name, value in body.items() if name not in {"type", "title", "status"}}
    return RefusedError(problem, title, *_TO_DO.get(problem, ()), about=about, **members)


_ASK_FOR_PERMISSION: Final = (
    "See your permissions: rekindle whoami",
    "Ask the people who run the service for the permission, then sign in again.",
)
_TO_DO: Final[dict[str, tuple[str, ...]]] = {
    "needs-another-person": ("Ask a colleague to run: rekindle packs approve ID, or rekindle help approve",),
    "proposed-already": ("See it: rekindle help show", "Then: rekindle help approve, or rekindle help reject"),
    "scheduled-already": ("Take it back first: rekindle packs reject ID",),
    "nothing-to-publish": ("Save a draft first: rekindle packs save FILE",),
    "internal": ("Try again. If it happens again, tell the people who run the service.",),
    "not-allowed": _ASK_FOR_PERMISSION,
    "second-factor-needed": (
        "Add one to your account: rekindle second-factor add",
        "Or, if it has one, sign in again: rekindle sign-in",
    ),
    "sign-in-not-recent": ("Sign in again: rekindle sign-in",),
    "no-such-route": ("The service may be older than this program.",),
}
