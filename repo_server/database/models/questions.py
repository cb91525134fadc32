"""What questions are understood with: synonyms, and the words of the catalogue as counted."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId, utc_now


class Synonym(Base):
    """Phrases that mean the same, as a group, or the first of which means the others (`one_way`).

    `folded` is what a search of the list looks through, `fingerprint` what the rule says whatever
    the order: two rules never say the same.
    """

    __tablename__ = "synonym"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phrases: Mapped[list[str]]
    one_way: Mapped[bool] = mapped_column(default=False)
    folded: Mapped[str] = mapped_column(String(2000))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class KnowledgePart(Base):
    """A part of what every process holds in memory to understand questions, and its version.

    `data` are the counted words (`CatalogueWords.to_bytes`, compressed) and `materials` how many
    published ones were counted; synonyms have their own table and only a version here.
    """

    __tablename__ = "knowledge_part"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    materials: Mapped[int] = mapped_column(default=0)
    data: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
