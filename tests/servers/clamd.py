"""Virus scanners for tests: Debian's clamd with one signature, and one that says what it is told.

The test file of EICAR and the signature that finds it are put together when a test runs: a file of
ours that held them would be taken for a virus itself.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.servers.shared import end_with_the_run, locked

EICAR: Final = "".join(
    ("X5O!P%@AP[4", "\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*")
).encode()
THREAT: Final = "Kho-Test-Eicar.UNOFFICIAL"
"""What clamd calls it; names of signatures that are not ClamAV's own end so."""

STREAM_LIMIT: Final = 8 << 20
"""Bytes of one file that the real clamd takes here."""

READY_SECONDS: Final = 30


class ClamdMissing(Exception):
    """clamd is not installed (apt-get install clamav-daemon)."""


def shared_clamd() -> str:
    """The address of the one real clamd of this test run; it ends with the run."""
    with locked("clamd") as remembered:
        if not remembered.exists():
            folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="kho-clamd-"))
            process = _start(folder)
            end_with_the_run(process.pid, folder)
            process.returncode = 0  # it is ended by its id, maybe by another process
            remembered.write_text(f"{folder}\n{process.pid}")
        return f"unix:{remembered.read_text().splitlines()[0]}/socket"


def stop_shared_clamd() -> None:
    """End the scanner of this test run, if one was started."""
    with locked("clamd") as remembered:
        if remembered.exists():
            folder, process_id = remembered.read_text().splitlines()
            with suppress(ProcessLookupError):
                os.kill(int(process_id), signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
            remembered.unlink()


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    program = shutil.which("clamd") or "/usr/sbin/clamd"
    if not Path(program).exists():
        raise ClamdMissing
    (folder / "signatures").mkdir()
    signature = f"{THREAT.partition('.')[0]}:0:*:{EICAR.hex()}\n"
    (folder / "signatures" / "eicar.ndb").write_text(signature)
    settings = {
        "DatabaseDirectory": folder / "signatures", "LocalSocket": folder / "socket",
        "Foreground": "yes", "PidFile": folder / "pid", "StreamMaxLength": STREAM_LIMIT,
        "MaxThreads": 2, "SelfCheck": 36_000,
    }  # fmt: skip
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (folder / "clamd.conf").write_text("".join(lines))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", str(folder / "clamd.conf")], stdout=log, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + READY_SECONDS
    while not (folder / "socket").exists():
        said = (folder / "log").read_text(errors="replace")
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    return process


Say = Callable[[bytes], bytes | None]


def finding(threat: str, *marks: bytes) -> Say:
    """A scanner that finds `threat` in what holds one of these bytes."""

    def say(content: bytes) -> bytes:
        found = any(mark in content for mark in marks)
        return f"stream: {threat} FOUND".encode() if found else b"stream: OK"

    return say


@dataclass
class FakeClamd:
    """Listens at `address`; `say` answers a stream, with None it falls silent.

    `limit`: bytes of a stream after which it answers and hangs up. `silent`: not even a greeting is
    answered. `seen`: how many bytes each stream had.
    """

    address: str
    say: Say
    limit: int | None = None
    silent: bool = False
    seen: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Answer everybody until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            stream = connection.makefile("rb")
            command = b""
            while not command.endswith(b"\0"):
                command += stream.read(1) or b"\0"
            said = None if self.silent else self._said(command, stream)
            if said is None:
                self.over.wait(60)
            else:
                connection.sendall(said)

    def _said(self, command: bytes, stream: object) -> bytes | None:
        read = stream.read  # type: ignore[attr-defined]
        if command == b"zPING\0":
            return b"PONG\0"
        content = b""
        while length := int.from_bytes(read(4), "big"):
            content += read(length)
            if self.limit is not None and len(content) > self.limit:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.seen.append(len(content))
        said = self.say(content)
        return None if said is None else said + b"\0"


@contextmanager
def fake_clamd(folder: Path, say: Say | None = None) -> Iterator[FakeClamd]:
    """A scanner in this process, at a socket in `folder`; it knows the test file of EICAR."""
    path = folder / "clamd.socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        fake = FakeClamd(f"unix:{path}", say or finding(THREAT, EICAR))
        thread = threading.Thread(target=fake.serve, args=(listener,))
        thread.start()
        try:
            yield fake
        finally:
            fake.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
