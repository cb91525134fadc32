"""What a person asks of the library, before it is understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from repo_server.search.base import SearchQuery, Sort
from repo_server.services.library import Library
from repo_server.services.questions import question_of

_NO_FILTERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked: the text as typed, filters, order, page.

    `filters` are OR within a facet and AND across facets; `facets` names those to be counted.
    `literal`: the words mean just what was typed. `ignored` are facets that the text names and
    that are not to be understood so. `explain` asks why each hit stands where it stands. Pages
    start at 1.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_FILTERS)
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 20
    facets: tuple[str, ...] = ()
    literal: bool = False
    ignored: frozenset[str] = frozenset()
    explain: bool = False


def understood(library: Library, asked: Asked) -> SearchQuery:
    """The query for an engine: the text understood, and where everybody may look."""
    question = question_of(
        library,
        asked.text,
        unfinished=not asked.literal,
        literal=asked.literal,
        ignored=asked.ignored,
    )
    return SearchQuery(
        question,
        asked.filters,
        sort=asked.sort,
        page=asked.page,
        size=asked.size,
        facets=asked.facets,
        explain=asked.explain,
    )
