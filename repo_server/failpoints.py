"""Named points of the protocols at which a test lets a process die, fail, wait or find no room.

What is written by several stores one after the other can be interrupted between any two of them.
Each such place of the code calls `reached` with its name. Nothing happens there unless
`KHO_FAILPOINT` names the point; outside development the settings refuse that. A plan is one use:
after it was carried out, the process (if it lives) goes on as always.
"""

import errno
import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

POINTS: Final[Mapping[str, str]] = {
    "C1": "an upload is about to be declared; nothing is written",
    "C2": "the declaration is committed; nobody was told",
    "C3": "a part of the bytes is in staging",
    "C4": "all bytes of a request are written and not synced",
    "C5": "they are synced; the database does not know that the upload is complete",
    "C6": "the process that reads a file is killed while it reads",
    "C7": "the verdict is known and not stored",
    "C8": "the bytes have a temporary name in the storage",
    "C9": "the blob has its name; the folder is not synced",
    "C10": "the blob is in the storage for certain; no row names it",
    "C11": "in the middle of the commit that makes the file known",
    "C12": "everything is written, the commit is not",
    "C13": "the file is committed; whoever waits was not told",
    "C14": "the upload is received and its check enqueued; the client was not answered",
    "C15": "staging is discarded; the job is not closed",
    "C16": "the relay has read the rows; the index has nothing",
    "C17": "the engine was given documents and has not committed",
    "C18": "the engine holds them; the database does not know",
    "C19": "the database knows what the index holds",
    "C20": "an image is drawn and not stored",
    "C21": "an image is stored; no row names it",
    "C22": "the row of an image is committed",
    "C23": "a step of a material's life is written and not committed",
    "C24": "it is committed; whoever asked was not told",
    "C25": "a tombstone is written and not committed",
    "C26": "a tombstone is committed; whoever asked was not told",
    "C27": "a purge is written and not committed",
    "C28": "a purge is committed",
    "C29": "a blob is doomed, the commit is not written",
    "C30": "a blob is doomed; its bytes are there",
    "C31": "the bytes are deleted; the row is there",
    "C32": "the row is deleted, too",
    "C33": "a new index is begun beside the serving one",
    "C34": "a batch is loaded into it",
    "C35": "all is loaded; the relay still feeds the old one",
    "C36": "it was compared with what was loaded",
    "C37": "it serves; the database takes it for empty",
    "C38": "the database knows what it holds",
    "C39": "the janitor has committed what it does to rows; nothing is deleted",
    "C40": "the janitor has ended its round",
    "C41": "the virus scanner's verdict is known and not stored",
    "C42": "an upload is in quarantine; its job is not closed",
    "C43": "a quarantine is lifted, the commit is not written",
    "C44": "it is lifted; whoever asked was not told",
    "C45": "an upload in quarantine is destroyed, the commit is not written",
    "C46": "it is destroyed; its bytes are in staging",
}
"""Every point, in the order of the protocols; ARCHITECTURE tells the steps between them."""

_PLAN: Final = re.compile(
    r"(?P<name>C\d+)(?:@(?P<time>[1-9]\d{0,3}))?"
    r"(?::(?P<act>kill|error|full|sleep=(?P<seconds>\d{1,3}(?:\.\d{1,3})?)))?"
)


class PlanInvalid(ValueError):
    """The text names no point, or nothing that can happen there."""


@dataclass(slots=True)
class _Plan:
    name: str
    act: str
    seconds: float
    left: int


_plan: _Plan | None = None


def check(text: str) -> None:
    """Raise PlanInvalid unless `arm` would take `text`."""
    _read(text)


def arm(text: str) -> None:
    """Let it happen once: `C9` kills this process there, `C9@3` the third time it comes there.

    `C9:error` raises an input/output error instead, `C9:full` finds the disk full, `C9:sleep=2`
    waits. An empty text disarms. Raises PlanInvalid.
    """
    global _plan
    _plan = _read(text) if text else None


def reached(name: str, victim: int | None = None) -> None:
    """Say that the point `name` is reached; `victim` is whom a kill meets instead of us."""
    if _plan is not None and _plan.name == name:
        _carry_out(_plan, victim)


def _read(text: str) -> _Plan:
    found = _PLAN.fullmatch(text)
    if found is None or found["name"] not in POINTS:
        raise PlanInvalid(f"{text!r} is no failpoint")
    act = (found["act"] or "kill").partition("=")[0]
    return _Plan(found["name"], act, float(found["seconds"] or 0), int(found["time"] or 1))


def _carry_out(plan: _Plan, victim: int | None) -> None:
    plan.left -= 1
    if plan.left:
        return
    arm("")
    os.write(2, f"failpoint {plan.name}\n".encode())
    if plan.act == "kill":
        os.kill(victim or os.getpid(), signal.SIGKILL)
    elif plan.act == "sleep":
        time.sleep(plan.seconds)
    else:
        code = errno.ENOSPC if plan.act == "full" else errno.EIO
        raise OSError(code, os.strerror(code), plan.name)
