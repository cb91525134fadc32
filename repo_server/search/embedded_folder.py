"""The folder of the embedded index: which generation serves, and who may write.

    <folder>/schema-<hash>/CURRENT      names the serving generation, replaced atomically
                           IDENTITY     random, made with the first generation
                           write.lock   held during one write turn, by any process
                           rebuild.lock held as long as a rebuild lives
                           gen-N/       one index

Locks are the operating system's: a killed process holds none. Another schema is another folder, so
an old index is never misread; it is dropped when the first generation of the new one is made.
"""

import contextlib
import fcntl
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import tantivy

from repo_server.domain.errors import SearchUnavailable
from repo_server.search.embedded_schema import SCHEMA, register_tokenizers, schema_hash

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.02
_GENERATION: Final = re.compile(r"gen-\d+")


class IndexFolder:
    """Generations below one folder. Raises `SearchUnavailable` where the disk or a lock fails."""

    def __init__(self, folder: Path, lock_seconds: float) -> None:
        self._folder = folder
        self._lock_seconds = lock_seconds
        self.root = folder / f"schema-{schema_hash()}"

    @property
    def identity(self) -> str:
        """Tells this index from an index that was made anew, as after the folder was lost."""
        with contextlib.suppress(OSError):
            return (self.root / "IDENTITY").read_text().strip()
        return "none"

    def current(self) -> Path:
        """The serving generation."""
        try:
            return self._named()
        except (OSError, ValueError) as error:
            raise unavailable("no generation is current", error) from None

    def prepare(self) -> None:
        """Make the first generation where there is none; several processes may try."""
        if (self.root / "CURRENT").exists():
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self.writing():
                self._make_first_generation()
        except (OSError, ValueError) as error:
            raise unavailable("the index folder cannot be made", error) from None

    def new_generation(self) -> Path:
        """A new empty index that does not serve yet. Call it while holding a lock."""
        names = [path.name for path in self.root.iterdir()]
        with contextlib.suppress(OSError, ValueError):
            # It may be gone from the disk, and its name must not come to mean an empty index.
            names.append(self._named().name)
        numbers = [int(name[4:]) for name in names if _GENERATION.fullmatch(name)]
        path = self.root / f"gen-{max(numbers, default=0) + 1}"
        path.mkdir()
        register_tokenizers(tantivy.Index(SCHEMA, path=str(path)))
        return path

    def point_to(self, generation: Path) -> None:
        """Serve `generation` from now on. Call it while holding the write lock."""
        temporary = self.root / "CURRENT.new"
        with temporary.open("w") as file:
            file.write(generation.name)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.root / "CURRENT")
        _sync_folder(self.root)

    def drop_idle_generations(self) -> None:
        """Remove what does not serve. Call it while holding the rebuild lock."""
        serving = None
        with contextlib.suppress(OSError, ValueError):
            serving = self._named()
        for path in self.root.glob("gen-*"):
            if path != serving:
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the one right to write; waits for others up to the bound."""
        file = self._lock("write.lock", self._lock_seconds)
        try:
            yield
        finally:
            file.close()

    def lock_rebuild(self) -> IO[str]:
        """Hold the one right to rebuild until the file is closed; does not wait."""
        return self._lock("rebuild.lock", 0)

    def _lock(self, name: str, seconds: float) -> IO[str]:
        deadline = time.monotonic() + seconds
        try:
            file = (self.root / name).open("a")
        except OSError as error:
            raise unavailable("the index folder is out of reach", error) from None
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() >= deadline:
                    file.close()
                    raise unavailable(f"{name} is held by somebody else", error) from None
                time.sleep(_POLL_SECONDS)
            else:
                return file

    def _named(self) -> Path:
        name = (self.root / "CURRENT").read_text().strip()
        if not _GENERATION.fullmatch(name):
            raise ValueError(f"CURRENT names {name!r}")
        return self.root / name

    def _make_first_generation(self) -> None:
        if (self.root / "CURRENT").exists():
            return
        (self.root / "IDENTITY").write_text(secrets.token_hex(4))
        self.point_to(self.new_generation())
        self._drop_other_schemas()

    def _drop_other_schemas(self) -> None:
        for path in self._folder.glob("schema-*"):
            if path != self.root:
                shutil.rmtree(path, ignore_errors=True)


def unavailable(what: str, error: BaseException) -> SearchUnavailable:
    """The error for people; the reason goes to the log."""
    log.error("embedded search index: %s: %s", what, error)
    return SearchUnavailable()


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
