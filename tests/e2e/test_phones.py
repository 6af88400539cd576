"""The two phones work in headless Chromium on the local stack, as a couple uses them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from local.clock import now
from testing.builders import LONDON, NEW_YORK, TOKYO
from tests.e2e.browser_session import BrowserSession
from tests.e2e.conftest import pair
from tests.e2e.two_phones import TwoPhones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import APIResponse, Browser, Route

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, NewPhone, Phone
    from tests.e2e.two_phones import OnScreen

type NewPage = Callable[..., TwoPhones]

COFFEE = "The morning you brought me coffee without a word."
DATE_APART = ("Pacific/Honolulu", "Pacific/Kiritimati")
"""Two zones whose dates differ at any hour."""
FAR_APART = [(NEW_YORK, TOKYO), DATE_APART]
RIVER = "Our walk by the river, when it began to rain."
EXPIRE = """
for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith("rekindle.phone."))) {
  const kept = JSON.parse(sessionStorage[key]);
  kept.session.expires = 0;
  sessionStorage[key] = JSON.stringify(kept);
}
"""
AFTER_ERASURE = {401, 410}
"""The statuses of requests that a phone sent before it learned of an erasure."""
HEBREW = "הבוקר שבו הבאת לי קפה בלי מילה, וישבת לידי עד שהשמש עלתה."


@pytest.fixture
def a_page(stack: Stack, browser: Browser) -> Iterator[NewPage]:
    """Open pages. At the end no page may have an error, a warning or a violation of the policy."""
    with contextlib.ExitStack() as closing:
        pages = []

        def new(*persons: Phone, **options: Any) -> TwoPhones:
            page = TwoPhones.at(stack, browser, *persons, **options)
            closing.callback(page.session.close)
            pages.append(page)
            return page

        yield new
        assert [each for page in pages for each in page.session.complaints] == []


@pytest.fixture
def two(a_page: NewPage, a_couple: NewCouple) -> TwoPhones:
    """Open a couple's two phones, both at their day."""
    return a_page(*a_couple()).settle()


def today_in(zone: str) -> dt.date:
    return dt.datetime.fromtimestamp(now(), ZoneInfo(zone)).date()


def titled(date: dt.date) -> str:
    return f"{date:%A, %B} {date.day}"


def only_today(route: Route) -> None:
    """Answer `/v1/today` as if no other date were shown there."""
    reply = route.fetch()
    route.fulfill(response=reply, json=reply.json() | {"previous": None, "next": None})


def test_two_people_pair_through_reloads_answer_and_see_both_answers_open(a_page: NewPage) -> None:
    page = a_page()
    asked: list[str] = []
    page.session.page.on("request", lambda request: asked.append(request.url))
    page.start()

    code = page.ada.invite()
    page.session.page.reload()
    page.ada.sees("Your invite is open.")
    page.ben.redeem(code.lower())
    page.ben.sees("Almost there")
    page.session.page.reload()
    page.ben.sees("Almost there")
    expect(page.ada.root.get_by_role("heading", name="Is this your partner?")).to_be_visible()
    expect(page.ada.root.locator(".big-name")).to_have_text("Ben")
    words = page.ada.root.locator(".three-words li").all_inner_texts()
    assert len(words) == 3
    expect(page.ben.root.locator(".three-words li")).to_have_text(words)
    page.ada.press("Yes, the words are the same")
    page.settle()
    expect(page.ben.prompt).to_have_text(page.ada.prompt.inner_text())

    page.ada.seal(COFFEE)
    page.ben.await_banner()  # the page is open
    page.ben.sees("It opens once you answer too.")
    assert COFFEE not in page.ben.root.inner_text()

    page.ben.answer(RIVER)
    for phone in page.both:
        phone.sees("Both are open.")
        for text in (COFFEE, RIVER):
            expect(phone.content).to_contain_text(text)
        expect(phone.root.locator(".streak-chip")).to_have_text(re.compile("1"))
    page.ada.await_banner()

    page.ada.open("Us")
    expect(page.ada.root.locator(".numbers dd").first).to_have_text("1")
    expect(page.ada.root.locator('.month .dot[data-mark="complete"]')).to_have_count(1)
    page.ben.open("Journal")
    expect(page.ben.root.locator(".entry")).to_have_count(1)

    page.session.page.reload()
    expect(page.ada.root.locator(".numbers")).to_be_visible()
    expect(page.ben.root.locator(".entry")).to_have_count(1)
    assert [url for url in asked if "eyJ" in url] == []  # every ID token begins with these letters


def test_a_late_reply_about_pairing_does_not_change_the_tab(a_page: NewPage) -> None:
    """The phone finds the couple by polling. The reply to its confirmation comes only after that."""
    page = a_page()
    late: list[tuple[Route, APIResponse]] = []
    page.start()
    page.ben.redeem(page.ada.invite())
    page.session.page.route("**/v1/invites/confirm", lambda route: late.append((route, route.fetch())))
    page.ada.press("Yes, the words are the same")
    page.settle()

    page.ada.open("Us")
    expect(page.ada.root.locator(".numbers")).to_be_visible()
    ((route, reply),) = late
    with page.session.page.expect_response("**/v1/couple"):
        route.fulfill(response=reply)
    expect(page.ada.root.get_by_role("button", name="Us", exact=True)).to_have_attribute("aria-current", "page")
    expect(page.ada.root.locator(".numbers")).to_be_visible()


