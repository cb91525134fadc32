"""Warnings of personal data: found at acceptance, told masked, acknowledged before submission."""

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry, Material, MaterialFile, TextSegment
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.errors import NotPublishable
from repo_server.services import materials, personal
from repo_server.services.library import Library
from repo_server.services.viewing import MaterialView, material_by_id
from tests.libraries import draft, upload

PUPILS = """Danh sách lớp 6A
Nguyễn Văn An | Nam | 03/09/2014
Trần Thị Bích Ngọc | Nữ | 12/01/2014
Lê Hoàng Cường | Nam | 28/11/2014
Điện thoại phụ huynh: 0912345679
"""
SECRETS = ("Bích Ngọc", "Cường", "2014", "0912345679", "45679")


def shown(library: Library, viewer: Viewer, view: MaterialView) -> MaterialView:
    return material_by_id(library, viewer, view.card.id)


def test_a_list_of_pupils_is_told_masked_and_has_to_be_acknowledged(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    view = draft(library, teacher, content=PUPILS.encode())
    told = [(note.kind_label, note.count, note.sample) for note in view.personal]
    assert told == [
        ("Số điện thoại", 1, "091•••••79"),
        ("Danh sách tên và ngày sinh", 3, "N. V. A."),
    ]
    with pytest.raises(NotPublishable) as refused:
        materials.submit(library, teacher, view.card.id, view.rev)
    assert "thông tin cá nhân" in refused.value.sentence()
    assert shown(library, teacher, view).card.status == "draft"

    sent = materials.submit(library, teacher, view.card.id, view.rev, acknowledged=True)
    assert sent.personal_acknowledged is not None
    assert sent.personal_acknowledged["by"] == teacher.account_id
    seen = shown(library, editor, view)
    assert seen.personal == view.personal
    assert seen.personal_acknowledged
    materials.publish(library, editor, view.card.id, seen.rev)
    assert shown(library, ANONYMOUS, view).personal == ()


def test_an_acknowledgement_is_for_the_files_that_were_looked_at(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    view = draft(library, teacher, content=PUPILS.encode())
    sent = materials.submit(library, teacher, view.card.id, view.rev, acknowledged=True)
    back = materials.return_material(library, editor, view.card.id, sent.rev, "Thiếu đáp án.")
    # Sent once more as it is, nobody asks again; a file that was not looked at is another matter.
    again = materials.submit(library, teacher, view.card.id, back.rev)
    back = materials.return_material(library, editor, view.card.id, again.rev, "Thiếu đáp án.")
    upload(library, teacher, "Thêm.txt", b"CCCD 001214012345", material_id=view.card.id)
    rev = shown(library, teacher, view).rev
    with pytest.raises(NotPublishable):
        materials.submit(library, teacher, view.card.id, rev)


def test_an_address_of_the_author_is_told_and_stops_nobody(
    library: Library, teacher: Viewer
) -> None:
    view = draft(library, teacher, content="Liên hệ tác giả: co.lan@thcs-tdn.edu.vn".encode())
    assert [note.kind_label for note in view.personal] == ["Địa chỉ thư điện tử"]
    materials.submit(library, teacher, view.card.id, view.rev)


def test_what_is_kept_and_recorded_holds_nothing_of_a_person(
    library: Library, teacher: Viewer, caplog: pytest.LogCaptureFixture
) -> None:
    view = draft(library, teacher, content=PUPILS.encode())
    materials.submit(library, teacher, view.card.id, view.rev, acknowledged=True)
    with library.database.read() as session:
        kept = [
            *session.scalars(select(MaterialFile.personal)),
            *session.scalars(select(Material.personal_acknowledged)),
            *session.scalars(select(AuditEntry.after)),
        ]
    said = f"{kept[:2]} {[str(one) for one in kept[2:]]} {caplog.text}"
    assert [secret for secret in SECRETS[:2] + SECRETS[3:] if secret in said] == []


def test_who_publishes_a_draft_directly_acknowledges_it_too(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    view = draft(library, teacher, content=PUPILS.encode())
    with pytest.raises(NotPublishable):
        materials.publish(library, admin, view.card.id, view.rev)
    done = materials.publish(library, admin, view.card.id, view.rev, acknowledged=True)
    assert done.status == "published"
    assert done.personal_acknowledged is not None
    assert done.personal_acknowledged["by"] == admin.account_id


def test_words_that_come_later_are_looked_at_and_asked_about(
    library: Library, teacher: Viewer
) -> None:
    view = draft(library, teacher, content=PUPILS.encode())
    (file,) = view.files
    materials.submit(library, teacher, view.card.id, view.rev, acknowledged=True)
    with library.database.write() as session:
        session.add(
            TextSegment(
                sha256=file.sha256, position=9, label="Trang 9 (nhận dạng)",
                text="CCCD 001214012345", folded="cccd 001214012345", recognized=True,
            )
        )  # fmt: skip
        session.flush()
        personal.look_again(session, file.sha256)
    later = shown(library, teacher, view)
    assert [note.place for note in later.personal][-1:] == ["Trang 9 (nhận dạng)"]
    assert not later.personal_acknowledged
    rev = later.rev
    with library.database.write() as session:
        personal.look_again(session, file.sha256)
    # Nobody changed the material: whoever edits it goes on.
    assert shown(library, teacher, view).rev == rev == materials_rev(library, view)


def materials_rev(library: Library, view: MaterialView) -> int:
    with library.database.read() as session:
        return session.get_one(Material, view.card.id).rev
