from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from repo_server.database.engine import Database
from repo_server.database.models import IndexTarget, Moment, database_now, utc_now

MILLISECOND = timedelta(milliseconds=1)
DIALECT = sqlite.dialect()


def _round_trip(value: datetime) -> datetime | None:
    stored = Moment().process_bind_param(value, DIALECT)
    return Moment().process_result_value(stored, DIALECT)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_cut_to_the_millisecond(value: datetime) -> None:
    read = _round_trip(value)
    assert read is not None
    assert timedelta() <= value - read < MILLISECOND
    assert _round_trip(read) == read


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_keep_their_order(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    first, second = (Moment().process_bind_param(value, DIALECT) for value in (earlier, later))
    assert first is not None
    assert second is not None
    assert first <= second


def test_a_moment_is_stored_and_read_as_utc(database: Database) -> None:
    in_hanoi = datetime(2026, 9, 5, 7, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=7)))
    with database.write() as session:
        session.add(IndexTarget(name="embedded", created_at=in_hanoi))
    with database.read() as session:
        read = session.scalar(select(IndexTarget.created_at))
    assert read == datetime(2026, 9, 5, 0, 0, 0, 123_000, tzinfo=UTC)
    assert read.tzinfo is UTC


def test_a_moment_before_1970_and_one_after_2038_are_kept(database: Database) -> None:
    moments = {"old": datetime(1945, 9, 2, tzinfo=UTC), "new": datetime(2999, 1, 1, tzinfo=UTC)}
    with database.write() as session:
        session.add_all(IndexTarget(name=name, created_at=at) for name, at in moments.items())
    with database.read() as session:
        rows = session.execute(select(IndexTarget.name, IndexTarget.created_at))
        assert dict(rows.all()) == moments


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(StatementError), database.write() as session:
        session.add(IndexTarget(name="embedded", created_at=datetime(2026, 9, 5)))  # noqa: DTZ001


def test_what_utc_now_answers_is_stored_unchanged(database: Database) -> None:
    now = utc_now()
    with database.read() as session:
        assert session.scalar(select(literal(now, Moment()))) == now


def test_the_clock_of_the_database_is_this_machines_clock(database: Database) -> None:
    before = utc_now()
    with database.read() as session:
        answered = session.scalar(select(database_now()))
    after = utc_now()
    assert answered is not None
    assert before <= answered <= after


def test_the_clock_of_the_database_goes_on_between_statements(database: Database) -> None:
    with database.write() as session:
        first = session.scalar(select(database_now()))
        last = first
        for _ in range(10_000):
            last = session.scalar(select(database_now()))
            if last != first:
                break
    assert first is not None
    assert last is not None
    assert first < last
