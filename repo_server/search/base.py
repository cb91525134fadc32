"""What the product asks of a search engine: the documents, the questions and the answers.

An index is a disposable hint. The SQL database decides: every hit is checked there before it is
shown, and any index can be dropped and fed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

from repo_server.domain.questions.base import Question

FACETS: Final = (
    "grade",
    "subject",
    "strand",
    "topic",
    "outcome",
    "book",
    "kind",
    "license",
    "language",
    "format",
)

# How deep a reader may page: beyond it an engine would have to sort and carry everything.
MAX_DEPTH: Final = 10_000

_NO_FILTERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_NOTHING_ASKED: Final = Question("", ())


@dataclass(frozen=True, slots=True)
class MaterialDocument:
    """One material as the engines see it.

    `body` is the text of all pages, already capped by the caller. `facets` maps names of `FACETS`
    to their values (grade "6", subject "toan", outcome = code of the item). `scopes` says who may
    find it: "public", "organization:12", "account:7"; without a scope nobody does. Times are
    seconds since the epoch. `use` counts downloads.
    """

    id: int
    rev: int
    code: str
    title: str
    description: str
    keywords: tuple[str, ...]
    body: str
    facets: Mapping[str, tuple[str, ...]]
    scopes: tuple[str, ...]
    published_at: int
    updated_at: int
    use: int


class Sort(StrEnum):
    """The orders that a reader can choose; ties are broken by the newest id."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    USE = "use"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One question, where to look and what to show.

    A question without terms means browsing. `filters` are OR within a facet and AND across facets.
    A document is found only when it shares a scope with `scopes`. `facets` names the facets to be
    counted. `explain` asks for the reasons of each hit. Pages start at 1.
    """

    question: Question = _NOTHING_ASKED
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_FILTERS)
    scopes: tuple[str, ...] = ("public",)
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 20
    facets: tuple[str, ...] = ()
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a hit stands where it stands: a feature of the ranking, how far it holds (0 to 1), and
    the points that it gave."""

    feature: str
    share: float
    points: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A material that was found.

    `score` orders the hits of one search by relevance and means nothing else; it is 0 when the
    reader chose another order. `reasons` are there when the query asked for them, the weightiest
    first; none for a hit so far behind that only the engine has put it in order.
    """

    id: int
    score: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of an answer.

    `total` is how many hits can be paged through. `facets` holds (value, count) with the most
    frequent first, at most 200 values; the counts of a facet ignore that facet's own filter
    (disjunctive). `relaxed` says that few or no materials hold all the words, so that hits with
    some of them follow; `total` and `facets` count those too. `left_out` are then the typed words
    without which something was found, where that can be said.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    relaxed: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestedTitle:
    """A title to offer while somebody types, and the materials that bear it, the most used first.

    `ids` may lack some where very many materials hold the typed words.
    """

    title: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What an index holds of one material, for comparison with the database."""

    id: int
    rev: int


@runtime_checkable
class Rebuild(Protocol):
    """A new index that grows beside the serving one."""

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add documents to the new index only; replaces by id."""

    def count(self) -> int:
        """How many documents the new index holds."""

    def sample(self) -> Sequence[IndexEntry]:
        """Some hundreds of what the new index holds, or all of it."""

    def switch(self) -> None:
        """Serve the new index from now on, atomically: a search sees the old one or the new one."""

    def abandon(self) -> None:
        """Drop the new index; the old one keeps serving. Harmless after `switch`."""


@runtime_checkable
class SearchIndex(Protocol):
    """One search engine. Every method raises `SearchUnavailable` when the engine cannot answer."""

    @property
    def name(self) -> str:
        """The target's stable name in the index state."""

    @property
    def schema_version(self) -> str:
        """Changes when documents have to be fed again: compare it with what was stored."""

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add or replace by id; durable and findable when it returns, to be repeated if it raises.

        The last one of an id wins. All or nothing, except that a server may take documents of
        more than 8 MB in parts.
        """

    def delete_many(self, ids: Sequence[int]) -> None:
        """Remove; ids that are not there are fine. Durable and in force when it returns."""

    def search(self, query: SearchQuery) -> SearchPage:
        """Answer one question.

        Raises `InvalidValue` for an unknown facet, a page or size below 1 and for
        page * size > `MAX_DEPTH`.
        """

    def suggest(
        self, question: Question, scopes: Sequence[str], limit: int
    ) -> tuple[SuggestedTitle, ...]:
        """Titles that hold the words asked for, as they are believed to be meant.

        Those with the marks that were typed first, then with the words side by side, then beginning
        with them, then by use.
        """

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        """What the index holds of these materials, in no promised order."""

    def entries(self) -> Iterator[IndexEntry]:
        """Everything that the index holds, in no promised order, for verification."""

    def count(self) -> int:
        """How many documents the index holds."""

    def rebuild(self) -> Rebuild:
        """Begin a new, empty index beside the serving one."""

    def check(self) -> None:
        """Raise `SearchUnavailable` when the engine is down."""

    def close(self) -> None:
        """Let go of connections and files."""
