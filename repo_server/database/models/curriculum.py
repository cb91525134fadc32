"""Curriculum frameworks as data: items in a tree, with associations between them."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId


class Framework(Base):
    """A curriculum or a list of textbook sets (CASE: CFDocument)."""

    __tablename__ = "framework"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(120), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    language: Mapped[str] = mapped_column(String(10))
    publisher: Mapped[str] = mapped_column(String(300))
    version: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(Text)
    uri: Mapped[str | None] = mapped_column(String(1000))
    position: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str] = mapped_column(String(64))


class CurriculumItem(Base):
    """One node of a framework's tree (CASE: CFItem).

    `path` is the ids from the root to the item itself ("/3/17/120/"): ancestors without recursion.
    `grades` and `subject` are those of the nearest ancestor that states them.
    """

    __tablename__ = "curriculum_item"
    __table_args__ = (
        UniqueConstraint("framework_id", "code"),
        Index("ix_curriculum_item_parent_id_sequence", "parent_id", "sequence"),
        Index("ix_curriculum_item_kind_subject", "kind", "subject"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    framework_id: Mapped[int] = mapped_column(ForeignKey("framework.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("curriculum_item.id"))
    code: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int]
    depth: Mapped[int]
    path: Mapped[str] = mapped_column(String(400))
    grades: Mapped[list[int]]
    subject: Mapped[str | None] = mapped_column(String(80))
    abbreviations: Mapped[list[str]]
    source: Mapped[str] = mapped_column(Text, default="")
    page: Mapped[int | None]
    note: Mapped[str] = mapped_column(Text, default="")
    identifier: Mapped[str | None] = mapped_column(String(500))
    retired: Mapped[bool] = mapped_column(default=False)


class ItemAssociation(Base):
    """A statement about two items: replaced by, exact match, related (CASE: CFAssociation)."""

    __tablename__ = "item_association"

    origin_id: Mapped[int] = mapped_column(ForeignKey("curriculum_item.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    destination_id: Mapped[int] = mapped_column(
        ForeignKey("curriculum_item.id"), primary_key=True, index=True
    )


class AwaitedAssociation(Base):
    """A statement about an item and one that no framework here holds yet, known by its address."""

    __tablename__ = "awaited_association"

    origin_id: Mapped[int] = mapped_column(ForeignKey("curriculum_item.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    destination: Mapped[str] = mapped_column(String(500), primary_key=True)
