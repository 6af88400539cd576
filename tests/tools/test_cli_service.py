"""The command line saves and publishes through the practice's handler, on the table in memory."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cli import client
from practice_api.services import Services
from rekindle.domain.ids import Uid
from rekindle.store import keys
from rekindle.store.table import Write
from testing.apis import every_member_is_good
from testing.apis import practice_handler_of as handler_of
from testing.builders import an_instant
from testing.packs import a_prompt, a_source
from testing.staff import API, PASSWORD, Person, Service, busy, lost, through, unheard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_mock import MockerFixture

    from rekindle.store.table import Table


class Clock:
    """The time of everybody in a test; no two things happen at the same instant."""

    def __init__(self) -> None:
        self.now = an_instant("2026-03-02T12:00:00Z")

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(milliseconds=10)
        return self.now


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_STACK", API)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(table: Table) -> Services:
    return Services.on(table, every_member_is_good, review_required=False)


@pytest.fixture
def service(services: Services, clock: Clock) -> Service:
    return Service(through(handler_of(lambda: services), clock))


@pytest.fixture
def at(service: Service, clock: Clock, tmp_path: Path) -> Callable[[str], Person]:
    """Somebody who is signed in, at a machine of their own."""
    return lambda name: Person(service, tmp_path / f"of-{name}", clock).signed_in(name)


@pytest.fixture
def ruth(at: Callable[[str], Person]) -> Person:
    return at("ruth")


@pytest.fixture
def saul(at: Callable[[str], Person]) -> Person:
    return at("saul")


def a_file(path: Path, *prompts: dict[str, Any], **changes: Any) -> str:
    path.write_text(a_source(*prompts, **changes), encoding="utf-8")
    return str(path)


@pytest.fixture
def river(tmp_path: Path) -> Path:
    path = tmp_path / "river.yaml"
    a_file(path)
    return path


class TestSave:
    """A file becomes a draft, and never replaces a colleague's work unseen."""

    def test_a_new_pack_is_saved_as_it_was_typed(self, ruth: Person, services: Services, river: Path) -> None:
        said = ruth("packs", "save", str(river), "--json")
        assert said.status == 0, said.err
        (result,) = said.document["results"]
        assert (result["id"], result["outcome"]) == ("river", "saved")
        head = services.packs.head(result["id"])
        assert head.draft is not None
        assert services.packs.draft(head.id, head.draft) == river.read_text()

    def test_a_saved_file_can_be_saved_again_after_an_edit(self, ruth: Person, river: Path) -> None:
        ruth("packs", "save", str(river))
        assert ruth("packs", "save", str(river), "--json").document["results"][0]["outcome"] == "unchanged"
        a_file(river, a_prompt("wind"))
        assert ruth("packs", "save", str(river)).status == 0

    def test_the_second_of_two_sees_whose_draft_is_there_and_what_to_do(
        self, ruth: Person, saul: Person, clock: Clock, river: Path, tmp_path: Path
    ) -> None:
        ruth("packs", "save", str(river))
        his = tmp_path / "his.yaml"
        assert saul("packs", "pull", "river", str(his)).status == 0
        assert his.read_bytes() == river.read_bytes()
        a_file(his, a_prompt("snow"))
        clock.now += dt.timedelta(hours=1)
        assert saul("packs", "save", str(his)).status == 0
        clock.now += dt.timedelta(minutes=5)
        a_file(river, a_prompt("wind"))
        said = ruth("packs", "save", str(river))
        assert said.status == 1
        assert "saul@practice.example saved its draft 5 minutes ago" in said.err
        assert f"rekindle packs diff {river}" in said.err
        assert "--overwrite" in said.err
        error = ruth("packs", "save", str(river), "--json").error
        assert error["type"] == "urn:rekindle:problem:draft-changed"
        assert error["saved"]["name"] == "saul@practice.example"
        assert "snow" in ruth("packs", "pull", "river", "-").out
        assert ruth("packs", "save", str(river), "--overwrite").status == 0
        assert "wind" in ruth("packs", "pull", "river", "-").out

    def test_a_release_published_meanwhile_is_a_conflict_too(self, ruth: Person, saul: Person, river: Path) -> None:
        """Then there is no draft, as there was none when the file was pulled."""
        ruth("packs", "publish", str(river), "--yes")
        saul("packs", "pull", "river")
        a_file(river, a_prompt("snow"))
        assert saul("packs", "publish", str(river), "--yes").status == 0
        ruth("packs", "pull", "river", "mine.yaml")
        a_file(river, a_prompt("wind"))
        said = ruth("packs", "save", str(river))
        assert said.status == 1
        assert "published version 2" in said.err

    def test_a_file_that_was_not_pulled_does_not_replace_a_draft(
        self, ruth: Person, saul: Person, river: Path, tmp_path: Path
    ) -> None:
        ruth("packs", "save", str(river))
        said = saul("packs", "save", a_file(tmp_path / "other.yaml", a_prompt("snow")))
        assert said.status == 1
        assert "was not pulled from it" in said.err

    def test_a_save_between_the_check_and_the_own_save_is_a_conflict(
        self, ruth: Person, saul: Person, service: Service, river: Path, tmp_path: Path
    ) -> None:
        ruth("packs", "save", str(river))
        saul("packs", "pull", "river", "his.yaml")
        a_file(tmp_path / "his.yaml", a_prompt("snow"))
        a_file(river, a_prompt("wind"))

        def between(request: Any, answer: Any) -> Any:
            assert saul("packs", "save", "his.yaml").status == 0
            return answer(request)

        service.faults.append(("PUT", "/draft", between))
        said = ruth("packs", "save", str(river))
        assert said.status == 1
        assert "saul@practice.example saved its draft just now" in said.err
        assert service.faults == []

    def test_a_broken_file_is_saved_and_its_findings_are_shown(self, ruth: Person, river: Path) -> None:
        said = ruth("packs", "save", a_file(river, a_prompt("rain", depth=4)))
        assert said.status == 0
        assert "must be 3 or less" in said.out
        assert "1 thing to fix before you can publish it" in said.out

    def test_one_failed_file_does_not_stop_the_others(
        self, ruth: Person, saul: Person, river: Path, tmp_path: Path
    ) -> None:
        saul("packs", "save", a_file(tmp_path / "his.yaml", a_prompt("snow")))
        lake = a_file(tmp_path / "lake.yaml", id="lake")
        said = ruth("packs", "save", str(river), lake, "--json")
        assert said.status == 1
        first, second = said.document["results"]
        assert first["error"]["type"] == "urn:rekindle:problem:draft-changed"
        assert second["outcome"] == "saved"


