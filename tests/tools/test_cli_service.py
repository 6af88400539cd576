"""The command line saves and publishes through the practice's handler, on the table in memory."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from practice_api.services import Services
from testing.apis import every_member_is_good
from testing.apis import practice_handler_of as handler_of
from testing.builders import an_instant
from testing.packs import a_prompt, a_source
from testing.staff import API, Person, Service, busy, lost, through, unheard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    """The help is set as a whole, and never replaces a colleague's text unseen."""

    def test_what_was_shown_can_be_edited_and_set_once(self, ruth: Person, tmp_path: Path) -> None:
        file = tmp_path / "help.json"
        told = ruth("help", "show", "--json").document
        told["booking"] = {"url": "https://practice.example/book", "words": {"en": "Talk with us"}}
        file.write_text(json.dumps(told), encoding="utf-8")
        said = ruth("help", "set", str(file))
        assert said.status == 0, said.err
        assert "https://practice.example/book" in ruth("help", "show").out
        told["booking"]["words"]["en"] = "Come and talk"
        file.write_text(json.dumps(told), encoding="utf-8")
        said = ruth("help", "set", str(file))
        assert said.status == 1
        assert "Nothing was overwritten" in said.err
        assert ruth("help", "set", str(file), "--overwrite").status == 0
        del told["revision"]
        file.write_text(json.dumps(told | {"booking": {"url": "ftp://x"}}), encoding="utf-8")
        assert ruth("help", "set", str(file)).status == 2
        said = ruth("help", "set", str(file), "--overwrite")
        assert said.status == 1
        assert "booking" in said.err

    def test_a_file_that_would_lose_a_number_or_a_word_is_refused_with_each_line(
        self, ruth: Person, tmp_path: Path
    ) -> None:
        file = tmp_path / "help.yaml"
        file.write_text(
            "revision: 1\nlines:\n  - name: {en: Line}  # ours\n    phone: #31#\n    url: https://line.example\n"
            "    note:\n      en: Text #HOME to 741741\n      no: Ring 112\n    hours: 24\n",
            encoding="utf-8",
        )
        said = ruth("help", "set", str(file))
        assert said.status == 2
        assert re.findall(r"line (\d+):", said.err) == ["4", "7", "9"]


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
