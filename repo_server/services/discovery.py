"""Finding materials: search with facets, suggestions, and what to show when an engine is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

from sqlalchemy.orm import Session

from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import files as file_queries
from repo_server.database.queries import materials as queries
from repo_server.domain.access import Viewer
from repo_server.domain.curriculum import GRADES
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, LANGUAGES
from repo_server.domain.questions.base import Question
from repo_server.domain.vietnamese import fold
from repo_server.domain.wording import worded
from repo_server.search.base import SearchPage, SearchQuery
from repo_server.search.highlighting import highlight
from repo_server.services import asking
from repo_server.services.answering import first_answer
from repo_server.services.asking import Asked
from repo_server.services.cards import Card, Fragment, cards
from repo_server.services.library import Library
from repo_server.services.vocabulary import Names

SNIPPET_WINDOW: Final = 240
_SNIPPET_WORDS: Final = 12
RELAXED: Final = "Ít học liệu có đủ mọi từ, nên kết quả gồm cả học liệu chỉ có một số từ."
_ITEM_FACETS: Final = ("strand", "topic", "outcome")


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet, with how many materials choosing it would show."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search. `degraded`: no engine answered, only titles were looked at."""

    total: int
    items: tuple[Card, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    degraded: bool = False
    relaxed: tuple[str, ...] = ()


def search(library: Library, viewer: Viewer, asked: Asked) -> Found:
    """What `asked` finds for this viewer; never fails because an engine is down."""
    query = asking.understood(library, asked)
    page = ask(library, query)
    if page is None:
        return _search_titles(library, viewer, asked)
    with library.database.read() as session:
        names = library.vocabulary.names(session)
        found = cards(session, viewer, names, [hit.id for hit in page.hits])
        snippets = _snippets(session, viewer, query.question, found)
        facets = _labelled(session, viewer, names, page.facets)
    relaxed = (RELAXED,) if page.relaxed else ()
    return Found(page.total, tuple(snippets), facets, relaxed=relaxed)


def ask(library: Library, query: SearchQuery) -> SearchPage | None:
    """The answer of an engine; None when none gives one."""
    return first_answer(library, lambda index: index.search(query))


def _search_titles(library: Library, viewer: Viewer, query: Asked) -> Found:
    words = fold(query.text).split()
    with library.database.read() as session:
        total, ids = queries.titles_containing(
            session,
            viewer,
            words,
            query.filters,
            offset=(query.page - 1) * query.size,
            limit=query.size,
        )
        names = library.vocabulary.names(session)
        return Found(total, tuple(cards(session, viewer, names, ids)), {}, degraded=True)


def _snippets(
    session: Session, viewer: Viewer, question: Question, found: Sequence[Card]
) -> list[Card]:
    """The cards with the passage that answers the query, from the best page where there is one."""
    readings = (reading for term in question.terms for reading in term.readings)
    words = list(dict.fromkeys(word for one in readings for word in one.folded))[:_SNIPPET_WORDS]
    if not words:
        return list(found)
    pages = file_queries.best_segments(session, viewer, [card.id for card in found], words)
    result = []
    for card in found:
        page = pages.get(card.id)
        passage, label = (page.text, page.label) if page else (card.description, "")
        snippet = highlight(passage, question, window=SNIPPET_WINDOW)
        fragments = tuple(Fragment(*part) for part in snippet.fragments)
        result.append(card.with_snippet(fragments, label or None))
    return result


def _labelled(
    session: Session,
    viewer: Viewer,
    names: Names,
    facets: Mapping[str, Sequence[tuple[str, int]]],
) -> dict[str, tuple[FacetValue, ...]]:
    codes = [value for facet in _ITEM_FACETS for value, _ in facets.get(facet, ())]
    items = curriculum_queries.items_by_codes(session, viewer, codes) if codes else []
    titles: dict[str, str] = {}
    for item in items:
        titles.setdefault(item.code, item.title)
    labels = _labels(names)
    return {
        facet: _ordered(
            facet,
            [
                FacetValue(
                    value, worded(facet, value, labels.get(facet, titles).get(value, value)), count
                )
                for value, count in found
            ],
        )
        for facet, found in facets.items()
    }


def _ordered(facet: str, values: list[FacetValue]) -> tuple[FacetValue, ...]:
    """Grades in their natural order, everything else by count."""
    if facet == "grade":
        values.sort(key=lambda value: int(value.value) if value.value.isdigit() else 99)
    return tuple(values)


def _labels(names: Names) -> dict[str, Mapping[str, str]]:
    """What people read for the values of each facet; those of items are titles."""
    return {
        "subject": {code: subject.label for code, subject in names.subjects.items()},
        "book": {code: book.label for code, book in names.books.items()},
        **_FIXED_LABELS,
    }


_FIXED_LABELS: Final[dict[str, Mapping[str, str]]] = {
    "grade": {str(grade): f"Lớp {grade}" for grade in GRADES},
    "kind": {str(kind): label for kind, label in KIND_LABELS.items()},
    "license": {code: license.label for code, license in LICENSES.items()},
    "language": LANGUAGES,
    "format": {code: kind.label for code, kind in FILE_KINDS.items()},
}


def search_url(text: str) -> str:
    """The search page for these words."""
    return f"/tim?q={quote_plus(text)}"


def materials_at(library: Library, viewer: Viewer, item_id: int, limit: int) -> Found:
    """The newest published materials at or below a curriculum item; from the database alone."""
    with library.database.read() as session:
        ids = curriculum_queries.placed_materials(session, viewer, item_id, offset=0, limit=limit)
        total = curriculum_queries.counts(session, viewer, [item_id]).get(item_id, 0)
        names = library.vocabulary.names(session)
        return Found(total, tuple(cards(session, viewer, names, ids)), {})
