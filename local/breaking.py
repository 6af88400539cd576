"""Compare the API's present contracts with the released ones, and report breaking changes: `python -m local.breaking`.

A contract is an OpenAPI document. The apps on people's phones were built for the released contracts in docs/released. A
change is a break if the present API refuses a request that a released contract allows, or sends a response that a
released contract does not allow. The removal of a field or a value is a break, too, and so is a changed default in a
request. New routes, new optional fields in requests and new fields in responses are not breaks. If a changed schema has
a keyword that this check does not know, the check reports a break.

`--release` copies the present contracts to docs/released.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.openapi import CONTRACTS
from local.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

type Json = Mapping[str, Any]

RELEASED: Final = ROOT / "docs" / "released"

_OF_EVERY_REFUSAL: Final = ("Problem", "GatewayRefusal")
_FIRST_REFUSAL: Final = 400
"""The lowest HTTP status of a refusal. Refusals may change, because a phone shows the title of an unknown refusal."""

_WORDS: Final = frozenset({"title", "description", "examples", "example", "deprecated"})
_AT_LEAST: Final = frozenset({"minLength", "minItems", "minimum", "exclusiveMinimum"})
_AT_MOST: Final = frozenset({"maxLength", "maxItems", "maximum", "exclusiveMaximum"})
_THE_SAME: Final = frozenset({"pattern", "format"})
_KNOWN: Final = (
    _WORDS
    | _AT_LEAST
    | _AT_MOST
    | _THE_SAME
    | {"type", "enum", "const", "anyOf", "items", "properties", "required", "additionalProperties", "propertyNames"}
    | {"default"}
)


@dataclass(frozen=True, slots=True)
class Schemas:
    """A schema of the released contract and the same schema in the present contract.

    `where` is the schema's place, such as `GET /v1/today 200.streak`. `documents` are both contracts, the released one
    first. If `sent` is true, phones send the values, so the present schema must allow all values of the released
    schema. If `sent` is false, phones receive the values, so the released schema must allow all of the present schema.
    """

    released: Json
    present: Json
    where: str
    sent: bool
    documents: tuple[Json, Json]

    def within(self, released: Json, present: Json, part: str) -> Schemas:
        """Return the released and the present schema of a part. `part` is appended to `where`."""
        return Schemas(released, present, f"{self.where}{part}", self.sent, self.documents)

    def breaks(self) -> Iterator[str]:
        """Yield a sentence for each break."""
        old, new = _resolved(self.released, self.documents[0]), _resolved(self.present, self.documents[1])
        unknown = sorted((old.keys() | new.keys()) - _KNOWN)
        if unknown and _without_words(old) != _without_words(new):
            yield f"{self.where} has {', '.join(unknown)}, which this check cannot judge"
        elif "anyOf" in old or "anyOf" in new:
            yield from self._breaks_of_choices(old.get("anyOf", [old]), new.get("anyOf", [new]))
        else:
            yield from self._breaks_of_values(old, new)
            yield from self._breaks_of_objects(old, new)
            for keyword, part in (("items", "[]"), ("additionalProperties", "{}"), ("propertyNames", "{} names")):
                if isinstance(old.get(keyword), Mapping) or isinstance(new.get(keyword), Mapping):
                    yield from self.within(_schema(old, keyword), _schema(new, keyword), part).breaks()

    def _breaks_of_choices(self, old: Sequence[Json], new: Sequence[Json]) -> Iterator[str]:
        """Compare the schemas in `anyOf`, and yield breaks.

        A request is sent by an old app to the new API, and a response by the new API to an old app. Each schema of the
        sender must fit a schema of the receiver. For a response, fewer schemas than before are a break, too.
        """
        givers, takers = (old, new) if self.sent else (new, old)
        for giver in givers:
            found = [
                list((self.within(giver, taker, "") if self.sent else self.within(taker, giver, "")).breaks())
                for taker in takers
            ]
            if all(found):
                yield from min(found, key=len)
        if not self.sent and (gone := [each for each in old if each not in new]) and len(new) < len(old):
            yield f"{self.where} is never {' or '.join(_named(each) for each in gone)} any more"

    def _breaks_of_values(self, old: Json, new: Json) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            yield f"{self.where} was {_named(old)} and is {_named(new)}"
            return
        before, after = _values(old), _values(new)
        if before != after:
            if gone := before - after:
                yield f"{self.where} is no longer one of {', '.join(sorted(gone))}"
            if not self.sent and (come := after - before):
                yield f"{self.where} may be {', '.join(sorted(come))}, which no released phone knows"
        giver, taker = (old, new) if self.sent else (new, old)
        for keyword in sorted(_AT_LEAST | _AT_MOST):
            bound, limit = giver.get(keyword), taker.get(keyword)
            if limit is None or (bound is not None and (bound >= limit if keyword in _AT_LEAST else bound <= limit)):
                continue
            yield f"{self.where} had {keyword} {old.get(keyword)} and has {new.get(keyword)}"
        for keyword in sorted(_THE_SAME):
            if keyword in taker and taker[keyword] != giver.get(keyword):
                yield f"{self.where} had {keyword} {old.get(keyword)} and has {new.get(keyword)}"
        if self.sent and "default" in old and old["default"] != new.get("default"):
            yield f"{self.where} had default {old['default']!r} and has {new.get('default')!r}"

    def _breaks_of_objects(self, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            # In a request, the API refuses the field as unknown. In a response, a phone may need the field.
            yield f"{self.where}.{name} is gone"
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        if self.sent:
            yield from (f"{self.where}.{name} has to be sent now" for name in sorted(needed_after - needed_before))
            if old.get("additionalProperties", True) is True and new.get("additionalProperties") is False:
                yield f"{self.where} takes no other fields any more"
        else:
            lost = (needed_before - needed_after) & after.keys()
            yield from (f"{self.where}.{name} may be missing now" for name in sorted(lost))
        for name in sorted(before.keys() & after.keys()):
            yield from self.within(before[name], after[name], f".{name}").breaks()


def breaks(released: Json, present: Json) -> list[str]:
    """Return a sentence for each change that breaks apps built for the released contract."""
    found: list[str] = []
    documents = (released, present)
    for path, operations in released["paths"].items():
        for method, old in operations.items():
            route = f"{method.upper()} {path}"
            new = present["paths"].get(path, {}).get(method)
            found.extend([f"{route} is gone"] if new is None else _breaks_of_route(route, old, new, documents))
    for name in _OF_EVERY_REFUSAL:
        old, new = (document["components"]["schemas"].get(name, {}) for document in documents)
        found.extend(Schemas(old, new, name, sent=False, documents=documents).breaks())
    return found


def _breaks_of_route(route: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    if old.get("security") != new.get("security"):
        yield f"{route} asks for other permissions"
    yield from _breaks_of_parameters(route, old, new, documents)
    body = _media(old.get("requestBody", {}), documents[0])
    new_body = _media(new.get("requestBody", {}), documents[1])
    if new.get("requestBody", {}).get("required") and not old.get("requestBody", {}).get("required"):
        yield f"{route}: a body has to be sent now"
    yield from _breaks_of_media(f"{route}: the body", body, new_body, documents, sent=True)
    for status, answer in old["responses"].items():
        if int(status) >= _FIRST_REFUSAL:
            continue
        if status not in new["responses"]:
            yield f"{route} no longer answers {status}"
            continue
        media, new_media = _media(answer, documents[0]), _media(new["responses"][status], documents[1])
        yield from _breaks_of_media(f"{route} {status}", media, new_media, documents, sent=False)


def _breaks_of_parameters(route: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    before, after = ({(each["in"], each["name"]): each for each in side.get("parameters", ())} for side in (old, new))
    for place, name in sorted(before.keys() - after.keys()):
        yield f"{route}: the {place} parameter {name} is gone"
    for place, name in sorted(after.keys() - before.keys()):
        if after[place, name].get("required"):
            yield f"{route}: the {place} parameter {name} has to be sent now"
    for key in sorted(before.keys() & after.keys()):
        where = f"{route}: the {key[0]} parameter {key[1]}"
        if after[key].get("required") and not before[key].get("required"):
            yield f"{where} has to be sent now"
        yield from Schemas(before[key]["schema"], after[key]["schema"], where, sent=True, documents=documents).breaks()


def _breaks_of_media(where: str, old: Json, new: Json, documents: tuple[Json, Json], *, sent: bool) -> Iterator[str]:
    for media in old:
        if media not in new:
            yield f"{where} is no longer {media}"
        else:
            yield from Schemas(old[media]["schema"], new[media]["schema"], where, sent, documents).breaks()


def _media(part: Json, document: Json) -> Json:
    content: Json = _resolved(part, document).get("content", {})
    return content


def _resolved(node: Json, document: Json) -> Json:
    while "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = {**found, **beside}
    return node


def _schema(schema: Json, keyword: str) -> Json:
    found = schema.get(keyword)
    return found if isinstance(found, Mapping) else {}


def _without_words(schema: Json) -> Json:
    return {keyword: value for keyword, value in schema.items() if keyword not in _WORDS}


def _values(schema: Json) -> set[str]:
    return {json.dumps(each) for each in ([schema["const"]] if "const" in schema else schema.get("enum", ()))}


def _named(schema: Json) -> str:
    return str(schema.get("$ref", schema.get("type", "anything"))).rpartition("/")[2]


def problem_types(document: Path) -> set[str]:
    """Return the problem types in a document. A release must keep all types, because apps rely on them."""
    return set(re.findall(r"urn:rekindle:problem:[\w-]+", document.read_text("utf-8"))) if document.exists() else set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the contracts, or release them. Return 1 if there is a break or a problem type is gone."""
    parser = argparse.ArgumentParser(prog="breaking", description="Compare the contracts with the released ones.")
    parser.add_argument("--release", action="store_true", help="make the present contracts the released ones")
    parser.add_argument("folder", nargs="?", type=Path, default=RELEASED, help="default: docs/released")
    chosen = parser.parse_args(arguments)
    status = 0
    for contract in CONTRACTS:
        released = chosen.folder / contract.file.name
        if chosen.release:
            chosen.folder.mkdir(exist_ok=True)
            if gone := problem_types(released) - problem_types(contract.file):
                print(f"{contract.file.name}: keep these problem types: {', '.join(sorted(gone))}.", file=sys.stderr)
                status = 1
                continue
            shutil.copyfile(contract.file, released)
            print(f"{contract.file.name}: released. Say in CHANGELOG.md what its users have to do.")
            continue
        documents = (json.loads(file.read_text(encoding="utf-8")) for file in (released, contract.file))
        for sentence in breaks(*documents):
            print(f"{contract.file.name}: {sentence}.", file=sys.stderr)
            status = 1
    if status and not chosen.release:
        print(
            "These changes would break the apps on people's phones. Undo them, or release them with "
            "`make release-api`.",
            file=sys.stderr,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
