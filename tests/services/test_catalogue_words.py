"""Counting what is published, and what every process then knows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from repo_server.database.models import Job, KnowledgePart
from repo_server.domain.access import Role, Viewer
from repo_server.services import catalogue_words, upkeep
from repo_server.services.catalogue_words import ask_if_due, count_words
from repo_server.services.cataloguing import CatalogueRecord, add_records
from repo_server.services.knowledge import WORDS, KnowledgeCache
from repo_server.services.library import Library
from repo_server.services.materials import withdraw
from repo_server.services.questions import question_of
from tests.libraries import COMPLETE, draft, person, published

WRONG, RIGHT = "zumbado vikonta", "zumbardo vikonta"


def _instead(library: Library) -> str:
    library.knowledge.forget()
    return question_of(library, WRONG).instead


def test_a_new_library_knows_its_curriculum(library: Library) -> None:
    assert question_of(library, "phuowng trinhf baacj nhaats").instead == "phương trình bậc nhất"
    assert question_of(library, "cap so nhna").instead == "cap so nhan"
    assert question_of(library, "giao na toan 8").instead == "giao an toan 8"


def test_words_of_what_is_published_are_known_and_no_others(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = replace(COMPLETE, title=RIGHT)
    draft(library, teacher, made)
    assert count_words(library) == 0
    assert _instead(library) == ""
    material = published(library, teacher, editor, made)
    assert count_words(library) == 1
    assert _instead(library) == RIGHT
    withdraw(library, editor, material.card.id, material.rev, "Bản cũ.")
    assert count_words(library) == 0
    assert _instead(library) == ""


def test_another_process_learns_of_a_new_count(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KnowledgeCache()
    with sqlite_library.database.read() as session:
        before = other.present(session, sqlite_library.vocabulary)
        assert other.present(session, sqlite_library.vocabulary) is before
    count_words(sqlite_library)
    other.forget()
    with sqlite_library.database.read() as session:
        assert other.present(session, sqlite_library.vocabulary) is not before


def test_counts_that_cannot_be_read_are_as_none(sqlite_library: Library) -> None:
    count_words(sqlite_library)
    with sqlite_library.database.write() as session:
        session.get_one(KnowledgePart, WORDS).data = b"broken"
    assert question_of(sqlite_library, "phuowng trinhf").instead == "phương trình"


def test_the_janitor_asks_for_a_count_when_much_was_published_or_the_last_is_old(
    sqlite_library: Library,
) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    add_records(sqlite_library, admin, [CatalogueRecord(f"r{n}", f"Bài {n}") for n in range(11)])
    upkeep.tidy(sqlite_library)
    with sqlite_library.database.read() as session:
        assert session.scalars(select(Job.kind)).all() == [catalogue_words.JOB]
    catalogue_words.count_again(sqlite_library, catalogue_words.KEY)
    assert not ask_if_due(sqlite_library)
    with sqlite_library.database.write() as session:
        session.get_one(KnowledgePart, WORDS).made_at -= timedelta(hours=25)
    assert ask_if_due(sqlite_library)