class TestPull:
    """Pulling never replaces unsaved text."""

    def test_a_file_with_words_of_its_own_stays(self, ruth: Person, saul: Person, river: Path, tmp_path: Path) -> None:
        ruth("packs", "save", str(river))
        own = a_file(tmp_path / "own.yaml", a_prompt("snow"))
        said = saul("packs", "pull", "river", own)
        assert said.status == 2
        assert "unsaved text" in said.err
        assert "snow" in (tmp_path / "own.yaml").read_text()
        assert saul("packs", "pull", "river", own, "--overwrite").status == 0
        assert saul("packs", "pull", "river", own).status == 0

    def test_a_pack_that_is_not_there_is_named_with_one_that_is(self, ruth: Person, river: Path) -> None:
        ruth("packs", "save", str(river))
        said = ruth("packs", "pull", "rivr")
        assert said.status == 1
        assert "Did you mean river?" in said.err
        assert ruth("packs", "show", "../river").status == 1


class TestPublish:
    """Couples get the shown release, once."""

    def test_it_says_what_will_happen_and_asks(self, ruth: Person, river: Path) -> None:
        ruth.answers[:] = ["n"]
        said = ruth("packs", "publish", str(river))
        assert said.status == 1
        for line in (
            "River (river) on test",
            "2 prompts in en",
            "every couple, until they turn it off",
            "couples are notified on Wednesday 4 March 2026",
        ):
            assert line in said.err
        assert ruth("packs", "list", "--json").document["packs"] == []
        ruth.answers[:] = ["y"]
        said = ruth("packs", "publish", str(river), "--note", "First.")
        assert said.status == 0
        assert "“River” is live: version 1, 2 prompts in en." in said.out
        shown = ruth("packs", "show", "river", "--json").document
        assert shown["releases"][0]["note"] == "First."
        assert shown["news_on"] == "2026-03-04"

    def test_a_copy_of_a_live_pack_gets_advice_before_the_question(
        self, ruth: Person, river: Path, tmp_path: Path
    ) -> None:
        ruth("packs", "publish", str(river), "--yes")
        lake = a_file(tmp_path / "lake.yaml", id="lake")
        copied = "pack: prompts: 2 of 2 ask almost the same as the pack"
        ruth.answers[:] = ["n"]
        for said in (ruth("packs", "publish", lake), ruth("packs", "publish", lake, "--yes")):
            assert copied in said.err
        assert copied in ruth("packs", "save", a_file(tmp_path / "pond.yaml", id="pond")).out
        ruth.answers[:] = ["n"]
        assert copied in ruth("packs", "publish", "pond").err
        document = ruth("packs", "publish", "pond", "--yes", "--json").document["results"][0]
        assert [each["field"] for each in document["advice"] if each["prompt"] is None] == ["prompts"]

    def test_nobody_to_ask_means_no(self, ruth: Person, river: Path) -> None:
        said = ruth("packs", "publish", str(river), "--json")
        assert said.status == 2
        assert said.error["to_do"] == ["Add --yes to continue without it."]
        assert said.out == ""

    def test_a_live_release_is_not_published_again(self, ruth: Person, river: Path) -> None:
        ruth("packs", "publish", str(river), "--yes")
        said = ruth("packs", "publish", str(river), "--yes", "--json")
        assert said.document["results"][0]["outcome"] == "unchanged"
        assert ruth("packs", "show", "river", "--json").document["draft"] is None

    def test_a_draft_is_published_by_its_id_and_its_file_continues_from_there(self, ruth: Person, river: Path) -> None:
        ruth("packs", "save", str(river))
        assert ruth("packs", "publish", "river", "--yes").status == 0
        a_file(river, a_prompt("rain", "How loud was the rain?"))
        ruth.answers[:] = ["y"]
        said = ruth("packs", "publish", str(river))
        assert said.status == 0, said.err
        assert "since version 1: 1 prompt removed, 1 prompt changed" in said.err
        assert "no second notification: couples are notified once, on Wednesday 4 March 2026" in said.err

    def test_a_time_is_said_back_in_words(self, ruth: Person, river: Path) -> None:
        said = ruth("packs", "publish", str(river), "--yes", "--at", "2026-03-05 09:00")
        assert said.status == 0, said.err
        assert "Thursday 5 March 2026 at 09:00 (UTC), in 2 days" in said.out
        assert ruth("packs", "publish", str(river), "--at", "2026-03-01 09:00", "--yes").status == 2
        assert ruth("packs", "publish", str(river), "--at", "soon", "--yes").status == 2
        assert ruth("packs", "reject", "river").status == 0
        assert ruth("packs", "publish", str(river), "--yes").status == 0

    def test_a_file_with_something_to_fix_is_not_even_sent(self, ruth: Person, service: Service, river: Path) -> None:
        said = ruth("packs", "publish", a_file(river, a_prompt("rain", depth=4)), "--yes", "--json")
        assert said.status == 1
        assert said.error["findings"][0]["prompt"] == "rain"
        assert not service.asked("PUT", "draft")

    @pytest.mark.parametrize("fault", [lost, unheard, busy])
    def test_after_a_lost_answer_it_is_published_once(
        self, ruth: Person, service: Service, river: Path, fault: Any
    ) -> None:
        ruth("packs", "save", str(river))
        service.faults.append(("POST", "/publish", fault))
        said = ruth("packs", "publish", "river", "--yes", "--json")
        assert said.status == 0, said.err
        assert service.faults == []
        assert said.document["results"][0]["outcome"] == "live"
        assert [each["version"] for each in said.document["results"][0]["pack"]["releases"]] == [1]
        assert len(ruth.waited) == 1
        if fault is busy:
            assert ruth.waited[0] >= 3

    def test_a_person_without_a_verified_address_recognizes_their_own_version_too(
        self, at: Callable[[str], Person], service: Service, river: Path
    ) -> None:
        """The service records their uid."""
        uma = at("uma")
        service.faults.append(("POST", "/publish", lost))
        said = uma("packs", "publish", str(river), "--yes", "--json")
        assert said.status == 0, said.err
        assert said.document["results"][0]["pack"]["releases"][0]["published"]["name"] == "uma"
        assert len(service.asked("POST", "/publish")) == 1

    def test_a_service_that_stays_away_ends_the_command(self, ruth: Person, service: Service) -> None:
        service.faults += [("GET", "/packs", unheard)] * 5
        said = ruth("packs", "list", "--json")
        assert said.status == 4
        assert said.error["type"] == "urn:rekindle:cli:unreachable"
        assert ruth.waited == sorted(ruth.waited)

    def test_where_a_second_person_is_needed_it_is_proposed(
        self, ruth: Person, saul: Person, services: Services, clock: Clock, river: Path
    ) -> None:
        strict = replace(services, review_required=True)
        ruth.service.api = through(handler_of(lambda: strict), clock)
        said = ruth("packs", "publish", str(river), "--yes")
        assert "rekindle packs approve river" in said.out
        said = ruth("packs", "approve", "river", "--yes")
        assert said.status == 1
        assert "Somebody else must approve" in said.err
        saul.answers[:] = ["y"]
        said = saul("packs", "approve", "river")
        assert said.status == 0, said.err
        assert "Proposed by ruth@practice.example" in said.err
        a_file(river, a_prompt("wind"))
        assert ruth("packs", "publish", str(river), "--yes").status == 1, "saul has published since"


