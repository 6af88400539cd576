"""Keep an inbox for each phone, with all pushes to the phone."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from local.clock import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEEP_ALIVE_SECONDS = 15
_QUIET_PRIORITIES = frozenset({"PRIORITY_MIN", "PRIORITY_LOW"})


@dataclass(slots=True)
class Push:
    """A push as the phone shows it.

    `number` counts the pushes to all phones together: 1, 2, 3. `at` is the time of the delivery, in epoch milliseconds.
    A push replaces the previous push to the same phone with the same collapse key. Example: push 7 replaces push 5.
    Then push 7 has `replaces=5`, and push 5 has `replaced_by=7`. A `passive` push makes no sound. `buzzes` is False if
    the push is passive or replaces another push.
    """

    number: int
    name: str
    at: int
    token: str
    title: str | None
    body: str | None
    data: dict[str, str]
    collapse_key: str | None
    passive: bool
    replaces: int | None
    replaced_by: int | None
    buzzes: bool
    message: dict[str, Any] = field(repr=False)


class Inboxes:
    """The inboxes of all phones. Each push is also saved as a line of a file, so that a restart loses no push."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pushes: dict[str, list[Push]] = defaultdict(list)
        self._listeners: dict[str, set[asyncio.Queue[Push]]] = defaultdict(set)
        self._count = 0
        if file.exists():
            saved = file.read_bytes()
            # If the process stopped during a write, the last line has no end. Cut it off.
            whole = saved[: saved.rfind(b"\n") + 1]
            if whole != saved:
                file.write_bytes(whole)
            for line in whole.splitlines():
                self._keep(Push(**json.loads(line)))

    def deliver(self, name: str, message: dict[str, Any]) -> Push:
        """Add the message as a push to its phone's inbox. Send the push to all streams of this inbox."""
        token = message["token"]
        key = _collapse_key(message)
        earlier = next(
            (push for push in reversed(self._pushes[token]) if key is not None and push.collapse_key == key), None
        )
        title, body = _title_and_body(message)
        passive = _is_passive(message)
        push = Push(
            number=self._count + 1,
            name=name,
            at=int(now() * 1000),
            token=token,
            title=title,
            body=body,
            data=message.get("data", {}),
            collapse_key=key,
            passive=passive,
            replaces=earlier.number if earlier else None,
            replaced_by=None,
            buzzes=not passive and earlier is None,
            message=message,
        )
        self._keep(push)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(push)) + "\n")
        for listener in self._listeners[token]:
            listener.put_nowait(push)
        return push

    def _keep(self, push: Push) -> None:
        self._count = push.number
        inbox = self._pushes[push.token]
        for earlier in inbox:
            if earlier.number == push.replaces:
                earlier.replaced_by = push.number
        inbox.append(push)

    def of(self, token: str) -> list[Push]:
        """Return all pushes to the phone with this token, oldest first."""
        return self._pushes.get(token, [])

    def counts(self) -> dict[str, int]:
        """Map each phone's token to the number of its pushes."""
        return {token: len(pushes) for token, pushes in self._pushes.items() if pushes}

    def clear(self) -> None:
        """Empty all inboxes."""
        self._pushes.clear()
        self._file.write_bytes(b"")

    async def stream(self, token: str, after: int) -> AsyncIterator[str]:
        """Yield server-sent events: first each push with a number above `after`, then each new push."""
        queue: asyncio.Queue[Push] = asyncio.Queue()
        self._listeners[token].add(queue)
        try:
            yield ": listening\n\n"
            for push in [push for push in self.of(token) if push.number > after]:
                yield _event(push)
            while True:
                try:
                    yield _event(await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS))
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._listeners[token].discard(queue)


def _event(push: Push) -> str:
    return f"id: {push.number}\nevent: push\ndata: {json.dumps(asdict(push))}\n\n"


def _collapse_key(message: dict[str, Any]) -> str | None:
    """Return Android's tag or Apple's collapse id. A push replaces the last push with the same value."""
    tag = message.get("android", {}).get("notification", {}).get("tag")
    headers = {name.lower(): value for name, value in message.get("apns", {}).get("headers", {}).items()}
    return tag or headers.get("apns-collapse-id")


def _title_and_body(message: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the title and the body that the phone shows.

    For both, prefer Android's text, then Apple's text, then the text for all platforms.
    """
    alert = message.get("apns", {}).get("payload", {}).get("aps", {}).get("alert", {})
    texts = (
        message.get("android", {}).get("notification", {}),
        {"body": alert} if isinstance(alert, str) else alert,
        message.get("notification", {}),
    )
    title, body = (next((text[part] for text in texts if text.get(part)), None) for part in ("title", "body"))
    return title, body


def _is_passive(message: dict[str, Any]) -> bool:
    aps = message.get("apns", {}).get("payload", {}).get("aps", {})
    priority = message.get("android", {}).get("notification", {}).get("notification_priority")
    return aps.get("interruption-level") == "passive" or priority in _QUIET_PRIORITIES
