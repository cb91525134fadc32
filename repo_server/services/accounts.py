"""The people who may sign in: made, disabled and given passwords."""

import re
import unicodedata
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import (
    AccessToken,
    Account,
    AccountMembership,
    Organization,
    SignIn,
    utc_now,
)
from repo_server.domain.access import Action, Role, Viewer, require
from repo_server.domain.errors import InvalidValue, NotAuthenticated, NotFound
from repo_server.domain.vietnamese import display
from repo_server.services import attempts, passwords
from repo_server.services.library import Library
from repo_server.services.viewers import token_hash

EMAIL_LIMIT: Final = 254
NAME_LIMIT: Final = 200

DEPARTMENT: Final = ("so-gddt", "Sở Giáo dục và Đào tạo", "department")
"""Code, name and kind of the organization that accounts belong to when none is named."""

PASSWORD_TRIES: Final = 10
"""How often the present password may be tried in a window, signing in and changing it alike."""

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL: Final = re.compile(rf"[^\s@<>()\[\],:;\\\"]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")


def add_account(
    library: Library,
    email: str,
    role: str,
    name: str,
    password: str | None = None,
    organization: str | None = None,
    *,
    actor_id: int | None = None,
) -> int:
    """Make an account with one role and return its id.

    `organization` is a code; without one the account belongs to the department, which is made when
    it is not there. Without a password nobody can sign in until one is set. `actor_id` is the
    account that does this, None for the command line. Raises InvalidValue, also when the address
    has an account already.
    """
    email, name = normalized_email(email), _checked_name(name)
    membership_role = _checked_role(role)
    password_hash = None
    if password is not None:
        password_hash = passwords.hashed(passwords.checked(password, email))
    account = Account(email=email, name=name, password_hash=password_hash)
    try:
        with library.database.write() as session:
            if _by_email(session, email) is not None:
                raise _email_taken()
            organization_id = _organization_id(session, organization)
            account.memberships.append(
                AccountMembership(organization_id=organization_id, role=membership_role.value)
            )
            session.add(account)
            session.flush()
            after = {"role": membership_role.value, "organization": organization_id}
            audit.record(session, actor_id, "account.add", "account", account.id, after=after)
            return account.id
    except IntegrityError:
        # PostgreSQL: somebody else added the address between the look and the insert.
        raise _email_taken() from None


def set_password(
    library: Library, email: str, password: str, *, actor_id: int | None = None
) -> None:
    """Give an account a new password; ends its sessions and tokens.

    Raises NotFound when there is no such account, InvalidValue for a password that is not taken.
    """
    email = normalized_email(email)
    password_hash = passwords.hashed(passwords.checked(password, email))
    with library.database.write() as session:
        account = _named(session, email)
        account.password_hash = password_hash
        _end_all(session, account.id)
        attempts.forget(session, tries_of(email))
        audit.record(session, actor_id, "account.set_password", "account", account.id)


def change_password(
    library: Library, viewer: Viewer, present: str, new: str, *, token: str | None = None
) -> None:
    """Change the viewer's own password; ends every session but the one of `token`.

    Raises InvalidValue when `present` is wrong or `new` is not taken, TooManyRequests after
    `PASSWORD_TRIES` of them.
    """
    require(viewer, Action.USE_ACCOUNT)
    settled = passwords.checked(new, viewer.email)
    tries = tries_of(viewer.email)
    attempts.count(library, [tries])
    with library.database.read() as session:
        stored = session.scalar(
            select(Account.password_hash).where(Account.id == viewer.account_id)
        )
    if not passwords.verified(present, stored)[0]:
        raise InvalidValue("present", "Mật khẩu đang dùng không đúng.")
    password_hash = passwords.hashed(settled)
    with library.database.write() as session:
        account = session.get(Account, viewer.account_id, with_for_update=True)
        if account is None or account.password_hash != stored or account.disabled_at is not None:
            raise NotAuthenticated
        account.password_hash = password_hash
        kept = "" if token is None else token_hash(token)
        session.execute(
            delete(SignIn).where(SignIn.account_id == account.id, SignIn.token_hash != kept)
        )
        attempts.forgive(session, [tries])
        audit.record(session, account.id, "account.change_password", "account", account.id)


def disable_account(library: Library, email: str, *, actor_id: int | None = None) -> None:
    """Shut an account out: its sessions and tokens end at once. Raises NotFound."""
    with library.database.write() as session:
        account = _named(session, normalized_email(email))
        if account.disabled_at is None:
            account.disabled_at = utc_now()
            audit.record(session, actor_id, "account.disable", "account", account.id)
        _end_all(session, account.id)


def enable_account(library: Library, email: str, *, actor_id: int | None = None) -> None:
    """Let a disabled account sign in again; what was ended stays ended. Raises NotFound."""
    with library.database.write() as session:
        account = _named(session, normalized_email(email))
        if account.disabled_at is not None:
            account.disabled_at = None
            audit.record(session, actor_id, "account.enable", "account", account.id)


def normalized_email(email: str) -> str:
    """The one form of an address that is stored and looked up; raises InvalidValue."""
    settled = _settled_email(email)
    if len(settled) > EMAIL_LIMIT or not settled.isprintable() or _EMAIL.fullmatch(settled) is None:
        raise InvalidValue("email", "Địa chỉ thư điện tử chưa đúng dạng ten@truong.edu.vn.")
    return settled


def tries_of(email: str) -> attempts.Limit:
    """The limit of password tries for an address, known or not."""
    return attempts.limit_by("account", _settled_email(email), PASSWORD_TRIES)


def _settled_email(email: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold()).strip()


def _checked_name(name: str) -> str:
    settled = display(name)
    if not settled:
        raise InvalidValue("name", "Hãy ghi họ tên.")
    if len(settled) > NAME_LIMIT:
        raise InvalidValue("name", f"Họ tên dài tối đa {NAME_LIMIT} kí tự.")
    return settled


def _checked_role(role: str) -> Role:
    if role not in set(Role):
        raise InvalidValue("role", f"Vai trò phải là một trong: {', '.join(Role)}.")
    return Role(role)


def _email_taken() -> InvalidValue:
    return InvalidValue("email", "Đã có tài khoản dùng địa chỉ thư điện tử này.")


def _by_email(session: Session, email: str) -> Account | None:
    return session.scalar(select(Account).where(Account.email == email))


def _named(session: Session, email: str) -> Account:
    # Locked: somebody who is signing in meanwhile comes either before or after this change.
    account = session.scalar(select(Account).where(Account.email == email).with_for_update())
    if account is None:
        raise NotFound
    return account


def _organization_id(session: Session, code: str | None) -> int:
    row = session.scalar(
        select(Organization).where(Organization.code == (DEPARTMENT[0] if code is None else code))
    )
    if row is not None:
        return row.id
    if code is not None:
        raise InvalidValue("organization", "Không có đơn vị nào mang mã này.")
    code, name, kind = DEPARTMENT
    row = Organization(code=code, name=name, kind=kind)
    session.add(row)
    session.flush()
    return row.id


def _end_all(session: Session, account_id: int) -> None:
    session.execute(delete(SignIn).where(SignIn.account_id == account_id))
    session.execute(delete(AccessToken).where(AccessToken.account_id == account_id))