class TestDiff:
    """Differences are shown prompt by prompt, as their authors think of them."""

    def test_a_file_beside_what_is_there(self, ruth: Person, river: Path) -> None:
        ruth("packs", "publish", str(river), "--yes")
        a_file(river, a_prompt("rain", "How loud was the rain?"), a_prompt("wind"))
        said = ruth("packs", "diff", str(river))
        assert said.status == 0, said.err
        assert "1 prompt added, 1 prompt removed, 1 prompt changed" in said.out
        assert "- What did rain sound like today?" in said.out
        assert "+ How loud was the rain?" in said.out
        found = ruth("packs", "diff", str(river), "--json").document
        assert (found["added"], found["removed"]) == (["wind"], ["birdsong"])
        assert found["changed"][0]["fields"][0]["language"] == "en"
        raw = ruth("packs", "diff", str(river), "--raw").out
        assert raw.startswith("--- version 1")
        assert "@@" in raw

    def test_two_versions_and_a_draft(self, ruth: Person, river: Path) -> None:
        ruth("packs", "publish", str(river), "--yes")
        a_file(river, a_prompt("wind"))
        ruth("packs", "publish", str(river), "--yes")
        a_file(river, a_prompt("snow"))
        ruth("packs", "save", str(river))
        assert ruth("packs", "diff", "river", "--json").document["added"] == ["snow"]
        two = ruth("packs", "diff", "river", "--version", "1", "--version", "2", "--json").document
        assert (two["from"], two["to"], two["added"]) == ("version 1", "version 2", ["wind"])
        said = ruth("packs", "diff", "river", "--version", "7")
        assert "It has 1, 2." in said.err


