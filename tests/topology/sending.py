"""A program that sends files and goes on elsewhere when a process is gone."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.topology.town import CLIENT, Running, eventually

GONE = (httpx.TransportError,)


@dataclass(slots=True)
class Program:
    """Asks one process after the other; `failed` names those that broke off a request."""

    servers: Sequence[Running]
    token: str
    failed: list[str] = field(default_factory=list)

    def ask(self, turn: int, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the process whose turn it is; another one when that does not answer."""
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        for offset in range(40):
            server = self.servers[(turn + offset) % len(self.servers)]
            try:
                return CLIENT.request(method, f"{server.url}{path}", headers=headers, **more)
            except GONE:
                self.failed.append(server.name)
        raise AssertionError(f"nobody answers: {self.failed[-4:]}")

    def send(self, number: int, name: str, content: bytes) -> str:
        """Send a file in two pieces through alternating processes; the upload's address."""
        size, half = len(content), len(content) // 2
        declared = self.ask(
            number,
            "POST",
            "/api/uploads",
            json={"name": name, "size": size, "sha256": hashlib.sha256(content).hexdigest()},
            headers={"idempotency-key": hashlib.sha256(name.encode()).hexdigest()},
        )
        assert declared.status_code in (200, 201), declared.text
        url: str = declared.json()["url"]
        offset, turn = 0, number
        while offset < size:
            turn += 1
            end = half if offset < half else size
            self.ask(
                turn,
                "PATCH",
                url,
                content=content[offset:end],
                headers={"upload-offset": str(offset)},
            )
            # Whatever became of that: the server knows how far it is.
            offset = int(self.ask(turn, "HEAD", url).headers["upload-offset"])
        return url

    def settled(self, url: str, seconds: float = 60.0) -> dict[str, Any]:
        """The upload when its check has ended."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask(0, "GET", url).json()
            return found if found["state"] not in ("receiving", "received", "checking") else None

        return dict(eventually(look, seconds) or self.ask(0, "GET", url).json())

    def publish(self, material_id: int, title: str) -> None:
        """Describe the material and publish it; the program is an administrator's."""
        at = f"/api/materials/{material_id}"
        described = {
            "title": title, "kind": "lesson_plan", "license": "cc-by-4.0",
            "description": "Bài học cho học sinh lớp 6.",
            "grades": [6], "subjects": ["toan"],
        }  # fmt: skip
        steps: tuple[tuple[str, str, Any, tuple[str, Any]], ...] = (
            ("PATCH", at, described, ("title", title)),
            ("POST", f"{at}/submit", None, ("status", "submitted")),
            ("POST", f"{at}/publish", None, ("status", "published")),
        )
        for turn, (method, path, body, (name, wanted)) in enumerate(steps):
            present = self.ask(turn, "GET", at)
            etag = present.headers["etag"]
            done = self.ask(turn, method, path, json=body, headers={"if-match": etag})
            # A process that was killed may have done it before it could say so: then asking
            # another one is a conflict, and what was wanted is there.
            assert done.status_code < 300 or done.status_code in (409, 412), done.text
            assert self.ask(turn, "GET", at).json()[name] == wanted


class Proxy(threading.Thread):
    """Asks for a page again and again until `over`, as a reverse proxy does: at another process
    when nobody listens, or when a connection ends before the first byte of an answer.

    A server that stops closes what it has not read a request from, and a connection that was made
    in that very moment is among it: whoever sent the request cannot know. `unread`: how often;
    `lost`: requests whose answer broke off or that nobody answered; `statuses` of the others.
    """

    def __init__(self, servers: Sequence[Running]) -> None:
        super().__init__()
        self._servers = servers
        self.over = threading.Event()
        self.statuses: list[int] = []
        self.unread: list[str] = []
        self.lost: list[str] = []

    def run(self) -> None:
        turn = 0
        while not self.over.is_set():
            turn += 1
            if not self._answered(turn) and not self._answered(turn + 1):
                self.lost.append(f"turn {turn}: {self.unread[-2:]}")

    def _answered(self, turn: int) -> bool:
        server = self._servers[turn % len(self._servers)]
        try:
            with CLIENT.stream("GET", f"{server.url}/tim?q=toan") as answer:
                return self._read(server, answer)
        except httpx.ConnectError:
            return False
        except GONE as error:
            self.unread.append(f"{server.name}: {error!r}")
            return False

    def _read(self, server: Running, answer: httpx.Response) -> bool:
        try:
            answer.read()
        except GONE as error:
            self.lost.append(f"{server.name}: {error!r}")
        else:
            self.statuses.append(answer.status_code)
        return True
