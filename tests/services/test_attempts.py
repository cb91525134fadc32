"""Limits of tries."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from repo_server.database.engine import Database
from repo_server.database.models import AttemptCount
from repo_server.domain.errors import TooManyRequests
from repo_server.services import attempts
from repo_server.services.attempts import WINDOW, limit_by
from tests.services.signing import library_of


def test_tries_pass_up_to_the_limit_and_not_beyond(database: Database) -> None:
    library, limit = library_of(database), limit_by("account", "lan", 3)
    for _ in range(3):
        attempts.count(library, [limit])

    with pytest.raises(TooManyRequests) as refused:
        attempts.count(library, [limit])

    retry_after = refused.value.details["retry_after"]
    assert isinstance(retry_after, int)
    assert 0 < retry_after <= WINDOW


def test_tries_sent_at_the_same_time_do_not_slip_through_together(database: Database) -> None:
    library, limit = library_of(database), limit_by("account", "lan", 5)

    def passes(_: int) -> bool:
        try:
            attempts.count(library, [limit])
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(passes, range(16))) == 5


def test_a_limit_that_is_passed_leaves_the_later_ones_uncounted(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    account, address = limit_by("account", "lan", 1), limit_by("address", "school", 5)
    for _ in range(3):
        try:
            attempts.count(library, [account, address])
        except TooManyRequests:
            continue

    with sqlite_database.read() as session:
        tries = {row.key: row.tries for row in session.query(AttemptCount)}
    assert tries == {account.key: 3, address.key: 1}


def test_a_rightful_try_is_taken_back(database: Database) -> None:
    library, limit = library_of(database), limit_by("address", "school", 1)
    for _ in range(3):
        attempts.count(library, [limit])
        with database.write() as session:
            attempts.forgive(session, [limit])

    attempts.count(library, [limit])
    with pytest.raises(TooManyRequests):
        attempts.count(library, [limit])


def test_a_new_window_starts_from_nothing(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, limit = library_of(sqlite_database), limit_by("account", "lan", 1)
    start = time.time()
    attempts.count(library, [limit])

    monkeypatch.setattr(time, "time", lambda: start + WINDOW)

    attempts.count(library, [limit])


def test_windows_that_are_over_are_forgotten(database: Database) -> None:
    now = int(time.time())
    with database.write() as session:
        session.add(AttemptCount(key="old", window_start=now - 3 * WINDOW, tries=1))
        session.add(AttemptCount(key="new", window_start=now - now % WINDOW, tries=1))

    with database.write() as session:
        attempts.forget_old(session)

    with database.read() as session:
        assert [row.key for row in session.query(AttemptCount)] == ["new"]


def test_the_table_of_tries_names_nobody() -> None:
    assert "lan@truong.vn" not in limit_by("account", "lan@truong.vn", 1).key
    assert len(limit_by("account", "x" * 10_000 + "\ud800", 1).key) <= 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_one_household_is_one_client(address: str, network: str) -> None:
    assert attempts.network_of(address) == network
