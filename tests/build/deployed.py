"""Read the template as CloudFormation does: packaged, with language extensions and SAM's transform applied."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

import boto3
import cfnlint.decode
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.build.cloudformation import Properties

SAMCONFIG: Final = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))

A_PRACTICE: Final = {
    "FirebaseProject": "harbor-couples",
    "FirebaseApiKey": f"AIza{'0Aa_-' * 7}",
    "AppLink": "https://app.harborcouples.org",
    "AlarmEmail": "alarms@harborcouples.org",
}
"""The values that a practice writes over samconfig.toml's placeholders."""

_ARTIFACTS: Final = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_NAMED: Final = re.compile(r"\$\{([^!}][^}]*)\}")


def region_of(stage: str) -> str:
    """Return the region that samconfig.toml names for a stage."""
    section = SAMCONFIG["default" if stage == "local" else stage]
    region: str = section["global"]["parameters"]["region"]
    return region


def parameters_of(stage: str, **changes: str) -> dict[str, str]:
    """Return the parameters with which a practice deploys a stage."""
    own = {} if stage == "local" else {"Architecture": "arm64", **A_PRACTICE}
    only_here = {"StaffSecondFactor": "true"} if stage == "prod" else {}
    return {"Stage": stage, **own, **only_here, **changes}


def read(path: Path) -> Properties:
    """Read a template with its intrinsic functions in their long form."""
    template, findings = cfnlint.decode.decode(str(path))
    assert not findings, findings
    plain: Properties = json.loads(json.dumps(template))
    return plain


def transformed(template: Properties, stage: str, parameters: Mapping[str, str]) -> Properties:
    """Return a built template after both transforms, for a stage."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        if artifact := _ARTIFACTS.get(resource["Type"]):
            resource["Properties"][artifact] = "s3://artifacts/archive"
    settled: Properties = _settled(packaged, stage, packaged.pop("Mappings"))
    settled["Transform"] = "AWS::Serverless-2016-10-31"
    session = boto3.Session(region_name=region_of(stage))
    result: Properties = Translator({}, Parser(), [], session).translate(settled, dict(parameters))
    return result


def _settled(value: Any, stage: str, mappings: Properties) -> Any:
    """Resolve each Fn::FindInMap, as AWS::LanguageExtensions does before SAM sees the template."""
    match value:
        case {"Fn::FindInMap": [str(name), {"Ref": "Stage"}, str(key)]}:
            return mappings[name][stage][key]
        case dict():
            return {name: _settled(each, stage, mappings) for name, each in value.items()}
        case list():
            return [_settled(each, stage, mappings) for each in value]
        case _:
            return value


def findings(template: Properties, stage: str) -> list[str]:
    """Return cfn-lint's findings about a transformed template, for the stage's region."""
    found = lint(json.dumps(template), config=ManualArgs(regions=[region_of(stage)]))
    return [f"{match.rule.id} {match.message}" for match in found]


def named_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield each logical id or parameter that a part of a template refers to, with the attribute (empty for a Ref)."""
    match value:
        case {"Ref": str(name), **rest} if not rest:
            yield name, ""
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield name, attribute
        case {"Fn::Sub": str(text)}:
            yield from _named_in_text(text, {})
        case {"Fn::Sub": [str(text), dict(given)]}:
            yield from _named_in_text(text, given)
            yield from named_in(list(given.values()))
        case dict():
            depends = value.get("DependsOn", [])
            yield from ((name, "") for name in ([depends] if isinstance(depends, str) else depends))
            yield from (found for each in value.values() for found in named_in(each))
        case list():
            yield from (found for each in value for found in named_in(each))


def _named_in_text(text: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NAMED.findall(text):
        if name not in given:
            logical_id, _, attribute = name.partition(".")
            yield logical_id, attribute


def refused(template: Properties, parameters: Mapping[str, str]) -> list[str]:
    """Return CloudFormation's errors about these parameters: first by patterns and allowed values, then by rules."""
    given = {name: parameters.get(name, each.get("Default")) for name, each in template["Parameters"].items()}
    against = []
    for name, each in template["Parameters"].items():
        pattern, values = each.get("AllowedPattern"), each.get("AllowedValues", [given[name]])
        if given[name] not in values or (pattern and not re.fullmatch(pattern, given[name])):
            against.append(each.get("ConstraintDescription", name))
    for rule in template["Rules"].values():
        if _holds(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}), given):
            against += [each["AssertDescription"] for each in rule["Assertions"] if not _holds(each["Assert"], given)]
    return against


def _holds(condition: Any, given: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Equals": [one, other]}:
            return _value(one, given) == _value(other, given)
        case {"Fn::Not": [negated]}:
            return not _holds(negated, given)
        case {"Fn::And": conditions}:
            return all(_holds(each, given) for each in conditions)
        case _:
            raise AssertionError(condition)


def _value(operand: Any, given: Mapping[str, str]) -> str:
    return given[operand["Ref"]] if isinstance(operand, dict) else operand
