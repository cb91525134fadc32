"""Who asks, from a token, and what they may reach."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, event, select, update

from repo_server.database.engine import Database
from repo_server.database.models import (
    AccessToken,
    Account,
    AccountMembership,
    OrganizationParent,
    SignIn,
    utc_now,
)
from repo_server.domain.access import Membership, Role, Viewer
from repo_server.domain.errors import DatabaseUnavailable
from repo_server.services import access_tokens, viewers
from tests import factories
from tests.services.signing import (
    EMAIL,
    PASSWORD,
    add,
    cheap_hasher,
    enter,
    hash_cheaply,
    library_of,
)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def last_seen(database: Database) -> datetime:
    with database.read() as session:
        return session.scalars(select(SignIn.last_seen_at)).one()


def change_session(database: Database, **values: datetime) -> None:
    with database.write() as session:
        row = session.scalars(select(SignIn)).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_a_scope_is_the_organization_and_all_below_it_in_each_tree(database: Database) -> None:
    with database.write() as session:
        department = factories.organization(session, "Sở", kind="department")
        cluster = factories.organization(session, "Cụm 1", kind="cluster", parent=department)
        ward = factories.organization(
            session, "Phường 1", kind="ward", parent=department, tree="territorial"
        )
        school = factories.organization(session, "Trường", parent=cluster)
        session.add(OrganizationParent(child_id=school.id, tree="territorial", parent_id=ward.id))
        branch = factories.organization(session, "Điểm trường", parent=school)
        other = factories.organization(session, "Trường khác")
        person = factories.account(
            session,
            email=EMAIL,
            organization=cluster,
            role=Role.EDITOR,
            password_hash=cheap_hasher().hash(PASSWORD),
        )
        for organization, role in ((ward, Role.MANAGER), (other, Role.TEACHER)):
            session.add(
                AccountMembership(
                    account_id=person.id, organization_id=organization.id, role=role.value
                )
            )
        expected = (
            Membership(Role.EDITOR, cluster.id, frozenset({cluster.id, school.id, branch.id})),
            # Not the branch: it is below the school in the other tree only.
            Membership(Role.MANAGER, ward.id, frozenset({ward.id, school.id})),
            Membership(Role.TEACHER, other.id, frozenset({other.id})),
        )

    viewer = enter(library_of(database)).viewer

    assert viewer == Viewer(viewer.account_id, "Nguyễn Thị Lan", EMAIL, expected)


def test_a_circle_in_a_tree_is_walked_once(database: Database) -> None:
    with database.write() as session:
        one = factories.organization(session)
        two = factories.organization(session, parent=one)
        session.add(OrganizationParent(child_id=one.id, tree="professional", parent_id=two.id))
        factories.account(
            session, email=EMAIL, organization=one, password_hash=cheap_hasher().hash(PASSWORD)
        )
        both = frozenset({one.id, two.id})

    assert enter(library_of(database)).viewer.memberships[0].scope == both


def test_a_revoked_right_is_gone_at_the_next_request(database: Database) -> None:
    library = library_of(database)
    add(library, role="editor")
    entered = enter(library)
    assert entered.viewer.roles == {Role.EDITOR}

    with database.write() as session:
        session.execute(delete(AccountMembership))

    viewer = viewers.viewer_of_session(library, entered.token)
    assert viewer is not None
    assert viewer.memberships == ()


def test_a_disabled_account_asks_as_nobody_even_where_its_session_is_left(
    database: Database,
) -> None:
    library = library_of(database)
    add(library)
    entered = enter(library)
    bearer, _ = access_tokens.create_token(library, entered.viewer, "kịch bản", 1)

    with database.write() as session:
        session.execute(update(Account).values(disabled_at=utc_now()))

    assert viewers.viewer_of_session(library, entered.token) is None
    assert viewers.viewer_of_token(library, bearer) is None


@pytest.mark.parametrize(
    "token", ["", "x", "x" * 43, "ê" * 43, "x" * 5000, "\x00" * 43, "\ud800", "' OR 1=1 --"]
)
def test_a_token_that_nobody_was_given_is_nobodys(sqlite_database: Database, token: str) -> None:
    library = library_of(sqlite_database)

    assert viewers.viewer_of_session(library, token) is None
    assert viewers.viewer_of_token(library, token) is None
    assert viewers.viewer_of_token(library, "kho_" + token) is None


def test_a_sessions_token_is_no_bearer_token_and_the_other_way_round(
    sqlite_database: Database,
) -> None:
    library = library_of(sqlite_database)
    add(library)
    entered = enter(library)
    bearer, _ = access_tokens.create_token(library, entered.viewer, "kịch bản", 1)

    assert viewers.viewer_of_token(library, "kho_" + entered.token) is None
    assert viewers.viewer_of_session(library, bearer) is None
    assert viewers.viewer_of_session(library, bearer.removeprefix("kho_")) is None


def test_a_session_ends_thirty_days_after_its_beginning(database: Database) -> None:
    library = library_of(database)
    add(library)
    token = enter(library).token

    change_session(database, expires_at=utc_now() - timedelta(milliseconds=1))

    assert viewers.viewer_of_session(library, token) is None


def test_a_session_ends_when_it_was_not_used_for_a_fortnight(database: Database) -> None:
    library = library_of(database)
    add(library)
    token = enter(library).token

    change_session(database, last_seen_at=utc_now() - timedelta(days=13, hours=23))
    assert viewers.viewer_of_session(library, token) is not None
    change_session(database, last_seen_at=utc_now() - timedelta(days=14, seconds=1))
    assert viewers.viewer_of_session(library, token) is None


def test_the_last_use_is_noted_every_ten_minutes_and_not_at_each_request(
    database: Database,
) -> None:
    library = library_of(database)
    add(library)
    token = enter(library).token
    recently = utc_now().replace(microsecond=0) - timedelta(minutes=9)

    change_session(database, last_seen_at=recently)
    viewers.viewer_of_session(library, token)
    assert last_seen(database) == recently

    change_session(database, last_seen_at=recently - timedelta(minutes=2))
    viewers.viewer_of_session(library, token)
    assert last_seen(database) > recently


def test_the_first_use_of_a_token_is_noted(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    bearer, view = access_tokens.create_token(library, enter(library).viewer, "kịch bản", 1)
    assert view.last_used_at is None

    viewers.viewer_of_token(library, bearer)

    with sqlite_database.read() as session:
        assert session.scalars(select(AccessToken.last_used_at)).one() is not None


def test_reading_goes_on_while_nothing_can_be_written(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = library_of(sqlite_database)
    add(library)
    token = enter(library).token
    long_ago = utc_now().replace(microsecond=0) - timedelta(days=1)
    change_session(sqlite_database, last_seen_at=long_ago)

    def unavailable() -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(sqlite_database, "write", unavailable)

    assert viewers.viewer_of_session(library, token) is not None
    assert last_seen(sqlite_database) == long_ago


def test_who_asks_costs_one_query(database: Database) -> None:
    library = library_of(database)
    add(library)
    token = enter(library).token
    statements: list[str] = []

    @event.listens_for(database.reader, "before_cursor_execute")
    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    viewers.viewer_of_session(library, token)

    assert len([statement for statement in statements if "SELECT" in statement]) == 1
