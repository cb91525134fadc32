"""Finding materials: search with facets, suggestions, and what to show when an engine is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote_plus

from sqlalchemy.orm import Session

from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import files as file_queries
from repo_server.database.queries import materials as queries
from repo_server.database.queries.files import FoundSegment
from repo_server.domain.access import Viewer
from repo_server.domain.curriculum import GRADES
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, LANGUAGES
from repo_server.domain.questions.base import Preference, Question
from repo_server.domain.vietnamese import fold
from repo_server.domain.wording import worded
from repo_server.search.base import SearchPage, SearchQuery
from repo_server.search.highlighting import highlight
from repo_server.services import asking
from repo_server.services.answering import first_answer
from repo_server.services.asking import Asked
from repo_server.services.cards import Card, Fragment, cards
from repo_server.services.library import Library
from repo_server.services.reasons import whys
from repo_server.services.vocabulary import Names

SNIPPET_WINDOW: Final = 240
_SNIPPET_WORDS: Final = 12
RELAXED: Final = "Ít học liệu có đủ mọi từ, nên kết quả gồm cả học liệu chỉ có một số từ."
LEFT_OUT: Final = "Không học liệu nào có đủ các từ, nên Kho đã bỏ qua {words}."
_ITEM_FACETS: Final = ("strand", "topic", "outcome")


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet, with how many materials choosing it would show."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Wider:
    """How many materials a search would find without its filters of one facet."""

    facet: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search.

    `degraded`: no engine answered, only titles were looked at. `relaxed` says what was asked for
    less strictly, in sentences. `understood` is what the text names beside its words; `instead` the
    text that was searched in place of the typed one, "" where it is that one. `wider` says, for a
    search that finds nothing, without which filters it would find something. `unanswered`: nothing
    has all the words.
    """

    total: int
    items: tuple[Card, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    degraded: bool = False
    relaxed: tuple[str, ...] = ()
    understood: tuple[Preference, ...] = ()
    instead: str = ""
    wider: tuple[Wider, ...] = ()
    unanswered: bool = False


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
    why = {hit.id: whys(hit.reasons) for hit in page.hits} if asked.explain else {}
    return Found(
        page.total,
        tuple(replace(card, whys=why.get(card.id, ())) for card in snippets),
        facets,
        relaxed=_relaxed(page),
        understood=query.question.preferences,
        instead=query.question.instead,
        wider=_wider(library, query, names) if not page.total else (),
        unanswered=not page.total or bool(page.left_out),
    )


def note_unanswered(library: Library, asked: Asked, found: Found) -> None:
    """Count words that are looked for in vain; filters that leave nothing say nothing of words."""
    if found.unanswered and not found.degraded and not asked.filters and asked.page == 1:
        library.unanswered.count(asked.text)


def ask(library: Library, query: SearchQuery) -> SearchPage | None:
    """The answer of an engine; None when none gives one."""
    return first_answer(library, lambda index: index.search(query))


def _relaxed(page: SearchPage) -> tuple[str, ...]:
    """What was asked for less strictly, in words."""
    if not page.relaxed:
        return ()
    if page.left_out:
        words = ", ".join(f"“{word}”" for word in page.left_out)
        return (worded("relaxed", "left_out", LEFT_OUT).format(words=words),)
    return (worded("relaxed", "some", RELAXED),)


def _wider(library: Library, query: SearchQuery, names: Names) -> tuple[Wider, ...]:
    labels = _labels(names)
    found = []
    for facet, values in query.filters.items():
        rest = {name: kept for name, kept in query.filters.items() if name != facet}
        page = ask(library, replace(query, filters=rest, page=1, size=1, facets=()))
        if page is not None and page.total:
            shown = (worded(facet, one, labels.get(facet, {}).get(one, one)) for one in values)
            found.append(Wider(facet, ", ".join(shown), page.total))
    return tuple(found)


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
        place = place_url(card.url, page) if page else None
        snippet = highlight(passage, question, window=SNIPPET_WINDOW)
        fragments = tuple(Fragment(*part) for part in snippet.fragments)
        result.append(card.with_snippet(fragments, label or None, place))
    return result


def place_url(material_url: str, page: FoundSegment) -> str | None:
    """The place in a file that a passage is from, opened; None for a text without a file.

    Browsers open a PDF at its page and a film or recording at its second; other files are shown on
    the material's page.
    """
    if page.file_id is None:
        return None
    kind = FILE_KINDS[page.file_kind]
    content = f"/api/files/{page.file_id}/content"
    if kind.code == "pdf":
        return f"{content}#page={page.position}"
    if kind.inline and kind.group in ("audio", "video"):
        return f"{content}#t={page.position}"
    return f"{material_url}#tep-{page.file_id}"


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
