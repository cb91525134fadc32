"""Administrators edit synonyms, and every process understands questions by them at once."""

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import Forbidden, InvalidValue, NotFound
from repo_server.services.knowledge import KnowledgeCache
from repo_server.services.library import Library
from repo_server.services.synonyms import (
    Understanding,
    add_synonym,
    delete_synonym,
    edit_synonym,
    synonyms,
    tried,
)
from tests.libraries import person


def _readings(found: Understanding) -> list[list[str]]:
    return [[reading.text for reading in term.readings] for term in found.terms]


def test_a_rule_is_added_changed_and_deleted(library: Library, admin: Viewer) -> None:
    added = add_synonym(library, admin, ["zeta", "dê ta"], one_way=False)
    assert _readings(tried(library, admin, "ham zeta")) == [["ham"], ["zeta", "dê ta"]]
    edit_synonym(library, admin, added.id, ["zeta", "hàm Riemann"], one_way=True)
    assert _readings(tried(library, admin, "zeta")) == [["zeta", "hàm riemann"]]
    assert synonyms(library, admin, "ham rie", page=1, size=9)[1] == 1
    delete_synonym(library, admin, added.id)
    assert _readings(tried(library, admin, "zeta")) == [["zeta"]]
    with library.database.read() as session:
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.object_kind == "synonym")
        ).all()
    assert acts == ["synonym.add", "synonym.edit", "synonym.delete"]
    with pytest.raises(NotFound):
        delete_synonym(library, admin, added.id)


def test_a_library_begins_with_the_words_of_schools(library: Library, admin: Viewer) -> None:
    found = tried(library, admin, "KHBD toan 8 dinh li pitago")
    assert [(one.facet_label, one.label) for one in found.preferences] == [
        ("loại", "Kế hoạch bài dạy"), ("môn", "Toán"), ("lớp", "Lớp 8"),
    ]  # fmt: skip
    assert "pythagore" in _readings(found)[-1]


def test_another_process_learns_of_a_change(sqlite_library: Library) -> None:
    admin, other = person(sqlite_library, Role.ADMIN), KnowledgeCache()
    with sqlite_library.database.read() as session:
        before = other.present(session, sqlite_library.vocabulary)
    add_synonym(sqlite_library, admin, ["zeta", "dê ta"], one_way=False)
    other.forget()
    with sqlite_library.database.read() as session:
        after = other.present(session, sqlite_library.vocabulary)
    assert before.synonyms.at(["zeta"], 0) is None
    assert after.synonyms.at(["zeta"], 0) is not None
    assert after.corrector is before.corrector


def test_what_is_known_already_is_refused(sqlite_library: Library) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    add_synonym(sqlite_library, admin, ["zeta", "dê ta"], one_way=True)
    for phrases, said in ((["Zeta", "Dê Ta"], "đã có một nhóm"), (["dê ta", "zeta"], "ngược lại")):
        with pytest.raises(InvalidValue) as refused:
            add_synonym(sqlite_library, admin, phrases, one_way=True)
        assert said in str(refused.value.details["reason"])


def test_only_administrators_see_and_change_them(sqlite_library: Library) -> None:
    teacher = person(sqlite_library)
    with pytest.raises(Forbidden):
        synonyms(sqlite_library, teacher, "", page=1, size=9)
    with pytest.raises(Forbidden):
        add_synonym(sqlite_library, teacher, ["a", "b"], one_way=False)
    with pytest.raises(Forbidden):
        tried(sqlite_library, teacher, "a")
