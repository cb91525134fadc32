"""Quotas: what counts, who is told what, and that nothing running at once exceeds them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from repo_server.database import holdings
from repo_server.database.holdings import Holder
from repo_server.database.models import (
    AuditEntry,
    Material,
    MaterialFile,
    Organization,
    StorageUse,
    Upload,
    utc_now,
)
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import (
    AccountFull,
    Forbidden,
    InvalidValue,
    KhoError,
    NotFound,
    OrganizationFull,
)
from repo_server.services import duplicates, materials, quotas, uploads
from repo_server.services.acceptance import accept_upload
from repo_server.services.keeping import tombstones
from repo_server.services.library import Library
from repo_server.services.quotas import Use
from repo_server.services.uploads import Declaration
from repo_server.services.verification import verify
from repo_server.services.viewing import material_by_id
from tests.libraries import draft, person, published, send, upload

CONTENT = "Muốn cộng hai phân số, ta quy đồng mẫu số. ".encode() * 40
SIZE = len(CONTENT)


def use_of(library: Library, viewer: Viewer) -> int:
    return quotas.own_use(library, viewer).used


def home(viewer: Viewer) -> int:
    assert viewer.home_organization_id is not None
    return viewer.home_organization_id


def use_at_home(library: Library, viewer: Viewer) -> int:
    with library.database.read() as session:
        return holdings.used(session, Holder("organization", home(viewer)))


def f12(library: Library, *, repair: bool = False) -> list[tuple[str, bool]]:
    found = verify(library, repair=repair).findings
    return [(finding.what, finding.repaired) for finding in found if finding.code == "F12"]


def test_files_count_from_their_commit_until_their_material_is_purged(
    library: Library, teacher: Viewer
) -> None:
    sent = send(library, teacher, "Bài 1.txt", CONTENT)
    assert use_of(library, teacher) == 0
    accept_upload(library, sent.id)
    other = upload(library, teacher, "Bài 2.txt", CONTENT)
    # The same bytes twice: each file counts, though the library holds them once.
    assert use_of(library, teacher) == use_at_home(library, teacher) == 2 * SIZE

    view = material_by_id(library, teacher, other.material_id or 0)
    materials.delete_material(library, teacher, view.card.id, view.rev)
    assert use_of(library, teacher) == 2 * SIZE
    with library.database.write() as session:
        session.execute(
            update(Material)
            .where(Material.id == view.card.id)
            .values(deleted_at=utc_now() - timedelta(days=31))
        )
    assert tombstones.purge(library) == 1
    assert use_of(library, teacher) == use_at_home(library, teacher) == SIZE
    assert f12(library) == []


def test_files_that_become_a_version_count_with_the_other_material(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    target = draft(library, teacher)
    before = use_of(library, teacher)
    moving = draft(library, admin, content=CONTENT)
    assert (use_of(library, admin), use_at_home(library, admin)) == (SIZE, before + SIZE)

    duplicates.become_version(library, admin, moving.card.id, moving.rev, target.card.id)

    assert use_of(library, admin) == 0
    assert use_of(library, teacher) == use_at_home(library, teacher) == before + SIZE
    assert f12(library) == []


def test_a_file_without_room_is_refused_at_its_declaration(
    library: Library, teacher: Viewer
) -> None:
    small = replace(library, account_quota=3 * SIZE)
    upload(small, teacher, "Bài 1.txt", CONTENT)
    uploads.declare(small, teacher, Declaration("Bài 2.txt", SIZE), None)
    waiting, _ = uploads.declare(small, teacher, Declaration("Bài 3.txt", SIZE), "khoa-3")

    with pytest.raises(AccountFull) as refused:
        uploads.declare(small, teacher, Declaration("Bài 4.txt", 1), None)
    assert refused.value.status == 413
    assert "trong 6,7 KB (kể cả tệp đang gửi)" in refused.value.sentence()
    # Nothing is left of a refused declaration, and one that is repeated is the one that was made.
    assert not uploads.declare(small, teacher, Declaration("Bài 3.txt", SIZE), "khoa-3")[1]
    uploads.cancel(small, teacher, waiting.id)
    uploads.declare(small, teacher, Declaration("Bài 4.txt", SIZE), None)
    with small.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 4


def test_a_file_counts_with_the_owner_of_the_material_that_it_is_added_to(
    sqlite_library: Library,
) -> None:
    teacher, admin = person(sqlite_library), person(sqlite_library, Role.ADMIN)
    view = draft(sqlite_library, teacher, content=CONTENT)
    full = replace(sqlite_library, account_quota=SIZE)

    with pytest.raises(AccountFull):
        send(full, admin, "Thêm.txt", CONTENT, material_id=view.card.id)
    send(full, admin, "Của tôi.txt", CONTENT)


def test_a_quota_that_was_filled_meanwhile_refuses_at_the_commit(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    sent = send(library, teacher, "Bài 1.txt", CONTENT)
    colleague = upload(library, person(library), "Bài 2.txt", b"Khac " + CONTENT)
    assert colleague.state == "ready"
    quotas.set_quota(library, admin, home(teacher), 1)
    with library.database.write() as session:
        # As if the organization held almost all of it.
        session.execute(
            update(StorageUse)
            .where(StorageUse.holder == "organization")
            .values(size=(1 << 20) - SIZE + 1)
        )
    accept_upload(library, sent.id)

    refused = uploads.status(library, teacher, sent.id)
    assert (refused.state, refused.verdict) == ("rejected", "quota")
    assert refused.reason is not None
    assert "Đơn vị của học liệu đã dùng" in refused.reason
    with pytest.raises(OrganizationFull):
        uploads.declare(library, teacher, Declaration("Bài 3.txt", SIZE), None)


def test_thirty_two_files_at_once_never_exceed_the_quota(library: Library, teacher: Viewer) -> None:
    room_for_all = [
        send(library, teacher, f"Bài {number}.txt", f"{number:03} ".encode() + CONTENT).id
        for number in range(32)
    ]
    each = SIZE + 4
    small = replace(library, account_quota=5 * each + 1)

    def declare(number: int) -> bool:
        try:
            return uploads.declare(small, teacher, Declaration(f"{number}.txt", 1), None)[1]
        except KhoError:
            return False

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda upload_id: accept_upload(small, upload_id), room_for_all))
        assert sum(pool.map(declare, range(32))) == 1

    states = [uploads.status(small, teacher, one) for one in room_for_all]
    assert sorted(view.verdict or "" for view in states) == ["ok"] * 5 + ["quota"] * 27
    assert use_of(small, teacher) == 5 * each
    with small.database.read() as session:
        assert session.scalar(select(func.sum(MaterialFile.size))) == 5 * each
    assert f12(small) == []


def test_counters_that_are_wrong_are_found_and_counted_again(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    published(library, teacher, editor)
    right = use_of(library, teacher)
    account, organization = f"account {teacher.account_id}", f"organization {home(teacher)}"
    with library.database.write() as session:
        session.execute(update(StorageUse).values(size=StorageUse.size + 7))
        session.add(StorageUse(holder="account", holder_id=editor.account_id or 0, size=9))

    # A counter of somebody who holds nothing, one too large of an account and of an organization.
    wrong = sorted([account, f"account {editor.account_id}", organization])
    assert sorted(f12(library)) == [(what, False) for what in wrong]
    assert use_of(library, teacher) == right + 7
    assert sorted(f12(library, repair=True)) == [(what, True) for what in wrong]
    assert f12(library) == []
    assert (use_of(library, teacher), use_at_home(library, teacher)) == (right, right)


def test_administrators_give_an_organization_a_quota_of_its_own(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    upload(library, teacher, "Bài 1.txt", CONTENT)
    limited = replace(library, organization_quota=5 << 20)

    def shown() -> tuple[Use, int | None]:
        found, total = quotas.organizations(limited, admin, page=1, size=10)
        assert total == len(found)
        (mine,) = (one for one in found if one.id == home(teacher))
        assert found[0] == mine
        return mine.use, mine.own_mib

    assert shown() == (Use(SIZE, 5 << 20), None)
    for mib, use in ((9, Use(SIZE, 9 << 20)), (0, Use(SIZE, None)), (None, Use(SIZE, 5 << 20))):
        quotas.set_quota(limited, admin, home(teacher), mib)
        assert shown() == (use, mib)
    with library.database.read() as session:
        said = session.scalars(
            select(AuditEntry.after).where(AuditEntry.action == "organization.quota")
        ).all()
    assert list(said) == [{"quota_mib": 9}, {"quota_mib": 0}, {"quota_mib": None}]


def test_nobody_else_sets_quotas_and_none_is_senseless(sqlite_library: Library) -> None:
    admin, editor = person(sqlite_library, Role.ADMIN), person(sqlite_library, Role.EDITOR)
    with pytest.raises(Forbidden):
        quotas.set_quota(sqlite_library, editor, home(editor), 1)
    with pytest.raises(Forbidden):
        quotas.organizations(sqlite_library, editor, page=1, size=10)
    for mib in (-1, quotas.MAX_MIB + 1):
        with pytest.raises(InvalidValue):
            quotas.set_quota(sqlite_library, admin, home(admin), mib)
    with pytest.raises(NotFound):
        quotas.set_quota(sqlite_library, admin, 999_999, 1)
    with sqlite_library.database.read() as session:
        assert session.get_one(Organization, home(admin)).quota_mib is None
