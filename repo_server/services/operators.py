"""Those who run the library from the command line, and the accounts of the sample library."""

from dataclasses import replace
from typing import Final

from sqlalchemy import select

from repo_server.database.models import Account, Material, Organization
from repo_server.domain.access import Membership, Role, Viewer
from repo_server.domain.errors import InvalidValue
from repo_server.services import accounts
from repo_server.services.library import Library

KEEPER: Final = "thu-kho@kho.invalid"
"""Owner of what is imported without naming one; nobody can sign in with it."""

SAMPLE_PASSWORD: Final = "hoc-lieu-dung-chung"  # noqa: S105 - for the sample library on a desk
SAMPLE_TEACHER: Final = "giaovien@kho.invalid"
SAMPLE_EDITOR: Final = "bientap@kho.invalid"
_SAMPLES: Final = (
    (SAMPLE_TEACHER, Role.TEACHER, "Nguyễn Thị Mai"),
    (SAMPLE_EDITOR, Role.EDITOR, "Trần Quốc Bình"),
    ("quantri@kho.invalid", Role.ADMIN, "Lê Hoàng Yến"),
)
SAMPLE_SENTENCE: Final = (
    "Đăng nhập thử (chỉ trên máy này): "
    + ", ".join(email for email, _, _ in _SAMPLES)
    + f"; mật khẩu: {SAMPLE_PASSWORD}"
)


def acting_for(library: Library, email: str | None) -> Viewer:
    """Whoever runs the command line, acting for an account: its owner with an admin's rights.

    Raises InvalidValue when there is no such account.
    """
    if email is None:
        account_id = _keeper(library)
    else:
        with library.database.read() as session:
            wanted = select(Account.id).where(Account.email == accounts.normalized_email(email))
            found = session.scalar(wanted)
        if found is None:
            raise InvalidValue("owner", f"Không có tài khoản {email}.")
        account_id = found
    with library.database.read() as session:
        every = frozenset(session.scalars(select(Organization.id)))
        account = session.get_one(Account, account_id)
        home = [membership.organization_id for membership in account.memberships]
        viewer = Viewer(account_id, account.name, account.email)
    rights = Membership(Role.ADMIN, home[0] if home else min(every), every)
    return replace(viewer, memberships=(rights,))


def _keeper(library: Library) -> int:
    with library.database.read() as session:
        found = session.scalar(select(Account.id).where(Account.email == KEEPER))
    return found or accounts.add_account(library, KEEPER, Role.ADMIN, "Thủ kho")


def has_materials(library: Library) -> bool:
    """Whether the library holds anything."""
    with library.database.read() as session:
        return session.scalar(select(Material.id).limit(1)) is not None


def add_sample_accounts(library: Library) -> None:
    """A teacher, an editor and an admin to try Kho with; those that exist are left alone."""
    with library.database.read() as session:
        known = set(session.scalars(select(Account.email)))
    for email, role, name in _SAMPLES:
        if email not in known:
            accounts.add_account(library, email, role, name, SAMPLE_PASSWORD)
