"""Materials about much the same: of the same subject, published, never the one asked about."""

from dataclasses import replace

import pytest

from repo_server.domain.access import ANONYMOUS, Role
from repo_server.domain.errors import NotFound, SearchUnavailable
from repo_server.search.base import SearchQuery
from repo_server.services import indexing
from repo_server.services.library import Library
from repo_server.services.placement import Choice
from repo_server.services.similar import similar
from tests.libraries import COMPLETE, draft, person, published


def test_the_most_alike_of_the_same_subjects_come_first(library: Library) -> None:
    owner, editor = person(library, Role.TEACHER), person(library, Role.EDITOR)
    one = published(library, owner, editor, replace(COMPLETE, title="Cộng hai phân số khác mẫu"))
    alike = published(library, owner, editor, replace(COMPLETE, title="Cộng hai phân số cùng mẫu"))
    loosely = published(
        library, owner, editor, replace(COMPLETE, title="So sánh phân số", keywords=())
    )
    other = replace(COMPLETE, title="Cộng hai phân số", choice=Choice((6,), ("tin-hoc",)))
    published(library, owner, editor, other)
    older = replace(COMPLETE, title="Cộng hai phân số đại số", choice=Choice((8,), ("toan",)))
    published(library, owner, editor, older)
    draft(library, owner, replace(COMPLETE, title="Cộng hai phân số khác mẫu, bản nháp"))
    indexing.feed_all(library)

    found = similar(library, ANONYMOUS, one.card.id)
    assert [card.title for card in found] == [alike.card.title, loosely.card.title]
    assert all(card.snippet == () for card in found)


def test_what_may_not_be_seen_has_nothing_similar(library: Library) -> None:
    hidden = draft(library, person(library, Role.TEACHER))
    with pytest.raises(NotFound):
        similar(library, ANONYMOUS, hidden.card.id)


def test_nothing_is_called_similar_while_no_engine_answers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = published(library, person(library, Role.TEACHER), person(library, Role.EDITOR))

    def down(query: SearchQuery) -> None:
        raise SearchUnavailable

    for index in library.indexes:
        monkeypatch.setattr(index, "search", down)
    assert similar(library, ANONYMOUS, one.card.id) == ()
