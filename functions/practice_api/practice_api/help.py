"""`/v1/practice/help` shows the help that couples see: where to book, and whom to call. Two persons change it."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import (
    Services,
    Staff,
    ThePublisher,
    TheReader,
    TheServices,
    publisher_refusals,
    staff_refusals,
)
from rekindle.api.problems import Problem, ProblemError
from rekindle.api.resolver import ERRORS_SHOWN
from rekindle.domain.help import Help, texts_of
from rekindle.domain.markup import why_markup
from rekindle.packs.contract import HelpApproveBody, HelpBody, HelpProposalView, HelpRejectBody, HelpView
from rekindle.packs.lifecycle import HelpProposal
from rekindle.store.help import HelpChangedError, HelpProposedError

router = APIGatewayHttpRouter()


@router.get("/help", responses=staff_refusals())
def get_help(staff: TheReader, services: TheServices) -> HelpView:
    """Show the help that couples see, and the proposal that waits for approval.

    If the practice has not set its own help, show the built-in help.
    """
    return _view(services, staff)


@router.put(
    "/help", responses=publisher_refusals(Problem.HELP_CHANGED, Problem.PROPOSED_ALREADY, Problem.TOO_MANY_CHANGES)
)
def put_help(body: HelpBody, staff: ThePublisher, services: TheServices) -> HelpView:
    """Propose other help. Couples keep seeing the current help until a colleague approves the proposal.

    If the practice has already set or the caller has already proposed the same help, change nothing. Otherwise, the
    call is refused if `revision` is not the revision of the current help, or if a colleague's proposal is waiting.
    An account can propose 30 times in 24 hours.
    """
    wanted = Help.model_validate(body.model_dump(exclude={"revision"}))
    # `Help` itself accepts markup, because help that is stored already must stay readable.
    marked = ((path, why_markup(text)) for path, text in texts_of(wanted))
    if errors := [{"field": f"body.{path}", "reason": reason} for path, reason in marked if reason]:
        raise ProblemError(Problem.INVALID_FIELDS, errors=errors[:ERRORS_SHOWN])
    current, revision = services.help.current()
    waiting = services.help.proposal()
    if (revision and current == wanted) or (waiting and _is_repeat(waiting, staff, wanted, revision)):
        return _view(services, staff)
    try:
        services.help.propose(wanted, body.revision, staff.actor)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    except HelpProposedError as error:
        raise ProblemError(Problem.PROPOSED_ALREADY) from error
    return _view(services, staff)


@router.post(
    "/help/approve",
    responses=publisher_refusals(Problem.NOTHING_TO_TAKE_BACK, Problem.NEEDS_ANOTHER_PERSON, Problem.HELP_CHANGED),
)
def post_help_approve(body: HelpApproveBody, staff: ThePublisher, services: TheServices) -> HelpView:
    """Approve another person's proposal. Couples see the new help within half a minute."""
    proposal = _waiting(services, body.proposal)
    if proposal.proposed.uid == staff.uid:
        raise ProblemError(Problem.NEEDS_ANOTHER_PERSON)
    try:
        services.help.approve(proposal, staff.actor)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    return _view(services, staff)


@router.post(
    "/help/reject",
    responses=publisher_refusals(Problem.NOTHING_TO_TAKE_BACK, Problem.HELP_CHANGED),
)
def post_help_reject(body: HelpRejectBody, staff: ThePublisher, services: TheServices) -> HelpView:
    """Reject a proposal, or take back one's own. Couples keep seeing the current help."""
    try:
        services.help.reject(_waiting(services, body.proposal), staff.actor, body.note)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    return _view(services, staff)


def _is_repeat(waiting: HelpProposal, staff: Staff, wanted: Help, revision: int) -> bool:
    """Return whether the caller has proposed the same help already. Perhaps the first reply was lost."""
    return (waiting.proposed.uid, waiting.offered, waiting.replaces) == (staff.uid, wanted, revision)


def _waiting(services: Services, proposal: int) -> HelpProposal:
    """Return the proposal with this id. Raise a problem if none is waiting, or another one."""
    waiting = services.help.proposal()
    if waiting is None:
        raise ProblemError(Problem.NOTHING_TO_TAKE_BACK)
    if waiting.id != proposal:
        raise ProblemError(Problem.HELP_CHANGED)
    return waiting


def _view(services: Services, staff: Staff) -> HelpView:
    current, revision = services.help.current()
    waiting = services.help.proposal()
    proposal = _proposal_view(waiting, staff) if waiting else None
    return HelpView.model_validate(current.model_dump() | {"revision": revision, "proposal": proposal})


def _proposal_view(proposal: HelpProposal, staff: Staff) -> HelpProposalView:
    by = proposal.proposed
    said = {"id": proposal.id, "by": by.name, "at": by.at, "mine": by.uid == staff.uid, "revision": proposal.replaces}
    return HelpProposalView.model_validate(proposal.offered.model_dump() | said)
