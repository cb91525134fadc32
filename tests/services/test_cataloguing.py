"""Descriptions by the thousand: what is new is published, what differs is edited, once each."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from repo_server.database.audit import broken_links
from repo_server.database.models import (
    AuditEntry,
    CatalogueEntry,
    IndexState,
    Material,
    MaterialVersion,
    Placement,
)
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import Forbidden
from repo_server.domain.materials import Status
from repo_server.services import cataloguing, discovery, indexing, materials, verification
from repo_server.services.asking import Asked
from repo_server.services.cataloguing import CatalogueRecord, Kept, add_records
from repo_server.services.curriculum import branch
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.viewing import material_by_id
from tests.libraries import person

RECORD = CatalogueRecord(
    external_id="so-1:17",
    title="Cộng hai phân số",
    description="Quy đồng mẫu rồi cộng.",
    kind="lesson_plan",
    grades=(6,),
    subjects=("toan",),
    books=("kntt",),
    license="cc-by-4.0",
    keywords=("phân số", "quy đồng"),
    author="Nguyễn Thị Lan",
)


def rows(library: Library) -> list[Material]:
    with library.database.read() as session:
        return list(session.scalars(select(Material).order_by(Material.id)))


def count(library: Library, model: type) -> int:
    with library.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_record_becomes_a_published_material_with_its_version(
    library: Library, admin: Viewer
) -> None:
    report = add_records(library, admin, [RECORD])
    assert (report.added, report.changed, report.unchanged, report.refused) == (1, 0, 0, [])
    [material] = rows(library)
    view = material_by_id(library, admin, material.id)
    assert (view.card.status, view.rev, view.version) == (Status.PUBLISHED, 1, 1)
    assert (view.card.title, view.card.description) == (RECORD.title, RECORD.description)
    assert (view.card.grades, view.keywords) == ((6,), RECORD.keywords)
    assert [book.code for book in view.card.books] == ["kntt"]
    assert view.card.external_id == "so-1:17"
    with library.database.read() as session:
        version = session.scalars(select(MaterialVersion)).one()
    assert version.snapshot["items"] == ["lop-6.toan", "kntt"]
    assert version.snapshot["title"] == RECORD.title


def test_it_is_counted_in_the_tree_and_found_once_the_index_is_fed(
    library: Library, admin: Viewer
) -> None:
    topic = branch(library, admin, "gdpt2018", "lop-6.toan").children[0].item
    add_records(library, admin, [replace(RECORD, items=(topic.code,))])
    counted = branch(library, admin, "gdpt2018", "lop-6.toan").children[0]
    assert counted.count == 1
    assert indexing.feed_all(library) == 1
    found = discovery.search(library, admin, Asked("quy dong", {"grade": ("6",)}))
    assert [card.title for card in found.items] == [RECORD.title]


def test_repeating_an_import_changes_nothing(library: Library, admin: Viewer) -> None:
    add_records(library, admin, [RECORD])
    entries, before = count(library, AuditEntry), rows(library)[0]
    report = add_records(library, admin, [RECORD])
    assert (report.added, report.changed, report.unchanged) == (0, 0, 1)
    after = rows(library)[0]
    assert (after.rev, after.updated_at) == (before.rev, before.updated_at)
    assert count(library, AuditEntry) == entries


def test_a_changed_record_edits_the_material_and_has_the_index_learn_it(
    library: Library, admin: Viewer
) -> None:
    add_records(library, admin, [RECORD])
    code = rows(library)[0].code
    report = add_records(library, admin, [replace(RECORD, title="Trừ hai phân số", grades=(7,))])
    assert (report.added, report.changed) == (0, 1)
    [material] = rows(library)
    assert (material.code, material.rev, material.title) == (code, 2, "Trừ hai phân số")
    with library.database.read() as session:
        wanted = session.scalars(select(IndexState.want_rev)).all()
        placed = session.scalar(select(func.count()).select_from(Placement))
    assert set(wanted) == {2}
    assert placed == 3  # grade 7, its Toán, the textbook set
    assert material_by_id(library, admin, material.id).card.grades == (7,)


def test_a_batch_leaves_one_entry_in_the_audit_trail(
    library: Library, admin: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cataloguing, "BATCH", 2)
    before = count(library, AuditEntry)
    heard: list[int] = []
    records = [replace(RECORD, external_id=str(number)) for number in range(5)]
    assert add_records(library, admin, records, heard.append).added == 5
    assert heard == [2, 4, 5]
    assert count(library, AuditEntry) == before + 3
    with library.database.read() as session:
        assert list(broken_links(session)) == []


@pytest.mark.parametrize(
    "bad",
    [
        replace(RECORD, external_id=" "),
        replace(RECORD, external_id="x" * 201),
        replace(RECORD, external_id="a\x00b"),
        replace(RECORD, title="  "),
        replace(RECORD, title="x" * 301),
        replace(RECORD, kind="poem"),
        replace(RECORD, language="tlh"),
        replace(RECORD, license="mine"),
        replace(RECORD, grades=(6,), subjects=("hoa-hoc",)),
        replace(RECORD, subjects=("toan",), grades=()),
        replace(RECORD, books=("cuon-nao-do",)),
        replace(RECORD, items=("lop-6.khong-co",)),
        replace(RECORD, keywords=tuple(map(str, range(21)))),
    ],
)
def test_a_bad_record_is_refused_with_its_reason_and_the_others_are_taken(
    sqlite_library: Library, bad: CatalogueRecord
) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    good = replace(RECORD, external_id="good")
    report = add_records(sqlite_library, admin, [bad, good])
    assert report.added == 1
    [refusal] = report.refused
    assert refusal.external_id == bad.external_id[:200]
    assert refusal.reason


def test_an_identifier_that_comes_twice_is_taken_once(library: Library, admin: Viewer) -> None:
    report = add_records(library, admin, [RECORD, replace(RECORD, title="Bản khác")])
    assert (report.added, [refusal.reason for refusal in report.refused]) == (
        1,
        [cataloguing.TWICE],
    )
    assert rows(library)[0].title == RECORD.title


def test_what_was_withdrawn_stays_withdrawn_and_what_was_deleted_stays_away(
    library: Library, admin: Viewer
) -> None:
    records = [RECORD, replace(RECORD, external_id="so-1:18")]
    add_records(library, admin, records)
    first, second = rows(library)
    materials.withdraw(library, admin, first.id, 1, "Sai đáp án.")
    materials.delete_material(library, admin, second.id, 1)
    report = add_records(library, admin, [replace(r, title="Tên mới") for r in records])
    [refusal] = report.refused
    assert report.changed == 1
    assert cataloguing.DELETED in refusal.reason
    assert [(row.status, row.title) for row in rows(library)] == [
        (Status.WITHDRAWN, "Tên mới"),
        (Status.PUBLISHED, RECORD.title),
    ]


def test_the_library_is_clean_after_an_import(library: Library, admin: Viewer) -> None:
    add_records(library, admin, [replace(RECORD, external_id=str(n)) for n in range(20)])
    indexing.feed_all(library)
    assert verification.verify(library, repair=False).findings == ()


def test_only_those_who_administer_the_library_import(library: Library, editor: Viewer) -> None:
    with pytest.raises(Forbidden):
        add_records(library, editor, [RECORD])
    assert rows(library) == []


FULL = replace(
    RECORD,
    text="Tập hợp điểm cách đều hai mút là đường trung trực.",
    source="THCS Hoà Bình",
    url="https://kho.example/17",
    use=40,
    published=datetime(2024, 3, 1, tzinfo=UTC),
)


def test_its_text_is_found_and_quoted_and_its_origin_is_remembered(
    library: Library, admin: Viewer
) -> None:
    add_records(library, admin, [FULL])
    indexing.feed_all(library)
    [card] = discovery.search(library, admin, Asked("duong trung truc")).items
    assert "trung trực" in "".join(part.text for part in card.snippet)
    assert (card.use, card.published_at, card.external_id) == (40, FULL.published, "so-1:17")
    with library.database.read() as session:
        entry = session.scalars(select(CatalogueEntry)).one()
    assert (entry.source, entry.url, entry.use) == ("THCS Hoà Bình", FULL.url, 40)


def test_a_changed_text_is_learned_and_uses_counted_elsewhere_are_added(
    sqlite_library: Library,
) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    add_records(sqlite_library, admin, [FULL])
    again = replace(FULL, text="Ba đường cao đồng quy.", use=50)
    assert add_records(sqlite_library, admin, [again]).changed == 1
    indexing.feed_all(sqlite_library)
    found = discovery.search(sqlite_library, admin, Asked("duong cao dong quy"))
    assert [card.use for card in found.items] == [50]
    assert add_records(sqlite_library, admin, [replace(again, use=3)]).changed == 1
    assert rows(sqlite_library)[0].use == 50
    assert add_records(sqlite_library, admin, [replace(again, use=3)]).unchanged == 1


def test_what_a_person_has_changed_since_outweighs_the_catalogue(sqlite_library: Library) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    add_records(sqlite_library, admin, [FULL])
    [material] = rows(sqlite_library)
    mended = Description(title="Cộng hai phân số (đã sửa)")
    materials.edit_material(sqlite_library, admin, material.id, material.rev, mended)
    assert add_records(sqlite_library, admin, [FULL]).unchanged == 1
    newer = replace(FULL, title="Cộng phân số", description="Bản mới.", row=9)
    report = add_records(sqlite_library, admin, [newer])
    assert (report.changed, report.kept) == (1, [Kept("so-1:17", ("title",), 9)])
    [material] = rows(sqlite_library)
    assert (material.title, material.description) == (mended.title, "Bản mới.")


def test_a_trial_changes_nothing_and_says_what_it_would(sqlite_library: Library) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    report = add_records(sqlite_library, admin, [FULL, replace(FULL, title="")], dry_run=True)
    assert (report.added, report.refusals) == (1, 1)
    assert rows(sqlite_library) == []
    assert count(sqlite_library, CatalogueEntry) == 0


def test_a_report_names_some_refusals_and_counts_all(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cataloguing, "NAMED", 2)
    admin = person(sqlite_library, Role.ADMIN)
    bad = [replace(RECORD, external_id=str(number), title="") for number in range(5)]
    report = add_records(sqlite_library, admin, bad)
    assert (report.refusals, len(report.refused), report.total) == (5, 2, 5)
