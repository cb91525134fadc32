"""Several processes of Kho on one database, storage and index, as `docker-compose.yml` has them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from repo_server.database.engine import Database, open_database
from repo_server.database.models import Account
from repo_server.domain.access import Role, Viewer
from repo_server.services import access_tokens, accounts
from tests import factories
from tests.servers.seaweedfs import BUCKET, REGION, SeaweedServer
from tests.services.signing import library_of

PASSWORD: Final = "một câu dài dễ nhớ"
ROOT: Final = Path(__file__).resolve().parents[2]
CLIENT: Final = httpx.Client(
    limits=httpx.Limits(max_keepalive_connections=0), timeout=30, trust_env=False
)
"""Opens a connection for each request: which process is asked is for the test to say."""
READY_SECONDS: Final = 150.0  # 3 s on an idle machine
STOP_SECONDS: Final = 40.0
patient = pytest.mark.timeout(400)
"""Five interpreters with all engines start and work at once: on a busy machine that takes long."""


class ProcessFailed(Exception):
    """A process did not start; says what it wrote."""


@dataclass(slots=True)
class Running:
    """One process; `port` is 0 for a worker."""

    name: str
    port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As `systemctl stop` does: ask, and wait; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def said(self) -> str:
        """The last it wrote."""
        return self.log.read_text(errors="replace")[-3000:]


@dataclass(slots=True)
class Town:
    """The settings that all processes share, and those that run."""

    folder: Path
    settings: Mapping[str, str]
    running: list[Running] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        return self.settings.get("KHO_DATABASE_URL") or f"sqlite:///{self.data / 'kho.sqlite3'}"

    @property
    def servers(self) -> tuple[Running, ...]:
        """Those that serve, in the order of their start."""
        return tuple(one for one in self.running if one.port)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def serve(self, name: str, port: int = 0, **settings: str) -> Running:
        """Begin to serve; `ready` waits for it."""
        port = port or free_port()
        arguments = ("serve", "--port", str(port))
        return self._start(name, port, arguments, {"KHO_WORKER_JOBS": "0", **settings})

    def work(self, name: str) -> Running:
        """A worker alone; `ready` cannot ask it, its log stays empty."""
        return self._start(name, 0, ("work",), {})

    def _start(
        self, name: str, port: int, arguments: tuple[str, ...], settings: Mapping[str, str]
    ) -> Running:
        log = self.folder / f"{name}.log"
        self.data.mkdir(exist_ok=True)
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "repo_server", *arguments],
                cwd=ROOT,
                env={**_bare_environment(), **self.settings, **settings},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.running.append(Running(name, port, log, process))
        return self.running[-1]

    def kho(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of an operator, seen through."""
        return subprocess.run(
            [sys.executable, "-m", "repo_server", *arguments],
            cwd=ROOT,
            env={**_bare_environment(), **self.settings},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database that all of them share."""
        database = open_database(self.database_url)
        try:
            yield database
        finally:
            database.close()

    def person(self, email: str, role: Role = Role.TEACHER) -> Viewer:
        """A new account with `PASSWORD`."""
        with self.database() as database:
            library = library_of(database)
            account_id = accounts.add_account(library, email, role, "Nguyễn Thị Lan", PASSWORD)
            with database.read() as session:
                return factories.viewer(session.get_one(Account, account_id))

    def token(self, viewer: Viewer) -> str:
        """A bearer token for a program of this person."""
        with self.database() as database:
            return access_tokens.create_token(library_of(database), viewer, "kịch bản", 1)[0]

    def end(self) -> None:
        """Kill all that still run."""
        for running in self.running:
            if running.process.poll() is None:
                running.kill()


def _bare_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHO_")}
    return {**kept, "KHO_DRAIN_SECONDS": "0", "PYTHONPATH": str(ROOT)}


def s3_settings(server: SeaweedServer, prefix: str) -> dict[str, str]:
    """Settings for objects below a prefix of that server."""
    return {
        "KHO_STORAGE_URL": f"s3://{BUCKET}/{prefix}",
        "KHO_S3_ENDPOINT": server.endpoint,
        "KHO_S3_REGION": REGION,
        "KHO_S3_ACCESS_KEY": server.access_key,
        "KHO_S3_SECRET_KEY": server.secret_key,
    }


def ready(*servers: Running) -> None:
    """Wait until each of them is ready."""
    deadline = time.monotonic() + READY_SECONDS
    for server in servers:
        while not _answers(server):
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise ProcessFailed(f"{server.name}: {server.said()}")
            time.sleep(0.05)


def _answers(server: Running) -> bool:
    try:
        return CLIENT.get(f"{server.url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def eventually(ask: Callable[[], Any], seconds: float = 40.0) -> Any:
    """The first answer that is true; the last one when time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
