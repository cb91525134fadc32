"""Organizations in two overlapping trees, the people in them and how they prove who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from repo_server.database.models.base import Base, RowId, utc_now


class Organization(Base):
    """A department, cluster, ward or school; `quota_mib` is what its materials may hold."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(20))
    # None: what the settings say; 0: as much as there is.
    quota_mib: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class OrganizationParent(Base):
    """One edge of one tree: "professional" (Sở → cụm → trường) or "territorial" (Sở → phường)."""

    __tablename__ = "organization_parent"

    child_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    tree: Mapped[str] = mapped_column(String(20), primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)


class Account(Base):
    """A person who may sign in; readers need none."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(300))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    memberships: Mapped[list["AccountMembership"]] = relationship(
        back_populates="account", order_by="AccountMembership.id"
    )


class AccountMembership(Base):
    """A role of an account in an organization."""

    __tablename__ = "account_membership"
    __table_args__ = (UniqueConstraint("account_id", "organization_id", "role"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))

    account: Mapped[Account] = relationship(back_populates="memberships")


class SignIn(Base):
    """A browser's session; only the hash of its token is kept."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    device: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AccessToken(Base):
    """A bearer token for programs; only its hash is kept."""

    __tablename__ = "access_token"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class AttemptCount(Base):
    """How often something was tried in a window of time, shared by all processes."""

    __tablename__ = "attempt_count"
    __table_args__ = (Index("ix_attempt_count_window_start", "window_start"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    window_start: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    tries: Mapped[int]
