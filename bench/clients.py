"""Clients that cost little: bodies go by sendfile and are thrown away by the kernel."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_SECONDS = 120
_AT_ONCE = 1 << 20


class Refused(RuntimeError):
    """The server answered something else than was wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `body` is empty where it was thrown away. `seconds` from sending to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Connection:
    """One connection that is kept alive."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._socket = socket.create_connection((HOST, port), _SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"host": f"{HOST}:{port}", **(headers or {})}
        self._left = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Path = b"",
        keep: bool = True,
    ) -> Answer:
        """Send a request and read its answer; `keep` False throws the body away."""
        size = body.stat().st_size if isinstance(body, Path) else len(body)
        lines = {**self._headers, "content-length": str(size), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        began = time.perf_counter()
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        if isinstance(body, Path):
            self._send_file(body)
        elif body:
            self._socket.sendall(body)
        status, answered = self._read_head()
        empty = method == "HEAD" or status in (204, 304)
        length = 0 if empty else int(answered["content-length"])
        content = self._read(length) if keep else self._skip(length)
        return Answer(status, answered, content, time.perf_counter() - began)

    def _send_file(self, path: Path) -> None:
        self._socket.setblocking(True)
        with path.open("rb") as file:
            size, sent = os.fstat(file.fileno()).st_size, 0
            while sent < size:
                sent += os.sendfile(self._socket.fileno(), file.fileno(), sent, size - sent)

    def _read_head(self) -> tuple[int, dict[str, str]]:
        while (end := self._left.find(b"\r\n\r\n")) < 0:
            more = self._socket.recv(65_536)
            if not more:
                raise Refused("the server closed the connection")
            self._left += more
        head, self._left = self._left[:end], self._left[end + 4 :]
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}

    def _read(self, length: int) -> bytes:
        parts, have = [self._left], len(self._left)
        while have < length:
            part = self._socket.recv(min(_AT_ONCE, length - have))
            if not part:
                raise Refused("the server closed the connection")
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._left = whole[length:]
        return whole[:length]

    def _skip(self, length: int) -> bytes:
        have, self._left = len(self._left), b""
        room = bytearray(_AT_ONCE)
        while have < length:
            # The kernel drops the bytes instead of copying them.
            some = self._socket.recv_into(room, min(_AT_ONCE, length - have), socket.MSG_TRUNC)
            if not some:
                raise Refused("the server closed the connection")
            have += some
        return b""


def one(port: int, method: str, path: str, **more: Any) -> Answer:
    """One request on a connection of its own."""
    with Connection(port) as connection:
        return connection.ask(method, path, **more)


def wanted(answer: Answer, *statuses: int) -> Answer:
    """The answer, if it has one of the statuses; raises Refused otherwise."""
    if answer.status not in statuses:
        raise Refused(f"{answer.status}: {answer.body[:300].decode(errors='replace')}")
    return answer


@dataclass(frozen=True, slots=True)
class Load:
    """What came of many requests: seconds each took, seconds in all."""

    each: tuple[float, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.each) / self.seconds


def load(port: int, paths: Iterable[str], clients: int) -> Load:
    """Ask for every path once, `clients` at a time; every answer must be 200."""
    waiting, lock = iter(paths), threading.Lock()
    times: list[float] = []
    errors: list[BaseException] = []

    def take() -> str | None:
        with lock:
            return next(waiting, None)

    def work() -> None:
        try:
            with Connection(port) as connection:
                while (path := take()) is not None:
                    times.append(wanted(connection.ask("GET", path), 200).seconds)
        except (OSError, Refused) as error:
            errors.append(error)

    began = time.perf_counter()
    _run([threading.Thread(target=work) for _ in range(clients)])
    seconds = time.perf_counter() - began
    if errors:
        raise errors[0]
    return Load(tuple(times), seconds)


def _run(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until_answered(port: int, path: str, seconds: float) -> bool:
    """Ask every few milliseconds until `path` is answered with 200; False when time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError, Refused):
            if one(port, "GET", path).status == 200:
                return True
        time.sleep(0.005)
    return False
