"""The committed OpenAPI documents equal the handlers' documents, and are complete."""

from __future__ import annotations

import json
import re
import string
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from local import openapi
from local.places import ROOT
from rekindle.api.problems import Problem
from rekindle.push.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

type Json = dict[str, Any]

DOCUMENTS = [openapi.document(contract) for contract in openapi.CONTRACTS]
DOCUMENT = DOCUMENTS[openapi.CONTRACTS.index(openapi.PHONES)]
of_both = pytest.mark.parametrize("document", DOCUMENTS, ids=["phones", "practice"])


def operations_of(document: Json) -> list[tuple[str, str, Json]]:
    return [
        (method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


OPERATIONS = operations_of(DOCUMENT)
EVERY_OPERATION = [(document, *operation) for document in DOCUMENTS for operation in operations_of(document)]


def every(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object within a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from every(each)


def resolved(node: Json, document: Json = DOCUMENT) -> Json:
    """Return the target of a `$ref`, or the node itself."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def problems_of(operation: Json, document: Json = DOCUMENT) -> set[str]:
    """Return the names of an operation's documented problems."""
    return {
        each["value"]["type"].removeprefix("urn:rekindle:problem:").replace("-", "_").upper()
        for response in operation["responses"].values()
        for example in _examples(resolved(response, document))
        for each in [resolved(example, document)]
    }


def _examples(response: dict[str, Any]) -> list[dict[str, Any]]:
    media = response.get("content", {}).get("application/problem+json", {})
    return list(media.get("examples", {}).values())


@pytest.fixture
def _generated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second each: for tests of what becomes of the documents."""
    generated = dict(zip([contract.file for contract in openapi.CONTRACTS], DOCUMENTS, strict=True))
    monkeypatch.setattr(openapi, "document", lambda contract: generated[contract.file])


@pytest.mark.usefixtures("_generated_once")
def test_the_committed_document_is_what_the_handlers_say() -> None:
    """If this fails: `make openapi`, and see in the difference what phones will notice."""
    for contract in openapi.CONTRACTS:
        assert contract.file.read_text(encoding="utf-8") == contract.text()


@pytest.mark.usefixtures("_generated_once")
def test_the_check_says_what_to_do_when_it_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (None, "{}"):
        for contract in openapi.CONTRACTS:
            if content:
                (tmp_path / contract.file.name).write_text(content, encoding="utf-8")
        assert openapi.main(["--check", str(tmp_path)]) == 1
        complaints = capsys.readouterr().err
        for contract in openapi.CONTRACTS:
            assert f"{contract.file.name} differs from the handlers. Run `make openapi`" in complaints
    assert openapi.main([str(tmp_path)]) == 0
    assert openapi.main(["--check", str(tmp_path)]) == 0


def test_the_document_and_the_application_have_the_same_routes() -> None:
    apps = [application() for application in openapi.PHONES.applications]
    routes = {
        (route.method.lower(), route.openapi_path)
        for app in apps
        for route in (*app._static_routes, *app._dynamic_routes)
    }
    assert {(method, path) for method, path, _ in OPERATIONS} == routes


@of_both
def test_every_reference_leads_somewhere_and_nothing_is_declared_that_nothing_uses(document: Json) -> None:
    references = [node for node in every(document) if "$ref" in node]
    assert all(resolved(node, document) for node in references)
    declared = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "examples")
        for name in document["components"][kind]
    }
    assert declared <= {node["$ref"] for node in references}


@of_both
def test_an_operation_is_named_after_its_handler_and_no_two_alike(document: Json) -> None:
    """Clients generate method names from these: they stay as they are."""
    names = [operation["operationId"] for _, _, operation in operations_of(document)]
    assert len(set(names)) == len(names)
    for method, _, operation in operations_of(document):
        assert re.fullmatch(rf"{method}([A-Z][a-z]+)+", operation["operationId"])
        assert operation["summary"]
        assert "\n\n" not in operation["summary"]
        assert operation["description"]


def test_the_caller_and_the_stores_are_no_parameters() -> None:
    """The caller and the stores come from the event and the process, never from a query."""
    parameters = {
        (parameter["in"], parameter["name"])
        for _, _, operation in OPERATIONS
        for parameter in operation.get("parameters", ())
    }
    assert parameters == {
        ("path", "device_id"),
        ("path", "date"),
        ("path", "pack_id"),
        ("path", "receipt"),
        ("query", "country"),
        ("query", "language"),
        ("query", "before"),
        ("query", "limit"),
        ("query", "week"),
        ("header", "idempotency-key"),
    }


@pytest.mark.parametrize(("document", "method", "path", "operation"), EVERY_OPERATION)
def test_every_route_has_the_refusals_that_none_declares(
    document: Json, method: str, path: str, operation: Json
) -> None:
    expected = {"INTERNAL", "BUSY"} | ({"NOT_SIGNED_IN"} if operation.get("security") != [] else set())
    if "requestBody" in operation:
        expected |= {"MALFORMED_JSON", "INVALID_FIELDS", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
    if "parameters" in operation:
        expected |= {"INVALID_FIELDS"}
    assert expected <= problems_of(operation, document)
    assert "429" in operation["responses"]
    assert ("401" in operation["responses"]) is ("NOT_SIGNED_IN" in expected)
    (success,) = (status for status in operation["responses"] if status.startswith("2"))
    assert ("content" in operation["responses"][success]) is (int(success) != HTTPStatus.NO_CONTENT), (method, path)


def test_every_problem_is_somewhere_in_the_document() -> None:
    documented = {
        problem for document, _, _, operation in EVERY_OPERATION for problem in problems_of(operation, document)
    }
    assert documented == {problem.name for problem in Problem} - {"NO_SUCH_ROUTE"}


@pytest.mark.parametrize(
    ("document", "name"), [(document, name) for document in DOCUMENTS for name in document["components"]["schemas"]]
)
def test_a_schema_is_sound_and_its_examples_are_valid(document: Json, name: str) -> None:
    schema = document["components"]["schemas"][name]
    assert validator_for(schema, default=Draft202012Validator) is Draft202012Validator
    Draft202012Validator.check_schema(schema)
    whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    for example in schema.get("examples", ()):
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(example)


@of_both
def test_every_schema_shows_an_example(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["examples"], name


@pytest.mark.parametrize(
    ("document", "method", "path", "operation"), [each for each in EVERY_OPERATION if each[1] in {"put", "patch"}]
)
def test_a_put_takes_every_field_of_its_body(document: Json, method: str, path: str, operation: Json) -> None:
    """A client that cannot tell null from nothing would otherwise mean a default that its person has turned off."""
    if "requestBody" not in operation:
        assert path.endswith("/packs/{pack_id}"), method
        return
    pending = [operation["requestBody"]["content"]["application/json"]["schema"]]
    assert operation["requestBody"]["required"]
    while pending:
        schema = resolved(pending.pop(), document)
        assert "default" not in schema, path
        assert {*schema.get("required", ())} == {*schema.get("properties", ())}, path
        pending += [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
        pending += [schema[part] for part in ("items", "additionalProperties") if isinstance(schema.get(part), dict)]


def test_a_patch_has_no_null_to_say() -> None:
    """What is absent from a PATCH would be unchanged, and many clients write null as absent."""
    for _, path, operation in [each for each in OPERATIONS if each[0] == "patch"]:
        body = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
        for name, field in body["properties"].items():
            assert {"type": "null"} not in field.get("anyOf", ()), (path, name)


@pytest.mark.parametrize("contract", openapi.CONTRACTS, ids=["phones", "practice"])
def test_a_client_generator_drops_nothing(contract: openapi.Contract, tmp_path: Path) -> None:
    """It warns of each schema and each route that it cannot say, and generates the rest."""
    client = tmp_path / "client"
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, contract.file, "utf-8", overwrite=False, output_path=client
    )
    assert generate(config=config) == []
    methods = [file for file in (client / "api").rglob("*.py") if file.name != "__init__.py"]
    operations = json.loads(contract.file.read_text(encoding="utf-8"))["paths"].values()
    assert len(methods) == sum(map(len, operations))


def test_an_example_lies_within_another_or_is_missed() -> None:
    schemas: dict[str, Json] = {
        "Outer": {
            "properties": {"inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]}},
            "examples": [{"inner": None}, {"inner": ["a", "b", "c", "a"]}],
        },
        "Inner": {"items": {"$ref": "#/components/schemas/Word"}},
        "Word": {"type": "string"},
        "Kind": {"enum": ["one", "two"]},
    }
    found = openapi.with_examples(schemas)
    assert found["Inner"]["examples"] == [["a", "b", "c", "a"]]
    assert (found["Word"]["examples"], found["Kind"]["examples"]) == (["a", "b"], ["one"])
    schemas["Outer"]["examples"] = [{"inner": None}]
    with pytest.raises(ValueError, match="Inner"):
        openapi.with_examples(schemas)


@of_both
def test_every_route_asks_for_a_token(document: Json) -> None:
    (scheme,) = document["components"]["securitySchemes"].items()
    assert scheme[0] == "FirebaseIdToken"
    assert (scheme[1]["type"], scheme[1]["scheme"]) == ("http", "bearer")
    assert document["security"] == [{"FirebaseIdToken": []}]
    without = {operation["operationId"] for _, _, operation in operations_of(document) if "security" in operation}
    assert without <= {"getErasure"}


def test_one_name_in_two_functions_is_one_schema() -> None:
    schemas = {"Theme": {"type": "string"}}
    openapi._add_schemas(schemas, {"Theme": {"type": "string"}, "Other": {}})
    assert schemas.keys() == {"Theme", "Other"}
    with pytest.raises(ValueError, match="Theme"):
        openapi._add_schemas(schemas, {"Theme": {"type": "integer"}})


def test_the_document_names_the_page_of_every_push() -> None:
    for kind in KINDS.values():
        assert f"`{kind.page}`" in DOCUMENT["info"]["description"]


@pytest.mark.parametrize(
    ("contract", "document"), list(zip(openapi.CONTRACTS, DOCUMENTS, strict=True)), ids=["phones", "practice"]
)
def test_a_document_names_its_servers_and_none_that_is_deployed(contract: openapi.Contract, document: Json) -> None:
    for server in document["servers"]:
        named = {name for _, name, _, _ in string.Formatter().parse(server["url"]) if name}
        assert named == server["variables"].keys()
        assert server["description"]
    assert document["servers"][0]["url"] in (ROOT / "template.yaml").read_text(encoding="utf-8").replace(
        "${Api}", "{api}"
    ).replace("${AWS::Region}", "{region}").replace("${AWS::URLSuffix}", "amazonaws.com")
    assert document["openapi"].startswith("3.1.")
    assert json.dumps(document, sort_keys=True) == json.dumps(openapi.document(contract), sort_keys=True)


@of_both
def test_every_text_that_people_write_has_something_to_see(document: Json) -> None:
    """A new field of a body is either not for reading, and named here, or has a rule that its schema shows."""
    of_machines = {
        "RedeemBody.code",
        "PracticeCodeBody.code",
        "ConfirmBody.invite_id",
        "ConfirmBody.words",
        "AnswerBody.prompt",
        "ExportBody.next",
        "ProfileBody.zone",
        "DraftBody.source",
        "CheckBody.source",
    }
    bodies = [operation["requestBody"] for _, _, operation in operations_of(document) if "requestBody" in operation]
    assert set(free_texts(bodies, document)) <= of_machines


def free_texts(node: object, document: Json, name: str = "") -> Iterator[str]:
    """Yield the free-text fields of these bodies, as schema and field."""
    for value in every(node):
        if "$ref" in value:
            schema = value["$ref"].rpartition("/")[2]
            for field, each in resolved(value, document).get("properties", {}).items():
                yield from free_texts(each, document, f"{schema}.{field}")
        elif value.get("type") == "string" and not {"pattern", "enum", "format", "const"} & value.keys():
            yield name
