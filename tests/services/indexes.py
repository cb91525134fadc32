"""An index that a test can take down or hold up, around a real one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import select

from repo_server.database.models import Material
from repo_server.domain.errors import SearchUnavailable
from repo_server.domain.questions.base import Question
from repo_server.search.base import (
    IndexEntry,
    MaterialDocument,
    Rebuild,
    SearchIndex,
    SearchPage,
    SearchQuery,
    SuggestedTitle,
)
from repo_server.services.library import Library


class TroubledIndex:
    """Raises SearchUnavailable while `down`; calls `before_put` before documents arrive."""

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        self.down = False
        self.before_put: Callable[[], None] = lambda: None
        self.puts = 0

    @property
    def name(self) -> str:
        return self.index.name

    @property
    def schema_version(self) -> str:
        return self.index.schema_version

    def _ask(self) -> None:
        if self.down:
            raise SearchUnavailable

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        self._ask()
        self.before_put()
        self.puts += 1
        self.index.put_many(documents)

    def delete_many(self, ids: Sequence[int]) -> None:
        self._ask()
        self.index.delete_many(ids)

    def search(self, query: SearchQuery) -> SearchPage:
        self._ask()
        return self.index.search(query)

    def suggest(
        self, question: Question, scopes: Sequence[str], limit: int
    ) -> tuple[SuggestedTitle, ...]:
        self._ask()
        return self.index.suggest(question, scopes, limit)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        self._ask()
        return self.index.entries_of(ids)

    def entries(self) -> Iterator[IndexEntry]:
        self._ask()
        return self.index.entries()

    def count(self) -> int:
        self._ask()
        return self.index.count()

    def rebuild(self) -> Rebuild:
        self._ask()
        return self.index.rebuild()

    def check(self) -> None:
        self._ask()

    def close(self) -> None:
        self.index.close()


def troubled(library: Library) -> tuple[Library, TroubledIndex]:
    """The library with its index in a test's hands."""
    index = TroubledIndex(library.indexes[0])
    return replace(library, indexes=(index,)), index


def drift(library: Library) -> dict[int, tuple[int | None, int | None]]:
    """Where the first index differs from the database: id → (wanted rev, held rev)."""
    from_index = {entry.id: entry.rev for entry in library.indexes[0].entries()}
    wanted = wanted_revisions(library)
    return {
        id_: (wanted.get(id_), from_index.get(id_))
        for id_ in wanted.keys() | from_index.keys()
        if wanted.get(id_) != from_index.get(id_)
    }


def wanted_revisions(library: Library) -> dict[int, int]:
    """The revision of every published material."""
    with library.database.read() as session:
        rows = session.execute(
            select(Material.id, Material.rev).where(
                Material.status == "published", Material.deleted_at.is_(None)
            )
        ).all()
    return {id_: rev for id_, rev in rows}  # noqa: C416 - rows are not pairs to a type checker
