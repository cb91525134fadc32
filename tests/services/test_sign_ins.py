"""Signing in and out, and one's sessions."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from repo_server.database.engine import Database
from repo_server.database.models import AccessToken, Account, AttemptCount, SignIn, utc_now
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.errors import (
    NotAuthenticated,
    NotFound,
    TooManyRequests,
    WrongCredentials,
)
from repo_server.services import access_tokens, accounts, passwords, sign_ins, viewers
from tests.services.signing import ADDRESS, EMAIL, PASSWORD, add, enter, hash_cheaply, library_of


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def test_each_sign_in_has_a_new_token_of_which_only_the_hash_is_stored(
    database: Database,
) -> None:
    library = library_of(database)
    account_id = add(library)

    tokens = [enter(library).token for _ in range(2)]

    assert tokens[0] != tokens[1]
    with database.read() as session:
        rows = session.scalars(select(SignIn).order_by(SignIn.id)).all()
        assert [row.token_hash for row in rows] == [viewers.token_hash(token) for token in tokens]
        assert {row.account_id for row in rows} == {account_id}
        assert not {row.token_hash for row in rows} & set(tokens)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "không phải nó"),
        (EMAIL, ""),
        (EMAIL, "x" * 5000),
        (EMAIL, "\ud800"),
        ("ai-do@truong.edu.vn", PASSWORD),
        ("không phải thư", PASSWORD),
        ("\x00\ud800", PASSWORD),
        ("", ""),
    ],
)
def test_what_is_wrong_with_a_sign_in_is_not_told(
    sqlite_database: Database, email: str, password: str
) -> None:
    library = library_of(sqlite_database)
    add(library)

    with pytest.raises(WrongCredentials) as refused:
        enter(library, email, password)

    assert refused.value.details == {}


def test_an_account_without_password_cannot_be_entered(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    accounts.add_account(library, EMAIL, "teacher", "Lan")

    with pytest.raises(WrongCredentials):
        enter(library, password="nobody")


def test_an_unknown_address_costs_a_comparison_too(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str | None] = []

    def comparing(password: str, stored: str | None) -> tuple[bool, None]:
        compared.append(stored)
        return False, None

    monkeypatch.setattr(passwords, "verified", comparing)

    with pytest.raises(WrongCredentials):
        enter(library_of(sqlite_database))

    assert compared == [None]


def test_an_account_takes_ten_wrong_tries_in_a_window(database: Database) -> None:
    library = library_of(database)
    add(library)
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            enter(library, password="không phải nó")

    with pytest.raises(TooManyRequests) as refused:
        enter(library)

    assert "retry_after" in refused.value.details


def test_an_unknown_address_is_limited_like_a_known_one(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            enter(library)

    with pytest.raises(TooManyRequests):
        enter(library)


def test_one_client_is_limited_over_all_accounts(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "ADDRESS_TRIES", 3)
    library = library_of(sqlite_database)
    add(library)
    for number in range(3):
        with pytest.raises(WrongCredentials):
            enter(library, f"nguoi-{number}@truong.vn")

    with pytest.raises(TooManyRequests):
        enter(library)

    assert sign_ins.sign_in(library, EMAIL, PASSWORD, "", "203.0.113.8").viewer.signed_in


def test_a_school_behind_one_address_signs_in_without_being_limited(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "ADDRESS_TRIES", 3)
    library = library_of(database)
    add(library)

    for _ in range(12):
        enter(library)

    with database.read() as session:
        assert [row.tries for row in session.scalars(select(AttemptCount))] == [0]


def test_a_right_password_forgets_the_wrong_ones(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    for _ in range(2):
        for _ in range(9):
            with pytest.raises(WrongCredentials):
                enter(library, password="không phải nó")
        enter(library)


def test_a_password_that_was_changed_while_it_was_compared_does_not_enter(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = library_of(sqlite_database)
    add(library)
    compare = passwords.verified

    def changing(password: str, stored: str | None) -> tuple[bool, str | None]:
        accounts.set_password(library, EMAIL, "một mật khẩu khác")
        return compare(password, stored)

    monkeypatch.setattr(passwords, "verified", changing)

    with pytest.raises(WrongCredentials):
        enter(library)


def test_an_outdated_hash_is_renewed_at_the_next_sign_in(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = library_of(sqlite_database)
    add(library)
    monkeypatch.undo()

    enter(library)

    with sqlite_database.read() as session:
        stored = session.scalars(select(Account.password_hash)).one()
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_session_ends_when_its_owner_signs_out(database: Database) -> None:
    library = library_of(database)
    add(library)
    first, second = enter(library).token, enter(library).token

    sign_ins.sign_out(library, first)
    sign_ins.sign_out(library, first)
    sign_ins.sign_out(library, "nonsense")

    assert viewers.viewer_of_session(library, first) is None
    assert viewers.viewer_of_session(library, second) is not None


def test_ones_sessions_are_listed_with_the_present_one_marked(database: Database) -> None:
    library = library_of(database)
    add(library)
    add(library, "khac@truong.vn")
    enter(library, "khac@truong.vn")
    device = "Mozilla/5.0\x00 (Điện thoại)" + "x" * 300
    old = sign_ins.sign_in(library, EMAIL, PASSWORD, device, ADDRESS)
    mine = enter(library)

    views = sign_ins.sessions_of(library, mine.viewer, mine.token)

    assert [view.current for view in views] == [True, False]
    assert views[1].device.startswith("Mozilla/5.0 (Điện thoại)x")
    assert len(views[1].device) == 200
    assert views[0].expires_at - views[0].created_at == timedelta(days=30)
    assert old.viewer == mine.viewer


def test_one_ends_ones_own_sessions_and_nobody_elses(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    add(library, "khac@truong.vn")
    mine, other = enter(library), enter(library, "khac@truong.vn")
    theirs = sign_ins.sessions_of(library, other.viewer)[0].id

    with pytest.raises(NotFound):
        sign_ins.end_session(library, mine.viewer, theirs)
    with pytest.raises(NotFound):
        sign_ins.end_session(library, mine.viewer, 10**12)
    sign_ins.end_session(library, other.viewer, theirs)

    assert viewers.viewer_of_session(library, other.token) is None
    assert viewers.viewer_of_session(library, mine.token) is not None


def test_ending_the_other_sessions_keeps_the_one_that_asks(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    other, mine = enter(library), enter(library)

    sign_ins.end_other_sessions(library, mine.viewer, mine.token)

    assert viewers.viewer_of_session(library, other.token) is None
    assert [view.current for view in sign_ins.sessions_of(library, mine.viewer, mine.token)] == [
        True
    ]


def test_expired_sessions_are_swept_at_the_next_sign_in(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    mine = enter(library)
    with sqlite_database.write() as session:
        row = session.scalars(select(SignIn)).one()
        row.expires_at = utc_now() - timedelta(seconds=1)

    assert sign_ins.sessions_of(library, mine.viewer) == ()
    enter(library)

    with sqlite_database.read() as session:
        assert len(session.scalars(select(SignIn)).all()) == 1


def test_the_janitor_sweeps_what_is_over_and_nothing_else(database: Database) -> None:
    library = library_of(database)
    add(library)
    add(library, "khac@truong.vn")
    enter(library)
    enter(library, "khac@truong.vn")
    living = enter(library)
    for name in ("cũ", "mới"):
        access_tokens.create_token(library, living.viewer, name, 1)
    with database.write() as session:
        rows = session.scalars(select(SignIn).order_by(SignIn.id)).all()
        rows[0].last_seen_at = utc_now() - timedelta(days=15)
        rows[1].expires_at = utc_now() - timedelta(seconds=1)
        old = session.scalars(select(AccessToken).where(AccessToken.name == "cũ")).one()
        old.expires_at = utc_now() - timedelta(seconds=1)
        session.add(AttemptCount(key="old", window_start=0, tries=1))

    sign_ins.forget_expired(library)

    with database.read() as session:
        hashes = session.scalars(select(SignIn.token_hash)).all()
        assert hashes == [viewers.token_hash(living.token)]
        assert session.scalars(select(AccessToken.name)).all() == ["mới"]
        assert "old" not in session.scalars(select(AttemptCount.key)).all()


def test_nobody_has_no_sessions(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    with pytest.raises(NotAuthenticated):
        sign_ins.sessions_of(library, ANONYMOUS)
    with pytest.raises(NotAuthenticated):
        sign_ins.end_session(library, ANONYMOUS, 1)
    with pytest.raises(NotAuthenticated):
        sign_ins.end_other_sessions(library, ANONYMOUS)
