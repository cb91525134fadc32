"""Frameworks come in, change and go, and materials keep their places."""

import time
from collections.abc import Iterable

import pytest
from sqlalchemy import func, select

from repo_server.database.models import (
    AuditEntry,
    CurriculumItem,
    Framework,
    ItemAssociation,
    Placement,
)
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.curriculum import (
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
)
from repo_server.domain.errors import NotFound
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.services import curriculum, indexing
from repo_server.services.curriculum import (
    ImportReport,
    branch,
    branch_at,
    frameworks,
    import_curriculum,
    install_shipped,
    materials_at,
)
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from tests.libraries import published
from tests.services.indexes import drift

TITLES = {
    "t": "Lớp thử",
    "t.toan": "Toán thử",
    "t.toan.so": "Số học",
    "t.toan.so.1": "Phân số",
    "t.toan.so.2": "Số thập phân",
}
KINDS = (ItemKind.GRADE, ItemKind.SUBJECT, ItemKind.STRAND, ItemKind.TOPIC)


def records(titles: dict[str, str]) -> list[ItemRecord]:
    """Items from code and title; the dots of a code say where it stands."""
    return [
        ItemRecord(
            code=code,
            parent=code.rpartition(".")[0] or None,
            kind=KINDS[code.count(".")],
            title=title,
            sequence=number,
            grades=(6,) if code == "t" else (),
            subject="toan-thu" if code == "t.toan" else None,
        )
        for number, (code, title) in enumerate(titles.items(), start=1)
    ]


def framework(
    titles: dict[str, str] | None = None,
    associations: Iterable[tuple[str, str]] = (),
    *,
    code: str = "thu",
) -> Curriculum:
    return Curriculum(
        FrameworkRecord(code, "Chương trình thử"),
        tuple(records(TITLES if titles is None else titles)),
        tuple(
            AssociationRecord(origin, AssociationKind.REPLACED_BY, destination)
            for origin, destination in associations
        ),
    )


def bring(library: Library, what: Curriculum) -> tuple[int, int, int, int]:
    report = import_curriculum(library, ANONYMOUS, what)
    return report.added, report.changed, report.removed, report.retired


def items(library: Library, code: str = "thu") -> dict[str, CurriculumItem]:
    with library.database.read() as session:
        rows = session.scalars(
            select(CurriculumItem)
            .join(Framework, Framework.id == CurriculumItem.framework_id)
            .where(Framework.code == code)
        ).all()
    return {row.code: row for row in rows}


def aligned(library: Library, teacher: Viewer, editor: Viewer, code: str) -> int:
    """A published material aligned to that item, indexed."""
    choice = Choice((6,), ("toan",), items=(items(library)[code].id,))
    description = Description(title="Bài thử", kind="test", license="cc-by-4.0", choice=choice)
    made = published(library, teacher, editor, description)
    indexing.feed_all(library)
    return made.card.id


def placed(library: Library, material_id: int) -> set[str]:
    with library.database.read() as session:
        codes = (
            select(CurriculumItem.code)
            .join(Placement, Placement.item_id == CurriculumItem.id)
            .where(Placement.material_id == material_id, CurriculumItem.code.startswith("t"))
        )
        return set(session.scalars(codes))


def associations(library: Library) -> set[tuple[str, str]]:
    codes = {row.id: row.code for row in items(library).values()}
    with library.database.read() as session:
        rows = session.execute(
            select(ItemAssociation.origin_id, ItemAssociation.destination_id)
        ).all()
    return {(codes[a], codes[b]) for a, b in rows if a in codes and b in codes}


def test_what_kho_ships_is_installed_once(library: Library) -> None:
    shipped = frameworks(library, ANONYMOUS)

    assert [entry[0].code for entry in shipped] == ["gdpt2018", "sgk"]
    assert shipped[0][1] > 3000
    assert install_shipped(library) == []


def test_a_shipped_framework_of_an_older_form_is_renewed_and_an_imported_one_is_not(
    library: Library,
) -> None:
    with library.database.write() as session:
        rows = {row.code: row for row in session.scalars(select(Framework))}
        rows["gdpt2018"].origin, rows["sgk"].origin = "shipped:older", "imported"
        book = session.scalars(select(CurriculumItem).where(CurriculumItem.code == "kntt")).one()
        book.title = "Tên riêng"
        grade = session.scalars(select(CurriculumItem).where(CurriculumItem.code == "lop-6")).one()
        grade.title = "Lớp Sáu"
    reports = install_shipped(library)

    assert [(report.framework, report.changed, report.added) for report in reports] == [
        ("gdpt2018", 1, 0)
    ]
    assert items(library, "gdpt2018")["lop-6"].title == "Lớp 6"
    assert items(library, "sgk")["kntt"].title == "Tên riêng"
    assert install_shipped(library) == []


