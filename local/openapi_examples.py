"""An example for every schema of a contract: those written by hand, and what lies within them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

type Json = dict[str, Any]

MOST: Final = 2
"""Examples of a schema that are found within others: enough to see it, few enough to read."""
_NULL: Final = {"type": "null"}


def with_examples(schemas: Mapping[str, Json], written: Mapping[str, list[Json]]) -> dict[str, Json]:
    """Return the schemas with an example each.

    Raises:
        ValueError: nobody has written an example of a schema, and it lies within no other's.
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
    """Every value within a value that has a schema of its own name, with that name."""
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
