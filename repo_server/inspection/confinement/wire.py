"""What travels between the server, the forking inspector and its children.

Requests are one message with three descriptors (file, answer, status). Answers are records in an
unnamed memory file, so that a child can neither block on a full pipe nor hand back more than its
file-size limit. Everything that comes back is decoded by type and bounded.
"""

import os
import struct
from dataclasses import dataclass
from typing import Final

import msgspec

from repo_server.inspection.base import Confinement, Inspection, Launches, MadeView, RenderedImage

ANSWER_LIMIT: Final = 48 << 20
"""Bytes that one child may write: 10 M characters of text and a picture."""

MESSAGE_LIMIT: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look at one file may cost (docs/decisions/0005).

    `memory` is what a child may map on top of what it shares with its parent, `output` what it may
    write, both in bytes.
    """

    wall_seconds: float = 20.0
    cpu_seconds: int = 10
    memory: int = 448 << 20
    output: int = ANSWER_LIMIT


@dataclass(frozen=True, slots=True)
class Job:
    """One task for a child: "inspect", "render", "recognize", "lighten", "launch" or "read".

    `variant` is the program that recognizes, or which light copy is wanted.
    """

    act: str
    name: str = ""
    kind: str = ""
    page: int = 1
    width: int = 480
    thumbnail: bool = True
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """What the forking process is told first. `folders` may be read by its children."""

    limits: Limits
    worker: str
    ffmpeg: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """The first answer of the forking process: barriers in force, or why it cannot work."""

    confinement: Confinement | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: `status` as from wait(), whether its time ran out, CPU seconds used."""

    status: int
    timed_out: bool
    cpu_seconds: float


Record = Inspection | RenderedImage | Launches | MadeView

_RECORDS: Final[dict[bytes, type[Record]]] = {
    b"I": Inspection,
    b"P": RenderedImage,
    b"L": Launches,
    b"V": MadeView,
}
_ENDING: Final = struct.Struct("=i?d")
_LENGTH: Final = struct.Struct("=I")
ENDING_SIZE: Final = _ENDING.size


def pack(message: object) -> bytes:
    """Any message of this module as bytes."""
    return msgspec.msgpack.encode(message)


def unpack_job(data: bytes) -> Job:
    """A `Job`, or msgspec.ValidationError."""
    return msgspec.msgpack.decode(data, type=Job)


def unpack_start(data: bytes) -> Start:
    """A `Start`, or msgspec.ValidationError."""
    return msgspec.msgpack.decode(data, type=Start)


def unpack_ready(data: bytes) -> Ready:
    """A `Ready`, or msgspec.ValidationError."""
    return msgspec.msgpack.decode(data, type=Ready)


def pack_ending(ending: Ending) -> bytes:
    """Fixed `ENDING_SIZE` bytes: always fits into an empty pipe at once."""
    return _ENDING.pack(ending.status, ending.timed_out, ending.cpu_seconds)


def unpack_ending(data: bytes) -> Ending:
    """The ending out of `ENDING_SIZE` bytes."""
    return Ending(*_ENDING.unpack(data))


def write_record(answer: int, record: Record) -> None:
    """Append one record to the answer; a torn one at the end is ignored by the reader."""
    letter = next(letter for letter, kind in _RECORDS.items() if isinstance(record, kind))
    body = letter + pack(record)
    data = memoryview(_LENGTH.pack(len(body)) + body)
    while data:
        data = data[os.write(answer, data) :]


def read_records(answer: int) -> list[Record]:
    """Every whole record of the answer; raises ValueError when a child wrote nonsense."""
    size = os.fstat(answer).st_size
    if size > ANSWER_LIMIT:
        raise ValueError("too much")
    records: list[Record] = []
    offset = 0
    while offset + _LENGTH.size <= size and len(records) < 2:
        (length,) = _LENGTH.unpack(os.pread(answer, _LENGTH.size, offset))
        offset += _LENGTH.size
        if length == 0 or offset + length > size:
            break
        records.append(_decode(os.pread(answer, length, offset)))
        offset += length
    return records


def _decode(body: bytes) -> Record:
    try:
        return msgspec.msgpack.decode(body[1:], type=_RECORDS[body[:1]])
    except (KeyError, msgspec.MsgspecError) as error:
        raise ValueError("not a record") from error
