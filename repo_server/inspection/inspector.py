"""`Inspector`: what the rest of Kho asks about the inside of a file.

It holds the forking process (`confinement.forker`), hands it open files and believes only bounded,
typed answers. Whatever a file does to its reader ends as a verdict with a sentence, never as an
exception here.
"""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

import repo_server
from repo_server.domain.errors import FileRejected, InspectionUnavailable
from repo_server.domain.files import FILE_KINDS, REASONS
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KEYWORD_LIMIT, KEYWORDS_LIMIT, TITLE_LIMIT
from repo_server.failpoints import reached
from repo_server.inspection.base import (
    CONTENTS_LIMIT,
    DESCRIPTION_LIMIT,
    MAX_LAUNCHES,
    TEXT_LIMIT,
    THUMBNAIL_LIMIT,
    Confinement,
    Declared,
    Inspection,
    Launches,
    MadeView,
    RenderedImage,
    Segment,
)
from repo_server.inspection.confinement.wire import (
    ENDING_SIZE,
    MESSAGE_LIMIT,
    Ending,
    Job,
    Limits,
    Record,
    Start,
    pack,
    read_records,
    unpack_ending,
    unpack_ready,
)
from repo_server.inspection.confinement.workplace import Workplace
from repo_server.inspection.engines import engine_files, engine_path
from repo_server.inspection.sanitizing import sanitized

WORKER: Final = "repo_server.inspection.work"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MISTAKE: Final = 70 << 8
"""Wait status of a child that failed by an error of ours (exit status 70)."""

_START_SECONDS: Final = 30.0
_SOURCE: Final = Path(repo_server.__file__).resolve().parent
_BOOT: Final = (
    "import sys; sys.path[:0] = sys.argv[1:]; "
    "from repo_server.inspection.confinement.forker import main; main()"
)


class _ForkerDied(Exception):
    """The forking process ended while a job was under way."""


@dataclass(frozen=True, slots=True)
class _Answer:
    records: list[Record]
    ending: Ending


