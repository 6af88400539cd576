"""Each artifact of `sam build` contains its requirements and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from local.deploy.deployment import architecture
from local.places import ROOT
from tests.build.cloudformation import functions

if TYPE_CHECKING:
    from pathlib import Path

# A first build downloads everything that it packs.
pytestmark = pytest.mark.timeout(900)

FUNCTIONS: Final = {name: each["CodeUri"] for name, each in functions().items()}
SOURCES: Final = FUNCTIONS | {"Layer": "shared/"}
MEGABYTE: Final = 1_000_000
LARGEST: Final = {
    "Accounts": 90,
    "Cleanup": 1,
    "Console": 1,
    "CouplesApi": 25,
    "Delivery": 90,
    "PracticeApi": 5,
    "Privacy": 25,
    "React": 1,
    "ReleaseCheck": 1,
    "Reseal": 25,
    "Tally": 1,
    "Tick": 1,
    "Layer": 70,
}
"""The largest unpacked sizes in megabytes, with bytecode. They are little above today's: size slows each cold start."""
LAMBDA_LIMIT: Final = 250
MACHINES: Final = {"x86_64": 0x3E, "arm64": 0xB7}
"""ELF's numbers for Lambda's architectures."""

IMPORT_ALL: Final = """
import importlib, pkgutil, sys
handler, *paths = sys.argv[1:]
sys.path += paths
module, _, name = handler.rpartition(".")
assert callable(getattr(importlib.import_module(module), name))
package = importlib.import_module(module.partition(".")[0])
for each in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
    importlib.import_module(each.name)
"""


def installed(build: Path, artifact: str) -> dict[str, str]:
    """Return the versions of an artifact's distributions, from the names of their folders."""
    folder = content(build, artifact)
    pairs = (path.name.removesuffix(".dist-info").rsplit("-", 1) for path in folder.glob("*.dist-info"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def required(artifact: str) -> dict[str, str]:
    """Return the versions in an artifact's requirements, by distribution."""
    text = (ROOT / SOURCES[artifact] / "requirements.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def content(build: Path, artifact: str) -> Path:
    """Return the folder of an artifact's importable content."""
    return build / "Layer" / "python" if artifact == "Layer" else build / artifact


def megabytes(build: Path, artifact: str) -> float:
    """Return the unpacked size of an artifact in megabytes."""
    return sum(path.stat().st_size for path in (build / artifact).rglob("*") if path.is_file()) / MEGABYTE


def machines_in(build: Path) -> set[int]:
    """Return the machine codes of the compiled libraries of all artifacts."""
    libraries = [path for artifact in SOURCES for path in content(build, artifact).rglob("*.so")]
    return {int.from_bytes(library.read_bytes()[18:20], "little") for library in libraries}


@pytest.mark.parametrize("artifact", SOURCES)
def test_an_artifact_holds_what_its_requirements_name_and_nothing_else(build: Path, artifact: str) -> None:
    """SAM lets pip resolve versions again. The installed versions must equal the lock's."""
    assert installed(build, artifact) == required(artifact)


def test_the_layer_carries_the_shared_code_and_what_all_need(build: Path) -> None:
    needed = {"aws-lambda-powertools", "boto3", "pydantic", "tzdata"}
    assert needed <= installed(build, "Layer").keys()
    assert (content(build, "Layer") / "rekindle" / "domain" / "persons.py").exists()


@pytest.mark.parametrize("artifact", SOURCES)
def test_no_artifact_carries_what_only_development_needs(build: Path, artifact: str) -> None:
    tools = {"pytest", "hypothesis", "ruff", "mypy", "types-boto3", "ministack", "starlette", "granian"}
    assert not tools & installed(build, artifact).keys()
    folders = {path.name for path in content(build, artifact).iterdir() if path.is_dir()}
    assert not folders & {"tests", "local", "bench", "packs", "docs"}


def test_only_delivery_and_accounts_carry_firebase(build: Path) -> None:
    carriers = {artifact for artifact in SOURCES if (content(build, artifact) / "firebase_admin").exists()}
    assert carriers == {"Accounts", "Delivery"}


def test_only_what_opens_answers_or_signs_in_to_google_carries_cryptography(build: Path) -> None:
    """google-auth uses cryptography to sign requests."""
    carriers = {artifact for artifact in SOURCES if (content(build, artifact) / "cryptography").exists()}
    assert carriers == {"Accounts", "CouplesApi", "Delivery", "Privacy", "Reseal"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_finds_all_it_imports_in_its_artifact_and_the_layer(build: Path, function: str) -> None:
    """The test runs an interpreter without this machine's packages, and without the variables that only Lambda sets."""
    paths = [str(content(build, artifact)) for artifact in (function, "Layer")]
    handler = functions()[function]["Handler"]
    command = [sys.executable, "-I", "-S", "-B", "-W", "ignore", "-c", IMPORT_ALL, handler, *paths]
    done = subprocess.run(command, env={}, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603  our own
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("artifact", SOURCES)
def test_an_artifact_stays_small(build: Path, artifact: str) -> None:
    assert megabytes(build, artifact) < LARGEST[artifact]
    if artifact != "Layer":
        assert megabytes(build, artifact) + megabytes(build, "Layer") < LAMBDA_LIMIT


@pytest.mark.parametrize("artifact", SOURCES)
def test_a_deployment_carries_bytecode(build: Path, artifact: str) -> None:
    """Without bytecode each cold start takes a second longer, because Lambda's folders are read-only."""
    sources = [path for path in content(build, artifact).rglob("*.py") if "tests" not in path.parts]
    compiled = [path for path in sources if list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))]
    assert len(compiled) >= 0.99 * len(sources)


def test_a_build_is_for_this_machine(build: Path) -> None:
    assert machines_in(build) == {MACHINES[architecture()]}
