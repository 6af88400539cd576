"""The sample events have the shapes that AWS sends.

`sam local invoke` and the handlers' tests use them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.data_classes import CodeDeployLifecycleHookEvent
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayProxyEventV2Model,
    DynamoDBStreamModel,
    SqsModel,
)

import couples_api.handler
import practice_api.handler
import privacy.handler

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
FUNCTIONS = {folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir()}
SHAPES: dict[str, type[BaseModel]] = {
    "couples_api": APIGatewayProxyEventV2Model,
    "practice_api": APIGatewayProxyEventV2Model,
    "privacy": APIGatewayProxyEventV2Model,
    "console": APIGatewayProxyEventV2Model,
    "react": DynamoDBStreamModel,
    "tally": DynamoDBStreamModel,
    "accounts": SqsModel,
    "cleanup": SqsModel,
    "delivery": SqsModel,
}
APIS: dict[str, tuple[APIGatewayHttpResolver, str, str | None]] = {
    "couples_api": (couples_api.handler.application(), "ANY /v1/{{proxy+}}", "/v1/"),
    "practice_api": (practice_api.handler.application(), "{method} /v1/practice/{{proxy+}}", "/v1/practice/"),
    "privacy": (privacy.handler.application(), "{method} /v1/me/export", None),
}
"""Each API with its route key, and the path before its parameter, if the route has one."""


def read(event: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.read_text(encoding="utf-8"))
    return found


def function_of(event: Path) -> str:
    """Check the sample's name: its function, then a case if there are several."""
    return event.stem.partition("-")[0]


def of_function(name: str) -> list[Path]:
    return [event for event in EVENTS if function_of(event) == name]


def test_every_function_has_a_sample_and_every_sample_a_function() -> None:
    assert {function_of(event) for event in EVENTS} == FUNCTIONS


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.stem)
def test_a_sample_has_its_triggers_shape(event: Path) -> None:
    """Powertools' models of the triggers check the shape. The template has the model of the schedule's input."""
    if model := SHAPES.get(function_of(event)):
        model.model_validate(read(event))
        return
    if function_of(event) == "release_check":
        hook = CodeDeployLifecycleHookEvent(read(event))
        assert (hook.deployment_id, hook.lifecycle_event_hook_execution_id) == tuple(read(event).values())
        return
    (given,) = re.findall(r"Input: '(\{.*\})'", (ROOT / "template.yaml").read_text(encoding="utf-8"))
    assert read(event).keys() == json.loads(given).keys()


@pytest.mark.parametrize("event", [event for name in APIS for event in of_function(name)], ids=lambda event: event.stem)
def test_a_sample_of_an_api_calls_a_route_that_exists(event: Path) -> None:
    sample = read(event)
    request = sample["requestContext"]["http"]
    app, route_key, prefix = APIS[function_of(event)]
    routes = [*app._static_routes, *app._dynamic_routes]
    assert any(route.method == request["method"] and route.rule.match(sample["rawPath"]) for route in routes)
    assert sample["routeKey"] == route_key.format(method=request["method"])
    parameters = {} if prefix is None else {"pathParameters": {"proxy": sample["rawPath"].removeprefix(prefix)}}
    assert {name: sample[name] for name in ("pathParameters",) if name in sample} == parameters


def test_samples_name_nobody_real() -> None:
    """The samples have addresses reserved for documentation, AWS's sample account, and no token that could be real."""
    for event in EVENTS:
        text = event.read_text(encoding="utf-8")
        assert set(re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text)) <= {"192.0.2.17"}
        assert set(re.findall(r"(?<![\d-])\d{12}(?!\d)", text)) <= {"123456789012"}
        assert "eyJ" not in text
