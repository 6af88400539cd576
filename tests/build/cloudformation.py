"""Read the template as plain values. Each short form, such as `!Ref`, becomes its long form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from local.deploy.build import read_template

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOUD: Final = ("dev", "prod")
STAGES: Final = ("local", *CLOUD)

type Properties = dict[str, Any]

TEMPLATE: Final[Properties] = read_template()


def resources(kind: str) -> dict[str, Properties]:
    """Return the resources of a type, by logical id."""
    return {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"] == kind}


def properties(name: str) -> Properties:
    """Return the properties of one resource."""
    found: Properties = TEMPLATE["Resources"][name]["Properties"]
    return found


def functions() -> dict[str, Properties]:
    """Return each function's own properties, by logical id."""
    return {name: each["Properties"] for name, each in resources("AWS::Serverless::Function").items()}


def in_stage(stage: str, value: object) -> object:
    """Return a value in a stage, with `!FindInMap [Stages, !Ref Stage, ...]` resolved."""
    match value:
        case {"Fn::FindInMap": ["Stages", {"Ref": "Stage"}, str(name)]}:
            return TEMPLATE["Mappings"]["Stages"][stage][name]
        case _:
            return value


def statements(role: str) -> Iterator[Properties]:
    """Yield the statements of all policies of a role."""
    for policy in properties(role)["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: object) -> list[Any]:
    """Return a list as it is, and any other value as a list of one."""
    return value if isinstance(value, list) else [value]


def text_of(value: object) -> str:
    """Return a part of the template as text, to search in it."""
    return json.dumps(value)
