"""The command line reads, remembers, signs in and explains errors, without a service."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import keyring
import pytest
from keyring.backends import fail as keyring_fail
from keyring.backends import null as keyring_null
from rich.console import Console

from cli import words
from cli.changes import changes
from cli.config import ConfigStore, Origin, Settings, SignIn, desktop_keyring
from cli.errors import CliError, UsageError
from cli.pages import text
from cli.pages.changes import changes_page
from cli.pages.staff import audit_page, notices_page
from cli.pages.statistics import statistics_page
from cli.session import World
from rekindle.packs.contract import AuditEntryView, NoticesView, StatisticsView
from rekindle.packs.notices import NoticeKind
from rekindle.packs.rules import parse_pack
from testing.builders import an_instant
from testing.packs import a_document, a_prompt
from testing.staff import API, PASSWORD, REFRESH, MemoryKeyring, Person, Service, busy, unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keyring.backend import KeyringBackend
    from rich.console import RenderableType

    from rekindle.packs.document import Pack

NOON = an_instant("2026-03-02T12:00:00Z")
ACTOR = {"name": "ruth@practice.example", "at": "2026-03-02T11:00:00Z"}
SUMMARY = {
    "id": "river",
    "title": "River",
    "state": "live",
    "audience": "everyone",
    "languages": ["en", "he"],
    "prompts": 84,
    "live_version": 3,
    "scheduled": None,
    "proposal": None,
    "draft_saved": ACTOR,
    "published": ACTOR,
    "withdrawn": None,
    "withdrawn_prompts": [],
    "code": None,
    "news_on": "2026-03-04",
    "a_member_of_tomorrow": {"is": "left alone"},
}
PACKS = {"packs": [SUMMARY], "review_required": True}


def answers(status: int, body: Any, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, json=body, headers=headers)


@pytest.fixture
def service() -> Service:
    return Service(answers(200, PACKS))


@pytest.fixture
def ruth(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("REKINDLE_STACK", API)
    monkeypatch.chdir(tmp_path)
    return Person(service, tmp_path / "config", lambda: NOON)


def printed(page: RenderableType, width: int = 80, *, colors: bool = False) -> str:
    console = Console(file=io.StringIO(), record=True, width=width, force_terminal=colors, highlight=False)
    console.print(page)
    return console.export_text(styles=colors)


def a_pack(*prompts: dict[str, Any], **changed: Any) -> Pack:
    return parse_pack(a_document(*prompts, **changed))


class TestConfigStore:
    """The config store is its person's alone."""

    SIGN_IN = SignIn("ruth@practice.example", Settings(API, "https://i", "https://s", "key", "p"), "a-refresh-token")

    def test_nobody_else_can_read_it(self, tmp_path: Path) -> None:
        config = ConfigStore(tmp_path / "config")
        config.remember(self.SIGN_IN)
        assert config.folder.stat().st_mode & 0o777 == 0o700
        assert {each.stat().st_mode & 0o777 for each in config.folder.iterdir()} == {0o600}
        assert config.sign_in(API) == self.SIGN_IN

    def test_a_file_that_others_could_read_becomes_private_again(self, tmp_path: Path) -> None:
        config = ConfigStore(tmp_path)
        config.remember(self.SIGN_IN)
        (tmp_path / "sign-ins.json").chmod(0o644)
        assert config.sign_in(API)
        assert (tmp_path / "sign-ins.json").stat().st_mode & 0o777 == 0o600

    def test_each_stack_has_a_sign_in_of_its_own(self, tmp_path: Path) -> None:
        config = ConfigStore(tmp_path)
        other = replace(self.SIGN_IN, settings=replace(self.SIGN_IN.settings, api="https://other"))
        config.remember(self.SIGN_IN)
        config.remember(other)
        assert config.forget(API)
        assert not config.forget(API)
        assert config.sign_in(API) is None
        assert config.sign_in("https://other") == other

    def test_the_refresh_token_is_not_in_the_repr(self) -> None:
        assert "a-refresh-token" not in repr(self.SIGN_IN)

    def test_a_damaged_file_is_named_with_the_way_out(self, tmp_path: Path) -> None:
        (tmp_path / "sign-ins.json").write_text("{")
        with pytest.raises(CliError, match=r"sign-ins\.json cannot be read") as caught:
            ConfigStore(tmp_path).sign_in(API)
        assert caught.value.to_do == ("Delete the file, then sign in again.",)

    def test_publishing_a_draft_updates_the_origin_of_every_file(self, tmp_path: Path) -> None:
        config, file, other = ConfigStore(tmp_path), tmp_path / "river.yaml", tmp_path / "lake.yaml"
        config.put_origin(API, file, Origin("river", 4, 1, "d"))
        config.put_origin(API, other, Origin("lake", 4, 1, "d"))
        config.note_published(API, "river", 4, 2)
        assert config.origin(API, file) == Origin("river", 0, 2, "d")
        assert config.origin(API, other) == Origin("lake", 4, 1, "d")


