"""Accounts are made, disabled and given passwords."""

from typing import Any

import pytest
from sqlalchemy import select

from repo_server.database.engine import Database
from repo_server.database.models import Account, AuditEntry, Organization, SignIn
from repo_server.domain.access import ANONYMOUS, Role
from repo_server.domain.errors import (
    InvalidValue,
    NotAuthenticated,
    NotFound,
    TooManyRequests,
    WrongCredentials,
)
from repo_server.services import access_tokens, accounts, viewers
from tests import factories
from tests.services.signing import EMAIL, PASSWORD, add, enter, hash_cheaply, library_of, viewer_of

NEW = "một mật khẩu khác"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def audited(database: Database) -> list[tuple[str, str, int | None]]:
    with database.read() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        return [(row.action, row.object_id, row.actor_id) for row in rows]


def test_an_account_belongs_to_the_department_when_no_organization_is_named(
    database: Database,
) -> None:
    library = library_of(database)

    first = accounts.add_account(library, EMAIL, Role.EDITOR, "  Nguyễn   Thị Lan ")
    second = accounts.add_account(library, "hai@truong.vn", "admin", "Trần Văn Hai")

    with database.read() as session:
        rows = session.scalars(select(Account).order_by(Account.id)).all()
        department = session.scalars(select(Organization)).one()
        assert [row.id for row in rows] == [first, second]
        assert rows[0].name == "Nguyễn Thị Lan"
        assert rows[0].password_hash is None
        assert [row.memberships[0].organization_id for row in rows] == [department.id] * 2
        assert [row.memberships[0].role for row in rows] == ["editor", "admin"]
        assert (department.code, department.kind) == ("so-gddt", "department")
    assert audited(database) == [
        ("account.add", str(first), None),
        ("account.add", str(second), None),
    ]


def test_an_account_belongs_to_the_organization_that_is_named(database: Database) -> None:
    with database.write() as session:
        school = factories.organization(session)
        code, school_id = school.code, school.id

    accounts.add_account(library_of(database), EMAIL, "teacher", "Lan", organization=code)

    with database.read() as session:
        assert session.scalars(select(Account)).one().memberships[0].organization_id == school_id


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("organization", {"organization": "khong-co"}),
        ("role", {"role": "hiệu trưởng"}),
        ("name", {"name": " \u200b "}),
        ("name", {"name": "x" * 201}),
        ("password", {"password": "ngắn"}),
        ("email", {"email": "lan"}),
        ("email", {"email": "lan@gmail"}),
        ("email", {"email": "lan@truong..vn"}),
        ("email", {"email": "lan\x00@truong.vn"}),
        ("email", {"email": "lan huong@truong.vn"}),
        ("email", {"email": "lan@truong.vn, ba@truong.vn"}),
        ("email", {"email": "l" * 65 + "@truong.vn"}),
        ("email", {"email": "lan@" + "truong." * 40 + "vn"}),
    ],
)
def test_an_account_with_a_value_that_is_not_allowed_is_not_made(
    sqlite_database: Database, field: str, wrong: dict[str, str]
) -> None:
    values: dict[str, Any] = {"email": EMAIL, "role": "teacher", "name": "Lan"} | wrong

    with pytest.raises(InvalidValue) as refused:
        accounts.add_account(library_of(sqlite_database), **values)

    assert refused.value.details["field"] == field
    with sqlite_database.read() as session:
        assert session.scalars(select(Account)).all() == []


def test_one_address_has_one_account_however_it_is_written(database: Database) -> None:
    library = library_of(database)
    add(library, "Lan@Truong.Edu.VN ")

    with pytest.raises(InvalidValue, match="thư điện tử"):
        add(library, "ｌａｎ@truong.edu.vn")

    assert enter(library, " LAN@TRUONG.EDU.VN").viewer.email == "lan@truong.edu.vn"


def test_a_disabled_account_loses_its_sessions_and_tokens_at_once(database: Database) -> None:
    library = library_of(database)
    account_id = add(library)
    entered = enter(library)
    bearer, _ = access_tokens.create_token(library, entered.viewer, "kịch bản", 30)

    accounts.disable_account(library, EMAIL)

    assert viewers.viewer_of_session(library, entered.token) is None
    assert viewers.viewer_of_token(library, bearer) is None
    with pytest.raises(WrongCredentials):
        enter(library)
    assert ("account.disable", str(account_id), None) in audited(database)


