"""The declarative base and the column types that both SQLite and PostgreSQL carry alike."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, MetaData
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import JSON, TypeDecorator

# SQLite numbers rows by itself only for a column that is literally INTEGER.
RowId: Final = BigInteger().with_variant(Integer(), "sqlite")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """A point in time, UTC, to the millisecond.

    Stored as milliseconds since 1970 in a BIGINT: the same order, arithmetic and precision on both
    databases, and no text format to disagree about.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Whole milliseconds of an aware `value`; a naive one is a programming error."""
        if value is None:
            return None
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """The aware UTC datetime of `value` milliseconds."""
        return None if value is None else _EPOCH + int(value) * _MILLISECOND


class database_now(GenericFunction[datetime]):  # noqa: N801 - named as it reads in a statement
    """The database's own clock: leases of several machines must not depend on their clocks."""

    type = Moment()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _now_on_sqlite(element: database_now, compiler: SQLCompiler, **_: Any) -> str:
    # unixepoch('subsec') would read better, but before SQLite 3.42 (Debian 12) it is NULL.
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(database_now, "postgresql")
def _now_on_postgresql(element: database_now, compiler: SQLCompiler, **_: Any) -> str:
    return "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as a class attribute
        datetime: Moment(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[int]: JSON(),
    }


def utc_now() -> datetime:
    """This machine's clock, for what is shown to people; leases use `database_now`.

    Whole milliseconds, cut and not rounded: what is written is what is read back, and a job that is
    due now is not due a moment after the database's clock.
    """
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
