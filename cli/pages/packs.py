"""Show pages about packs and publishing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group

from cli import words
from cli.pages import done, facts, table, text
from cli.pages.findings import findings_page
from cli.words import counted, listed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from cli.changes import Changes
    from rekindle.packs import contract
    from rekindle.packs.document import Pack

SOME_ADVICE: Final = 6
"""A plan shows at most this many pieces of advice."""

STATES: Final = {"live": "green", "scheduled": "cyan", "proposed": "yellow", "draft": "blue", "withdrawn": "red"}
"""The color of each state of a pack."""
WHO: Final[Mapping[str, str]] = {
    "everyone": "every couple, until they turn it off",
    "choice": "couples that choose it",
    "code": "couples that have its code",
}


def packs_page(packs: contract.PacksView, now: dt.datetime) -> RenderableType:
    """Show a table of all packs."""
    if not packs.packs:
        return text("There is no pack yet. To save the first one: rekindle packs save FILE")
    page = table("Pack", "State", "For", "Prompts", "Languages", "Version", "Draft", numbers=("Prompts", "Version"))
    for pack in packs.packs:
        page.add_row(
            text(f"{pack.id}\n", (pack.title, "dim")),
            _state_of(pack, now),
            pack.audience,
            str(pack.prompts),
            " ".join(pack.languages),
            str(pack.live_version or "-"),
            text(f"{pack.draft_saved.name}, {words.since(pack.draft_saved.at, now)}" if pack.draft_saved else "-"),
        )
    note = [text("A second person has to approve each version.")] if packs.review_required else []
    return Group(page, *note)


def pack_page(pack: contract.PackDetail, now: dt.datetime) -> RenderableType:
    """Show one pack with its draft and versions."""
    rows: list[tuple[str, str | Text]] = [
        ("Pack", text((pack.title, "bold"), f" ({pack.id})")),
        ("State", _state_of(pack, now)),
        ("For", WHO.get(pack.audience, pack.audience)),
        ("Has", f"{counted(pack.prompts, 'prompt')} in {listed(pack.languages)}"),
    ]
    if pack.code:
        rows.append(("Code", text((pack.code, "bold"))))
    if pack.news_on:
        rows.append(("News", f"couples are notified on {words.day(pack.news_on)}"))
    if pack.draft:
        rows.append(("Draft", f"revision {pack.draft.revision}, saved by {actor(pack.draft.saved, now)}"))
    if pack.proposal:
        rows.append(("Proposed", _proposed(pack.proposal, now)))
    if pack.withdrawn:
        rows.append(("Withdrawn", f"by {actor(pack.withdrawn, now)}"))
    if pack.withdrawn_prompts:
        rows.append(("Prompts withdrawn", ", ".join(pack.withdrawn_prompts)))
    parts: list[RenderableType] = [facts(rows)]
    if pack.releases:
        versions = table("Version", "Live from", "Prompts", "Languages", "Published by", "Note", numbers=("Prompts",))
        for release in pack.releases:
            by = release.published.name + (f", approved by {release.approved.name}" if release.approved else "")
            note = f"taken back by {release.taken_back.name}" if release.taken_back else release.note or ""
            row = (str(release.version), words.short(release.live_from), str(release.prompts))
            versions.add_row(*row, " ".join(release.languages), text(by), text(note))
        parts += [text(""), versions]
    return Group(*parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """The effects of publishing. A person sees the plan before they confirm it."""

    pack: Pack
    stack: str
    current: contract.PackDetail | None
    at: dt.datetime | None
    news_on: dt.date | None
    review_required: bool
    changes: Changes | None
    advice: Sequence[contract.FindingView]


def plan_page(plan: Plan, now: dt.datetime) -> RenderableType:
    """Show the effects of publishing."""
    pack, current = plan.pack, plan.current
    title = pack.words[pack.default_language].title
    rows: list[tuple[str, str | Text]] = [
        ("Publish", text((title, "bold"), f" ({pack.id}) on {plan.stack}")),
        ("Has", f"{counted(len(pack.prompts), 'prompt')} in {listed(pack.languages)}"),
    ]
    if plan.changes is not None and current:
        rows.append(("Changes", f"since version {current.latest}: {changes_summary(plan.changes)}"))
    rows.append(("For", WHO[pack.audience]))
    when = f"{words.moment(plan.at)}, {words.distance(plan.at, now)}" if plan.at else "now"
    rows += [("When", f"once approved, {when}" if plan.review_required and plan.at else when), ("News", _news(plan))]
    if plan.review_required:
        rows.append(("Approval", "a colleague has to approve it before couples get it"))
    if current and current.withdrawn:
        rows.append(("Withdrawn", text(("the pack is withdrawn now; publishing makes it live again", "yellow"))))
    if not plan.advice:
        return facts(rows)
    rows.append(("Advice", f"{counted(len(plan.advice), 'thing')} to think about:"))
    # Advice about the whole pack comes first, because only some of the advice is shown.
    first = sorted(plan.advice, key=lambda each: each.prompt is not None)
    return Group(facts(rows), findings_page(pack.id, first, most=SOME_ADVICE))


def changes_summary(changes: Changes) -> str:
    """Summarize the differences between two versions of a pack in a few words."""
    if not changes:
        return "none that couples would see"
    counts = (("added", len(changes.added)), ("removed", len(changes.removed)), ("changed", len(changes.changed)))
    parts = [f"{counted(number, 'prompt')} {what}" for what, number in counts if number]
    parts += ["about the pack"] if changes.about else []
    parts += ["another order"] if changes.reordered else []
    return ", ".join(parts)


def outcome_page(result: contract.PublishedView, now: dt.datetime) -> RenderableType:
    """Show the result of publishing."""
    pack = result.pack
    name = f"“{pack.title}”"
    if result.outcome == "unchanged":
        return text(f"{name}: couples have exactly these prompts already. Nothing was published.")
    if result.outcome == "proposed":
        return done(f"{name} is proposed. For a colleague to approve it: rekindle packs approve {pack.id}")
    if pack.scheduled and result.outcome == "scheduled":
        when = f"{words.moment(pack.scheduled.at)}, {words.distance(pack.scheduled.at, now)}"
        lines = [done(f"{name} goes live as version {pack.scheduled.version} on {when}.")]
    else:
        has = f"{counted(pack.prompts, 'prompt')} in {listed(pack.languages)}"
        lines = [done(f"{name} is live: version {pack.live_version}, {has}.")]
    if pack.code:
        lines.append(text("  Its code: ", (pack.code, "bold")))
    if pack.news_on and pack.news_on >= now.date():
        lines.append(text(f"  Couples are notified on {words.day(pack.news_on)}, at the time of their prompt."))
    return Group(*lines)


def actor(who: contract.ActorView, now: dt.datetime) -> str:
    """Return who did something and how long ago, such as “Ruth, 2 hours ago”."""
    return f"{who.name}, {words.since(who.at, now)}"


def _news(plan: Plan) -> str:
    if plan.news_on is None:
        return "couples are not notified"
    if plan.current and plan.current.news_on:
        return f"no second notification: couples are notified once, on {words.day(plan.news_on)}"
    return f"couples are notified on {words.day(plan.news_on)}, at the time of their prompt"


def _proposed(proposal: contract.ProposalView, now: dt.datetime) -> str:
    when = f" for {words.moment(proposal.at)}" if proposal.at else ""
    note = f": {proposal.note}" if proposal.note else ""
    return f"by {actor(proposal.proposed, now)}{when}{note}"


def _state_of(pack: contract.PackSummary, now: dt.datetime) -> Text:
    shown = text((pack.state, STATES.get(pack.state, "")))
    if pack.state == "scheduled" and pack.scheduled:
        shown.append(f" {words.distance(pack.scheduled.at, now)}")
    return shown
