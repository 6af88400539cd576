"""The console works in headless Chromium on the local stack, as staff use it."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from local.clock import now
from local.google.identity import ACCOUNTS
from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.statistics import PackCounters, shown_days, shown_weeks, view
from rekindle.packs.template import PROMPT_TEXT, PROMPT_WHY
from rekindle.push.kinds import REMINDERS
from testing.authenticator import code_of
from tests.e2e.browser_session import EDITOR, READER, WRITER, BrowserSession
from tests.e2e.conftest import eventually, today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from playwright.sync_api import Browser, Dialog

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple

type NewSession = Callable[..., BrowserSession]


@pytest.fixture
def new_session(stack: Stack, browser: Browser) -> Iterator[NewSession]:
    """Open sessions. At the end no session may have an error, a warning or a violation of the policy."""
    with contextlib.ExitStack() as closing:
        sessions = []

        def new(**options: Any) -> BrowserSession:
            session = BrowserSession.at(stack, browser, **options)
            closing.callback(session.close)
            sessions.append(session)
            return session

        yield new
        assert [each for session in sessions for each in session.complaints] == []


@pytest.fixture
def console(new_session: NewSession) -> BrowserSession:
    """Open the list of packs as an editor."""
    return packs_of(new_session().sign_in(EDITOR))


def packs_of(session: BrowserSession) -> BrowserSession:
    """Open the list of packs. After a sign-in, unread notices of other tests may show first."""
    session.page.get_by_role("link", name="Packs", exact=True).click()
    expect(session.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()
    return session


@pytest.fixture
def writing(console: BrowserSession, practice: httpx.Client, pack_id: str) -> BrowserSession:
    """Open the saved draft of a pack as an editor."""
    a_draft(practice, pack_id)
    return console.open(f"packs/{pack_id}", "To fix")


@pytest.fixture
def practice(stack: Stack) -> Iterator[httpx.Client]:
    """Call the practice's API without the page."""
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
    """Save a draft, and return its revision."""
    body = {"source": source or a_source(pack), "revision": 0}
    reply = practice.put(f"/v1/practice/packs/{pack}/draft", json=body)
    assert reply.status_code == 200, reply.text
    return int(reply.json()["revision"])


def published(practice: httpx.Client, pack: str, source: str | None = None) -> None:
    body = {"revision": a_draft(practice, pack, source), "announce": False}
    reply = practice.post(f"/v1/practice/packs/{pack}/publish", json=body)
    assert reply.status_code == 200, reply.text


def restart(stack: Stack, function: str) -> None:
    """Restart a function, so that its caches of half a minute are empty."""
    functions, name = stack.client("lambda"), stack.function(function)
    functions.update_function_configuration(FunctionName=name, Description=uuid.uuid4().hex)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


@contextlib.contextmanager
def practice_with(stack: Stack, **changed: str) -> Iterator[None]:
    """Change environment variables of `practice_api` for a while."""
    functions, name = stack.client("lambda"), stack.function("PracticeApi")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | changed})
    restart(stack, "PracticeApi")
    yield
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    restart(stack, "PracticeApi")


@pytest.fixture
def _two_needed(stack: Stack) -> Iterator[None]:
    """Require the approval of a second person."""
    with practice_with(stack, REVIEW_REQUIRED="true"):
        yield


@pytest.fixture
def _second_step_needed(stack: Stack) -> Iterator[None]:
    """Require a second factor of all staff."""
    with practice_with(stack, STAFF_SECOND_FACTOR="true"):
        yield


# A pack's life, from new to withdrawn


def test_a_pack_is_written_fixed_previewed_published_reaches_a_couple_and_is_withdrawn(
    console: BrowserSession, practice: httpx.Client, stack: Stack, a_couple: NewCouple, pack_id: str
) -> None:
    template = start_pack(console, pack_id)
    make_mistakes(console, template)
    fix_in_two_languages(console, template)
    preview(console)

    console.press("Publish …")
    expect(console.dialog).to_contain_text("becomes version 1: 2 prompts in English and Spanish")
    expect(console.dialog).to_contain_text("every couple that uses the app")
    console.press("Publish now")
    console.notice("Published. Couples have it within half a minute.")
    expect(console.page.locator(".pack-head")).to_contain_text("Live, version 1")

    # A couple's day has a prompt of the only pack.
    with only(practice, pack_id):
        restart(stack, "CouplesApi")
        ada, ben = a_couple()
        hers, his = (phone.call("GET", "/v1/today")["today"]["prompt"]["text"] for phone in (ada, ben))
        assert hers == his
        assert "by the lantern?" in hers or "about money" in hers

    console.page.get_by_role("link", name="Published", exact=True).click()
    console.press("Withdraw the pack …")
    console.dialog.get_by_label("Reason, for your colleagues").fill("To be said better.")
    console.press("Withdraw the pack", console.dialog)
    console.notice("The pack is withdrawn.")
    expect(console.page.locator(".pack-head")).to_contain_text("Withdrawn")

    # A new day has no prompt now. A couple with a prompt today keeps it.
    with only(practice, pack_id):
        restart(stack, "CouplesApi")
        cleo, _ = a_couple()
        cleo.call("GET", "/v1/today", status=503)
        assert ada.call("GET", "/v1/today")["today"]["prompt"]["text"] == hers
    restart(stack, "CouplesApi")

    console.open("audit", "History")
    entry = console.page.locator(".audit li", has_text=pack_id).first
    expect(entry).to_contain_text("You withdrew")
    expect(entry).to_contain_text("To be said better.")


