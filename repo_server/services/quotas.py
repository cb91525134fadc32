"""How much an account and an organization may hold, and whether one more file has room.

Room is asked for twice: when an upload is declared, so that nobody sends in vain, and in the commit
that adds the file, on locked counters (`database.holdings`): there the quota holds whatever ran at
the same time. A declaration counts the uploads that are on their way; the commit counts files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from repo_server.database import audit, holdings
from repo_server.database.holdings import Holder
from repo_server.database.models import Material, Organization, StorageUse, Upload, database_now
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import (
    AccountFull,
    InvalidValue,
    KhoError,
    NotAuthenticated,
    NotFound,
    OrganizationFull,
)
from repo_server.domain.files import readable_size
from repo_server.services.library import Library
from repo_server.services.placement import home_organization

MAX_MIB = 1_000_000_000
"""The largest quota that can be said: a thousand million MiB."""

_ERRORS: dict[str, type[KhoError]] = {"account": AccountFull, "organization": OrganizationFull}


@dataclass(frozen=True, slots=True)
class Use:
    """Bytes used, and how many may be; `limit` is None without a quota."""

    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class OrganizationUse:
    """An organization beside its use; `own_mib` is its own quota, None where the settings count."""

    id: int
    code: str
    name: str
    use: Use
    own_mib: int | None


def require_declared_room(library: Library, session: Session, upload: Upload) -> None:
    """Raise AccountFull or OrganizationFull when a new upload, itself in the session, has no room.

    Files that are on their way count with the account; two declarations wait for each other.
    """
    # The row first, then the counters: it holds its material, as acceptance does before them.
    session.flush()
    owner_id, organization_id = upload.owner_id, None
    if upload.material_id is None:
        organization_id = home_organization(session, owner_id)
    else:
        material = session.get_one(Material, upload.material_id)
        owner_id, organization_id = material.owner_id, material.organization_id
    waiting = 0
    if library.account_quota:
        holdings.used_from_now(session, Holder("account", owner_id))
        waiting = _on_their_way(session, owner_id) - _counted(upload, owner_id)
    full = shortage(library, session, owner_id, organization_id, upload.size, waiting)
    if full is not None:
        raise full


def _counted(upload: Upload, owner_id: int) -> int:
    return upload.size if upload.owner_id == owner_id else 0


def _on_their_way(session: Session, account_id: int) -> int:
    return int(session.scalar(_ON_THEIR_WAY, {"owner_id": account_id}) or 0)


_ON_THEIR_WAY: Final = select(func.coalesce(func.sum(Upload.size), 0)).where(
    Upload.owner_id == bindparam("owner_id"),
    or_(
        and_(Upload.state == "receiving", Upload.expires_at > database_now()),
        Upload.state.in_(("received", "quarantined")),
    ),
)


def shortage(
    library: Library,
    session: Session,
    owner_id: int,
    organization_id: int | None,
    size: int,
    waiting: int = 0,
) -> KhoError | None:
    """The error when `size` more bytes of such a material have no room; None when they have.

    `waiting` bytes count as used by the account. Counters with a quota stay locked until the end of
    the transaction.
    """
    for holder in holdings.holders(owner_id, organization_id):
        limit = _limit(library, session, holder)
        if limit is None:
            continue
        used = holdings.used_from_now(session, holder)
        used += waiting if holder.kind == "account" else 0
        if used + size > limit:
            return _ERRORS[holder.kind](
                used=readable_size(used), limit=readable_size(limit), size=readable_size(size)
            )
    return None


def _limit(library: Library, session: Session, holder: Holder) -> int | None:
    """In bytes; None without a quota."""
    if holder.kind == "account":
        return library.account_quota or None
    return _of_organization(library, session.scalar(_OWN_QUOTA, {"id": holder.id}))


_OWN_QUOTA: Final = select(Organization.quota_mib).where(Organization.id == bindparam("id"))


def _of_organization(library: Library, own_mib: int | None) -> int | None:
    return (library.organization_quota if own_mib is None else own_mib << 20) or None


def own_use(library: Library, viewer: Viewer) -> Use:
    """What the viewer's own materials hold. Raises NotAuthenticated."""
    if viewer.account_id is None:
        raise NotAuthenticated
    with library.database.read() as session:
        used = holdings.used(session, Holder("account", viewer.account_id))
    return Use(used, library.account_quota or None)


def organizations(
    library: Library, viewer: Viewer, *, page: int, size: int
) -> tuple[Sequence[OrganizationUse], int]:
    """A page of all organizations, the fullest first, and how many there are.

    Raises NotAuthenticated, Forbidden.
    """
    require(viewer, Action.ADMINISTER)
    used = func.coalesce(StorageUse.size, 0)
    held = and_(StorageUse.holder == "organization", StorageUse.holder_id == Organization.id)
    with library.database.read() as session:
        rows = session.execute(
            select(Organization, used)
            .outerjoin(StorageUse, held)
            .order_by(used.desc(), Organization.code)
            .offset((page - 1) * size)
            .limit(size)
        ).all()
        total = session.scalar(select(func.count()).select_from(Organization)) or 0
    return [
        OrganizationUse(
            found.id,
            found.code,
            found.name,
            Use(int(count), _of_organization(library, found.quota_mib)),
            found.quota_mib,
        )
        for found, count in rows
    ], total


def set_quota(library: Library, viewer: Viewer, organization_id: int, mib: int | None) -> None:
    """Give an organization a quota of its own: MiB, 0 for none, None for what the settings say.

    What it holds already stays, even above the quota. Raises NotAuthenticated, Forbidden, NotFound,
    InvalidValue.
    """
    require(viewer, Action.ADMINISTER)
    if mib is not None and not 0 <= mib <= MAX_MIB:
        raise InvalidValue("quota", f"Hạn mức là một số từ 0 đến {MAX_MIB} MiB.")
    with library.database.write() as session:
        found = session.get(Organization, organization_id, with_for_update=True)
        if found is None:
            raise NotFound
        before, found.quota_mib = found.quota_mib, mib
        audit.record(
            session,
            viewer.account_id,
            "organization.quota",
            "organization",
            organization_id,
            before={"quota_mib": before},
            after={"quota_mib": mib},
        )
