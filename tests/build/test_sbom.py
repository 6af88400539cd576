"""Each artifact has a valid SBOM of everything in it, and all licences are known and allowed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from local.sbom import (
    LICENCES,
    LOCK,
    NAME,
    VENDORED,
    artifacts_of,
    is_allowed,
    licences,
    materials_of,
    packages_of_client,
    sbom,
)
from tests.build.test_artifacts import SOURCES, required

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(900)


def document_of(build: Path, artifact: str) -> Any:
    return json.loads(sbom(artifact, materials_of(build / artifact)))


def require_valid(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize("artifact", SOURCES)
def test_an_sbom_is_valid_and_lists_what_the_artifact_holds(build: Path, artifact: str) -> None:
    text = sbom(artifact, materials_of(build / artifact))
    require_valid(text)
    listed = (
        {each["name"]: each["version"] for each in json.loads(text)["components"]}
        if materials_of(build / artifact)
        else {}
    )
    vendored = {name: listed[name] for name in VENDORED} if artifact == "Console" else {}
    assert listed == required(artifact) | vendored


def test_the_same_artifact_always_has_the_same_sbom(build: Path) -> None:
    """Otherwise an SBOM inside an artifact would make CloudFormation deploy unchanged code."""
    assert document_of(build, "Layer") == document_of(build, "Layer")
    assert document_of(build, "Layer")["serialNumber"] != document_of(build, "Delivery")["serialNumber"]
    assert "timestamp" not in document_of(build, "Layer")["metadata"]


def test_every_artifact_of_the_build_is_known(build: Path) -> None:
    assert {each.name for each in artifacts_of(build)} == {*SOURCES}
    assert not [*build.rglob(NAME)]  # only `make build` adds them


def test_the_console_s_sbom_has_a_digest_of_each_file_of_its_libraries(build: Path) -> None:
    libraries = {each["name"]: each for each in document_of(build, "Console")["components"]}
    for name, files in VENDORED.items():
        library = libraries[name]
        assert library["purl"].startswith(f"pkg:npm/{name}@")
        assert [each["alg"] for each in library["hashes"]] == ["SHA-512"]
        assert tuple(each["name"] for each in library["components"]) == files
        assert all(each["hashes"][0]["alg"] == "SHA-256" for each in library["components"])
    vendored = (build / "Console/console/page/vendor").iterdir()
    assert {each.name for each in vendored} == {file for files in VENDORED.values() for file in files}


def test_the_list_of_licences_is_current(build: Path) -> None:
    """`make sbom` writes it again. A licence that is unknown or not allowed fails here too."""
    assert LICENCES.read_text(encoding="utf-8") == licences(build)


def test_every_package_of_the_client_is_in_its_sbom_with_its_hash() -> None:
    require_valid(sbom("client", packages_of_client()))
    lock = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    assert all(each["integrity"].startswith("sha512-") for path, each in lock.items() if path)
    assert len(packages_of_client()) == len(lock) - 1


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("LGPL-2.1-only OR MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("MIT AND BSD-3-Clause", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later OR GPL-2.0-only", False),
    ],
)
def test_a_licence_is_allowed_if_one_of_its_choices_is(expression: str, allowed: bool) -> None:  # noqa: FBT001
    assert is_allowed(expression) is allowed