class TestAfterwards:
    """A pack or a prompt can be taken from couples, and put back."""

    def test_a_prompt_and_a_pack_are_withdrawn_and_restored(self, ruth: Person, river: Path) -> None:
        ruth("packs", "publish", str(river), "--yes")
        said = ruth("packs", "withdraw", "river", "--prompt", "rian", "--yes")
        assert said.status == 1
        assert "Did you mean rain?" in said.err
        assert ruth("packs", "withdraw", "river", "--prompt", "rain", "--reason", "Misread.", "--yes").status == 0
        assert ruth("packs", "list", "--json").document["packs"][0]["withdrawn_prompts"] == ["rain"]
        assert ruth("packs", "restore", "river", "--prompt", "rain").status == 0
        assert ruth("packs", "withdraw", "river", "--yes").status == 0
        assert "withdrawn" in ruth("packs", "list").out
        assert ruth("packs", "restore", "river").status == 0
        entries = ruth("audit", "--limit", "4", "--json").document["entries"]
        assert [entry["action"] for entry in entries] == ["restored", "withdrawn", "restored", "withdrawn"]
        assert "Misread." in ruth("audit").out

    def test_a_code_is_shown_and_renewed(self, ruth: Person, service: Service, river: Path) -> None:
        ruth("packs", "publish", a_file(river, audience="code"), "--yes")
        first = ruth("packs", "code", "river", "--json").document["code"]
        service.faults.append(("POST", "/code", lost))
        second = ruth("packs", "code", "river", "--renew", "--yes", "--json").document["code"]
        assert first != second
        assert len(service.asked("POST", "/code")) == 1
        assert ruth("packs", "code", "river").out.strip() == second

    def test_numbers_are_shown_though_there_are_none_yet(self, ruth: Person) -> None:
        said = ruth("stats")
        assert said.status == 0, said.err
        assert len(ruth("stats", "--weeks", "3", "--json").document["weeks"]) == 3


