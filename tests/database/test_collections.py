"""The rule of `domain.access` on collections and its SQL must be one rule."""

from repo_server.database.engine import Database
from repo_server.database.models import Collection
from repo_server.database.queries import collections as queries
from repo_server.domain.access import (
    ANONYMOUS,
    Action,
    Membership,
    Role,
    Subject,
    Viewer,
    permits_collection,
)
from repo_server.domain.collections import STATES
from repo_server.domain.materials import Status
from tests import factories


def _member(account_id: int, *memberships: tuple[Role, int, set[int]]) -> Viewer:
    rows = tuple(Membership(role, at, frozenset(scope)) for role, at, scope in memberships)
    return Viewer(account_id=account_id, memberships=rows)


def test_sql_shows_and_offers_exactly_what_the_table_allows(database: Database) -> None:
    with database.write() as session:
        near, far = (factories.organization(session, name) for name in ("Cụm 1", "Cụm 2"))
        owner, other = factories.account(session), factories.account(session)
        cells = [
            (person.id, organization and organization.id, status, deleted)
            for person in (owner, other)
            for organization in (near, far, None)
            for status in STATES
            for deleted in (None, owner.created_at)
        ]
        made = [
            Collection(
                code=f"c{number:05}", status=status.value, title="Ôn tập", folded_title="on tap",
                owner_id=owner_id, organization_id=at, deleted_at=deleted,
            )
            for number, (owner_id, at, status, deleted) in enumerate(cells)
        ]  # fmt: skip
        session.add_all(made)
    here = {near.id}
    viewers = [ANONYMOUS, _member(owner.id), _member(900)]
    viewers += [_member(owner.id, (role, far.id, set())) for role in Role]
    viewers += [_member(901, (role, near.id, here)) for role in Role]
    viewers.append(_member(902, (Role.TEACHER, far.id, {far.id}), (Role.EDITOR, near.id, here)))

    def allowed(viewer: Viewer, action: Action) -> set[int]:
        return {
            row.id
            for row in made
            if row.deleted_at is None
            and permits_collection(
                viewer, action, Subject(row.owner_id, row.organization_id, Status(row.status))
            )
        }

    with database.read() as session:
        for viewer in viewers:
            seen = {row.id for row in made if queries.collection_by_id(session, viewer, row.id)}
            assert seen == allowed(viewer, Action.VIEW), viewer
            offered = {row[0] for row in queries.curated_collections(session, viewer, 100)}
            assert offered == allowed(viewer, Action.CURATE), viewer
            drafts, _ = queries.collections_titled(session, viewer, [], "draft", offset=0, limit=9)
            assert drafts == len(
                [row for row in made if row.id in offered and row.status == "draft"]
            )
