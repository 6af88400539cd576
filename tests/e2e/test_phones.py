"""Two phones in headless Chromium, on the local stack: each a plain client of the API, as a couple uses them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from local.clock import now
from testing.builders import LONDON, NEW_YORK, TOKYO
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
"""Always a date apart, whatever the hour at which this runs."""
FAR_APART = [(NEW_YORK, TOKYO), DATE_APART]
RIVER = "Our walk by the river, when it began to rain."
EXPIRE = """
for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith("rekindle.phone."))) {
  const kept = JSON.parse(sessionStorage[key]);
  kept.session.expires = 0;
  sessionStorage[key] = JSON.stringify(kept);
}
"""
HEBREW = "הבוקר שבו הבאת לי קפה בלי מילה, וישבת לידי עד שהשמש עלתה."


@pytest.fixture
def a_page(stack: Stack, browser: Browser) -> Iterator[NewPage]:
    """Pages, each of which must have nothing to complain of at the end: no error, no script, no policy broken."""
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
    """A couple's phones, with the day open on both."""
    return a_page(*a_couple()).settle()


def today_in(zone: str) -> dt.date:
    return dt.datetime.fromtimestamp(now(), ZoneInfo(zone)).date()


def titled(date: dt.date) -> str:
    return f"{date:%A, %B} {date.day}"


def only_today(route: Route) -> None:
    """Answer `/v1/today` as if no other date were shown there."""
    reply = route.fetch()
    route.fulfill(response=reply, json=reply.json() | {"previous": None, "next": None})


