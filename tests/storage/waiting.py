"""Where uploads wait, for tests: a folder, or a prefix in the bucket of a real S3 server."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from uuid import uuid4

from minio import Minio

from repo_server.database.engine import Database
from repo_server.database.turns import turn
from repo_server.storage.factory import S3Options, open_staging, open_storage
from repo_server.storage.staging import StagingArea
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs

ID = "0123456789abcdef" * 2
OTHER = "f" * 32
MIB = 1 << 20


@dataclass
class Place:
    """Where uploads wait: how processes open it, and what others could put there."""

    url: str
    folder: Path
    database_url: str
    options: S3Options | None
    client: Minio | None
    opened: Callable[[str], Database]

    def open(self) -> StagingArea:
        """The area as another process opens it."""
        area = open_staging(
            self.url,
            folder=self.folder,
            turn=partial(turn, self.opened(self.database_url)),
            s3=self.options,
        )
        area.prepare()
        return area

    def plant(self, name: str, data: bytes) -> None:
        """Something that is no upload of ours, or a piece of one."""
        if self.client is None:
            (self.folder / name).write_bytes(data)
        else:
            prefix = self.url.removeprefix(f"s3://{BUCKET}/")
            key = f"{prefix}/staging/{name}"
            self.client.put_object(BUCKET, key, io.BytesIO(data), len(data))

    def arguments(self) -> list[str]:
        options = self.options
        s3 = (
            [options.endpoint, options.region, options.access_key, options.secret_key]
            if (options)
            else []
        )
        return [self.url, str(self.folder), self.database_url, OTHER, *s3]


def bucket(database_url: str, folder: Path, opened: Callable[[str], Database]) -> Place:
    """A place on the S3 server of this run, with turns in that database."""
    server = shared_seaweedfs()
    url = f"s3://{BUCKET}/test-{uuid4().hex}"
    open_storage(url, s3=server.options()).prepare()
    return Place(url, folder, database_url, server.options(), server.client(), opened)


def write(area: StagingArea, data: bytes, offset: int = 0, upload_id: str = ID) -> None:
    with area.append(upload_id, offset) as out:
        out.write(data)


def content(area: StagingArea, upload_id: str = ID) -> bytes:
    with area.whole(upload_id) as path:
        return path.read_bytes()


@cache
def _file() -> bytes:
    return random.Random("a file").randbytes(18 * MIB)


def some_bytes(size: int, start: int = 0) -> bytes:
    """Bytes `start` to `start + size` of a file that is always the same."""
    return _file()[start : start + size]
