"""What the product asks of a store of bytes: keys, objects and the few acts on them.

A store knows keys and bytes and nothing else. Objects are written once and never changed in place:
a blob is named by the SHA-256 of its bytes, a derivative by the blob that it was made from. The SQL
database decides what exists; a store answers only whether the bytes are there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self, runtime_checkable

from repo_server.domain.errors import NotFound

BUFFER_SIZE: Final = 1 << 20
"""How many bytes are moved at a time (1 MiB)."""

MAX_PRESIGNED_SECONDS: Final = 300
"""How long a presigned address may live at most (TRUST.md §2.9)."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_KEY: Final = re.compile(
    r"(?:blobs/(?P<b1>[0-9a-f]{2})/(?P<b2>[0-9a-f]{2})/(?P<blob>[0-9a-f]{64})"
    r"(?:\.g(?P<generation>[1-9][0-9]{0,8}))?"
    r"|derivatives/(?P<d1>[0-9a-f]{2})/(?P<d2>[0-9a-f]{2})/(?P<origin>[0-9a-f]{64})"
    r"/(?P<name>[a-z0-9][a-z0-9.-]{0,63}))"
)
_PREFIX: Final = re.compile(
    r"blobs/(?:[0-9a-f]{2}/(?:[0-9a-f]{2}/)?)?"
    r"|derivatives/(?:[0-9a-f]{2}/(?:[0-9a-f]{2}/(?:[0-9a-f]{64}/)?)?)?"
)


class ObjectMissing(NotFound):
    """The store answers, and there is no such object (or staging file); `what` is for logs only."""

    def __init__(self, what: object) -> None:
        super().__init__()
        self.what = str(what)


class CorruptObject(Exception):
    """Bytes are not the ones that were promised: another size or another hash.

    Not an error that a person is shown: the caller decides what it means. After it nothing is
    left under the key that was to be written.
    """


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """The name of one object; the only place in the product where a key is put together.

    `name` is empty for a blob. `generation` counts how often a blob was collected and stored
    again, so that late deletion of the old bytes cannot hit the new ones. Wrong parts are a
    `ValueError`: keys are made by the program, never by a reader.
    """

    sha256: str
    name: str = ""
    generation: int = 0

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"not the hexadecimal form of a SHA-256: {self.sha256!r}")
        if self.name and not _NAME.fullmatch(self.name):
            raise ValueError(f"not a name of a derivative: {self.name!r}")
        if not 0 <= self.generation < 1_000_000_000 or (self.name and self.generation):
            raise ValueError(f"not a generation: {self.generation!r}")

    @classmethod
    def blob(cls, sha256: str, generation: int = 0) -> "ObjectKey":
        """The key of the bytes with this SHA-256: ``blobs/ab/cd/<sha256>[.gN]``."""
        return cls(sha256, generation=generation)

    @classmethod
    def derivative(cls, sha256: str, name: str) -> "ObjectKey":
        """The key of what was made from a blob: ``derivatives/ab/cd/<sha256>/<name>``."""
        if not name:
            raise ValueError("a derivative needs a name")
        return cls(sha256, name=name)

    @classmethod
    def parse(cls, text: str) -> "ObjectKey":
        """The inverse of `str`; `ValueError` for any text that `str` would not give."""
        found = _KEY.fullmatch(text)
        if found is None:
            raise ValueError(f"not an object key: {text!r}")
        sha256 = found["blob"] or found["origin"]
        key = cls(sha256, name=found["name"] or "", generation=int(found["generation"] or 0))
        if str(key) != text:
            raise ValueError(f"not an object key: {text!r}")
        return key

    @property
    def is_blob(self) -> bool:
        """Whether the key itself promises the content."""
        return not self.name

    def __str__(self) -> str:
        folders = f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"
        if self.name:
            return f"derivatives/{folders}/{self.name}"
        return f"blobs/{folders}.g{self.generation}" if self.generation else f"blobs/{folders}"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of an object: size in bytes, time of writing (UTC, aware)."""

    key: ObjectKey
    size: int
    modified_at: datetime


def checked_prefix(prefix: str) -> str:
    """`prefix` when it names whole folders ("blobs/", "derivatives/ab/"), else `ValueError`."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a prefix of object keys: {prefix!r}")
    return prefix


