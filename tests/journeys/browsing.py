"""A real browser whose every complaint is a failure."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.journeys.house import PASSWORD

PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 360, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 900}}
PATIENCE: Final = 15_000
LONG: Final = 300
"""Seconds that a journey may take on a busy machine, with the house that its first one builds."""
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserMissing(Exception):
    """There is no Chromium on this machine; says what to install."""


def chromium_path() -> str:
    """Where Chromium is; raises BrowserMissing."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise BrowserMissing(
            "The journeys need Chromium: apt-get install chromium fonts-liberation2"
        )
    return path


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium without a window."""
    path = chromium_path()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """Somebody at a page; `troubles` is what the browser or the server complained of."""

    url: str
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)

    def go(self, address: str) -> Page:
        """Open an address of the site."""
        self.page.goto(self.url + address)
        return self.page

    def sign_in(self, email: str) -> None:
        """Sign in by the form, as people do."""
        page = self.go("/dang-nhap")
        page.get_by_label("Thư điện tử").fill(email)
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
        page.wait_for_url("**/cua-toi")

    def forgive(self, *words: str) -> None:
        """Strike out the troubles that hold one of these words: the story brought them about."""
        self.troubles = [
            trouble for trouble in self.troubles if not any(word in trouble for word in words)
        ]


def begin_visit(browser: Browser, url: str, **manner: Any) -> Visit:
    """A new browser profile at a blank page; `manner` is what `Browser.new_context` takes."""
    context = browser.new_context(locale="vi-VN", **manner)
    context.set_default_timeout(PATIENCE)
    visit = Visit(url, context, context.new_page())
    context.on("console", lambda message: _hear(visit, message))
    context.on("weberror", lambda error: visit.troubles.append(f"script: {error.error}"))
    context.on("requestfailed", lambda request: _failed(visit, request))
    context.on("response", lambda response: _answered(visit, response))
    return visit


def _hear(visit: Visit, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        visit.troubles.append(f"console: {message.text}")


def _failed(visit: Visit, request: Request) -> None:
    # Leaving a page and starting a download both abort what was under way.
    if request.failure != "net::ERR_ABORTED":
        visit.troubles.append(f"request: {request.url} {request.failure}")


def _answered(visit: Visit, response: Response) -> None:
    if response.status >= 400:
        visit.troubles.append(f"answer: {response.status} {response.url}")
