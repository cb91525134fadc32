"""The files of a material: roles, names, order, and all of them as one ZIP."""

import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry, Material
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.bundles import ATTRIBUTION_NAME
from repo_server.domain.errors import (
    EditConflict,
    FileDamaged,
    Forbidden,
    InvalidValue,
    NotFound,
    PreconditionRequired,
    StorageUnavailable,
    WrongState,
)
from repo_server.services import bundles, materials
from repo_server.services.bundles import FileChange
from repo_server.services.library import Library
from repo_server.services.viewing import MaterialView, material_by_id
from repo_server.storage.base import ObjectKey, ObjectReader
from repo_server.storage.factory import open_storage
from tests.libraries import draft, person, png, published, upload
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs

ORIGIN = "https://kho.example.vn"


def three_files(library: Library, owner: Viewer) -> MaterialView:
    """A draft lesson: a text, a picture, a text of the same name as the first."""
    made = draft(library, owner)
    upload(library, owner, "Sơ đồ.png", png(), material_id=made.card.id)
    upload(library, owner, "Phân số.txt", "Phiếu số 2".encode(), material_id=made.card.id)
    return material_by_id(library, owner, made.card.id)


def names(view: MaterialView) -> list[str]:
    return [file.name for file in view.files]


def change(
    library: Library, viewer: Viewer, view: MaterialView, at: int, **said: object
) -> MaterialView:
    """Change the file that stands at `at` (from 0); what the material is afterwards."""
    file = view.files[at].id
    bundles.change_file(library, viewer, view.card.id, view.rev, file, FileChange(**said))  # type: ignore[arg-type]
    return material_by_id(library, viewer, view.card.id)


def packed(library: Library, viewer: Viewer, material_id: int) -> bytes:
    return b"".join(bundles.bundle(library, viewer, material_id, ORIGIN).chunks())


# Roles, names, order


def test_a_file_is_renamed_gets_a_role_and_moves(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)

    after = change(library, teacher, made, 2, name="Phiếu số 2", role="worksheet", position=1)

    assert names(after) == ["Phiếu số 2.txt", "Phân số.txt", "Sơ đồ.png"]
    assert after.files[0].role == "worksheet"
    assert after.rev == made.rev + 1
    back = change(library, teacher, after, 0, role="", position=3)
    assert names(back) == ["Phân số.txt", "Sơ đồ.png", "Phiếu số 2.txt"]
    assert back.files[2].role is None


def test_files_that_were_removed_do_not_count_in_the_order(
    library: Library, teacher: Viewer
) -> None:
    made = three_files(library, teacher)
    materials.remove_file(library, teacher, made.card.id, made.rev, made.files[0].id)
    left = material_by_id(library, teacher, made.card.id)

    after = change(library, teacher, left, 1, position=1)

    assert names(after) == ["Phân số.txt", "Sơ đồ.png"]
    with pytest.raises(InvalidValue):
        change(library, teacher, after, 1, position=3)


def test_a_file_that_is_added_comes_last_whatever_was_moved(
    library: Library, teacher: Viewer
) -> None:
    made = three_files(library, teacher)
    change(library, teacher, made, 2, position=1)

    upload(library, teacher, "Cuối.txt", "Cuối".encode(), material_id=made.card.id)

    assert names(material_by_id(library, teacher, made.card.id))[-1] == "Cuối.txt"


def test_a_change_that_changes_nothing_leaves_no_trace(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)

    after = change(library, teacher, made, 1, name="Sơ đồ", position=2)

    assert after.rev == made.rev
    assert audited(library, made.files[1].id) == []


def test_what_was_changed_is_in_the_audit_trail(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)
    change(library, teacher, made, 1, name="Hình", role="picture", position=1)

    (entry,) = audited(library, made.files[1].id)

    assert entry.actor_id == teacher.account_id
    assert entry.before == {"name": "Sơ đồ.png", "role": None, "position": 2}
    assert entry.after == {"name": "Hình.png", "role": "picture", "position": 1}


def audited(library: Library, file_id: int) -> list[AuditEntry]:
    with library.database.read() as session:
        found = select(AuditEntry).where(
            AuditEntry.action == "file.change", AuditEntry.object_id == str(file_id)
        )
        return list(session.scalars(found))


def test_nobody_changes_what_another_has_just_changed(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)
    change(library, teacher, made, 0, name="Mới")

    with pytest.raises(EditConflict):
        change(library, teacher, made, 1, position=1)
    with pytest.raises(PreconditionRequired):
        change(library, teacher, replace(made, rev=None), 1, position=1)  # type: ignore[arg-type]


def test_a_file_of_another_material_is_not_found(library: Library, teacher: Viewer) -> None:
    made, other = three_files(library, teacher), draft(library, teacher)
    with pytest.raises(NotFound):
        bundles.change_file(
            library, teacher, made.card.id, made.rev, other.files[0].id, FileChange(name="x")
        )


@pytest.mark.parametrize("said", [{"role": "khong-co"}, {"name": "..."}, {"position": 0}])
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    library: Library, teacher: Viewer, said: dict[str, object]
) -> None:
    made = three_files(library, teacher)
    with pytest.raises(InvalidValue):
        change(library, teacher, made, 0, **said)
    assert material_by_id(library, teacher, made.card.id).rev == made.rev


def test_the_files_of_what_is_published_are_the_editors(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)

    with pytest.raises(WrongState):
        change(library, teacher, made, 0, name="Khác")
    changed = change(library, editor, made, 0, name="Khác", role="lesson_plan")
    assert names(changed) == ["Khác.txt"]