class TestKeyring:
    """The refresh token is in the desktop's keyring where it has one, and in no file then."""

    @pytest.fixture
    def backend(self, ruth: Person) -> MemoryKeyring:
        ruth.keyring = backend = MemoryKeyring()
        return backend

    def test_the_token_is_in_the_keyring_alone_until_the_person_signs_out(
        self, ruth: Person, backend: MemoryKeyring
    ) -> None:
        ruth.signed_in("ruth")
        token = f"{REFRESH}ruth@practice.example"
        assert backend.passwords == {("rekindle", API): token}
        assert token not in (ruth.folder / "sign-ins.json").read_text()
        assert ruth("packs", "list").status == 0
        assert ruth("sign-out", "--json").document["was_signed_in"] is True
        assert backend.passwords == {}
        assert ruth("packs", "list").status == 3

    def test_a_keyring_that_stays_locked_at_sign_in_leaves_the_token_to_the_file(
        self, ruth: Person, backend: MemoryKeyring
    ) -> None:
        backend.refuses = True
        ruth.signed_in("ruth")
        assert ruth("packs", "list").status == 0
        assert (ruth.folder / "sign-ins.json").stat().st_mode & 0o777 == 0o600
        assert ruth("sign-out").status == 0
        assert REFRESH not in (ruth.folder / "sign-ins.json").read_text()

    @pytest.mark.parametrize("command", [("packs", "list"), ("sign-out",)])
    def test_a_keyring_that_is_locked_later_is_named(
        self, ruth: Person, backend: MemoryKeyring, command: tuple[str, ...]
    ) -> None:
        ruth.signed_in("ruth")
        backend.refuses = True
        said = ruth(*command)
        assert said.status == 1
        assert "Unlock the keyring" in said.err
        backend.refuses = False
        assert ruth("packs", "list").status == 0

    def test_a_sign_in_without_the_keyring_it_was_made_with_is_none(self, ruth: Person, backend: MemoryKeyring) -> None:
        ruth.signed_in("ruth")
        ruth.keyring = None
        assert ruth("packs", "list").status == 3
        ruth.signed_in("ruth").keyring = backend
        assert ruth("sign-out").status == 0
        assert backend.passwords == {}

    @pytest.mark.parametrize(
        ("made", "is_used"),
        [(keyring_fail.Keyring, False), (keyring_null.Keyring, False), (MemoryKeyring, True)],
        ids=["fail", "null", "a desktop's"],
    )
    def test_a_backend_that_keeps_nothing_is_not_used(
        self, made: Callable[[], KeyringBackend], *, is_used: bool
    ) -> None:
        before, own = keyring.get_keyring(), made()
        keyring.set_keyring(own)
        try:
            assert desktop_keyring() is (own if is_used else None)
        finally:
            keyring.set_keyring(before)


