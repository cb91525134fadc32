"""The VIEW row of the permission table, as SQL.

`domain.access` decides about one material in Python; this is the same rule for many rows at once,
and a test compares the two for every standing and state.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from repo_server.database.models import Material
from repo_server.domain.access import Role, Viewer
from repo_server.domain.materials import Status

_SEEN_BY_EDITORS = (Status.SUBMITTED, Status.PUBLISHED, Status.WITHDRAWN)


Value = TypeVar("Value")


class _Compared(FunctionElement[Any]):
    """A column to compare rows by that are found otherwise: by id, by code, by place.

    SQLite keeps no statistics, takes any index for a good one, and would walk through everything
    that is published to look at twenty ids. A sign before the column keeps it from that.
    """

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Compared)
def _as_it_is(element: _Compared, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(_Compared, "sqlite")
def _without_index(element: _Compared, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


def _compared(column: SQLColumnExpression[Value]) -> ColumnElement[Value]:
    return _Compared(column)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Materials that `viewer` may see; deleted ones are nobody's.

    A condition on rows that the statement finds by something else, not a way to find them.
    """
    status, deleted_at = _compared(Material.status), _compared(Material.deleted_at)
    allowed: list[ColumnElement[bool]] = [status == Status.PUBLISHED]
    if viewer.signed_in:
        allowed.append(Material.owner_id == viewer.account_id)
        allowed.append(_in_scope(viewer, (Role.EDITOR, Role.MANAGER), status, _SEEN_BY_EDITORS))
        allowed.append(_in_scope(viewer, (Role.ADMIN,), status, tuple(Status)))
    return and_(deleted_at.is_(None), or_(*allowed))


def reviewable(viewer: Viewer) -> ColumnElement[bool]:
    """Submitted materials that `viewer` may decide about."""
    roles, status = (Role.EDITOR, Role.MANAGER, Role.ADMIN), Material.status
    return and_(
        Material.deleted_at.is_(None), _in_scope(viewer, roles, status, (Status.SUBMITTED,))
    )


def restorable(viewer: Viewer) -> ColumnElement[bool]:
    """Deleted materials that `viewer` may bring back: the RESTORE row of the table."""
    status = Material.status
    return and_(
        Material.deleted_at.is_not(None),
        Material.purged_at.is_(None),
        or_(
            Material.owner_id == viewer.account_id if viewer.signed_in else false(),
            _in_scope(viewer, (Role.EDITOR, Role.MANAGER), status, _SEEN_BY_EDITORS),
            _in_scope(viewer, (Role.ADMIN,), status, tuple(Status)),
        ),
    )


def _in_scope(
    viewer: Viewer,
    roles: tuple[Role, ...],
    status: SQLColumnExpression[str],
    states: tuple[Status, ...],
) -> ColumnElement[bool]:
    if not viewer.roles & set(roles):
        return false()
    organizations = viewer.scope_of(*roles)
    inside = or_(
        Material.organization_id.is_(None), Material.organization_id.in_(sorted(organizations))
    )
    return and_(status.in_(states), inside)
