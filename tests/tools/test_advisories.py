"""A pin with a known vulnerability is found, and a registry that does not answer is never taken for good news."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from local.advisories import (
    IGNORED,
    Copy,
    Finding,
    Ignored,
    Pin,
    SilentRegistryError,
    counted,
    dated_copy,
    findings_of_npm,
    findings_of_pip_audit,
    ignored_in,
    pins_in_lock,
    pins_in_requirements,
)

if TYPE_CHECKING:
    from pathlib import Path

TODAY = dt.date(2026, 11, 30)
OLD = Pin("jinja2", "2.10")
FOUND = Finding(OLD, "CVE-1", "PyPI")


@pytest.fixture(scope="module")
def copy() -> Copy:
    return dated_copy()


def test_a_pin_that_is_known_to_be_vulnerable_is_found_in_the_copy(copy: Copy, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "Jinja2==2.10 \\\n    --hash=sha256:0\nPyYAML==5.1\nurllib3==1.25.0 ; python_version > '3'\n"
    )
    pins = pins_in_requirements(requirements)
    assert [pin.name for pin in pins] == ["jinja2", "pyyaml", "urllib3"]
    found = [*copy.findings(pins)]
    assert {each.pin for each in found} == {*pins}
    assert "jinja2 2.10: CVE-2020-28493 (copy of 2021-07-01)" in map(str, found)
    assert counted(found, [], TODAY) == sorted(set(found))


def test_our_own_pins_have_no_advisory_in_the_copy(copy: Copy) -> None:
    pins = pins_in_lock()
    assert {"boto3", "cryptography", "schemathesis", "aws-sam-cli"} <= {pin.name for pin in pins}
    assert counted(copy.findings(pins), ignored_in(IGNORED), TODAY) == []


def test_a_fixed_version_is_not_found(copy: Copy) -> None:
    assert [*copy.findings([Pin("jinja2", "3.1.6"), Pin("no-such-package", "1")])] == []


def test_an_ignored_advisory_counts_again_from_its_end_on() -> None:
    ignored = [Ignored("CVE-1", "We never call it.", until=TODAY)]
    assert counted([FOUND], ignored, TODAY - dt.timedelta(days=1)) == []
    assert counted([FOUND], ignored, TODAY) == [FOUND]


def test_an_advisory_is_ignored_only_with_a_reason_and_an_end(tmp_path: Path) -> None:
    listed = tmp_path / "advisories.toml"
    listed.write_text('[[ignored]]\nadvisory = "CVE-1"\nreason = "We never call it."\nuntil = 2026-12-31\n')
    assert ignored_in(listed) == [Ignored("CVE-1", "We never call it.", dt.date(2026, 12, 31))]
    listed.write_text('[[ignored]]\nadvisory = "CVE-1"\nuntil = 2026-12-31\n')
    with pytest.raises(TypeError, match="reason"):
        ignored_in(listed)


def test_a_report_of_pip_audit_gives_its_findings() -> None:
    vulnerable = {"name": "jinja2", "version": "2.10", "vulns": [{"id": "CVE-1"}]}
    good = {"name": "boto3", "version": "1.43.108", "vulns": []}
    assert findings_of_pip_audit({"dependencies": [vulnerable, good]}) == [FOUND]


def test_a_pin_that_pip_audit_skips_is_no_good_news() -> None:
    """pip-audit exits with 0 then."""
    skipped = {"name": "jinja2", "skip_reason": "Dependency not found on PyPI and could not be audited"}
    with pytest.raises(SilentRegistryError, match="PyPI said nothing about 1 pins, such as jinja2"):
        findings_of_pip_audit({"dependencies": [skipped]})


def test_a_report_of_npm_gives_its_findings_or_says_that_the_registry_was_silent() -> None:
    via: list[Any] = [{"url": "https://github.com/advisories/GHSA-1"}, "another-package"]
    report = {"vulnerabilities": {"diff": {"range": "<4", "via": via}}}
    assert findings_of_npm(report) == [Finding(Pin("diff", "<4"), "https://github.com/advisories/GHSA-1", "npm")]
    assert findings_of_npm({"vulnerabilities": {}}) == []
    with pytest.raises(SilentRegistryError, match="405"):
        findings_of_npm({"message": "405 Method Not Allowed"})
