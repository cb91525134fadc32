"""What files are compared by, and what people said about materials that are alike."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId, utc_now


class Fingerprint(Base):
    """What the content of a blob is compared by; disposable, made again from the file.

    `content`: the same for packages with the same members, however they are packed; `signature`:
    MinHash numbers of the text, four bytes each in base64; `scheme`: how they were made, only
    equal ones can be compared.
    """

    __tablename__ = "fingerprint"
    __table_args__ = (Index("ix_fingerprint_content", "content"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), unique=True)
    content: Mapped[str | None] = mapped_column(String(64))
    signature: Mapped[str | None] = mapped_column(Text)
    scheme: Mapped[int]


class FingerprintBand(Base):
    """A few numbers of a signature hashed together: those who share one may be alike."""

    __tablename__ = "fingerprint_band"
    __table_args__ = ({"sqlite_with_rowid": False},)

    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fingerprint_id: Mapped[int] = mapped_column(
        ForeignKey("fingerprint.id"), primary_key=True, autoincrement=False
    )


class Variant(Base):
    """Somebody who may edit the material says that it is a variant of another one."""

    __tablename__ = "variant"

    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True)
    of_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
