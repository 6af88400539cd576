"""Brings changed code to a running stack in about a second: functions, and the layer that they share.

A package is the last build with the present sources in place of those it was built from, so what a function imports
is what a build would give it. Changed requirements need a build: restart the stack for those.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from local.build import PACKED, archived
from local.errors import StackError
from local.places import ROOT, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.stack import Stack

ALIAS = "live"
SOURCES_TAG = "sources"
LAYER_TAG = "layer."
TEMPLATE_TAG = "template"
PUSHED_TAG = "pushed"
PUSHED_LAYER_TAG = "pushed.layer"


@dataclass(frozen=True, slots=True)
class Part:
    """A function or the layer: its logical id in the template, and the folder of its own sources."""

    id: str
    sources: Path
    is_layer: bool

    @property
    def _prefix(self) -> str:
        return "python/" if self.is_layer else ""

    def own_files(self) -> dict[str, Path]:
        """The present sources by their name in the package, without what a build leaves out."""
        return {
            f"{self._prefix}{path.relative_to(self.sources)}": path
            for path in sorted(self.sources.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def fingerprint(self) -> str:
        """Changes with any of the sources."""
        digest = hashlib.sha256()
        for name, path in self.own_files().items():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def package(self, packed: Path = PACKED) -> bytes:
        """The ZIP archive to upload, made from the one in `packed`; raises StackError for other requirements."""
        own = {name: path.read_bytes() for name, path in self.own_files().items()}
        roots = tuple(f"{self._prefix}{path.name}" for path in self.sources.iterdir())
        package = io.BytesIO()
        with zipfile.ZipFile(packed / f"{self.id}.zip") as built, zipfile.ZipFile(package, "w") as present:
            for entry in built.infolist():
                name = entry.filename
                if name.endswith("requirements.txt") and name in own and own[name] != built.read(name):
                    raise StackError(f"The requirements of {self.id} have changed: `make run` again, to build anew.")
                if not name.startswith(roots):
                    present.writestr(entry, built.read(name))
            for name, content in own.items():
                present.writestr(archived(name), content)
        return package.getvalue()


def parts() -> list[Part]:
    """The functions and the layer of the template."""
    resources: Mapping[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _TemplateLoader)["Resources"]  # noqa: S506 - a safe loader
    found = []
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            found.append(Part(name, ROOT / properties["CodeUri"], is_layer=False))
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            found.append(Part(name, ROOT / properties["ContentUri"], is_layer=True))
    return found


def _template_fingerprint() -> str:
    return hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()


class _TemplateLoader(yaml.SafeLoader):
    """Takes CloudFormation's own tags, whose values nobody here asks for."""


_TemplateLoader.add_multi_constructor("!", lambda *_: None)


class Pusher:
    """Pushes to one stack. What runs there is written on its functions as tags, and so is as durable as they are."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lambda = stack.client("lambda")

    def push(self) -> list[str]:
        """Push what differs from what runs, and return its logical ids.

        Raises StackError for what a push cannot bring: changed requirements, and a changed template.
        """
        if {of.get(TEMPLATE_TAG) for of in self._tags().values()} != {_template_fingerprint()}:
            raise StackError("The template has changed: end the stack and `make run` again, to deploy it.")
        return self.settle()

    def settle(self) -> list[str]:
        """Push what differs from what runs, on a stack to which the present template is deployed."""
        present = {part: part.fingerprint() for part in parts()}
        running = self._running(present)
        changed = [part for part, fingerprint in present.items() if running.get(part.id) != fingerprint]
        if not changed:
            self._write(present)
            return []
        with ThreadPoolExecutor() as pool:
            packages = dict(zip(changed, pool.map(Part.package, changed), strict=True))
        earlier = self._tags()
        layers = [self._published(package) for part, package in packages.items() if part.is_layer]
        for part in present:
            if part.is_layer or not (layers or part in packages):
                continue
            name = self._stack.function(part.id)
            if layers:
                self._lambda.update_function_configuration(FunctionName=name, Layers=layers)
            if part in packages:
                self._lambda.update_function_code(FunctionName=name, ZipFile=packages[part])
            version = self._lambda.publish_version(FunctionName=name)["Version"]
            self._lambda.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
            self._lambda.tag_resource(Resource=self._arn(part), Tags={PUSHED_TAG: version})
            # Else each push would leave a copy of everything; what CloudFormation made is its own to remove.
            if PUSHED_TAG in earlier[part.id]:
                self._lambda.delete_function(FunctionName=name, Qualifier=earlier[part.id][PUSHED_TAG])
        self._write(present)
        if layers:
            self._replace_layer(earlier, layers[0])
        return [part.id for part in changed]

    def remember(self) -> None:
        """Note that the present sources are what runs."""
        self._write({part: part.fingerprint() for part in parts()})

    def _published(self, layer: bytes) -> str:
        any_function = next(part.id for part in parts() if not part.is_layer)
        configuration = self._lambda.get_function_configuration(FunctionName=self._stack.function(any_function))
        (used,) = configuration["Layers"]
        name = used["Arn"].split(":")[-2]
        published = self._lambda.publish_layer_version(LayerName=name, Content={"ZipFile": layer})
        arn: str = published["LayerVersionArn"]
        return arn

    def _replace_layer(self, earlier: Mapping[str, Mapping[str, str]], pushed: str) -> None:
        """Remove the layer that the last push brought, now that no function uses it."""
        for arn in {of[PUSHED_LAYER_TAG] for of in earlier.values() if PUSHED_LAYER_TAG in of}:
            *_, layer, version = arn.split(":")
            self._lambda.delete_layer_version(LayerName=layer, VersionNumber=int(version))
        for name in earlier:
            arn = self._lambda.get_function_configuration(FunctionName=self._stack.function(name))["FunctionArn"]
            self._lambda.tag_resource(Resource=arn, Tags={PUSHED_LAYER_TAG: pushed})

    def _arn(self, part: Part) -> str:
        name = self._stack.function(part.id)
        arn: str = self._lambda.get_function_configuration(FunctionName=name)["FunctionArn"]
        return arn

    def _tags(self) -> dict[str, dict[str, str]]:
        functions = (part for part in parts() if not part.is_layer)
        return {part.id: self._lambda.list_tags(Resource=self._arn(part))["Tags"] for part in functions}

    def _running(self, present: Mapping[Part, str]) -> dict[str, str]:
        """Fingerprints by logical id; a layer that not all functions use in the same version has none."""
        tags = {
            part.id: self._lambda.list_tags(Resource=self._arn(part))["Tags"] for part in present if not part.is_layer
        }
        running = {name: of[SOURCES_TAG] for name, of in tags.items() if SOURCES_TAG in of}
        for layer in (part for part in present if part.is_layer):
            used = {of.get(f"{LAYER_TAG}{layer.id}") for of in tags.values()}
            if len(used) == 1 and (fingerprint := used.pop()):
                running[layer.id] = fingerprint
        return running

    def _write(self, present: Mapping[Part, str]) -> None:
        layers = {f"{LAYER_TAG}{part.id}": fingerprint for part, fingerprint in present.items() if part.is_layer}
        common = layers | {TEMPLATE_TAG: _template_fingerprint()}
        for part, fingerprint in present.items():
            if not part.is_layer:
                self._lambda.tag_resource(Resource=self._arn(part), Tags={SOURCES_TAG: fingerprint, **common})
