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
        for turn, (method, path, body) in enumerate(
            (
                ("PATCH", at, described),
                ("POST", f"{at}/submit", None),
                ("POST", f"{at}/publish", None),
            )
        ):
            etag = self.ask(turn, "GET", at).headers["etag"]
            done = self.ask(turn, method, path, json=body, headers={"if-match": etag})
            assert done.status_code < 300, done.text


class Proxy(threading.Thread):
    """Asks for a page again and again until `over`, at another process when nobody listens.

    `lost`: requests that a process took and did not answer; `statuses` of those it did.
    """

    def __init__(self, servers: Sequence[Running]) -> None:
        super().__init__()
        self._servers = servers
        self.over = threading.Event()
        self.statuses: list[int] = []
        self.lost: list[str] = []

    def run(self) -> None:
        turn = 0
        while not self.over.is_set():
            turn += 1
            if not self._answered(turn):
                self._answered(turn + 1)

    def _answered(self, turn: int) -> bool:
        server = self._servers[turn % len(self._servers)]
        try:
            self.statuses.append(CLIENT.get(f"{server.url}/tim?q=toan").status_code)
        except httpx.ConnectError:
            return False
        except GONE as error:
            self.lost.append(f"{server.name}: {error!r}")
        return True
