"""Limits of tries, counted in the database so that all processes share them."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from repo_server.database.models import AttemptCount
from repo_server.domain.errors import TooManyRequests
from repo_server.services.library import Library

WINDOW: Final = 15 * 60
"""Seconds in which tries are counted together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` of what `key` names in each window."""

    key: str
    tries: int


def limit_by(kind: str, value: str, tries: int) -> Limit:
    """A limit on one value; the key holds a digest, so the table names no person."""
    digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return Limit(f"{kind}:{digest[:40]}", tries)


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one household is given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


def count(library: Library, limits: Iterable[Limit]) -> None:
    """Count one try against each limit in turn; raises TooManyRequests at the first one passed.

    Counting comes before the deed: tries sent at the same time cannot slip through together. A
    limit that is passed keeps the later ones from being counted.
    """
    now = int(time.time())
    start = now - now % WINDOW
    passed = False
    with library.database.write() as session:
        for limit in limits:
            passed = _increased(session, limit.key, start) > limit.tries
            if passed:
                break
    if passed:
        raise TooManyRequests(retry_after=start + WINDOW - now)


def forgive(session: Session, limits: Iterable[Limit]) -> None:
    """Take back one counted try of each limit: it turned out to be rightful."""
    now = int(time.time())
    for limit in limits:
        session.execute(
            update(AttemptCount)
            .where(
                AttemptCount.key == limit.key,
                AttemptCount.window_start == now - now % WINDOW,
                AttemptCount.tries > 0,
            )
            .values(tries=AttemptCount.tries - 1)
        )


def forget(session: Session, limit: Limit) -> None:
    """Start again from nothing."""
    session.execute(delete(AttemptCount).where(AttemptCount.key == limit.key))


def forget_old(session: Session) -> None:
    """Remove the windows that are over."""
    session.execute(delete(AttemptCount).where(AttemptCount.window_start < time.time() - WINDOW))


def _increased(session: Session, key: str, start: int) -> int:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = dialect.insert(AttemptCount).values(key=key, window_start=start, tries=1)
    statement = row.on_conflict_do_update(
        index_elements=[AttemptCount.key, AttemptCount.window_start],
        set_={"tries": AttemptCount.tries + 1},
    )
    tries: int = session.scalars(statement.returning(AttemptCount.tries)).one()
    return tries