class TestHelp:
    """The help is changed as a whole and by two persons, and never replaces a colleague's text unseen."""

    @pytest.fixture
    def file(self, ruth: Person, tmp_path: Path) -> Path:
        """Write the present help to a file, with another way to book."""
        told = ruth("help", "show", "--json").document
        told["booking"] = {"url": "https://practice.example/book", "words": {"en": "Talk with us"}}
        path = tmp_path / "help.json"
        path.write_text(json.dumps(told), encoding="utf-8")
        return path

    def test_what_was_shown_can_be_edited_and_proposed_once(self, ruth: Person, saul: Person, file: Path) -> None:
        said = ruth("help", "propose", str(file))
        assert said.status == 0, said.err
        assert saul("help", "approve", "--yes").status == 0
        assert "https://practice.example/book" in ruth("help", "show").out
        told = json.loads(file.read_text(encoding="utf-8"))
        told["booking"]["words"]["en"] = "Come and talk"
        file.write_text(json.dumps(told), encoding="utf-8")
        said = ruth("help", "propose", str(file))
        assert said.status == 1
        assert "Nothing was overwritten" in said.err
        assert ruth("help", "propose", str(file), "--overwrite").status == 0
        del told["revision"]
        file.write_text(json.dumps(told | {"booking": {"url": "ftp://x"}}), encoding="utf-8")
        assert ruth("help", "propose", str(file)).status == 2
        said = ruth("help", "propose", str(file), "--overwrite")
        assert said.status == 1
        assert "booking" in said.err

    def test_couples_keep_their_help_until_a_colleague_has_seen_and_approved_the_proposal(
        self, ruth: Person, saul: Person, file: Path
    ) -> None:
        before = ruth("help", "show", "--json").document
        assert "rekindle help approve" in ruth("help", "propose", str(file)).out
        waiting = saul("help", "show", "--json").document
        assert (waiting["booking"], waiting["lines"]) == (before["booking"], before["lines"])
        assert "waits for a colleague's approval" in saul("help", "show").out
        said = ruth("help", "approve", "--yes")
        assert said.status == 1
        assert "Ask a colleague" in said.err
        saul.answers[:] = ["n"]
        said = saul("help", "approve")
        assert said.status == 1
        assert "https://practice.example/book" in said.err
        assert "Proposed by ruth@practice.example" in said.err
        saul.answers[:] = ["y"]
        assert saul("help", "approve").status == 0
        assert ruth("help", "show", "--json").document["proposal"] is None

    def test_a_colleague_who_proposes_too_is_told_what_waits(self, ruth: Person, saul: Person, file: Path) -> None:
        ruth("help", "propose", str(file))
        told = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(told | {"booking": None}), encoding="utf-8")
        said = saul("help", "propose", str(file))
        assert said.status == 1
        assert "rekindle help reject" in said.err

    def test_a_proposal_is_rejected_with_a_reason_and_its_author_can_take_it_back(
        self, ruth: Person, saul: Person, file: Path
    ) -> None:
        assert saul("help", "reject").status == 1
        ruth("help", "propose", str(file))
        assert saul("help", "reject", "--note", "Not yet.").status == 0
        assert "There is no proposal" in saul("help", "approve").err
        ruth("help", "propose", str(file))
        assert ruth("help", "reject").status == 0
        assert "Not yet." in ruth("audit").out

    @pytest.mark.parametrize("fault", [lost, unheard])
    @pytest.mark.parametrize("command", ["approve", "reject"])
    def test_after_a_lost_answer_the_decision_counts_once(
        self, ruth: Person, saul: Person, file: Path, *, command: str, fault: Any
    ) -> None:
        ruth("help", "propose", str(file))
        saul.service.faults.append(("POST", f"/help/{command}", fault))
        said = saul("help", command, *(["--yes"] if command == "approve" else []), "--json")
        assert said.status == 0, said.err
        assert said.document["proposal"] is None
        entries = ruth("audit", "--json").document["entries"]
        assert [each["action"] for each in entries].count(
            "help_changed" if command == "approve" else "help_rejected"
        ) == 1

    def test_a_file_that_would_lose_a_number_or_a_word_is_refused_with_each_line(
        self, ruth: Person, tmp_path: Path
    ) -> None:
        file = tmp_path / "help.yaml"
        file.write_text(
            "revision: 1\nlines:\n  - name: {en: Line}  # ours\n    phone: #31#\n    url: https://line.example\n"
            "    note:\n      en: Text #HOME to 741741\n      no: Ring 112\n    hours: 24\n",
            encoding="utf-8",
        )
        said = ruth("help", "propose", str(file))
        assert said.status == 2
        assert re.findall(r"line (\d+):", said.err) == ["4", "7", "9"]