class Inspector:
    """Looks into files, each in a confined child process. Safe to share between threads.

    The forking process starts with the first question and again whenever it was lost; at most
    `jobs` files are read at once, further callers wait. `worker` names the module that runs in the
    children and `folder` where it is found (tests use their own).
    """

    def __init__(
        self,
        *,
        jobs: int = 2,
        limits: Limits | None = None,
        worker: str = WORKER,
        folder: Path = _SOURCE.parent,
    ) -> None:
        self._stopped = threading.Event()
        self._limits = limits or Limits()
        self._worker = worker
        self._folder = folder
        self._slots = threading.BoundedSemaphore(jobs)
        self._lock = threading.Lock()
        self._forker: _Forker | None = None

    def inspect(self, path: Path, name: str, *, thumbnail: bool = True) -> Inspection:
        """What the file at `path` is; `name` is what its owner calls it.

        Raises OSError when the file cannot be opened and InspectionUnavailable when no child can
        be started; everything that is the file's fault is a verdict.
        """
        job = Job("inspect", name=name, thumbnail=thumbnail)
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return _refused("empty")
            answer = self._ask(job, file)
        return _as_inspection(answer, self._limits)

    def render_page(self, path: Path, kind: str, page: int, width: int) -> RenderedImage:
        """Page `page` (from 1) of a PDF, or a picture as its only page, `width` pixels wide.

        Raises FileRejected when there is no such page or it cannot be drawn.
        """
        job = Job("render", kind=kind, page=page, width=max(16, min(width, 2400)))
        with path.open("rb") as file:
            answer = self._ask(job, file)
        if answer.records and isinstance(answer.records[0], RenderedImage):
            return _checked_image(answer.records[0])
        refused = _as_inspection(answer, self._limits)
        raise FileRejected(refused.verdict, refused.reason)

    def recognize(self, path: Path, kind: str, page: int) -> Segment | None:
        """The words on a page that is a picture, by tesseract; None where there are none.

        Raises FileRejected when the page cannot be drawn or read, or tesseract is not there.
        """
        job = Job("recognize", kind=kind, page=page, variant=engine_path("tesseract"))
        with path.open("rb") as file:
            found = _as_inspection(self._ask(job, file), self._limits)
        if not found.accepted:
            raise FileRejected(found.verdict, found.reason)
        return found.segments[0] if found.segments else None

    def launches(self, path: Path, kind: str) -> Launches:
        """The pages of a package that a player opens; the file needs only the package's manifests.

        Raises FileRejected when they cannot be read.
        """
        with path.open("rb") as file:
            answer = self._ask(Job("launch", kind=kind), file)
        found = answer.records[0] if answer.records else None
        if isinstance(found, Launches) and answer.ending.status == 0 and _is_playable(found):
            return found
        refused = _as_inspection(answer, self._limits)
        raise FileRejected(refused.verdict, refused.reason)

    def reading_view(self, path: Path, kind: str) -> str:
        """A Markdown file or a notebook as HTML that may stand in a page of ours.

        Raises FileRejected where there is none.
        """
        with path.open("rb") as file:
            answer = self._ask(Job("read", kind=kind), file)
        found = answer.records[0] if answer.records else None
        if isinstance(found, MadeView) and answer.ending.status == 0:
            return sanitized(found.markup)
        refused = _as_inspection(answer, self._limits)
        raise FileRejected(refused.verdict, refused.reason)

    def confinement(self) -> Confinement:
        """Which barriers are in force; starts the forking process when it is not there yet."""
        return self._running().confinement

    def forker_pid(self) -> int:
        """Process id of the forking process (for measurements)."""
        return self._running().process.pid

    def close(self) -> None:
        """End the forking process and all its children."""
        with self._lock:
            if self._forker is not None and self._forker.owner == os.getpid():
                self._forker.stop()
            self._forker = None

    def _running(self) -> "_Forker":
        with self._lock:
            # After a fork of the server, the other process owns that forker.
            if self._forker is None or self._forker.owner != os.getpid():
                self._forker = _Forker.start(self._limits, self._worker, self._folder)
            return self._forker

    def stop(self) -> None:
        """Give up what is under way; whoever waits for it, or asks later, is told "unavailable"."""
        self._stopped.set()
        self.close()

    def look_for_engines(self) -> None:
        """Start anew with the next question where an engine was installed or taken away since."""
        with self._lock:
            old = self._forker
            if old is not None and old.engines != (engine_path("ffmpeg"), *engine_files()):
                old.stop()
                self._forker = None

    def _ask(self, job: Job, file: BinaryIO, target: int | None = None) -> _Answer:
        with self._slots:
            for attempt in (1, 2):
                if self._stopped.is_set():
                    break
                forker = self._running()
                try:
                    answer = forker.run(job, file, self._limits.wall_seconds + 10, target)
                except _ForkerDied:
                    self._forget(forker)
                    continue
                if answer.ending.status == _MISTAKE:
                    break
                if attempt == 2 or not _killed_from_outside(answer.ending, self._limits):
                    return answer
        raise _unavailable("no child ended in order")

    def _forget(self, forker: "_Forker") -> None:
        with self._lock:
            forker.stop()
            if self._forker is forker:
                self._forker = None


def _unavailable(reason: str) -> InspectionUnavailable:
    error = InspectionUnavailable()
    error.add_note(reason)
    return error


@dataclass(slots=True, weakref_slot=True)
class _Forker:
    """The forking process as seen from the server."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    workplace: Workplace
    confinement: Confinement
    owner: int
    engines: tuple[str, ...]

    @classmethod
    def start(cls, limits: Limits, worker: str, folder: Path) -> "_Forker":
        """Start it and wait until every decoder is loaded; raises InspectionUnavailable."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        workplace = Workplace()
        process = subprocess.Popen(  # noqa: S603 our own interpreter and module
            [sys.executable, "-I", "-B", "-c", _BOOT, str(_SOURCE.parent), str(folder)],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd=workplace.path,
            start_new_session=True,
        )
        theirs.close()
        ffmpeg = engine_path("ffmpeg")
        files = engine_files()
        start = Start(limits, worker, ffmpeg, (*_code_folders(folder), *files))
        try:
            ours.settimeout(_START_SECONDS)
            ours.send(pack(start))
            ready = unpack_ready(ours.recv(MESSAGE_LIMIT))
            ours.settimeout(None)
        except (OSError, msgspec.MsgspecError) as error:
            _end(process, ours, workplace)
            raise _unavailable(str(error)) from error
        if ready.confinement is None:
            _end(process, ours, workplace)
            raise _unavailable(ready.error)
        forker = cls(process, ours, workplace, ready.confinement, os.getpid(), (ffmpeg, *files))
        weakref.finalize(forker, _end_if_ours, os.getpid(), process, ours, workplace)
        return forker

    def run(self, job: Job, file: BinaryIO, seconds: float, target: int | None) -> _Answer:
        """Have a child do `job`; raises _ForkerDied when nobody is there to start or bury it.

        With `target`, an open file, the child writes into that one, and there are no records.
        """
        answer = _memory_file() if target is None else os.dup(target)
        status, status_end = os.pipe()
        try:
            try:
                handles = [file.fileno(), answer, status_end]
                socket.send_fds(self.control, [pack(job)], handles)
            except OSError as error:
                raise _ForkerDied from error
            finally:
                os.close(status_end)
            reached("C6", self.process.pid)
            ending = _await_ending(status, seconds)
            return _Answer(_believable_records(answer) if target is None else [], ending)
        finally:
            os.close(status)
            os.close(answer)

    def stop(self) -> None:
        """Kill it; its children die with it."""
        _end(self.process, self.control, self.workplace)


