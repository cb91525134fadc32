"""Uploads that wait in a bucket, where every machine finds them.

An upload is a row of objects, each named by the bytes that it holds:
``staging/<upload>/<first byte>-<byte after the last>``, hexadecimal numbers of 16 digits. They are
never changed, and whoever writes the same bytes once more hurts nobody: even two processes that
both think it is their turn (one has lost its connection to the database) cannot mix up a file. How
far an upload is, the names say: as far as they reach from 0 without a gap.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from minio.deleteobjects import DeleteObject

from repo_server.domain.errors import KhoError, StorageFull, StorageUnavailable, WrongOffset
from repo_server.storage import durable
from repo_server.storage.base import BUFFER_SIZE, ObjectMissing
from repo_server.storage.deadlines import make_pool
from repo_server.storage.s3_connection import CONNECT_SECONDS, READ_SECONDS, connect, our_errors
from repo_server.storage.staging import UPLOAD_ID, StagedFile, StagingWriter, Turn, unnamed_file

PIECE: Final = 5 << 20
"""Bytes of one object; only the last of an upload is smaller, and the next bytes replace it."""

_NAME: Final = re.compile(r"staging/([0-9a-f]{32})/([0-9a-f]{16})-([0-9a-f]{16})")


class Piece(NamedTuple):
    """One object: whose it is, the bytes from `start` to before `end`, time of writing."""

    upload_id: str
    start: int
    end: int
    modified_at: datetime

    @property
    def name(self) -> str:
        return f"staging/{self.upload_id}/{self.start:016x}-{self.end:016x}"


def chain(pieces: Sequence[Piece]) -> list[Piece]:
    """The fewest pieces that hold every byte from 0 on, as far as there is no gap."""
    found: list[Piece] = []
    reached, best = 0, None
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if piece.start > reached and best is not None:
            found.append(best)
            reached, best = best.end, None
        if piece.start > reached:
            break
        if piece.end > (best.end if best else reached):
            best = piece
    return [*found, best] if best else found


class _PieceWriter:
    """Gathers bytes and stores a piece whenever it is full; `settle` stores the rest.

    `tail` is the last piece when it is a small one: what follows is stored together with it.
    """

    def __init__(self, area: "S3Staging", upload_id: str, offset: int, tail: Piece | None) -> None:
        self._area = area
        self._upload_id = upload_id
        self._tail = tail
        self._start = offset
        self._gathered = bytearray()
        self.offset = offset

    def write(self, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(data)
        if len(rest) and self._tail is not None and not self._gathered:
            self._start = self._tail.start
            self._gathered += self._area.bytes_of(self._tail)
        while len(rest):
            taken = rest[: PIECE - len(self._gathered)]
            self._gathered += taken
            self.offset += len(taken)
            rest = rest[len(taken) :]
            if len(self._gathered) == PIECE:
                self._store()

    def settle(self) -> None:
        """Store what is left; after a failure there is nothing, for that has cost its deadline."""
        if self._gathered:
            self._store()

    def _store(self) -> None:
        # Given up before it is sent: one piece in memory is enough.
        data, self._gathered = bytes(self._gathered), bytearray()
        self._area.store(self._upload_id, self._start, data)
        self._start += len(data)
        if self._tail is not None:
            # Its bytes are in the new piece; if it stays, it does no harm.
            with suppress(KhoError):
                self._area.remove([self._tail])
            self._tail = None


class S3Staging:
    """A `StagingArea` in a bucket, below a prefix (may be empty), and its work folder here.

    `turn` keeps two processes from appending to one upload. `folder` holds, for as long as it is
    looked at, the copy of an upload that is checked on this machine; nothing in it has a name.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        prefix: str,
        region: str,
        access_key: str,
        secret_key: str,
        folder: Path,
        turn: Turn,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._folder = folder
        self._turn = turn
        self._pool = make_pool(CONNECT_SECONDS, READ_SECONDS)
        self._client = connect(endpoint, region, access_key, secret_key, self._pool)

    def prepare(self) -> None:
        with durable.our_errors():
            self._folder.mkdir(0o700, parents=True, exist_ok=True)

    @contextmanager
    def append(self, upload_id: str, offset: int) -> Iterator[StagingWriter]:
        with self._turn(_turn_of(upload_id)):
            held = chain(self._pieces(upload_id))
            size = held[-1].end if held else 0
            if offset != size:
                raise WrongOffset(size=size)
            small = bool(held) and held[-1].end - held[-1].start < PIECE
            writer = _PieceWriter(self, upload_id, offset, held[-1] if small else None)
            try:
                yield writer
            finally:
                writer.settle()

    def size(self, upload_id: str) -> int:
        held = chain(self._pieces(upload_id))
        return held[-1].end if held else 0

    @contextmanager
    def whole(self, upload_id: str) -> Iterator[Path]:
        held = chain(self._pieces(upload_id))
        if not held:
            raise ObjectMissing(upload_id)
        if self.free_bytes() < held[-1].end:
            raise StorageFull
        with self.spool() as file:
            for piece in held:
                self._copy(piece, file, from_byte=file.tell() - piece.start)
            with durable.our_errors():
                file.flush()
            yield Path(f"/proc/self/fd/{file.fileno()}")

    def discard(self, upload_id: str) -> None:
        with self._turn(_turn_of(upload_id)):
            self.remove(self._pieces(upload_id))

    def entries(self) -> Iterator[StagedFile]:
        for upload_id, found in groupby(self._listed("staging/"), lambda piece: piece.upload_id):
            pieces = list(found)
            held = chain(pieces)
            size = held[-1].end if held else 0
            yield StagedFile(upload_id, size, max(piece.modified_at for piece in pieces))

    def spool(self) -> BinaryIO:
        return unnamed_file(self._folder)

    def free_bytes(self) -> int:
        return durable.free_bytes(self._folder)

    def close(self) -> None:
        self._pool.clear()

    def store(self, upload_id: str, start: int, data: bytes) -> None:
        """Make one piece durable. The client sends a hash with it, which the server compares."""
        piece = Piece(upload_id, start, start + len(data), datetime.now(UTC))
        with our_errors(piece.name):
            self._client.put_object(
                self._bucket, self._prefix + piece.name, io.BytesIO(data), len(data)
            )

    def bytes_of(self, piece: Piece) -> bytes:
        """All bytes of a piece."""
        file = io.BytesIO()
        self._copy(piece, file)
        return file.getvalue()

    def remove(self, pieces: Sequence[Piece]) -> None:
        """Delete the objects of these pieces; those that are gone already are fine."""
        names = [DeleteObject(self._prefix + piece.name) for piece in pieces]
        with our_errors():
            failed = next(iter(self._client.remove_objects(self._bucket, names)), None)
        if failed is not None:
            raise StorageUnavailable

    def _copy(self, piece: Piece, file: BinaryIO, from_byte: int = 0) -> None:
        left = piece.end - piece.start - from_byte
        with our_errors(piece.name):
            response = self._client.get_object(
                self._bucket, self._prefix + piece.name, offset=from_byte
            )
            try:
                while data := response.read(BUFFER_SIZE, decode_content=False):
                    left -= len(data)
                    _write(file, data)
            finally:
                response.close()
                response.release_conn()
        if left:
            raise StorageUnavailable

    def _pieces(self, upload_id: str) -> list[Piece]:
        if not UPLOAD_ID.fullmatch(upload_id):
            raise ObjectMissing(upload_id)
        return list(self._listed(f"staging/{upload_id}/"))

    def _listed(self, prefix: str) -> Iterator[Piece]:
        """The pieces below a prefix, in the order of their names."""
        with our_errors():
            for found in self._client.list_objects(
                self._bucket, self._prefix + prefix, recursive=True
            ):
                name = _NAME.fullmatch((found.object_name or "").removeprefix(self._prefix))
                if name is None:  # not ours
                    continue
                start, end = int(name[2], 16), int(name[3], 16)
                if found.size == end - start > 0:
                    modified_at = found.last_modified or datetime.now(UTC)
                    yield Piece(name[1], start, end, modified_at)


def _write(file: BinaryIO, data: bytes) -> None:
    # Told from trouble with the server: a full disk is this machine's.
    with durable.our_errors():
        file.write(data)


def _turn_of(upload_id: str) -> str:
    if not UPLOAD_ID.fullmatch(upload_id):
        raise ObjectMissing(upload_id)
    return f"upload {upload_id}"