class TestNotices:
    """Important actions are told to all staff, once."""

    @pytest.fixture(autouse=True)
    def _a_proposal(self, ruth: Person, tmp_path: Path) -> None:
        told = ruth("help", "show", "--json").document
        (tmp_path / "help.json").write_text(json.dumps(told | {"booking": None}), encoding="utf-8")
        assert ruth("help", "propose", "help.json").status == 0

    def test_each_person_is_told_after_sign_in_until_they_mark_them_as_read(self, ruth: Person, saul: Person) -> None:
        assert "1 notice unread: rekindle notices" in ruth("whoami").err
        assert "ruth@practice.example proposes a change of the help" in ruth("notices").out
        assert "1 notice unread" in ruth("whoami").err
        assert ruth("notices", "--mark-read").status == 0
        assert "unread" not in ruth("whoami").err
        saul.answers[:] = [PASSWORD]
        assert "1 notice unread" in saul("sign-in", "--email", "saul@practice.example", "--stack", "test").err

    def test_a_script_gets_the_notices_and_no_remark(self, ruth: Person, service: Service) -> None:
        (notice,) = ruth("notices", "--json").document["notices"]
        assert (notice["kind"], notice["unread"]) == ("help-proposed", True)
        before = len(service.asked("GET", "/notices"))
        assert ruth("whoami", "--json").err == ""
        assert len(service.asked("GET", "/notices")) == before

    def test_a_service_that_does_not_answer_spoils_no_sign_in(self, ruth: Person, service: Service) -> None:
        service.faults += [("GET", "/notices", unheard)]
        said = ruth("whoami")
        assert (said.status, said.err) == (0, "")
        assert ruth.waited == []


