"""Deleted materials: who brings them back until when, and what is left after the purge."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from repo_server.database.models import (
    AuditEntry,
    Base,
    Blob,
    Material,
    MaterialFile,
    MaterialVersion,
    Upload,
    utc_now,
)
from repo_server.domain.access import ANONYMOUS, TABLE, Action, Role, Viewer
from repo_server.domain.errors import NotAuthenticated, NotFound, TakenDown
from repo_server.services import codes, indexing, materials, upkeep, uploads
from repo_server.services.collection_views import collection_by_id
from repo_server.services.keeping import tombstones
from repo_server.services.library import Library
from repo_server.services.verification import verify
from repo_server.services.viewing import MaterialView, material_by_id
from tests.libraries import draft, person, published
from tests.services.curators import collection


def delete(library: Library, viewer: Viewer, material: MaterialView) -> None:
    materials.delete_material(library, viewer, material.card.id, material.rev)


def age(library: Library, material_id: int, days: float) -> None:
    """As if it had been deleted so long ago."""
    with library.database.write() as session:
        session.get_one(Material, material_id).deleted_at = utc_now() - timedelta(days=days)


def ids(library: Library, viewer: Viewer) -> list[int]:
    return [one.id for one in tombstones.tombstones(library, viewer, page=1, size=20).items]


def test_its_owner_brings_a_draft_back_as_it_was(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    delete(library, teacher, made)
    with pytest.raises(NotFound):
        material_by_id(library, teacher, made.card.id)

    found = tombstones.tombstones(library, teacher, page=1, size=20)
    assert (found.total, found.items[0].title) == (1, made.card.title)
    assert found.items[0].until - found.items[0].deleted_at == timedelta(days=30)
    tombstones.restore(library, teacher, made.card.id)

    back = material_by_id(library, teacher, made.card.id)
    assert (back.card.status, back.files, back.choice) == ("draft", made.files, made.choice)
    assert ids(library, teacher) == []
    with pytest.raises(NotFound):
        tombstones.restore(library, teacher, made.card.id)
    with library.database.read() as session:
        assert "material.restore" in session.scalars(select(AuditEntry.action)).all()


def test_what_was_public_comes_back_withdrawn(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    made = published(library, teacher, editor)
    delete(library, admin, made)
    indexing.feed_all(library)
    assert library.indexes[0].count() == 0
    tombstones.restore(library, teacher, made.card.id)

    back = material_by_id(library, teacher, made.card.id)
    assert back.card.status == "withdrawn"
    materials.publish(library, editor, back.card.id, back.rev)
    indexing.feed_all(library)
    assert library.indexes[0].count() == 1


def test_those_and_only_those_whom_the_table_names_may_bring_it_back(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    colleague, manager = person(library), person(library, Role.MANAGER)
    made = published(library, teacher, editor)
    delete(library, admin, made)
    unseen = draft(library, teacher)
    delete(library, teacher, unseen)

    assert set(TABLE[Action.RESTORE]) == {"owner", "editor_in_scope", "manager", "admin"}
    assert ids(library, teacher) == ids(library, admin) == [unseen.card.id, made.card.id]
    # A draft is its owner's own affair, deleted or not.
    assert ids(library, editor) == ids(library, manager) == [made.card.id]
    assert ids(library, colleague) == []
    for viewer in (colleague, editor):
        with pytest.raises(NotFound):
            tombstones.restore(library, viewer, unseen.card.id)
    for act in (tombstones.restore, lambda *_: ids(library, ANONYMOUS)):
        with pytest.raises(NotAuthenticated):
            act(library, ANONYMOUS, made.card.id)
    tombstones.restore(library, editor, made.card.id)
    assert ids(library, manager) == []


def test_the_purge_leaves_the_code_the_places_and_the_audit_trail(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    made = published(library, teacher, editor)
    holder = collection(library, editor, [made.card.id])
    delete(library, admin, made)
    age(library, made.card.id, 29.9)
    upkeep.tidy(library)
    assert ids(library, teacher) == [made.card.id]

    age(library, made.card.id, 30.1)
    upkeep.tidy(library)

    assert ids(library, teacher) == []
    with pytest.raises(NotFound):
        tombstones.restore(library, teacher, made.card.id)
    with pytest.raises(TakenDown):
        codes.page_of(library, ANONYMOUS, made.card.code)
    with library.database.read() as session:
        row = session.get_one(Material, made.card.id)
        assert (row.code, row.title, row.description, row.items) == (made.card.code, "", "", [])
        assert row.purged_at is not None
        for model in (MaterialFile, MaterialVersion):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        assert session.scalars(select(Blob)).one().unused_since is not None
        upload_id = session.scalars(select(Upload.id)).one()
        assert "material.purge" in session.scalars(select(AuditEntry.action)).all()
    (place,) = collection_by_id(library, editor, holder.card.id).places
    assert (place.title, place.material_id) == (None, made.card.id)
    shown = uploads.status(library, teacher, upload_id)
    assert (shown.state, shown.file_id) == ("ready", None)
    indexing.feed_all(library)
    assert verify(library, repair=False).findings == ()


def test_everything_that_refers_to_a_material_or_its_files_is_known_to_the_purge() -> None:
    """A new table has to say here what becomes of it when a material is purged."""
    kept = {"upload.material_id", "collection_item.material_id", "index_state.material_id"}
    emptied = {"upload.file_id", "collection.cover_file_id"}
    deleted = {f"{name}.material_id" for name in (
        "material_file", "material_version", "alignment", "placement", "catalogue_entry",
        "catalogue_passage",
    )} | {"variant.material_id", "variant.of_id"}  # fmt: skip
    referring = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ("material", "material_file")
    }
    assert referring == kept | emptied | deleted
