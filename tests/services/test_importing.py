"""A folder becomes materials, once, however often it is imported."""

import errno
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from repo_server.database.models import Blob, Material, MaterialFile, Upload, utc_now
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import StorageUnavailable
from repo_server.services import importing, materials, operators, upkeep
from repo_server.services.importing import ImportReport, import_folder, units
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.viewing import MaterialView, material_by_code
from repo_server.services.working import Worker
from tests.libraries import docx, pdf, person, png

SIDECAR = """
title = "So sánh phân số"
description = "Bài 24, hai tiết."
kind = "lesson_plan"
license = "cc-by-4.0"
author = "Lê Văn A"
grades = [6]
subjects = ["toan"]
books = ["kntt"]
keywords = ["phân số"]

[[files]]
name = "Trình chiếu.pdf"
role = "slides"

[[files]]
name = "Kế hoạch.docx"
role = "lesson_plan"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bài giảng"
    made.mkdir()
    return made


@pytest.fixture
def staff(library: Library) -> Viewer:
    """Whoever runs the command line."""
    return operators.acting_for(library, None)


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def bundle(folder: Path, sidecar: str = SIDECAR) -> Path:
    """A lesson of two files with its description."""
    write(folder, "Bài 24/Kế hoạch.docx", docx("So sánh hai phân số"))
    write(folder, "Bài 24/Trình chiếu.pdf", pdf("Phân số bằng nhau"))
    write(folder, "Bài 24/kho.toml", sidecar.encode())
    return folder / "Bài 24"


def run(library: Library, viewer: Viewer, folder: Path, **more: Any) -> ImportReport:
    return import_folder(library, viewer, folder, **({"publish": False} | more))


def states(report: ImportReport) -> dict[str, str]:
    return {outcome.path: outcome.state for outcome in report.outcomes}


def rows(library: Library, model: type) -> int:
    with library.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def only(library: Library, viewer: Viewer) -> MaterialView:
    """The one material that there is."""
    with library.database.read() as session:
        code = session.scalars(select(Material.code).where(Material.deleted_at.is_(None))).one()
    return material_by_code(library, viewer, code)


def test_each_file_of_a_folder_tree_is_a_material(
    library: Library, staff: Viewer, folder: Path
) -> None:
    write(folder, "Bài 1.txt", b"Tap hop")
    write(folder, "Lớp 6/Toán/Bài 2.pdf", pdf("Phân số"))
    write(folder, "Lớp 6/Hình.png", png())
    heard: list[str] = []
    report = run(library, staff, folder, progress=heard.append)

    assert states(report) == {
        "Bài 1.txt": "accepted",
        "Lớp 6/Hình.png": "accepted",
        "Lớp 6/Toán/Bài 2.pdf": "accepted",
    }
    assert sorted(heard) == sorted(states(report))
    assert (report.materials, report.published, report.problems) == (3, 0, [])
    assert [outcome.has_text for outcome in report.outcomes] == [True, False, True]
    assert all(outcome.code for outcome in report.outcomes)
    assert rows(library, Material) == 3


def test_a_folder_with_a_description_is_one_material_as_described(
    library: Library, staff: Viewer, folder: Path
) -> None:
    bundle(folder)
    report = run(library, staff, folder, publish=True)

    assert (report.materials, report.published, report.problems) == (1, 1, [])
    made = only(library, staff)
    assert made.card.title == "So sánh phân số"
    assert made.card.description == "Bài 24, hai tiết."
    assert (made.card.kind, made.card.grades, made.card.status) == (
        "lesson_plan",
        (6,),
        "published",
    )
    assert (made.author, made.keywords) == ("Lê Văn A", ("phân số",))
    assert [label.code for label in made.card.books] == ["kntt"]
    assert [(file.name, file.role) for file in made.files] == [
        ("Trình chiếu.pdf", "slides"),
        ("Kế hoạch.docx", "lesson_plan"),
    ]
    assert made.problems == ()


def test_a_repeated_import_changes_nothing(library: Library, staff: Viewer, folder: Path) -> None:
    bundle(folder)
    write(folder, "Bài 1.txt", b"Tap hop")
    write(folder, "hỏng.pdf", b"\x00\x01\x02" * 50)
    first = run(library, staff, folder, publish=True)
    with library.database.read() as session:
        before = session.execute(select(Material.id, Material.rev)).all()
    again = run(library, staff, folder, publish=True)

    assert [first.count(state) for state in ("accepted", "known", "rejected")] == [3, 0, 1]
    assert [again.count(state) for state in ("accepted", "known", "rejected")] == [0, 3, 1]
    assert (again.materials, again.published) == (2, 0)
    assert [o.reason for o in first.outcomes] == [o.reason for o in again.outcomes]
    with library.database.read() as session:
        assert session.execute(select(Material.id, Material.rev)).all() == before
    assert rows(library, MaterialFile) == 3
    assert rows(library, Upload) == 4


def test_a_new_file_of_a_bundle_goes_into_its_material(
    library: Library, staff: Viewer, folder: Path
) -> None:
    lesson = bundle(folder)
    run(library, staff, folder, publish=True)
    # It comes first in the order of the folder, and the first one is changed as well.
    write(lesson, "Câu hỏi.txt", b"Cau hoi")
    write(lesson, "Trình chiếu.pdf", pdf("Bản sửa"))
    report = run(library, staff, folder, publish=True)

    assert report.materials == 1
    assert states(report) == {
        "Bài 24/Trình chiếu.pdf": "accepted",
        "Bài 24/Kế hoạch.docx": "known",
        "Bài 24/Câu hỏi.txt": "accepted",
    }
    assert rows(library, Material) == 1
    assert len(only(library, staff).files) == 4


def test_a_description_that_was_changed_is_taken_over(
    library: Library, staff: Viewer, folder: Path
) -> None:
    bundle(folder)
    run(library, staff, folder, publish=True)
    changed = SIDECAR.replace("So sánh phân số", "Quy đồng mẫu số")
    write(folder, "Bài 24/kho.toml", changed.encode())
    report = run(library, staff, folder, publish=True)

    assert (report.count("known"), report.problems) == (2, [])
    assert only(library, staff).card.title == "Quy đồng mẫu số"


def test_what_was_withdrawn_stays_withdrawn(library: Library, staff: Viewer, folder: Path) -> None:
    bundle(folder)
    run(library, staff, folder, publish=True)
    made = only(library, staff)
    materials.withdraw(library, staff, made.card.id, made.rev, "Ảnh có bản quyền.")
    report = run(library, staff, folder, publish=True)

    assert (report.published, report.problems) == (0, [])
    assert only(library, staff).card.status == "withdrawn"


def test_what_was_deleted_stays_deleted(library: Library, staff: Viewer, folder: Path) -> None:
    lesson = bundle(folder)
    run(library, staff, folder, publish=True)
    made = only(library, staff)
    materials.delete_material(library, staff, made.card.id, made.rev)
    report = run(library, staff, folder, publish=True)
    assert (report.count("known"), report.materials, report.problems) == (2, 0, [])

    write(lesson, "Câu hỏi.txt", b"Cau hoi")
    report = run(library, staff, folder, publish=True)
    assert (report.count("known"), report.count("accepted"), report.materials) == (2, 1, 1)
    assert [file.name for file in only(library, staff).files] == ["Câu hỏi.txt"]


def test_without_a_description_a_file_is_published_and_shows_what_it_lacks(
    library: Library, staff: Viewer, folder: Path
) -> None:
    write(folder, "Bài 1.txt", b"Tap hop")
    report = run(library, staff, folder, publish=True)

    made = only(library, staff)
    assert report.published == 1
    assert made.card.status == "published"
    assert "Chưa chọn lớp." in made.problems


def test_a_teachers_folder_is_imported_for_the_teacher(library: Library, folder: Path) -> None:
    teacher = person(library)
    write(folder, "Bài 1.txt", b"Tap hop")
    report = run(library, operators.acting_for(library, teacher.email), folder, publish=True)

    assert report.published == 1
    made = only(library, teacher)
    assert (made.can_edit, made.card.owner_name) == (True, teacher.name)
    with library.database.read() as session:
        row = session.scalars(select(Material)).one()
    assert row.organization_id == teacher.home_organization_id


def test_decomposed_names_are_the_same_files_as_composed_ones(
    library: Library, staff: Viewer, folder: Path
) -> None:
    decomposed = unicodedata.normalize("NFD", "Bài 3. Đường thẳng.txt")
    path = write(folder, f"{unicodedata.normalize('NFD', 'Lớp 6')}/{decomposed}", b"Duong thang")
    report = run(library, staff, folder)
    assert states(report) == {"Lớp 6/Bài 3. Đường thẳng.txt": "accepted"}
    assert only(library, staff).files[0].name == "Bài 3. Đường thẳng.txt"

    path.rename(path.with_name(unicodedata.normalize("NFC", path.name)))
    assert states(run(library, staff, folder)) == {"Lớp 6/Bài 3. Đường thẳng.txt": "known"}


def test_the_names_in_a_description_may_be_decomposed(
    library: Library, staff: Viewer, folder: Path
) -> None:
    bundle(folder, unicodedata.normalize("NFD", SIDECAR))
    run(library, staff, folder)

    assert [file.role for file in only(library, staff).files] == ["slides", "lesson_plan"]


def test_what_programs_leave_behind_is_not_imported(tmp_path: Path) -> None:
    for name in (
        "~$Bài 1.docx",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".git/config.txt",
        "__x__/.hidden.txt",
    ):
        write(tmp_path, name, b"x")
    (tmp_path / "empty").mkdir()
    write(tmp_path, "Bài 1.txt", b"x")

    assert [unit.label for unit in units(tmp_path)] == ["Bài 1.txt"]


def test_links_that_lead_nowhere_or_in_circles_are_passed_by(tmp_path: Path) -> None:
    write(tmp_path, "a/Bài 1.txt", b"x")
    (tmp_path / "a/loop").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a/self.txt").symlink_to(tmp_path / "a/self.txt")
    (tmp_path / "a/gone.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "linked.txt").symlink_to(tmp_path / "a/Bài 1.txt")

    assert [unit.label for unit in units(tmp_path)] == ["linked.txt", "a/Bài 1.txt"]


def test_an_empty_folder_is_an_empty_report(library: Library, staff: Viewer, folder: Path) -> None:
    report = run(library, staff, folder)

    assert (report.outcomes, report.materials, report.problems) == ([], 0, [])


def test_a_file_and_a_folder_that_cannot_be_read_are_reported_and_the_rest_goes_on(
    library: Library, staff: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "Bài 1.txt", b"x1")
    write(folder, "Bài 2.txt", b"x2")
    write(folder, "kín/Bài 3.txt", b"x3")
    open_, iterdir = Path.open, Path.iterdir

    def refuse(path: Path) -> None:
        if path.name in ("Bài 1.txt", "kín"):
            raise PermissionError(errno.EACCES, "Permission denied")

    def opening(path: Path, *arguments: Any, **more: Any) -> Any:
        refuse(path)
        return open_(path, *arguments, **more)

    def listing(path: Path) -> Any:
        refuse(path)
        return iterdir(path)

    monkeypatch.setattr(Path, "open", opening)
    monkeypatch.setattr(Path, "iterdir", listing)
    report = run(library, staff, folder)

    assert states(report) == {"Bài 1.txt": "rejected", "Bài 2.txt": "accepted", "kín": "rejected"}
    assert report.outcomes[0].reason == "Không đọc được: không có quyền đọc."


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    library: Library, staff: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrinks, grows = write(folder, "a.txt", b"x" * 100), write(folder, "b.txt", b"y" * 100)
    changes = write(folder, "c.txt", b"z" * 100)
    meanwhile = {shrinks: b"x" * 50, grows: b"y" * 150, changes: b"w" * 100}
    send = importing._send

    def send_changed(library: Library, viewer: Viewer, path: Path, *more: Any) -> Any:
        path.write_bytes(meanwhile[path])
        return send(library, viewer, path, *more)

    monkeypatch.setattr(importing, "_send", send_changed)
    report = run(library, staff, folder)
    assert set(states(report).values()) == {"rejected"}
    assert all(outcome.reason for outcome in report.outcomes)
    assert rows(library, Material) == 0

    monkeypatch.undo()
    assert set(states(run(library, staff, folder)).values()) == {"accepted"}


@pytest.mark.parametrize(
    ("sidecar", "complaint"),
    [
        ("title = ", "Không đọc được tệp mô tả"),
        (b"title = '\xff'", "Không đọc được tệp mô tả"),
        ('kind = "poem"', "kind"),
        ('grades = [6]\nsubjects = ["phep-thuat"]', "không có ở lớp"),
        ('title = "' + "x" * 400 + '"', "Tối đa 300"),
    ],
)
def test_a_broken_description_is_a_problem_and_its_files_are_kept(
    sqlite_library: Library, folder: Path, sidecar: str | bytes, complaint: str
) -> None:
    staff = operators.acting_for(sqlite_library, None)
    write(folder, "Bài 1/Bài 1.txt", b"Tap hop")
    content = sidecar if isinstance(sidecar, bytes) else sidecar.encode()
    write(folder, "Bài 1/kho.toml", content)
    report = run(sqlite_library, staff, folder)

    assert states(report) == {"Bài 1/Bài 1.txt": "accepted"}
    assert [label for label, _ in report.problems] == ["Bài 1"]
    assert complaint in report.problems[0][1]


@pytest.mark.parametrize(
    "sidecar",
    [
        "title = 3\ngrades = 'all'\nfiles = 'x'\nkeywords = 3",
        "[[files]]\nname = 'Bài 1.txt'\n[[files]]\nrole = 3",
        "files = [1, 2]",
        "grades = ['sáu', -1]",
        "",
    ],
)
def test_a_description_of_another_shape_harms_nothing(
    sqlite_library: Library, folder: Path, sidecar: str
) -> None:
    staff = operators.acting_for(sqlite_library, None)
    write(folder, "Bài 1/Bài 1.txt", b"Tap hop")
    write(folder, "Bài 1/kho.toml", sidecar.encode())

    assert states(run(sqlite_library, staff, folder)) == {"Bài 1/Bài 1.txt": "accepted"}


@pytest.mark.parametrize("role", ["'thơ'", "['slides']", "3"])
def test_a_role_that_does_not_exist_is_refused_with_its_file(
    sqlite_library: Library, folder: Path, role: str
) -> None:
    staff = operators.acting_for(sqlite_library, None)
    write(folder, "Bài 1/Bài 1.txt", b"Tap hop")
    write(folder, "Bài 1/kho.toml", f"[[files]]\nname = 'Bài 1.txt'\nrole = {role}".encode())
    report = run(sqlite_library, staff, folder)

    assert states(report) == {"Bài 1/Bài 1.txt": "rejected"}
    assert "Vai trò" in report.outcomes[0].reason


def test_an_upload_that_expired_half_way_is_begun_anew(
    library: Library, staff: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "Bài 1.txt", b"Tap hop")

    def die(*_: Any) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(importing, "accept_upload", die)
    monkeypatch.setattr(importing.uploads.Receiver, "write", die)
    with pytest.raises(StorageUnavailable):
        run(library, staff, folder)
    with library.database.write() as session:
        upload = session.scalars(select(Upload)).one()
        assert upload.state == "receiving"
        upload.expires_at = utc_now() - timedelta(hours=1)
    upkeep.tidy(library)
    monkeypatch.undo()

    assert states(run(library, staff, folder)) == {"Bài 1.txt": "accepted"}
    assert states(run(library, staff, folder)) == {"Bài 1.txt": "known"}
    assert rows(library, Material) == 1


def test_an_import_beside_a_running_worker_makes_everything_once(
    library: Library, staff: Viewer, folder: Path
) -> None:
    for number in range(12):
        write(folder, f"Bài {number}.txt", f"Bai {number}".encode())
    worker = Worker(library, jobs=2)
    worker.start()
    try:
        report = run(library, staff, folder, publish=True)
    finally:
        worker.stop()

    assert [report.count(state) for state in ("accepted", "known", "rejected")] == [12, 0, 0]
    assert (report.published, report.problems) == (12, [])
    assert (rows(library, Material), rows(library, MaterialFile)) == (12, 12)
    assert rows(library, Blob) == 12


def test_nobody_is_imported_for_who_does_not_exist(sqlite_library: Library) -> None:
    with pytest.raises(importing.InvalidValue):
        operators.acting_for(sqlite_library, "khong-ai@example.edu.vn")


def test_the_keeper_is_made_once_and_may_do_everything(sqlite_library: Library) -> None:
    first = operators.acting_for(sqlite_library, None)
    again = operators.acting_for(sqlite_library, None)

    assert first.account_id == again.account_id
    assert first.roles == {Role.ADMIN}


def test_editors_corrections_outlive_an_import_without_description(
    library: Library, staff: Viewer, folder: Path
) -> None:
    write(folder, "Bài 1.txt", b"Tap hop")
    run(library, staff, folder, publish=True)
    made = only(library, staff)
    materials.edit_material(library, staff, made.card.id, made.rev, Description(title="Tập hợp"))
    run(library, staff, folder, publish=True)

    assert only(library, staff).card.title == "Tập hợp"