def test_an_enabled_account_signs_in_again_but_its_old_sessions_stay_ended(
    sqlite_database: Database,
) -> None:
    library = library_of(sqlite_database)
    add(library)
    before = enter(library).token
    accounts.disable_account(library, EMAIL)
    accounts.disable_account(library, EMAIL)

    accounts.enable_account(library, EMAIL)

    assert viewers.viewer_of_session(library, before) is None
    assert viewers.viewer_of_session(library, enter(library).token) is not None
    actions = [action for action, _, _ in audited(sqlite_database)]
    assert actions == ["account.add", "account.disable", "account.enable"]


def test_a_new_password_ends_every_session_and_lifts_the_limit_of_tries(
    database: Database,
) -> None:
    library = library_of(database)
    add(library)
    entered = enter(library)
    bearer, _ = access_tokens.create_token(library, entered.viewer, "kịch bản", 30)
    for _ in range(accounts.PASSWORD_TRIES):
        with pytest.raises(WrongCredentials):
            enter(library, password="nhầm rồi")
    with pytest.raises(TooManyRequests):
        enter(library)

    accounts.set_password(library, EMAIL, NEW)

    assert viewers.viewer_of_session(library, entered.token) is None
    assert viewers.viewer_of_token(library, bearer) is None
    assert enter(library, password=NEW).viewer.signed_in
    with pytest.raises(WrongCredentials):
        enter(library)


def test_changing_ones_password_keeps_only_the_session_that_asked(database: Database) -> None:
    library = library_of(database)
    account_id = add(library)
    other, mine = enter(library), enter(library)

    accounts.change_password(library, mine.viewer, PASSWORD, NEW, token=mine.token)

    assert viewers.viewer_of_session(library, other.token) is None
    assert viewers.viewer_of_session(library, mine.token) is not None
    assert enter(library, password=NEW).viewer.signed_in
    assert ("account.change_password", str(account_id), account_id) in audited(database)


def test_a_password_is_changed_only_by_one_who_knows_the_present_one(
    sqlite_database: Database,
) -> None:
    library = library_of(sqlite_database)
    add(library)
    viewer = viewer_of(library)
    for _ in range(accounts.PASSWORD_TRIES):
        with pytest.raises(InvalidValue, match="không đúng"):
            accounts.change_password(library, viewer, "nhầm rồi", NEW)

    with pytest.raises(TooManyRequests):
        accounts.change_password(library, viewer, PASSWORD, NEW)


def test_a_password_that_is_not_taken_changes_nothing(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    viewer = viewer_of(library)

    with pytest.raises(InvalidValue, match="phổ biến"):
        accounts.change_password(library, viewer, PASSWORD, "12345678")
    with pytest.raises(InvalidValue, match="ít nhất"):
        accounts.set_password(library, EMAIL, "ngắn")

    assert enter(library).viewer.signed_in


def test_nobody_changes_no_password(sqlite_database: Database) -> None:
    with pytest.raises(NotAuthenticated):
        accounts.change_password(library_of(sqlite_database), ANONYMOUS, PASSWORD, NEW)


def test_what_concerns_an_unknown_address_says_so(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    with pytest.raises(NotFound):
        accounts.set_password(library, EMAIL, NEW)
    with pytest.raises(NotFound):
        accounts.disable_account(library, EMAIL)
    with pytest.raises(NotFound):
        accounts.enable_account(library, EMAIL)


def test_the_audit_of_accounts_holds_no_address_and_no_name(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    accounts.change_password(library, viewer_of(library), PASSWORD, NEW)
    accounts.disable_account(library, EMAIL)

    with sqlite_database.read() as session:
        rows = session.scalars(select(AuditEntry)).all()
        written = " ".join(f"{row.object_id} {row.before} {row.after}" for row in rows)
        assert "lan" not in written.casefold()
        assert session.scalars(select(SignIn)).all() == []
