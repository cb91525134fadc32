"""What a description finds in the curriculum, and what a second import leaves as people made it."""

from pathlib import Path

import pytest
from sqlalchemy import select

from repo_server.database.models import Material
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.errors import InvalidValue, NotFound
from repo_server.services import materials, operators
from repo_server.services.curriculum import branch
from repo_server.services.importing import ImportReport, import_folder
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.sidecars import apply_sidecar
from repo_server.services.viewing import MaterialView, material_by_code
from tests.libraries import person

SIX: str = 'grades = [6]\nsubjects = ["toan"]\n'
NUMBERS = "lop-6.toan.so-va-dai-so"


@pytest.fixture
def staff(library: Library) -> Viewer:
    """Whoever runs the command line."""
    return operators.acting_for(library, None)


def bring(library: Library, viewer: Viewer, folder: Path, sidecar: str) -> ImportReport:
    """Import a lesson of one file with that description."""
    lesson = folder / "Bài 1"
    lesson.mkdir(exist_ok=True)
    (lesson / "Bài 1.txt").write_bytes(b"So nguyen am")
    (lesson / "kho.toml").write_text(sidecar, "utf-8")
    return import_folder(library, viewer, folder, publish=True)


def only(library: Library, viewer: Viewer) -> MaterialView:
    """The one material that there is."""
    with library.database.read() as session:
        return material_by_code(library, viewer, session.scalars(select(Material.code)).one())


def codes(library: Library) -> set[str]:
    """Codes of the items that the one material is aligned to."""
    with library.database.read() as session:
        return {item.code for item in session.scalars(select(Material)).one().items}


