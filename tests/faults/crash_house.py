"""A library whose server dies again and again, and a ledger outside of it that forgets nothing.

What a client was told counts: the ledger holds it, the library has to keep it. Everything is asked
of a real server over HTTP; rows and files are only looked at, or made older than they are.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import func, select, update

from repo_server.app import open_library
from repo_server.database.models import Account, IndexState, Job, MaterialFile, Upload, utc_now
from repo_server.domain.access import Role
from repo_server.services import access_tokens, upkeep
from repo_server.services.library import Library
from repo_server.services.verification import verify
from repo_server.settings import from_environment
from tests import factories
from tests.libraries import person
from tests.topology.town import free_port

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = float(os.environ.get("KHO_TEST_PATIENCE", "30"))
"""Seconds for anything to come about on a busy machine."""


CLIENT: Final = httpx.Client(
    limits=httpx.Limits(max_keepalive_connections=0), timeout=PATIENCE, trust_env=False
)
"""Opens a connection for each request: a killed server leaves none behind."""


class Died(Exception):
    """The server broke the connection off, or does not listen any more."""


class Nursery:
    """The process that forks servers; see `nursery.py`."""

    def __init__(self) -> None:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("KHO_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, do: str, **task: Any) -> Any:
        """Have it do something; its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **task}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it, and all that it raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()


@dataclass(slots=True)
class Ledger:
    """What clients were told, by the hash of what they sent."""

    sent: dict[str, bytes] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    """Acknowledged: the library has all bytes, at this address."""