def test_a_framework_is_laid_out_with_paths_depths_and_what_it_inherits(
    library: Library,
) -> None:
    assert bring(library, framework()) == (5, 0, 0, 0)

    found = items(library)
    ids = [found[code].id for code in ("t", "t.toan", "t.toan.so", "t.toan.so.1")]
    leaf = found["t.toan.so.1"]
    assert leaf.path == "/" + "/".join(map(str, ids)) + "/"
    assert (leaf.depth, leaf.parent_id) == (3, ids[2])
    assert (leaf.grades, leaf.subject) == ([6], "toan-thu")
    assert leaf.folded == "phan so"
    trail = branch(library, ANONYMOUS, "thu", "t.toan.so.1").trail
    assert [item.code for item in trail] == ["t", "t.toan", "t.toan.so"]


def test_a_repeated_import_changes_nothing_and_leaves_no_trace(library: Library) -> None:
    bring(library, framework())
    before = {code: row.id for code, row in items(library).items()}

    report = import_curriculum(library, ANONYMOUS, framework())
    assert report == ImportReport("thu", 0, 0, 0, 0)
    assert report.unchanged
    assert {code: row.id for code, row in items(library).items()} == before
    with library.database.read() as session:
        entries = select(func.count()).where(
            AuditEntry.action == "curriculum.import", AuditEntry.object_id == "thu"
        )
        assert session.scalar(entries) == 1