def check_promise(key: ObjectKey, sha256: str) -> None:
    """Refuse a blob whose key names other bytes than `sha256` (`CorruptObject`)."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not the hexadecimal form of a SHA-256: {sha256!r}")
    if key.is_blob and key.sha256 != sha256:
        raise CorruptObject(f"{key} cannot hold bytes with the SHA-256 {sha256}")


def check_range(start: int, length: int | None) -> None:
    """Refuse a range that no object can have (`ValueError`)."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"not a range: start {start}, length {length}")


class ObjectReader(Protocol):
    """A stream of bytes; close it, or use it as a context manager.

    Closing early is fine and releases the connection or file at once. Every method may raise
    `StorageUnavailable`; a stream that the store breaks off early does, so that a short answer
    never passes for a whole one.
    """

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes (all that is left when negative); empty only at the end."""

    def close(self) -> None:
        """Release what the stream holds; harmless when repeated."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class ObjectStorage(Protocol):
    """One store of bytes, safe to use from several threads and processes at once.

    Every method may raise `StorageUnavailable` (does not answer, or not in time) and every one
    that writes `StorageFull`. No method hangs: a network store answers within its deadlines.
    """

    def prepare(self) -> None:
        """Make the folder or bucket when it is missing. Called once at start; repeatable."""

    def check(self) -> None:
        """Return when the store could serve and take bytes now; cheap, for health checks."""

    def put(self, key: ObjectKey, source: BinaryIO, size: int, sha256: str) -> None:
        """Store exactly `size` bytes of `source`, durably, then make them visible all at once.

        Bytes are checked against `size` and `sha256` while they are copied: others are a
        `CorruptObject`, and nothing is left under the key. A blob that is there with the right
        size is kept and `source` is not read (its `modified_at` becomes now, so that nobody who
        collects old bytes takes it away under the caller); anything else is replaced.
        """

    def adopt(self, key: ObjectKey, path: Path, size: int, sha256: str) -> None:
        """Like `put` for a local file that the caller has hashed; the file is kept.

        A folder links the file instead of copying it, trusts `sha256` and makes the file
        read-only, because from now on both names share the bytes: it must not be written again.
        A missing file is `ObjectMissing`, one of another size `CorruptObject`.
        """

    def open(self, key: ObjectKey, start: int = 0, length: int | None = None) -> ObjectReader:
        """Stream `length` bytes from `start` (to the end when None); a missing object raises here.

        A range that reaches beyond the end is cut there; one that begins there is empty.
        """

    def stat(self, key: ObjectKey) -> ObjectInfo | None:
        """What is stored under the key; None when nothing is."""

    def delete(self, key: ObjectKey) -> None:
        """Remove the object; a missing one is fine. Streams that are open may still end well."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object below "blobs/" or "derivatives/" (or a folder of these), in any order.

        What is not an object (files of others, unfinished writing) is left out.
        """

    def tidy(self, older_than: timedelta) -> int:
        """Remove what killed writers left unfinished longer ago than this; how many there were."""

    def presigned_get(
        self, key: ObjectKey, *, seconds: int, filename: str, media_type: str, attachment: bool
    ) -> str | None:
        """An address where a browser may fetch the object itself, for 1 to 300 seconds.

        None where the store has no such thing. Asks no permission and does not look whether the
        object is there. `filename` is the name shown to the person, any Unicode.
        """

    def local_path(self, key: ObjectKey) -> Path | None:
        """The file that holds the object, for sending it without copying; None when there is none.

        Never write to it.
        """

    def free_bytes(self) -> int | None:
        """How many bytes can still be stored; None when the store does not say."""

    def close(self) -> None:
        """Release connections; the store is not used afterwards."""
