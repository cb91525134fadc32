"""The VIEW row of the permission table, as SQL.

`domain.access` decides about one material in Python; this is the same rule for many rows at once,
and a test compares the two for every standing and state.

`visible` has the viewer's own values in it. Building a statement costs several times what running
it does, so the ones of every request are built once for each `Sight` with `seen_by`, and `shown_to`
gives the values each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    SQLColumnExpression,
    and_,
    bindparam,
    false,
    or_,
)
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


@dataclass(frozen=True, slots=True)
class Sight:
    """What decides which conditions a viewer's statements have; their values are another matter."""

    signed_in: bool
    edits: bool
    administers: bool


_EDITORS = (Role.EDITOR, Role.MANAGER)
_ADMINS = (Role.ADMIN,)


def sight_of(viewer: Viewer) -> Sight:
    """The kind of statement that this viewer needs."""
    roles = viewer.roles
    return Sight(viewer.signed_in, not roles.isdisjoint(_EDITORS), not roles.isdisjoint(_ADMINS))


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Materials that `viewer` may see; deleted ones are nobody's.

    A condition on rows that the statement finds by something else, not a way to find them.
    """
    values = shown_to(viewer)
    return _visible(
        sight_of(viewer), values["viewer_id"], values["edited_in"], values["administered_in"]
    )


@cache
def seen_by(sight: Sight) -> ColumnElement[bool]:
    """`visible` for a statement that is built once: run it with `shown_to` of the viewer."""
    edited_in: BindParameter[Any] = bindparam("edited_in", expanding=True)
    administered_in: BindParameter[Any] = bindparam("administered_in", expanding=True)
    return _visible(sight, bindparam("viewer_id"), edited_in, administered_in)


def shown_to(viewer: Viewer) -> dict[str, Any]:
    """The parameters of `seen_by`."""
    return {
        "viewer_id": viewer.account_id,
        "edited_in": sorted(viewer.scope_of(*_EDITORS)),
        "administered_in": sorted(viewer.scope_of(*_ADMINS)),
    }


_Ids = Sequence[int] | BindParameter[Any]


def _visible(
    sight: Sight, viewer_id: Any, edited_in: _Ids, administered_in: _Ids
) -> ColumnElement[bool]:
    status, deleted_at = _compared(Material.status), _compared(Material.deleted_at)
    allowed: list[ColumnElement[bool]] = [status == Status.PUBLISHED]
    if sight.signed_in:
        allowed.append(Material.owner_id == viewer_id)
    if sight.edits:
        allowed.append(_inside(status, _SEEN_BY_EDITORS, edited_in))
    if sight.administers:
        allowed.append(_inside(status, tuple(Status), administered_in))
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
    return _inside(status, states, sorted(viewer.scope_of(*roles)))


def _inside(
    status: SQLColumnExpression[str], states: tuple[Status, ...], organizations: _Ids
) -> ColumnElement[bool]:
    own = Material.organization_id
    return and_(status.in_(states), or_(own.is_(None), own.in_(organizations)))
