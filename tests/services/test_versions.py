"""A material's files beyond its draft, and what its versions keep of them."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from repo_server.database.models import Material, MaterialVersion
from repo_server.domain.access import ANONYMOUS, Membership, Role, Viewer
from repo_server.domain.errors import InvalidValue, NotFound, WrongState
from repo_server.services import bundles, materials
from repo_server.services.bundles import FileChange
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.viewing import MaterialView, material_by_id, stored_file
from tests.libraries import COMPLETE, draft, published, upload


def two_files(library: Library, teacher: Viewer) -> MaterialView:
    made = draft(library, teacher)
    upload(library, teacher, "Phiếu.txt", b"Bai tap", material_id=made.card.id)
    return material_by_id(library, teacher, made.card.id)


def two_published(library: Library, teacher: Viewer, editor: Viewer) -> MaterialView:
    made = two_files(library, teacher)
    submitted = materials.submit(library, teacher, made.card.id, made.rev)
    materials.publish(library, editor, made.card.id, submitted.rev)
    return material_by_id(library, teacher, made.card.id)


def kept_versions(library: Library, material_id: int) -> list[list[str]]:
    """The names of the files of each version; the newest is what is served."""
    with library.database.read() as session:
        material = session.get_one(Material, material_id)
        versions = session.scalars(
            select(MaterialVersion)
            .where(MaterialVersion.material_id == material_id)
            .order_by(MaterialVersion.number)
        ).all()
        assert [version.number for version in versions] == list(range(1, material.version + 1))
        return [[file["name"] for file in version.snapshot["files"]] for version in versions]


def test_a_file_is_removed(library: Library, teacher: Viewer) -> None:
    made = two_files(library, teacher)
    first, second = (file.id for file in made.files)

    after = materials.remove_file(library, teacher, made.card.id, made.rev, first)
    shown = material_by_id(library, teacher, made.card.id)
    assert [file.id for file in shown.files] == [second]
    assert shown.card.file_count == 1
    for gone in (first, 4_000_000):
        with pytest.raises(NotFound):
            materials.remove_file(library, teacher, made.card.id, after.rev, gone)
    assert kept_versions(library, made.card.id) == []


def test_the_files_of_what_is_published_are_those_of_editors(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    live = two_published(library, teacher, editor)
    first, second = live.files
    # One who owns it and edits elsewhere is no editor of it.
    elsewhere = replace(
        teacher,
        memberships=(*teacher.memberships, Membership(Role.EDITOR, 4_000, frozenset({4_000}))),
    )
    for viewer in (teacher, elsewhere):
        with pytest.raises(WrongState):
            materials.remove_file(library, viewer, live.card.id, live.rev, second.id)

    rev = materials.remove_file(library, editor, live.card.id, live.rev, first.id).rev
    upload(library, editor, "Phiếu mới.txt", b"Bai tap moi", material_id=live.card.id)
    shown = material_by_id(library, ANONYMOUS, live.card.id)
    assert [file.name for file in shown.files] == ["Phiếu.txt", "Phiếu mới.txt"]
    assert (shown.version, shown.rev > rev) == (3, True)
    bundles.change_file(
        library, editor, live.card.id, shown.rev, shown.files[1].id, FileChange(position=1)
    )
    assert kept_versions(library, live.card.id) == [
        ["Phân số.txt", "Phiếu.txt"],
        ["Phiếu.txt"],
        ["Phiếu.txt", "Phiếu mới.txt"],
        ["Phiếu mới.txt", "Phiếu.txt"],
    ]


def test_the_last_file_of_what_is_published_stays(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    with pytest.raises(InvalidValue):
        materials.remove_file(library, editor, made.card.id, made.rev, made.files[0].id)
    assert len(material_by_id(library, editor, made.card.id).files) == 1


def test_what_readers_see_of_a_published_material_is_its_newest_version(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    for title in ("Tên mới", "Tên mới"):
        rev = material_by_id(library, teacher, made.card.id).rev
        materials.edit_material(library, teacher, made.card.id, rev, Description(title=title))
    with library.database.read() as session:
        kept = session.scalars(select(MaterialVersion).order_by(MaterialVersion.number)).all()
    assert [version.snapshot["title"] for version in kept] == [COMPLETE.title, "Tên mới"]
    assert [version.created_by for version in kept] == [editor.account_id, teacher.account_id]


def test_a_file_that_was_removed_is_handed_to_nobody(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    live = two_published(library, teacher, editor)
    gone = live.files[0]
    materials.remove_file(library, editor, live.card.id, live.rev, gone.id)
    for viewer in (ANONYMOUS, teacher, editor, admin):
        with pytest.raises(NotFound):
            stored_file(library, viewer, gone.id)
        archived = bundles.bundle(library, viewer, live.card.id, "")
        assert len(archived.objects) == 1
        assert gone.name not in b"".join(archived.chunks()).decode("utf-8", "replace")