@dataclass(slots=True)
class CrashHouse:
    """A data folder, the server that serves it now, and what its clients know."""

    folder: Path
    nursery: Nursery
    settings: dict[str, str]
    ledger: Ledger = field(default_factory=Ledger)
    kills: int = 0
    pid: int = 0
    _port: int = 0
    _library: Library | None = None
    _token: str = ""

    @property
    def library(self) -> Library:
        """The same library, opened by the test itself; its rows and files are there to look at."""
        if self._library is None:
            self._library = open_library(from_environment(self.settings))
            admin = person(self._library, Role.ADMIN)
            self._token = access_tokens.create_token(self._library, admin, "kịch bản", 1)[0]
        return self._library

    def owner(self) -> int:
        """Whose everything is."""
        with self.library.database.read() as session:
            return session.scalars(select(Account.id).order_by(Account.id)).first() or 0

    # Processes

    def serve(self, plan: str = "") -> None:
        """Start a server; without a plan it is waited for, with one it may die at its start."""
        assert self.library is not None
        self._port = free_port()
        log = self.folder / "server.log"
        log.write_bytes(b"")
        settings = {**self.settings, **({"KHO_FAILPOINT": plan} if plan else {})}
        told = self.nursery.tell("serve", port=self._port, log=str(log), settings=settings)
        self.pid = told["pid"]
        if not plan:
            soon(self._answers, self.said)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/health/live").status_code == 200
        except Died:
            return False

    def said(self) -> str:
        """What the server wrote."""
        return (self.folder / "server.log").read_text(errors="replace")[-3000:]

    def came_to(self, point: str) -> bool:
        """Whether the process that was armed last carried its plan out."""
        return f"failpoint {point}\n" in (self.folder / "server.log").read_text()

    def arm(self, plan: str) -> None:
        self.nursery.tell("arm", pid=self.pid, plan=plan)

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self.pid, 9)
        self.bury()

    def bury(self) -> int:
        """Wait for the end of the server; its exit status."""
        status = self.nursery.tell("wait", pid=self.pid, seconds=PATIENCE)["status"]
        assert status is not None, f"it lives: {self.said()}"
        self.kills, self.pid = self.kills + 1, 0
        return int(status)

    def reindex(self, plan: str = "") -> int:
        """Run `kho reindex` in a process of its own; its exit status."""
        settings = {**self.settings, **({"KHO_FAILPOINT": plan} if plan else {})}
        log = self.folder / "server.log"
        pid = self.nursery.tell("reindex", log=str(log), settings=settings)["pid"]
        return int(self.nursery.tell("wait", pid=pid, seconds=PATIENCE)["status"])

    # Clients

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the server; Died when it does not answer to the end."""
        headers = {"authorization": f"Bearer {self._token}", **more.pop("headers", {})}
        try:
            return CLIENT.request(
                method, f"http://127.0.0.1:{self._port}{path}", headers=headers, **more
            )
        except httpx.TransportError as error:
            raise Died from error

    def send(self, name: str, content: bytes) -> str:
        """Send a file, or go on with it, as a client does that repeats until it is told; its URL.

        What the server acknowledges goes into the ledger at once.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        self.ledger.sent[sha256] = content
        declared = self.ask(
            "POST",
            "/api/uploads",
            json={"name": name, "size": len(content), "sha256": sha256},
            headers={"idempotency-key": f"key-{sha256}"},
        )
        assert declared.status_code in (200, 201), declared.text
        url: str = declared.json()["url"]
        if declared.json()["state"] == "receiving":
            offset = int(self.ask("HEAD", url).headers["upload-offset"])
            done = self.ask(
                "PATCH", url, content=content[offset:], headers={"upload-offset": str(offset)}
            )
            assert done.status_code in (204, 409, 423), done.text
        self._acknowledge(sha256, url)
        return url

    def _acknowledge(self, sha256: str, url: str) -> None:
        state = self.ask("GET", url).json()["state"]
        if state in ("received", "checking", "ready"):
            self.ledger.received[sha256] = url

    def sent_and_ready(self, name: str, content: bytes) -> str:
        """Send a file and wait until it is ready."""
        url = self.send(name, content)
        soon(lambda: self._is_ready(url), self.said)
        return url

    def _is_ready(self, url: str) -> bool:
        found = self.ask("GET", url).json()
        if found["state"] == "receiving":
            # All bytes came, and whoever was to say so died: its client sends the end again.
            offset = str(found["offset"])
            self.ask("PATCH", url, content=b"", headers={"upload-offset": offset})
        assert found["state"] != "rejected", found
        return bool(found["state"] == "ready")

    # Judgement

    def settle(self) -> None:
        """Wait until nothing is left to do."""
        self.let_leases_run_out()
        soon(self._is_settled, self.said)

    def let_leases_run_out(self) -> None:
        """As if the dead had died a minute ago, and as if no job had to wait for its next try."""
        with self.library.database.write() as session:
            past = utc_now() - timedelta(days=1)
            session.execute(
                update(Job).where(Job.state == "running").values(lease_until=past, run_at=past)
            )
            session.execute(update(Job).where(Job.state == "open").values(run_at=past))

    def _is_settled(self) -> bool:
        with self.library.database.read() as session:
            behind = select(func.count()).where(IndexState.want_rev > IndexState.have_rev)
            busy = select(func.count()).where(Job.state.in_(("open", "running")))
            return not session.scalar(behind) and not session.scalar(busy)

    def judge(self) -> None:
        """Nothing lost, doubled, left over, corrupt or drifted; what was acknowledged is served."""
        self._let_days_pass()
        upkeep.tidy(self.library)
        self.library.storage.tidy(timedelta(0))
        self.settle()
        found = verify(self.library, repair=False).findings
        assert found == (), found
        with self.library.database.read() as session:
            kept = set(session.scalars(select(Upload.id).where(Upload.state == "quarantined")))
        assert {entry.upload_id for entry in self.library.staging.entries()} == kept
        assert list((Path(self.settings["KHO_DATA"]) / "files").glob("incoming/*")) == []
        with self.library.database.read() as session:
            files = session.execute(
                select(MaterialFile.sha256, func.count()).group_by(MaterialFile.sha256)
            ).all()
        times = dict(files)
        for sha256 in self.ledger.sent:
            assert times.get(sha256, 0) <= 1, f"{sha256} was made {times[sha256]} times"
        lost = [sha256 for sha256 in self.ledger.received if times.get(sha256) != 1]
        assert lost == []

    def judge_bytes(self) -> None:
        """Every acknowledged file is handed out byte for byte."""
        for sha256, url in self.ledger.received.items():
            found = self.ask("GET", url).json()
            assert found["state"] == "ready", found
            content = self.ask("GET", f"/api/files/{found['file']}/content")
            assert hashlib.sha256(content.content).hexdigest() == sha256, content

    def _let_days_pass(self) -> None:
        """For uploads that nobody goes on with, and for what lies in folders."""
        past = utc_now() - timedelta(days=9)
        with self.library.database.write() as session:
            waiting = Upload.state == "receiving"
            session.execute(update(Upload).where(waiting).values(expires_at=past))
        for folder in ("staging", "files"):
            for path in (Path(self.settings["KHO_DATA"]) / folder).rglob("*"):
                if path.is_file():
                    os.utime(path, (past.timestamp(), past.timestamp()))

    def close(self) -> None:
        if self.pid:
            self.kill()
        if self._library is not None:
            self._library.close()


def soon(ask: Callable[[], bool], said: Callable[[], str]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not ask():
        assert time.monotonic() < deadline, said()
        time.sleep(0.02)


def crash_house(folder: Path, nursery: Nursery, settings: Mapping[str, str]) -> CrashHouse:
    """A house on these engines, in which nothing runs yet."""
    present = {
        "KHO_DATA": str(folder / "data"),
        "KHO_WORKER_JOBS": "1",
        "KHO_LOG_LEVEL": "warning",
        **settings,
    }
    return CrashHouse(folder, nursery, present)


__all__ = ["CrashHouse", "Died", "Nursery", "crash_house", "factories", "soon"]
