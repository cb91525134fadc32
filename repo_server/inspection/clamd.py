"""ClamAV's daemon, asked over its socket: is there a known threat in these bytes?

Bytes are streamed (command INSTREAM of clamd(8)): the daemon needs no right to our files, may run
on another machine, and opens archives itself. Memory is one piece; every wait has an end, and ends
at once when this process is asked to stop.
"""

import select
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Protocol
from urllib.parse import urlsplit

from repo_server.domain.errors import ScannerUnavailable

PIECE: Final = 1 << 18
"""Bytes handed over at a time."""

_SLICE: Final = 0.25
"""Seconds between two looks whether to stop."""

_LONGEST_ANSWER: Final = 4096
_LONGEST_NAME: Final = 120
_LIMITS: Final = "Heuristics.Limits.Exceeded"
"""How clamd with `AlertExceedsMax` names what it did not look at: no threat, but not looked at."""


class AddressInvalid(ValueError):
    """A text names no place where clamd may listen."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner said: the name of the signature that was found, or None.

    `whole` is False where the bytes were more than the scanner takes and it looked at no or only a
    part of them.
    """

    threat: str | None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: to connect and to answer a greeting, without a byte being taken, for a verdict.

    clamd gives itself 120 seconds for a scan (`MaxScanTime`).
    """

    greeting: float = 5.0
    taking: float = 30.0
    verdict: float = 180.0


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


class Clamd:
    """The daemon at `unix:/path` or `tcp://host:port`. Safe to share between threads.

    Every call opens a connection of its own and raises ScannerUnavailable when the daemon is not
    there, falls silent, hangs up or answers that something went wrong on its side.
    """

    def __init__(self, address: str, deadlines: Deadlines = Deadlines()) -> None:
        self._address = parse(address)
        self._deadlines = deadlines
        self._stopping = threading.Event()

    def check(self) -> None:
        """Return when the daemon could scan now."""
        with self._connected() as line:
            line.send(b"zPING\0", self._deadlines.greeting)
            if line.answer(self._deadlines.greeting) != "PONG":
                raise ScannerUnavailable

    def scan(self, source: Readable) -> Scan:
        """Have all bytes of `source` looked at."""
        with self._connected() as line:
            line.send(b"zINSTREAM\0", self._deadlines.taking)
            while piece := source.read(PIECE):
                if not line.send(len(piece).to_bytes(4, "big") + piece, self._deadlines.taking):
                    break
            else:
                line.send(bytes(4), self._deadlines.taking)
            return _understood(line.answer(self._deadlines.verdict))

    def stop(self) -> None:
        """Let every call that waits end at once with ScannerUnavailable, and all that follow."""
        self._stopping.set()

    def _connected(self) -> "_Line":
        try:
            return _Line(self._connection(), self._stopping)
        except OSError as error:
            raise ScannerUnavailable from error

    def _connection(self) -> socket.socket:
        if not isinstance(self._address, str):
            return socket.create_connection(self._address, self._deadlines.greeting)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(self._deadlines.greeting)
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection


def parse(address: str) -> str | tuple[str, int]:
    """A socket's path, or (host, port). Raises AddressInvalid."""
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        if PurePosixPath(path).is_absolute() and len(path.encode()) < 108:
            return path
        raise AddressInvalid(address)
    try:
        found = urlsplit(address)
        host, port = found.hostname, found.port
    except ValueError:
        raise AddressInvalid(address) from None
    if found.scheme != "tcp" or not host or not port or found.path not in ("", "/"):
        raise AddressInvalid(address)
    return host, port


class _Line:
    """One connection; a context manager that closes it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.settimeout(0.0)
        self._connection = connection
        self._stopping = stopping

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, data: bytes, seconds: float) -> bool:
        """Send all of `data`, `seconds` at most without a byte being taken.

        False when the daemon has answered already, as it does when it takes no more.
        """
        rest = memoryview(data)
        while rest:
            if self._wait(select.POLLOUT | select.POLLIN, seconds) & select.POLLIN:
                return False
            try:
                rest = rest[self._connection.send(rest) :]
            except BlockingIOError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                # It has hung up, after an answer that is still to be read.
                return False
            except OSError as error:
                raise ScannerUnavailable from error
        return True

    def answer(self, seconds: float) -> str:
        """What the daemon says, up to the NUL that ends it."""
        deadline, said = time.monotonic() + seconds, b""
        while not said.endswith(b"\0"):
            self._wait(select.POLLIN, deadline - time.monotonic())
            try:
                piece = self._connection.recv(_LONGEST_ANSWER)
            except BlockingIOError:
                continue
            except OSError as error:
                raise ScannerUnavailable from error
            said += piece
            if not piece or len(said) > _LONGEST_ANSWER:
                raise ScannerUnavailable
        return said[:-1].decode("utf-8", "replace")

    def _wait(self, events: int, seconds: float) -> int:
        """What the connection is ready for; ScannerUnavailable when it is not in time."""
        deadline = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._connection, events)
        while not self._stopping.is_set():
            left = deadline - time.monotonic()
            if found := poll.poll(1000 * max(0.0, min(_SLICE, left))):
                return found[0][1]
            if left <= 0:
                break
        raise ScannerUnavailable


def _understood(answer: str) -> Scan:
    """The verdict in the words of clamd(8)."""
    if answer.startswith("INSTREAM size limit exceeded"):
        return Scan(None, whole=False)
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return Scan(None)
    if not said.endswith(" FOUND"):
        raise ScannerUnavailable
    name = "".join(filter(str.isprintable, said.removesuffix(" FOUND")))[:_LONGEST_NAME]
    if name.startswith(_LIMITS):
        return Scan(None, whole=False)
    return Scan(name or "?")
