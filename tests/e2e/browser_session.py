"""A session at the practice: the console in a real browser, driven as a person would, and everything that it complains of.

Chromium comes from the machine and not from the driver, which would download one of its own.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, FilePayload, expect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright

    from local.stack import Stack

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
PASSWORD: Final = "rekindle"
ACTION_MILLISECONDS: Final = 60_000
"""How long a click waits for what it clicks, on a busy machine, too."""
EDITOR: Final = "editor@practice.example"
WRITER: Final = "writer@practice.example"
READER: Final = "reader@practice.example"
_SWITCHES: Final = (
    "--no-sandbox",  # a container's root may not make another
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Else it asks for updates and more of hosts that no test needs.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WATCH: Final = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
_LOG: Final = """
// A message that shows for some seconds is kept where it showed, so that a test of a busy machine finds it afterwards.
new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    const region = addedNodes.length ? target.closest?.("#notices, .device > .frame .banner") : null;
    if (!region) continue;
    region.dataset.log = [region.dataset.log ?? "", ...[...addedNodes].map((each) => each.textContent)].join("\\n");
  }
}).observe(document, { childList: true, subtree: true });
"""
_OVERFLOW: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_REFUSED: Final = re.compile(r"the server responded with a status of (\d+)")
_GRAVE: Final = {"serious", "critical"}


def browser_path() -> str | None:
    """This machine's Chromium; None if it has none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def launched(playwright: Playwright, path: str) -> Browser:
    """A browser without a window."""
    return playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))


@dataclass
class BrowserSession:
    """One person's browser, with storage of its own. `refused` are the statuses that the test provokes.

    Without slots, since Playwright writes onto whoever listens to it.
    """

    stack: Stack
    context: BrowserContext
    page: Page
    refused: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def at(
        cls,
        stack: Stack,
        browser: Browser,
        url: str | None = None,
        *,
        width: int = 1280,
        dark: bool = False,
        **options: Any,
    ) -> BrowserSession:
        """A session with the sign-in page open, or that of the URL."""
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/London",
            reduced_motion="reduce",
            **options,
        )
        context.add_init_script(_WATCH)
        context.add_init_script(_LOG)
        session = cls(stack, context, context.new_page())
        session.page.set_default_timeout(ACTION_MILLISECONDS)
        session.page.on("console", session.hear)
        session.page.on("pageerror", lambda error: session.complaints.append(f"error: {error}"))
        session.page.goto(url or stack.console_url)
        return session

    def hear(self, message: ConsoleMessage) -> None:
        """Notes what the browser complains of."""
        refused = _REFUSED.search(message.text)
        if message.type in {"error", "warning"} and not (refused and int(refused[1]) in self.refused):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def sign_in(self, email: str = EDITOR, password: str = PASSWORD) -> BrowserSession:
        """Signs in where the page asks for it."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")
        return self

    def open(self, place: str, heading: str | re.Pattern[str] | None = None) -> BrowserSession:
        """Goes to a place such as "packs/starter", as by a bookmark, and waits until all is there."""
        self.page.goto(f"{self.stack.console_url}#/{place}")
        if heading:
            expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()
        self.settle()
        return self

    def settle(self) -> None:
        """Waits until nothing is being loaded any more."""
        expect(self.page.locator(".loading")).to_have_count(0)

    def press(self, name: str, within: Locator | None = None) -> None:
        """Presses the button of that exact name."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog").or_(self.page.get_by_role("alertdialog"))

    @property
    def text(self) -> Locator:
        """The editor's text."""
        return self.page.get_by_role("textbox", name="Text of the pack")

    @property
    def findings(self) -> Locator:
        return self.page.get_by_role("region", name="To mend")

    @property
    def phone(self) -> Locator:
        return self.page.locator(".phone-screen")

    def write(self, text: str) -> None:
        """Puts a text into the editor, and waits until it has been checked."""
        with self.page.expect_response("**/v1/practice/check"):
            self.text.fill(text)
        expect(self.findings).not_to_have_attribute("aria-busy", "true")

    def chosen(self) -> str:
        """What is selected in the editor."""
        return str(self.text.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)"))

    def notice(self, text: str | re.Pattern[str]) -> None:
        """Waits for a notice since the last one asked for, whether it still shows or not."""
        notices = self.page.locator("#notices")
        expect(notices).to_have_attribute("data-log", logged(text))
        notices.evaluate("region => delete region.dataset.log")

    def upload(self, name: str, content: bytes) -> None:
        """Chooses a file for the editor."""
        file = FilePayload(name=name, mimeType="text/plain", buffer=content)
        self.page.locator("input[type=file]").set_input_files(file)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate(_OVERFLOW))

    def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        return [_told(each) for each in found if each["impact"] in _GRAVE]

    def close(self) -> None:
        try:
            self.page.unroute_all(behavior="ignoreErrors")  # what is still on its way is of no use any more
            self.context.close()
        except Error:
            return


def logged(text: str | re.Pattern[str]) -> re.Pattern[str]:
    """The pattern of a log that contains the text."""
    return text if isinstance(text, re.Pattern) else re.compile(re.escape(text))


def _told(violation: Mapping[str, Any]) -> str:
    nodes = "; ".join(str(node["target"]) for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {nodes}: {violation['nodes'][0].get('failureSummary', '')}"