def test_items_and_topics_are_found_in_the_curriculum_and_counted_at_every_level(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    said = SIX + f'items = ["{NUMBERS}.1.2.1.y2"]\ntopics = ["SO NGUYEN", "Hình có tâm đối xứng"]'
    report = bring(library, staff, tmp_path, said)

    assert (report.problems, report.kept) == ([], [])
    assert codes(library) == {
        "lop-6.toan",
        f"{NUMBERS}.1.2",
        f"{NUMBERS}.1.2.1.y2",
        "lop-6.toan.hinh-hoc-va-do-luong.1.2.2",
    }
    for above in ("lop-6", "lop-6.toan", NUMBERS, f"{NUMBERS}.1", f"{NUMBERS}.1.2"):
        below = branch(library, staff, "gdpt2018", above).children
        assert sum(child.count for child in below) >= 1, above


def test_a_topic_is_looked_for_below_every_grade_that_is_named(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    said = 'grades = [4, 6]\nsubjects = ["toan"]\ntopic = "Tính chất cơ bản của phân số"'
    assert bring(library, staff, tmp_path, said).problems == []

    assert codes(library) == {
        "lop-4.toan",
        "lop-6.toan",
        "lop-4.toan.so-va-phep-tinh.2.1.2",
        f"{NUMBERS}.1.3.1",
    }


def test_a_strand_and_its_only_topic_of_one_name_are_the_topic(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    said = 'grades = [5]\nsubjects = ["toan"]\ntopic = "Tỉ số. Tỉ số phần trăm"'
    assert bring(library, staff, tmp_path, said).problems == []

    assert codes(library) == {"lop-5.toan", "lop-5.toan.so-va-phep-tinh.4.1.1"}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (SIX + 'topic = "Lượng giác"', "“Lượng giác” không có trong chương trình (Toán lớp 6)"),
        (SIX + 'topic = "nguyen am va"', ""),
        (SIX + 'topic = "guyên"', "không có trong chương trình"),
        (SIX + 'topic = "..."', ""),
        ('grades = [4]\nsubjects = ["lsdl"]\ntopic = "Thiên nhiên"', "khớp với 5 mục"),
        ('topic = "Số nguyên"', "hãy ghi lớp (grades) và môn (subjects)"),
        (SIX + 'items = ["lop-6.toan.khong-co"]', "không có mục “lop-6.toan.khong-co”"),
        (SIX + 'items = ["a\\u0000b"]', "không có mục"),
        (SIX + 'topcis = ["Số nguyên"]', "Không hiểu mục “topcis”"),
        (SIX + f"topics = {['x'] * 61}", "tối đa 60"),
        ('grades = [6]\nsubjects = ["to\\u0000an"]', "không có ở lớp"),
        ('grades = ["²", "1e3"]\ntitle = "Tập hợp"', ""),
    ],
)
def test_what_is_not_found_is_told_and_the_rest_is_taken(
    sqlite_library: Library, tmp_path: Path, said: str, complaint: str
) -> None:
    library, staff = sqlite_library, operators.acting_for(sqlite_library, None)
    report = bring(library, staff, tmp_path, 'keywords = ["thử"]\n' + said)

    assert [label for label, _ in report.problems] == ["Bài 1"] * bool(complaint)
    assert all(complaint in sentence for _, sentence in report.problems)
    if "tối đa" not in complaint and "ở lớp" not in complaint:
        assert only(library, staff).keywords == ("thử",)


def test_what_a_person_changed_since_outlives_the_next_import_and_the_report_says_so(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    first = 'title = "Số nguyên"\nkind = "test"\nkeywords = ["số"]\n' + SIX
    bring(library, staff, tmp_path, first)
    made = only(library, staff)
    asked = Description(title="Số nguyên âm", keywords=(), choice=Choice((6, 7), ("toan",)))
    materials.edit_material(library, staff, made.card.id, made.rev, asked)
    edited = only(library, staff)

    for sidecar in (first, first.replace("Số nguyên", "Số âm"), first):
        report = bring(library, staff, tmp_path, sidecar)
        assert report.problems == []
        (sentence,) = [sentence for _, sentence in report.kept]
        assert "tên; từ khoá; lớp, môn, sách, chủ đề" in sentence
        assert only(library, staff).card == edited.card
        assert only(library, staff).keywords == ()

    # What nobody has touched follows the description; what was changed back is the import's again.
    report = bring(library, staff, tmp_path, first.replace('"test"', '"slides"'))
    assert only(library, staff).card.kind == "slides"
    made = only(library, staff)
    materials.edit_material(library, staff, made.card.id, made.rev, Description(title="Số nguyên"))
    bring(library, staff, tmp_path, first.replace("Số nguyên", "Số âm"))
    assert only(library, staff).card.title == "Số âm"


def test_a_description_that_comes_later_fills_what_is_empty_and_keeps_what_people_wrote(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    lesson = tmp_path / "Bài 1"
    lesson.mkdir()
    (lesson / "Bài 1.txt").write_bytes(b"So nguyen am")
    import_folder(library, staff, tmp_path, publish=True)
    made = only(library, staff)
    materials.edit_material(
        library, staff, made.card.id, made.rev, Description(title="Tên của cô Lan")
    )
    report = bring(library, staff, tmp_path, 'title = "Số nguyên"\nkind = "test"\n' + SIX)

    card = only(library, staff).card
    assert (card.title, card.kind, card.grades) == ("Tên của cô Lan", "test", (6,))
    assert [sentence for _, sentence in report.kept] == [
        "Giữ nguyên tên: đã được sửa trong kho sau lần nhập trước."
    ]


def test_a_description_that_comes_later_holds_where_nobody_has_written(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    lesson = tmp_path / "Bài 1"
    lesson.mkdir()
    (lesson / "Bài 1.txt").write_bytes(b"So nguyen am")
    import_folder(library, staff, tmp_path, publish=True)
    report = bring(library, staff, tmp_path, 'title = "Số nguyên"')

    assert (only(library, staff).card.title, report.kept) == ("Số nguyên", [])


def test_nobody_describes_what_is_not_theirs(sqlite_library: Library, tmp_path: Path) -> None:
    library = sqlite_library
    bring(library, person(library), tmp_path, SIX)
    with library.database.read() as session:
        material = session.scalars(select(Material)).one()
    for stranger in (person(library), ANONYMOUS):
        with pytest.raises(NotFound):
            apply_sidecar(library, stranger, material.id, {"title": "Của tôi"})


def test_a_code_that_no_database_takes_is_merely_unknown(library: Library, staff: Viewer) -> None:
    made = materials.create_material(library, staff, Description(title="Tập hợp"))
    fields = {"items": ["a\0b", "x" * 200], "books": ["k\0ntt"], "topic": "\0"}
    with pytest.raises(InvalidValue, match="books"):
        apply_sidecar(library, staff, made.id, fields)
    told = apply_sidecar(library, staff, made.id, fields | {"books": []})
    assert len(told.problems) == 2


def test_what_a_description_says_is_said_also_where_it_agrees_with_a_guess(
    library: Library, staff: Viewer, tmp_path: Path
) -> None:
    bring(library, staff, tmp_path, 'title = "Bài 1"\nlanguage = "vi"\nkind = "worksheet"\n')
    with library.database.read() as session:
        undecided = session.scalars(select(Material.undecided)).one()
    assert {"title", "language", "kind"}.isdisjoint(undecided)
    assert "grades" in undecided
