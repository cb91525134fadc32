from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from repo_server.database.engine import Database
from repo_server.database.models import (
    Account,
    CurriculumItem,
    Derivative,
    Material,
    MaterialFile,
    utc_now,
)
from repo_server.database.queries import curriculum, files, materials
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.materials import Status
from tests import factories


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """The statements that reading sends while inside."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement != "BEGIN":  # ours on SQLite, the driver's own on PostgreSQL
            sent.append(statement)

    event.listen(database.reader, "before_cursor_execute", note)
    yield sent
    event.remove(database.reader, "before_cursor_execute", note)


# Materials


def test_the_material_comes_with_its_files_and_items(database: Database) -> None:
    with database.write() as session:
        made = factories.published(session)
        factories.file(session, made, name="Phiếu học tập.pdf")
    with database.read() as session:
        material = materials.material_by_code(session, ANONYMOUS, made.code)
        assert material is not None
    # Both were loaded with it: the session is closed.
    assert [file.name for file in material.files] == ["Cộng hai phân số.pdf", "Phiếu học tập.pdf"]
    assert [item.title for item in material.items] == ["Phân số"]


def test_an_unknown_material_is_none(database: Database) -> None:
    with database.read() as session:
        assert materials.material_by_code(session, ANONYMOUS, "0000000") is None
        assert materials.material_by_id(session, ANONYMOUS, 2**62) is None


def test_a_list_says_whose_each_material_is(database: Database) -> None:
    with database.write() as session:
        school = factories.organization(session, "THCS Hòa Bình")
        lan = factories.account(session, name="Lan", organization=school)
        at_school = factories.material(
            session, lan, status=Status.PUBLISHED, organization=school
        ).id
        alone = factories.material(session, lan, status=Status.PUBLISHED).id
    with database.read() as session:
        listed = materials.listed(session, ANONYMOUS, [alone, at_school, 2**62])
    shown = {key: (row.owner_name, row.organization_name) for key, row in listed.items()}
    assert shown == {at_school: ("Lan", "THCS Hòa Bình"), alone: ("Lan", None)}


def test_listed_files_leave_out_what_was_removed_and_know_their_thumbnails(
    database: Database,
) -> None:
    with database.write() as session:
        material = factories.published(session)
        with_picture = factories.file(session, material)
        removed = factories.file(session, material)
        removed.removed_at = utc_now()
        for name in ("thumbnail.webp", "page-1.webp"):
            session.add(
                Derivative(
                    sha256=with_picture.sha256,
                    name=name,
                    media_type="image/webp",
                    width=320,
                    height=240,
                    size=1,
                    digest="",
                )
            )
    with database.read() as session:
        shown = materials.listed_files(session, ANONYMOUS, [material.id])
    assert [(file.id, file.has_thumbnail) for file in shown] == [
        (material.files[0].id, False),
        (with_picture.id, True),
    ]


def test_the_newest_come_first(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        ids = [factories.published(session, at=branch).id for _ in range(4)]
        factories.material(session, factories.account(session))
    with database.read() as session:
        assert materials.newest_published(session, ANONYMOUS, 3) == ids[:0:-1]
        assert materials.published_count(session, ANONYMOUS) == 4


def test_my_materials_are_mine_alone_last_changed_first(database: Database) -> None:
    with database.write() as session:
        lan, other = factories.account(session), factories.account(session)
        first = factories.material(session, lan)
        second = factories.material(session, lan, status=Status.PUBLISHED)
        factories.material(session, lan, deleted=True)
        factories.material(session, other)
    with database.write() as session:
        session.get_one(Material, first.id).title = "Sửa sau cùng"
    viewer = factories.viewer(lan)
    with database.read() as session:
        everything = materials.own_materials(session, viewer, None, offset=0, limit=9)
        assert everything == [first.id, second.id]
        assert materials.own_materials(session, viewer, None, offset=1, limit=9) == [second.id]
        assert materials.own_materials(session, viewer, "draft", offset=0, limit=9) == [first.id]
        assert materials.own_counts(session, viewer) == {"draft": 1, "published": 1}
        assert materials.own_materials(session, ANONYMOUS, None, offset=0, limit=9) == []


def test_who_waits_longest_is_reviewed_first(database: Database) -> None:
    with database.write() as session:
        school = factories.organization(session)
        owner = factories.account(session)
        editor = factories.account(session, role=Role.EDITOR, organization=school)
        ids = [
            factories.material(session, owner, status=Status.SUBMITTED, organization=school).id
            for _ in range(3)
        ]
    with database.read() as session:
        viewer = factories.viewer(editor)
        assert materials.review_queue(session, viewer, offset=0, limit=2) == ids[:2]
        assert materials.review_queue(session, viewer, offset=2, limit=2) == ids[2:]
        assert materials.review_queue(session, ANONYMOUS, offset=0, limit=9) == []


def test_titles_are_found_by_all_words_without_marks(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        titles = ("Cộng hai phân số", "Trừ hai phân số", "Đường tròn", "Giảm 50% và 5_0")
        made = {title: factories.published(session, title=title, at=branch).id for title in titles}
        factories.material(session, factories.account(session), title="Phân số nháp")

    def find(*words: str) -> tuple[int, list[int]]:
        with database.read() as session:
            return materials.titles_containing(session, ANONYMOUS, words, offset=0, limit=9)

    assert find("phan", "cong") == (1, [made["Cộng hai phân số"]])
    assert find("phan") == (2, [made["Trừ hai phân số"], made["Cộng hai phân số"]])
    assert find("duong") == (1, [made["Đường tròn"]])
    assert find("%")[0] + find("_")[0] <= 2
    assert find("phan", "tron") == (0, [])
    assert find()[0] == 4


# Pages of text


@pytest.fixture
def lesson(database: Database) -> Material:
    """A published lesson of two files with pages of text."""
    with database.write() as session:
        material = factories.published(
            session, pages=["Mục lục", "Phân số và tử số", "Phân số, tử số và mẫu số"]
        )
        factories.file(session, material, pages=["Phân số, tử số và mẫu số", "Mẫu số chung"])
    return material


def _best(database: Database, material_id: int, *words: str) -> tuple[str, str] | None:
    with database.read() as session:
        found = files.best_segments(session, ANONYMOUS, [material_id], words)
    if not found:
        return None
    assert found[material_id].material_id == material_id
    return found[material_id].label, found[material_id].text


def test_the_page_with_most_of_the_words_is_shown(database: Database, lesson: Material) -> None:
    assert _best(database, lesson.id, "phan", "tu", "mau") == (
        "Trang 3",
        "Phân số, tử số và mẫu số",
    )
    assert _best(database, lesson.id, "chung") == ("Trang 2", "Mẫu số chung")


def test_of_equal_pages_the_first_is_shown(database: Database, lesson: Material) -> None:
    assert _best(database, lesson.id, "tu") == ("Trang 2", "Phân số và tử số")


@pytest.mark.parametrize("words", [(), ("hinh",), ("%",), ("_",)])
def test_words_that_no_page_holds_show_no_page(
    words: tuple[str, ...], database: Database, lesson: Material
) -> None:
    assert _best(database, lesson.id, *words) is None


def test_pages_of_a_removed_file_are_not_shown(database: Database, lesson: Material) -> None:
    with database.write() as session:
        first = session.scalar(
            select(MaterialFile).where(
                MaterialFile.material_id == lesson.id, MaterialFile.position == 1
            )
        )
        assert first is not None
        first.removed_at = utc_now()
    assert _best(database, lesson.id, "tu") == ("Trang 1", "Phân số, tử số và mẫu số")


def test_two_materials_may_share_a_file(database: Database, lesson: Material) -> None:
    with database.write() as session:
        other = factories.published(session, pages=["Bìa"])
        factories.file(session, other, content=b"%PDF shared", pages=["Đường tròn"])
        again = session.get_one(Material, lesson.id)
        factories.file(session, again, content=b"%PDF shared")
    with database.read() as session:
        found = files.best_segments(session, ANONYMOUS, [lesson.id, other.id], ["tron"])
    assert {key: page.text for key, page in found.items()} == {
        lesson.id: "Đường tròn",
        other.id: "Đường tròn",
    }


def test_a_file_tells_where_its_bytes_are(database: Database, lesson: Material) -> None:
    with database.read() as session:
        file_id = session.scalars(select(MaterialFile.id).order_by(MaterialFile.id)).first()
        assert file_id is not None
        stored = files.file_by_id(session, ANONYMOUS, file_id)
        assert stored is not None
        assert (stored.generation, stored.material_id, stored.published) == (0, lesson.id, True)
        pages = files.segments(session, ANONYMOUS, stored.file.sha256, 2)
        assert [page.label for page in pages] == ["Trang 1", "Trang 2"]
        assert files.derivative(session, ANONYMOUS, stored.file.sha256, "thumbnail.webp") is None


# The curriculum


def test_children_know_what_stands_below_them(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        empty = factories.item(session, branch.subject, title="Hình học")
        outcome = factories.item(session, branch.topic, kind="outcome", title="Cộng được")
        factories.published(session, at=branch)
        owner = factories.account(session)
        both = [branch.topic, outcome]
        factories.material(session, owner, status=Status.PUBLISHED, items=both)
        factories.material(session, owner, status=Status.WITHDRAWN, items=both)
    with database.read() as session:

        def below(parent: CurriculumItem | None) -> list[tuple[int, int, bool]]:
            key = None if parent is None else parent.id
            rows = curriculum.children(session, ANONYMOUS, branch.framework.id, key)
            return [(row.item.id, row.count, row.has_children) for row in rows]

        assert below(None) == [(branch.grade.id, 2, True)]
        assert below(branch.grade) == [(branch.subject.id, 2, True)]
        assert below(branch.subject) == [(branch.topic.id, 2, True), (empty.id, 0, False)]
        assert below(branch.topic) == [(outcome.id, 1, False)]
        assert below(outcome) == []
        ids = [branch.grade.id, outcome.id, empty.id]
        assert curriculum.counts(session, ANONYMOUS, ids) == {branch.grade.id: 2, outcome.id: 1}


def test_materials_at_or_below_an_item_come_newest_first(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        ids = [factories.published(session, at=branch).id for _ in range(3)]
        factories.published(session)
    with database.read() as session:

        def placed(item: CurriculumItem, offset: int) -> list[int]:
            return curriculum.placed_materials(session, ANONYMOUS, item.id, offset=offset, limit=2)

        assert placed(branch.grade, 0) == [ids[2], ids[1]]
        assert placed(branch.topic, 2) == [ids[0]]


def test_the_way_to_an_item_starts_at_the_root(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
    with database.read() as session:
        item = curriculum.item_by_id(session, ANONYMOUS, branch.topic.id)
        assert item is not None
        titles = [above.title for above in curriculum.trail(session, ANONYMOUS, item)]
        assert titles == ["Lớp 6", "Toán"]
        above = curriculum.ancestors(
            session, [item, session.get_one(CurriculumItem, branch.grade.id)]
        )
        assert above[branch.grade.id] == []


def test_frameworks_are_counted_even_when_empty(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        empty = factories.framework(session, code="sgk")
    with database.read() as session:
        found = curriculum.frameworks(session, ANONYMOUS)
        assert [(row.id, count) for row, count in found] == [
            (branch.framework.id, 3),
            (empty.id, 0),
        ]
        by_code = curriculum.framework_by_code(session, ANONYMOUS, "sgk")
        assert by_code is not None
        assert by_code.id == empty.id
        assert curriculum.framework_by_code(session, ANONYMOUS, "không có") is None
        assert curriculum.framework_codes(session)[empty.id] == "sgk"


def test_items_are_found_by_code_and_kind(database: Database) -> None:
    with database.write() as session:
        branch, other = factories.branch(session), factories.branch(session)
    with database.read() as session:
        found = curriculum.item_by_code(session, ANONYMOUS, other.framework.id, "lop-6.toan")
        assert found is not None
        assert found.id == other.subject.id
        subjects = curriculum.items_of_kind(session, ANONYMOUS, "subject")
        assert [item.id for item in subjects] == [branch.subject.id, other.subject.id]
        coded = curriculum.items_by_codes(session, ANONYMOUS, ["lop-6", "không có"])
        assert {item.id for item in coded} == {branch.grade.id, other.grade.id}


def test_items_below_a_subject_are_found_by_words_grade_and_subject(database: Database) -> None:
    with database.write() as session:
        branch = factories.branch(session)
        seventh = factories.item(
            session, branch.framework, kind="grade", title="Lớp 7", code="lop-7", grades=[7]
        )
        algebra = factories.item(
            session, seventh, kind="subject", title="Toán", code="lop-7.toan", subject="toan"
        )
        powers = factories.item(session, algebra, title="Lũy thừa của phân số")

    def find(
        *words: str, grades: tuple[int, ...] = (), subjects: tuple[str, ...] = ()
    ) -> list[int]:
        with database.read() as session:
            found = curriculum.items_matching(
                session, ANONYMOUS, words, grades=grades, subjects=subjects, limit=9
            )
            return [item.id for item in found]

    assert find("phan", "so") == [branch.topic.id, powers.id]
    assert find("phan", grades=(7,)) == [powers.id]
    assert find("phan", grades=(6, 7), subjects=("toan",)) == [branch.topic.id, powers.id]
    assert find("phan", subjects=("ngu-van",)) == []
    assert find("phan", grades=(12,)) == []
    assert find("toan") == []


# The cost of a list


def _ids(session: Session) -> list[int]:
    return list(session.scalars(select(Material.id)))


LISTS: dict[str, Callable[[Session, Viewer], object]] = {
    "listed": lambda session, viewer: materials.listed(session, viewer, _ids(session)),
    "listed files": lambda session, viewer: materials.listed_files(session, viewer, _ids(session)),
    "aligned items": lambda session, viewer: materials.aligned_items(
        session, viewer, _ids(session)
    ),
    "best pages": lambda session, viewer: files.best_segments(
        session, viewer, _ids(session), ["phan", "so"]
    ),
    "own": lambda session, viewer: materials.own_materials(
        session, viewer, None, offset=0, limit=99
    ),
    "own counts": lambda session, viewer: materials.own_counts(session, viewer),
    "queue": lambda session, viewer: materials.review_queue(session, viewer, offset=0, limit=99),
    "titles": lambda session, viewer: materials.titles_containing(
        session, viewer, ["phan"], offset=0, limit=99
    ),
    "newest": lambda session, viewer: materials.newest_published(session, viewer, 99),
    "frameworks": lambda session, viewer: curriculum.frameworks(session, viewer),
    "children": lambda session, viewer: [
        (row.item.title, row.count)
        for row in curriculum.children(
            session, viewer, session.scalars(select(CurriculumItem.framework_id)).first() or 0, None
        )
    ],
    "ancestors": lambda session, viewer: curriculum.ancestors(
        session, list(session.scalars(select(CurriculumItem)))
    ),
    "material": lambda session, viewer: [
        (len(material.files), len(material.items))
        for material in [
            materials.material_by_id(
                session, viewer, session.scalars(select(Material.id)).first() or 0
            )
        ]
        if material
    ],
}


def test_no_list_asks_more_often_when_it_is_longer(database: Database) -> None:
    def add(session: Session, owner: Account, many: int) -> None:
        for _ in range(many):
            branch = factories.branch(session)
            material = factories.published(session, owner=owner, at=branch)
            factories.file(session, material, pages=["Phân số", "Số thập phân"])
            material.items.append(factories.item(session, branch.topic, kind="outcome"))

    def cost(viewer: Viewer) -> dict[str, int]:
        counted = {}
        for name, look in LISTS.items():
            with database.read() as session, _statements(database) as sent:
                look(session, viewer)
            counted[name] = len(sent)
        return counted

    with database.write() as session:
        owner = factories.account(session)
        add(session, owner, 1)
    viewer = factories.viewer(owner)
    short = cost(viewer)
    with database.write() as session:
        add(session, session.get_one(Account, owner.id), 9)
    assert cost(viewer) == short
    assert max(short.values()) <= 4
