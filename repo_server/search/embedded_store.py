"""One generation of the embedded index: opening it, reading it fresh, writing one turn.

The only place that meets the engine's errors. It raises `ValueError` for nearly everything and, for
files that it cannot understand, panics with an exception that is no `Exception`.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import tantivy
from tantivy import Query

from repo_server.domain.errors import SearchUnavailable
from repo_server.failpoints import reached
from repo_server.search.base import MaterialDocument
from repo_server.search.embedded_folder import IndexFolder, unavailable
from repo_server.search.embedded_schema import SCHEMA, register_tokenizers, to_tantivy

_WRITER_BYTES: Final = 32_000_000

Answer = TypeVar("Answer")


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the engine and the disk throw into `SearchUnavailable`."""
    try:
        yield
    except (ValueError, OverflowError, OSError) as error:
        raise unavailable("the engine failed", error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise unavailable("the engine gave up on its files", error) from None


def open_generation(path: Path) -> tantivy.Index:
    """The index in `path` as it was last committed."""
    index = tantivy.Index.open(str(path))
    register_tokenizers(index)
    index.config_reader("manual")
    index.reload()
    return index


def write(path: Path, documents: Sequence[MaterialDocument], removed: Sequence[int]) -> None:
    """Replace and remove in one commit, durable at return. Call it while holding the write lock."""
    if not documents and not removed:
        return
    # The last one of an id wins, as it would in two calls.
    latest = {document.id: document for document in documents}
    with engine_errors():
        index = open_generation(path)
        writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        try:
            # Deleting by term takes a number for a signed one and silently finds nothing.
            old = Query.term_set_query(SCHEMA, "id", [*latest, *removed])
            writer.delete_documents_by_query(old)
            for document in latest.values():
                writer.add_document(to_tantivy(document))
            reached("C17")
            writer.commit()
        finally:
            # Frees the engine's own lock and leaves no half-merged files behind.
            writer.wait_merging_threads()


class Reader:
    """The serving generation, opened once and kept fresh."""

    def __init__(self, folder: IndexFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._index: tantivy.Index | None = None
        self._seen: tuple[int, int, int] | None = None

    def ask(self, question: Callable[[tantivy.Searcher], Answer]) -> Answer:
        """Answer from the newest commit of any process."""
        try:
            with engine_errors():
                return question(self.searcher())
        except SearchUnavailable:
            # A rebuild may have removed the generation while it was being read.
            self.forget()
        with engine_errors():
            return question(self.searcher())

    def searcher(self) -> tantivy.Searcher:
        """A frozen view of the newest commit."""
        with self._lock, engine_errors():
            path = self._folder.current()
            if self._index is None or path != self._path:
                self._index, self._path, self._seen = open_generation(path), path, None
            seen = _signature(path)
            if seen != self._seen:
                self._index.reload()
                self._seen = seen
            return self._index.searcher()

    def forget(self) -> None:
        """Close the files; the next question opens them again."""
        with self._lock:
            self._index = self._path = self._seen = None


def _signature(path: Path) -> tuple[int, int, int]:
    """Changes with every commit: the engine replaces this file."""
    stat = (path / "meta.json").stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