def test_two_people_pair_answer_and_open_their_first_day(a_page: NewPage) -> None:
    page = a_page()
    asked: list[str] = []
    page.session.page.on("request", lambda request: asked.append(request.url))
    page.ada.begin("Ada", LONDON)
    page.ben.begin("Ben", LONDON)

    page.ada.press("Invite my partner")
    page.ben.root.get_by_label("I have a code").fill(page.ada.root.locator(".code").inner_text().lower())
    page.ben.press("Use this code")
    expect(page.ben.root.get_by_text("Almost there")).to_be_visible()
    expect(page.ada.root.get_by_role("heading", name="Is this your partner?")).to_be_visible()
    expect(page.ada.root.locator(".big-name")).to_have_text("Ben")
    page.ada.press("Yes, this is us")
    page.settle()
    expect(page.ben.prompt).to_have_text(page.ada.prompt.inner_text())

    page.ada.answer(COFFEE)
    expect(page.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()
    page.ben.await_banner()  # pushed, while the page stood open
    expect(page.ben.root.get_by_text("sealed until yours is too")).to_be_visible()
    assert COFFEE not in page.ben.root.inner_text()

    page.ben.answer(RIVER)
    for phone in page.both:
        expect(phone.root.get_by_text("Both are open.")).to_be_visible()
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
    assert [url for url in asked if "eyJ" in url] == []  # where every ID token begins


def test_a_late_reply_about_pairing_moves_nobody_from_where_they_are(a_page: NewPage) -> None:
    """The phone learns of the couple from its own look, and the reply to its yes comes after that."""
    page = a_page()
    late: list[tuple[Route, APIResponse]] = []
    page.ada.begin("Ada", LONDON)
    page.ben.begin("Ben", LONDON)
    page.ada.press("Invite my partner")
    page.ben.root.get_by_label("I have a code").fill(page.ada.root.locator(".code").inner_text())
    page.ben.press("Use this code")
    page.session.page.route("**/v1/invites/confirm", lambda route: late.append((route, route.fetch())))
    page.ada.press("Yes, this is us")
    page.settle()

    page.ada.open("Us")
    expect(page.ada.root.locator(".numbers")).to_be_visible()
    ((route, reply),) = late
    with page.session.page.expect_response("**/v1/couple"):
        route.fulfill(response=reply)
    expect(page.ada.root.get_by_role("button", name="Us", exact=True)).to_have_attribute("aria-current", "page")
    expect(page.ada.root.locator(".numbers")).to_be_visible()


def test_a_reload_in_the_middle_of_pairing_loses_nothing(a_page: NewPage) -> None:
    page = a_page()
    page.ada.begin("Ada", LONDON)
    page.ben.begin("Ben", LONDON)
    page.ada.press("Invite my partner")
    code = page.ada.root.locator(".code").inner_text()
    page.session.page.reload()
    expect(page.ada.root.get_by_text("Your invite is open.")).to_be_visible()
    page.ben.root.get_by_label("I have a code").fill(code)
    page.ben.press("Use this code")
    expect(page.ben.root.get_by_text("Almost there")).to_be_visible()
    page.session.page.reload()
    expect(page.ben.root.get_by_text("Almost there")).to_be_visible()
    page.ada.press("Yes, this is us")
    page.settle()


def test_help_is_there_before_anybody_is_two(a_page: NewPage) -> None:
    page = a_page()
    page.ada.begin("Ada", LONDON)
    page.ada.unfold("Help, one tap away")
    expect(page.ada.root.get_by_role("link", name=re.compile("^Call "))).not_to_have_count(0)


def test_help_asks_for_the_country_where_the_zone_tells_none(a_page: NewPage) -> None:
    """Numbers of every country at once would help nobody."""
    page = a_page()
    page.ada.begin("Ada", "UTC")
    page.ada.unfold("Help, one tap away")
    country = page.ada.root.get_by_label("Which country are you in?")
    expect(country).to_be_visible()
    lines = page.ada.root.locator(".help-line")
    expect(lines).to_have_count(1)  # the one that is for everybody
    country.select_option("GB")
    expect(lines).not_to_have_count(1)
    expect(page.ada.root.get_by_text("Samaritans", exact=True)).to_be_visible()


def test_an_answer_is_edited_while_it_is_sealed_and_shared_first_if_its_writer_says_so(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    two.ada.press("Change it")
    two.ada.days.locator("textarea").fill(RIVER)
    two.ada.root.get_by_label("Open mine to my partner at once").check()
    two.ada.days.locator(".primary").click()
    expect(two.ada.root.get_by_text("Yours is open to Ben.")).to_be_visible()
    two.ben.open("Today")
    expect(two.ben.content).to_contain_text(RIVER)
    expect(two.ben.content).to_contain_text("has opened theirs to you first")


def test_each_takes_in_what_the_other_wrote(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    expect(two.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()
    two.ben.answer(RIVER)
    expect(two.ben.root.get_by_text("Both are open.")).to_be_visible()
    details = two.ben.root.locator(".reflect")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    two.ben.root.get_by_label("What I heard you say").fill("That you felt seen before you had said a word.")
    two.ben.press("Send what I heard")
    expect(two.ben.root.locator(".reflection")).to_be_visible()
    # No push tells of it: the other's phone finds it as it looks again.
    expect(two.ada.root.locator(".reflection")).to_contain_text("That you felt seen")
    two.ada.open("Us")
    expect(two.ada.root.get_by_role("img", name="1 day met", exact=True)).to_be_visible()


def test_what_somebody_wrote_alone_is_shown_if_they_say_so(a_page: NewPage, a_phone: NewPhone) -> None:
    ada, ben = a_phone("Ada", LONDON), a_phone("Ben", LONDON)
    page = a_page(ada, ben)
    expect(page.ada.root.get_by_text("While you wait, for yourself")).to_be_visible()
    page.ada.root.get_by_label("Your answer").fill(COFFEE)
    page.ada.press("Keep it for me")
    expect(page.ada.root.get_by_text("Nobody else sees it")).to_be_visible()
    pair(ada, ben)
    page.session.page.reload()
    page.settle()
    page.ben.open("Journal")
    assert COFFEE not in page.ben.content.inner_text()
    page.ada.open("Journal")
    page.ada.press("Show Ben")
    expect(page.ada.root.get_by_role("button", name="Take it back")).to_be_visible()
    page.ben.open("Journal")
    expect(page.ben.content).to_contain_text(COFFEE)


@pytest.mark.parametrize("zones", FAR_APART)
def test_a_day_on_two_clocks_is_one_day(a_page: NewPage, a_couple: NewCouple, zones: tuple[str, str]) -> None:
    page = a_page(*a_couple(*zones)).settle()
    dates = [today_in(zone) for zone in zones]
    # What both can answer comes first on either phone, also where the next date has begun.
    for phone in page.both:
        expect(phone.root.get_by_role("heading", level=3)).to_have_text(titled(dates[0]))
    expect(page.ben.prompt).to_have_text(page.ada.prompt.inner_text())
    day = dates[0].isoformat()
    page.ada.answer(COFFEE, day)
    expect(page.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()
    page.ben.open("Today")
    page.ben.answer(RIVER, day)
    for phone in page.both:
        expect(phone.root.get_by_role("article", name=f"Prompt of {titled(dates[0])}")).to_contain_text(
            "Both are open."
        )


@pytest.mark.parametrize("zones", FAR_APART)
def test_a_push_opens_the_date_that_it_tells_of(a_page: NewPage, a_couple: NewCouple, zones: tuple[str, str]) -> None:
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
    expect(page.ben.root.get_by_text("Both open once Ada has answered too.")).to_be_visible()
    page.ada.open("Today")
    expect(page.ada.root.get_by_role("heading", level=3)).to_have_text(titled(today))
    expect(page.ada.root.get_by_role("heading", name=f"{following:%A} is open, too")).to_be_visible()
    page.ada.answer(COFFEE, following.isoformat())
    expect(page.ada.root.get_by_text("Both are open.")).to_be_visible()


def test_a_push_of_another_date_opens_the_journal_there(a_page: NewPage, a_couple: NewCouple) -> None:
    """Today's tab has no day of two dates ahead, as it is between the zones that are farthest apart."""
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
    two.ada.press("Another prompt, please")
    expect(two.ada.prompt).not_to_have_text(before)
    two.ben.open("Today")
    expect(two.ben.prompt).to_have_text(two.ada.prompt.inner_text())
    for phone in two.both:
        expect(phone.root.get_by_role("button", name="Another prompt, please")).to_have_count(0)


def test_an_answer_is_sealed_on_the_screen_while_something_else_is_still_awaited(two: TwoPhones) -> None:
    # The page never gives the other up, and its clock never comes to the next minute: neither draws the screen anew.
    two.session.page.evaluate("AbortSignal.timeout = () => new AbortController().signal")
    two.session.page.clock.set_fixed_time(dt.datetime.fromtimestamp(now(), dt.UTC))
    two.session.page.route(re.compile("/v1/(touch|nudges)"), lambda _: None)
    two.ada.open("Today")
    two.ada.answer(COFFEE)
    expect(two.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()


def test_what_was_asked_for_before_an_answer_does_not_take_it_off_the_screen(two: TwoPhones) -> None:
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
    with page.expect_request("**/v1/touch/today"):  # by then the screen shows what came
        route.fulfill(response=reply)
    assert sealed.is_visible()


def test_what_is_no_answer_of_the_api_changes_nothing_on_the_screen(two: TwoPhones) -> None:
    """A hotel's page to sign in at, say, or a connection that breaks off in the middle of an answer."""
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


def test_who_does_not_want_to_share_first_any_more_does_not(two: TwoPhones) -> None:
    first = two.ada.root.get_by_label("Open mine to my partner at once")
    first.check()
    two.ada.answer(COFFEE)
    two.ada.press("Change it")
    first.uncheck()
    two.ben.open("Us")
    two.ben.press("A hug")
    expect(two.ada.root.locator(".nudge")).to_be_visible()  # by when all is asked for anew
    expect(first).not_to_be_checked()
    two.ada.days.locator(".primary").click()
    expect(two.ada.root.get_by_text("Yours is sealed.")).to_be_visible()


def test_what_was_changed_on_another_phone_is_shown_before_it_is_replaced(a_page: NewPage, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    page.ada.answer(COFFEE)
    page.ada.press("Change it")
    words = page.ada.days.locator("textarea")
    words.fill("On a third thought.")
    ada.answer(ada.today(), RIVER, revision=1)
    page.ada.press("Today")
    expect(page.ada.root.get_by_text("You have changed it on another phone")).to_be_visible()
    expect(page.ada.content).to_contain_text(RIVER)
    expect(words).to_have_value("On a third thought.")
    page.ada.days.locator(".primary").click()
    expect(page.ada.root.get_by_text("Yours is sealed.")).to_be_visible()
    expect(page.ada.content).to_contain_text("On a third thought.")


def test_what_is_filled_in_stays_until_it_is_saved(a_page: NewPage) -> None:
    page = a_page()
    page.ada.root.get_by_label("What shall we call you?").fill("Ada")
    page.ada.press("Lock the phone")
    page.ada.press("Open")
    expect(page.ada.root.get_by_label("What shall we call you?")).to_have_value("Ada")
    page.ada.begin("Ada", LONDON)
    page.ada.unfold("About me")
    name = page.ada.root.get_by_label("My name")
    name.fill("Adele")
    page.ada.press("Invite my partner")
    expect(page.ada.root.locator(".code")).to_be_visible()
    page.ada.root.get_by_label("I have a code").focus()
    page.ben.begin("Ben", LONDON)
    page.ben.root.get_by_label("I have a code").fill(page.ada.root.locator(".code").inner_text())
    expect(name).to_have_value("Adele")
    page.ada.root.locator("#a-form-profile").get_by_role("button", name="Save").click()
    expect(page.ada.root.get_by_role("heading", name="Adele")).to_be_visible()


def test_what_somebody_is_writing_outlives_a_swap_by_the_other(two: TwoPhones) -> None:
    two.ada.days.locator("textarea").fill(COFFEE)
    before = two.ada.prompt.inner_text()
    two.ben.press("Another prompt, please")
    expect(two.ben.prompt).not_to_have_text(before)
    two.session.page.reload()
    expect(two.ada.prompt).to_have_text(two.ben.prompt.inner_text())
    expect(two.ada.root.get_by_text("The prompt has changed since you began to write.")).to_be_visible()
    two.ada.days.locator(".primary").click()
    expect(two.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()
    expect(two.ada.content).to_contain_text(COFFEE)


def test_who_goes_by_keyboard_keeps_their_place(a_page: NewPage, a_couple: NewCouple) -> None:
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


def test_a_nudge_comes_to_the_lock_screen_and_opens_where_it_says(two: TwoPhones) -> None:
    two.ben.press("Lock the phone")
    two.ada.open("Us")
    two.ada.press("A hug")
    expect(two.ada.root.get_by_text("2 more for now.")).to_be_visible()
    notice = two.ben.root.locator(".lock .notice")
    expect(notice).to_be_visible()
    assert "Ada" not in notice.inner_text()
    notice.click()
    expect(two.ben.root.locator(".nudge")).to_have_text("Ada: A hug")


def test_the_next_reminders_come_when_they_are_asked_for(two: TwoPhones) -> None:
    two.session.press("Next reminders, now")
    for phone in two.both:
        expect(phone.root.locator(".lock .notice")).to_be_visible()
    expect(two.session.page.locator("#stage-note")).to_contain_text("The schedule has come to")


def test_a_fresh_pair_is_begun_by_who_means_it(two: TwoPhones) -> None:
    two.session.page.once("dialog", lambda dialog: dialog.dismiss())
    two.session.press("A fresh pair")
    expect(two.ada.prompt).to_be_visible()
    two.session.page.once("dialog", lambda dialog: dialog.accept())
    two.session.press("A fresh pair")
    for phone in two.both:
        expect(phone.root.get_by_role("button", name="Begin")).to_be_visible()


def test_who_parts_closes_what_was_shared_and_the_other_finds_a_neutral_state(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    two.ben.await_banner()
    two.ada.open("Me")
    two.ada.unfold("Parting")
    # Twice in haste says nothing.
    two.ada.root.get_by_role("button", name="Unpair", exact=True).dblclick()
    two.ada.press("Unpair")
    two.ada.press("Yes, unpair now")
    expect(two.ada.root.get_by_role("heading", name="Bring your partner in")).to_be_visible()

    two.ben.open("Us")
    expect(two.ben.root.get_by_role("heading", name="Bring your partner in")).to_be_visible()
    expect(two.ben.root.get_by_text("You two are not connected here any more.")).to_be_visible()
    assert "Ada" not in two.ben.root.inner_text()


def saved(phone: OnScreen) -> Any:
    """What is in the file that the phone saves."""
    with phone.root.page.expect_download() as download:
        phone.press("Save what I wrote")
    assert download.value.suggested_filename == f"rekindle-{today_in(LONDON)}.json"
    expect(phone.root.get_by_role("status").filter(has_text="in rekindle-")).to_be_visible()
    return json.loads(Path(download.value.path()).read_text(encoding="utf-8"))


def test_an_export_is_all_that_is_open_and_after_parting_one_s_own_words(two: TwoPhones) -> None:
    two.ada.answer(COFFEE)
    expect(two.ada.root.get_by_text("Both open once Ben has answered too.")).to_be_visible()
    two.ben.answer(RIVER)
    expect(two.ben.root.get_by_text("Both are open.")).to_be_visible()
    two.ada.open("Me")
    two.ada.unfold("What I wrote")
    (entry,) = saved(two.ada)["entries"]
    assert (entry["answer"]["text"], entry["partner"]["text"]) == (COFFEE, RIVER)

    two.ben.open("Me")
    two.ben.unfold("Parting")
    two.ben.press("Unpair")
    two.ben.press("Yes, unpair now")
    two.ada.open("Us")
    for phone, own, other in ((two.ada, COFFEE, RIVER), (two.ben, RIVER, COFFEE)):
        expect(phone.root.get_by_role("heading", name="Bring your partner in")).to_be_visible()
        found = saved(phone)
        assert [each["answer"]["text"] for each in found["entries"]] == [own]
        assert [each["included"] for each in found["couples"]] == [True]
        assert other not in json.dumps(found, ensure_ascii=False)
    assert two.session.barriers() == []


def test_an_export_takes_a_sign_in_of_just_now(a_page: NewPage) -> None:
    """The page's own accounts sign in anew; what stands between somebody's phone and whoever finds it is the API."""
    page = a_page()
    page.ada.begin("Ada", LONDON)
    page.ada.root.get_by_label("Your answer").fill(COFFEE)
    page.ada.press("Keep it for me")
    expect(page.ada.root.get_by_text("Nobody else sees it")).to_be_visible()
    (entry,) = saved(page.ada)["entries"]
    assert (entry["kind"], entry["answer"]["text"]) == ("alone", COFFEE)


def test_of_the_old_couple_nothing_is_left_on_a_phone(a_page: NewPage, a_couple: NewCouple, a_phone: NewPhone) -> None:
    ada, ben = a_couple()
    page = a_page(ada, ben).settle()
    words = page.ada.days.locator("textarea")
    words.fill(COFFEE)
    page.session.page.reload()
    expect(words).to_have_value(COFFEE)

    ben.call("DELETE", "/v1/couple", status=204)
    page.session.page.reload()
    expect(page.ada.root.get_by_role("heading", name="Bring your partner in")).to_be_visible()
    pair(ada, a_phone("Cem", LONDON))
    page.session.page.reload()
    page.ada.open("Today")
    expect(words).to_have_value("")


def test_a_pause_is_for_both_until_either_ends_it(two: TwoPhones) -> None:
    two.ada.open("Me")
    two.ada.unfold("A pause")
    two.ada.press("Take a pause")
    expect(two.ada.root.get_by_text("You two are taking a pause.")).to_be_visible()
    two.ben.open("Us")
    expect(two.ben.root.locator('.month .dot[data-mark="paused"]')).to_have_count(1)
    two.ben.open("Today")
    expect(two.ben.root.locator(".pause-note")).to_be_visible()
    two.ben.open("Me")
    two.ben.unfold("A pause")
    two.ben.press("End it today")
    expect(two.ben.root.get_by_role("button", name="Take a pause")).to_be_visible()
    two.ada.open("Today")
    expect(two.ada.prompt).to_be_visible()
    expect(two.ada.root.locator(".pause-note")).to_have_count(0)


def test_what_the_api_refuses_is_said_in_its_own_kind_words(a_page: NewPage) -> None:
    page = a_page()
    page.ada.begin("Ada", LONDON)
    page.ada.root.get_by_label("I have a code").fill("AAAAA-AAAAA")
    page.ada.press("Use this code")
    expect(page.ada.root.get_by_role("alert")).to_contain_text(
        "This code does not work. Ask your partner for a new one."
    )
    page.session.refused.add(422)
    page.ada.root.get_by_label("I have a code").fill("K7MP2-QRX9O")
    page.ada.press("Use this code")
    expect(page.ada.root.get_by_role("alert")).to_contain_text("There is no O in a code.")


def test_a_sign_in_that_has_ended_says_so_and_leads_back(a_page: NewPage, a_couple: NewCouple) -> None:
    """Firebase refuses the refresh token with a 400, as after a change of password."""
    page = a_page(*a_couple(), ended=True)
    page.session.refused.add(400)
    for phone in page.both:
        expect(phone.root.get_by_role("alert").get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
        assert page.session.barriers() == []
        phone.press("Sign in again")
    page.settle()


def test_a_token_that_the_api_refuses_ends_the_sign_in_and_no_draft(a_page: NewPage, a_couple: NewCouple) -> None:
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
    page.session.page.route("**/phones/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))
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
def test_a_sign_in_that_cannot_be_renewed_just_now_is_kept(a_page: NewPage, a_couple: NewCouple, status: int) -> None:
    page = a_page(*a_couple())
    page.settle()
    session, again = page.session.page, page.ada.root.get_by_role("button", name="Try again")
    page.session.refused.add(status)
    renewals = "**/securetoken.googleapis.com/**"
    # Their ID tokens end while nobody can renew them.
    session.evaluate(EXPIRE)
    session.route(renewals, lambda route: route.fulfill(status=status, json={}))
    session.reload()
    expect(again).to_be_visible()
    expect(page.ada.root.get_by_text("Nothing is lost.")).to_be_visible()
    session.unroute(renewals)
    again.click()
    expect(page.ada.prompt).to_be_visible()


def test_whoever_signs_in_as_somebody_else_finds_nothing_of_the_first(a_page: NewPage, a_couple: NewCouple) -> None:
    page = a_page(*a_couple()).settle()
    page.ada.days.locator("textarea").fill(COFFEE)
    page.session.refused.add(401)
    page.session.page.route("**/phones/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))
    page.ada.press("Journal")
    page.session.page.once("dialog", lambda dialog: dialog.accept())
    page.ada.press("I am somebody else")
    page.session.page.unroute("**/phones/api/**")
    page.ada.begin("Cleo", LONDON)
    assert COFFEE not in page.session.page.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize("route", ["me", "couple", "today"])
def test_what_could_not_be_loaded_can_be_asked_for_again(a_page: NewPage, a_couple: NewCouple, route: str) -> None:
    page = a_page(*a_couple()).settle()
    page.session.refused.add(500)
    pattern, again = f"**/phones/api/v1/{route}", page.ada.root.get_by_role("button", name="Try again")
    page.session.page.route(pattern, lambda route: route.fulfill(status=500, json={}))
    page.session.page.reload()
    expect(again).to_be_visible()
    for wrong in ("Bring your partner in", "What shall we call you?"):
        expect(page.ada.root.get_by_text(wrong)).to_have_count(0)
    page.session.page.unroute(pattern)
    again.click()
    expect(page.ada.prompt).to_be_visible()


def test_a_text_box_counts_characters_as_the_api_does(two: TwoPhones) -> None:
    """A browser's own limit counts an emoji twice. A longer text that is pasted is neither cut nor sent."""
    words, send = two.ada.days.locator("textarea"), two.ada.days.locator(".primary")
    words.fill("🌷" * 1000)
    expect(two.ada.days.locator(".count")).to_be_hidden()
    words.press("Control+End")
    two.session.page.keyboard.insert_text("👩‍👩‍👧" * 201)  # of five characters each
    expect(two.ada.days.get_by_text("Too long by 5 characters.")).to_be_visible()
    send.click()
    expect(words).to_be_focused()
    expect(words).to_have_value("🌷" * 1000 + "👩‍👩‍👧" * 201)
    assert two.session.barriers() == []
    words.fill("🌷" * 1000 + "👩‍👩‍👧" * 200)
    expect(two.ada.days.get_by_text("0 characters left")).to_be_visible()
    send.click()
    expect(two.ada.root.get_by_text("Yours is sealed.")).to_be_visible()


def test_a_name_of_fifty_emoji_is_a_name(a_page: NewPage) -> None:
    page = a_page()
    name = page.ada.root.get_by_label("What shall we call you?")
    name.fill("🌷" * 51)
    page.ada.press("Begin")
    expect(page.ada.root.get_by_text("Too long by 1 character.")).to_be_visible()
    page.ada.begin("🌷" * 50, LONDON)


def test_settings_are_kept_and_packs_are_chosen_for_both(two: TwoPhones) -> None:
    two.ada.open("Me")
    two.ada.unfold("About me")
    two.ada.root.get_by_label("How deep prompts may go").select_option("3")
    two.ada.root.get_by_label("Busy, stressful days").check()
    two.ada.root.get_by_label("Hide the streak").check()
    two.ada.press("Save")
    expect(two.ada.root.get_by_text("Saved.")).to_be_visible()
    two.ada.unfold("Our packs")
    two.ada.press("Choose: Long distance")
    expect(two.ada.root.get_by_role("button", name="Put aside: Long distance")).to_be_visible()
    two.ben.open("Me")
    two.ben.unfold("Our packs")
    expect(two.ben.root.get_by_role("button", name="Put aside: Long distance")).to_be_visible()
    two.session.page.reload()
    two.ada.unfold("About me")
    expect(two.ada.root.get_by_label("How deep prompts may go")).to_have_value("3")
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
def test_nothing_stands_in_the_way_of_anybody(a_page: NewPage, a_couple: NewCouple, width: int, *, dark: bool) -> None:
    """What axe-core can see: contrast in light and dark, names, roles, order."""
    fresh = a_page(width=width, dark=dark)
    expect(fresh.ada.root.get_by_role("button", name="Begin")).to_be_visible()
    assert fresh.session.barriers() == []
    fresh.ada.begin("Ada", LONDON)
    fresh.ada.press("Invite my partner")
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
