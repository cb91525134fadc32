"""Single system calls fail or are the last of their process, injected into a real server by strace.

The handful here is what a disk does first when it dies; `make soak` sweeps through many moments.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.crash_acts import sending_picture, sending_text
from tests.faults.crash_house import CrashHouse, Died, Nursery, crash_house

DEPTHS = {"pwrite64": 22, "fsync": 6, "fdatasync": 4, "linkat": 1, "rename": 2}
"""How often a server calls each of them, at least, from the declaration of a file to its check."""

HANDFUL = (
    "pwrite64:error=ENOSPC:when=1",
    "pwrite64:error=EIO:when=3",
    "fsync:error=EIO:when=1",
    "fdatasync:error=EIO:when=2",
    "linkat:error=EIO:when=1",
    "rename:error=ENOSPC:when=1",
)
MOMENTS = [f"{call}:{{}}:when={n}" for call, depth in DEPTHS.items() for n in range(1, depth + 1)]
SWEEP = [
    *(moment.format(f"error={code}") for code in ("EIO", "ENOSPC") for moment in MOMENTS),
    *(moment.format("signal=KILL") for _ in range(4) for moment in MOMENTS),
]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CrashHouse]:
    nursery = Nursery()
    (tmp_path / "data").mkdir()
    house = crash_house(tmp_path, nursery, {})
    try:
        house.serve()
        yield house
    finally:
        house.close()
        nursery.close()


class Injection:
    """strace on the server's process and its threads, for the length of a block."""

    def __init__(self, house: CrashHouse, what: str) -> None:
        self._log = house.folder / "strace.log"
        self._pid = house.pid
        call = what.partition(":")[0]
        self._command = [
            "strace", "-f", "-q", "-p", str(house.pid), "-o", str(self._log),
            "-e", f"trace={call}", "-e", f"inject={what}",
        ]  # fmt: skip

    def __enter__(self) -> "Injection":
        self._log.write_bytes(b"")
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        # Attached to every thread when the kernel says so of the last one.
        time.sleep(0.3)
        # It ends at once where the server met its end before it was asked for anything.
        if self._process.poll() is not None and alive(self._pid):
            assert self._process.stderr is not None
            reason = self._process.stderr.read().decode()
            self._process.stderr.close()
            pytest.skip(f"strace may not attach here: {reason}")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            # It waits for a thread of the dead; the kernel lets go of what it held.
            self._process.kill()
            self._process.wait(20)
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def happened(self) -> bool:
        said = self._log.read_text(errors="replace")
        return "INJECTED" in said or "killed by SIGKILL" in said


def suffer(house: CrashHouse, what: str) -> bool:
    """Send a file while it happens, and again until it is there; whether it happened at all."""
    act = (sending_picture if "rename" in what else sending_text)(house)
    with Injection(house, what) as injection, suppress(Died, AssertionError):
        house.send(act.name, act.content)  # type: ignore[attr-defined]
        time.sleep(0.4)
    if not alive(house.pid):
        house.bury()
        house.serve()
    house.let_leases_run_out()
    act.do(house)
    return injection.happened


def alive(pid: int) -> bool:
    try:
        return "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_call_that_fails_costs_a_retry_and_nothing_else(house: CrashHouse) -> None:
    if shutil.which("strace") is None:
        pytest.skip("system calls: strace is not installed")
    happened = [suffer(house, what) for what in HANDFUL]
    house.settle()
    house.judge()
    house.judge_bytes()
    assert sum(happened) >= len(HANDFUL) - 1


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_sweep_through_system_calls_leaves_nothing_wrong(
    house: CrashHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("system calls: strace is not installed")
    happened = {"error": 0, "signal": 0}
    for number, what in enumerate(SWEEP, start=1):
        happened["error" if "error=" in what else "signal"] += suffer(house, what)
        if number % 20 == 0:
            house.settle()
            house.judge()
    house.settle()
    house.judge()
    house.judge_bytes()
    told = f"system calls: {happened['error']} failed, {happened['signal']} were the last"
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    assert happened["error"] >= 50
    assert happened["signal"] >= 100
