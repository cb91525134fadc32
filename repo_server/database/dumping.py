"""Every row as plain values, the same from SQLite and from PostgreSQL, and back again.

Moments are whole milliseconds, JSON is JSON; what one database gave the other takes. Tables stand
in an order in which each row finds those that it refers to.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, TableClause, column, delete, func, select, table, text
from sqlalchemy import Table as DeclaredTable
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import Session

from repo_server.database.models import Base, Moment

LEFT_OUT: Final = frozenset(
    {
        "sign_in",
        "attempt_count",
        "index_target",
        "index_state",
        "knowledge_part",
    }
)
"""Tables that do not travel: sessions that have ended meanwhile must not come back to life, what an
index holds is for the index to learn, and words are counted again."""

BATCH: Final = 500

# A row that refers to its own table must come after the row that it refers to.
_ORDER: Final[dict[str, tuple[str, ...]]] = {"curriculum_item": ("depth", "id")}

Values = list[Any]


def tables() -> list[str]:
    """The names of the tables that travel, each after those that it refers to."""
    return [str(found.name) for found in _declared()]


def _declared() -> list[DeclaredTable]:
    return [found for found in Base.metadata.sorted_tables if found.name not in LEFT_OUT]


def columns_of(name: str) -> list[str]:
    """The columns of a table, in the order of the values of its rows."""
    return [str(found.name) for found in Base.metadata.tables[name].columns]


def rows_of(session: Session, name: str) -> Iterator[Values]:
    """All rows of a table as this transaction sees them."""
    declared = Base.metadata.tables[name]
    keys = _ORDER.get(name) or tuple(key.name for key in declared.primary_key)
    plain = _plain(declared)
    statement = select(*plain.columns).order_by(*(plain.columns[key] for key in keys))
    for row in session.execute(statement, execution_options={"yield_per": BATCH}):
        yield list(row)


def insert_rows(session: Session, name: str, rows: Sequence[Values]) -> None:
    """Insert rows as `rows_of` gave them."""
    names = columns_of(name)
    plain = _plain(Base.metadata.tables[name])
    values = [dict(zip(names, row, strict=True)) for row in rows]
    session.connection().execute(insert_into(plain), values)


def _plain(declared: DeclaredTable) -> TableClause:
    return table(declared.name, *(_plain_column(found) for found in declared.columns))


def _plain_column(declared: "Column[Any]") -> Any:
    kind = BigInteger() if isinstance(declared.type, Moment) else declared.type
    return column(declared.name, kind)


def no_time_limit(session: Session) -> None:
    """Let the statements of this transaction take as long as they need."""
    if _is_postgresql(session):
        session.execute(text("SET LOCAL statement_timeout = 0"))


def keep_others_out(session: Session) -> None:
    """Let nobody write to any table before this transaction ends; waits for those who do."""
    if _is_postgresql(session):
        names = ", ".join(f'"{found.name}"' for found in Base.metadata.sorted_tables)
        session.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def clear(session: Session) -> None:
    """Delete every row of every table."""
    for found in reversed(Base.metadata.sorted_tables):
        if found.name in _ORDER:
            _clear_tree(session, found)
        session.execute(delete(found))


def _clear_tree(session: Session, tree: DeclaredTable) -> None:
    # From the leaves up: a row must not be left without the one that it refers to.
    deepest = session.scalar(select(func.max(tree.c.depth))) or 0
    for depth in range(deepest, -1, -1):
        session.execute(delete(tree).where(tree.c.depth == depth))


def renumber(session: Session) -> None:
    """Let new rows be numbered after the greatest number that is there."""
    if not _is_postgresql(session):
        return
    for found in Base.metadata.sorted_tables:
        number = found.autoincrement_column
        if number is None:
            continue
        named = {"table": f'"{found.name}"', "column": number.name}
        sequence = session.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
        if sequence is not None:
            last = session.scalar(select(func.max(number)))
            session.execute(
                text("SELECT setval(:sequence, :value, :used)"),
                {"sequence": sequence, "value": last or 1, "used": last is not None},
            )


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