def start_pack(console: BrowserSession, pack: str) -> str:
    """Start a pack. The preview shows its template, which cannot be published unchanged."""
    console.press("New pack")
    console.dialog.get_by_label("Title, as couples see it").fill("Lanterns")
    console.dialog.get_by_label("Short name").fill(pack)
    expect(console.dialog.get_by_label("Who gets it")).to_have_value("choice")
    console.dialog.get_by_label("Who gets it").select_option("everyone")
    console.dialog.get_by_label("Who it is for").fill("Two who walk home in the dark.")
    console.press("Start writing")
    expect(console.page.get_by_role("heading", level=1)).to_have_text("Lanterns")
    expect(console.findings).to_contain_text("2 mistakes to fix")
    expect(console.phone).to_contain_text(PROMPT_TEXT)
    console.press("Publish …")
    console.notice("Fix the mistakes first")
    own = (
        console.text.input_value().replace(PROMPT_TEXT, "What made you smile?").replace(PROMPT_WHY, "It grows if told.")
    )
    console.write(own)
    expect(console.findings).to_contain_text("Ready to publish")
    return own


def make_mistakes(console: BrowserSession, template: str) -> None:
    """Make mistakes. Each names its line, leads there, and blocks publishing."""
    console.write(template.replace("theme: spark", "theme: sparkle").replace("depth: 1", "depth: 7"))
    expect(console.findings).to_contain_text("2 mistakes to fix")
    expect(console.page.locator(".mark.error")).to_have_count(2)
    console.page.get_by_role("button", name=re.compile("Mistake.*depth")).click()
    assert console.chosen().strip() == "depth: 7"
    console.press("Publish …")
    console.notice("Fix the mistakes first")
    expect(console.dialog).to_have_count(0)


def fix_in_two_languages(console: BrowserSession, template: str) -> None:
    """Fix the text, add a language, and insert a prompt with the form."""
    bilingual = template.replace("languages: [en]", "languages: [en, es]")
    console.write(bilingual)
    expect(console.findings).to_contain_text("1 mistake")
    spanish = "  es:\n    title: Faroles\n    written_for: Para dos que quieren hablar al final del día.\n"
    console.write(
        bilingual.replace("\nprompts:", f"{spanish}\nprompts:").replace("you smile?", "you smile by the lantern?")
    )
    console.press("Insert a prompt")
    console.dialog.get_by_label("Theme").select_option("courage")
    console.dialog.get_by_label("The prompt", exact=True).fill('What is "hard: to say" about money # this year?')
    console.press("Insert")
    expect(console.dialog).to_contain_text("tell the listener how to take in the answer")
    console.dialog.get_by_label("Why it helps a couple").fill("What has been said weighs less.")
    console.dialog.get_by_label("For the listener").fill("Hear it to the end first.")
    with console.page.expect_response("**/v1/practice/check"):
        console.press("Insert")
    expect(console.findings).to_contain_text("Ready to publish")


def preview(console: BrowserSession) -> None:
    """Preview both languages. The inserted prompt lacks one. It offers help, because its theme is courage."""
    console.page.get_by_label("Prompt", exact=True).select_option(label="2. what-is-hard-to-say")
    expect(console.phone).to_contain_text('What is "hard: to say" about money # this year?')
    expect(console.phone).to_contain_text("Hear it to the end first.")
    expect(console.phone.locator(".phone-help")).to_be_visible()
    console.page.get_by_role("button", name="Spanish").click()
    expect(console.phone).to_contain_text("Faroles")
    expect(console.phone).to_contain_text("no words in this language")


@contextlib.contextmanager
def only(practice: httpx.Client, pack: str) -> Iterator[None]:
    """Withdraw all other packs until the test is over."""
    packs = practice.get("/v1/practice/packs").json()["packs"]
    others = [each["id"] for each in packs if each["state"] == "live" and each["id"] != pack]
    try:
        for other in others:
            assert practice.post(f"/v1/practice/packs/{other}/withdraw", json={}).status_code == 200
        yield
    finally:
        for other in others:
            assert practice.post(f"/v1/practice/packs/{other}/restore", json={}).status_code == 200


