"""Write a bill of materials (SBOM) for each artifact, and the list of licences: `python -m local.sbom`.

An SBOM lists every component of a built artifact, in CycloneDX 1.6. It is read from the artifact itself: from the
`dist-info` of the packages that SAM has installed, and from the files of the console's library. The same artifact
always has the same SBOM, so an SBOM inside an artifact never makes CloudFormation deploy unchanged code again.

`--into BUILD` puts an SBOM into each artifact of a build, as `make build` does. So each deployed function and the layer
contain their own SBOM.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import tomllib
import uuid
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.spdx import fixup_id
from license_expression import get_spdx_licensing
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from local.deploy.build import build_functions
from local.places import BUILD, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import Distribution

NAME: Final = "sbom.cdx.json"
"""The SBOM's file inside of an artifact."""
SBOMS: Final = BUILD.parent / "sbom"
LICENCES: Final = ROOT / "docs" / "licences.md"
LOCK: Final = ROOT / "client" / "package-lock.json"
LAYER: Final = "Layer"
VENDOR: Final = Path("console/page/vendor")
"""The folder of the console's libraries, inside of the console's artifact."""
VENDORED: Final[Mapping[str, tuple[str, ...]]] = {
    "diff": ("LICENSE.txt", "array.js", "base.js"),
    "qr": ("LICENSE-qr.txt", "qr.js"),
}
"""The console's libraries, with their files in VENDOR. tests/routes/test_console.py compares files and packages."""

ALLOWED: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"}
    | {"MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense"}
)
"""The licences that a component may have. None asks us to publish our own code. MPL-2.0 asks for changed files only."""

_SPDX: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
}
"""The SPDX id for the names and classifiers that packages use."""
_READ_BY_US: Final = {"pyasn1-modules": "BSD-2-Clause", "python-dateutil": "Apache-2.0 OR BSD-3-Clause"}
"""Licences of packages whose metadata do not name one exactly. We have read their LICENSE files."""


class UnknownLicenceError(ValueError):
    """A component has no licence that we can name."""


@dataclass(frozen=True, slots=True, order=True)
class Material:
    """One component of an artifact, with digests of its package and of its files.

    `digests` has names of algorithms and hexadecimal digests. `files` has names and SHA-256 digests. `licence` is an
    SPDX expression. It is empty if a package in client/, which is never shipped, does not state one.
    """

    name: str
    version: str
    licence: str
    kind: str = "pypi"
    digests: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    is_shipped: bool = True

    @classmethod
    def of(cls, package: Distribution) -> Self:
        """Return an installed package as a material."""
        name = canonicalize_name(package.metadata["Name"])
        return cls(name, package.version, _licence_of(name, package))

    @property
    def is_allowed(self) -> bool:
        """Return whether at least one choice of the licence is allowed in all its parts."""
        return is_allowed(self.licence)


def is_allowed(expression: str) -> bool:
    """Return whether ALLOWED is enough for an SPDX expression, such as `LGPL-2.1-only OR MIT`."""
    licensing = get_spdx_licensing()
    parsed = licensing.parse(expression)
    known = {symbol: licensing.TRUE if symbol.key in ALLOWED else licensing.FALSE for symbol in parsed.symbols}
    return bool(parsed.subs(known).simplify() == licensing.TRUE)


def _licence_of(name: str, package: Distribution) -> str:
    if name in _READ_BY_US:
        return _READ_BY_US[name]
    if expression := package.metadata.get("License-Expression"):
        return str(expression)
    stated = [str(package.metadata.get("License", "")), *package.metadata.get_all("Classifier", [])]
    for each in stated:
        if spdx := fixup_id(each) or _SPDX.get(each):
            return spdx
    raise UnknownLicenceError(
        f"The licence of {name} {package.version} is unknown. Read it, and name it in {__name__}."
    )


def materials_of(artifact: Path) -> list[Material]:
    """Return everything that a built artifact contains besides our own code, in order of names."""
    folder = artifact / "python" if artifact.name == LAYER else artifact
    found = [Material.of(package) for package in distributions(path=[str(folder)])]
    if (vendor := artifact / VENDOR).is_dir():
        found += _vendored(vendor)
    return sorted(found)


