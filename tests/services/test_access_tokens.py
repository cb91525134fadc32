"""Tokens for programs."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from repo_server.database.engine import Database
from repo_server.database.models import AccessToken, AuditEntry, utc_now
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.errors import InvalidValue, NotAuthenticated, NotFound
from repo_server.services import access_tokens, accounts, viewers
from tests.services.signing import EMAIL, add, hash_cheaply, library_of, viewer_of


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def test_a_token_speaks_for_its_owner_until_it_is_revoked(database: Database) -> None:
    library = library_of(database)
    add(library)
    viewer = viewer_of(library)

    bearer, view = access_tokens.create_token(library, viewer, " đồng bộ \x00 thư viện ", 365)

    assert re.fullmatch(r"kho_[A-Za-z0-9_-]{43}", bearer)
    assert view.name == "đồng bộ thư viện"
    assert view.expires_at - view.created_at == timedelta(days=365)
    assert viewers.viewer_of_token(library, bearer) == viewer
    assert [token.id for token in access_tokens.tokens_of(library, viewer)] == [view.id]

    access_tokens.revoke_token(library, viewer, view.id)

    assert viewers.viewer_of_token(library, bearer) is None
    assert access_tokens.tokens_of(library, viewer) == ()


def test_only_the_hash_of_a_token_is_stored_and_its_making_is_audited(
    sqlite_database: Database,
) -> None:
    library = library_of(sqlite_database)
    account_id = add(library)

    bearer, view = access_tokens.create_token(library, viewer_of(library), "kịch bản", 30)

    with sqlite_database.read() as session:
        assert session.scalars(select(AccessToken)).one().token_hash == viewers.token_hash(bearer)
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor_id) == ("token.create", account_id)
        assert (entry.object_id, entry.after) == (str(view.id), {"days": 30})


@pytest.mark.parametrize(
    ("name", "days", "field"),
    [("", 30, "name"), (" \x00 ", 30, "name"), ("x" * 101, 30, "name")]
    + [("kịch bản", days, "days") for days in (0, -1, 366, 10**30)],
)
def test_a_token_without_name_or_with_too_long_a_life_is_not_made(
    sqlite_database: Database, name: str, days: int, field: str
) -> None:
    library = library_of(sqlite_database)
    add(library)

    with pytest.raises(InvalidValue) as refused:
        access_tokens.create_token(library, viewer_of(library), name, days)

    assert refused.value.details["field"] == field


def test_an_account_holds_a_bounded_number_of_living_tokens(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "TOKENS_LIMIT", 2)
    library = library_of(sqlite_database)
    add(library)
    viewer = viewer_of(library)
    for name in ("một", "hai"):
        access_tokens.create_token(library, viewer, name, 1)
    with pytest.raises(InvalidValue, match="tối đa 2"):
        access_tokens.create_token(library, viewer, "ba", 1)

    with sqlite_database.write() as session:
        for row in session.scalars(select(AccessToken)):
            row.expires_at = utc_now()

    access_tokens.create_token(library, viewer, "ba", 1)
    assert [token.name for token in access_tokens.tokens_of(library, viewer)] == ["ba"]


def test_a_token_that_has_expired_speaks_for_nobody(database: Database) -> None:
    library = library_of(database)
    add(library)
    viewer = viewer_of(library)
    bearer, _ = access_tokens.create_token(library, viewer, "kịch bản", 1)
    with database.write() as session:
        row = session.scalars(select(AccessToken)).one()
        row.expires_at = utc_now() - timedelta(milliseconds=1)

    assert viewers.viewer_of_token(library, bearer) is None
    assert access_tokens.tokens_of(library, viewer) == ()


def test_one_revokes_ones_own_tokens_and_nobody_elses(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    add(library, "khac@truong.vn")
    bearer, view = access_tokens.create_token(library, viewer_of(library), "kịch bản", 1)

    with pytest.raises(NotFound):
        access_tokens.revoke_token(library, viewer_of(library, "khac@truong.vn"), view.id)
    with pytest.raises(NotFound):
        access_tokens.revoke_token(library, viewer_of(library), view.id + 1)

    assert viewers.viewer_of_token(library, bearer) is not None


def test_nobody_and_the_disabled_make_no_tokens(sqlite_database: Database) -> None:
    library = library_of(sqlite_database)
    add(library)
    viewer = viewer_of(library)
    accounts.disable_account(library, EMAIL)

    for asking in (ANONYMOUS, viewer):
        with pytest.raises(NotAuthenticated):
            access_tokens.create_token(library, asking, "kịch bản", 1)
