"""The two phones of the local stack's page in a real browser, driven as a couple would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from playwright.sync_api import expect

from local.clock import now
from tests.e2e.browser_session import BrowserSession, logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

    from local.stack import Stack
    from tests.e2e.conftest import Phone

IDS: Final = ("a", "b")
PARTS: Final = (
    "About me",
    "When Rekindle may speak",
    "Our packs",
    "A pause",
    "Help, one tap away",
    "What I wrote",
    "Parting",
)


@dataclass(frozen=True, slots=True)
class OnScreen:
    """One of the two."""

    root: Locator
    show: Locator

    def look_at(self) -> Self:
        """On a narrow screen there is one phone at a time."""
        if self.show.is_visible():
            self.show.click()
        return self

    def begin(self, name: str, zone: str) -> None:
        """Says who it is, and where."""
        self.look_at().root.get_by_label("What shall we call you?").fill(name)
        self.root.get_by_label("Where are you?").select_option(zone)
        self.press("Begin")
        expect(self.root.get_by_role("heading", name="Bring your partner in")).to_be_visible()

    def press(self, name: str) -> None:
        self.look_at().root.get_by_role("button", name=name, exact=True).click()

    def open(self, tab: str) -> None:
        """Goes to a part of the app, and waits until it is there."""
        self.press(tab)
        expect(self.root.locator(".loading")).to_have_count(0)

    def unfold(self, title: str) -> None:
        """Opens what is folded up under that title."""
        self.root.locator("summary", has_text=title).click()

    def screens(self) -> Iterator[str]:
        """Goes through everything there is to see, and says where it is."""
        for tab in ("Today", "Journal", "Us"):
            self.open(tab)
            yield tab
        self.open("Journal")
        self.root.locator(".entry > summary").first.click()
        self.unfold("Look for a day")
        yield "Journal, unfolded"
        self.open("Me")
        for part in PARTS:
            self.unfold(part)
            yield f"Me, {part}"

    def await_banner(self, text: str = "Rekindle") -> None:
        """Waits for a push that came while the phone was open, whether its banner still shows or not."""
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
        """Answers, or checks off, the day of that date or else today's."""
        day = self.days.first if date is None else self.day_of(date)
        day.locator("textarea").fill(text)
        day.locator(".primary").click()

    def day_of(self, date: str) -> Locator:
        return self.root.locator("article.day", has=self.root.page.locator(f'[id$="answer-{date}"]'))


@dataclass(frozen=True, slots=True)
class TwoPhones:
    """The page with both."""

    session: BrowserSession
    ada: OnScreen
    ben: OnScreen

    @classmethod
    def at(cls, stack: Stack, browser: Browser, *persons: Phone, ended: bool = False, **options: Any) -> Self:
        """The page, with nobody signed in, or with the two persons whose phones these are.

        `ended` means that Firebase refuses their sign-ins, and that their ID tokens have expired.
        """
        session = BrowserSession.at(stack, browser, "about:blank", **options)
        if persons:
            kept = {
                f"rekindle.phone.{phone_id}": json.dumps(_kept(stack, person, ended=ended))
                for phone_id, person in zip(IDS, persons, strict=True)
            }
            # Once: what the page keeps from then on is its own.
            session.context.add_init_script(
                f"if (location.protocol === 'http:' && !sessionStorage.length) "
                f"Object.assign(sessionStorage, {json.dumps(kept)});"
            )
        session.refused.add(404)  # whoever is in no couple asks whether an invite of theirs is open
        session.page.goto(stack.phones_url)
        phones = (OnScreen(session.page.locator(f"#device-{each}"), session.page.locator(f"#show-{each}")) for each in IDS)
        return cls(session, *phones)

    @property
    def both(self) -> tuple[OnScreen, OnScreen]:
        return self.ada, self.ben

    def settle(self) -> Self:
        """Waits until both show their day."""
        for phone in self.both:
            expect(phone.look_at().prompt).to_be_visible()
        return self

    def too_wide(self) -> list[str]:
        """What is wider than its room: the page, or what a phone shows."""
        page = ["the page"] if self.session.overflow() > 0 else []
        wide = "element => element.checkVisibility() && element.scrollWidth > element.clientWidth"
        return [*page, *(each for each in (".content", ".tabbar", ".lock") if self._any(each, wide))]

    def _any(self, selector: str, test: str) -> bool:
        return any(each.evaluate(test) for each in self.session.page.locator(selector).all())


def _kept(stack: Stack, person: Phone, *, ended: bool) -> dict[str, Any]:
    """What a phone keeps of a sign-in."""
    tokens = stack.sign_in(uid=person.uid, ended=ended, **({"lifetime": -1} if ended else {}))
    session = {
        "idToken": tokens["id_token"],
        "refreshToken": tokens["refresh_token"],
        "expires": int((now() + tokens["expires_in"]) * 1000),
    }
    return {"session": session, "account": {"uid": person.uid}, "device": person.token}
