"""The embedded engine: tantivy in a folder, for one machine and nothing to install.

Every process may read and every process may write: a write turn opens the index anew under a lock
file (a writer that is kept leaks files), and a reader looks before each question whether another
process has committed.
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from repo_server.domain.errors import SearchUnavailable
from repo_server.domain.questions.base import Question
from repo_server.search.base import (
    IndexEntry,
    MaterialDocument,
    SearchPage,
    SearchQuery,
    SuggestedTitle,
)
from repo_server.search.embedded_folder import IndexFolder
from repo_server.search.embedded_schema import schema_hash
from repo_server.search.embedded_search import (
    Answering,
    entries_from,
    entries_named,
    holds_any,
    titles_for,
)
from repo_server.search.embedded_store import Reader, engine_errors, open_generation, write
from repo_server.search.passes import check_bounds
from repo_server.search.suggesting import best_titles

_LOCK_SECONDS: Final = 30.0


class EmbeddedIndex:
    """`SearchIndex` in `folder`.

    A write waits `lock_seconds` for the write turns of other threads and processes, then raises
    `SearchUnavailable`; nothing was written then, and the caller tries again later.
    """

    def __init__(
        self, folder: Path, *, name: str = "embedded", lock_seconds: float = _LOCK_SECONDS
    ) -> None:
        self.name = name
        self._folder = IndexFolder(folder, lock_seconds)
        self._reader = Reader(self._folder)
        # A broken disk must not keep the library from starting: searches will say it.
        with contextlib.suppress(SearchUnavailable):
            self._folder.prepare()

    @property
    def schema_version(self) -> str:
        """Fields and identity: another value means that the index is empty and wants all again."""
        return f"{schema_hash()}-{self._folder.identity}"

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add or replace by id in one commit."""
        self._folder.prepare()
        with self._folder.writing():
            write(self._folder.current(), documents, [])

    def delete_many(self, ids: Sequence[int]) -> None:
        """Remove by id in one commit; none when nothing of it is held."""
        self._folder.prepare()
        with self._folder.writing():
            # Most of what is to be gone are drafts, which were never here: a look is cheap.
            if self._reader.ask(lambda searcher: holds_any(searcher, ids)):
                write(self._folder.current(), [], ids)

    def search(self, query: SearchQuery) -> SearchPage:
        """Answer one question on the newest committed state."""
        check_bounds(query)
        if not query.scopes:
            return SearchPage(0, (), dict.fromkeys(query.facets, ()))
        return self._reader.ask(lambda searcher: Answering(query, searcher).answer())

    def suggest(
        self, question: Question, scopes: Sequence[str], limit: int
    ) -> tuple[SuggestedTitle, ...]:
        """Titles with the words, the closest first."""
        if not question.terms or not scopes or limit < 1:
            return ()
        titles = self._reader.ask(lambda searcher: titles_for(searcher, question, scopes))
        return best_titles(titles, question, limit)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        """Those that are searchable now."""
        return self._reader.ask(lambda searcher: tuple(entries_named(searcher, ids)))

    def entries(self) -> Iterator[IndexEntry]:
        """By id, from one state of the index."""
        searcher = self._reader.searcher()
        first = 0
        while True:
            with engine_errors():
                some = entries_from(searcher, first)
            if not some:
                return
            yield from some
            first = some[-1].id + 1

    def count(self) -> int:
        """How many documents are searchable now."""
        return self._reader.ask(lambda searcher: searcher.num_docs)

    def rebuild(self) -> "EmbeddedRebuild":
        """A new generation; one rebuild at a time, whoever runs it."""
        self._folder.prepare()
        return EmbeddedRebuild(self._folder)

    def check(self) -> None:
        """Raise `SearchUnavailable` when the index cannot be read."""
        self.count()

    def close(self) -> None:
        """Let go of the files; the next call opens them again."""
        self._reader.forget()


class EmbeddedRebuild:
    """A generation that grows beside the serving one."""

    def __init__(self, folder: IndexFolder) -> None:
        self._folder = folder
        self._lock: IO[str] = folder.lock_rebuild()
        try:
            with engine_errors(), folder.writing():
                folder.drop_idle_generations()
                self._path = folder.new_generation()
        except SearchUnavailable:
            self._lock.close()
            raise

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add to the new generation."""
        with self._folder.writing():
            write(self._path, documents, [])

    def count(self) -> int:
        """How many documents the new generation holds."""
        with engine_errors():
            return open_generation(self._path).searcher().num_docs

    def sample(self) -> list[IndexEntry]:
        """Some of what the new generation holds."""
        with engine_errors():
            return entries_from(open_generation(self._path).searcher(), 0)

    def switch(self) -> None:
        """Point all processes to the new generation and remove the old one."""
        with engine_errors(), self._folder.writing():
            self._folder.point_to(self._path)
            self._folder.drop_idle_generations()
        self._lock.close()

    def abandon(self) -> None:
        """Remove the new generation unless it serves."""
        if not self._lock.closed:
            shutil.rmtree(self._path, ignore_errors=True)
            self._lock.close()
