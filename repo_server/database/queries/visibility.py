"""The VIEW row of the permission table, as SQL.

`domain.access` decides about one material in Python; this is the same rule for many rows at once,
and a test compares the two for every standing and state.
"""

from sqlalchemy import ColumnElement, and_, false, or_

from repo_server.database.models import Material
from repo_server.domain.access import Role, Viewer
from repo_server.domain.materials import Status

_SEEN_BY_EDITORS = (Status.SUBMITTED, Status.PUBLISHED, Status.WITHDRAWN)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Materials that `viewer` may see; deleted ones are nobody's."""
    allowed: list[ColumnElement[bool]] = [Material.status == Status.PUBLISHED]
    if viewer.signed_in:
        allowed.append(Material.owner_id == viewer.account_id)
        allowed.append(_in_scope(viewer, (Role.EDITOR, Role.MANAGER), _SEEN_BY_EDITORS))
        allowed.append(_in_scope(viewer, (Role.ADMIN,), tuple(Status)))
    return and_(Material.deleted_at.is_(None), or_(*allowed))


def reviewable(viewer: Viewer) -> ColumnElement[bool]:
    """Submitted materials that `viewer` may decide about."""
    roles = (Role.EDITOR, Role.MANAGER, Role.ADMIN)
    return and_(Material.deleted_at.is_(None), _in_scope(viewer, roles, (Status.SUBMITTED,)))


def _in_scope(
    viewer: Viewer, roles: tuple[Role, ...], states: tuple[Status, ...]
) -> ColumnElement[bool]:
    if not viewer.roles & set(roles):
        return false()
    organizations = viewer.scope_of(*roles)
    inside = or_(
        Material.organization_id.is_(None), Material.organization_id.in_(sorted(organizations))
    )
    return and_(Material.status.in_(states), inside)
