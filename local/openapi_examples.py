"""Examples of the phones' contract, and an example for every schema of a contract."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

type Json = dict[str, Any]

_PROMPT: Final = {
    "id": "starter/window-seat",
    "theme": "spark",
    "kind": "question",
    "text": "What is a small thing your partner did early on that you still smile about?",
    "why": "The spark is often in the details that only you two remember.",
    "hint": None,
    "help": None,
}
_BRAVE: Final = _PROMPT | {
    "id": "starter/behind-the-wall",
    "theme": "fear",
    "text": "What makes it hard to let somebody close, and what has ever made it easier?",
    "why": "What has a name weighs less, and two carry it better than one.",
    "help": {
        "text": "If this feels like a lot, you do not have to carry it alone. Somebody is there to talk to.",
        "href": "/v1/help",
    },
}
_DAY: Final = {
    "date": "2026-03-02",
    "prompt": _PROMPT,
    "open": True,
    "closes_at": "2026-03-03T08:00:00Z",
    "revealed": False,
    "swappable": False,
    "me": {"state": "waiting", "text": None, "share_first": False, "revision": None},
    "partner": {"state": "answered", "text": None},
    "reflect": None,
    "reflections": {"me": None, "partner": None},
}
_REVEALED: Final = _DAY | {
    "revealed": True,
    "me": {"state": "answered", "text": "You saved me the window seat.", "share_first": False, "revision": 1},
    "partner": {"state": "answered", "text": "The way you hum when you cook."},
    "reflections": {
        "me": {"kind": "heard", "text": "That my humming makes the kitchen feel like home."},
        "partner": {"kind": "thank_you", "text": None},
    },
}
_UNANSWERED: Final = _DAY | {"prompt": _BRAVE, "swappable": True, "partner": {"state": "waiting", "text": None}}
_AHEAD: Final = _DAY | {"date": "2026-03-03", "closes_at": "2026-03-04T08:00:00Z"}
_PACK: Final = {
    "id": "money-talk",
    "title": "Money talk",
    "written_for": "Couples who would like to speak of money before it speaks for them.",
    "prompts": 49,
    "languages": ["en"],
    "audience": "choice",
    "chosen": True,
    "course": None,
}
_GROUP: Final = _PACK | {
    "id": "spring-group",
    "title": "Our spring group",
    "written_for": "The couples of our spring group.",
    "prompts": 8,
    "audience": "code",
    "course": {"starts_on": "2026-03-05", "every_days": 7, "in_order": True},
}
_SOLO: Final = {
    "date": "2026-02-23",
    "prompt": _PROMPT,
    "open": True,
    "me": {"state": "answered", "text": "The window seat.", "revision": 1},
    "shared": False,
}
_PAUSE: Final = {"from": "2026-03-02", "until": "2026-03-09"}
_STREAK: Final = {"current": 4, "longest": 12, "total": 31}
_NUDGE: Final = {"gesture": "thinking_of_you", "at": "2026-03-02T15:00:00Z"}
_PROFILE: Final = {
    "display_name": "Ada",
    "zone": "America/New_York",
    "language": "en",
    "depth": 2,
    "touch_comfort": 1,
    "barriers": ["stress"],
    "streak_hidden": False,
}
_EXPORTED_PROMPT: Final = {name: _PROMPT[name] for name in ("id", "theme", "kind", "text")}
PHONE_EXAMPLES: Final[dict[str, list[Json]]] = {
    "ProfileBody": [_PROFILE],
    "MeView": [_PROFILE | {"uid": "u1x2y3z4", "paired": True}],
    "DeviceBody": [
        {"token": "fGx9Qe2mT0y:APA91bH", "fid": None, "platform": "ios"},
        {"token": None, "fid": "dGVzdGluZ1RoaXNJZEhlcm", "platform": "android"},
    ],
    "TouchBody": [{"weekdays": ["tuesday", "saturday"], "time": "19:00"}],
    "RemindersBody": [
        {
            "prompt_time": "08:30",
            "evening_time": "20:30",
            "quiet_hours": {"start": "22:00", "end": "07:00"},
            "touch": {"weekdays": ["tuesday", "saturday"], "time": "19:00"},
            "nudges_muted": False,
            "news": True,
        },
        {
            "prompt_time": "06:45",
            "evening_time": None,
            "quiet_hours": None,
            "touch": None,
            "nudges_muted": True,
            "news": False,
        },
    ],
    "NewInviteView": [
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "code": "K7MP2-QRX9T",
            "link": "https://app.rekindle.example/join#K7MP2QRX9T",
            "expires_at": "2026-03-03T15:00:00Z",
        }
    ],
    "InviteView": [
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "state": "redeemed",
            "redeemed_by": "Ben",
            "expires_at": "2026-03-03T15:00:00Z",
        }
    ],
    "RedeemBody": [{"code": "K7MP2-QRX9T"}],
    "RedeemedView": [{"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "inviter": "Ada", "state": "redeemed"}],
    "ConfirmBody": [{"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b"}],
    "CoupleView": [{"partner": "Ben", "since": "2026-03-01"}],
    "CoupleWithPacksView": [
        {"partner": "Ben", "since": "2026-03-01", "packs": ["money-talk", "starter"], "pause": None},
        {"partner": "Ben", "since": "2026-03-01", "packs": ["starter"], "pause": _PAUSE},
    ],
    "CouplePatchBody": [{"pause": {"until": "2026-03-09"}}],
    "PacksView": [{"packs": [_PACK, _GROUP]}],
    "PracticeCodeBody": [{"code": "K7MP-2QRX"}],
    "HelpView": [
        {
            "country": "GB",
            "choose_country": [],
            "booking": {"url": "https://practice.example/book", "label": "Book time with us"},
            "lines": [
                {
                    "country": "GB",
                    "name": "Samaritans",
                    "phone": "116 123",
                    "text": None,
                    "url": "https://www.samaritans.org",
                    "languages": ["en"],
                    "hours": "24/7",
                    "note": None,
                }
            ],
        },
        {
            "country": None,
            "choose_country": [{"country": "RU", "name": "Russia"}, {"country": "UA", "name": "Ukraine"}],
            "booking": None,
            "lines": [],
        },
    ],
    "AnswerBody": [
        {
            "text": "You saved me the window seat.",
            "share_first": False,
            "revision": None,
            "prompt": "starter/window-seat",
        },
        {
            "text": "You always saved me the window seat.",
            "share_first": True,
            "revision": 1,
            "prompt": "starter/window-seat",
        },
    ],
    "ReflectionBody": [
        {"kind": "heard", "text": "That my humming makes the kitchen feel like home."},
        {"kind": "thank_you", "text": None},
    ],
    "DayView": [_DAY, _REVEALED, _UNANSWERED],
    "TodayView": [
        {"today": _DAY, "previous": None, "next": None, "streak": _STREAK, "pause": None},
        {"today": _UNANSWERED, "previous": None, "next": _AHEAD, "streak": _STREAK, "pause": None},
    ],
    "JournalView": [{"days": [_REVEALED], "before": None}],
    "StreakCalendarView": [_STREAK | {"hidden": False, "calendar": {"2026-03-01": "complete", "2026-03-02": "open"}}],
    "RecapView": [
        {
            "week": "2026-02-23",
            "days_met": {"count": 2, "dates": ["2026-02-23", "2026-02-25"]},
            "themes": ["spark", "listening"],
            "streak": _STREAK,
            "new": {"packs": [{"id": "money-talk", "title": "Money talk"}], "milestones": [], "longest": False},
        }
    ],
    "SoloAnswerBody": [
        {"text": "The window seat.", "revision": None},
        {"text": "The window seat, always.", "revision": 1},
    ],
    "SoloDayView": [_SOLO],
    "SoloJournalView": [{"days": [_SOLO | {"open": False}], "before": None}],
    "SharedAnswersView": [
        {
            "answers": [{"date": "2026-02-23", "by": "partner", "prompt": _PROMPT, "text": "The window seat."}],
            "before": None,
        }
    ],
    "ExportBody": [{"next": None}, {"next": "AAEAC0iV0Jq3vJd1b2Zr8mXk"}],
    "ExportView": [
        {
            "format": "rekindle-export/1",
            "exported_at": "2026-03-05T15:00:00Z",
            "profile": _PROFILE,
            "couples": [{"couple": 1, "since": "2026-03-01", "until": None, "included": True}],
            "entries": [
                {
                    "kind": "alone",
                    "date": "2026-02-23",
                    "couple": None,
                    "prompt": _EXPORTED_PROMPT,
                    "answer": {"text": "The window seat.", "at": "2026-02-23T20:15:00Z", "share_first": False},
                    "reflection": None,
                    "partner": None,
                },
                {
                    "kind": "day",
                    "date": "2026-03-02",
                    "couple": 1,
                    "prompt": _EXPORTED_PROMPT,
                    "answer": {
                        "text": "You saved me the window seat.",
                        "at": "2026-03-02T15:00:00Z",
                        "share_first": False,
                    },
                    "reflection": {
                        "kind": "heard",
                        "text": "That my humming makes the kitchen feel like home.",
                        "at": "2026-03-02T19:30:00Z",
                    },
                    "partner": {
                        "text": "The way you hum when you cook.",
                        "reflection": {"kind": "thank_you", "text": None},
                    },
                },
            ],
            "next": None,
        },
        {
            "format": "rekindle-export/1",
            "exported_at": "2026-05-01T15:00:00Z",
            "profile": _PROFILE,
            "couples": [{"couple": 1, "since": "2026-03-01", "until": "2026-03-20", "included": False}],
            "entries": [],
            "next": None,
        },
    ],
    "NudgeBody": [{"gesture": "thank_you"}],
    "NudgesView": [
        {"received": [_NUDGE], "left": 2, "next_at": None},
        {"received": [], "left": 0, "next_at": "2026-03-03T09:30:00Z"},
    ],
    "TouchTodayView": [
        {
            "date": "2026-03-02",
            "gesture": {
                "id": "linked-fingers",
                "warmth": 1,
                "text": "Link little fingers for a moment, as you would for a promise.",
            },
        },
        {"date": "2026-03-02", "gesture": None},
    ],
}
"""Examples by schema. Schemas within these get theirs from them."""

MOST: Final = 2
"""Examples of a schema that are taken from within others."""
_NULL: Final = {"type": "null"}


def with_examples(schemas: Mapping[str, Json], written: Mapping[str, list[Json]]) -> dict[str, Json]:
    """Return the schemas with examples: written here or on the model, or found within another's.

    Raises:
        ValueError: a schema has no example.
    """
    found: defaultdict[str, list[Any]] = defaultdict(list)
    written = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema} | dict(written)
    for name, examples in written.items():
        for example in examples:
            for inner, value in _within(schemas[name], example, schemas):
                if value not in found[inner] and len(found[inner]) < MOST:
                    found[inner].append(value)
    completed = {}
    for name, schema in schemas.items():
        examples = written.get(name) or found[name] or schema.get("enum", [])[:1]
        if not examples:
            raise ValueError(f"no example of {name}")
        completed[name] = schema | {"examples": examples}
    return completed


def _within(schema: Json, value: Any, schemas: Mapping[str, Json]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  JSON
    """Yield every inner value that has a named schema, with that name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield name, value
        yield from _within(schemas[name], value, schemas)
    elif "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice != _NULL]
        if value is not None and len(choices) == 1:
            yield from _within(choices[0], value, schemas)
    elif isinstance(value, list):
        for each in value:
            yield from _within(schema.get("items", {}), each, schemas)
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, each in value.items():
            yield from _within(schema.get("propertyNames", {}), name, schemas)
            inner = properties.get(name, others if isinstance(others, dict) else {})
            yield from _within(inner, each, schemas)
