"""Work that must follow a commit: what each index should hold, and jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId, utc_now


class IndexTarget(Base):
    """An index that is fed; a changed `schema_version` means that all must be fed again.

    `sampled_at` and `compared_at`: when some of it, and all of it, was last compared with what it
    should hold; `drifted`: how many materials were found wrong at the last comparison, and mended.
    """

    __tablename__ = "index_target"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    schema_version: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    sampled_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    drifted: Mapped[int | None]


class IndexState(Base):
    """Which revision of a material an index should hold (`want_rev`) and holds (`have_rev`)."""

    __tablename__ = "index_state"
    __table_args__ = (
        Index(
            "ix_index_state_behind",
            "target",
            "material_id",
            sqlite_where=text("want_rev > have_rev"),
            postgresql_where=text("want_rev > have_rev"),
        ),
        {"sqlite_with_rowid": False},
    )

    target: Mapped[str] = mapped_column(ForeignKey("index_target.name"), primary_key=True)
    material_id: Mapped[int] = mapped_column(
        ForeignKey("material.id"), primary_key=True, index=True
    )
    want_rev: Mapped[int]
    have_rev: Mapped[int] = mapped_column(default=0)


class Job(Base):
    """A piece of work, enqueued in the transaction that calls for it.

    `state`: open → running → done | dead; an administrator opens a dead one again or has it
    dropped. At most one job of a kind and key is open or running.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_unfinished",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("state IN ('open', 'running')"),
            postgresql_where=text("state IN ('open', 'running')"),
        ),
        Index("ix_job_state_run_at", "state", "run_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="open")
    attempt: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
