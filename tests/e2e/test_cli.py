"""The command line on the running stack: a pack's life from sign-in to withdrawal."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from local.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody's terminal, with a home of its own."""

    stack: Stack
    home: Path

    def __call__(self, *arguments: str, status: int = 0, typed: str = "") -> str:
        """Run the command, check its exit status, and return its standard output."""
        environment = os.environ | {
            "REKINDLE_STATE": str(self.stack.state),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LC_ALL": "C",
            "TZ": "Europe/Berlin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",  # leave the desktop's own alone
        }
        done = subprocess.run(  # noqa: S603 - our own program
            [str(ROOT / "rekindle"), *arguments],
            cwd=self.home,
            env=environment,
            input=typed,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert "rekindle\n" not in done.stdout, "the password is never shown"
        return done.stdout if status == 0 or done.stdout else done.stderr

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", status=status))


def _terminal(stack: Stack, home: Path, email: str) -> Terminal:
    home.mkdir()
    terminal = Terminal(stack, home)
    assert "not signed in" in terminal("packs", "list", status=3)
    assert "Wrong email or password" in terminal("sign-in", "--email", email, status=3, typed="wrong\n")
    terminal("sign-in", "--email", email, typed="rekindle\n")
    return terminal


def _write(path: Path, text: str, depth: int = 1) -> None:
    words = {"en": {"text": text, "why": "Lanterns know."}, "he": {"text": "מה מאיר לך?", "why": "ככה."}}
    prompt = {"id": "lantern", "theme": "openness", "kind": "question", "depth": depth, "words": words}
    about = {name: {"title": title, "written_for": "."} for name, title in (("en", "Lanterns"), ("he", "פנסים"))}
    pack = {"id": "lanterns", "default_language": "en", "languages": ["en", "he"], "words": about, "prompts": [prompt]}
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")


def test_the_whole_story_of_a_pack(stack: Stack, tmp_path: Path) -> None:
    writer = _terminal(stack, tmp_path / "writer", "writer@practice.example")
    assert writer.json("whoami")["permissions"] == ["practice:read", "practice:publish"]
    (kept,) = (writer.home / "config" / "rekindle").glob("sign-ins.json")
    assert kept.stat().st_mode & 0o777 == 0o600

    file = writer.home / "lanterns.yaml"
    _write(file, "What lights you up?", depth=4)
    linted = writer.json("packs", "lint", "lanterns.yaml", status=1)
    assert [finding["prompt"] for finding in linted["files"][0]["findings"]] == ["lantern"]
    assert "Fix lanterns.yaml first" in writer("packs", "publish", "lanterns.yaml", "--yes", status=1)
    _write(file, "What lights you up?")
    assert "Ready to publish" in writer("packs", "lint", "lanterns.yaml")

    assert "is saved, ready to publish" in writer("packs", "save", "lanterns.yaml")
    assert "the same" in writer("packs", "diff", "lanterns.yaml")
    assert "--yes" in writer("packs", "publish", "lanterns.yaml", status=2)
    assert "is live: version 1" in writer("packs", "publish", "lanterns.yaml", "--yes", "--no-announce")
    listed = {pack["id"]: pack for pack in writer.json("packs", "list")["packs"]}
    assert listed["lanterns"]["state"] == "live"
    assert "starter" in listed

    editor = _terminal(stack, tmp_path / "editor", "editor@practice.example")
    editor("packs", "pull", "lanterns")
    assert (editor.home / "lanterns.yaml").read_bytes() == file.read_bytes()
    _write(editor.home / "lanterns.yaml", "What warms you?")
    editor("packs", "save", "lanterns.yaml")
    _write(file, "What cools you?")
    said = writer("packs", "save", "lanterns.yaml", status=1)
    assert "editor@practice.example saved its draft" in said
    assert "What warms you?" in writer("packs", "diff", "lanterns.yaml")
    writer("packs", "pull", "lanterns", "theirs.yaml")
    assert writer("packs", "pull", "lanterns", "-") == (writer.home / "theirs.yaml").read_text(encoding="utf-8")
    scheduled = writer.json("packs", "publish", "theirs.yaml", "--yes", "--at", "2100-01-01 09:00", status=1)
    assert scheduled["error"]["type"] == "urn:rekindle:problem:invalid-fields"
    assert "is live: version 2" in writer("packs", "publish", "theirs.yaml", "--yes")

    withdrawn = writer.json("packs", "withdraw", "lanterns", "--prompt", "lantern", "--reason", "Enough.", "--yes")
    assert withdrawn["withdrawn_prompts"] == ["lantern"]
    assert "Did you mean lanterns?" in writer("packs", "withdraw", "lantern", "--yes", status=1)
    assert writer.json("packs", "withdraw", "lanterns", "--yes")["state"] == "withdrawn"
    actions = [entry["action"] for entry in writer.json("audit", "--limit", "3")["entries"]]
    assert actions == ["withdrawn", "withdrawn", "published"]
    assert len(writer.json("stats", "--weeks", "2")["weeks"]) == 2
    assert writer.json("help", "show")["lines"]

    reader = _terminal(stack, tmp_path / "reader", "reader@practice.example")
    assert "has no permission for this" in reader("packs", "restore", "lanterns", status=3)
    reader("sign-out")
    assert "not signed in" in reader("whoami", status=3)