def _vendored(folder: Path) -> Iterator[Material]:
    """Yield the console's libraries, each with its files. Raise FileNotFoundError if a file is missing."""
    for package in packages_of_client():
        if names := VENDORED.get(package.name):
            files = tuple((name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in names)
            yield Material(package.name, package.version, package.licence, package.kind, package.digests, files)


def packages_of_client() -> list[Material]:
    """Return the packages in client/. They check the pages and make types, and two of them are shipped."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    return sorted(
        Material(
            name=path.rpartition("node_modules/")[2],
            version=package["version"],
            licence=package.get("license", "").strip("()"),
            kind="npm",
            digests=(_digest(package["integrity"]),),
            is_shipped=False,
        )
        for path, package in lock["packages"].items()
        if path
    )


def _digest(integrity: str) -> tuple[str, str]:
    algorithm, _, encoded = integrity.partition("-")
    return algorithm.upper().replace("SHA", "SHA-"), base64.b64decode(encoded).hex()


def sbom(name: str, materials: Iterable[Material]) -> str:
    """Return an SBOM as CycloneDX 1.6 in JSON. The same materials always give the same text."""
    root = Component(name=f"rekindle-{name}", version=_version(), type=ComponentType.APPLICATION, bom_ref=name)
    components = [_component(each) for each in materials]
    bom = Bom(components=components, metadata=BomMetaData(component=root))
    bom.register_dependency(root, components)
    document: dict[str, Any] = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    # A time or a random number would change the artifact with each build.
    del document["metadata"]["timestamp"], document["serialNumber"]
    content = json.dumps(document, indent=1, sort_keys=True)
    return json.dumps(
        {**document, "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, content).urn}, indent=1, sort_keys=True
    )


def _component(material: Material) -> Component:
    scope, _, name = material.name.rpartition("/")
    address = PackageURL(material.kind, scope or None, name, material.version)
    return Component(
        type=ComponentType.LIBRARY,
        group=scope or None,
        name=name,
        version=material.version,
        purl=address,
        bom_ref=str(address),
        scope=ComponentScope.REQUIRED if material.is_shipped else ComponentScope.EXCLUDED,
        licenses=[LicenseFactory().make_from_string(each) for each in filter(None, [material.licence])],
        hashes=[_hash(*each) for each in material.digests],
        components=[
            Component(
                type=ComponentType.FILE, name=file, bom_ref=f"{address}#{file}", hashes=[_hash("SHA-256", digest)]
            )
            for file, digest in material.files
        ],
    )


def _hash(algorithm: str, digest: str) -> HashType:
    return HashType(alg=HashAlgorithm(algorithm), content=digest)


def _version() -> str:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def artifacts_of(build: Path) -> list[Path]:
    """Return the folders of all artifacts of a build."""
    return sorted(path for path in build.iterdir() if path.is_dir())


def licences(build: Path) -> str:
    """Return docs/licences.md. Raise UnknownLicenceError if a licence is not allowed."""
    carriers: dict[Material, list[str]] = {}
    for artifact in artifacts_of(build):
        for material in materials_of(artifact):
            carriers.setdefault(material, []).append(artifact.name)
    if wrong := [f"{each.name}: {each.licence}" for each in carriers if not each.is_allowed]:
        raise UnknownLicenceError(f"These licences are not allowed: {', '.join(wrong)}")
    return "\n".join(_page(carriers))


def _page(carriers: dict[Material, list[str]]) -> Iterator[str]:
    yield "# Licences"
    yield ""
    yield "Generated by `make sbom` from the built artifacts. Our own code has the [MIT License](../LICENSE)."
    yield ""
    yield f"A component may have these licences: {', '.join(sorted(ALLOWED))}."
    yield "If a component offers a choice, one of its licences must be among them."
    yield ""
    yield "| component | version | licence | in |"
    yield "|---|---|---|---|"
    for material, names in sorted(carriers.items()):
        yield f"| {material.name} | {material.version} | {material.licence} | {', '.join(names)} |"
    for material in sorted(carriers):
        if material.files:
            yield ""
            yield f"The console's page has these files of {material.name} {material.version} (with their SHA-256):"
            yield ""
            yield from (f"- `{name}` {digest}" for name, digest in material.files)
    yield ""


def main() -> int:
    """Write the SBOMs, and docs/licences.md. Return the exit status."""
    parser = argparse.ArgumentParser(description="Write an SBOM for each artifact, and the list of licences.")
    parser.add_argument("--into", type=Path, metavar="BUILD", help="put an SBOM into each artifact of this build")
    into: Path | None = parser.parse_args().into
    if into:
        for artifact in artifacts_of(into):
            (artifact / NAME).write_text(sbom(artifact.name, materials_of(artifact)), encoding="utf-8")
        return 0
    build_functions(BUILD.parent / "build.log")
    SBOMS.mkdir(exist_ok=True)
    for artifact in artifacts_of(BUILD):
        (SBOMS / f"{artifact.name}.cdx.json").write_text(sbom(artifact.name, materials_of(artifact)), encoding="utf-8")
    (SBOMS / "client.cdx.json").write_text(sbom("client", packages_of_client()), encoding="utf-8")
    try:
        LICENCES.write_text(licences(BUILD), encoding="utf-8")
    except UnknownLicenceError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(list(SBOMS.iterdir()))} SBOMs are in {SBOMS.relative_to(ROOT)}. The licences are in docs/licences.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
