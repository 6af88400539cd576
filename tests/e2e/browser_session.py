"""Drive a person's session in a real browser, and collect its errors and warnings.

Chromium is installed on the machine. The driver would otherwise download its own.
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
"""The longest time that a click waits for its element, also on a busy machine."""
EDITOR: Final = "editor@practice.example"
WRITER: Final = "writer@practice.example"
READER: Final = "reader@practice.example"
_SWITCHES: Final = (
    "--no-sandbox",  # root in a container may not create a sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these flags Chromium calls hosts that no test needs.
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
// Keeps each message that shows for some seconds, so that a test on a busy machine still finds it.
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
    """Return the path of this machine's Chromium. Return None if there is no Chromium."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def launched(playwright: Playwright, path: str) -> Browser:
    """Start a browser without a window."""
    return playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))


@dataclass
class BrowserSession:
    """A browser with its own storage. `refused` has the error statuses that the test provokes.

    It has no slots, since Playwright sets attributes on a listener.
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
        """Open the console's sign-in page, or the page of a URL."""
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
        """Record an error or a warning of the browser."""
        refused = _REFUSED.search(message.text)
        if message.type in {"error", "warning"} and not (refused and int(refused[1]) in self.refused):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def sign_in(self, email: str = EDITOR, password: str = PASSWORD) -> BrowserSession:
        """Fill in and send the sign-in form."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")
        return self

    def open(self, path: str, heading: str | re.Pattern[str] | None = None) -> BrowserSession:
        """Open a path such as "packs/starter", like a bookmark, and wait until the page is loaded."""
        self.page.goto(f"{self.stack.console_url}#/{path}")
        if heading:
            expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()
        self.settle()
        return self

    def settle(self) -> None:
        """Wait until nothing is loading."""
        expect(self.page.locator(".loading")).to_have_count(0)

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press the button of exactly this name."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog").or_(self.page.get_by_role("alertdialog"))

    @property
    def text(self) -> Locator:
        """Return the editor's text box."""
        return self.page.get_by_role("textbox", name="Text of the pack")

    @property
    def findings(self) -> Locator:
        return self.page.get_by_role("region", name="To fix")

    @property
    def phone(self) -> Locator:
        return self.page.locator(".phone-screen")

    def write(self, text: str) -> None:
        """Put a text into the editor, and wait until it is checked."""
        with self.page.expect_response("**/v1/practice/check"):
            self.text.fill(text)
        expect(self.findings).not_to_have_attribute("aria-busy", "true")

    def chosen(self) -> str:
        """Return the selected text in the editor."""
        return str(self.text.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)"))

    def notice(self, text: str | re.Pattern[str]) -> None:
        """Wait for a message that has appeared since the last call, even if it is gone already."""
        notices = self.page.locator("#notices")
        expect(notices).to_have_attribute("data-log", logged(text))
        notices.evaluate("region => delete region.dataset.log")

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file for the editor."""
        file = FilePayload(name=name, mimeType="text/plain", buffer=content)
        self.page.locator("input[type=file]").set_input_files(file)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate(_OVERFLOW))

    def barriers(self) -> list[str]:
        """Return the serious and critical violations that axe-core finds on the page."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        return [_text_of(each) for each in found if each["impact"] in _GRAVE]

    def close(self) -> None:
        try:
            self.page.unroute_all(behavior="ignoreErrors")  # ignores requests that are still under way
            self.context.close()
        except Error:
            return


def logged(text: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return a pattern for a log that contains the text."""
    return text if isinstance(text, re.Pattern) else re.compile(re.escape(text))


def _text_of(violation: Mapping[str, Any]) -> str:
    nodes = "; ".join(str(node["target"]) for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {nodes}: {violation['nodes'][0].get('failureSummary', '')}"
