"""What a decoder could do when a file has taken it over; runs in the confined child.

The job's name says which misdeed; what came of it is answered as the title of an inspection.
"""

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from repo_server.inspection.base import Inspection, RenderedImage, Segment
from repo_server.inspection.confinement.wire import Job, write_record

LIBMAGIC = 1


def prepare(ffmpeg: str) -> None:
    """Nothing to load."""


def _say(answer: int, what: object) -> None:
    write_record(answer, Inspection(accepted=True, kind="txt", title=str(what)))


def _burn(answer: int) -> None:
    while True:
        pass


def _sleep(answer: int) -> None:
    time.sleep(60)


def _rest(answer: int) -> None:
    start = time.monotonic()
    time.sleep(0.6)
    _say(answer, f"{start} {time.monotonic()}")


def _grab(answer: int) -> None:
    hoard = [bytes([n % 250 + 1]) * (16 << 20) for n in range(64)]
    _say(answer, len(hoard))


def _crash(answer: int) -> None:
    ctypes.string_at(0)


def _mistake(answer: int) -> None:
    raise NameError("a slip of ours")


def _babble(answer: int) -> None:
    os.write(answer, b"\x20\0\0\0Inonsense that is not a record at all")


def _flood(answer: int) -> None:
    while True:
        os.write(answer, bytes(1 << 20))


def _lie(answer: int) -> None:
    write_record(answer, Inspection(accepted=True, kind="exe", media_type="text/html"))


def _promote(answer: int) -> None:
    write_record(answer, Inspection(accepted=True, kind="txt", media_type="text/html"))


def _swamp(answer: int) -> None:
    text = (Segment(1, "", "x" * 10_000_001),)
    write_record(answer, Inspection(accepted=True, kind="txt", segments=text))


def _poison(answer: int) -> None:
    write_record(answer, Inspection(accepted=True, kind="txt", segments=(Segment(1, "", "a\0b"),)))


def _exaggerate(answer: int) -> None:
    sizes = {"width": 1 << 62, "height": -1, "page_count": 1 << 40}
    found = Inspection(accepted=True, kind="mp4", duration=float("nan"), **sizes)
    write_record(answer, found)


def _paint(answer: int) -> None:
    _say(answer, "da doc")
    write_record(answer, RenderedImage(b"<svg onload=alert(1)>", "image/svg+xml", 1, 1))


def _draw_forever(answer: int) -> None:
    _say(answer, "da doc")
    time.sleep(60)


def _outcome(act: Callable[[], object]) -> str:
    try:
        return f"done {act()}"
    except OSError as error:
        return type(error).__name__


def _connect(answer: int) -> None:
    _say(answer, _outcome(lambda: socket.create_connection(("127.0.0.1", 9), 1)))


def _name_space(answer: int) -> None:
    _say(answer, Path("/proc/self/ns/net").readlink())


def _read(answer: int) -> None:
    _say(answer, _outcome(lambda: Path("/etc/passwd").read_text(encoding="utf-8")))


def _write(answer: int) -> None:
    _say(
        answer,
        _outcome(lambda: Path(os.devnull).parent.parent.joinpath("tmp", "x").write_text("x")),
    )


def _kill(answer: int) -> None:
    _say(answer, _outcome(lambda: os.kill(os.getppid(), signal.SIGTERM)))


def _run_away(answer: int) -> None:
    left = _outcome(os.setsid) if os.fork() == 0 else ""
    if left:
        time.sleep(60)
    _say(answer, "gone")


def _leave(answer: int) -> None:
    _say(answer, _outcome(lambda: os.setpgid(0, os.getppid())))


def _look_around(answer: int) -> None:
    handles = [n for n in range(1000) if _outcome(lambda n=n: os.fstat(n)).startswith("done")]
    names = sorted(set(os.environ) - {"LC_CTYPE"})
    _say(answer, f"{names} {handles} {os.getsid(0) == os.getpid()}")


_ACTS = {
    name.removeprefix("_"): act
    for name, act in list(globals().items())
    if name.startswith("_") and name not in ("_say", "_outcome") and callable(act)
}


def run(job: Job, file: int, answer: int) -> None:
    """Do what the job's name says."""
    _ACTS[job.name](answer)
