"""Bearer tokens: how a person's programs prove whose they are."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import AccessToken, Account, utc_now
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import InvalidValue, NotAuthenticated, NotFound
from repo_server.domain.vietnamese import display
from repo_server.services.library import Library
from repo_server.services.viewers import BEARER_PREFIX, token_hash

NAME_LIMIT: Final = 100
DAYS_LIMIT: Final = 365
TOKENS_LIMIT: Final = 50
"""How many tokens one account may hold at a time."""


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner sees it; the token itself was told once."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


def create_token(library: Library, viewer: Viewer, name: str, days: int) -> tuple[str, TokenView]:
    """Make a token that lasts `days` (1 to 365); returns it, told only now, and what is kept.

    Raises InvalidValue for a name or a number of days that is not taken, or for one token too many.
    """
    require(viewer, Action.USE_ACCOUNT)
    name = _checked_name(name)
    if not 1 <= days <= DAYS_LIMIT:
        raise InvalidValue("days", f"Thời hạn từ 1 đến {DAYS_LIMIT} ngày.")
    token, now = BEARER_PREFIX + secrets.token_urlsafe(32), utc_now()
    with library.database.write() as session:
        account = session.get(Account, viewer.account_id, with_for_update=True)
        if account is None or account.disabled_at is not None:
            raise NotAuthenticated
        _require_room(session, account.id, now)
        row = AccessToken(
            token_hash=token_hash(token),
            account_id=account.id,
            name=name,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        session.add(row)
        session.flush()
        audit.record(session, account.id, "token.create", "token", row.id, after={"days": days})
        return token, _view(row)


def tokens_of(library: Library, viewer: Viewer) -> tuple[TokenView, ...]:
    """The viewer's tokens that have not expired, the newest first."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.read() as session:
        rows = session.scalars(
            select(AccessToken)
            .where(AccessToken.account_id == viewer.account_id, AccessToken.expires_at > utc_now())
            .order_by(AccessToken.id.desc())
        )
        return tuple(_view(row) for row in rows)


def revoke_token(library: Library, viewer: Viewer, token_id: int) -> None:
    """End one of the viewer's tokens. Raises NotFound when it is none of theirs."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.write() as session:
        row = session.get(AccessToken, token_id)
        if row is None or row.account_id != viewer.account_id:
            raise NotFound
        session.delete(row)
        audit.record(session, viewer.account_id, "token.revoke", "token", token_id)


def _require_room(session: Session, account_id: int, now: datetime) -> None:
    own = AccessToken.account_id == account_id
    session.execute(delete(AccessToken).where(own, AccessToken.expires_at <= now))
    held = session.scalar(select(func.count()).select_from(AccessToken).where(own)) or 0
    if held >= TOKENS_LIMIT:
        raise InvalidValue(
            "name", f"Mỗi tài khoản có tối đa {TOKENS_LIMIT} mã truy cập. Hãy thu hồi bớt."
        )


def _checked_name(name: str) -> str:
    settled = display(name)
    if not settled:
        raise InvalidValue("name", "Hãy đặt tên cho mã truy cập.")
    if len(settled) > NAME_LIMIT:
        raise InvalidValue("name", f"Tên dài tối đa {NAME_LIMIT} kí tự.")
    return settled


def _view(row: AccessToken) -> TokenView:
    return TokenView(row.id, row.name, row.created_at, row.last_used_at, row.expires_at)
