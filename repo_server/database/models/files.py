"""Bytes that the library keeps, how they arrive, and what was read out of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from repo_server.database.models.base import Base, RowId, utc_now


class Blob(Base):
    """Bytes named by their SHA-256, never changed. `state`: live, or doomed (being collected).

    `unused_since`: no file has referred to it since then, `verified_at`: its bytes were hashed and
    right, `damaged_at`: they were found wrong or gone, and have not been found right again.
    `scanned_at`: a virus scanner looked at them (None: none ever did), `threat`: the signature that
    it found in them, since `quarantined_at`: nobody is handed them.
    """

    __tablename__ = "blob"
    __table_args__ = (
        Index("ix_blob_verified_at", "verified_at"),
        Index(
            "ix_blob_unused_since",
            "unused_since",
            sqlite_where=text("unused_since IS NOT NULL"),
            postgresql_where=text("unused_since IS NOT NULL"),
        ),
        Index(
            "ix_blob_damaged_at",
            "damaged_at",
            sqlite_where=text("damaged_at IS NOT NULL"),
            postgresql_where=text("damaged_at IS NOT NULL"),
        ),
        Index("ix_blob_scanned_at", "scanned_at"),
        Index(
            "ix_blob_quarantined_at",
            "quarantined_at",
            sqlite_where=text("quarantined_at IS NOT NULL"),
            postgresql_where=text("quarantined_at IS NOT NULL"),
        ),
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    generation: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(RowId)
    state: Mapped[str] = mapped_column(String(10), default="live")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    unused_since: Mapped[datetime | None]
    verified_at: Mapped[datetime] = mapped_column(default=utc_now)
    damaged_at: Mapped[datetime | None]
    # What a ZIP archive says of these bytes; known once they have been read for one.
    crc32: Mapped[int | None] = mapped_column(RowId)
    scanned_at: Mapped[datetime | None]
    threat: Mapped[str | None] = mapped_column(String(120))
    quarantined_at: Mapped[datetime | None]


class Upload(Base):
    """The intent to add a file, written before its first byte; see the protocol in ARCHITECTURE.

    `state`: receiving → received → checking → ready | rejected | quarantined; or cancelled,
    expired. A quarantined one keeps its bytes in staging until an administrator lets it pass
    (received again) or destroys it (rejected), or `expires_at`; `threat` is what was found.
    `client_metadata`: the header Upload-Metadata of a tus client, told again as it was.
    `wanted_at`: when a sender found a connection in its way that may be a dead one of its own.
    """

    __tablename__ = "upload"
    __table_args__ = (
        UniqueConstraint("owner_id", "idempotency_key"),
        Index("ix_upload_state_expires_at", "state", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    idempotency_key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(RowId)
    declared_sha256: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str | None] = mapped_column(String(64))
    material_id: Mapped[int | None] = mapped_column(ForeignKey("material.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("material_file.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    client_metadata: Mapped[str | None] = mapped_column(Text)
    wanted_at: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Text)
    threat: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]


class ScanExemption(Base):
    """An administrator's word that what this signature finds in these bytes is no threat."""

    __tablename__ = "scan_exemption"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    threat: Mapped[str] = mapped_column(String(120), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class TextSegment(Base):
    """The text of one page, slide, sheet or chapter; `folded` is it as the normaliser folds it.

    `recognized`: no letters of the file, but what a program took for some on a picture.
    """

    __tablename__ = "text_segment"

    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    recognized: Mapped[bool] = mapped_column(default=False)


class Derivative(Base):
    """What was made from a blob: thumbnail, image of a page, light copy of a film.

    Disposable, made again when missing; `width` and `height` in pixels.
    """

    __tablename__ = "derivative"

    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(60))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Reading(Base):
    """That a reader of this version has looked at a blob; `outcome`: done, nothing or refused."""

    __tablename__ = "reading"

    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), primary_key=True)
    reader: Mapped[str] = mapped_column(String(12), primary_key=True)
    version: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(default=utc_now)


class StorageUse(Base):
    """How many bytes the files of one holder's materials have: an "account" or "organization".

    A file counts from the commit that adds it until its material is purged, however many files
    share its bytes. Derived from the files; `database.holdings` keeps it in step with them.
    """

    __tablename__ = "storage_use"

    holder: Mapped[str] = mapped_column(String(12), primary_key=True)
    holder_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(RowId)


class AuditEntry(Base):
    """One act, in a chain: `hash` covers the entry and `previous_hash`, so that a gap shows."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(80), index=True)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The last link of the audit chain; its row is the lock that keeps the chain single."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(RowId)
    hash: Mapped[str] = mapped_column(String(64))