class TestAudit:
    """The whole audit is checked entry by entry, and a gap is named."""

    @pytest.fixture(autouse=True)
    def _many_actions(self, ruth: Person, river: Path, mocker: MockerFixture) -> None:
        mocker.patch.object(client, "AUDIT_PAGE", 3)
        for word in ("rain", "wind", "snow", "hail", "sun", "fog", "ice"):
            a_file(river, a_prompt(word))
            assert ruth("packs", "save", str(river)).status == 0

    def test_a_whole_chain_is_verified_over_all_pages(self, ruth: Person, service: Service) -> None:
        said = ruth("audit", "--verify", "--json")
        assert said.status == 0, said.err
        assert (said.document["chained"], said.document["fault"]) == (7, None)
        assert len(service.asked("GET", "/audit")) == 3
        assert "The audit is whole: 7 actions in the chain." in ruth("audit", "--verify").out

    @pytest.mark.parametrize("is_removed", [True, False])
    def test_a_row_that_was_changed_or_removed_ends_with_1_and_its_place(
        self, ruth: Person, table: Table, *, is_removed: bool
    ) -> None:
        rows = table.query(keys.AUDIT).items
        (row,) = [each for each in rows if each["number"] == 4]
        key = keys.Key(row["pk"], row["sk"])
        if is_removed:
            table.write(Write("Delete", key))
        else:
            item = {name: value for name, value in row.items() if name not in {"pk", "sk"}}
            table.write(Write("Put", key, item=item | {"pack": "lake"}))
        said = ruth("audit", "--verify")
        assert said.status == 1
        assert "entry 5 " in said.out if is_removed else "entry 4 was changed" in said.out


def test_an_audit_without_entries_is_whole(ruth: Person) -> None:
    assert "0 actions in the chain" in ruth("audit", "--verify").out


class TestSignOut:
    """Signing out ends every sign-in of the account, and says so where it could not."""

    def test_it_ends_the_sign_ins_on_other_machines_too(self, ruth: Person, services: Services) -> None:
        said = ruth("sign-out")
        assert (said.status, said.out.strip()) == (0, "Signed out of test, everywhere.")
        assert services.sign_outs.signed_out_at(Uid("ruth"))
        assert ruth("packs", "list").status == 3
        assert ruth("sign-out", "--json").document["was_signed_in"] is False

    def test_a_service_that_does_not_answer_leaves_other_sign_ins_and_says_so(
        self, ruth: Person, service: Service
    ) -> None:
        service.faults += [("POST", "/sign-out", unheard)] * 2
        said = ruth("sign-out")
        assert said.status == 4
        assert "Other sign-ins of your account go on." in said.out
        assert ruth("packs", "list").status == 3

    def test_a_script_learns_what_was_not_done(self, ruth: Person, service: Service) -> None:
        service.faults += [("POST", "/sign-out", unheard)] * 2
        said = ruth("sign-out", "--json")
        assert said.status == 4
        assert (said.document["was_signed_in"], said.document["revoked"]) == (True, False)
        assert said.document["error"]["type"] == "urn:rekindle:cli:unreachable"

    def test_a_sign_in_that_has_ended_already_is_forgotten_without_complaint(
        self, ruth: Person, service: Service
    ) -> None:
        service.refuses_refresh = "TOKEN_EXPIRED"
        said = ruth("sign-out")
        assert said.status == 0
        assert ruth("packs", "list").status == 3


class TestRights:
    """An account without permission gets a refusal."""

    def test_a_person_who_may_only_read_cannot_save(self, at: Callable[[str], Person], river: Path) -> None:
        rita = at("rita")
        assert rita("packs", "list").status == 0
        said = rita("packs", "save", str(river), "--json")
        assert said.status == 3
        assert said.error["type"] == "urn:rekindle:problem:not-allowed"

    def test_a_large_file_in_five_languages_is_saved_and_published(self, ruth: Person, tmp_path: Path) -> None:
        """`tests/routes/test_practice.py` publishes a thousand prompts. Here most of the file is a comment."""
        languages = ["en", "es", "fr", "de", "he"]
        prompt = a_prompt("rain", words={each: {"text": f"{each}?", "why": "So."} for each in languages})
        words = {each: {"title": "Large", "written_for": "All."} for each in languages}
        large = a_file(tmp_path / "large.yaml", prompt, id="large", languages=languages, words=words)
        with (tmp_path / "large.yaml").open("a", encoding="utf-8") as file:
            file.write(f"# {'ש' * 900_000}\n")
        said = ruth("packs", "publish", large, "--yes")
        assert said.status == 0, said.err
        assert "1 prompt in en, es, fr, de and he" in said.out
