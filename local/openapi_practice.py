"""What no handler of the practice's API says of it: its description, and what bodies look like in practice."""

from __future__ import annotations

from typing import Any, Final

type Json = dict[str, Any]

PRACTICE_DESCRIPTION: Final = """\
What the console and the command line speak: staff write, release and withdraw packs of prompts, and see what becomes of
them, in numbers that are about no couple.

Reading takes the scope `practice:read` or `practice:publish`, everything else `practice:publish`, in the custom claim
`scope` of a Firebase ID token. Every error is an `application/problem+json` (RFC 9457); tell them apart by `type`,
which is stable, and show `title` to the person. Nothing is ever cached. Instants are UTC.\
"""

_RUTH: Final = {"name": "ruth@practice.example", "at": "2026-03-02T12:00:00Z"}
_SOURCE: Final = "id: river\ndefault_language: en\nlanguages: [en]\n"
_FINDING: Final = {
    "line": 12,
    "prompt": "rain",
    "field": "depth",
    "reason": "must be 3 or less, not “4”",
    "advice": False,
}
_SUMMARY: Final = {
    "id": "river",
    "title": "River",
    "state": "live",
    "audience": "everyone",
    "languages": ["en", "es"],
    "prompts": 84,
    "live_version": 2,
    "scheduled": None,
    "proposal": None,
    "draft_saved": _RUTH,
    "published": _RUTH,
    "withdrawn": None,
    "withdrawn_prompts": ["rain"],
    "code": None,
    "news_on": "2026-03-04",
}
_RELEASE: Final = {
    "version": 2,
    "live_from": "2026-03-02T12:00:00Z",
    "published": _RUTH,
    "approved": None,
    "title": "River",
    "audience": "everyone",
    "languages": ["en", "es"],
    "prompts": 84,
    "announce": True,
    "note": "Two prompts for the winter.",
    "taken_back": None,
}
_PROPOSAL: Final = {
    "revision": 7,
    "proposed": _RUTH,
    "at": None,
    "announce": True,
    "note": None,
    "mine": False,
}
_DETAIL: Final = _SUMMARY | {
    "draft": {"revision": 7, "saved": _RUTH, "base_version": 2},
    "releases": [_RELEASE],
}
_PREVIEW: Final = {
    "id": "river",
    "audience": "everyone",
    "default_language": "en",
    "languages": ["en"],
    "words": {"en": {"title": "River", "written_for": "Couples by the river."}},
    "prompts": [
        {
            "id": "rain",
            "theme": "openness",
            "kind": "question",
            "depth": 1,
            "comfort": 0,
            "words": {
                "en": {
                    "text": "What did rain sound like today?",
                    "why": "Small sounds carry a day.",
                    "hint": None,
                }
            },
        }
    ],
}
_HELP: Final = {
    "booking": {"url": "https://practice.example/book", "words": {"en": "Book a talk with us"}},
    "lines": [
        {
            "country": "IE",
            "name": {"en": "Samaritans"},
            "phone": "116 123",
            "text": None,
            "url": None,
            "languages": ["en"],
            "hours": "24/7",
            "note": {},
        }
    ],
}
PRACTICE_EXAMPLES: Final[dict[str, list[Json]]] = {
    "PacksView": [{"packs": [_SUMMARY], "review_required": False}],
    "PackDetail": [_DETAIL],
    "ProposalView": [_PROPOSAL],
    "ScheduledView": [{"version": 3, "at": "2026-03-09T06:00:00Z"}],
    "WithdrawBody": [{"prompt": "rain", "reason": "It landed badly."}, {"reason": "The course is over."}],
    "RestoreBody": [{"prompt": "rain"}, {}],
    "DraftBody": [{"source": _SOURCE, "revision": 6}],
    "DraftView": [{"source": _SOURCE, "revision": 7, "saved": _RUTH, "base_version": 2, "findings": [_FINDING]}],
    "SavedView": [{"revision": 7, "saved": _RUTH, "findings": [_FINDING], "unchanged": False}],
    "CheckBody": [{"source": _SOURCE, "pack_id": "river"}],
    "CheckedView": [{"findings": [_FINDING], "preview": None}, {"findings": [], "preview": _PREVIEW}],
    "PublishBody": [
        {"revision": 7},
        {"revision": 7, "at": "2026-03-09T06:00:00Z", "announce": True, "note": "Two prompts for the winter."},
    ],
    "ApproveBody": [{"revision": 7}],
    "TakeBackBody": [{"note": "The second one is too sharp."}],
    "PublishedView": [{"outcome": "live", "pack": _DETAIL}],
    "PublishedSourceView": [_RELEASE | {"source": _SOURCE}],
    "HelpView": [_HELP | {"revision": 4}],
    "StatisticsView": [
        {
            "as_of": "2026-03-02",
            "through": "2026-02-28",
            "days": [{"date": "2026-02-28", "active": 1240}],
            "weeks": [
                {
                    "week": "2026-02-16",
                    "active": 1510,
                    "active_28": 1890,
                    "themes": {"courage": {"offered": 1210, "completed": 860}},
                    "packs": {"river": {"offered": 430, "completed": 310}},
                    "streaks": {"0": None, "1-6": 610, "7-29": 420, "30-99": 190, "100-364": 40, "365+": None},
                    "reach": {"prompt": {"due": 1800, "reached": 1770}},
                }
            ],
            "prompts": {"river": {"rain": {"offered": 430, "answered": 390, "completed": 310, "swapped": 20}}},
        }
    ],
    "AuditView": [
        {
            "entries": [
                {
                    "at": "2026-03-02T12:00:00Z",
                    "who": "ruth@practice.example",
                    "action": "withdrawn",
                    "pack": "river",
                    "version": None,
                    "prompt": "rain",
                    "note": "It landed badly.",
                }
            ],
            "before": None,
        }
    ],
}
"""By schema, what a body looks like in practice."""