class TestSignIn:
    """A password goes to sign-in and nowhere else."""

    def test_sign_in_shows_the_permissions(self, ruth: Person) -> None:
        ruth.answers[:] = ["y", "ruth@practice.example", PASSWORD]
        said = ruth("sign-in", "--name", "prod")
        assert said.status == 0, said.err
        assert "write and publish packs" in said.out
        assert ruth("whoami", "--stack", "prod", "--json").document == {
            "name": "ruth@practice.example",
            "permissions": ["practice:read", "practice:publish"],
            "stack": "prod",
            "api": API,
        }

    def test_neither_password_nor_tokens_are_printed(self, ruth: Person) -> None:
        ruth.answers[:] = ["y", "ruth@practice.example", PASSWORD]
        everything = [ruth("sign-in", "--debug"), ruth("whoami", "--json"), ruth("packs", "list"), ruth("sign-out")]
        for said in everything:
            for secret in (PASSWORD, REFRESH, "signature"):
                assert secret not in said.out + said.err
        for kept in ruth.folder.iterdir():
            assert PASSWORD not in kept.read_text()

    def test_a_script_passes_the_password_on_standard_input(self, ruth: Person) -> None:
        ruth.is_there = False
        ruth.answers[:] = [PASSWORD]
        assert ruth("sign-in", "--yes").status == 2
        assert ruth("sign-in", "--yes", "--email", "ruth@practice.example").status == 0

    def test_a_wrong_password_is_refused_and_not_saved(self, ruth: Person) -> None:
        ruth.answers[:] = ["wrong"]
        said = ruth("sign-in", "--yes", "--email", "ruth@practice.example", "--json")
        assert said.status == 3
        assert said.out == ""
        assert said.error["title"] == "Wrong email or password."
        assert ConfigStore(ruth.folder).signed_in() == []

    def test_an_account_without_permissions_is_shown_as_such(self, ruth: Person) -> None:
        ruth.answers[:] = [PASSWORD]
        assert "none yet" in ruth("sign-in", "--yes", "--email", "couple@example.org").out

    def test_a_sign_in_that_has_ended_asks_for_another(self, ruth: Person, service: Service) -> None:
        ruth.signed_in("ruth")
        service.refuses_refresh = "TOKEN_EXPIRED"
        said = ruth("packs", "list")
        assert said.status == 3
        assert "Your sign-in has ended." in said.err

    def test_a_refusal_that_another_sign_in_would_not_help_is_shown_as_it_is(
        self, ruth: Person, service: Service
    ) -> None:
        ruth.signed_in("ruth")
        service.refuses_refresh = "USER_DISABLED"
        said = ruth("packs", "list")
        assert said.status == 3
        assert "This account is turned off." in said.err
        assert "sign-in has ended" not in said.err

    @pytest.mark.parametrize(
        ("stack", "status", "sentence"),
        [
            ("http://api.practice.example", 2, "is not encrypted"),
            ("https://nowhere.example", 4, "Nobody answers at"),
            ("https://other.example", 4, "There is no Rekindle at"),
            ("https://", 2, "is not an address"),
            ("prodd", 2, "Did you mean --stack prod?"),
        ],
    )
    def test_an_unknown_stack_is_refused_with_the_reason(
        self, ruth: Person, stack: str, status: int, sentence: str
    ) -> None:
        ConfigStore(ruth.folder).put_name("prod", API)
        said = ruth("sign-in", "--stack", stack, "--email", "ruth@practice.example")
        assert said.status == status
        assert sentence in said.err

    def test_the_address_may_be_the_consoles(self, ruth: Person, service: Service) -> None:
        ruth.answers[:] = [PASSWORD]
        address = f"{API}/console#/packs"
        said = ruth("sign-in", "--yes", "--stack", address, "--email", "ruth@practice.example", "--json")
        assert said.document["api"] == API
        assert service.requests[0].url == f"{API}/console/config.json"

    def test_a_sign_in_service_in_the_clear_gets_no_password(self, ruth: Person, service: Service) -> None:
        service.settings["identity"] = "http://identity.example"
        assert ruth("sign-in", "--email", "ruth@practice.example").status == 2
        assert len(service.requests) == 1

    def test_without_a_sign_in_one_is_asked_for(self, ruth: Person) -> None:
        said = ruth("packs", "list", "--json")
        assert said.status == 3
        assert said.error["type"] == "urn:rekindle:cli:not-signed-in"
        assert said.error["to_do"] == [f"rekindle sign-in --stack {API}"]

    def test_a_missing_local_stack_is_named(
        self, ruth: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("REKINDLE_STACK")
        monkeypatch.setenv("REKINDLE_STATE", str(tmp_path))
        ruth.signed_in("ruth")
        said = ruth("packs", "list")
        assert said.status == 4
        assert "make run" in said.err
        assert "--stack test" in said.err


class TestClient:
    """The client waits for a busy service, and explains each refusal."""

    def test_a_list_is_read_from_the_wire(self, ruth: Person) -> None:
        said = ruth.signed_in("ruth")("packs", "list", "--json")
        assert said.document["packs"][0]["news_on"] == "2026-03-04"
        assert said.document["review_required"] is True
        page = ruth("packs", "list").out
        assert "ruth@practice.example, 1 hour ago" in page
        assert "A second person has to approve" in page

    def test_a_busy_service_is_called_again_after_the_time_it_names(self, ruth: Person, service: Service) -> None:
        service.faults += [("GET", "/packs", busy), ("GET", "/packs", unheard)]
        assert ruth.signed_in("ruth")("packs", "list").status == 0
        first, second = ruth.waited
        assert 3 <= first < 4
        assert 1 <= second < 1.5

    def test_an_expired_token_is_renewed_once(self, ruth: Person, service: Service) -> None:
        service.faults.append(("GET", "/packs", lambda *_: httpx.Response(401, json={"message": "Unauthorized"})))
        assert ruth.signed_in("ruth")("packs", "list").status == 0
        assert len([each for each in service.requests if each.url.host == "securetoken.googleapis.com"]) == 2
        service.api = answers(401, {"message": "Unauthorized"})
        assert ruth("packs", "list").status == 3

    @pytest.mark.parametrize(
        ("status", "body", "ends", "sentence"),
        [
            (403, {"message": "Forbidden"}, 3, "has no permission for this"),
            (403, {"type": "urn:rekindle:problem:sign-in-not-recent", "title": "Sign in."}, 3, "rekindle sign-in"),
            (403, {"type": "urn:rekindle:problem:not-allowed", "title": "No."}, 3, "rekindle whoami"),
            (404, {"message": "Not Found"}, 1, "status 404"),
            (413, {"message": "Request Entity Too Large"}, 1, "4,000,000 characters"),
            (500, {"type": "urn:rekindle:problem:internal", "title": "Went wrong.", "status": 500}, 4, "Went wrong."),
            (200, {"packs": "many"}, 1, "is newer than this program, which cannot read its answer"),
            (200, [], 1, "is newer than this program, which cannot read its answer"),
        ],
    )
    def test_every_refusal_says_what_to_do(
        self, ruth: Person, service: Service, *, status: int, body: Any, ends: int, sentence: str
    ) -> None:
        ruth.signed_in("ruth")
        service.api = answers(status, body)
        said = ruth("packs", "list")
        assert (said.status, said.out) == (ends, "")
        assert sentence in said.err
        assert "→" in said.err or status == 404

    def test_the_wrong_fields_are_named(self, ruth: Person, service: Service) -> None:
        problem = {"type": "urn:rekindle:problem:invalid-fields", "title": "Some fields are not as they should be."}
        errors = [{"field": "body.lines.0.country", "reason": "is no country"}]
        ruth.signed_in("ruth")
        service.api = answers(422, problem | {"status": 422, "errors": errors})
        said = ruth("help", "show")
        assert "body.lines.0.country: is no country" in said.err

    def test_a_proxy_that_answers_with_a_page_is_no_service(self, ruth: Person, service: Service) -> None:
        ruth.signed_in("ruth")
        service.api = lambda _request: httpx.Response(200, text="<html>")
        assert ruth("packs", "list").status == 4


class TestCommand:
    """A command ends with a status and a sentence, never with a traceback."""

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            (["packs", "lits"], 'Did you mean "list"?'),
            (["pack", "list"], 'Did you mean "packs"?'),
            (["packs", "list", "--jsno"], "Did you mean --json?"),
            (["packs", "show"], "PACK"),
            (["stats", "--weeks", "99"], "--weeks"),
            (["packs", "lint"], "Name at least one file."),
            (["packs", "lint", "rivr.yaml"], "Did you mean river.yaml?"),
        ],
    )
    def test_a_wrong_command_gets_a_suggestion(
        self, ruth: Person, tmp_path: Path, command: list[str], sentence: str
    ) -> None:
        (tmp_path / "river.yaml").touch()
        said = ruth(*command)
        assert (said.status, said.out) == (2, "")
        assert sentence in said.err
        assert ruth(*command, "--json").error["type"] == "urn:rekindle:cli:usage"

    def test_a_fault_of_the_program_shows_its_place_only_when_asked(self, ruth: Person, service: Service) -> None:
        def broken(_request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError

        ruth.signed_in("ruth")
        service.api = broken
        said = ruth("packs", "list")
        assert said.status == 1
        assert "fault (ZeroDivisionError)" in said.err
        assert "Traceback" not in said.err
        assert "Traceback" in ruth("packs", "list", "--debug").err

    def test_ctrl_c_ends_it_with_a_word(self, ruth: Person, service: Service) -> None:
        def interrupted(_request: httpx.Request) -> httpx.Response:
            raise KeyboardInterrupt

        ruth.signed_in("ruth")
        service.api = interrupted
        said = ruth("packs", "list")
        assert (said.status, said.out, said.err.strip()) == (130, "", "Stopped.")

    def test_every_command_shows_an_example(self, ruth: Person, capsys: pytest.CaptureFixture[str]) -> None:
        names = ["list", "show", "lint", "pull", "save", "diff", "publish", "approve", "reject", "withdraw", "restore"]
        commands = [["packs", name] for name in [*names, "code"]]
        commands += [["help", name] for name in ("show", "propose", "approve", "reject")]
        commands += [["staff", name] for name in ("list", "grant", "revoke")]
        commands += [["second-factor", "add"], ["second-factor", "remove"]]
        commands += [["sign-in"], ["sign-out"], ["whoami"], ["stats"], ["notices"], ["audit"]]
        for command in commands:
            assert ruth(*command, "--help").status == 0
            shown = capsys.readouterr().out
            assert f"rekindle {' '.join(command)}" in shown.partition("For example:")[2], command
            assert "--stack" in shown
            assert max(map(len, shown.splitlines())) <= 80, command

    def test_colors_are_for_terminals_that_want_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        page = text(("live", "green"))
        assert "\x1b[32m" in printed(page, colors=True)
        assert World().out.is_terminal is False
        monkeypatch.setenv("NO_COLOR", "1")
        console = Console(file=io.StringIO(), force_terminal=True)
        console.print(page)
        assert isinstance(console.file, io.StringIO)
        assert "\x1b[32m" not in console.file.getvalue()


class TestLint:
    """Files are checked together, without any service."""

    def test_findings_have_their_lines_and_end_with_1(self, ruth: Person, service: Service, tmp_path: Path) -> None:
        broken = {"id": "river", "prompts": [a_prompt("rain", depth=9)]}
        (tmp_path / "river.json").write_text(json.dumps(broken), encoding="utf-8")
        said = ruth("packs", "lint", "river.json")
        assert said.status == 1
        assert "river.json:1: fix rain: depth: must be 3 or less" in said.out
        document = ruth("packs", "lint", "river.json", "--json").document
        assert document["errors"] == len(document["files"][0]["findings"])
        assert service.requests == []

    def test_two_files_of_one_pack_are_an_error(self, ruth: Person, tmp_path: Path) -> None:
        pack = a_pack(a_prompt("rain")).model_dump(mode="json", exclude_none=True)
        for name in ("one.json", "two.json"):
            (tmp_path / name).write_text(json.dumps(pack), encoding="utf-8")
        said = ruth("packs", "lint", "one.json", "two.json")
        assert said.status == 1
        assert "two.json:1: fix pack: id: is the id of one.json too" in said.out

    def test_the_same_question_in_two_packs_is_advice_for_both_and_fails_nothing(
        self, ruth: Person, tmp_path: Path
    ) -> None:
        for name, said in (("river", "Which song is today?"), ("sea", "Today, which song is it?")):
            pack = a_pack(a_prompt(f"{name}-song", said), id=name).model_dump(mode="json", exclude_none=True)
            (tmp_path / f"{name}.json").write_text(json.dumps(pack), encoding="utf-8")
        said_of_both = ruth("packs", "lint", "river.json", "sea.json")
        assert said_of_both.status == 0
        assert "advice river-song: words.en.text: asks almost the same as sea-song in the pack sea" in said_of_both.out
        assert (
            "advice sea-song: words.en.text: asks almost the same as river-song in the pack river" in said_of_both.out
        )

    def test_the_practices_own_packs_are_shown_at_a_glance(self, ruth: Person) -> None:
        starter = Path(__file__).parents[2] / "packs" / "starter.yaml"
        (found,) = ruth("packs", "lint", str(starter), "--json").document["files"]
        assert found["id"] == "starter"
        assert {*found["reading"]} == {"en", "es", "fr"}

    @pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\x00" * 99, b"[" * 10_000, b"a: &a [*a, *a]"])
    def test_rubbish_has_a_finding(self, ruth: Person, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "rubbish.yaml").write_bytes(data)
        said = ruth("packs", "lint", "rubbish.yaml")
        assert said.status == 1
        assert "rubbish.yaml:" in said.out


class TestWords:
    """Times are read and said on the terminal's clock."""

    @pytest.fixture(autouse=True)
    def _in_berlin(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "Europe/Berlin")
            time.tzset()
            yield
        time.tzset()

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("2026-03-01 09:00", "2026-03-01T08:00:00Z"),
            ("2026-07-01 09:00", "2026-07-01T07:00:00Z"),
            ("2026-03-01T09:00+05:30", "2026-03-01T03:30:00Z"),
            ("2026-03-01T09:00Z", "2026-03-01T09:00:00Z"),
        ],
    )
    def test_a_time_without_an_offset_is_the_terminals(self, typed: str, meant: str) -> None:
        assert words.instant_in(typed) == an_instant(meant)

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("2026-03-29 02:30", "does not exist here"),
            ("2026-10-25 02:30", "comes twice here"),
            ("2026-03-01", "no time of day"),
            ("tomorrow", "is not a time"),
            ("", "is not a time"),
        ],
    )
    def test_a_time_that_is_none_or_two_is_refused(self, typed: str, sentence: str) -> None:
        with pytest.raises(UsageError, match=sentence):
            words.instant_in(typed)

    def test_an_instant_is_said_with_its_day_and_offset(self) -> None:
        assert words.moment(an_instant("2026-03-01T08:00:00Z")) == "Sunday 1 March 2026 at 09:00 (UTC+01:00)"

    @pytest.mark.parametrize(
        ("ahead", "said"),
        [(90_000, "in 1 day"), (7_200, "in 2 hours"), (5, "in a moment"), (-61, "1 minute ago"), (-1, "just now")],
    )
    def test_how_long_it_is_until_then(self, ahead: int, said: str) -> None:
        assert words.distance(NOON + dt.timedelta(seconds=ahead), NOON) == said

    def test_a_large_number_is_said_with_its_thousands(self) -> None:
        assert [words.counted(number, "prompt") for number in (1, 1_000)] == ["1 prompt", "1,000 prompts"]

    def test_an_action_on_a_clock_that_is_ahead_was_just_now(self) -> None:
        assert words.since(NOON + dt.timedelta(seconds=9), NOON) == "just now"


