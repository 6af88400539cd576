"""Run `sam build` if the sources have changed. Compile and pack the result for an emulator."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

from local.places import BUILD, ROOT, SAM, SOURCE_ROOTS, TEMPLATE
from local.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILT_TEMPLATE = BUILD / "template.yaml"
PACKED = BUILD.parent / "packed"
PACKED_TEMPLATE = PACKED / "template.yaml"
"""The built template, with archives in place of folders. `sam deploy` uploads an archive as it is."""
_FINGERPRINT = BUILD.parent / "rekindle.fingerprint"
UNPACKED = BUILD.parent / "unpacked"
"""All emulators unpack archives here. Each archive has a subfolder, whose name is the archive's digest."""
_ARTIFACT = re.compile(r"(?P<property>^ +(?:CodeUri|ContentUri): )(?P<artifact>\w+)$", re.MULTILINE)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCK = BUILD.parent / "rekindle.lock"


def build_functions(log: Path) -> str:
    """Build if the sources have changed since the last build. Return the fingerprint of the sources.

    Raises:
        StackError: `sam build` or the compilation to bytecode failed.
    """
    with build_lock():
        fingerprint = fingerprint_of_sources()
        if not is_current(fingerprint):
            _FINGERPRINT.unlink(missing_ok=True)
            run([str(SAM), "build", "--cached", "--parallel"], sam_environment(), ROOT, log)
            _compile(log)
            _pack()
            _FINGERPRINT.write_text(fingerprint, encoding="ascii")
        return fingerprint


@contextlib.contextmanager
def build_lock() -> Iterator[None]:
    """Hold the build's lock, so that only one process at a time builds. Wait while another process holds the lock."""
    _LOCK.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_current(fingerprint: str) -> bool:
    """Return whether the last build is complete and was made from sources with this fingerprint."""
    return (
        PACKED_TEMPLATE.exists()
        and _FINGERPRINT.exists()
        and _FINGERPRINT.read_text(encoding="ascii").strip() == fingerprint
    )


def fingerprint_of_sources() -> str:
    """Return a digest of the names and contents of all files that a build reads."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield TEMPLATE
    if (settings := ROOT / "samconfig.toml").exists():
        yield settings
    for root in SOURCE_ROOTS:
        for folder, folders, files in (ROOT / root).walk(follow_symlinks=True):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (folder / name for name in files if not name.endswith(".pyc"))


def sam_environment(*, aws: bool = False) -> dict[str, str]:
    """Return this process's environment, with SAM first in PATH. Without `aws`, its only AWS setting is a region."""
    found_first = {"PATH": f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "SAM_CLI_TELEMETRY": "0"}
    if aws:
        return os.environ | found_first
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | found_first | {"SAM_CLI_POLL_DELAY": "0.2", "AWS_DEFAULT_REGION": "us-east-1"}


def _compile(log: Path) -> None:
    # Python usually ignores bytecode if its source has a new modification time, and unpacking sets a new time. With
    # `unchecked-hash`, Python does not compare the times.
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    run([*command, "-s", str(BUILD), str(BUILD)], os.environ, ROOT, log)


def _pack() -> None:
    # Do not compress. The archives stay on this machine, and compression would take most of a deployment's time.
    shutil.rmtree(PACKED, ignore_errors=True)
    PACKED.mkdir()

    def packed(reference: re.Match[str]) -> str:
        archive = PACKED / f"{reference['artifact']}.zip"
        pack(BUILD / reference["artifact"], archive)
        return f"{reference['property']}{archive.name}"

    template = BUILT_TEMPLATE.read_text(encoding="utf-8")
    PACKED_TEMPLATE.write_text(_ARTIFACT.sub(packed, template), encoding="utf-8")


def pack(folder: Path, archive: Path) -> None:
    """Pack a built artifact into a ZIP archive. The same files always give the same archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                package.writestr(archived(str(path.relative_to(folder))), path.read_bytes())


def archived(name: str) -> zipfile.ZipInfo:
    """Return an archive's entry for a file. All entries have the same date, and all users may read the file."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o100644 << 16
    return entry


class _TemplateLoader(yaml.SafeLoader):
    """Reads YAML with CloudFormation's tags, such as `!Ref`."""


def _intrinsic(loader: _TemplateLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: object
    match node:
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            value = node.value
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_TemplateLoader.add_multi_constructor("!", _intrinsic)


def template_section(name: str) -> dict[str, dict[str, Any]]:
    """Return a section of template.yaml, such as `Resources`. The keys are logical ids."""
    section: dict[str, dict[str, Any]] = read_template()[name]
    return section


def read_template() -> dict[str, Any]:
    """Read template.yaml. Intrinsic functions get their long form, such as `Fn::Sub`."""
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _TemplateLoader)  # noqa: S506 - a safe loader
    return template
