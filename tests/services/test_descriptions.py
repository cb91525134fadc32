"""What people say of a material: settled, bounded, and tied to the curriculum."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from repo_server.database.models import CurriculumItem, Material
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.errors import InvalidValue
from repo_server.domain.materials import (
    DESCRIPTION_LIMIT,
    ITEMS_LIMIT,
    KEYWORD_LIMIT,
    KEYWORDS_LIMIT,
    TITLE_LIMIT,
)
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.services import materials
from repo_server.services.curriculum import import_curriculum
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.viewing import material_by_id
from tests.libraries import COMPLETE, draft, person


def row(library: Library, id_: int) -> Material:
    with library.database.read() as session:
        return session.get_one(Material, id_)


def item_id(library: Library, code: str) -> int:
    with library.database.read() as session:
        return session.scalars(select(CurriculumItem.id).where(CurriculumItem.code == code)).one()


def test_what_is_said_is_settled_before_it_is_kept(library: Library, teacher: Viewer) -> None:
    made = materials.create_material(
        library,
        teacher,
        Description(
            title="  Pha\u0302n   so\u0302\u0301 ",
            description="\n Dòng một\nDòng hai \n",
            keywords=(" phân số", "phân  số", "", "toán"),
            author="  Lê   Văn A ",
        ),
    )

    shown = material_by_id(library, teacher, made.id)
    assert shown.card.title == "Phân số"
    assert shown.card.description == "Dòng một\nDòng hai"
    assert shown.keywords == ("phân số", "toán")
    assert shown.author == "Lê Văn A"
    assert shown.card.owner_name == "Lê Văn A"


@pytest.mark.parametrize(
    ("description", "field"),
    [
        (Description(title="  "), "title"),
        (Description(title="x" * (TITLE_LIMIT + 1)), "title"),
        (Description(description="x" * (DESCRIPTION_LIMIT + 1)), "description"),
        (Description(description="a\x00b"), "description"),
        (Description(author="x" * (TITLE_LIMIT + 1)), "author"),
        (Description(kind="poem"), "kind"),
        (Description(language="la"), "language"),
        (Description(license="all-mine"), "license"),
        (Description(keywords=("x" * (KEYWORD_LIMIT + 1),)), "keywords"),
        (Description(keywords=tuple(map(str, range(KEYWORDS_LIMIT + 1)))), "keywords"),
        (Description(choice=Choice(subjects=("toan",))), "grades"),
        (Description(choice=Choice((6,), ("tam-li-hoc",))), "subjects"),
        (Description(choice=Choice((13,))), "grades"),
        (Description(choice=Choice(books=("sach-la",))), "books"),
        (Description(choice=Choice(items=(4_000_000,))), "items"),
    ],
)
def test_a_senseless_description_is_refused_by_field(
    sqlite_library: Library, description: Description, field: str
) -> None:
    library, teacher = sqlite_library, person(sqlite_library)
    made = draft(library, teacher)
    with pytest.raises(InvalidValue) as refused:
        materials.edit_material(library, teacher, made.card.id, made.rev, description)

    assert refused.value.details["field"] == field
    assert row(library, made.card.id).rev == made.rev


def test_a_subject_that_a_grade_does_not_teach_is_named(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    with pytest.raises(InvalidValue) as refused:
        materials.edit_material(
            library,
            teacher,
            made.card.id,
            made.rev,
            Description(choice=Choice((1,), ("khtn",))),
        )
    assert "không có ở lớp đã chọn" in refused.value.sentence()


def test_a_choice_of_grades_and_subjects_is_one_item_for_each_that_is_taught(
    library: Library, teacher: Viewer
) -> None:
    book = item_id(library, "kntt")
    choice = Choice((5, 6), ("toan",), ("kntt",))
    made = draft(library, teacher, replace(COMPLETE, choice=choice))

    assert made.card.grades == (5, 6)
    assert [subject.code for subject in made.card.subjects] == ["toan"]
    assert [label.code for label in made.card.books] == ["kntt"]
    assert {entry.id for entry in made.alignments} == {
        item_id(library, "lop-5.toan"),
        item_id(library, "lop-6.toan"),
        book,
    }
    assert made.choice == choice


def test_items_below_a_subject_say_its_grade_and_subject(library: Library, teacher: Viewer) -> None:
    with library.database.read() as session:
        outcome = session.scalars(
            select(CurriculumItem)
            .where(CurriculumItem.kind == "outcome", CurriculumItem.subject == "toan")
            .order_by(CurriculumItem.id)
        ).first()
    assert outcome is not None
    made = draft(library, teacher, replace(COMPLETE, choice=Choice(items=(outcome.id,))))

    assert made.card.grades == tuple(outcome.grades)
    assert [subject.code for subject in made.card.subjects] == ["toan"]
    assert made.problems == ()
    assert made.alignments[0].trail[0].startswith("Lớp ")


def test_no_more_items_are_taken_than_a_page_can_show(library: Library, teacher: Viewer) -> None:
    with library.database.read() as session:
        ids = session.scalars(
            select(CurriculumItem.id).where(CurriculumItem.kind == "outcome").limit(ITEMS_LIMIT + 1)
        ).all()
    made = draft(library, teacher)
    for taken, refused in ((ids[:-1], False), (ids, True)):
        description = Description(choice=Choice(items=tuple(taken)))
        rev = row(library, made.card.id).rev
        if refused:
            with pytest.raises(InvalidValue):
                materials.edit_material(library, teacher, made.card.id, rev, description)
        else:
            materials.edit_material(library, teacher, made.card.id, rev, description)


@pytest.mark.parametrize(
    "codes",
    [
        [],
        ["lop-6"],
        ["lop-6", "lop-7", "kntt", "cd"],
        ["lop-6.toan"],
        ["lop-6.toan", "lop-7.toan", "lop-6.khtn", "lop-7.khtn"],
        # Natural science is not taught in grade 5: all three can be said by grades and subjects.
        ["lop-5.toan", "lop-6.toan", "lop-6.khtn"],
        # These two cannot: grade 6 has Natural science, too.
        ["lop-6.toan", "lop-7.khtn"],
        ["lop-6.toan", "lop-7.khtn", "lop-8.khtn", "lop-1", "kntt"],
        ["lop-6", "lop-6.toan"],
        ["lop-6.toan.so-va-dai-so.1.2"],
        ["lop-6.toan", "lop-6.toan.so-va-dai-so.1.2", "lop-7.khtn.vat-song.1"],
    ],
)
def test_a_choice_read_back_from_its_items_asks_for_exactly_these(
    sqlite_library: Library, codes: list[str]
) -> None:
    library = sqlite_library
    teacher = person(library)
    ids = tuple(sorted(item_id(library, code) for code in codes))
    started = Description(title="Ôn tập", choice=Choice(items=ids))
    made = material_by_id(library, teacher, materials.create_material(library, teacher, started).id)
    back = Description(choice=made.choice)
    materials.edit_material(library, teacher, made.card.id, made.rev, back)

    again = material_by_id(library, teacher, made.card.id)
    assert tuple(sorted(entry.id for entry in again.alignments)) == ids
    assert again.choice == made.choice


def test_an_item_of_another_framework_with_the_same_code_stays_that_item(
    library: Library, teacher: Viewer
) -> None:
    copied = read_curriculum_csv(
        b"code,parent,kind,title,grades,subject\n"
        b"ban-sao,,framework,Ban sao,,\n"
        b"lop-6,,grade,Lop 6,6,\n"
        b"lop-6.toan,lop-6,subject,Toan,,toan\n"
    )
    import_curriculum(library, ANONYMOUS, copied)
    with library.database.read() as session:
        ids = session.scalars(select(CurriculumItem.id).where(CurriculumItem.code == "lop-6.toan"))
        theirs = max(ids)
    started = Description(title="Ôn tập", choice=Choice(items=(theirs,)))
    made = materials.create_material(library, teacher, started)

    assert material_by_id(library, teacher, made.id).choice == Choice(items=(theirs,))
