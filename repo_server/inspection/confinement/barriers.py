"""Barriers around a process that reads strangers' bytes (Linux, through the C library).

Each function either puts its barrier up or says that this kernel or container does not have it;
none raises, because decoding behind fewer barriers and saying so (`kho verify`) beats a library
that takes no files. Order matters and is the caller's business: name spaces first (they need
privileges), then privileges away, then Landlock, then the system-call filter.
"""

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SIGKILL: Final = 9


def enter_empty_network() -> bool:
    """Move this (single-threaded) process into a network name space without any interface.

    Root may do it at once; others through a user name space, which some containers forbid.
    """
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    if _LIBC.unshare(flags) == 0:
        return True
    return flags == _CLONE_NEWNET and _LIBC.unshare(_CLONE_NEWNET | _CLONE_NEWUSER) == 0


def give_up_privileges() -> None:
    """No capability is left, and none comes back through a set-uid program."""
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("=Ii", 0x20080522, 0)
    _LIBC.capset(header, bytes(24))


def die_with_parent() -> None:
    """Have the kernel kill this process as soon as its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


# Landlock: one set of numbers for every architecture (include/uapi/linux/landlock.h)
_LANDLOCK_CREATE: Final = 444
_LANDLOCK_ADD: Final = 445
_LANDLOCK_RESTRICT: Final = 446
_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_TRUNCATE: Final = 1 << 14
_ALL_IN_VERSION: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK: Final = 0b11
_SCOPED: Final = 0b11


def landlock_version() -> int:
    """Version of the kernel's Landlock interface, 0 where it has none."""
    return max(0, int(_LIBC.syscall(_LANDLOCK_CREATE, None, 0, 1)))


def _ruleset(files: int, network: int, scoped: int) -> int:
    attributes = struct.pack("=QQQ", files, network, scoped)
    # Older kernels refuse a structure that is longer than theirs unless the rest is zero.
    return int(_LIBC.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0))


def _restrict(ruleset: int) -> bool:
    done = bool(_LIBC.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    os.close(ruleset)
    return done


def allow_only_reading(folders: Iterable[Path], file: int, answer: int) -> bool:
    """From now on no file may be written or made, and only those below `folders` read.

    `file`, an open descriptor, stays usable and may be opened again by its /proc name: a decoder
    that is another program (ffmpeg) needs that to seek. So may `answer`, also to be written.
    """
    version = landlock_version()
    if version == 0:
        return False
    files = max((v for k, v in _ALL_IN_VERSION.items() if k <= version), default=0)
    ruleset = _ruleset(files, _NETWORK if version >= 4 else 0, _SCOPED if version >= 6 else 0)
    if ruleset < 0:
        return False
    for folder in folders:
        _allow(ruleset, folder)
    _add_rule(ruleset, _READ_FILE, file)
    _add_rule(ruleset, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & files, answer)
    return _restrict(ruleset)


def _allow(ruleset: int, path: Path) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = _EXECUTE | _READ_FILE | (_READ_DIR if path.is_dir() else 0)
    _add_rule(ruleset, allowed, handle)
    os.close(handle)


def _add_rule(ruleset: int, allowed: int, handle: int) -> None:
    _LIBC.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", allowed, handle), 0)


# System calls without which decoders work and with which a taken-over one could reach out:
# sockets, io_uring (opens sockets by itself), other processes, name spaces, mounts, kernel doors.
_FORBIDDEN_CALLS: Final[dict[str, tuple[int, str]]] = {
    "x86_64": (
        0xC000003E,
        "41 42 43 49 50 288 425 101 310 311 272 308 165 166 155 161 321 298 248 249 250 175 176 "
        "313 323 304 246 169 428 429 430 442",
    ),
    "aarch64": (
        0xC00000B7,
        "198 203 202 200 201 242 425 117 270 271 97 268 40 39 41 51 280 241 217 218 219 105 106 "
        "273 282 265 104 142 428 429 430 442",
    ),
}
# setsid and setpgid.
_SESSION_CALLS: Final[dict[str, tuple[int, str]]] = {
    "x86_64": (0xC000003E, "112 109"),
    "aarch64": (0xC00000B7, "157 154"),
}
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050001  # the call fails with EPERM
_FOREIGN_CALLS: Final = 0x40000000  # x32: the same calls under other numbers


def filter_system_calls() -> bool:
    """Refuse sockets and other ways out with EPERM, for good and for all descendants."""
    return _refuse_calls(_FORBIDDEN_CALLS)


def stay_in_session() -> bool:
    """Refuse to leave the process group, so that killing the group kills every descendant."""
    return _refuse_calls(_SESSION_CALLS)


def _refuse_calls(table: dict[str, tuple[int, str]]) -> bool:
    if platform.machine() not in table:
        return False
    architecture, numbers = table[platform.machine()]
    calls = [int(number) for number in numbers.split()]
    refuse_at = len(calls) + 5
    program = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, refuse_at - 2, architecture),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, refuse_at - 4, 0, _FOREIGN_CALLS),
        *((_JUMP_EQUAL, refuse_at - 5 - place, 0, call) for place, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    head = struct.pack("@HP", len(program), ctypes.addressof(code))
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, 2, head, 0, 0) == 0)


def mapped_bytes() -> int:
    """Bytes of address space that this process has mapped now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def set_limits(*, memory: int, cpu_seconds: int, file_bytes: int) -> None:
    """Hard limits on address space, CPU time and written bytes; few descriptors, no core file.

    CPU time ends with SIGXCPU, one second before the SIGKILL that nothing can catch.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