class TestPages:
    """Pages fit a terminal of 80 columns, and nobody's words steer it."""

    def test_text_of_others_cannot_control_the_terminal(self, ruth: Person, service: Service) -> None:
        ruth.signed_in("ruth")
        service.api = answers(200, {"packs": [SUMMARY | {"title": "\x1b]0;owned\x07[red]R"}], "review_required": False})
        said = ruth("packs", "list")
        assert "\x1b" not in said.out
        assert "�]0;owned�[red]R" in said.out

    def test_a_list_fits_eighty_columns(self, ruth: Person) -> None:
        ruth.signed_in("ruth").width = 80
        assert max(map(len, ruth("packs", "list").out.splitlines())) <= 80

    def test_changes_are_shown_by_prompts_and_languages(self) -> None:
        before = a_pack(a_prompt("rain", "What did the rain say?"), a_prompt("wind", "Where does it go?"))
        after = a_pack(
            a_prompt("snow", "Who fell first?"), a_prompt("rain", "What did the rain sing?", depth=2), audience="choice"
        )
        found = changes(before, after)
        assert [prompt.id for prompt in found.added] == ["snow"]
        assert [prompt.id for prompt in found.removed] == ["wind"]
        assert found.languages() == {"en": 1}
        assert not found.reordered
        page = printed(changes_page(found, "version 1", "river.yaml"))
        for line in ("audience", "- everyone", "+ choice", "~ rain", "- What did the rain say?", "+ snow", "- wind"):
            assert line in page
        assert not changes(before, before)

    def test_another_order_is_a_change(self) -> None:
        prompts = a_prompt("rain", "What did it say?"), a_prompt("wind", "Where does it go?")
        assert changes(a_pack(*prompts), a_pack(*reversed(prompts))).reordered

    @pytest.mark.parametrize("kind", NoticeKind)
    def test_every_kind_of_notice_is_a_sentence(self, kind: NoticeKind) -> None:
        named = {"who": "ruth@practice.example", "account": "saul@practice.example", "scope": "practice:read"}
        rest = {"note": None, "pack": "weekend", "couples": 50, "unread": True}
        notice = {"id": "1772452800000-5f2b1c9d0e7a", "at": "2026-03-02T11:00:00Z", "kind": kind, **named, **rest}
        found = NoticesView.model_validate({"notices": [notice], "unread": 1, "before": None})
        page = printed(notices_page(found, NOON, marked=False), width=120)
        assert kind not in page
        assert "1 hour ago" in page
        assert "rekindle notices --mark-read" in page

    def test_an_action_on_an_account_shows_its_permissions(self) -> None:
        named = {"who": "operator arn:aws:iam::123456789012:user/olga (as told)", "account": "saul@practice.example"}
        entry = AuditEntryView.model_json_schema()["examples"][0] | named | {"action": "rights_granted"}
        entry |= {"scope": "practice:read", "pack": None, "prompt": None, "note": None}
        page = printed(audit_page([AuditEntryView.model_validate(entry)]), width=160)
        assert "saul@practice.example: see packs and numbers" in page

    def test_numbers_too_small_to_be_shown_are_no_gap(self) -> None:
        week = {
            "week": "2026-02-23",
            "active": 1200,
            "active_28": None,
            "themes": {"touch": {"offered": 900, "completed": 450}, "fear": {"offered": None, "completed": None}},
            "packs": {"starter": {"offered": 1200, "completed": None}},
            "streaks": {"0": None, "365+": 20},
            "reach": {"prompt": {"due": 2000, "reached": 1990}},
        }
        days = [{"date": "2026-03-01", "active": 800}, {"date": "2026-03-02", "active": None}]
        statistics = {"as_of": "2026-03-02", "through": "2026-03-01", "days": days, "weeks": [week], "prompts": {}}
        found = StatisticsView.model_validate(statistics)
        page = printed(statistics_page(found, 2))
        assert "1,200" in page
        assert "50%" in page
        assert "under 10" in page
        assert max(map(len, page.splitlines())) <= 80
        found = StatisticsView.model_validate(statistics | {"days": [], "weeks": []})
        assert printed(statistics_page(found, 4)).strip() == "There are no numbers yet."
