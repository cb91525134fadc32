"""Connections from which nothing comes any more: given up in time, and taken over at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from repo_server.domain.access import Viewer
from repo_server.domain.errors import StorageFull
from repo_server.routes.api import uploads
from repo_server.services.uploads import Receiver
from tests.routes.edge import HOST, scope_of
from tests.routes.houses import House, Visitor

SIZE = 1000
NAME = "Bài nghe.mp3"
Receive = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long in tests."""
    monkeypatch.setattr(uploads, "GLANCE", 0.04)
    monkeypatch.setattr(uploads, "HAND_OVER", 0.5)


@pytest.fixture
def browser(house: House, teacher: Viewer) -> Visitor:
    return house.browser(teacher)


def declared(browser: Visitor) -> str:
    answer = browser.ask("POST", "/api/uploads", json_body={"name": NAME, "size": SIZE})
    return answer.header("location")


def offset_of(browser: Visitor, url: str) -> str:
    return browser.ask("HEAD", url).header("upload-offset")


async def patched(browser: Visitor, url: str, offset: int, receive: Receive) -> int:
    """The status that a PATCH ends with whose body comes from `receive`."""
    headers = {
        "host": HOST,
        "sec-fetch-site": "same-origin",
        "cookie": f"kho={browser.cookies['kho']}",
        "upload-offset": str(offset),
        "content-length": str(SIZE - offset),
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    app: Any = browser.app
    await app(scope_of(url, "PATCH", headers), receive, send)
    return int(sent[0]["status"])


def whole(content: bytes) -> Receive:
    """A body that comes at once."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


def halting(first: bytes, pause: float) -> tuple[Receive, asyncio.Event]:
    """A body of which some comes, and then one byte after each pause; says when it has begun."""
    begun, left = asyncio.Event(), [first]

    async def receive() -> dict[str, Any]:
        if not left:
            begun.set()
            await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop() if left else b".", "more_body": True}

    return receive, begun


@asynccontextmanager
async def another(
    browser: Visitor, url: str, first: bytes, pause: float
) -> AsyncIterator[asyncio.Task[int]]:
    """A connection that has sent `first` and goes on, or does not."""
    receive, begun = halting(first, pause)
    task = asyncio.create_task(patched(browser, url, 0, receive))
    await begun.wait()
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_a_silent_client_is_given_up_and_what_came_is_kept(house: House, browser: Visitor) -> None:
    url = declared(browser)
    house.app.state.http = replace(house.app.state.http, upload_timeout=0.1)
    receive, _ = halting(b"a" * 300, 3600)
    assert asyncio.run(patched(browser, url, 0, receive)) == 408
    assert offset_of(browser, url) == "300"


def test_nothing_is_kept_behind_bytes_that_found_no_room(
    browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = declared(browser)
    pieces = iter((b"a" * 100, b"b" * 100, b"c" * 50, b""))
    write = Receiver.write

    async def receive() -> dict[str, Any]:
        piece = next(pieces)
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    def full(receiver: Receiver, data: bytes) -> None:
        if data.startswith(b"b"):
            raise StorageFull
        write(receiver, data)

    monkeypatch.setattr(uploads, "PIECE", 100)
    monkeypatch.setattr(Receiver, "write", full)
    assert asyncio.run(patched(browser, url, 0, receive)) == 507
    assert offset_of(browser, url) == "100"


def test_who_comes_back_takes_over_from_the_connection_that_was_lost(browser: Visitor) -> None:
    url = declared(browser)

    async def come_back() -> tuple[int, int]:
        async with another(browser, url, b"a" * 300, 3600) as lost:
            # What the lost one had in memory is durable now, so that this offset is too small.
            return await patched(browser, url, 0, whole(b"b" * SIZE)), await lost

    assert asyncio.run(come_back()) == (409, 408)
    assert offset_of(browser, url) == "300"
    assert asyncio.run(patched(browser, url, 300, whole(b"a" * 700))) == 204
    assert browser.get(url).json["state"] == "received"


def test_a_connection_that_still_brings_bytes_stays(browser: Visitor) -> None:
    url = declared(browser)

    async def push_in() -> tuple[int, bool]:
        async with another(browser, url, b"a" * 300, 0.01) as busy:
            return await patched(browser, url, 0, whole(b"b" * SIZE)), busy.done()

    assert asyncio.run(push_in()) == (423, False)
