"""Materials, their versions and files, and where they stand in the curriculum."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from repo_server.database.models.base import Base, RowId, utc_now
from repo_server.database.models.curriculum import CurriculumItem


class Material(Base):
    """A learning material; `rev` grows by one with every change of it, its files or alignments.

    `rev` is SQLAlchemy's version counter: an UPDATE that meets another `rev` than it read changes
    nothing and raises, so of two people who edit at once one is told. `deleted_at` is a tombstone:
    it can be taken away until `purged_at`, when only the code is left.
    """

    __tablename__ = "material"
    __table_args__ = (
        Index("ix_material_status_published_at", "status", "published_at"),
        # The review queue, longest waiting first: decided without a look at the rows.
        Index(
            "ix_material_status_submitted_at",
            "status",
            "submitted_at",
            "organization_id",
            "deleted_at",
        ),
        Index("ix_material_owner_id_status", "owner_id", "status", "updated_at"),
        UniqueConstraint("external_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    rev: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(default=0)
    title: Mapped[str] = mapped_column(String(300))
    folded_title: Mapped[str] = mapped_column(String(400))
    description: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(10), default="vi")
    license: Mapped[str | None] = mapped_column(String(30))
    keywords: Mapped[list[str]] = mapped_column(default=list)
    author: Mapped[str] = mapped_column(String(300), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    return_reason: Mapped[str | None] = mapped_column(Text)
    use: Mapped[int] = mapped_column(default=0)
    external_id: Mapped[str | None] = mapped_column(String(200))
    imported: Mapped[dict[str, Any] | None]
    undecided: Mapped[list[str]] = mapped_column(default=list)
    # Who looked at what seems to be personal data, when, and in which files.
    personal_acknowledged: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)
    purged_at: Mapped[datetime | None]

    files: Mapped[list["MaterialFile"]] = relationship(
        back_populates="material", order_by="MaterialFile.position"
    )
    items: Mapped[list[CurriculumItem]] = relationship(
        secondary="alignment", order_by=CurriculumItem.id
    )

    __mapper_args__ = {"version_id_col": rev}  # noqa: RUF012 - read by SQLAlchemy


class MaterialVersion(Base):
    """What was published: a snapshot at each publication."""

    __tablename__ = "material_version"
    __table_args__ = (UniqueConstraint("material_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"))
    number: Mapped[int]
    snapshot: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))


class MaterialFile(Base):
    """A file of a material; `removed_at` keeps it for the versions that hold it."""

    __tablename__ = "material_file"
    __table_args__ = (Index("ix_material_file_material_id_position", "material_id", "position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str | None] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), index=True)
    size: Mapped[int] = mapped_column(RowId)
    kind: Mapped[str] = mapped_column(String(20))
    media_type: Mapped[str] = mapped_column(String(120))
    page_count: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration: Mapped[float | None]
    has_text: Mapped[bool] = mapped_column(default=False)
    text_truncated: Mapped[bool] = mapped_column(default=False)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    declared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Kind, place, count and masked example of what seems to be personal data.
    personal: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    removed_at: Mapped[datetime | None]

    material: Mapped[Material] = relationship(back_populates="files")


class Alignment(Base):
    """A material is about this item (schema.org: educationalAlignment)."""

    __tablename__ = "alignment"

    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(
        ForeignKey("curriculum_item.id"), primary_key=True, index=True
    )


class Placement(Base):
    """Where a published material is found in the tree: its aligned items and all their ancestors.

    Derived from `Alignment` and the state, in the same transaction; makes "how many below this
    item" one range of an index.
    """

    __tablename__ = "placement"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - read by SQLAlchemy

    item_id: Mapped[int] = mapped_column(ForeignKey("curriculum_item.id"), primary_key=True)
    material_id: Mapped[int] = mapped_column(
        ForeignKey("material.id"), primary_key=True, index=True
    )
