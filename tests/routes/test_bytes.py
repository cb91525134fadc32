"""Streams of stored bytes are closed, whatever becomes of the one who asked for them."""

import asyncio
from typing import Any

import pytest

from repo_server.routes.bytes import Content, send_content
from repo_server.storage.base import ObjectKey

KEY = ObjectKey.blob("0" * 64, 0)
CONTENT = Content(KEY, 3, "tag", "text/plain", "no-cache")


class Reader:
    """Three bytes; remembers whether it was closed."""

    closed = False

    def __init__(self) -> None:
        self._rest = b"abc"

    def read(self, size: int = -1) -> bytes:
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        self.closed = True


class Store:
    """A storage without local files."""

    def __init__(self) -> None:
        self.reader = Reader()

    def local_path(self, _: ObjectKey) -> None:
        return None

    def open(self, *_: object) -> Reader:
        return self.reader


def test_a_stream_is_closed_when_all_of_it_was_sent() -> None:
    store, sent = Store(), []

    async def send(message: Any) -> None:
        sent.append(message)

    answer = send_content(store, CONTENT, {}, "GET")  # type: ignore
    asyncio.run(answer({"type": "http"}, None, send))  # type: ignore

    assert b"".join(message.get("body", b"") for message in sent) == b"abc"
    assert store.reader.closed


@pytest.mark.parametrize("sent_before", [0, 1])
def test_a_stream_is_closed_when_nobody_waits_for_it_any_more(sent_before: int) -> None:
    store, left = Store(), sent_before

    async def send(_: Any) -> None:
        nonlocal left
        if not left:
            raise ConnectionResetError
        left -= 1

    answer = send_content(store, CONTENT, {}, "GET")  # type: ignore
    with pytest.raises(ConnectionResetError):
        asyncio.run(answer({"type": "http"}, None, send))  # type: ignore

    assert store.reader.closed