def test_a_copy_of_a_published_pack_is_mentioned_before_publishing(
    console: BrowserSession, practice: httpx.Client, pack_id: str
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
    console.open(f"packs/{pack_id}-again", "To fix")
    console.press("Publish …")
    expect(console.dialog).to_contain_text(f"2 of 2 ask almost the same as the pack {pack_id}")
    expect(console.dialog).to_contain_text("suggestions for single prompts, listed beside the text")
    assert (console.overflow(), console.barriers()) == (0, [])
    console.press("Not yet")


@pytest.mark.usefixtures("_two_needed")
def test_one_person_proposes_and_another_approves_or_turns_down(
    new_session: NewSession, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    writer, editor = new_session().sign_in(WRITER), new_session().sign_in(EDITOR)
    for session in (writer, editor):
        packs_of(session)

    def propose() -> None:
        writer.open(f"packs/{pack_id}")
        writer.press("Publish …")
        expect(writer.dialog).to_contain_text("A colleague has to approve it first.")
        writer.press("Propose")
        writer.notice("Proposed. A colleague has to approve it now.")
        expect(writer.page.locator("main")).to_contain_text("A colleague has to approve it.")
        expect(writer.page.get_by_role("button", name="Approve …")).to_have_count(0)
        editor.open("packs")
        editor.open(f"packs/{pack_id}")
        expect(editor.page.locator("main")).to_contain_text("Proposed by")

    propose()
    editor.press("Approve …")
    editor.press("Approve and publish now", editor.dialog)
    editor.notice("Approved.")
    expect(editor.page.locator(".pack-head")).to_contain_text("Live, version 1")

    writer.open("packs")
    writer.open(f"packs/{pack_id}")
    writer.write(a_source(pack_id, text="What made you laugh today?"))
    writer.press("Save draft")
    expect(writer.page.locator("main")).to_contain_text("Saved by you")
    propose()
    editor.press("Turn it down")
    editor.notice("Turned down.")
    expect(editor.page.locator(".pack-head")).to_contain_text("Live, version 1")
    expect(editor.page.get_by_role("button", name="Approve …")).to_have_count(0)


def test_a_prompt_is_withdrawn_and_restored(console: BrowserSession, practice: httpx.Client, pack_id: str) -> None:
    """A reason that is too long stays in its text box, and the page shows a problem."""
    published(practice, pack_id)
    console.open(f"packs/{pack_id}/published", "Version 1")

    console.press("Withdraw smile")
    reason = console.dialog.get_by_label("Reason, for your colleagues")
    reason.fill("🌷" * 502)
    console.press("Withdraw the prompt", console.dialog)
    expect(console.dialog.get_by_text("Too long by 2 characters. The limit is 500.")).to_be_visible()
    reason.fill("🌷" * 500)
    console.press("Withdraw the prompt", console.dialog)
    expect(console.page.locator(".prompt-row")).to_contain_text("Withdrawn")
    console.press("Restore smile")
    console.notice("The prompt is back.")
    assert practice.get(f"/v1/practice/packs/{pack_id}").json()["withdrawn_prompts"] == []


def test_a_version_is_scheduled_by_the_clock_of_the_computer_and_canceled(
    writing: BrowserSession, practice: httpx.Client, pack_id: str
) -> None:
    expect(writing.findings).to_contain_text("Ready to publish")
    writing.press("Publish …")
    writing.dialog.get_by_label("At a day and time").check()
    expect(writing.dialog).to_contain_text("by this computer’s clock (Europe/London)")
    moment = writing.dialog.get_by_label("Day and time, by")
    moment.fill("2020-06-01T09:00")
    writing.press("Schedule")
    expect(writing.dialog).to_contain_text("This time has passed")
    day = today() + dt.timedelta(days=40)
    moment.fill(f"{day}T09:00")
    writing.press("Schedule")
    writing.notice(re.compile(rf"Scheduled for .* {day.year} at 09:00"))

    banner = writing.page.locator(".banner")
    expect(banner).to_contain_text("Version 1 goes live on")
    writing.press("Cancel it …")
    writing.press("Cancel this version", writing.dialog)
    expect(banner).to_have_count(0)
    assert practice.get(f"/v1/practice/packs/{pack_id}").json()["state"] == "draft"


def test_two_versions_are_compared_line_by_line(console: BrowserSession, practice: httpx.Client, pack_id: str) -> None:
    published(practice, pack_id)
    published(practice, pack_id, a_source(pack_id, text="What made you laugh today?"))
    console.open(f"packs/{pack_id}/versions", "What changed")

    expect(console.page.locator(".diff .removed")).to_contain_text("smile today?")
    expect(console.page.locator(".diff .added")).to_contain_text("laugh today?")


def test_the_packs_with_a_draft_in_progress_are_found(
    console: BrowserSession, practice: httpx.Client, pack_id: str
) -> None:
    published(practice, pack_id)
    console.open("packs", "Packs")
    console.page.get_by_label("Show").select_option("drafts")
    expect(console.page.locator(f"a[href='#/packs/{pack_id}']")).to_have_count(0)
    a_draft(practice, pack_id, a_source(pack_id, text="What made you laugh today?"))
    console.page.reload()
    card = console.page.locator(".pack-card", has=console.page.locator(f"a[href='#/packs/{pack_id}']"))
    expect(card).to_contain_text("Draft in progress")
    console.page.get_by_label("Show").select_option("drafts")
    expect(console.page.locator(f"a[href='#/packs/{pack_id}']")).to_have_count(1)


# Two people at once


def test_the_second_to_save_sees_the_conflict_and_nothing_is_lost(
    new_session: NewSession, practice: httpx.Client, pack_id: str
) -> None:
    a_draft(practice, pack_id)
    first, second = new_session().sign_in(EDITOR), new_session().sign_in(WRITER)
    for session in (first, second):
        session.refused = {409}
        session.open(f"packs/{pack_id}", "To fix")
    theirs, mine = a_source(pack_id, title="Night talks"), a_source(pack_id, title="Moon talks")

    first.write(theirs)
    first.press("Save draft")
    expect(first.page.locator(".save-state")).to_contain_text("Saved by you")
    second.write(mine)
    second.press("Save draft")

    expect(second.dialog).to_contain_text(f"{EDITOR} saved it")
    expect(second.dialog.locator(".removed")).to_contain_text("Night talks")
    expect(second.dialog.locator(".added")).to_contain_text("Moon talks")
    second.press("Keep writing")
    assert second.text.input_value() == mine
    assert practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"] == theirs

    second.press("Save draft")
    second.press("Replace it with mine", second.dialog)
    expect(second.page.locator(".save-state")).to_contain_text("Saved by you")
    assert practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"] == mine
    second.press("Kept copies")
    expect(second.dialog).to_contain_text(f"The draft of {EDITOR}, before you replaced it")
    second.press("Put it into the editor")
    expect(second.text).to_have_value(theirs)

    # The other choice: using the colleague's text keeps a copy of one's own text.
    first.write(a_source(pack_id, title="Star talks"))
    first.press("Save draft")
    first.press("Use theirs", first.dialog)
    expect(first.text).to_have_value(mine)
    first.press("Kept copies")
    expect(first.dialog).to_contain_text("Yours, before you used the other draft")


def test_unsaved_text_comes_back_after_a_crash(writing: BrowserSession, pack_id: str) -> None:
    writing.write(a_source(pack_id, title="Half a thought"))
    writing.page.on("dialog", lambda dialog: dialog.accept())

    writing.page.reload()

    expect(writing.page.locator(".banner")).to_contain_text("Your text from before is back.")
    assert "Half a thought" in writing.text.input_value()
    writing.press("Go back to the saved draft")
    expect(writing.text).to_have_value(a_source(pack_id))


def test_leaving_unsaved_text_is_asked_about(writing: BrowserSession, practice: httpx.Client, pack_id: str) -> None:
    writing.write(a_source(pack_id, title="Not yet"))

    writing.page.get_by_role("link", name="Statistics").click()
    writing.press("Stay here", writing.dialog)
    assert "Not yet" in writing.text.input_value()
    writing.page.get_by_role("link", name="History").click()
    writing.press("Save and leave", writing.dialog)
    expect(writing.page.get_by_role("heading", name="History")).to_be_visible()
    assert "Not yet" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


# Lengths


def test_a_text_counts_characters_as_the_api_does_and_is_not_cut(
    console: BrowserSession, practice: httpx.Client
) -> None:
    """A browser's own limit counts an emoji twice, and cuts a pasted text silently."""
    console.press("New pack")
    title = console.dialog.get_by_label("Title, as couples see it")
    console.dialog.get_by_label("Short name").fill("tulips")
    title.fill("🌷" * 61)
    expect(console.dialog.get_by_text("Too long by 1 character. The limit is 60.")).to_be_visible()
    console.press("Start writing")
    expect(title).to_be_focused()
    expect(title).to_have_value("🌷" * 61)
    title.fill("🌷" * 60)
    console.press("Start writing")
    console.press("Save draft")
    expect(console.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "🌷" * 60 in practice.get("/v1/practice/packs/tulips/draft").json()["source"]


# Signing in, and permissions


def test_a_failed_sign_in_says_why_and_a_password_can_be_reset(new_session: NewSession) -> None:
    console = new_session()
    console.refused = {400}
    for email, password, sentence in (
        (EDITOR, "wrong", "Wrong email or password."),
        ("nobody@practice.example", "rekindle", "Wrong email or password."),
        ("no address", "rekindle", "This does not look like an email address."),
    ):
        console.sign_in(email, password)
        expect(console.page.get_by_text(sentence)).to_be_visible()
    console.press("Forgot your password?")
    console.dialog.get_by_label("Your email").fill(EDITOR)
    console.press("Send the link")
    expect(console.dialog).to_contain_text("we’ve sent a link")


def test_an_account_of_a_couple_has_no_access(new_session: NewSession) -> None:
    console = new_session().sign_in("couple@example.org")
    expect(console.page.get_by_role("heading", name="This page is for the practice’s staff")).to_be_visible()
    assert console.barriers() == []
    console.press("Sign in with another account")
    expect(console.page.get_by_label("Email")).to_be_visible()


def test_a_reader_sees_everything_and_is_offered_no_change(
    new_session: NewSession, practice: httpx.Client, pack_id: str
) -> None:
    published(practice, pack_id)
    console = packs_of(new_session().sign_in(READER))
    console.settle()
    changing = re.compile("new pack|save|publish|insert|upload|withdraw|discard|new code", re.IGNORECASE)
    for path in ("packs", f"packs/{pack_id}", f"packs/{pack_id}/published", f"packs/{pack_id}/versions"):
        console.open(path)
        expect(console.page.get_by_role("button", name=changing)).to_have_count(0)
    console.open(f"packs/{pack_id}")
    assert console.text.input_value() == a_source(pack_id)
    expect(console.text).not_to_be_editable()
    expect(console.page.get_by_role("heading", name="On the phone")).to_be_visible()


def test_a_sign_in_that_ends_while_writing_loses_nothing(
    writing: BrowserSession, practice: httpx.Client, pack_id: str
) -> None:
    writing.refused = {400}
    writing.write(a_source(pack_id, title="Past midnight"))
    # An hour later the ID token has expired, and the account's password has changed.
    ended = writing.stack.sign_in(email=EDITOR, ended=True)["refresh_token"]
    writing.page.evaluate("token => sessionStorage.setItem('rekindle.session', token)", ended)
    writing.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")

    writing.press("Save draft")

    expect(writing.dialog).to_contain_text("Your sign-in has ended")
    writing.dialog.get_by_label("Password").fill("rekindle")
    writing.press("Sign in")
    expect(writing.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "Past midnight" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


@pytest.mark.parametrize("reply", [{"status": 429, "json": {}}, {"status": 503, "json": {}}, {"body": "<p>Welcome"}])
def test_a_sign_in_that_cannot_be_renewed_for_now_is_kept(console: BrowserSession, reply: dict[str, Any]) -> None:
    """The last reply is HTML, like a hotel's sign-in page."""
    console.refused = {429, 503}
    console.page.route("**/v1/token?**", lambda route: route.fulfill(**reply))
    console.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")
    console.page.get_by_role("link", name="History").click()
    again = console.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    console.page.unroute("**/v1/token?**")
    again.click()
    expect(console.page.get_by_role("heading", name="History")).to_be_visible()
    console.settle()
    expect(console.page.get_by_text("This could not be loaded")).to_have_count(0)
    expect(console.dialog).to_have_count(0)


def test_a_token_is_renewed_before_it_ends_and_nobody_notices(console: BrowserSession) -> None:
    console.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")
    with console.page.expect_response("**/v1/token?**") as renewed:
        console.page.get_by_role("link", name="History").click()
    assert renewed.value.status == 200
    console.settle()
    expect(console.dialog).to_have_count(0)


def sign_out(session: BrowserSession) -> None:
    """Sign out, and wait for the next second, because a token has only the second of its sign-in."""
    session.press("Sign out")
    session.notice("You are signed out, everywhere.")
    ended = int(now())
    eventually(lambda: int(now()) > ended)


def test_signing_out_leaves_nothing_behind(console: BrowserSession) -> None:
    sign_out(console)
    expect(console.page.get_by_label("Email")).to_be_visible()
    console.page.reload()
    expect(console.page.get_by_label("Email")).to_be_visible()
    assert console.page.evaluate("sessionStorage.length") == 0


def test_signing_out_ends_the_sign_ins_on_other_computers(console: BrowserSession, new_session: NewSession) -> None:
    other = new_session()
    other.refused = {400, 401}
    packs_of(other.sign_in(EDITOR))
    sign_out(console)
    other.page.get_by_role("link", name="History").click()
    expect(other.dialog).to_contain_text("Your sign-in has ended")


def test_a_sign_out_without_the_service_says_what_was_not_done(console: BrowserSession) -> None:
    console.page.route("**/v1/practice/sign-out", lambda route: route.abort())
    console.press("Sign out")
    console.notice(re.compile("signed out on this page only.*Other sign-ins of your account go on", re.DOTALL))
    expect(console.page.get_by_label("Email")).to_be_visible()
    assert console.page.evaluate("sessionStorage.length") == 0
    assert [each for each in console.complaints if "ERR_FAILED" not in each] == []
    console.complaints.clear()


def add_second_step(console: BrowserSession) -> str:
    """Scan the key in the open dialog with an authenticator app, and type its code. Return the key."""
    expect(console.dialog).to_contain_text("Add a second step")
    assert (console.overflow(), console.barriers()) == (0, [])
    secret = console.dialog.locator(".key").inner_text().replace(" ", "")
    console.dialog.get_by_label("Six-digit code").fill(code_of(secret, now()))
    console.press("Add it", console.dialog)
    console.notice("Your second step is on.")
    return secret


def remove_second_step(console: BrowserSession) -> None:
    console.open("account", "Second step")
    console.press("Remove Authenticator app …")
    console.press("Remove it", console.dialog)
    expect(console.page.get_by_role("button", name="Add a second step")).to_be_visible()


def test_a_second_step_is_added_then_asked_for_and_removed(new_session: NewSession) -> None:
    console = packs_of(new_session().sign_in(READER))
    console.refused = {400}
    console.open("account", "Second step")
    console.press("Add a second step")
    console.dialog.get_by_label("Six-digit code").fill("12 34")
    console.press("Add it", console.dialog)
    expect(console.dialog).to_contain_text("Enter the six digits")
    console.dialog.get_by_label("Six-digit code").fill("000000")
    console.press("Add it", console.dialog)
    expect(console.dialog).to_contain_text("This is not the code that your app shows now.")
    secret = add_second_step(console)
    expect(console.page.locator("main .badge")).to_have_text("On")

    again = new_session()
    again.refused = {400}
    again.sign_in(READER)
    code = again.page.get_by_label("Six-digit code")
    expect(code).to_be_focused()
    assert (code.get_attribute("autocomplete"), code.get_attribute("inputmode")) == ("one-time-code", "numeric")
    assert (again.overflow(), again.barriers()) == (0, [])
    code.fill("000000")
    again.press("Sign in")
    expect(again.page.get_by_text("This is not the code that your app shows now.")).to_be_visible()
    right = code_of(secret, now())
    code.fill(f"{right[:3]} {right[3:]}")  # as many apps copy it
    again.press("Sign in")
    packs_of(again)
    remove_second_step(again)


def test_one_of_several_apps_is_chosen_and_a_late_code_starts_again(new_session: NewSession) -> None:
    """The test invents Google's answers, because the stand-in allows one app only."""
    console = new_session()
    console.refused = {400}
    apps: list[dict[str, Any]] = [
        {"mfaEnrollmentId": name, "displayName": name, "totpInfo": {}} for name in ("Old phone", "New phone")
    ]
    factors = [{"mfaEnrollmentId": "sms", "phoneInfo": "+*******1234"}, *apps]
    late = {"error": {"code": 400, "message": "INVALID_MFA_PENDING_CREDENTIAL"}}
    first, second = "**/v1/accounts:signInWithPassword?**", "**/v2/accounts/mfaSignIn:finalize?**"
    console.page.route(first, lambda route: route.fulfill(json={"mfaPendingCredential": "p", "mfaInfo": factors}))
    console.page.route(second, lambda route: route.fulfill(status=400, json=late))
    console.sign_in(READER)

    choice = console.page.get_by_label("Which app")
    expect(choice.get_by_role("option")).to_have_text(["Old phone", "New phone"])
    choice.select_option(label="New phone")
    console.page.get_by_label("Six-digit code").fill("123456")
    with console.page.expect_request(second) as sent:
        console.press("Sign in")
    assert sent.value.post_data_json == {
        "mfaPendingCredential": "p",
        "mfaEnrollmentId": "New phone",
        "totpVerificationInfo": {"verificationCode": "123456"},
    }
    expect(console.page.get_by_text("That took longer than a few minutes.")).to_be_visible()
    expect(console.page.get_by_label("Password")).to_be_focused()


@pytest.mark.usefixtures("_second_step_needed")
def test_a_practice_that_asks_for_a_second_step_leads_to_it(new_session: NewSession) -> None:
    console = new_session()
    console.refused = {400, 403}
    console.sign_in(READER)
    expect(console.dialog).to_contain_text("Your practice asks everybody for a second step.")
    add_second_step(console)
    expect(console.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()
    console.settle()
    expect(console.page.get_by_text("This could not be loaded")).to_have_count(0)
    remove_second_step(console)


def test_a_change_after_an_hour_asks_for_the_password_and_then_happens(
    new_session: NewSession, practice: httpx.Client, pack_id: str
) -> None:
    """The writer does it, because nobody signs the writer out: that would end older sign-ins, too."""
    a_draft(practice, pack_id)
    console = packs_of(new_session().sign_in(WRITER)).open(f"packs/{pack_id}", "To fix")
    console.refused = {403}
    console.write(a_source(pack_id, title="After lunch"))
    old = console.stack.sign_in(email=WRITER, claims=dict(ACCOUNTS[WRITER]), signed_in_ago=3_700)["refresh_token"]
    console.page.evaluate("token => sessionStorage.setItem('rekindle.session', token)", old)
    console.page.evaluate("const now = Date.now; Date.now = () => now() + 3600e3")

    console.press("Save draft")

    expect(console.dialog).to_contain_text("this change needs your password")
    assert (console.overflow(), console.barriers()) == (0, [])
    console.press("Not now", console.dialog)
    console.notice("Not done yet.")
    assert "After lunch" in console.text.input_value()
    console.press("Save draft")
    console.dialog.get_by_label("Password").fill("rekindle")
    console.press("Sign in", console.dialog)
    expect(console.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "After lunch" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


def test_without_a_connection_the_text_stays_and_can_be_saved_later(
    writing: BrowserSession, practice: httpx.Client, pack_id: str
) -> None:
    writing.write(a_source(pack_id, title="In the tunnel"))
    writing.context.set_offline(True)

    writing.press("Save draft")

    writing.notice("You seem to be offline.")
    assert [each for each in writing.complaints if "ERR_INTERNET_DISCONNECTED" not in each] == []
    writing.complaints.clear()
    writing.context.set_offline(False)
    writing.press("Try again")
    expect(writing.page.locator(".save-state")).to_contain_text("Saved by you")
    assert "In the tunnel" in practice.get(f"/v1/practice/packs/{pack_id}/draft").json()["source"]


# Texts of every kind


HTML: Final = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_markup_in_a_text_shows_as_it_is_and_never_runs(
    console: BrowserSession, practice: httpx.Client, pack_id: str
) -> None:
    ran: list[str] = []

    def heard(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    console.page.on("dialog", heard)
    a_draft(practice, pack_id, a_source(pack_id, title=f'"{HTML}"'[:62], text=f'"{HTML}"'))

    console.open(f"packs/{pack_id}", re.compile("<img"))
    expect(console.phone.locator(".phone-text")).to_have_text(HTML)
    for path in ("packs", f"packs/{pack_id}/versions", "audit"):
        console.open(path)
        assert console.page.locator("main img, main script").count() == 0
    assert ran == []

    # The page's policy makes the browser refuse markup even from the page's own scripts.
    attempt = "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch (error) { error.name }"
    assert console.page.evaluate(attempt) == "TypeError"
    assert any("require-trusted-types-for" in each or "TrustedHTML" in each for each in console.complaints)
    console.complaints.clear()


def test_right_to_left_text_and_emoji_show_as_they_are(writing: BrowserSession) -> None:
    writing.page.get_by_role("button", name="Arabic").click()

    text = writing.phone.locator(".phone-text")
    expect(text).to_have_text("ما الذي جعلك تبتسم اليوم؟ 🌙")
    expect(text).to_have_attribute("lang", "ar")
    assert text.evaluate("element => getComputedStyle(element).direction") == "rtl"
    writing.page.get_by_role("button", name="English").click()
    assert text.evaluate("element => getComputedStyle(element).direction") == "ltr"


BROKEN: Final = {
    "a list that never ends": ("id: [", "line"),
    "a tab where none may be": ("a: b: c\n\t- d", "line"),
    "no pack at all": ("just words", "mistake"),
    "brackets without end": ("[" * 3_000, "mistake"),
    "something inside itself": ("&a [*a, *a]", "mistake"),
    "JSON of another kind": ('{"id": "x", "prompts": "none"}', "mistake"),
    "a character that turns text around": ("\u202eid: x", "mistake"),
    "nothing": ("", "mistake"),
}


def test_a_broken_text_gets_a_clear_message(writing: BrowserSession, pack_id: str) -> None:
    for what, (source, said) in BROKEN.items():
        writing.write(source)
        expect(writing.findings, what).to_have_attribute("data-state", "errors")
        expect(writing.findings, what).to_contain_text(re.compile(said, re.IGNORECASE))

    prompts = a_source(pack_id).partition("prompts:\n")[2]
    writing.write(a_source(pack_id) + prompts)
    expect(writing.findings).to_contain_text("every prompt needs its own")
    writing.write(a_source(pack_id))
    expect(writing.findings).to_contain_text("Ready to publish")


NO_TEXTS: Final = (
    (b"a: b\n" * 2_000_000, "A pack can have up to 4 MB"),
    ("id: x".encode("utf-16"), "is saved as UTF-16"),
    ("id: x\ntitle: Café".encode("latin-1"), "line 2 is the first"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is not a text file"),
)


def test_a_file_replaces_the_text_and_a_copy_is_kept(writing: BrowserSession, pack_id: str) -> None:
    for content, sentence in NO_TEXTS:
        writing.upload("mine.yaml", content)
        writing.notice(sentence)
        assert writing.text.input_value() == a_source(pack_id)

    writing.upload("new.yaml", b"\xef\xbb\xbf" + a_source(pack_id, title="From a file").replace("\n", "\r\n").encode())

    writing.notice("“new.yaml” is in the editor")
    assert writing.text.input_value() == a_source(pack_id, title="From a file")
    expect(writing.findings).to_contain_text("Ready to publish")
    writing.press("Kept copies")
    expect(writing.dialog).to_contain_text("Before “new.yaml” replaced it")


def test_the_editor_is_left_by_keyboard_alone(writing: BrowserSession, pack_id: str) -> None:
    writing.text.click()
    writing.text.evaluate("area => area.setSelectionRange(0, 0)")

    writing.page.keyboard.press("Tab")
    assert writing.text.input_value().startswith("  # For")
    writing.page.keyboard.press("Control+z")
    assert writing.text.input_value() == a_source(pack_id)
    writing.page.keyboard.press("Escape")
    writing.page.keyboard.press("Tab")
    expect(writing.text).not_to_be_focused()

    writing.text.focus()
    writing.page.keyboard.press("Control+f")
    writing.page.keyboard.type("smile")
    expect(writing.page.locator(".search-count")).to_have_text("1 of 2 places")
    writing.page.keyboard.press("Enter")
    writing.page.keyboard.press("Escape")
    assert writing.chosen() == "smile"


# Numbers, help and notices


A_LINE: Final[dict[str, Any]] = {
    "country": None,
    "name": {"en": "A friend"},
    "phone": "112",
    "text": None,
    "url": None,
    "languages": [],
    "hours": None,
    "note": {},
}


def test_statistics_have_plots_and_tables_and_never_a_number_below_ten(console: BrowserSession) -> None:
    """The test invents the numbers, because it cannot make so many couples. They have the API's format."""
    instant = dt.datetime.combine(today(), dt.time(9), dt.UTC)
    days = {date: {"active": 120 + 10 * at} for at, date in enumerate(shown_days(instant))}
    days[shown_days(instant)[-1]] = {"active": 7}
    counters = {"active": 480, "active_28": 950, "themes/spark/offered": 200, "themes/spark/completed": 150}
    weeks = dict.fromkeys(shown_weeks(instant), counters)
    prompts = {
        PackId("starter"): PackCounters(
            {
                PromptId("often"): {"offered": 300, "answered": 250, "completed": 200, "swapped": 3},
                PromptId("song-title-for-today"): {"offered": 20, "answered": 10, "completed": 10, "swapped": 0},
            }
        )
    }
    answer = view(instant, days, weeks, prompts, REMINDERS)
    console.page.route("**/v1/practice/statistics", lambda route: route.fulfill(json=answer))

    console.open("statistics", "Prompts")

    plot = console.page.locator("figure", has_text="Completed, by theme")
    expect(plot.get_by_role("img")).to_have_accessible_description(re.compile("Spark: 75%"))
    expect(plot.get_by_role("img")).to_have_accessible_description(re.compile("Touch: fewer than 10"))
    plot.locator("summary").click()
    expect(plot.get_by_role("row", name="Spark")).to_contain_text("75%")
    expect(console.page.locator(".tile").first).to_contain_text("fewer than 10")
    expect(console.page.locator(".tile").nth(1)).to_contain_text("480")
    rows = console.page.locator(".wide-table tbody tr")
    expect(rows.first).to_contain_text("often")
    expect(rows.first).to_contain_text("few (fewer than ten couples")
    console.press("Offered")
    expect(rows.first).to_contain_text("song-title-for-today")
    # The prompt's text shows beside its name, and can be searched.
    expect(rows.first.locator(".stat-text")).to_contain_text("song")
    console.page.get_by_label("Find").fill("song title")
    expect(rows).to_have_count(1)
    assert (console.overflow(), console.barriers()) == (0, [])


def propose_help(session: BrowserSession, name: str) -> None:
    """Add a contact to the help, and propose it."""
    session.press("Add a contact")
    line = session.page.locator(".help-line").last
    line.get_by_role("textbox", name="Name", exact=True).fill(name)
    line.get_by_label("Country").select_option(label="United Kingdom")
    line.get_by_label("Phone number").fill("116 123")
    expect(session.page.get_by_role("region", name="Help on the phone")).to_contain_text(name)
    session.press("Propose")
    session.notice("Proposed. Somebody else has to approve it now.")


def test_help_is_proposed_by_one_and_approved_or_turned_down_by_another(
    new_session: NewSession, a_couple: NewCouple
) -> None:
    writer, editor = new_session(), new_session()
    for session, email in ((writer, WRITER), (editor, EDITOR)):
        packs_of(session.sign_in(email))
    writer.refused = {422}
    writer.open("help", "Who to contact")
    writer.page.get_by_label("Couples can book time with the practice").check()
    page_field = writer.page.get_by_label("Booking page")
    page_field.fill("practice.example/book")
    writer.press("Propose")
    expect(writer.page.get_by_role("alert")).to_contain_text("Booking, web page")
    page_field.fill("https://practice.example/book")
    propose_help(writer, "Samaritans")
    proposal = writer.page.get_by_role("region", name="Your proposal")
    expect(proposal).to_contain_text("Somebody else has to approve it.")
    expect(writer.page.get_by_role("button", name="Approve …")).to_have_count(0)

    editor.open("help", "A proposal to approve")
    shown = editor.page.get_by_role("region", name="A proposal to approve")
    expect(shown).to_contain_text(f"{WRITER} proposed this change")
    expect(shown.locator(".added").first).to_be_visible()
    expect(shown.locator(".added", has_text="https://practice.example/book")).to_have_count(1)
    expect(editor.page.get_by_label("Booking page")).to_be_disabled()
    assert (editor.overflow(), editor.barriers()) == (0, [])
    editor.press("Approve …")
    editor.press("Approve", editor.dialog)
    editor.notice("Approved. Couples see it within half a minute.")
    expect(editor.page.locator(".help-line").last).to_contain_text("Samaritans United Kingdom · 116 123")
    ada, _ = a_couple()
    assert ada.call("GET", "/v1/help")["booking"]["url"] == "https://practice.example/book"

    writer.open("packs").open("help", "Who to contact")
    propose_help(writer, "Nobody")
    editor.open("packs").open("help", "A proposal to approve")
    editor.press("Turn it down …")
    editor.dialog.get_by_label("Reason, for your colleagues").fill("Nobody answers there.")
    editor.press("Turn it down", editor.dialog)
    editor.notice("Turned down. Couples keep the help that they have.")
    expect(editor.page.get_by_text("Waiting for approval")).to_have_count(0)

    writer.open("packs").open("help", "Who to contact")
    propose_help(writer, "Somebody")
    writer.press("Take it back")
    writer.notice("Taken back.")
    expect(writer.page.get_by_text("Waiting for approval")).to_have_count(0)


def test_unread_notices_show_first_after_a_sign_in_and_are_read_once_seen(
    new_session: NewSession, practice: httpx.Client
) -> None:
    current = practice.get("/v1/practice/help").json()
    offered = {name: current[name] for name in ("lines", "revision")} | {"booking": None}
    offered["lines"] = [*offered["lines"], A_LINE]
    proposal = practice.put("/v1/practice/help", json=offered).json()["proposal"]["id"]
    rejected = practice.post("/v1/practice/help/reject", json={"proposal": proposal, "note": "A mistake."})
    assert rejected.status_code == 200

    console = new_session().sign_in(READER)
    expect(console.page.get_by_role("heading", name="Notices")).to_be_visible()
    newest = console.page.locator(".notice-item").first
    expect(newest).to_contain_text(f"{WRITER} stopped a proposed change of the help for couples.")
    expect(newest).to_contain_text("A mistake.")
    expect(newest.locator(".badge")).to_have_text("New")
    expect(console.page.locator(".notice-item").nth(1)).to_contain_text("Somebody else has to approve it.")
    expect(console.page.get_by_role("link", name="Notices", exact=True)).to_be_visible()  # none is unread any more
    assert (console.overflow(), console.barriers()) == (0, [])
    console.page.reload()
    console.settle()
    expect(console.page.get_by_text("Nothing new.")).to_be_visible()
    expect(console.page.locator(".notice-item .badge")).to_have_count(0)

    packs = new_session().sign_in(READER)
    expect(packs.page.get_by_role("heading", name="Packs", exact=True)).to_be_visible()


def test_each_kind_of_notice_is_a_plain_sentence(console: BrowserSession) -> None:
    """The last kind is one that a later version may add."""
    empty = dict.fromkeys(("who", "note", "account", "scope", "pack", "couples"))
    said: dict[str, tuple[dict[str, Any], str]] = {
        "code-used-widely": (
            {"pack": "river", "couples": 120},
            "The code of the pack river was used by about 120 couples",
        ),
        "rights-granted": (
            {"who": "an operator", "account": "ruth@practice.example", "scope": "practice:read practice:publish"},
            "an operator gave ruth@practice.example new permissions: it can now read, write and publish.",
        ),
        "rights-revoked": (
            {"who": EDITOR, "account": READER, "scope": ""},
            f"You took permissions from {READER}: it can no longer see anything here.",
        ),
        "help-changed": ({"who": WRITER}, f"{WRITER} approved a change of the help for couples."),
        "brand-new": ({"who": WRITER}, "did something that this page does not know yet (brand-new)"),
    }
    notices = [
        {**empty, **fields, "id": f"{at:013}-{at:012}", "at": f"{today()}T00:00:00Z", "kind": kind, "unread": False}
        for at, (kind, (fields, _)) in enumerate(said.items())
    ]
    answer = {"notices": notices, "unread": 0, "before": None}
    console.page.route("**/v1/practice/notices?**", lambda route: route.fulfill(json=answer))
    console.open("notices", "Notices")
    expect(console.page.locator(".notice-item")).to_contain_text([sentence for _, sentence in said.values()])


def test_the_history_says_whether_it_is_whole(console: BrowserSession, practice: httpx.Client, pack_id: str) -> None:
    a_draft(practice, pack_id)
    console.open("audit", "History")
    expect(console.page.locator(".banner")).to_contain_text("as they were written, and none is missing between them")
    answer = practice.get("/v1/practice/audit").json() | {"intact": False}
    console.page.route("**/v1/practice/audit?**", lambda route: route.fulfill(json=answer))
    console.open("packs").open("audit", "History")
    expect(console.page.locator(".banner")).to_contain_text("Somebody has changed, added or removed an entry")
    assert (console.overflow(), console.barriers()) == (0, [])


# Accessibility


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (820, "dark"), (390, "light")])
def test_every_page_is_accessible_and_fits(
    new_session: NewSession, practice: httpx.Client, pack_id: str, width: int, scheme: str
) -> None:
    """axe-core finds nothing serious, and no page scrolls sideways."""
    published(practice, pack_id)
    a_draft(practice, pack_id, a_source(pack_id, text="What made you laugh today?").replace("depth: 1", "depth: 5"))
    console = new_session(width=width, dark=scheme == "dark")
    found = {"sign-in": (console.overflow(), console.barriers())}
    packs_of(console.sign_in())
    headings = {
        "packs": "Packs",
        f"packs/{pack_id}": "To fix",
        f"packs/{pack_id}/published": "Version 1",
        f"packs/{pack_id}/versions": "What changed",
        "statistics": "Statistics",
        "help": "Help for couples",
        "audit": "History",
        "notices": "Notices",
        "account": "Second step",
        "packs/no-such-pack-at-all": "Pack not found",
    }
    console.refused = {404}
    for path, heading in headings.items():
        console.open(path, heading)
        found[path] = (console.overflow(), console.barriers())
    console.open(f"packs/{pack_id}", "To fix")
    console.press("Insert a prompt")
    found["insert"] = (console.overflow(), console.barriers())
    console.press("Cancel", console.dialog)
    console.write(a_source(pack_id))
    console.press("Publish …")
    expect(console.dialog).to_contain_text("becomes version 2")
    found["publish"] = (console.overflow(), console.barriers())
    assert found == dict.fromkeys(found, (0, []))
