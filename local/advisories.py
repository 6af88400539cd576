"""Look for known vulnerabilities in everything that is pinned: `python -m local.advisories`.

PyPI and the npm registry answer which of our versions have advisories. `pip-audit` and `npm audit` ask them. If a
registry does not answer, as on a machine without the internet, a loud warning says so. A dated copy of advisories from
the package safety-db is always searched too, also offline. Advisories that are newer than the copy are not in it.

Exit with 1 if a pin has an advisory that is not in local/advisories.toml.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from local.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

IGNORED: Final = ROOT / "local" / "advisories.toml"
LOCK: Final = ROOT / "uv.lock"
CLIENT: Final = ROOT / "client"
_LONGEST: Final = 180
"""In seconds: a registry that has not answered by then counts as silent."""


class SilentRegistryError(Exception):
    """A registry did not say whether a pin has advisories."""


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """A package at one version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """An advisory about a pin."""

    pin: Pin
    advisory: str
    source: str

    def __str__(self) -> str:
        return f"{self.pin.name} {self.pin.version}: {self.advisory} ({self.source})"


@dataclass(frozen=True, slots=True)
class Ignored:
    """An advisory that does not concern us. It counts again from the date `until` on."""

    advisory: str
    reason: str
    until: dt.date


def ignored_in(path: Path) -> list[Ignored]:
    """Read the ignored advisories. Each needs its id, a reason and an end."""
    listed: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("ignored", [])
    return [Ignored(**each) for each in listed]


def pins_in_lock(path: Path = LOCK) -> list[Pin]:
    """Return every package of uv.lock, also those that only tests and tools use."""
    packages: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    return sorted({Pin(each["name"], each["version"]) for each in packages if "registry" in each["source"]})


def pins_in_requirements(path: Path) -> list[Pin]:
    """Return the pins of a requirements.txt."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted({Pin(canonicalize_name(name), version) for name, version in found})


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of advisories: the names of packages with their advisories, and the copy's date."""

    date: dt.date
    packages: Mapping[str, Sequence[Mapping[str, Any]]]

    def findings(self, pins: Iterable[Pin]) -> Iterator[Finding]:
        """Yield the advisories about these pins."""
        for pin in pins:
            for each in self.packages.get(pin.name, ()):
                if any(SpecifierSet(versions).contains(pin.version, prereleases=True) for versions in each["specs"]):
                    yield Finding(pin, each["cve"] or each["id"], f"copy of {self.date}")


def dated_copy() -> Copy:
    """Return the copy in the package safety-db."""
    # Its modules read the files of another folder, so do not import them.
    path = distribution("safety-db").locate_file("safety_db/insecure_full.json")
    advisories: dict[str, Any] = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    stamp = advisories.pop("$meta")["timestamp"]
    date = dt.datetime.fromtimestamp(stamp, dt.UTC).date()
    return Copy(date, {canonicalize_name(name): listed for name, listed in advisories.items()})


def asked_of_pypi(pins: Sequence[Pin]) -> list[Finding]:
    """Return the advisories that PyPI knows about these pins. Raise SilentRegistryError if it does not say."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json"]
    command += ["--progress-spinner", "off", "--requirement", "/dev/stdin"]
    findings = []
    for each in _each_name_once(pins):
        lines = "".join(f"{pin.name}=={pin.version}\n" for pin in each)
        findings += findings_of_pip_audit(_document_of(command, "PyPI", lines))
    return findings


def _each_name_once(pins: Iterable[Pin]) -> list[list[Pin]]:
    """Split the pins into lists that name no package twice. pip-audit refuses other lists."""
    lists: list[dict[str, Pin]] = []
    for pin in pins:
        free = next((each for each in lists if pin.name not in each), None)
        if free is None:
            lists.append(free := {})
        free[pin.name] = pin
    return [[*each.values()] for each in lists]


def findings_of_pip_audit(document: Mapping[str, Any]) -> list[Finding]:
    """Return the findings in a report of pip-audit. Raise SilentRegistryError if it skipped a pin."""
    if skipped := [each["name"] for each in document["dependencies"] if "skip_reason" in each]:
        raise SilentRegistryError(f"PyPI said nothing about {len(skipped)} pins, such as {skipped[0]}")
    return [
        Finding(Pin(each["name"], each["version"]), found["id"], "PyPI")
        for each in document["dependencies"]
        for found in each["vulns"]
    ]


def asked_of_npm() -> list[Finding]:
    """Return the advisories that the npm registry knows about client/. Raise SilentRegistryError if it does not say."""
    command = ["npm", "audit", "--json", "--package-lock-only", "--audit=true", "--prefix", str(CLIENT)]
    return findings_of_npm(_document_of(command, "the npm registry"))


def findings_of_npm(document: Mapping[str, Any]) -> list[Finding]:
    """Return the findings in a report of npm. Raise SilentRegistryError if it has none."""
    if "vulnerabilities" not in document:
        raise SilentRegistryError(f"the npm registry said: {document.get('message', 'nothing')}")
    return [
        Finding(Pin(name, each["range"]), str(via["url"]), "npm")
        for name, each in document["vulnerabilities"].items()
        for via in each["via"]
        if isinstance(via, dict)
    ]


def _document_of(command: Sequence[str], registry: str, given: str = "") -> dict[str, Any]:
    """Run an audit, and return its report. Both tools exit with 1 if they find something."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=_LONGEST)
        document: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SilentRegistryError(f"{registry} did not answer ({type(error).__name__})") from error
    return document


def counted(findings: Iterable[Finding], ignored: Iterable[Ignored], today: dt.date) -> list[Finding]:
    """Return the findings without those that are still ignored."""
    passed_over = {each.advisory for each in ignored if today < each.until}
    return sorted({each for each in findings if each.advisory not in passed_over})


def main(today: dt.date) -> int:
    """Print all findings, and which registries did not answer. Return the exit status."""
    parser = argparse.ArgumentParser(description="Look for known vulnerabilities in everything that is pinned.")
    parser.add_argument("--requirements", type=Path, help="look only at the pins of this requirements.txt")
    only: Path | None = parser.parse_args().requirements
    pins = pins_in_requirements(only) if only else pins_in_lock()
    copy = dated_copy()
    findings = [*copy.findings(pins)]
    registries: list[Callable[[], list[Finding]]] = [lambda: asked_of_pypi(pins)]
    if not only:
        registries.append(asked_of_npm)
    silent = []
    for ask in registries:
        try:
            findings += ask()
        except SilentRegistryError as error:
            silent.append(str(error))
    for each in silent:
        print(f"WARNING: could not look online: {each}.", file=sys.stderr)
    if silent:
        print(f"WARNING: only the copy of {copy.date} was searched, and it knows no newer advisory.", file=sys.stderr)
    left = counted(findings, ignored_in(IGNORED), today)
    for found in left:
        print(found, file=sys.stderr)
    print(f"{len(pins)} pins: {len(left)} with a known vulnerability.")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(dt.datetime.now(dt.UTC).date()))  # noqa: TID251  the command runs today
