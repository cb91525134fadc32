"""What people look for again and again."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId, utc_now


class SavedSearch(Base):
    """A search that an account keeps; what was published after `looked_at` is new to it.

    `query_string` is that of the search page, `fingerprint` its SHA-256, so that the same search is
    kept once.
    """

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("account_id", "fingerprint"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(200))
    query_string: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    looked_at: Mapped[datetime] = mapped_column(default=utc_now)


class UnansweredSearch(Base):
    """How often folded words were looked for in vain on a day (ISO date, UTC), by nobody in
    particular."""

    __tablename__ = "unanswered_search"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    words: Mapped[str] = mapped_column(String(120), primary_key=True)
    count: Mapped[int] = mapped_column()
