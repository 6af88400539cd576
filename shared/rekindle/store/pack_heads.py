"""A pack's head: the item that says which drafts and releases the pack has."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.domain.prompts import Audience
from rekindle.packs.lifecycle import About, DraftHead, PackHead, Proposal, ReleaseHead
from rekindle.store import keys
from rekindle.store.audit import actor_from
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping


def head_row(head: PackHead) -> Write:
    """Return the write of a changed head, which has the revision that was read."""
    item = stored(head)
    del item["id"]  # part of the key
    return Write.versioned(keys.pack(head.id), item, head.revision)


def head_from(item: Mapping[str, Any]) -> PackHead:
    """Read a head from its item."""
    draft, proposal = item["draft"], item["proposal"]
    return PackHead(
        id=PackId(item["sk"]),
        drafts=item["drafts"],
        versions=item["versions"],
        draft=DraftHead(
            revision=draft["revision"],
            chunks=draft["chunks"],
            saved=actor_from(draft["saved"]),
            base=draft["base"],
            about=_about_from(draft["about"]) if draft["about"] else None,
        )
        if draft
        else None,
        proposal=Proposal(
            revision=proposal["revision"],
            proposed=actor_from(proposal["proposed"]),
            at=from_millis(proposal["at"]) if proposal["at"] is not None else None,
            announce=proposal["announce"],
            note=proposal["note"],
        )
        if proposal
        else None,
        releases=tuple(map(_release_head_from, item["releases"])),
        withdrawn=actor_from(item["withdrawn"]) if item["withdrawn"] else None,
        withdrawn_up_to=item["withdrawn_up_to"],
        withdrawn_prompts={PromptId(name): actor_from(actor) for name, actor in item["withdrawn_prompts"].items()},
        code=item["code"],
        news_on=dt.date.fromisoformat(item["news_on"]) if item["news_on"] else None,
        revision=item["revision"],
    )


def _release_head_from(item: Mapping[str, Any]) -> ReleaseHead:
    return ReleaseHead(
        version=item["version"],
        live_from=from_millis(item["live_from"]),
        published=actor_from(item["published"]),
        approved=actor_from(item["approved"]) if item["approved"] else None,
        chunks=item["chunks"],
        title=item["title"],
        audience=Audience(item["audience"]),
        languages=tuple(map(Language, item["languages"])),
        prompts=item["prompts"],
        announce=item["announce"],
        note=item["note"],
        taken_back=actor_from(item["taken_back"]) if item["taken_back"] else None,
    )


def _about_from(item: Mapping[str, Any]) -> About:
    return About(item["title"], Audience(item["audience"]), tuple(map(Language, item["languages"])), item["prompts"])
