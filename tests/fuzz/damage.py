"""Make messages, records and claims that are damaged in every way."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

CANARY: Final = "the canary sings at dawn"
"""A text that no log line may contain."""

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["9999-12-31", "0001-01-01T00:00:00Z", "PT0S", "P99999999D", "-PT1S", "UTC", "08:30:00", 10**40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def damaged(good: Sequence[dict[str, Any]]) -> SearchStrategy[dict[str, Any]]:
    """Return one of the good documents with one to three parts replaced, removed or added, at any depth."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> dict[str, Any]:
        document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(good)))
        for _ in range(draw(st.integers(1, 3))):
            if not (places := list(_places(document))):
                break
            container, name = draw(st.sampled_from(places))
            match draw(st.sampled_from(["replace", "remove", "add"])):
                case "replace":
                    container[name] = draw(JSON)
                case "remove":
                    del container[name]
                case _ if isinstance(container, dict):
                    container[draw(st.text(max_size=8))] = draw(JSON)
                case _:
                    container.append(draw(JSON))
        return document

    return draw_one()


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return each place in a document: its container, and its name or index there."""
    match value:
        case dict():
            parts: Any = value.items()
        case list():
            parts = enumerate(value)
        case _:
            return []
    return [place for name, inner in parts for place in [(value, name), *_places(inner)]]


def bodies(good: Sequence[dict[str, Any]]) -> SearchStrategy[str]:
    """Return bodies of messages that are no jobs, or damaged jobs. A body with the CANARY is never a job."""
    with_canary = damaged(good).map(lambda job: json.dumps(job | {"text": CANARY}))
    cut = st.builds(lambda job, at: (json.dumps(job | {"text": CANARY}))[:-at], damaged(good), st.integers(1, 40))
    return damaged(good).map(json.dumps) | with_canary | cut | JSON.map(json.dumps) | st.text() | st.just(CANARY)
