"""Kho as it is served: `kho serve` as a process of its own, on a free port of this machine."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
READY_SECONDS: Final = 60
PASSWORD: Final = "hoa phượng đỏ"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server; `process` is the supervisor, whose child answers."""

    process: "subprocess.Popen[bytes]"
    port: int

    def connect(self, seconds: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def socket(self, seconds: float = 30) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def ask(
        self, method: str, target: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of one request; keyword arguments are headers."""
        connection = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named)  # type: ignore[arg-type]
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, said, answer.read()
        finally:
            connection.close()

    @property
    def child(self) -> int:
        """The process that answers."""
        (child,) = children(self.process.pid)
        return child

    def resident(self) -> int:
        """Bytes of memory that the serving process holds now."""
        return _kilobytes(self.child, "VmRSS") << 10

    def peak(self) -> int:
        """The most bytes of memory that it has held."""
        return _kilobytes(self.child, "VmHWM") << 10


def children(process_id: int) -> list[int]:
    """The living processes that this process started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == process_id and fields[0] != "Z":
                found.append(int(folder.name))
    return sorted(found)


def is_alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kilobytes(process_id: int, field: str) -> int:
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise ValueError(field)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """What a process needs to work on the data in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHO_")}
    given = {f"KHO_{name.upper()}": value for name, value in settings.items()}
    own = {"KHO_DATA": str(folder), "KHO_DRAIN_SECONDS": "0", "PYTHONPATH": str(ROOT)}
    return kept | own | given


def add_user(folder: Path, email: str, role: str = "teacher") -> None:
    """`kho user add`."""
    command = [sys.executable, "-m", "repo_server", "user", "add", email, "--role", role,
               "--password-stdin"]  # fmt: skip
    subprocess.run(
        command, input=PASSWORD.encode(), env=environment(folder), check=True, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Served]:
    """A server on the data in `folder`; it is ended by its id."""
    port = _free_port()
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "repo_server", "serve", "--port", str(port)],
        cwd=ROOT, env=environment(folder, **settings), stdin=subprocess.DEVNULL,
        stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    server = Served(process, port)
    try:
        _wait_until_ready(server, folder / "server.log")
        yield server
    finally:
        log.close()
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: Served, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.ask("GET", "/health/live")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
