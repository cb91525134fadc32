"""Signing in and out, and the sessions of a person's browsers."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select

from repo_server.database.models import AccessToken, Account, SignIn, utc_now
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import InvalidValue, NotFound, WrongCredentials
from repo_server.domain.vietnamese import display
from repo_server.services import attempts, passwords
from repo_server.services.accounts import normalized_email, tries_of
from repo_server.services.library import Library
from repo_server.services.viewers import IDLE, token_hash, viewer_of_session

LIFETIME: Final = timedelta(days=30)
"""How long a session lasts at most, however often it is used."""

ADDRESS_TRIES: Final = 100
"""Failed tries of one client address in a window: a whole school may share it."""

DEVICE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class SignInResult:
    """A new session: its token, told once and never stored, and who has signed in."""

    token: str
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser that is signed in; `current` is the one that asks."""

    id: int
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


def sign_in(library: Library, email: str, password: str, device: str, address: str) -> SignInResult:
    """Begin a session with a new token of 256 random bits.

    `device` is what the browser says of itself, `address` the client's. Raises WrongCredentials,
    the same and after the same time for an unknown address, a wrong password and a disabled
    account; TooManyRequests (with retry_after) when the account or the address failed too often.
    """
    limits = [
        tries_of(email),
        attempts.limit_by("address", attempts.network_of(address), ADDRESS_TRIES),
    ]
    attempts.count(library, limits)
    account = _account(library, email)
    stored = None if account is None or account.disabled_at is not None else account.password_hash
    right, renewed = passwords.verified(password, stored)
    if account is None or stored is None or not right:
        raise WrongCredentials
    token = _begin(library, account.id, stored, renewed, device, limits)
    viewer = viewer_of_session(library, token)
    if viewer is None:
        raise WrongCredentials
    return SignInResult(token, viewer)


def sign_out(library: Library, token: str) -> None:
    """End the session of `token`; does nothing when there is none."""
    with library.database.write() as session:
        session.execute(delete(SignIn).where(SignIn.token_hash == token_hash(token)))


def sessions_of(
    library: Library, viewer: Viewer, token: str | None = None
) -> tuple[SessionView, ...]:
    """The viewer's living sessions, the one used last first; that of `token` is marked."""
    require(viewer, Action.USE_ACCOUNT)
    now = utc_now()
    current = None if token is None else token_hash(token)
    with library.database.read() as session:
        rows = session.scalars(
            select(SignIn)
            .where(
                SignIn.account_id == viewer.account_id,
                SignIn.expires_at > now,
                SignIn.last_seen_at > now - IDLE,
            )
            .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
        )
        return tuple(
            SessionView(
                row.id,
                row.device,
                row.created_at,
                row.last_seen_at,
                row.expires_at,
                row.token_hash == current,
            )
            for row in rows
        )


def end_session(library: Library, viewer: Viewer, session_id: int) -> None:
    """End one of the viewer's sessions. Raises NotFound when it is none of theirs."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.write() as session:
        row = session.get(SignIn, session_id)
        if row is None or row.account_id != viewer.account_id:
            raise NotFound
        session.delete(row)


def end_other_sessions(library: Library, viewer: Viewer, token: str | None = None) -> None:
    """End all of the viewer's sessions but that of `token`."""
    require(viewer, Action.USE_ACCOUNT)
    kept = "" if token is None else token_hash(token)
    with library.database.write() as session:
        session.execute(
            delete(SignIn).where(SignIn.account_id == viewer.account_id, SignIn.token_hash != kept)
        )


def forget_expired(library: Library) -> None:
    """Remove sessions, tokens and counted tries whose time is over: the janitor's share of this.

    They hold no longer anyway; only their rows would pile up.
    """
    now = utc_now()
    with library.database.write() as session:
        session.execute(
            delete(SignIn).where(or_(SignIn.expires_at <= now, SignIn.last_seen_at <= now - IDLE))
        )
        session.execute(delete(AccessToken).where(AccessToken.expires_at <= now))
        attempts.forget_old(session)


def _account(library: Library, email: str) -> Account | None:
    try:
        email = normalized_email(email)
    except InvalidValue:
        return None
    with library.database.read() as session:
        return session.scalar(select(Account).where(Account.email == email))


def _begin(
    library: Library,
    account_id: int,
    stored: str,
    renewed: str | None,
    device: str,
    limits: list[attempts.Limit],
) -> str:
    token, now = secrets.token_urlsafe(32), utc_now()
    with library.database.write() as session:
        account = session.get(Account, account_id, with_for_update=True)
        # Checked again under the lock: the account may have been disabled, or its password
        # changed, while this one was compared.
        if account is None or account.disabled_at is not None or account.password_hash != stored:
            raise WrongCredentials
        account.password_hash = renewed or stored
        session.execute(
            delete(SignIn).where(SignIn.account_id == account_id, SignIn.expires_at <= now)
        )
        session.add(
            SignIn(
                token_hash=token_hash(token),
                account_id=account_id,
                device=display(device)[:DEVICE_LIMIT],
                created_at=now,
                last_seen_at=now,
                expires_at=now + LIFETIME,
            )
        )
        attempts.forget(session, limits[0])
        attempts.forgive(session, limits[1:])
    return token
