"""Check a message by the rules of FCM's HTTP v1 API.

Field names and types: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

MAX_PAYLOAD_BYTES = 4096
MAX_TTL_SECONDS = 28 * 24 * 3600

type Kind = str | Kinds | frozenset[str]
"""The type of a field: a scalar's name, the fields of a nested message, or the values of an enum."""
type Kinds = Mapping[str, Kind]

_LABEL: Kinds = {"analytics_label": "string"}
_NOTIFICATION: Kinds = {"title": "string", "body": "string", "image": "string"}
_ANDROID_NOTIFICATION: Kinds = {
    **dict.fromkeys(("title", "body", "image", "icon", "color", "sound", "tag", "ticker", "channel_id"), "string"),
    **dict.fromkeys(("click_action", "body_loc_key", "title_loc_key", "event_time"), "string"),
    **dict.fromkeys(("body_loc_args", "title_loc_args", "vibrate_timings"), "strings"),
    **dict.fromkeys(("sticky", "local_only", "default_sound"), "boolean"),
    **dict.fromkeys(("default_vibrate_timings", "default_light_settings"), "boolean"),
    "notification_count": "number",
    "light_settings": "struct",
    "notification_priority": frozenset(
        f"PRIORITY_{each}" for each in ("UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX")
    ),
    "visibility": frozenset({"VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"}),
    "proxy": frozenset({"PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"}),
}
_MESSAGE: Kinds = {
    **dict.fromkeys(("name", "token", "fid", "topic", "condition"), "string"),
    "data": "map",
    "notification": _NOTIFICATION,
    "fcm_options": _LABEL,
    "android": {
        "collapse_key": "string",
        "priority": frozenset({"NORMAL", "HIGH", "normal", "high"}),
        "ttl": "duration",
        "restricted_package_name": "string",
        "data": "map",
        "notification": _ANDROID_NOTIFICATION,
        "fcm_options": _LABEL,
        **dict.fromkeys(("direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok"), "boolean"),
    },
    "webpush": {"headers": "map", "data": "map", "notification": "struct", "fcm_options": "struct"},
    "apns": {
        "headers": "map",
        "payload": "struct",
        "fcm_options": {**_LABEL, "image": "string"},
        "live_activity_token": "string",
    },
}
_REQUEST: Kinds = {"message": _MESSAGE}
_RESERVED_DATA = re.compile(r"from|message_type|(google|gcm)\..*")
_DURATION = re.compile(r"(\d+)(\.\d{1,9})?s")


def _is_string(value: object) -> bool:
    return isinstance(value, str)


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "string": _is_string,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "duration": lambda value: isinstance(value, str) and _DURATION.fullmatch(value) is not None,
    "strings": lambda value: isinstance(value, list) and all(map(_is_string, value)),
    "map": lambda value: isinstance(value, dict) and all(map(_is_string, value.values())),
    "struct": lambda value: isinstance(value, dict),
}


class MessageError(Exception):
    """FCM or the local stand-in refuses the message.

    `violations` are pairs of a field's path and a sentence. `by_fcm` is False for invalid JSON, unknown fields and
    wrong types, because Google's gateway refuses such a message before FCM sees the message.
    """

    def __init__(self, sentence: str, *violations: tuple[str, str], by_fcm: bool = True) -> None:
        super().__init__(sentence)
        self.violations = violations
        self.by_fcm = by_fcm


def checked_message(body: bytes) -> dict[str, Any]:
    """Check the body of a send request. Return the message in the body, with field names in snake case.

    Raises:
        MessageError: FCM refuses the message, or the message has a topic or a condition.
    """
    try:
        request = json.loads(body)
    except ValueError as error:
        raise MessageError("Invalid JSON payload received. Unexpected token.", by_fcm=False) from error
    violations: list[tuple[str, str]] = []
    checked = _checked(request, _REQUEST, "", violations)
    if violations:
        raise MessageError("\n".join(sentence for _, sentence in violations), *violations, by_fcm=False)
    message: dict[str, Any] = checked.get("message", {})
    _check_by_fcm(message)
    # A message can have the phone's Firebase installation id (`fid`) instead of a token. Then use the id as token.
    message["token"] = message.get("token") or message["fid"]
    return message


def _check_by_fcm(message: dict[str, Any]) -> None:
    targets = [each for each in ("token", "fid", "topic", "condition") if message.get(each)]
    if not targets:
        raise MessageError("Recipient of the message is not set.")
    if len(targets) > 1 or targets[0] in {"topic", "condition"}:
        raise MessageError("The stand-in sends to one token. It has no topics and no conditions.")
    for part in (message, message.get("android", {})):
        for name in part.get("data", {}):
            if _RESERVED_DATA.fullmatch(name):
                sentence = f"Invalid data payload key: {name}"
                raise MessageError(sentence, ("message.data", sentence))
    ttl = _DURATION.fullmatch(message.get("android", {}).get("ttl", "0s"))
    if ttl and int(ttl[1]) > MAX_TTL_SECONDS:
        raise MessageError("Invalid ttl", ("message.android.ttl", "TTL is out of range: 0 to 28 days"))
    for platform in ("android", "apns"):
        shown = [message.get("data"), message.get("notification"), message.get(platform)]
        if sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in shown if part) > MAX_PAYLOAD_BYTES:
            raise MessageError(f"{platform.capitalize()} message is too big", ("message", "Message is too big"))


def _checked(value: object, kinds: Kinds, path: str, violations: list[tuple[str, str]]) -> dict[str, Any]:
    if not isinstance(value, dict):
        violations.append((path, f"Invalid value at '{path}', expected an object"))
        return {}
    checked: dict[str, Any] = {}
    for given, member in value.items():
        name = _snake(given)
        below = f"{path}.{name}" if path else name
        if name not in kinds:
            where = f" at '{path}'" if path else ""
            sentence = f'Invalid JSON payload received. Unknown name "{given}"{where}: Cannot find field.'
            violations.append((path, sentence))
        elif isinstance(kind := kinds[name], Mapping):
            checked[name] = _checked(member, kind, below, violations)
        elif _is_of_kind(member, kind):
            checked[name] = member
        elif kind == "map" and isinstance(member, dict):
            violations += [
                (f"{below}[{index}].value", f"Invalid value at '{below}[{index}].value' (TYPE_STRING), {each!r}")
                for index, each in enumerate(member.values())
                if not isinstance(each, str)
            ]
        else:
            violations.append((below, f"Invalid value at '{below}', {json.dumps(member)}"))
    return checked


def _is_of_kind(value: object, kind: str | frozenset[str]) -> bool:
    return value in kind if isinstance(kind, frozenset) else _SCALARS[kind](value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda letter: f"_{letter[1].lower()}", name)
