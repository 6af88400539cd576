"""The command line works on the running stack, from sign-in to the withdrawal of a pack."""

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
    """A person's terminal, with its own home folder."""

    stack: Stack
    home: Path

    def __call__(self, *arguments: str, status: int = 0, typed: str = "") -> str:
        """Run the command, check its exit status, and return its standard output."""
        environment = os.environ | {
            "REKINDLE_STATE": str(self.stack.state),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LC_ALL": "C",
            "TZ": "Europe/Berlin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",  # do not use the desktop's keyring
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


def _write(path: Path, text: str) -> None:
    words = {"en": {"text": text, "why": "Lanterns know."}, "he": {"text": "מה מאיר לך?", "why": "ככה."}}
    prompt = {"id": "lantern", "theme": "openness", "kind": "question", "depth": 1, "words": words}
    about = {name: {"title": title, "written_for": "."} for name, title in (("en", "Lanterns"), ("he", "פנסים"))}
    pack = {"id": "lanterns", "default_language": "en", "languages": ["en", "he"], "words": about, "prompts": [prompt]}
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")


def test_a_pack_goes_from_one_file_to_another_persons_and_away_again(stack: Stack, tmp_path: Path) -> None:
    writer = _terminal(stack, tmp_path / "writer", "writer@practice.example")
    assert writer.json("whoami")["permissions"] == ["practice:read", "practice:publish"]
    file = writer.home / "lanterns.yaml"
    _write(file, "What lights you up?")
    assert "Ready to publish" in writer("packs", "lint", "lanterns.yaml")
    assert "is saved, ready to publish" in writer("packs", "save", "lanterns.yaml")
    assert "--yes" in writer("packs", "publish", "lanterns.yaml", status=2)
    assert "is live: version 1" in writer("packs", "publish", "lanterns.yaml", "--yes", "--no-announce")
    states = {pack["id"]: pack["state"] for pack in writer.json("packs", "list")["packs"]}
    assert (states["lanterns"], states["starter"]) == ("live", "live")

    editor = _terminal(stack, tmp_path / "editor", "editor@practice.example")
    editor("packs", "pull", "lanterns")
    assert (editor.home / "lanterns.yaml").read_bytes() == file.read_bytes()
    _write(editor.home / "lanterns.yaml", "What warms you?")
    editor("packs", "save", "lanterns.yaml")
    _write(file, "What cools you?")
    assert "editor@practice.example saved its draft" in writer("packs", "save", "lanterns.yaml", status=1)

    assert writer.json("packs", "withdraw", "lanterns", "--yes")["state"] == "withdrawn"
    entries = writer.json("audit", "--limit", "3")["entries"]
    assert [(entry["who"], entry["action"]) for entry in entries] == [
        ("writer@practice.example", "withdrawn"),
        ("editor@practice.example", "draft_saved"),
        ("writer@practice.example", "published"),
    ]
    assert len(writer.json("stats", "--weeks", "2")["weeks"]) == 2
    assert writer.json("help", "show")["lines"]

    reader = _terminal(stack, tmp_path / "reader", "reader@practice.example")
    assert "has no permission for this" in reader("packs", "restore", "lanterns", status=3)
    reader("sign-out")
    assert "not signed in" in reader("whoami", status=3)


def test_an_operator_gives_and_takes_permissions_on_the_running_stack(stack: Stack, tmp_path: Path) -> None:
    email = "couple@example.org"
    operator = Terminal(stack, tmp_path)
    accounts = {each["name"]: each["scope"] for each in operator.json("staff", "list")["accounts"]}
    assert accounts["writer@practice.example"] == "practice:read practice:publish"
    assert email not in accounts
    operator("staff", "grant", email, "read", "--yes")
    colleague = _terminal(stack, tmp_path / "colleague", email)
    assert colleague.json("whoami")["permissions"] == ["practice:read"]
    assert colleague.json("packs", "list")["packs"]
    (notice, *_) = colleague.json("notices")["notices"]
    assert (notice["kind"], notice["account"]) == ("rights-granted", email)
    operator("staff", "revoke", email, "--yes")
    assert "sign-in has ended" in colleague("packs", "list", status=3)
    writer = _terminal(stack, tmp_path / "writer", "writer@practice.example")
    assert writer.json("audit", "--verify")["fault"] is None
    assert writer.json("audit", "--limit", "1")["entries"][0]["action"] == "rights_revoked"
