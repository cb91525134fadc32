"""The forking inspector: one clean process that has every decoder loaded and forks per file.

Starting Python and loading PDFium, Pillow and libmagic costs ten times more than reading a lesson.
So this process does it once, walls itself in (no network, nothing writable, no privileges), and
then forks a child per file that adds hard limits and a session of its own. A child may die of
what it reads; this process only forks, waits and kills, and never looks at a stranger's byte.

It ends when its server ends: the control socket closes, or its parent is no longer the same.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

from repo_server.inspection.base import Confinement
from repo_server.inspection.confinement import barriers
from repo_server.inspection.confinement.wire import (
    MESSAGE_LIMIT,
    Ending,
    Job,
    Limits,
    Ready,
    Start,
    pack,
    pack_ending,
    unpack_job,
    unpack_start,
)

_FILE: Final = 3
_ANSWER: Final = 4
_WATCH_SECONDS: Final = 2.0

Worker = Callable[[Job, int, int], None]


@dataclass(slots=True)
class _Child:
    pid: int
    status: int
    deadline: float
    timed_out: bool = False


@dataclass(slots=True)
class Forker:
    """The loop of the forking process. `worker(job, file, answer)` runs in each child."""

    control: socket.socket
    worker: Worker
    limits: Limits
    memory: int
    folders: tuple[Path, ...]
    pid: int = field(default_factory=os.getpid)
    parent: int = field(default_factory=os.getppid)
    children: dict[int, _Child] = field(default_factory=dict)

    def serve(self) -> None:
        """Fork for every request until the server goes away."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while os.getppid() == self.parent:
            for descriptor, _ in poll.poll(self._patience()):
                if descriptor != self.control.fileno():
                    poll.unregister(descriptor)
                    self._bury(descriptor)
                elif not self._take_request(poll):
                    return
            self._kill_overdue()

    def _patience(self) -> int:
        now = time.monotonic()
        waits = [child.deadline - now for child in self.children.values() if not child.timed_out]
        return max(0, int(1000 * min([_WATCH_SECONDS, *waits]))) + 1

    def _take_request(self, poll: select.poll) -> bool:
        message, handles, _, _ = socket.recv_fds(self.control, MESSAGE_LIMIT, 3)
        if not message:
            return False
        file, answer, status = handles
        pid = os.fork()
        if pid == 0:
            self._become_child(unpack_job(message), file, answer)
        os.close(file)
        os.close(answer)
        watch = os.pidfd_open(pid)
        self.children[watch] = _Child(pid, status, time.monotonic() + self.limits.wall_seconds)
        poll.register(watch, select.POLLIN)
        return True

    def _become_child(self, job: Job, file: int, answer: int) -> None:
        code = 70
        try:
            barriers.die_with_parent()
            if os.getppid() != self.pid:
                os._exit(0)
            os.setsid()
            _keep_only(file, answer)
            barriers.set_limits(
                memory=self.memory,
                cpu_seconds=self.limits.cpu_seconds,
                file_bytes=self.limits.output,
            )
            barriers.allow_only_reading(self.folders, _FILE, _ANSWER)
            barriers.stay_in_session()
            self.worker(job, _FILE, _ANSWER)
            code = 0
        except MemoryError:
            code = 71
        finally:
            os._exit(code)

    def _bury(self, watch: int) -> None:
        child = self.children.pop(watch)
        # What the child started (ffmpeg) is in its session: nothing of it may outlive it. Before
        # waiting, so that the number cannot yet belong to somebody else.
        _kill_group(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        os.close(watch)
        ending = Ending(status, child.timed_out, usage.ru_utime + usage.ru_stime)
        try:
            os.write(child.status, pack_ending(ending))
        except OSError:  # the server has given up on this job
            pass
        finally:
            os.close(child.status)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            if not child.timed_out and child.deadline <= now:
                child.timed_out = True
                _kill_group(child.pid)
                os.kill(child.pid, signal.SIGKILL)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _keep_only(file: int, answer: int) -> None:
    """Move the two descriptors to their fixed places and close every other."""
    # Through high numbers first, so that neither can overwrite the other.
    file, answer = os.dup2(file, 200), os.dup2(answer, 201)
    os.dup2(file, _FILE)
    os.dup2(answer, _ANSWER)
    os.closerange(_ANSWER + 1, 4096)


def _readable_folders(start: Start) -> tuple[Path, ...]:
    system = "/usr/lib /usr/lib64 /usr/local/lib /lib /lib64 /usr/share/misc /usr/share/file"
    fonts = "/usr/share/fonts /usr/local/share/fonts"
    files = "/etc/ld.so.cache /etc/magic /dev/null /dev/urandom"
    folders = [*system.split(), *fonts.split(), *files.split(), *start.folders]
    return tuple(Path(folder) for folder in [*folders, start.ffmpeg] if folder)


def _wall_in(start: Start, worker: ModuleType) -> Confinement:
    network = barriers.enter_empty_network()
    barriers.give_up_privileges()
    landlock = barriers.landlock_version()
    calls = barriers.filter_system_calls()
    named = {
        "không gian mạng riêng (unshare)": network,
        "Landlock (chặn đọc ghi tệp)": landlock > 0,
        "bộ lọc lời gọi hệ thống (seccomp)": calls,
    }
    return Confinement(
        limits=True,
        network_namespace=network,
        system_call_filter=calls,
        landlock=landlock,
        libmagic=int(getattr(worker, "LIBMAGIC", 0)),
        missing=tuple(name for name, there in named.items() if not there),
    )


def main() -> None:
    """Serve on standard input, a Unix socket whose other end the server holds."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Python ignores it; a child that writes beyond its limit has to die of it.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    start = unpack_start(control.recv(MESSAGE_LIMIT))
    try:
        worker = importlib.import_module(start.worker)
        worker.prepare(start.ffmpeg)
    except Exception as error:  # noqa: BLE001 the server must hear any reason why it cannot work
        control.send(pack(Ready(None, f"{type(error).__name__}: {error}"[:500])))
        return
    walls = _wall_in(start, worker)
    memory = barriers.mapped_bytes() + start.limits.memory
    # Children share these pages; a collection would copy them.
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(pack(Ready(walls)))
    Forker(control, worker.run, start.limits, memory, _readable_folders(start)).serve()
    # A server that was killed could not take its empty folder away.
    with contextlib.suppress(OSError):
        Path.cwd().rmdir()
