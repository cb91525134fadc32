"""A wire between browser and server that can be slow and can be cut."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_CHUNK: Final = 1 << 16
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER for an end that is reset when it is closed, in the middle of whatever it was doing."""


@dataclass(slots=True)
class Wire:
    """Forwards every connection; `pace` is how many bytes a second of each may go to the server."""

    server: tuple[str, int]
    listener: socket.socket
    pace: float = float("inf")
    sent: int = 0
    whole: bool = True
    broken: threading.Event = field(default_factory=threading.Event)
    ends: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address that a browser opens."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def cut(self) -> None:
        """End every connection in the middle, and each new one, until `mend`."""
        self.whole = False
        self.broken.set()
        for end in self.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends.clear()

    def mend(self) -> None:
        """Forward again."""
        self.whole, self.pace, self.broken = True, float("inf"), threading.Event()

    def accept(self) -> None:
        """Forward connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.whole:
                near.close()
                continue
            far = socket.create_connection(self.server)
            self.ends += (near, far)
            self._forward(near, far, upward=True)
            self._forward(far, near, upward=False)

    def _forward(self, source: socket.socket, target: socket.socket, *, upward: bool) -> None:
        thread = threading.Thread(target=self._pump, args=(source, target, upward), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, upward: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                target.sendall(chunk)
                if upward:
                    self.sent += len(chunk)
                    self.broken.wait(len(chunk) / self.pace)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut, and wait until nothing runs any more."""
        self.cut()
        self.listener.close()
        for thread in self.threads:
            thread.join(5)


def address_of(url: str) -> tuple[str, int]:
    """The host and port of a URL."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


@contextmanager
def open_wire(url: str) -> Iterator[Wire]:
    """A wire to the server at `url`."""
    listener = socket.create_server(("127.0.0.1", 0))
    # What the system keeps for us counts as sent for the browser.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK)
    wire = Wire(address_of(url), listener)
    accepting = threading.Thread(target=wire.accept, daemon=True)
    accepting.start()
    try:
        yield wire
    finally:
        # Closing alone does not wake a thread that waits in accept.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
        wire.close()
