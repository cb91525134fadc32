"""What materials were taken over from: records of other catalogues, and the text they brought."""

from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base


class CatalogueEntry(Base):
    """What a material was taken over from: a record of another catalogue.

    `source` and `url` say where it came from, `use` how often it had been used there. `imported`
    holds a digest of each field as the import left it: what differs was changed by a person since.
    """

    __tablename__ = "catalogue_entry"

    material_id: Mapped[int] = mapped_column(
        ForeignKey("material.id"), primary_key=True, autoincrement=False
    )
    source: Mapped[str] = mapped_column(String(300), default="")
    url: Mapped[str | None] = mapped_column(String(2000))
    use: Mapped[int] = mapped_column(default=0)
    imported: Mapped[dict[str, Any]]


class CataloguePassage(Base):
    """A passage of the text that a record brought without a file; `folded` is for comparing."""

    __tablename__ = "catalogue_passage"

    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
