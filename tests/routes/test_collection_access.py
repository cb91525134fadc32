"""Every route of collections, for everybody, for a draft and a published one."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

import pytest
from litestar.routes import HTTPRoute

from repo_server.database.models import Collection
from repo_server.domain.access import ANONYMOUS, Action, Role, Viewer, permits, permits_collection
from repo_server.domain.materials import Status
from repo_server.services import viewers
from repo_server.services.collection_views import CollectionView, collection_by_id
from repo_server.services.collections import publish_collection
from repo_server.services.curating import subject_of
from repo_server.services.organizations import add_organization
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor
from tests.services.curators import collection, materials

Call = Callable[[Visitor, CollectionView], Answer]


def reading(end: str) -> Call:
    return lambda visitor, seen: visitor.get(_address(seen, end))


def changing(method: str, end: str, said: object = None) -> Call:
    def call(visitor: Visitor, seen: CollectionView) -> Answer:
        tag = {"if-match": f'"{seen.rev}"'}
        return visitor.ask(method, _address(seen, end), json_body=said, headers=tag)

    return call


def posting(end: str, **fields: str) -> Call:
    return lambda visitor, seen: visitor.post(_address(seen, end), rev=seen.rev, **fields)


def _address(seen: CollectionView, end: str) -> str:
    section = seen.sections[1].id
    named = {"item": seen.places[0].id, "section": section, "id": seen.card.id}
    return end.format(code=seen.card.code, **named)


API, PAGE = "/api/collections/{id}", "/bo-suu-tap/{code}"
_ID, _CODE, _ITEM = "{collection_id:int}", "{code:str}", "{item_id:int}"
# (method, route) → what it does to the collection, and a request that does it
ON_COLLECTIONS: Final[dict[tuple[str, str], tuple[Action, Call]]] = {
    ("GET", f"/api/collections/{_ID}"): (Action.VIEW, reading(API)),
    ("GET", f"/api/collections/{_ID}/qr.svg"): (Action.VIEW, reading(f"{API}/qr.svg")),
    ("GET", f"/api/collections/{_ID}/qr.png"): (Action.VIEW, reading(f"{API}/qr.png")),
    ("GET", f"/bo-suu-tap/{_CODE}"): (Action.VIEW, reading(PAGE)),
    ("GET", f"/bo-suu-tap/{_CODE}/in"): (Action.VIEW, reading(f"{PAGE}/in")),
    ("PATCH", f"/api/collections/{_ID}"): (
        Action.CURATE, changing("PATCH", API, {"title": "Khác"}),
    ),
    ("DELETE", f"/api/collections/{_ID}"): (Action.CURATE, changing("DELETE", API)),
    ("PUT", f"/api/collections/{_ID}/contents"): (
        Action.CURATE, changing("PUT", f"{API}/contents", {}),
    ),
    ("POST", f"/api/collections/{_ID}/items"): (
        Action.CURATE, changing("POST", f"{API}/items", {"material": 1}),
    ),
    ("PATCH", f"/api/collections/{_ID}/items/{_ITEM}"): (
        Action.CURATE, changing("PATCH", API + "/items/{item}", {"note": "Khác"}),
    ),
    ("DELETE", f"/api/collections/{_ID}/items/{_ITEM}"): (
        Action.CURATE, changing("DELETE", API + "/items/{item}"),
    ),
    ("POST", f"/api/collections/{_ID}/items/{_ITEM}/move"): (
        Action.CURATE, changing("POST", API + "/items/{item}/move", {"position": 1}),
    ),
    ("POST", f"/api/collections/{_ID}/publish"): (
        Action.CURATE, changing("POST", f"{API}/publish"),
    ),
    ("POST", f"/api/collections/{_ID}/withdraw"): (
        Action.CURATE, changing("POST", f"{API}/withdraw"),
    ),
    ("GET", f"/bo-suu-tap/{_CODE}/sua"): (Action.CURATE, reading(f"{PAGE}/sua")),
    ("POST", f"/bo-suu-tap/{_CODE}/sua"): (
        Action.CURATE, posting(f"{PAGE}/sua", do="save", title="Khác"),
    ),
    ("POST", f"/bo-suu-tap/{_CODE}/{{step:str}}"): (Action.CURATE, posting(f"{PAGE}/delete")),
    ("GET", f"/bo-suu-tap/{_CODE}/cho/{_ITEM}"): (Action.CURATE, reading(PAGE + "/cho/{item}")),
    ("POST", f"/bo-suu-tap/{_CODE}/cho/{_ITEM}"): (
        Action.CURATE, posting(PAGE + "/cho/{item}", do="save", note="Khác"),
    ),
    ("GET", f"/bo-suu-tap/{_CODE}/muc/{{section_id:int}}"): (
        Action.CURATE, reading(PAGE + "/muc/{section}"),
    ),
    ("POST", f"/bo-suu-tap/{_CODE}/muc/{{section_id:int}}"): (
        Action.CURATE, posting(PAGE + "/muc/{section}", do="save", title="Khác"),
    ),
}  # fmt: skip
# Those that concern no single collection are for everybody who curates.
GENERALLY: Final = {
    ("POST", "/api/collections"): changing("POST", "/api/collections", {"title": "Mới"}),
    ("GET", "/bo-suu-tap/moi"): reading("/bo-suu-tap/moi"),
    ("POST", "/bo-suu-tap/moi"): posting("/bo-suu-tap/moi", title="Mới"),
    ("GET", "/bo-suu-tap/them"): reading("/bo-suu-tap/them?material=bcdfghj"),
    ("POST", "/bo-suu-tap/them"): posting("/bo-suu-tap/them", material="bcdfghj"),
}
REFUSED: Final = (401, 403, 404)


@pytest.fixture(scope="module")
def owner(lasting_house: House) -> Viewer:
    return lasting_house.person(Role.EDITOR)


@pytest.fixture(scope="module")
def actors(lasting_house: House, owner: Viewer) -> dict[str, tuple[Viewer, Visitor]]:
    house = lasting_house
    add_organization(house.library, "so-khac", "Sở khác", "department", {})
    people = {"owner": owner, "teacher": house.person()}
    people |= {f"{role}": house.person(role) for role in (Role.EDITOR, Role.MANAGER, Role.ADMIN)}
    people |= {f"{role} elsewhere": house.person(role, "so-khac") for role in Role}
    found: dict[str, tuple[Viewer, Visitor]] = {"anonymous": (ANONYMOUS, house.stranger())}
    for name, person in people.items():
        visitor = house.browser(person)
        viewer = viewers.viewer_of_session(house.library, visitor.cookies["kho"])
        assert viewer is not None
        found[name] = (viewer, visitor)
    return found


@pytest.fixture(scope="module")
def lessons(lasting_house: House, owner: Viewer) -> list[int]:
    return materials(lasting_house.library, owner, 1)


def aim(house: House, owner: Viewer, lessons: list[int], status: Status) -> CollectionView:
    """A new collection of the owner in that state, with one material in a section."""
    made = collection(house.library, owner, [], lessons)
    if status is Status.PUBLISHED:
        publish_collection(house.library, owner, made.card.id, made.rev)
    return collection_by_id(house.library, owner, made.card.id)


def _keys(house: House) -> Iterator[tuple[str, str]]:
    for route in house.app.routes:
        if isinstance(route, HTTPRoute):
            for method in set(route.route_handler_map) - {"OPTIONS"}:
                yield str(method), route.path


def test_every_route_of_collections_is_walked_here(lasting_house: House) -> None:
    prefixes = ("/api/collections/", "/bo-suu-tap/")
    there = {key for key in _keys(lasting_house) if key[1].startswith(prefixes)}
    assert there | {("POST", "/api/collections")} == set(ON_COLLECTIONS) | set(GENERALLY)


@pytest.mark.parametrize(
    ("status", "key"),
    list(product((Status.DRAFT, Status.PUBLISHED), sorted(ON_COLLECTIONS))),
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_route_does_what_the_table_allows_and_nothing_else(
    lasting_house: House,
    owner: Viewer,
    lessons: list[int],
    actors: dict[str, tuple[Viewer, Visitor]],
    status: Status,
    key: tuple[str, str],
) -> None:
    action, call = ON_COLLECTIONS[key]
    seen = aim(lasting_house, owner, lessons, status)
    with lasting_house.library.database.read() as session:
        subject = subject_of(session.get_one(Collection, seen.card.id))
    for name, (viewer, visitor) in actors.items():
        answer = call(visitor, seen)
        if permits_collection(viewer, action, subject):
            assert answer.status not in REFUSED, (name, answer.status)
            if key[0] != "GET":
                seen = aim(lasting_house, owner, lessons, status)
        elif action is Action.CURATE and not permits(viewer, Action.CURATE):
            assert answer.status in (303, 401) if name == "anonymous" else answer.status == 403
        elif not permits_collection(viewer, Action.VIEW, subject):
            assert answer.status == 404, name
        else:
            assert answer.status == 403, name
    # Nobody who was refused has changed anything.
    assert collection_by_id(lasting_house.library, owner, seen.card.id) == seen


@pytest.mark.parametrize("key", sorted(GENERALLY), ids=" ".join)
def test_only_those_who_curate_start_or_fill_one(
    lasting_house: House,
    owner: Viewer,
    lessons: list[int],
    actors: dict[str, tuple[Viewer, Visitor]],
    key: tuple[str, str],
) -> None:
    seen = aim(lasting_house, owner, lessons, Status.DRAFT)
    for name, (viewer, visitor) in actors.items():
        answer = GENERALLY[key](visitor, seen)
        if permits(viewer, Action.CURATE):
            assert answer.status not in (401, 403), name
        else:
            assert answer.status in (303, 401) if name == "anonymous" else answer.status == 403
