"""Drive the local stack's page with two phones in a real browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from playwright.sync_api import expect

from local.clock import now
from testing.builders import LONDON
from tests.e2e.browser_session import BrowserSession, logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

    from local.stack import Stack
    from tests.e2e.conftest import Phone

IDS: Final = ("a", "b")
PARTS: Final = (
    *("About me", "Reminders", "Our packs", "Pause", "Help", "What I wrote", "My devices", "Disconnect"),
    "Erase my account",
)


@dataclass(frozen=True, slots=True)
class OnScreen:
    """One phone."""

    root: Locator
    show: Locator

    def look_at(self) -> Self:
        """Show this phone. A narrow screen shows one at a time."""
        if self.show.is_visible():
            self.show.click()
        return self

    def start(self, name: str, zone: str = LONDON) -> None:
        """Sign up with a name and a zone."""
        self.look_at().root.get_by_label("What should we call you?").fill(name)
        self.root.get_by_label("Where are you?").select_option(zone)
        self.press("Start")
        self.expect_unpaired()

    def expect_unpaired(self) -> None:
        expect(self.root.get_by_role("heading", name="Invite your partner")).to_be_visible()

    def invite(self) -> str:
        """Create an invite, and return its code."""
        self.press("Invite my partner")
        return self.root.locator(".code").inner_text()

    def redeem(self, code: str) -> None:
        self.root.get_by_label("I have a code").fill(code)
        self.press("Use this code")

    def press(self, name: str) -> None:
        self.look_at().root.get_by_role("button", name=name, exact=True).click()

    def open(self, tab: str) -> None:
        """Open a tab, and wait until it is loaded."""
        self.press(tab)
        expect(self.root.locator(".loading")).to_have_count(0)

    def unfold(self, title: str) -> None:
        """Unfold the part with this title."""
        self.root.locator("summary", has_text=title).click()

    def open_erasure(self) -> None:
        """Open the page that says what an erasure means."""
        self.open("Me")
        self.unfold("Erase my account")
        self.press("Go to the page: erase my account")
        expect(self.root.get_by_role("heading", name="Erase my account")).to_be_focused()

    def screens(self) -> Iterator[str]:
        """Open every screen in turn, and yield its name."""
        for tab in ("Today", "Journal", "Us"):
            self.open(tab)
            yield tab
        self.open("Journal")
        self.root.locator(".entry > summary").first.click()
        self.unfold("Search")
        yield "Journal, unfolded"
        self.open("Me")
        for part in PARTS:
            self.unfold(part)
            yield f"Me, {part}"

    def await_banner(self, text: str = "Rekindle") -> None:
        """Wait for a push to the open phone, whether its banner still shows or not."""
        expect(self.root.locator(".banner")).to_have_attribute("data-log", logged(text))

    @property
    def content(self) -> Locator:
        return self.root.locator(".content")

    @property
    def prompt(self) -> Locator:
        return self.root.locator(".prompt-text").first

    @property
    def days(self) -> Locator:
        return self.root.locator("article.day")

    def answer(self, text: str, date: str | None = None) -> None:
        """Answer the day of a date. Without a date, answer the first day on the screen."""
        day = self.days.first if date is None else self.day_of(date)
        day.locator("textarea").fill(text)
        day.locator(".primary").click()

    def seal(self, text: str, date: str | None = None) -> None:
        """Answer before the partner does."""
        self.answer(text, date)
        self.sees("Both open once Ben has answered too.")

    def sees(self, text: str) -> None:
        """Wait for a text."""
        expect(self.root.get_by_text(text)).to_be_visible()

    def day_of(self, date: str) -> Locator:
        return self.root.locator("article.day", has=self.root.page.locator(f'[id$="answer-{date}"]'))


@dataclass(frozen=True, slots=True)
class TwoPhones:
    """The page with both phones."""

    session: BrowserSession
    ada: OnScreen
    ben: OnScreen

    @classmethod
    def at(
        cls,
        stack: Stack,
        browser: Browser,
        *persons: Phone,
        ended: bool = False,
        signed_in_ago: int = 0,
        **options: Any,
    ) -> Self:
        """Open the page with two signed-in persons, or with nobody signed in.

        `ended` means that Firebase refuses their refresh tokens, and that their ID tokens have expired.
        `signed_in_ago` is in seconds.
        """
        session = BrowserSession.at(stack, browser, "about:blank", **options)
        if persons:
            kept = {
                f"rekindle.phone.{phone_id}": json.dumps(_kept(stack, person, ended=ended, signed_in_ago=signed_in_ago))
                for phone_id, person in zip(IDS, persons, strict=True)
            }
            # Only once: from then on the page stores its own data.
            session.context.add_init_script(
                f"if (location.protocol === 'http:' && !sessionStorage.length) "
                f"Object.assign(sessionStorage, {json.dumps(kept)});"
            )
        session.refused.add(404)  # a person without a couple asks for an open invite, and there may be none
        session.page.goto(stack.phones_url)
        phones = (
            OnScreen(session.page.locator(f"#device-{each}"), session.page.locator(f"#show-{each}")) for each in IDS
        )
        return cls(session, *phones)

    @property
    def both(self) -> tuple[OnScreen, OnScreen]:
        return self.ada, self.ben

    def start(self) -> None:
        """Sign up two persons in London."""
        self.ada.start("Ada")
        self.ben.start("Ben")

    def answer(self, hers: str, his: str) -> None:
        """Let both answer, so that both answers open."""
        self.ada.seal(hers)
        self.ben.answer(his)
        self.ben.sees("Both are open.")

    def settle(self) -> Self:
        """Wait until both phones show their day."""
        for phone in self.both:
            expect(phone.look_at().prompt).to_be_visible()
        return self

    def too_wide(self) -> list[str]:
        """Return descriptions of all elements that are wider than their containers."""
        page = ["the page"] if self.session.overflow() > 0 else []
        wide = "element => element.checkVisibility() && element.scrollWidth > element.clientWidth"
        return [*page, *(each for each in (".content", ".tabbar", ".lock") if self._any(each, wide))]

    def _any(self, selector: str, test: str) -> bool:
        return any(each.evaluate(test) for each in self.session.page.locator(selector).all())


def _kept(stack: Stack, person: Phone, *, ended: bool, signed_in_ago: int) -> dict[str, Any]:
    """Return the data that a phone stores about a sign-in."""
    lifetime = {"lifetime": -1} if ended else {}
    tokens = stack.sign_in(uid=person.uid, ended=ended, signed_in_ago=signed_in_ago, **lifetime)
    session = {
        "idToken": tokens["id_token"],
        "refreshToken": tokens["refresh_token"],
        "expires": int((now() + tokens["expires_in"]) * 1000),
    }
    return {"session": session, "account": {"uid": person.uid}, "device": person.token}