def _end_if_ours(
    owner: int, process: subprocess.Popen[bytes], control: socket.socket, workplace: Workplace
) -> None:
    # A copy of this object in a forked process must not end the original's child.
    if os.getpid() == owner:
        _end(process, control, workplace)


def _end(process: subprocess.Popen[bytes], control: socket.socket, workplace: Workplace) -> None:
    control.close()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
    workplace.remove()


def _code_folders(folder: Path) -> tuple[str, ...]:
    """Where Python, the installed packages and our own modules lie: all that children may read."""
    paths = sysconfig.get_paths()
    names = ["stdlib", "platstdlib", "purelib", "platlib"]
    base = Path(sys.base_prefix) / "lib"
    # Never the whole checkout: a library's data may lie in it.
    ours = [_SOURCE] if folder == _SOURCE.parent else [_SOURCE, folder]
    return tuple(dict.fromkeys([*(paths[name] for name in names), str(base), *map(str, ours)]))


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("kho-answer", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _await_ending(status: int, seconds: float) -> Ending:
    poll = select.poll()
    poll.register(status, select.POLLIN)
    if not poll.poll(int(seconds * 1000)):
        raise _ForkerDied
    data = os.read(status, ENDING_SIZE)
    if len(data) < ENDING_SIZE:
        raise _ForkerDied
    return unpack_ending(data)


def _believable_records(answer: int) -> list[Record]:
    try:
        return read_records(answer)
    except ValueError:
        return []


def _killed_from_outside(ending: Ending, limits: Limits) -> bool:
    """SIGKILL that neither a limit nor our clock sent: the machine was short of memory."""
    killed = os.WIFSIGNALED(ending.status) and os.WTERMSIG(ending.status) == signal.SIGKILL
    return killed and not ending.timed_out and ending.cpu_seconds < limits.cpu_seconds


def _refused(verdict: str, **details: object) -> Inspection:
    return Inspection(accepted=False, verdict=verdict, reason=REASONS[verdict].format(**details))


def _as_inspection(answer: _Answer, limits: Limits) -> Inspection:
    """The child's word if it is plausible, else what its death says."""
    found = answer.records[0] if answer.records else None
    over = _limit_passed(answer.ending, limits)
    finished = answer.ending.status == 0
    if not isinstance(found, Inspection) or not (finished or over):
        return _from_death(over)
    if not found.accepted:
        return _refused_by_child(found)
    picture = answer.records[1] if len(answer.records) > 1 else None
    warnings = found.warnings
    if over:
        warnings = (*warnings, "Không tạo được ảnh đại diện vì tệp quá nặng.")
    thumbnail = None
    if isinstance(picture, RenderedImage):
        with contextlib.suppress(FileRejected):
            thumbnail = _checked_image(picture)
    return _bounded(replace(found, warnings=warnings, thumbnail=thumbnail))


def _from_death(over: str) -> Inspection:
    if over:
        return _refused("too_complex", detail=over)
    return _refused("damaged", detail="bộ đọc dừng đột ngột khi mở tệp")


def _limit_passed(ending: Ending, limits: Limits) -> str:
    """Which limit a child died of, in Vietnamese; "" when of none."""
    if ending.timed_out:
        return f"quá {limits.wall_seconds:g} giây"
    if os.WIFEXITED(ending.status):
        return "quá nhiều bộ nhớ" if os.WEXITSTATUS(ending.status) == 71 else ""
    number = os.WTERMSIG(ending.status)
    if number == signal.SIGXCPU or ending.cpu_seconds >= limits.cpu_seconds:
        return f"quá {limits.cpu_seconds} giây xử lí"
    if number == signal.SIGKILL:
        return "quá nhiều bộ nhớ"
    return "ghi quá nhiều dữ liệu" if number == signal.SIGXFSZ else ""


def _refused_by_child(found: Inspection) -> Inspection:
    if found.verdict in REASONS and found.verdict != "ok":
        return Inspection(
            accepted=False,
            verdict=found.verdict,
            reason=found.reason[:2000],
            kind=found.kind,
            warnings=found.warnings[:9],
        )
    return _refused("damaged", detail="bộ đọc trả lời sai")


def _bounded(found: Inspection) -> Inspection:
    """What the server keeps of an accepting answer; media types come from our own table."""
    if found.kind not in FILE_KINDS or not _is_plausible(found):
        return _refused("damaged", detail="bộ đọc trả lời sai")
    if sum(len(segment.text) for segment in found.segments) > TEXT_LIMIT:
        return _refused("too_complex", detail="quá nhiều chữ")
    return replace(
        found,
        verdict="ok",
        reason="",
        media_type=FILE_KINDS[found.kind].media_type,
        title=found.title[:300] if found.title else None,
        page_count=_within(found.page_count, 1_000_000),
        width=_within(found.width, 1_000_000),
        height=_within(found.height, 1_000_000),
        duration=_seconds(found.duration),
    )


def _is_plausible(found: Inspection) -> bool:
    """No NUL, which databases refuse, and places as our decoders number and label them."""
    texts = [found.title or "", found.language or "", *found.warnings]
    texts += [text for segment in found.segments for text in (segment.label, segment.text)]
    return (
        _is_bounded(found.declared)
        and (found.content is None or _DIGEST.fullmatch(found.content) is not None)
        and len(found.segments) <= 100_000
        and all(1 <= segment.position <= 1_000_000 for segment in found.segments)
        and all(len(segment.label) <= 200 for segment in found.segments)
        and len(found.warnings) <= 20
        and not any("\0" in text for text in texts)
    )


def _is_bounded(said: Declared) -> bool:
    """Whether what a file says about itself keeps the limits that `Declared` promises."""
    lines = [said.title or "", said.creator or "", *(part.title for part in said.contents)]
    words = [*said.keywords, *(part.note for part in said.contents), said.language or ""]
    long = (said.description or "", said.rights or "")
    return (
        len(said.contents) <= CONTENTS_LIMIT
        and len(said.keywords) <= KEYWORDS_LIMIT
        and all(len(line) <= TITLE_LIMIT for line in lines)
        and all(len(word) <= KEYWORD_LIMIT for word in words)
        and all(len(text) <= DESCRIPTION_LIMIT for text in long)
        and all(1 <= grade <= 12 for grade in said.grades)
        and (said.license is None or said.license in LICENSES)
        and not any("\0" in text for text in (*lines, *words, *long))
    )


def _is_playable(found: Launches) -> bool:
    """Whether a list of pages keeps the limits of every text of a package."""
    texts = [found.title, *(page.title for page in found.pages)]
    return (
        len(found.pages) <= MAX_LAUNCHES
        and all(len(text) <= TITLE_LIMIT and "\0" not in text for text in texts)
        and all(len(page.address) <= 4_000 and "\0" not in page.address for page in found.pages)
    )


def _within(number: int | None, most: int) -> int | None:
    return number if number is not None and 0 <= number <= most else None


def _seconds(duration: float | None) -> float | None:
    """A length that a film may have (up to a month), else None; NaN is none either."""
    return duration if duration is not None and 0 <= duration < 31 * 86_400 else None


def _checked_image(image: RenderedImage) -> RenderedImage:
    small = len(image.data) <= THUMBNAIL_LIMIT
    if not small or image.media_type != "image/webp" or image.data[8:12] != b"WEBP":
        raise FileRejected("damaged", REASONS["damaged"].format(detail="không vẽ được trang"))
    return image