def test_a_changed_title_reaches_the_index_of_every_material_below(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    bring(library, framework())
    material = aligned(library, teacher, editor, "t.toan.so.1")

    assert bring(library, framework({**TITLES, "t.toan.so": "Số và đại số"})) == (0, 1, 0, 0)
    assert indexing.lag(library) == {"embedded": 1}
    indexing.feed_all(library)
    assert drift(library) == {}
    with library.database.read() as session:
        document = indexing.material_documents(session, [material])[material]
    assert "Số và đại số" in document.keywords


def test_an_item_that_is_gone_is_removed_and_kept_retired_where_materials_are_aligned(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    bring(library, framework(associations=[("t.toan.so.2", "t.toan.so.1")]))
    material = aligned(library, teacher, editor, "t.toan.so.1")
    shorter = {"t": "Lớp thử", "t.toan": "Toán thử"}

    assert bring(library, framework(shorter)) == (0, 0, 1, 2)
    left = items(library)
    assert {code for code, row in left.items() if row.retired} == {"t.toan.so", "t.toan.so.1"}
    assert "t.toan.so.2" not in left
    assert placed(library, material) == {"t", "t.toan", "t.toan.so", "t.toan.so.1"}
    assert bring(library, framework(shorter)) == (0, 0, 0, 0)

    assert bring(library, framework()) == (1, 2, 0, 0)
    assert not any(row.retired for row in items(library).values())


def test_a_framework_may_lose_everything(library: Library) -> None:
    bring(library, framework())
    assert bring(library, framework({"t": "Lớp thử"})) == (0, 0, 4, 0)
    assert set(items(library)) == {"t"}


def test_a_moved_item_takes_its_materials_along(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    bring(library, framework())
    material = aligned(library, teacher, editor, "t.toan.so.1")
    moved = [
        *records({"t": "Lớp thử", "t.toan": "Toán thử", "t.toan.so": "Số học"}),
        ItemRecord("t.toan.hinh", "t.toan", ItemKind.STRAND, "Hình học", 9),
        ItemRecord("t.toan.so.1", "t.toan.hinh", ItemKind.TOPIC, "Phân số", 4),
        ItemRecord("t.toan.so.2", "t.toan.so", ItemKind.TOPIC, "Số thập phân", 5),
    ]
    what = Curriculum(FrameworkRecord("thu", "Chương trình thử"), tuple(moved), ())

    assert bring(library, what) == (1, 1, 0, 0)
    assert placed(library, material) == {"t", "t.toan", "t.toan.hinh", "t.toan.so.1"}
    children = branch(library, ANONYMOUS, "thu", "t.toan").children
    assert {child.item.code: child.count for child in children} == {
        "t.toan.so": 0,
        "t.toan.hinh": 1,
    }
    indexing.feed_all(library)
    assert drift(library) == {}


def test_an_addition_hangs_below_what_is_there_and_removes_nothing(library: Library) -> None:
    bring(library, framework(associations=[("t.toan.so.1", "t.toan.so.2")]))
    addition = Curriculum(
        FrameworkRecord("thu", "Chương trình thử"),
        (ItemRecord("t.toan.so.3", "t.toan.so", ItemKind.TOPIC, "Phần trăm", 3),),
        (AssociationRecord("t.toan.so.3", AssociationKind.REPLACED_BY, "t.toan.so.2"),),
    )

    assert bring(library, addition) == (1, 0, 0, 0)
    found = items(library)
    assert len(found) == 6
    assert (found["t.toan.so.3"].depth, found["t.toan.so.3"].grades) == (3, [6])
    assert associations(library) == {
        ("t.toan.so.1", "t.toan.so.2"),
        ("t.toan.so.3", "t.toan.so.2"),
    }
    assert bring(library, addition) == (0, 0, 0, 0)


def test_associations_are_those_that_the_file_states(library: Library) -> None:
    bring(library, framework(associations=[("t.toan.so.1", "t.toan.so.2")]))
    bring(library, framework(associations=[("t.toan.so.2", "t.toan.so.1")]))
    assert associations(library) == {("t.toan.so.2", "t.toan.so.1")}
    bring(library, framework())
    assert associations(library) == set()


def test_a_framework_with_the_codes_of_another_does_not_take_over_its_places(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    copied = read_curriculum_csv(
        b"code,parent,kind,title,grades,subject\n"
        b"ban-sao,,framework,Ban sao,,\n"
        b"lop-6,,grade,Lop 6,6,\n"
        b"lop-6.toan,lop-6,subject,Toan,,toan\n"
    )
    assert bring(library, copied)[0] == 2
    description = Description(
        title="Bài", kind="test", license="cc-by-4.0", choice=Choice((6,), ("toan",))
    )
    made = published(library, teacher, editor, description)

    assert [entry.url for entry in made.alignments] == ["/chuong-trinh/gdpt2018/lop-6.toan"]


def test_a_broken_framework_changes_nothing_and_says_all_that_is_wrong(library: Library) -> None:
    bring(library, framework())
    broken = Curriculum(
        FrameworkRecord("thu", "Chương trình thử"),
        (
            *records(TITLES),
            ItemRecord("x", "nowhere", ItemKind.TOPIC, ""),
        ),
        (),
    )
    with pytest.raises(CurriculumInvalid) as refused:
        bring(library, broken)

    assert len(refused.value.problems) >= 2
    assert set(items(library)) == set(TITLES)


def test_the_tree_counts_what_is_published_at_and_below(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    bring(library, framework())
    material = aligned(library, teacher, editor, "t.toan.so.1")

    root = branch(library, ANONYMOUS, "thu", None)
    assert [(child.item.code, child.count, child.has_children) for child in root.children] == [
        ("t", 1, True)
    ]
    strand = branch(library, ANONYMOUS, "thu", "t.toan.so")
    assert [(child.item.code, child.count, child.has_children) for child in strand.children] == [
        ("t.toan.so.1", 1, False),
        ("t.toan.so.2", 0, False),
    ]
    assert strand.item is not None
    again = branch_at(library, ANONYMOUS, strand.item.id)
    assert again.framework.code == "thu"
    assert [child.item.code for child in again.children] == ["t.toan.so.1", "t.toan.so.2"]
    assert materials_at(library, ANONYMOUS, strand.item.id, offset=0, limit=9) == [material]
    counts = {entry[0].code: entry[2] for entry in frameworks(library, ANONYMOUS)}
    assert counts == {"gdpt2018": 1, "sgk": 0, "thu": 1}


def test_a_material_of_several_grades_counts_once_in_its_framework(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    both = Choice((6, 7), ("toan",), ("kntt", "cd"))
    description = Description(title="Ôn tập", kind="test", license="cc-by-4.0", choice=both)
    published(library, teacher, editor, description)

    counts = {entry[0].code: entry[2] for entry in frameworks(library, ANONYMOUS)}
    assert counts == {"gdpt2018": 1, "sgk": 1}


@pytest.mark.parametrize(
    ("framework_code", "item_code"), [("nowhere", None), ("gdpt2018", "nothing"), ("sgk", "lop-6")]
)
def test_what_is_not_in_a_tree_is_not_found(
    sqlite_library: Library, framework_code: str, item_code: str | None
) -> None:
    with pytest.raises(NotFound):
        branch(sqlite_library, ANONYMOUS, framework_code, item_code)
    with pytest.raises(NotFound):
        branch_at(sqlite_library, ANONYMOUS, 4_000_000)


def test_thousands_of_items_come_change_and_go_in_seconds(library: Library) -> None:
    many = {"t": "Lớp thử", "t.toan": "Toán thử"}
    many |= {f"t.toan.{s}": f"Mạch {s}" for s in range(20)}
    many |= {f"t.toan.{s}.{n}": f"Chủ đề {n}" for s in range(20) for n in range(100)}
    renamed = {code: f"{title} (sửa)" for code, title in many.items()}
    begun = time.process_time()

    assert bring(library, framework(many))[0] == len(many)
    assert bring(library, framework(renamed)) == (0, len(many), 0, 0)
    assert bring(library, framework({"t": "Lớp thử"})) == (0, 1, len(many) - 1, 0)
    assert time.process_time() - begun < 30


def test_the_names_of_a_framework_are_read_again_after_an_import(library: Library) -> None:
    with library.database.read() as session:
        assert "toan-thu" not in library.vocabulary.names(session).subjects
    bring(library, framework())
    with library.database.read() as session:
        assert library.vocabulary.names(session).subjects["toan-thu"].label == "Toán thử"
    assert curriculum.item_url("thu", "t.toan") == "/chuong-trinh/thu/t.toan"
