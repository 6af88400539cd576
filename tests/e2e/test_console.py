"""The console in headless Chromium against the local stack, as the practice's staff use it."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from local.identity import ACCOUNTS
from rekindle.domain.models import PackId, PromptId
from rekindle.domain.statistics import shown_days, shown_weeks, view
from rekindle.packs.template import PROMPT_TEXT, PROMPT_WHY
from rekindle.push.kinds import REMINDERS
from tests.e2e.conftest import today
from tests.e2e.desk import EDITOR, READER, WRITER, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from playwright.sync_api import Browser, Dialog

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple

type NewDesk = Callable[..., Desk]


@pytest.fixture
def a_desk(stack: Stack, browser: Browser) -> Iterator[NewDesk]:
    """Desks, each of which must have nothing to complain of at the end: no error, no script, no policy broken."""
    with contextlib.ExitStack() as closing:
        desks = []

        def new(**options: Any) -> Desk:
            desk = Desk.at(stack, browser, **options)
            closing.callback(desk.close)
            desks.append(desk)
            return desk

        yield new
        assert [each for desk in desks for each in desk.complaints] == []


@pytest.fixture
def desk(a_desk: NewDesk) -> Desk:
    """An editor's, signed in."""
    desk: Desk = a_desk().sign_in(EDITOR)
    expect(desk.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()
    return desk


@pytest.fixture
def practice(stack: Stack) -> Iterator[httpx.Client]:
    """The practice's API, for what a test needs besides the page."""
    with stack.phone(email=WRITER, claims=dict(ACCOUNTS[WRITER])) as client:
        yield client


@pytest.fixture
def pack_id() -> str:
    return f"talks-{uuid.uuid4().hex[:8]}"


def a_source(pack: str, *, title: str = "Evening talks", text: str = "What made you smile today?") -> str:
    return f"""\
# For the evenings.
id: {pack}
audience: everyone
default_language: en
languages: [en, ar]
words:
  en:
    title: {title}
    written_for: Any two people at the end of a day.
  ar:
    title: أحاديث المساء
    written_for: لأي شخصين في نهاية اليوم.
prompts:
  - id: smile
    theme: spark
    kind: question
    depth: 1
    words:
      en:
        text: {text}
        why: Small joys grow when they are told.
      ar:
        text: ما الذي جعلك تبتسم اليوم؟ 🌙
        why: الأفراح الصغيرة تكبر حين تُروى.
"""


def a_draft(practice: httpx.Client, pack: str, source: str | None = None) -> int:
    """The revision of a draft that somebody has saved."""
    body = {"source": source or a_source(pack), "revision": 0}
    reply = practice.put(f"/v1/practice/packs/{pack}/draft", json=body)
    assert reply.status_code == 200, reply.text
    return int(reply.json()["revision"])


def published(practice: httpx.Client, pack: str, source: str | None = None) -> None:
    body = {"revision": a_draft(practice, pack, source), "announce": False}
    reply = practice.post(f"/v1/practice/packs/{pack}/publish", json=body)
    assert reply.status_code == 200, reply.text


def started_anew(stack: Stack, function: str) -> None:
    """The function in a new process, which knows nothing from before: half a minute's memory is not waited for."""
    functions, name = stack.client("lambda"), stack.function(function)
    functions.update_function_configuration(FunctionName=name, Description=uuid.uuid4().hex)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


@pytest.fixture
def _two_needed(stack: Stack) -> Iterator[None]:
    """A deployment in which a second person has to approve."""
    functions, name = stack.client("lambda"), stack.function("PracticeApi")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = variables | {"REVIEW_REQUIRED": "true"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    started_anew(stack, "PracticeApi")
    yield
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    started_anew(stack, "PracticeApi")


# The whole way


def test_a_pack_is_written_mended_previewed_published_met_by_a_couple_and_withdrawn(
    desk: Desk, practice: httpx.Client, stack: Stack, a_couple: NewCouple, pack_id: str
) -> None:
    template = begun(desk, pack_id)
    with_mistakes(desk, template)
    mended_in_two_languages(desk, template)
    seen_on_the_phone(desk)

    desk.press("Publish …")
    expect(desk.dialog).to_contain_text("becomes version 1: 2 prompts in English and Spanish")
    expect(desk.dialog).to_contain_text("every couple that uses the app")
    desk.press("Publish now")
    desk.notice("Published. Couples have it within half a minute.")
    expect(desk.page.locator(".pack-head")).to_contain_text("Live, version 1")

    # With nothing else to offer, a couple's day has a prompt of it.
    with nothing_else(practice, pack_id):
        started_anew(stack, "CouplesApi")
        ada, ben = a_couple()
        hers, his = (phone.call("GET", "/v1/today")["today"]["prompt"]["text"] for phone in (ada, ben))
        assert hers == his
        assert "by the lantern?" in hers or "about money" in hers

    desk.page.get_by_role("link", name="With couples").click()
    desk.press("Withdraw the pack …")
    desk.dialog.get_by_label("Why, for your colleagues").fill("To be said better.")
    desk.press("Withdraw the pack", desk.dialog)
    desk.notice("The pack is withdrawn.")
    expect(desk.page.locator(".pack-head")).to_contain_text("Withdrawn")

    # Now there would be nothing at all for a new day; who has it today keeps it.
    with nothing_else(practice, pack_id):
        started_anew(stack, "CouplesApi")
        cleo, _ = a_couple()
        cleo.call("GET", "/v1/today", status=503)
        assert ada.call("GET", "/v1/today")["today"]["prompt"]["text"] == hers
    started_anew(stack, "CouplesApi")

    desk.open("audit", "Record")
    entry = desk.page.locator(".audit li", has_text=pack_id).first
    expect(entry).to_contain_text("You withdrew")
    expect(entry).to_contain_text("To be said better.")


def begun(desk: Desk, pack: str) -> str:
    """A new pack, in the editor: its template is on the phone at once, and cannot be published as it is."""
    desk.press("New pack")
    desk.dialog.get_by_label("Title, as couples see it").fill("Lanterns")
    desk.dialog.get_by_label("Short name").fill(pack)
    expect(desk.dialog.get_by_label("Who gets it")).to_have_value("choice")
    desk.dialog.get_by_label("Who gets it").select_option("everyone")
    desk.dialog.get_by_label("Whom it is for").fill("Two who walk home in the dark.")
    desk.press("Start writing")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Lanterns")
    expect(desk.findings).to_contain_text("2 mistakes to mend")
    expect(desk.phone).to_contain_text(PROMPT_TEXT)
    desk.press("Publish …")
    desk.notice("There is something to mend first")
    own = desk.text.input_value().replace(PROMPT_TEXT, "What made you smile?").replace(PROMPT_WHY, "It grows if told.")
    desk.write(own)
    expect(desk.findings).to_contain_text("Nothing to mend")
    return own


def with_mistakes(desk: Desk, template: str) -> None:
    """Each is named with its line, a click away, and nothing can be published."""
    desk.write(template.replace("theme: spark", "theme: sparkle").replace("depth: 1", "depth: 7"))
    expect(desk.findings).to_contain_text("2 mistakes to mend")
    expect(desk.page.locator(".mark.error")).to_have_count(2)
    desk.page.get_by_role("button", name=re.compile("Mistake.*depth")).click()
    assert desk.chosen().strip() == "depth: 7"
    desk.press("Publish …")
    desk.notice("There is something to mend first")
    expect(desk.dialog).to_have_count(0)


def mended_in_two_languages(desk: Desk, template: str) -> None:
    """With a second language, and a prompt that the helper wrote."""
    bilingual = template.replace("languages: [en]", "languages: [en, es]")
    desk.write(bilingual)
    expect(desk.findings).to_contain_text("1 mistake")
    spanish = "  es:\n    title: Faroles\n    written_for: Para dos que quieren hablar al final del día.\n"
    desk.write(
        bilingual.replace("\nprompts:", f"{spanish}\nprompts:").replace("you smile?", "you smile by the lantern?")
    )
    desk.press("Insert a prompt")
    desk.dialog.get_by_label("Theme").select_option("courage")
    desk.dialog.get_by_label("The prompt", exact=True).fill('What is "hard: to say" about money # this year?')
    desk.press("Insert")
    expect(desk.dialog).to_contain_text("tell the listener how to receive the answer")
    desk.dialog.get_by_label("Why it does a couple good").fill("What has been said weighs less.")
    desk.dialog.get_by_label("To whoever listens").fill("Hear it to the end first.")
    with desk.page.expect_response("**/v1/practice/check"):
        desk.press("Insert")
    expect(desk.findings).to_contain_text("Nothing to mend")


def seen_on_the_phone(desk: Desk) -> None:
    """In both languages, of which the helper's prompt has one; with help at hand, since it asks for courage."""
    desk.page.get_by_label("Prompt", exact=True).select_option(label="2. what-is-hard-to-say")
    expect(desk.phone).to_contain_text('What is "hard: to say" about money # this year?')
    expect(desk.phone).to_contain_text("Hear it to the end first.")
    expect(desk.phone.locator(".phone-help")).to_be_visible()
    desk.page.get_by_role("button", name="Spanish").click()
    expect(desk.phone).to_contain_text("Faroles")
    expect(desk.phone).to_contain_text("no words in this language")


@contextlib.contextmanager
def nothing_else(practice: httpx.Client, pack: str) -> Iterator[None]:
    """Every other pack is withdrawn for as long as this lasts."""
    packs = practice.get("/v1/practice/packs").json()["packs"]
    others = [each["id"] for each in packs if each["state"] == "live" and each["id"] != pack]
    try:
        for other in others:
            assert practice.post(f"/v1/practice/packs/{other}/withdraw", json={}).status_code == 200
        yield
    finally:
        for other in others:
            assert practice.post(f"/v1/practice/packs/{other}/restore", json={}).status_code == 200


def test_a_copy_of_what_couples_have_is_said_before_it_is_published(
    desk: Desk, practice: httpx.Client, pack_id: str
) -> None:
    two = f"""{a_source(pack_id, text="Which lighthouse would you keep?")}\
  - id: harbour
    theme: spark
    kind: question
    depth: 1
    words:
      en:
        text: Whose harbour smelled of oranges?
        why: Small joys grow when they are told.
"""
    published(practice, pack_id, two)
    a_draft(practice, f"{pack_id}-again", two.replace(f"id: {pack_id}", f"id: {pack_id}-again"))
    desk.open(f"packs/{pack_id}-again", "To mend")
    desk.press("Publish …")
    expect(desk.dialog).to_contain_text(f"2 of 2 ask almost the same as the pack {pack_id}")
    expect(desk.dialog).to_contain_text("suggestions for single prompts, listed beside the text")
    assert (desk.overflow(), desk.barriers()) == (0, [])
    desk.press("Not yet")


@pytest.mark.usefixtures("_two_needed")
def test_what_one_proposes_another_approves_or_turns_down(
    a_desk: NewDesk, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    writer, editor = a_desk().sign_in(WRITER), a_desk().sign_in(EDITOR)
    for desk in (writer, editor):
        expect(desk.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()

    def proposed() -> None:
        writer.open(f"packs/{pack_id}")
        writer.press("Publish …")
        expect(writer.dialog).to_contain_text("Somebody else of the practice has to approve it first.")
        writer.press("Propose it")
        writer.notice("Proposed. It goes on as soon as somebody else approves it.")
        expect(writer.page.locator("main")).to_contain_text("Somebody else has to approve it.")
        expect(writer.page.get_by_role("button", name="Approve …")).to_have_count(0)
        editor.open("packs")
        editor.open(f"packs/{pack_id}")
        expect(editor.page.locator("main")).to_contain_text("Proposed by")

    proposed()
    editor.press("Approve …")
    editor.press("Approve, and publish now", editor.dialog)
    editor.notice("Approved.")
    expect(editor.page.locator(".pack-head")).to_contain_text("Live, version 1")

    writer.open("packs")
    writer.open(f"packs/{pack_id}")
    writer.write(a_source(pack_id, text="What made you laugh today?"))
    writer.press("Save draft")
    expect(writer.page.locator("main")).to_contain_text("Saved by you")
    proposed()
    editor.press("Turn it down")
    editor.notice("Turned down.")
    expect(editor.page.locator(".pack-head")).to_contain_text("Live, version 1")
    expect(editor.page.get_by_role("button", name="Approve …")).to_have_count(0)


def test_a_prompt_is_withdrawn_and_put_back(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    published(practice, pack_id)
    desk.open(f"packs/{pack_id}/published", "Version 1")

    desk.press("Withdraw smile")
    desk.press("Withdraw the prompt", desk.dialog)
    expect(desk.page.locator(".prompt-row")).to_contain_text("Withdrawn")
    desk.press("Put back smile")
    desk.notice("The prompt is back with couples.")
    assert practice.get(f"/v1/practice/packs/{pack_id}").json()["withdrawn_prompts"] == []


def test_a_version_is_scheduled_by_the_clock_of_the_computer_and_called_off(
    desk: Desk, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    expect(desk.findings).to_contain_text("Nothing to mend")

    desk.press("Publish …")
    desk.dialog.get_by_label("At a day and time").check()
    expect(desk.dialog).to_contain_text("by the clock of this computer (Europe/London)")
    moment = desk.dialog.get_by_label("Day and time, by the clock")
    moment.fill("2020-06-01T09:00")
    desk.press("Schedule it")
    expect(desk.dialog).to_contain_text("This has passed already")
    day = today() + dt.timedelta(days=40)
    moment.fill(f"{day}T09:00")
    desk.press("Schedule it")
    desk.notice(re.compile(rf"Scheduled for .* {day.year} at 09:00"))

    banner = desk.page.locator(".banner")
    expect(banner).to_contain_text("Version 1 goes live on")
    desk.press("Call it off")
    desk.press("Call it off", desk.dialog)
    expect(banner).to_have_count(0)
    assert practice.get(f"/v1/practice/packs/{pack_id}").json()["state"] == "draft"


def test_two_versions_are_compared_line_by_line(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    published(practice, pack_id)
    published(practice, pack_id, a_source(pack_id, text="What made you laugh today?"))
    desk.open(f"packs/{pack_id}/versions", "What has changed")

    expect(desk.page.locator(".diff .gone")).to_contain_text("smile today?")
    expect(desk.page.locator(".diff .come")).to_contain_text("laugh today?")


def test_the_packs_with_a_draft_in_progress_are_found(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    published(practice, pack_id)
    desk.open("packs", "Packs")
    desk.page.get_by_label("Show").select_option("drafts")
    expect(desk.page.locator(f"a[href='#/packs/{pack_id}']")).to_have_count(0)
    a_draft(practice, pack_id, a_source(pack_id, text="What made you laugh today?"))
    desk.page.reload()
    expect(desk.page.locator(".pack-card", has=desk.page.locator(f"a[href='#/packs/{pack_id}']"))).to_contain_text(
        "Draft in progress"
    )
    desk.page.get_by_label("Show").select_option("drafts")
    expect(desk.page.locator(f"a[href='#/packs/{pack_id}']")).to_have_count(1)


# Two at once


def test_the_second_to_save_sees_the_conflict_and_nothing_is_lost(
    a_desk: NewDesk, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    first, second = a_desk().sign_in(EDITOR), a_desk().sign_in(WRITER)
    for desk in (first, second):
        desk.refused = {409}
        desk.open(f"packs/{pack_id}", "To mend")
    theirs, mine = a_source(pack_id, title="Night talks"), a_source(pack_id, title="Moon talks")

    first.write(theirs)
    first.press("Save draft")
    expect(first.page.locator(".save-state")).to_contain_text("Saved by you")
    second.write(mine)
    second.press("Save draft")

    expect(second.dialog).to_contain_text(f"{EDITOR} saved it")
    expect(second.dialog.locator(".gone")).to_contain_text("Night talks")
    expect(second.dialog.locator(".come")).to_contain_text("Moon talks")
    second.press("Go on writing")
    assert second.text.input_value() == mine
    assert practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"] == theirs

    second.press("Save draft")
    second.press("Save mine over it", second.dialog)
    expect(second.page.locator(".save-state")).to_contain_text("Saved by you")
    assert practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"] == mine
    second.press("Kept copies")
    expect(second.dialog).to_contain_text(f"The draft of {EDITOR}, before you saved over it")
    second.press("Put it into the editor")
    expect(second.text).to_have_value(theirs)

    # And the other way round: who takes the other's text keeps a copy of their own.
    first.write(a_source(pack_id, title="Star talks"))
    first.press("Save draft")
    first.press("Take theirs", first.dialog)
    expect(first.text).to_have_value(mine)
    first.press("Kept copies")
    expect(first.dialog).to_contain_text("Yours, when you took the other draft")


def test_what_was_not_saved_is_there_again_after_a_crash(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    desk.write(a_source(pack_id, title="Half a thought"))
    desk.page.on("dialog", lambda dialog: dialog.accept())

    desk.page.reload()

    expect(desk.page.locator(".banner")).to_contain_text("Your text from before is back.")
    assert "Half a thought" in desk.text.input_value()
    desk.press("Go back to the saved draft")
    expect(desk.text).to_have_value(a_source(pack_id))


def test_leaving_unsaved_text_is_asked_about(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    desk.write(a_source(pack_id, title="Not yet"))

    desk.page.get_by_role("link", name="Statistics").click()
    desk.press("Stay here", desk.dialog)
    assert "Not yet" in desk.text.input_value()
    desk.page.get_by_role("link", name="Record").click()
    desk.press("Save and leave", desk.dialog)
    expect(desk.page.get_by_role("heading", name="Record")).to_be_visible()
    assert "Not yet" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


# How long a text may be


def test_a_text_counts_characters_as_the_api_does_and_is_not_cut(desk: Desk, practice: httpx.Client) -> None:
    """A browser's own limit counts an emoji twice, and cuts a pasted text without a word."""
    desk.press("New pack")
    title = desk.dialog.get_by_label("Title, as couples see it")
    desk.dialog.get_by_label("Short name").fill("tulips")
    title.fill("🌷" * 61)
    expect(desk.dialog.get_by_text("This is 1 character too long; 60 fit.")).to_be_visible()
    desk.press("Start writing")
    expect(title).to_be_focused()
    expect(title).to_have_value("🌷" * 61)
    title.fill("🌷" * 60)
    desk.press("Start writing")
    desk.press("Save draft")
    expect(desk.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "🌷" * 60 in practice.get("/v1/practice/packs/tulips/draft").json()["source"]


def test_a_reason_that_is_too_long_stays_and_says_so(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    published(practice, pack_id)
    desk.open(f"packs/{pack_id}/published", "Version 1")
    desk.press("Withdraw smile")
    reason = desk.dialog.get_by_label("Why, for your colleagues")
    reason.fill("🌷" * 502)
    desk.press("Withdraw the prompt", desk.dialog)
    expect(desk.dialog.get_by_text("This is 2 characters too long; 500 fit.")).to_be_visible()
    reason.fill("🌷" * 500)
    desk.press("Withdraw the prompt", desk.dialog)
    expect(desk.page.locator(".prompt-row")).to_contain_text("Withdrawn")


# Who may what


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        (EDITOR, "wrong", "The email or the password is not right."),
        ("nobody@practice.example", "rekindle", "The email or the password is not right."),
        ("no address", "rekindle", "This does not look like an email address."),
    ],
)
def test_a_sign_in_that_fails_says_why(a_desk: NewDesk, email: str, password: str, said: str) -> None:
    desk = a_desk()
    desk.refused = {400}
    desk.sign_in(email, password)
    expect(desk.page.get_by_text(said)).to_be_visible()


def test_a_forgotten_password_is_asked_for(a_desk: NewDesk) -> None:
    desk = a_desk()
    desk.press("I have forgotten my password")
    desk.dialog.get_by_label("Your email").fill(EDITOR)
    desk.press("Send the link")
    expect(desk.dialog).to_contain_text("an email with a link is on its way")


def test_an_account_of_a_couple_is_told_that_nothing_is_wrong_with_it(a_desk: NewDesk) -> None:
    desk = a_desk().sign_in("couple@example.org")
    expect(desk.page.get_by_role("heading", name="This page is for the practice’s staff")).to_be_visible()
    assert desk.barriers() == []
    desk.press("Sign in with another account")
    expect(desk.page.get_by_label("Email")).to_be_visible()


def test_a_reader_sees_everything_and_is_offered_nothing_to_change(
    a_desk: NewDesk, practice: httpx.Client, stack: Stack, pack_id: str
) -> None:
    published(practice, pack_id)
    desk = a_desk().sign_in(READER)
    expect(desk.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()
    desk.settle()
    changing = re.compile("new pack|save|publish|insert|upload|withdraw|discard|renew", re.IGNORECASE)
    for place in ("packs", f"packs/{pack_id}", f"packs/{pack_id}/published", f"packs/{pack_id}/versions"):
        desk.open(place)
        expect(desk.page.get_by_role("button", name=changing)).to_have_count(0)
    desk.open(f"packs/{pack_id}")
    assert desk.text.input_value() == a_source(pack_id)
    expect(desk.text).not_to_be_editable()
    expect(desk.page.get_by_role("heading", name="On the phone")).to_be_visible()

    with stack.phone(email=READER, claims=dict(ACCOUNTS[READER])) as client:
        assert client.get("/v1/practice/packs").status_code == 200
        for path in (f"packs/{pack_id}/publish", f"packs/{pack_id}/withdraw"):
            assert client.post(f"/v1/practice/{path}", json={"revision": 1}).status_code == 403


def test_a_sign_in_that_ends_while_writing_loses_nothing(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.refused = {400}
    desk.open(f"packs/{pack_id}", "To mend")
    desk.write(a_source(pack_id, title="Past midnight"))
    # An hour later, with the account's password changed meanwhile.
    ended = desk.stack.sign_in(email=EDITOR, ended=True)["refresh_token"]
    desk.page.evaluate("token => sessionStorage.setItem('rekindle.session', token)", ended)
    desk.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")

    desk.press("Save draft")

    expect(desk.dialog).to_contain_text("Your sign-in has ended")
    desk.dialog.get_by_label("Password").fill("rekindle")
    desk.press("Sign in")
    expect(desk.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "Past midnight" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


@pytest.mark.parametrize("reply", [{"status": 429, "json": {}}, {"status": 503, "json": {}}, {"body": "<p>Welcome"}])
def test_a_sign_in_that_cannot_be_renewed_just_now_is_kept(desk: Desk, reply: dict[str, Any]) -> None:
    """The last is a hotel's page to sign in at."""
    desk.refused = {429, 503}
    desk.page.route("**/v1/token?**", lambda route: route.fulfill(**reply))
    desk.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")
    desk.page.get_by_role("link", name="Record").click()
    again = desk.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    desk.page.unroute("**/v1/token?**")
    again.click()
    expect(desk.page.get_by_role("heading", name="Record")).to_be_visible()
    desk.settle()
    expect(desk.page.get_by_text("This could not be loaded")).to_have_count(0)
    expect(desk.dialog).to_have_count(0)


def test_a_token_is_renewed_before_it_ends_and_nobody_notices(desk: Desk) -> None:
    desk.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")
    with desk.page.expect_response("**/v1/token?**") as renewed:
        desk.page.get_by_role("link", name="Record").click()
    assert renewed.value.status == 200
    desk.settle()
    expect(desk.dialog).to_have_count(0)


def test_signing_out_leaves_nothing_to_go_on_with(desk: Desk) -> None:
    desk.press("Sign out")
    expect(desk.page.get_by_label("Email")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_label("Email")).to_be_visible()
    assert desk.page.evaluate("sessionStorage.length") == 0


def test_without_a_connection_the_text_stays_and_can_be_saved_later(
    desk: Desk, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    desk.write(a_source(pack_id, title="In the tunnel"))
    desk.context.set_offline(True)

    desk.press("Save draft")

    desk.notice("You seem to be offline.")
    assert [each for each in desk.complaints if "ERR_INTERNET_DISCONNECTED" not in each] == []
    desk.complaints.clear()
    desk.context.set_offline(False)
    desk.press("Try again")
    expect(desk.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "In the tunnel" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


# Whatever a text contains


HTML: Final = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_markup_in_a_text_is_shown_to_the_letter_and_never_runs(
    desk: Desk, practice: httpx.Client, pack_id: str
) -> None:
    ran: list[str] = []

    def heard(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    desk.page.on("dialog", heard)
    published(practice, pack_id, a_source(pack_id, title=f'"{HTML}"'[:62], text=f'"{HTML}"'))

    desk.open(f"packs/{pack_id}", re.compile("<img"))
    expect(desk.phone.locator(".phone-text")).to_have_text(HTML)
    for place in ("packs", f"packs/{pack_id}/published", f"packs/{pack_id}/versions", "audit"):
        desk.open(place)
        assert desk.page.locator("main img, main script").count() == 0
    assert ran == []


def test_no_script_of_the_page_itself_could_make_markup(desk: Desk) -> None:
    """The browser refuses it by the policy, whatever a mistake might do."""
    attempt = "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch (error) { error.name }"
    assert desk.page.evaluate(attempt) == "TypeError"
    assert any("require-trusted-types-for" in each or "TrustedHTML" in each for each in desk.complaints)
    desk.complaints.clear()


def test_right_to_left_text_and_emoji_are_shown_as_they_are(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    desk.page.get_by_role("button", name="Arabic").click()

    text = desk.phone.locator(".phone-text")
    expect(text).to_have_text("ما الذي جعلك تبتسم اليوم؟ 🌙")
    expect(text).to_have_attribute("lang", "ar")
    assert text.evaluate("element => getComputedStyle(element).direction") == "rtl"
    desk.page.get_by_role("button", name="English").click()
    assert text.evaluate("element => getComputedStyle(element).direction") == "ltr"


RUBBISH: Final = {
    "a list that never ends": ("id: [", "line"),
    "a tab where none may be": ("a: b: c\n\t- d", "line"),
    "no pack at all": ("just words", "mistake"),
    "brackets without end": ("[" * 3_000, "mistake"),
    "something inside itself": ("&a [*a, *a]", "mistake"),
    "JSON of another kind": ('{"id": "x", "prompts": "none"}', "mistake"),
    "a character that turns text around": ("\u202eid: x", "mistake"),
    "nothing": ("", "mistake"),
}


def test_rubbish_gets_a_clear_message_and_the_page_goes_on(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")

    for what, (source, said) in RUBBISH.items():
        desk.write(source)
        expect(desk.findings, what).to_have_attribute("data-state", "errors")
        expect(desk.findings, what).to_contain_text(re.compile(said, re.IGNORECASE))

    desk.write(a_source(pack_id))
    expect(desk.findings).to_contain_text("Nothing to mend")


def test_an_id_that_is_there_twice_is_named(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    prompts = a_source(pack_id).partition("prompts:\n")[2]

    desk.write(a_source(pack_id) + prompts)

    expect(desk.findings).to_contain_text("every prompt needs its own")


NO_PACKS: Final = (
    (b"a: b\n" * 2_000_000, "A pack may have up to 4 MB"),
    ("id: x".encode("utf-16"), "is saved as UTF-16"),
    ("id: x\ntitle: Café".encode("latin-1"), "line 2 is the first"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is not a text file"),
)


def test_a_file_that_cannot_be_taken_changes_nothing(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")

    for content, said in NO_PACKS:
        desk.upload("mine.yaml", content)
        desk.notice(said)
        assert desk.text.input_value() == a_source(pack_id)


def test_a_file_takes_the_text_s_place_and_what_was_there_is_kept(
    desk: Desk, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")

    desk.upload("new.yaml", b"\xef\xbb\xbf" + a_source(pack_id, title="From a file").replace("\n", "\r\n").encode())

    desk.notice("“new.yaml” is in the editor")
    assert desk.text.input_value() == a_source(pack_id, title="From a file")
    expect(desk.findings).to_contain_text("Nothing to mend")
    desk.press("Kept copies")
    expect(desk.dialog).to_contain_text("Before “new.yaml” came in its place")


def test_the_editor_is_left_by_keyboard_alone(desk: Desk, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    desk.open(f"packs/{pack_id}", "To mend")
    desk.text.click()
    desk.text.evaluate("area => area.setSelectionRange(0, 0)")

    desk.page.keyboard.press("Tab")
    assert desk.text.input_value().startswith("  # For")
    desk.page.keyboard.press("Control+z")
    assert desk.text.input_value() == a_source(pack_id)
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Tab")
    expect(desk.text).not_to_be_focused()

    desk.text.focus()
    desk.page.keyboard.press("Control+f")
    desk.page.keyboard.type("smile")
    expect(desk.page.locator(".search-count")).to_have_text("1 of 2 places")
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Escape")
    assert desk.chosen() == "smile"


# Numbers and help


def test_numbers_are_drawn_and_written_and_few_couples_are_never_a_number(desk: Desk) -> None:
    """Of more couples than a test could make: as the API would say it, by its own rules."""
    instant = dt.datetime.combine(today(), dt.time(9), dt.UTC)
    days = {date: {"active": 120 + 10 * at} for at, date in enumerate(shown_days(instant))}
    days[shown_days(instant)[-1]] = {"active": 7}
    counters = {"active": 480, "active_28": 950, "themes/spark/offered": 200, "themes/spark/completed": 150}
    weeks = dict.fromkeys(shown_weeks(instant), counters)
    prompts = {
        PackId("starter"): {
            PromptId("often"): {"offered": 300, "answered": 250, "completed": 200, "swapped": 3},
            PromptId("song-title-for-today"): {"offered": 20, "answered": 10, "completed": 10, "swapped": 0},
        }
    }
    answer = view(instant, days, weeks, prompts, REMINDERS)
    desk.page.route("**/v1/practice/statistics", lambda route: route.fulfill(json=answer))

    desk.open("statistics", "Prompts")

    plot = desk.page.locator("figure", has_text="Met, by theme")
    expect(plot.get_by_role("img")).to_have_accessible_description(re.compile("Spark: 75%"))
    expect(plot.get_by_role("img")).to_have_accessible_description(re.compile("Touch: fewer than 10"))
    plot.locator("summary").click()
    expect(plot.get_by_role("row", name="Spark")).to_contain_text("75%")
    expect(desk.page.locator(".tile").first).to_contain_text("fewer than 10")
    expect(desk.page.locator(".tile").nth(1)).to_contain_text("480")
    rows = desk.page.locator(".wide-table tbody tr")
    expect(rows.first).to_contain_text("often")
    expect(rows.first).to_contain_text("(fewer than ten)")
    desk.press("Offered")
    expect(rows.first).to_contain_text("song-title-for-today")
    # What the prompt says stands beside its name, and is found by its words.
    expect(rows.first.locator(".stat-text")).to_contain_text("song")
    desk.page.get_by_label("Find").fill("song title")
    expect(rows).to_have_count(1)
    assert (desk.overflow(), desk.barriers()) == (0, [])


def test_help_is_set_and_a_mistake_in_it_is_named(desk: Desk, a_couple: NewCouple) -> None:
    desk.refused = {422}
    desk.open("help", "Whom to turn to")
    desk.page.get_by_label("Couples can book time with the practice").check()
    page_field = desk.page.get_by_label("Page on which couples book")
    page_field.fill("practice.example/book")
    desk.press("Save")
    expect(desk.page.get_by_role("alert")).to_contain_text("Booking, page")

    page_field.fill("https://practice.example/book")
    desk.press("Add a line")
    line = desk.page.locator(".help-line").last
    line.get_by_role("textbox", name="Name", exact=True).fill("Samaritans")
    line.get_by_label("Country").select_option(label="United Kingdom")
    line.get_by_label("Phone number").fill("116 123")
    expect(desk.page.get_by_role("region", name="Help on the phone")).to_contain_text("Samaritans")
    desk.press("Save")
    desk.notice("Saved.")

    ada, _ = a_couple()
    offered = ada.call("GET", "/v1/help")
    assert offered["booking"]["url"] == "https://practice.example/book"
    desk.open("help", "Whom to turn to")
    expect(desk.page.locator(".help-line").last).to_contain_text("Samaritans United Kingdom · 116 123")


# Everybody can use it


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (820, "dark"), (390, "light")])
def test_every_page_is_open_to_everybody_and_fits(
    a_desk: NewDesk, practice: httpx.Client, pack_id: str, width: int, scheme: str
) -> None:
    """Nothing serious for axe-core, and no page that has to be moved sideways."""
    published(practice, pack_id)
    a_draft(practice, pack_id, a_source(pack_id, text="What made you laugh today?").replace("depth: 1", "depth: 5"))
    desk = a_desk(width=width, dark=scheme == "dark")
    found = {"sign-in": (desk.overflow(), desk.barriers())}
    desk.sign_in()
    expect(desk.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()
    places = {
        "packs": "Packs",
        f"packs/{pack_id}": "To mend",
        f"packs/{pack_id}/published": "Version 1",
        f"packs/{pack_id}/versions": "What has changed",
        "statistics": "Statistics",
        "help": "Help for couples",
        "audit": "Record",
        "packs/no-such-pack-at-all": "There is no such pack",
    }
    desk.refused = {404}
    for place, heading in places.items():
        desk.open(place, heading)
        found[place] = (desk.overflow(), desk.barriers())
    desk.open(f"packs/{pack_id}", "To mend")
    desk.press("Insert a prompt")
    found["insert"] = (desk.overflow(), desk.barriers())
    desk.press("Cancel", desk.dialog)
    desk.write(a_source(pack_id))
    desk.press("Publish …")
    expect(desk.dialog).to_contain_text("becomes version 2")
    found["publish"] = (desk.overflow(), desk.barriers())
    assert found == dict.fromkeys(found, (0, []))