def test_others_neither_see_nor_change_a_draft(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)
    stranger = person(library)
    for viewer in (stranger, ANONYMOUS):
        with pytest.raises(NotFound):
            bundles.change_file(
                library, viewer, made.card.id, made.rev, made.files[0].id, FileChange(name="x")
            )


def test_another_teacher_does_not_change_a_published_material(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    with pytest.raises(Forbidden):
        bundles.change_file(
            library,
            person(library, Role.TEACHER),
            made.card.id,
            made.rev,
            made.files[0].id,
            FileChange(name="x"),
        )


# All as one ZIP


def test_an_archive_holds_every_file_in_order_and_whose_they_are(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = three_files(library, teacher)
    bundle = bundles.bundle(library, teacher, made.card.id, ORIGIN)
    content = b"".join(bundle.chunks())

    assert len(content) == bundle.size
    assert bundle.filename == "Cộng hai phân số.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [
            "1. Kế hoạch bài dạy – Phân số.txt",
            "2. Hình ảnh – Sơ đồ.png",
            "3. Phân số.txt",
            ATTRIBUTION_NAME,
        ]
        assert all(name == unicodedata.normalize("NFC", name) for name in opened.namelist())
        assert [sha256(opened.read(name)).hexdigest() for name in opened.namelist()[:3]] == [
            file.sha256 for file in made.files
        ]
        page = opened.read(ATTRIBUTION_NAME).decode("utf-8-sig")
    assert made.card.title in page
    assert f"{ORIGIN}/c/{made.card.code}" in page
    assert all(file.sha256 in page for file in made.files)


def test_the_same_files_give_the_same_bytes_and_another_name_others(
    library: Library, teacher: Viewer
) -> None:
    made = three_files(library, teacher)
    first = bundles.bundle(library, teacher, made.card.id, ORIGIN)
    again = bundles.bundle(library, teacher, made.card.id, ORIGIN)
    assert first.etag == again.etag
    assert b"".join(first.chunks()) == b"".join(again.chunks())

    etags = {first.etag, bundles.bundle(library, teacher, made.card.id, "http://x").etag}
    moved = change(library, teacher, made, 2, position=1)
    etags.add(bundles.bundle(library, teacher, made.card.id, ORIGIN).etag)
    change(library, teacher, moved, 0, name="Khác")
    etags.add(bundles.bundle(library, teacher, made.card.id, ORIGIN).etag)
    assert len(etags) == 4


def test_a_title_of_five_thousand_letters_breaks_nothing(library: Library, teacher: Viewer) -> None:
    made = three_files(library, teacher)
    long = "ệ/" * 2_500 if library.database.is_sqlite else "ệ/" * 150
    with library.database.write() as session:
        session.get_one(Material, made.card.id).title = long

    bundle = bundles.bundle(library, teacher, made.card.id, ORIGIN)

    assert len(bundle.filename.encode()) <= 200
    assert len(b"".join(bundle.chunks())) == bundle.size


def test_a_draft_and_a_material_without_files_have_no_archive_for_others(
    library: Library, teacher: Viewer
) -> None:
    made = three_files(library, teacher)
    for viewer in (ANONYMOUS, person(library)):
        with pytest.raises(NotFound):
            bundles.bundle(library, viewer, made.card.id, ORIGIN)
    empty = materials.create_material(library, teacher, materials.Description(title="Trống"))
    with pytest.raises(NotFound):
        bundles.bundle(library, teacher, empty.id, ORIGIN)


def test_an_archive_comes_from_an_s3_server_as_well(
    sqlite_library: Library,
) -> None:
    store = open_storage(f"s3://{BUCKET}/test-{uuid4().hex}", s3=shared_seaweedfs().options())
    store.prepare()
    library = replace(sqlite_library, storage=store)
    owner = person(library)
    made = three_files(library, owner)

    content = packed(library, owner, made.card.id)

    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == 4
    store.close()


class Breaking:
    """A storage whose second object breaks off in the middle, with an error or silently."""

    def __init__(self, library: Library, second: str, *, silently: bool) -> None:
        self._inner = library.storage
        self._second = second
        self._silently = silently

    def check(self) -> None:
        """It answers: what is short is damaged."""

    def open(self, key: ObjectKey, start: int = 0, length: int | None = None) -> ObjectReader:
        if key.sha256 != self._second:
            return self._inner.open(key, start, length)
        return _Half(self._inner.open(key, start, 50), silently=self._silently)  # type: ignore[return-value]


class _Half:
    def __init__(self, inner: ObjectReader, *, silently: bool) -> None:
        self._inner = inner
        self._silently = silently

    def read(self, size: int = -1, /) -> bytes:
        data = self._inner.read(size)
        if not data and not self._silently:
            raise StorageUnavailable
        return data

    def __enter__(self) -> "_Half":
        return self

    def __exit__(self, *failure: object) -> None:
        self._inner.close()


@pytest.mark.parametrize(("silently", "error"), [(True, FileDamaged), (False, StorageUnavailable)])
def test_a_storage_that_breaks_off_never_ends_in_an_archive(
    sqlite_library: Library, silently: bool, error: type[Exception]
) -> None:
    owner = person(sqlite_library)
    made = three_files(sqlite_library, owner)
    broken = Breaking(sqlite_library, made.files[1].sha256, silently=silently)
    library = replace(sqlite_library, storage=broken)  # type: ignore[arg-type]
    given = bytearray()

    with pytest.raises(error):
        _collect(bundles.bundle(library, owner, made.card.id, ORIGIN).chunks(), given)

    assert b"PK\x05\x06" not in given
    assert len(given) > made.files[0].size


def _collect(pieces: Iterator[bytes], into: bytearray) -> None:
    for piece in pieces:
        into += piece
