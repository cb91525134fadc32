"""Forms that fill themselves: what is guessed, who decides it, and what it can never do."""

from pathlib import Path

import pytest

from repo_server.domain.access import Viewer
from repo_server.domain.errors import NotFound, NotPublishable
from repo_server.services import importing, materials
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.suggesting import suggestions
from repo_server.services.viewing import MaterialView, material_by_code, material_by_id
from tests.domain.guessing.test_outline import PLAN
from tests.libraries import docx, upload

NAME = "GA_Toan6_Bai25_KNTT (1).docx"
PLAN_DOCX = docx(
    *PLAN.replace("BÀI 24. SO SÁNH PHÂN SỐ. HỖN SỐ DƯƠNG", "BÀI 26. TỈ SỐ PHẦN TRĂM").splitlines()
)


def guessed_draft(library: Library, owner: Viewer, name: str = NAME) -> MaterialView:
    view = upload(library, owner, name, PLAN_DOCX)
    assert view.material_id is not None, view
    return material_by_id(library, owner, view.material_id)


def test_a_draft_is_described_by_guesses_that_nothing_stores(
    library: Library, teacher: Viewer
) -> None:
    made = guessed_draft(library, teacher)
    found = suggestions(library, teacher, made.card.id)
    assert found.filled("title") == ("Bài 26. Tỉ số phần trăm",)
    assert found.filled("kind") == ("lesson_plan",)
    assert found.filled("grades") == ("6",)
    assert found.filled("subjects") == ("toan",)
    assert found.filled("books") == ("kntt",)
    assert found.filled("language") == ("vi",)
    (grade,) = found.of("grades")
    assert (grade.label, grade.source_label, grade.evidence) == ("Lớp 6", "tên tệp", NAME)
    # Goals of the plan are outcomes of the programme, word for word.
    assert "So sánh được hai phân số cho trước." in {one.label for one in found.of("items")}
    assert (found.roles[0].role, found.roles[0].label) == ("lesson_plan", "Kế hoạch bài dạy")
    # Only a name is needed at once; the rest waits for a person.
    assert made.card.title == "Bài 26. Tỉ số phần trăm"
    assert (made.card.kind, made.card.grades, made.card.subjects) == (None, (), ())


def test_what_a_person_has_said_is_never_guessed_again(library: Library, teacher: Viewer) -> None:
    made = guessed_draft(library, teacher)
    said = Description(kind="test", choice=Choice((7,), ("toan",)))
    materials.edit_material(library, teacher, made.card.id, made.rev, said)
    found = suggestions(library, teacher, made.card.id)
    assert set(found.undecided) == {"title", "description", "language", "license", "keywords"}
    assert {one.field for one in found.fields} <= set(found.undecided)


def test_a_whole_form_decides_what_it_leaves_empty(library: Library, teacher: Viewer) -> None:
    made = guessed_draft(library, teacher)
    said = Description(title="Tỉ số phần trăm")
    materials.edit_material(library, teacher, made.card.id, made.rev, said, whole=True)
    assert suggestions(library, teacher, made.card.id).undecided == ()


def test_another_file_adds_to_the_evidence(library: Library, teacher: Viewer) -> None:
    first = upload(library, teacher, "Phiếu học tập.docx", docx("PHIẾU HỌC TẬP", "Câu 1."))
    assert first.material_id is not None
    upload(library, teacher, NAME, PLAN_DOCX, material_id=first.material_id)
    found = suggestions(library, teacher, first.material_id)
    assert found.filled("kind") == ("lesson_plan",)
    assert found.filled("grades") == ("6",)
    assert [one.role for one in found.roles] == ["worksheet", "lesson_plan"]


def test_guesses_are_for_those_who_may_edit(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = guessed_draft(library, teacher)
    with pytest.raises(NotFound):
        suggestions(library, editor, made.card.id)


def test_an_import_fills_what_is_sure_and_nobody_sees_it_unchecked(
    library: Library, teacher: Viewer, tmp_path: Path
) -> None:
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / NAME).write_bytes(PLAN_DOCX)
    report = importing.import_folder(library, teacher, folder, publish=False)
    assert (report.materials, report.guessed, report.problems) == (1, 1, [])
    made = material_by_code(library, teacher, report.outcomes[0].code)
    found = made.card.id
    assert (made.card.kind, made.card.grades) == ("lesson_plan", (6,))
    assert "kind" in suggestions(library, teacher, found).undecided

    licensed = Description(license="cc-by-4.0")
    materials.edit_material(library, teacher, found, made.rev, licensed)
    rev = material_by_id(library, teacher, found).rev
    with pytest.raises(NotPublishable) as refused:
        materials.submit(library, teacher, found, rev)
    assert list(refused.value.lacking) == ["guesses"]

    # The form, seen and saved as it stood.
    seen = Description(title=made.card.title)
    rev = materials.edit_material(library, teacher, found, rev, seen, whole=True).rev
    assert materials.submit(library, teacher, found, rev).status == "submitted"


def test_a_sidecar_says_all_there_is(library: Library, teacher: Viewer, tmp_path: Path) -> None:
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / NAME).write_bytes(PLAN_DOCX)
    (folder / "kho.toml").write_text('title = "Tỉ số"\n', "utf-8")
    report = importing.import_folder(library, teacher, folder, publish=False)
    assert (report.materials, report.guessed) == (1, 0)
