"""Who asks: from the token of a browser's session or of a program to a `Viewer`.

Asked at every request and never kept: a right that was revoked, an account that was disabled, a
session that was ended hold from the next request on.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from repo_server.database.models import (
    AccessToken,
    Account,
    AccountMembership,
    Moment,
    OrganizationParent,
    SignIn,
    utc_now,
)
from repo_server.domain.access import Membership, Role, Viewer
from repo_server.domain.errors import DatabaseUnavailable, StorageFull
from repo_server.services.library import Library

IDLE: Final = timedelta(days=14)
"""How long a session lasts without being used."""

NOTED_EVERY: Final = timedelta(minutes=10)
"""How exactly the last use of a session or a token is known: a write at each request is spared."""

BEARER_PREFIX: Final = "kho_"
"""Begins every token of a program, so that one that leaked is recognized."""

_RANDOM = r"[A-Za-z0-9_-]{43}"
_SESSION_TOKEN: Final = re.compile(_RANDOM)
_BEARER_TOKEN: Final = re.compile(BEARER_PREFIX + _RANDOM)


def token_hash(token: str) -> str:
    """What is stored of a token: its SHA-256. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def viewer_of_session(library: Library, token: str) -> Viewer | None:
    """Who has this session; None for one that is unknown, ended, expired or idle for `IDLE`."""
    if _SESSION_TOKEN.fullmatch(token) is None:
        return None
    return _viewer(library, SignIn, token)


def viewer_of_token(library: Library, bearer: str) -> Viewer | None:
    """Whose program this is; None for a token that is unknown, revoked or expired."""
    if _BEARER_TOKEN.fullmatch(bearer) is None:
        return None
    return _viewer(library, AccessToken, bearer)


def viewer_of_account(session: Session, account_id: int) -> Viewer:
    """The account as one who asks now; one without a right where it is locked or gone."""
    rows = session.execute(_BY_ACCOUNT, {"account_id": account_id}).all()
    return _viewer_of_rows(rows) if rows else Viewer(account_id)


def _viewer(
    library: Library, credential: type[SignIn] | type[AccessToken], token: str
) -> Viewer | None:
    now = utc_now()
    values = {"token_hash": token_hash(token), "now": now, "idle_since": now - IDLE}
    statement = _BY_SESSION if credential is SignIn else _BY_TOKEN
    with library.database.read() as session:
        rows = session.execute(statement, values).all()
    if not rows:
        return None
    used = rows[0].used_at
    if used is None or used <= now - NOTED_EVERY:
        _note_use(library, credential, rows[0].credential_id, now)
    return _viewer_of_rows(rows)


def _viewer_of_rows(rows: Sequence[Row[Any]]) -> Viewer:
    first = rows[0]
    memberships = tuple(
        Membership(Role(row.role), row.organization_id, _scope(row.organization_id, row.below))
        for row in rows
        if row.role is not None
    )
    return Viewer(first.account_id, first.name, first.email, memberships)


def _scope(organization_id: int, below: str | None) -> frozenset[int]:
    ids = map(int, below.split(",")) if below else ()
    return frozenset((organization_id, *ids))


def _note_use(
    library: Library, credential: type[SignIn] | type[AccessToken], row_id: int, now: datetime
) -> None:
    used_at = _used_at(credential)
    overdue = or_(used_at.is_(None), used_at <= now - NOTED_EVERY)
    try:
        with library.database.write() as session:
            session.execute(
                update(credential)
                .where(credential.id == row_id, overdue)
                .values({used_at.key: now})
                .execution_options(synchronize_session=False)
            )
    except (DatabaseUnavailable, StorageFull):
        # Reading must go on while nothing can be written; the next request tries again.
        return


def _used_at(credential: type[SignIn] | type[AccessToken]) -> Any:
    return SignIn.last_seen_at if credential is SignIn else AccessToken.last_used_at


def _holder(credential: type[SignIn] | type[AccessToken], *conditions: ColumnElement[bool]) -> CTE:
    """Whose the valid credential of a hash is."""
    return (
        select(
            credential.id.label("credential_id"),
            _used_at(credential).label("used_at"),
            Account.id.label("account_id"),
            Account.name,
            Account.email,
        )
        .join(Account, Account.id == credential.account_id)
        .where(
            credential.token_hash == bindparam("token_hash"),
            credential.expires_at > bindparam("now", type_=Moment()),
            Account.disabled_at.is_(None),
            *conditions,
        )
        .cte("asking")
    )


def _statement(asking: CTE) -> Select[Any]:
    """One row for each membership, the organizations below it joined by commas."""
    return (
        select(
            asking,
            AccountMembership.role,
            AccountMembership.organization_id,
            _joined_below(asking).label("below"),
        )
        .select_from(asking)
        .outerjoin(AccountMembership, AccountMembership.account_id == asking.c.account_id)
        .order_by(AccountMembership.id)
    )


def _joined_below(asking: CTE) -> ScalarSelect[Any]:
    """The ids of all organizations below that of a membership, in one text.

    Each of the two trees is followed by itself: a school that is below a ward in one tree and
    above a branch in the other does not make the branch the ward's.
    """
    edge = OrganizationParent
    below = (
        select(AccountMembership.id.label("membership_id"), edge.tree, edge.child_id)
        .join(edge, edge.parent_id == AccountMembership.organization_id)
        .where(AccountMembership.account_id.in_(select(asking.c.account_id)))
        .cte("below", recursive=True)
    )
    # UNION, not UNION ALL: it ends even where somebody has tied the tree into a circle.
    below = below.union(
        select(below.c.membership_id, edge.tree, edge.child_id).join(
            edge, and_(edge.parent_id == below.c.child_id, edge.tree == below.c.tree)
        )
    )
    return (
        select(func.aggregate_strings(cast(below.c.child_id, String), ","))
        .where(below.c.membership_id == AccountMembership.id)
        .scalar_subquery()
    )


_BY_SESSION: Final = _statement(
    _holder(SignIn, SignIn.last_seen_at > bindparam("idle_since", type_=Moment()))
)
_BY_TOKEN: Final = _statement(_holder(AccessToken))
_BY_ACCOUNT: Final = _statement(
    select(Account.id.label("account_id"), Account.name, Account.email)
    .where(Account.id == bindparam("account_id"), Account.disabled_at.is_(None))
    .cte("asking")
)
