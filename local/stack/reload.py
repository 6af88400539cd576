"""Update the changed functions and layer of a running stack in about a second.

A new package contains the current sources. All its other files come from the last build. So if the requirements have
changed, a developer has to start the stack again, which makes a new build.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.deploy.build import PACKED, archived, template_section
from local.errors import StackError
from local.places import ROOT, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.stack.client import Stack

ALIAS = "live"
SOURCES_TAG = "sources"
LAYER_TAG = "layer."
TEMPLATE_TAG = "template"
VERSION_TAG = "reloaded"
LAYER_VERSION_TAG = "reloaded.layer"


@dataclass(frozen=True, slots=True)
class Unit:
    """A function or the layer. `id` is its logical id in the template. `sources` is the folder of its sources."""

    id: str
    sources: Path
    is_layer: bool

    @property
    def _prefix(self) -> str:
        return "python/" if self.is_layer else ""

    def own_files(self) -> dict[str, Path]:
        """Map each source file's name in the package to its path on disk. Leave out bytecode."""
        return {
            f"{self._prefix}{path.relative_to(self.sources)}": path
            for path in sorted(self.sources.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def fingerprint(self) -> str:
        """Return a digest of the names and contents of all sources."""
        digest = hashlib.sha256()
        for name, path in self.own_files().items():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def package(self, packed: Path = PACKED) -> bytes:
        """Return the ZIP archive to upload: the built archive in `packed` with the current sources.

        Raises:
            StackError: The requirements have changed since the build.
        """
        own = {name: path.read_bytes() for name, path in self.own_files().items()}
        roots = tuple(f"{self._prefix}{path.name}" for path in self.sources.iterdir())
        package = io.BytesIO()
        with zipfile.ZipFile(packed / f"{self.id}.zip") as built, zipfile.ZipFile(package, "w") as present:
            for entry in built.infolist():
                name = entry.filename
                if name.endswith("requirements.txt") and name in own and own[name] != built.read(name):
                    raise StackError(f"The requirements of {self.id} have changed. Run `make run` again to build it.")
                if not name.startswith(roots):
                    present.writestr(entry, built.read(name))
            for name, content in own.items():
                present.writestr(archived(name), content)
        return package.getvalue()


def units() -> list[Unit]:
    """Return the template's functions and its layer."""
    folders = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    return [
        Unit(name, ROOT / resource["Properties"][folders[kind]], is_layer="Layer" in kind)
        for name, resource in template_section("Resources").items()
        if (kind := resource["Type"]) in folders
    ]


def _template_fingerprint() -> str:
    return hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()


class Reloader:
    """Updates the code of one stack. Tags on the functions record the fingerprints of the running code."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lambda = stack.client("lambda")
        self._units = units()
        self._functions = [unit for unit in self._units if not unit.is_layer]

    def reload(self) -> list[str]:
        """Update the functions and the layer whose sources have changed. Return their logical ids.

        Raises:
            StackError: The requirements or the template have changed, so a developer has to start the stack again.
        """
        if {tags.get(TEMPLATE_TAG) for tags in self._tags().values()} != {_template_fingerprint()}:
            raise StackError("The template has changed. End the stack, then run `make run` to deploy the template.")
        return self.update()

    def update(self) -> list[str]:
        """Update the code as `reload` does, without a check of the template."""
        earlier = self._tags()
        present = {unit: unit.fingerprint() for unit in self._units}
        changed = [unit for unit, fingerprint in present.items() if _recorded(unit, earlier) != {fingerprint}]
        if changed:
            with ThreadPoolExecutor() as pool:
                packages = dict(zip(changed, pool.map(Unit.package, changed), strict=True))
            layers = [self._published(package) for unit, package in packages.items() if unit.is_layer]
            for unit in self._functions:
                if layers or unit in packages:
                    self._update_function(unit, packages.get(unit), layers, earlier[unit.id].get(VERSION_TAG))
            if layers:
                self._replace_layer(earlier, layers[0])
        self._write(present)
        return [unit.id for unit in changed]

    def record(self) -> None:
        """Record that the functions run the current sources."""
        self._write({unit: unit.fingerprint() for unit in self._units})

    def _update_function(self, unit: Unit, package: bytes | None, layers: list[str], before: str | None) -> None:
        name = self._stack.function(unit.id)
        if layers:
            self._lambda.update_function_configuration(FunctionName=name, Layers=layers)
        if package:
            self._lambda.update_function_code(FunctionName=name, ZipFile=package)
        version = self._lambda.publish_version(FunctionName=name)["Version"]
        self._lambda.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
        self._lambda.tag_resource(Resource=self._configuration(unit)["FunctionArn"], Tags={VERSION_TAG: version})
        # Delete the version `before`, which the last reload made. CloudFormation deletes only its own versions.
        if before:
            self._lambda.delete_function(FunctionName=name, Qualifier=before)

    def _published(self, layer: bytes) -> str:
        (used,) = self._configuration(self._functions[0])["Layers"]
        name = used["Arn"].split(":")[-2]
        arn: str = self._lambda.publish_layer_version(LayerName=name, Content={"ZipFile": layer})["LayerVersionArn"]
        return arn

    def _replace_layer(self, earlier: Mapping[str, Mapping[str, str]], arn: str) -> None:
        """Record `arn`, the layer version that all functions use now. Delete the version of the last reload."""
        for old in {tags[LAYER_VERSION_TAG] for tags in earlier.values() if LAYER_VERSION_TAG in tags}:
            *_, layer, version = old.split(":")
            self._lambda.delete_layer_version(LayerName=layer, VersionNumber=int(version))
        for unit in self._functions:
            self._lambda.tag_resource(Resource=self._configuration(unit)["FunctionArn"], Tags={LAYER_VERSION_TAG: arn})

    def _configuration(self, unit: Unit) -> dict[str, Any]:
        found: dict[str, Any] = self._lambda.get_function_configuration(FunctionName=self._stack.function(unit.id))
        return found

    def _tags(self) -> dict[str, dict[str, str]]:
        return {
            unit.id: self._lambda.list_tags(Resource=self._configuration(unit)["FunctionArn"])["Tags"]
            for unit in self._functions
        }

    def _write(self, present: Mapping[Unit, str]) -> None:
        layers = {f"{LAYER_TAG}{unit.id}": fingerprint for unit, fingerprint in present.items() if unit.is_layer}
        common = layers | {TEMPLATE_TAG: _template_fingerprint()}
        for unit in self._functions:
            arn = self._configuration(unit)["FunctionArn"]
            self._lambda.tag_resource(Resource=arn, Tags={SOURCES_TAG: present[unit], **common})


def _recorded(unit: Unit, tags: Mapping[str, Mapping[str, str]]) -> set[str | None]:
    """Return the fingerprints of a unit that the tags record.

    A function has one fingerprint. The layer has several if the tags of the functions differ, for example after a
    reload that stopped halfway.
    """
    if unit.is_layer:
        return {each.get(f"{LAYER_TAG}{unit.id}") for each in tags.values()}
    return {tags[unit.id].get(SOURCES_TAG)}
