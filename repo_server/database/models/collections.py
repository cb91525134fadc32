"""Collections that editors curate: sections with materials in an order, each with a note."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from repo_server.database.models.base import Base, RowId, utc_now
from repo_server.database.models.materials import Material


class Collection(Base):
    """A collection; `rev` is its version counter as in `Material`. `status`: draft or published."""

    __tablename__ = "collection"
    __table_args__ = (Index("ix_collection_status_published_at", "status", "published_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    rev: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(300))
    folded_title: Mapped[str] = mapped_column(String(400))
    description: Mapped[str] = mapped_column(Text, default="")
    cover_file_id: Mapped[int | None] = mapped_column(ForeignKey("material_file.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    published_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    sections: Mapped[list["CollectionSection"]] = relationship(
        order_by="CollectionSection.position", cascade="all, delete-orphan"
    )
    items: Mapped[list["CollectionItem"]] = relationship(
        order_by="CollectionItem.position", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": rev}  # noqa: RUF012 - read by SQLAlchemy


class CollectionSection(Base):
    """A heading within a collection."""

    __tablename__ = "collection_section"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(Text, default="")


class CollectionItem(Base):
    """A material's place in a collection; it stays when the material is withdrawn or deleted."""

    __tablename__ = "collection_item"
    __table_args__ = (
        Index("ix_collection_item_collection_id_position", "collection_id", "position"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("collection_section.id"), index=True)
    position: Mapped[int]
    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), index=True)
    note: Mapped[str] = mapped_column(Text, default="")

    material: Mapped[Material] = relationship()