def test_help_is_there_before_pairing_and_asks_for_a_country_that_the_zone_does_not_tell(a_page: NewPage) -> None:
    page = a_page()
    page.ada.start("Ada")
    page.ada.unfold("Help")
    expect(page.ada.root.get_by_role("link", name=re.compile("^Call "))).not_to_have_count(0)

    page.ben.start("Ben", "UTC")
    page.ben.unfold("Help")
    lines = page.ben.root.locator(".help-line")
    expect(lines).to_have_count(1)  # the line for all countries
    page.ben.root.get_by_label("Which country are you in?").select_option("GB")
    expect(lines).not_to_have_count(1)
    expect(page.ben.root.get_by_text("Samaritans", exact=True).first).to_be_visible()


def test_an_answer_is_edited_while_it_is_sealed_and_shared_first_if_its_writer_says_so(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    two.ada.press("Edit")
    two.ada.days.locator("textarea").fill(RIVER)
    two.ada.root.get_by_label("Share mine with my partner right away").check()
    two.ada.days.locator(".primary").click()
    two.ada.sees("Ben can read yours.")
    two.ben.open("Today")
    expect(two.ben.content).to_contain_text(RIVER)
    expect(two.ben.content).to_contain_text("shared theirs with you first")


def test_one_partner_reflects_and_the_other_sees_it(two: TwoPhones) -> None:
    two.answer(COFFEE, RIVER)
    details = two.ben.root.locator(".reflect")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    two.ben.root.get_by_label("What I heard you say").fill("That you felt seen before you had said a word.")
    two.ben.press("Send what I heard")
    expect(two.ben.root.locator(".reflection")).to_be_visible()
    # There is no push for this. The other phone finds it by polling.
    expect(two.ada.root.locator(".reflection")).to_contain_text("That you felt seen")
    two.ada.open("Us")
    expect(two.ada.root.get_by_role("img", name="1 day together", exact=True)).to_be_visible()


def test_an_answer_from_before_pairing_shows_only_once_its_writer_shows_it(a_page: NewPage, a_phone: NewPhone) -> None:
    ada, ben = a_phone("Ada", LONDON), a_phone("Ben", LONDON)
    page = a_page(ada, ben)
    page.ada.sees("While you wait, just for you")
    page.ada.root.get_by_label("Your answer").fill(COFFEE)
    page.ada.press("Save for me")
    page.ada.sees("Only you can see it.")
    pair(ada, ben)
    page.session.page.reload()
    page.settle()
    page.ben.open("Journal")
    assert COFFEE not in page.ben.content.inner_text()
    page.ada.open("Journal")
    page.ada.press("Show Ben")
    expect(page.ada.root.get_by_role("button", name="Hide it again")).to_be_visible()
    page.ben.open("Journal")
    expect(page.ben.content).to_contain_text(COFFEE)


@pytest.mark.parametrize("zones", FAR_APART)
def test_a_day_on_two_clocks_is_one_day(a_page: NewPage, a_couple: NewCouple, zones: tuple[str, str]) -> None:
    page = a_page(*a_couple(*zones)).settle()
    dates = [today_in(zone) for zone in zones]
    # The day that both can answer comes first, also if the next date has started.
    for phone in page.both:
        expect(phone.root.get_by_role("heading", level=3)).to_have_text(titled(dates[0]))
    expect(page.ben.prompt).to_have_text(page.ada.prompt.inner_text())
    day = dates[0].isoformat()
    page.ada.seal(COFFEE, day)
    page.ben.open("Today")
    page.ben.answer(RIVER, day)
    for phone in page.both:
        expect(phone.root.get_by_role("article", name=f"Prompt for {titled(dates[0])}")).to_contain_text(
            "Both are open."
        )


@pytest.mark.parametrize("zones", FAR_APART)
def test_a_push_opens_its_date(a_page: NewPage, a_couple: NewCouple, zones: tuple[str, str]) -> None:
    """Ben, whose clock is ahead, answers a date. Ada follows the push to that date, and answers there."""
    page = a_page(*a_couple(*zones)).settle()
    date = today_in(zones[1])
    page.ada.press("Lock the phone")
    page.ben.answer(RIVER, date.isoformat())
    page.ada.root.locator(".lock .notice").click()
    page.ada.root.locator(f"#a-answer-{date}").fill(COFFEE)
    page.ada.root.locator(f"#a-seal-{date}").click()
    expect(page.ada.content).to_contain_text(RIVER)
    expect(page.ben.content).to_contain_text("Both are open.")


def test_the_next_date_is_shown_once_the_partner_has_answered_it(a_page: NewPage, a_couple: NewCouple) -> None:
    page = a_page(*a_couple(*DATE_APART)).settle()
    today, following = (today_in(zone) for zone in DATE_APART)
    expect(page.ada.days).to_have_count(1)
    page.ben.answer(RIVER, following.isoformat())
    page.ben.sees("Both open once Ada has answered too.")
    page.ada.open("Today")
    expect(page.ada.root.get_by_role("heading", level=3)).to_have_text(titled(today))
    expect(page.ada.root.get_by_role("heading", name=f"{following:%A} is open, too")).to_be_visible()
    page.ada.answer(COFFEE, following.isoformat())
    page.ada.sees("Both are open.")


def test_a_push_of_another_date_opens_the_journal_there(a_page: NewPage, a_couple: NewCouple) -> None:
    """The tab "Today" lacks some dates between the zones that are farthest apart."""
    ada, ben = a_couple(*DATE_APART)
    page = a_page(ada, ben).settle()
    date = today_in(DATE_APART[1]).isoformat()
    page.session.page.route("**/v1/today", only_today)
    page.ada.press("Lock the phone")
    ben.answer(date, RIVER)
    page.ada.root.locator(".lock .notice").click()
    expect(page.ada.root.get_by_role("heading", name="Your days")).to_be_visible()
    page.ada.root.locator(".entry[open] textarea").fill(COFFEE)
    page.ada.root.locator(".entry[open] .primary").click()
    expect(page.ada.root.locator(".entry[open]")).to_contain_text(RIVER)


def test_a_swap_gives_both_another_prompt_once(two: TwoPhones) -> None:
    before = two.ada.prompt.inner_text()
    two.ada.press("Try another prompt")
    expect(two.ada.prompt).not_to_have_text(before)
    two.ben.open("Today")
    expect(two.ben.prompt).to_have_text(two.ada.prompt.inner_text())
    for phone in two.both:
        expect(phone.root.get_by_role("button", name="Try another prompt")).to_have_count(0)


def test_an_answer_shows_as_sealed_while_other_requests_are_pending(two: TwoPhones) -> None:
    # No request times out, and the minute never changes, so neither draws the screen again.
    two.session.page.evaluate("AbortSignal.timeout = () => new AbortController().signal")
    two.session.page.clock.set_fixed_time(dt.datetime.fromtimestamp(now(), dt.UTC))
    two.session.page.route(re.compile("/v1/(touch|nudges)"), lambda _: None)
    two.ada.open("Today")
    two.ada.seal(COFFEE)


def test_a_late_reply_from_before_an_answer_does_not_hide_the_answer(two: TwoPhones) -> None:
    page = two.session.page
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/v1/today", lambda route: late.append((route, route.fetch())), times=1)
    with page.expect_request("**/v1/today"):
        two.ada.press("Today")
    page.route(re.compile("/v1/(touch|nudges)"), lambda _: None)
    two.ada.answer(COFFEE)
    sealed = two.ada.root.get_by_text("Both open once Ben has answered too.")
    expect(sealed).to_be_visible()
    ((route, reply),) = late
    with page.expect_request("**/v1/touch/today"):  # when this request comes, the screen already shows the reply
        route.fulfill(response=reply)
    assert sealed.is_visible()


def test_a_reply_that_is_not_of_the_api_changes_nothing_on_the_screen(two: TwoPhones) -> None:
    """For example a hotel's sign-in page, or a connection that drops in the middle of a reply."""
    two.ada.days.locator("textarea").fill(COFFEE)
    page = two.session.page
    page.route("**/v1/me", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>Welcome"))
    two.ada.press("Today")
    expect(two.ada.root.get_by_role("alert")).to_contain_text("Nothing is lost.")
    page.unroute("**/v1/me")
    two.ada.open("Journal")
    two.ada.open("Today")
    expect(two.ada.root.get_by_role("alert")).to_be_empty()
    expect(two.ada.days.locator("textarea")).to_have_value(COFFEE)


def test_sharing_first_can_be_taken_back_while_editing(two: TwoPhones) -> None:
    first = two.ada.root.get_by_label("Share mine with my partner right away")
    first.check()
    two.ada.answer(COFFEE)
    two.ada.press("Edit")
    first.uncheck()
    two.ben.open("Us")
    two.ben.press("A hug")
    expect(two.ada.root.locator(".nudge")).to_be_visible()  # it appears with the next refresh
    expect(first).not_to_be_checked()
    two.ada.days.locator(".primary").click()
    two.ada.sees("Yours is sealed.")


def test_a_change_on_another_phone_shows_before_it_is_replaced(a_page: NewPage, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    page.ada.answer(COFFEE)
    page.ada.press("Edit")
    words = page.ada.days.locator("textarea")
    words.fill("On a third thought.")
    ada.answer(ada.today(), RIVER, revision=1)
    page.ada.press("Today")
    page.ada.sees("You changed your answer on another phone.")
    expect(page.ada.content).to_contain_text(RIVER)
    expect(words).to_have_value("On a third thought.")
    page.ada.days.locator(".primary").click()
    page.ada.sees("Yours is sealed.")
    expect(page.ada.content).to_contain_text("On a third thought.")


def test_a_form_keeps_its_changes_until_it_is_saved(a_page: NewPage) -> None:
    page = a_page()
    page.ada.root.get_by_label("What should we call you?").fill("Ada")
    page.ada.press("Lock the phone")
    page.ada.press("Open")
    expect(page.ada.root.get_by_label("What should we call you?")).to_have_value("Ada")
    page.ada.start("Ada")
    page.ada.unfold("About me")
    name = page.ada.root.get_by_label("My name")
    name.fill("Adele")
    code = page.ada.invite()
    page.ada.root.get_by_label("I have a code").focus()
    page.ben.start("Ben")
    page.ben.root.get_by_label("I have a code").fill(code)
    expect(name).to_have_value("Adele")
    page.ada.root.locator("#a-form-profile").get_by_role("button", name="Save").click()
    expect(page.ada.root.get_by_role("heading", name="Adele")).to_be_visible()


def test_a_draft_stays_after_the_partner_swaps_the_prompt(two: TwoPhones) -> None:
    two.ada.days.locator("textarea").fill(COFFEE)
    before = two.ada.prompt.inner_text()
    two.ben.press("Try another prompt")
    expect(two.ben.prompt).not_to_have_text(before)
    two.session.page.reload()
    expect(two.ada.prompt).to_have_text(two.ben.prompt.inner_text())
    two.ada.sees("The prompt has changed since you started writing.")
    two.ada.days.locator(".primary").click()
    two.ada.sees("Both open once Ben has answered too.")
    expect(two.ada.content).to_contain_text(COFFEE)


def test_the_focus_stays_with_a_keyboard_user(a_page: NewPage, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    journal = page.ada.root.get_by_role("button", name="Journal")
    journal.focus()
    page.session.page.keyboard.press("Enter")
    expect(page.ada.root.get_by_role("heading", name="Your days")).to_be_visible()
    expect(page.ada.root.locator(".loading")).to_have_count(0)
    expect(journal).to_be_focused()
    page.ada.root.get_by_role("button", name="Lock the phone").focus()
    page.session.page.keyboard.press("Enter")
    unlock = page.ada.root.get_by_role("button", name="Open", exact=True)
    expect(unlock).to_be_focused()
    ben.call("POST", "/v1/nudges", {"gesture": "hug"}, status=201)
    expect(page.ada.root.locator(".lock .notice")).to_be_visible()
    expect(unlock).to_be_focused()


def test_a_nudge_comes_to_the_lock_screen_and_opens_its_tab(two: TwoPhones) -> None:
    two.ben.press("Lock the phone")
    two.ada.open("Us")
    two.ada.press("A hug")
    two.ada.sees("2 left for now")
    notice = two.ben.root.locator(".lock .notice")
    expect(notice).to_be_visible()
    assert "Ada" not in notice.inner_text()
    notice.click()
    expect(two.ben.root.locator(".nudge")).to_have_text("Ada: A hug")


def test_the_next_reminders_come_on_demand(two: TwoPhones) -> None:
    two.session.press("Send next reminders")
    for phone in two.both:
        expect(phone.root.locator(".lock .notice")).to_be_visible()
    expect(two.session.page.locator("#stage-note")).to_contain_text("The schedule ran up to")


def test_starting_over_asks_first(two: TwoPhones) -> None:
    two.session.page.once("dialog", lambda dialog: dialog.dismiss())
    two.session.press("Start over")
    expect(two.ada.prompt).to_be_visible()
    two.session.page.once("dialog", lambda dialog: dialog.accept())
    two.session.press("Start over")
    for phone in two.both:
        expect(phone.root.get_by_role("button", name="Start")).to_be_visible()


def test_disconnecting_closes_the_shared_days_and_blames_nobody(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    two.ben.await_banner()
    two.ada.open("Me")
    two.ada.unfold("Disconnect")
    # A double press changes nothing.
    two.ada.root.get_by_role("button", name="Disconnect", exact=True).dblclick()
    two.ada.press("Disconnect")
    two.ada.press("Yes, disconnect now")
    two.ada.expect_unpaired()

    two.ben.open("Us")
    two.ben.expect_unpaired()
    two.ben.sees("You two are no longer connected.")
    assert "Ada" not in two.ben.root.inner_text()


def downloaded(phone: OnScreen, label: str, extension: str) -> Path:
    """Save a copy of the export, and return the file."""
    with phone.root.page.expect_download() as download:
        phone.press(label)
    name = f"rekindle-{today_in(LONDON)}.{extension}"
    assert download.value.suggested_filename == name
    expect(phone.root.get_by_role("status").filter(has_text=f"in {name}")).to_be_visible()
    return Path(download.value.path()).rename(Path(download.value.path()).with_suffix(f".{extension}"))


def saved(phone: OnScreen) -> Any:
    """Save the export for other apps, and return the file's content."""
    return json.loads(downloaded(phone, "Save for other apps", "json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("both", [True, False], ids=["both go on", "one starts fresh"])
def test_two_who_pair_again_are_asked_alone_whether_they_go_on(two: TwoPhones, *, both: bool) -> None:
    two.answer(COFFEE, RIVER)
    two.ada.open("Me")
    two.ada.unfold("Disconnect")
    two.ada.press("Disconnect")
    two.ada.press("Yes, disconnect now")
    two.ada.expect_unpaired()
    two.ben.open("Us")
    two.ben.expect_unpaired()

    two.ben.redeem(two.ada.invite())
    two.ben.sees("You two were together before")
    two.ada.sees("Read this to your partner:")  # she is not asked yet
    two.ben.press("Yes, go on where we stopped" if both else "No, start fresh")
    two.ben.sees("Almost there")
    two.ada.sees("Would you like to go on where you stopped?")
    two.ada.press("Yes, go on where we stopped")
    for phone in two.both:
        expect(phone.root.locator(".tabbar")).to_be_visible()
        phone.open("Journal")
        phone.root.locator(".entry > summary").click()  # the new couple has the same date, without its words
        for text in (COFFEE, RIVER):
            expect(phone.content.get_by_text(text)).to_have_count(1 if both else 0)


def test_an_export_has_all_open_answers_and_after_disconnecting_only_one_s_own_words(two: TwoPhones) -> None:
    two.answer(COFFEE, RIVER)
    two.ada.open("Me")
    two.ada.unfold("What I wrote")
    (entry,) = saved(two.ada)["entries"]
    assert (entry["answer"]["text"], entry["partner"]["text"]) == (COFFEE, RIVER)

    two.ben.open("Me")
    two.ben.unfold("Disconnect")
    two.ben.press("Disconnect")
    two.ben.press("Yes, disconnect now")
    two.ada.open("Us")
    for phone, own, other in ((two.ada, COFFEE, RIVER), (two.ben, RIVER, COFFEE)):
        phone.expect_unpaired()
        found = saved(phone)
        assert [each["answer"]["text"] for each in found["entries"]] == [own]
        assert [each["included"] for each in found["couples"]] == [True]
        assert other not in json.dumps(found, ensure_ascii=False)
        copy = downloaded(phone, "Save to read and print", "html").read_text(encoding="utf-8")
        assert (own in copy, other in copy) == (True, False)
    assert two.session.barriers() == []


def test_a_copy_is_offered_before_disconnecting_and_to_the_partner_who_is_left(two: TwoPhones) -> None:
    two.answer(COFFEE, RIVER)
    for phone in two.both:
        phone.open("Me")
        phone.unfold("Disconnect")
        phone.sees("You may want to save a copy first.")
        copy = downloaded(phone, "Save to read and print", "html").read_text(encoding="utf-8")
        assert (COFFEE in copy, RIVER in copy) == (True, True)
    two.ada.press("Disconnect")
    two.ada.press("Yes, disconnect now")

    two.session.page.reload()
    two.ben.expect_unpaired()
    two.ben.sees("Be gentle with yourself.")
    assert RIVER in downloaded(two.ben, "Save to read and print", "html").read_text(encoding="utf-8")
    two.ben.press("Where to find help")
    expect(two.ben.root.locator(".help-line").first).to_be_in_viewport()
    assert two.session.barriers() == []


MARKUP = "<img src=x onerror='document.title=1'></p><script>document.title = 2</script>&lt;b&gt;\n\u2028 --> ]]> \"'"
"""A text that is shown as it is, and never becomes elements."""


@pytest.mark.parametrize(
    ("language", "dark", "says"),
    [
        ("en", False, ("My words", "Our days", "Thank you", "what I heard")),
        ("es", False, ("Mis palabras", "Nuestros días", "Gracias", "lo que escuché")),
        ("fr", True, ("Mes mots", "Nos jours à deux", "Merci", "ce que j’ai entendu")),
    ],
)
def test_a_readable_copy_is_one_file_in_the_person_s_language(
    browser: Browser,
    a_page: NewPage,
    a_couple: NewCouple,
    tmp_path: Path,
    language: str,
    *,
    dark: bool,
    says: tuple[str, ...],
) -> None:
    ada, ben = a_couple()
    ada.call("PUT", "/v1/me", {"display_name": "Ada <b>&amp;", "zone": LONDON, "language": language})
    date = ada.today()
    ada.answer(date, MARKUP)
    ben.answer(date, HEBREW)
    ada.call("PUT", f"/v1/days/{date}/reflection", {"kind": "heard", "text": f"{MARKUP} {RIVER}"})
    ben.call("PUT", f"/v1/days/{date}/reflection", {"kind": "thank_you", "text": None})
    prompt = ada.call("GET", f"/v1/days/{date}")["prompt"]["text"]
    page = a_page(ada, ben).settle()
    page.ada.open("Me")
    page.ada.unfold("What I wrote")
    file = downloaded(page.ada, "Save to read and print", "html")

    context = browser.new_context(color_scheme="dark" if dark else "light")
    reader = BrowserSession(page.session.stack, context, context.new_page())
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.page.on("console", reader.hear)
    reader.page.goto(file.as_uri())
    shown = reader.page.locator("body").inner_text()
    for text in (*says, prompt, HEBREW, "Ada <b>&amp;", "Ben", f"{today_in(LONDON).year}"):
        assert text in shown
    quotes = reader.page.locator("blockquote")
    assert [quotes.nth(index).text_content() for index in range(3)] == [MARKUP, HEBREW, says[2]]
    expect(quotes).to_have_count(4)
    assert reader.page.title() == f"{says[0]}: Ada <b>&amp;"
    assert reader.page.locator("html").get_attribute("lang") == language
    assert reader.page.locator("img, script, b, link, iframe, [style], [onerror]").count() == 0
    assert asked == [file.as_uri()]
    assert reader.page.locator("h1").evaluate("each => getComputedStyle(each).fontSize") == "35.2px"  # its own style
    assert (reader.barriers(), reader.complaints) == ([], [])
    for width in (1280, 390):
        reader.page.set_viewport_size({"width": width, "height": 900})
        assert reader.overflow() <= 0
    printed = reader.page.pdf(path=tmp_path / "copy.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    reader.close()


def test_saving_shows_how_much_is_loaded(two: TwoPhones) -> None:
    """The first page says that more follows. The second page is held back, so that the bar lasts."""
    two.answer(COFFEE, RIVER)
    held: list[tuple[Route, APIResponse]] = []

    def in_two_pages(route: Route) -> None:
        if json.loads(route.request.post_data or "")["next"] is None:
            first = route.fetch()
            route.fulfill(response=first, json=first.json() | {"next": "A" * 24, "progress": 0.4})
        else:
            held.append((route, route.fetch(post_data='{"next": null}')))

    two.session.page.route("**/v1/me/export", in_two_pages)
    two.ada.open("Me")
    two.ada.unfold("What I wrote")
    two.ada.press("Save to read and print")
    bar = two.ada.root.get_by_role("progressbar")
    expect(bar).to_have_js_property("value", 0.4)
    expect(two.ada.root.locator("#a-export-saving")).to_have_text("1 day so far…")
    assert two.session.barriers() == []
    two.ada.root.get_by_role("button", name="Save for other apps").click()  # nothing happens while the first save runs
    with two.session.page.expect_download():
        ((route, last),) = held
        route.fulfill(response=last, json=last.json() | {"entries": []})
    expect(bar).to_have_count(0)


def test_an_export_needs_a_recent_sign_in(a_page: NewPage) -> None:
    """The page's own accounts sign in again by themselves."""
    page = a_page()
    page.ada.start("Ada")
    page.ada.root.get_by_label("Your answer").fill(COFFEE)
    page.ada.press("Save for me")
    page.ada.sees("Only you can see it.")
    (entry,) = saved(page.ada)["entries"]
    assert (entry["kind"], entry["answer"]["text"]) == ("alone", COFFEE)


def test_no_data_of_an_earlier_couple_stays_on_a_phone(a_page: NewPage, a_couple: NewCouple, a_phone: NewPhone) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    words = page.ada.days.locator("textarea")
    words.fill(COFFEE)
    page.session.page.reload()
    expect(words).to_have_value(COFFEE)

    ben.call("DELETE", "/v1/couple", status=204)
    page.session.page.reload()
    page.ada.expect_unpaired()
    pair(ada, a_phone("Cem", LONDON))
    page.session.page.reload()
    page.ada.open("Today")
    expect(words).to_have_value("")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_an_erasure_says_what_it_means_and_leaves_nothing_but_a_receipt(
    a_page: NewPage, a_couple: NewCouple, width: int, *, dark: bool
) -> None:
    persons = a_couple()
    page = a_page(*persons, width=width, dark=dark).settle()
    page.session.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.session.refused |= AFTER_ERASURE
    page.ada.look_at().answer(COFFEE)
    page.ben.look_at().answer(RIVER)
    page.ben.sees("Both are open.")
    page.ada.look_at().open_erasure()
    page.ada.sees("Ben gets no message, and nobody says that you erased your account.")
    page.ada.sees("One exception: if you were ever a couple in Rekindle’s first version, an older key may be left")
    page.ada.unfold("What is left, and until when")
    page.ada.sees("Only if you also work for the practice: your name with the packs")
    assert (page.session.barriers(), page.too_wide()) == ([], [])
    copy = downloaded(page.ada, "Save to read and print", "html").read_text(encoding="utf-8")
    assert (COFFEE in copy, RIVER in copy) == (True, True)

    word, now_button = page.ada.root.get_by_label("type the word erase"), "Erase everything now"
    for other in ("", "delete", "erased"):
        word.fill(other)
        page.ada.press(now_button)
        expect(word).to_be_focused()
    page.session.page.reload()
    expect(word).to_have_value("erased")
    word.fill(" Erase ")
    assert page.session.barriers() == []
    page.ada.press(now_button)
    expect(page.ada.root.get_by_role("heading", name="Your account is erased")).to_be_focused()
    receipt = page.ada.root.locator(".receipt").inner_text()
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", receipt)
    page.ada.press("Copy the number")
    expect(page.ada.root.get_by_role("button", name="Copied")).to_be_focused()
    assert page.session.page.evaluate("navigator.clipboard.readText()") == receipt
    kept = page.session.page.evaluate("sessionStorage['rekindle.phone.a']")
    assert [each for each in (persons[0].uid, COFFEE, RIVER, persons[0].token, "Ada", "Ben") if each in kept] == []

    page.session.page.reload()  # the receipt is still there
    page.ada.sees("Everything is removed.")
    page.ada.sees("Nobody can read your words anymore, not even from a backup.")
    expect(page.ada.root.locator(".receipt")).to_have_text(receipt)
    expect(page.ada.root.get_by_text("The keys to everything you wrote")).to_be_visible()
    assert (page.session.barriers(), page.too_wide()) == ([], [])
    page.ada.press("I have kept the number")
    expect(page.ada.root.get_by_role("button", name="Start")).to_be_visible()
    assert receipt not in page.session.page.evaluate("JSON.stringify(sessionStorage)")
    page.ada.unfold("I erased an account")
    page.ada.root.get_by_label("The number of my receipt").fill(receipt.lower())
    page.ada.press("Show what was removed")
    page.ada.sees("Everything is removed.")
    assert (page.session.barriers(), page.too_wide()) == ([], [])

    page.ben.look_at().expect_unpaired()
    page.ben.sees("You two are no longer connected.")
    assert [each for each in ("Ada", "erased") if each in page.ben.root.inner_text()] == []


def test_a_receipt_without_the_keys_says_that_an_older_key_is_left(a_page: NewPage) -> None:
    """A couple of version 0.1.0 may have such a key. Then the phone does not say that nobody can read the words."""

    def without_keys(route: Route) -> None:
        at = "2026-03-02T15:00:00Z"
        finished = None if "11111" in route.request.url else at
        removed = [{"what": "answers", "at": at}]
        route.fulfill(json={"requested_at": at, "finished_at": finished, "removed": removed})

    page = a_page()
    page.session.page.route("**/v1/erasures/**", without_keys)
    page.ada.look_at().unfold("I erased an account")
    number, left = page.ada.root.get_by_label("The number of my receipt"), "One older key from Rekindle’s first version"
    for receipt, says in (("11111", "The rest follows within minutes."), ("22222", "Everything else is removed.")):
        number.fill("-".join([receipt] * 4))
        page.ada.press("Show what was removed")
        page.ada.sees(says)
        expect(page.ada.root.get_by_text("Nobody can read your words anymore")).to_have_count(0)
        expect(page.ada.root.get_by_text(left)).to_have_count(0 if receipt == "11111" else 1)
    assert (page.session.barriers(), page.too_wide()) == ([], [])


def test_an_erasure_needs_a_recent_sign_in(a_page: NewPage, a_couple: NewCouple) -> None:
    page = a_page(*a_couple(), signed_in_ago=3600).settle()
    page.session.refused |= {403, *AFTER_ERASURE}
    page.ada.open_erasure()
    page.ada.root.get_by_label("type the word erase").fill("erase")
    page.ada.press("Erase everything now")
    page.ada.sees("Nothing is erased yet.")
    assert page.session.barriers() == []
    page.session.page.reload()
    page.ada.press("Erase everything now")
    page.ada.press("Sign in again")
    expect(page.ada.root.get_by_role("button", name="Erase everything now")).to_be_focused()
    page.ada.press("Erase everything now")
    expect(page.ada.root.locator(".receipt")).to_be_visible()


def test_a_person_can_still_keep_their_account(two: TwoPhones) -> None:
    two.ada.open_erasure()
    two.ada.root.get_by_label("type the word erase").fill("erase")
    two.ada.press("No, keep my account")
    expect(two.ada.root.locator("summary", has_text="Erase my account")).to_be_focused()
    two.ada.unfold("Erase my account")
    two.ada.press("Go to the page: erase my account")
    expect(two.ada.root.get_by_label("type the word erase")).to_have_value("")
    two.ada.open("Today")
    expect(two.ada.prompt).to_be_visible()


def test_a_phone_forgets_somebody_who_erased_their_account_on_another(a_page: NewPage, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    page.session.refused |= AFTER_ERASURE
    page.ada.days.locator("textarea").fill(COFFEE)
    ada.call("DELETE", "/v1/me", status=202)
    page.ada.press("Journal")
    expect(page.ada.root.get_by_role("alert")).to_contain_text("You have erased your account.")
    expect(page.ada.root.get_by_role("button", name="Start")).to_be_visible()
    kept = page.session.page.evaluate("sessionStorage['rekindle.phone.a']")
    assert [each for each in (ada.uid, ada.token, COFFEE) if each in kept] == []


def test_signing_out_everywhere_asks_first_and_leads_back(two: TwoPhones) -> None:
    two.session.refused.add(401)
    two.ada.open("Me")
    two.ada.unfold("My devices")
    # A double press changes nothing.
    two.ada.root.get_by_role("button", name="Sign out everywhere", exact=True).dblclick()
    two.ada.press("Sign out everywhere")
    two.ada.press("Yes, sign out everywhere")
    expect(two.ada.root.get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
    assert "Ben" not in two.ada.root.inner_text()
    time.sleep(1)  # tokens have whole seconds, so a sign-in in the second of the sign-out is refused
    two.ada.press("Sign in again")
    two.ada.unfold("My devices")
    expect(two.ada.root.get_by_role("button", name="Sign out everywhere", exact=True)).to_be_visible()
    expect(two.ben.prompt).to_be_visible()


def test_a_pause_is_for_both_until_either_ends_it(two: TwoPhones) -> None:
    two.ada.open("Me")
    two.ada.unfold("Pause")
    two.ada.press("Take a pause")
    two.ada.sees("You two are taking a pause.")
    two.ben.open("Us")
    expect(two.ben.root.locator('.month .dot[data-mark="paused"]')).to_have_count(1)
    two.ben.open("Today")
    expect(two.ben.root.locator(".pause-note")).to_be_visible()
    two.ben.open("Me")
    two.ben.unfold("Pause")
    two.ben.press("End the pause today")
    expect(two.ben.root.get_by_role("button", name="Take a pause")).to_be_visible()
    two.ada.open("Today")
    expect(two.ada.prompt).to_be_visible()
    expect(two.ada.root.locator(".pause-note")).to_have_count(0)


def test_a_refusal_shows_in_the_api_s_own_words(a_page: NewPage) -> None:
    page = a_page()
    page.ada.start("Ada")
    page.ada.root.get_by_label("I have a code").fill("AAAAA-AAAAA")
    page.ada.press("Use this code")
    expect(page.ada.root.get_by_role("alert")).to_contain_text(
        "This code does not work. Ask your partner for a new one."
    )
    page.session.refused.add(422)
    page.ada.root.get_by_label("I have a code").fill("K7MP2-QRX9O")
    page.ada.press("Use this code")
    expect(page.ada.root.get_by_role("alert")).to_contain_text("A code never contains O.")


def test_an_ended_sign_in_leads_back(a_page: NewPage, a_couple: NewCouple) -> None:
    """Firebase answers the refresh token with a 400, as after a change of password."""
    page = a_page(*a_couple(), ended=True)
    page.session.refused.add(400)
    for phone in page.both:
        expect(phone.root.get_by_role("alert").get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
        assert page.session.barriers() == []
        phone.press("Sign in again")
    page.settle()


def test_a_token_that_the_api_refuses_ends_the_sign_in_and_keeps_the_drafts(
    a_page: NewPage, a_couple: NewCouple
) -> None:
    page = a_page(*a_couple()).settle()
    page.session.refused.add(401)
    words, ended = (
        page.ada.days.locator("textarea"),
        page.ada.root.get_by_role("heading", name="Your sign-in has ended"),
    )
    words.fill(COFFEE)
    page.ada.open("Me")
    page.ada.unfold("About me")
    name = page.ada.root.get_by_label("My name")
    name.fill("Adele")
    page.session.page.route(
        "**/phones/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"})
    )
    page.ada.press("Save")
    expect(ended).to_be_visible()
    assert "Ben" not in page.ada.root.inner_text()
    page.session.page.unroute("**/phones/api/**")
    page.ada.press("Sign in again")
    expect(name).to_have_value("Adele")
    page.ada.press("Save")
    expect(page.ada.root.get_by_role("heading", name="Adele", exact=True)).to_be_visible()
    page.ada.open("Today")
    expect(words).to_have_value(COFFEE)


@pytest.mark.parametrize("status", [429, 503])
def test_a_sign_in_that_cannot_be_renewed_for_now_is_kept(a_page: NewPage, a_couple: NewCouple, status: int) -> None:
    page = a_page(*a_couple())
    page.settle()
    session, again = page.session.page, page.ada.root.get_by_role("button", name="Try again")
    page.session.refused.add(status)
    renewals = "**/securetoken.googleapis.com/**"
    # The ID tokens end while nobody can renew them.
    session.evaluate(EXPIRE)
    session.route(renewals, lambda route: route.fulfill(status=status, json={}))
    session.reload()
    expect(again).to_be_visible()
    page.ada.sees("Nothing is lost.")
    session.unroute(renewals)
    again.click()
    expect(page.ada.prompt).to_be_visible()


def test_another_person_finds_no_data_of_the_first(a_page: NewPage, a_couple: NewCouple) -> None:
    page = a_page(*a_couple()).settle()
    page.ada.days.locator("textarea").fill(COFFEE)
    page.session.refused.add(401)
    page.session.page.route(
        "**/phones/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"})
    )
    page.ada.press("Journal")
    page.session.page.once("dialog", lambda dialog: dialog.accept())
    page.ada.press("Use another account")
    page.session.page.unroute("**/phones/api/**")
    page.ada.start("Cleo")
    assert COFFEE not in page.session.page.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize("route", ["me", "couple", "today"])
def test_a_failed_load_can_be_tried_again(a_page: NewPage, a_couple: NewCouple, route: str) -> None:
    page = a_page(*a_couple()).settle()
    page.session.refused.add(500)
    pattern, again = f"**/phones/api/v1/{route}", page.ada.root.get_by_role("button", name="Try again")
    page.session.page.route(pattern, lambda route: route.fulfill(status=500, json={}))
    page.session.page.reload()
    expect(again).to_be_visible()
    for wrong in ("Invite your partner", "What should we call you?"):
        expect(page.ada.root.get_by_text(wrong)).to_have_count(0)
    page.session.page.unroute(pattern)
    again.click()
    expect(page.ada.prompt).to_be_visible()


def test_a_text_box_counts_characters_as_the_api_does(two: TwoPhones) -> None:
    """A browser's own limit counts an emoji twice. A pasted text that is too long is neither cut nor sent."""
    words, send = two.ada.days.locator("textarea"), two.ada.days.locator(".primary")
    words.fill("🌷" * 1000)
    expect(two.ada.days.locator(".count")).to_be_hidden()
    words.press("Control+End")
    two.session.page.keyboard.insert_text("👩‍👩‍👧" * 201)  # each has five code points
    expect(two.ada.days.get_by_text("Too long by 5 characters.")).to_be_visible()
    send.click()
    expect(words).to_be_focused()
    expect(words).to_have_value("🌷" * 1000 + "👩‍👩‍👧" * 201)
    assert two.session.barriers() == []
    words.fill("🌷" * 1000 + "👩‍👩‍👧" * 200)
    expect(two.ada.days.get_by_text("0 characters left")).to_be_visible()
    send.click()
    two.ada.sees("Yours is sealed.")


def test_settings_are_kept_and_packs_are_chosen_for_both(two: TwoPhones) -> None:
    two.ada.open("Me")
    two.ada.unfold("About me")
    two.ada.root.get_by_label("How deep prompts can go").select_option("3")
    two.ada.root.get_by_label("Busy, stressful days").check()
    two.ada.root.get_by_label("Hide the streak").check()
    two.ada.press("Save")
    two.ada.sees("Saved.")
    two.ada.unfold("Our packs")
    two.ada.press("Choose: Long distance")
    expect(two.ada.root.get_by_role("button", name="Turn off: Long distance")).to_be_visible()
    two.ben.open("Me")
    two.ben.unfold("Our packs")
    expect(two.ben.root.get_by_role("button", name="Turn off: Long distance")).to_be_visible()
    two.session.page.reload()
    two.ada.unfold("About me")
    expect(two.ada.root.get_by_label("How deep prompts can go")).to_have_value("3")
    two.ada.open("Us")
    expect(two.ada.root.locator(".months")).to_be_visible()
    expect(two.ada.root.locator(".numbers")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_right_to_left_and_large_text_break_nothing(a_page: NewPage, a_couple: NewCouple, width: int) -> None:
    page = a_page(*a_couple(), width=width).settle()
    page.session.page.evaluate("document.documentElement.dir = 'rtl'; document.documentElement.style.fontSize = '200%'")
    page.ada.look_at().answer(HEBREW)
    expect(page.ada.content).to_contain_text(HEBREW)
    page.ben.look_at().answer(HEBREW + "x" * 200)
    expect(page.ben.content).to_contain_text("Both are open.")
    for phone in page.both:
        for where in phone.screens():
            assert page.too_wide() == [], where


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_screen_is_accessible(a_page: NewPage, a_couple: NewCouple, width: int, *, dark: bool) -> None:
    """axe-core checks contrast in light and dark, names, roles and order."""
    fresh = a_page(width=width, dark=dark)
    expect(fresh.ada.root.get_by_role("button", name="Start")).to_be_visible()
    assert fresh.session.barriers() == []
    fresh.ada.start("Ada")
    fresh.ada.invite()
    assert fresh.session.barriers() == []

    page = a_page(*a_couple(), width=width, dark=dark).settle()
    assert page.session.barriers() == []
    page.ada.look_at().answer(COFFEE)
    page.ben.look_at().answer(RIVER)
    expect(page.ben.content).to_contain_text("Both are open.")
    assert page.session.barriers() == []
    for where in page.ben.screens():
        assert page.session.barriers() == [], where
    page.ada.press("Lock the phone")
    assert page.session.barriers() == []
