"""Every route, for everybody, in every state of a material: the outcome that the tables promise.

`walks` names each route of the application with a request to it; a route that is missing there, or
that declares no action, fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from sqlalchemy import select

from repo_server.database.models import (
    Account,
    CurriculumItem,
    Material,
    MaterialFile,
    Organization,
)
from repo_server.domain.access import ANONYMOUS, GENERAL, TABLE, Action, Role, Viewer, permits
from repo_server.domain.materials import Status
from repo_server.services import viewers
from repo_server.services.uploads import subject_of
from repo_server.services.viewing import material_by_id
from tests import factories, libraries
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor
from tests.routes.walks import ELSEWHERE, GENERALLY, ON_MATERIALS, OWN, TITLE, Call, Target


@dataclass(frozen=True, slots=True)
class Ward:
    """The house with everybody in it, and where a request of a test is aimed."""

    house: House
    actors: dict[str, tuple[Viewer, Visitor]]
    owner: Viewer
    organization_id: int
    sha256: str
    size: int


@pytest.fixture(scope="module")
def ward(lasting_house: House) -> Ward:
    house = lasting_house
    admin = house.person(Role.ADMIN)  # makes the department
    with house.library.database.write() as session:
        department = session.scalars(
            select(Organization).where(Organization.code == "so-gddt")
        ).one()
        near = factories.organization(session, "Cụm gần", kind="cluster", parent=department)
        far = factories.organization(session, "Cụm xa", kind="cluster", parent=department)
        school = factories.organization(session, "Trường gần", parent=near)
        other = factories.organization(session, "Trường xa", parent=far)
        codes = {"near": near.code, "far": far.code, "school": school.code, "other": other.code}
        school_id = school.id
    people = {
        "owner": house.person(Role.TEACHER, codes["school"]),
        "same school": house.person(Role.TEACHER, codes["school"]),
        "other school": house.person(Role.TEACHER, codes["other"]),
        "editor in scope": house.person(Role.EDITOR, codes["near"]),
        "editor elsewhere": house.person(Role.EDITOR, codes["far"]),
        "manager": house.person(Role.MANAGER, codes["near"]),
        "manager elsewhere": house.person(Role.MANAGER, codes["far"]),
        "admin": admin,
    }
    upload = libraries.upload(house.library, people["owner"], "Bài.pdf", libraries.pdf("Một"))
    assert upload.material_id is not None
    stored = material_by_id(house.library, people["owner"], upload.material_id).files[0]
    libraries.lightened(house.library, stored.sha256, b"light")
    actors = {name: _as_they_come(house, person) for name, person in people.items()}
    actors["anonymous"] = (ANONYMOUS, house.stranger())
    return Ward(house, actors, people["owner"], school_id, stored.sha256, stored.size)


def _as_they_come(house: House, person: Viewer) -> tuple[Viewer, Visitor]:
    """The visitor, and the viewer that the application makes of them."""
    visitor = house.browser(person)
    viewer = viewers.viewer_of_session(house.library, visitor.cookies["kho"])
    assert viewer is not None
    return viewer, visitor


def aim(ward: Ward, status: Status, title: str = TITLE) -> Target:
    """A new material of the owner in that state, with a stored PDF, twice."""
    facts: dict[str, Any] = {
        "name": f"{title}.pdf", "sha256": ward.sha256, "size": ward.size, "kind": "pdf",
        "media_type": "application/pdf", "page_count": 1, "has_text": True,
    }  # fmt: skip
    with ward.house.library.database.write() as session:
        owner = session.get_one(Account, ward.owner.account_id)
        codes = ("lop-6.toan",)
        items = session.scalars(select(CurriculumItem).where(CurriculumItem.code.in_(codes))).all()
        material = factories.material(
            session, owner, title=title, status=status, items=items,
            organization=session.get_one(Organization, ward.organization_id),
        )  # fmt: skip
        # Two, so that one may be taken away.
        file, other = (MaterialFile(material=material, position=at, **facts) for at in (1, 2))
        session.add_all((file, other))
        session.flush()
        session.refresh(material)
        return Target(material.id, material.code, material.rev, file.id)


COLLECTIONS: Final = ("/api/collections/", "/bo-suu-tap/")
"""Collections have a table of their own, walked in their own tests."""


def handlers(app: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    yield (str(method), route.path), handler


def test_every_route_declares_an_action(ward: Ward) -> None:
    silent = [
        key
        for key, handler in handlers(ward.house.app)
        if not isinstance(handler.opt.get("action"), Action)
    ]
    assert silent == []


def test_every_route_is_walked_here_with_its_action(ward: Ward) -> None:
    declared = {
        key: handler.opt.get("action")
        for key, handler in handlers(ward.house.app)
        if not key[1].startswith(COLLECTIONS) and key != ("POST", "/api/collections")
    }
    known: dict[tuple[str, str], Any] = {key: action for key, (action, *_) in GENERALLY.items()}
    known |= ELSEWHERE | dict.fromkeys(ON_MATERIALS)

    assert set(declared) == set(known)
    assert [key for key, action in known.items() if action and declared[key] != action] == []
    for key, requests in ON_MATERIALS.items():
        doing = {action for action, _ in requests}
        # One address for all steps: the service knows which.
        assert declared[key] in doing | ({Action.VIEW} if len(doing) > 1 else set()), key
    assert set(GENERAL) | set(TABLE) == set(Action)


@pytest.mark.parametrize("route", sorted(GENERALLY), ids=" ".join)
def test_what_concerns_no_material_is_open_to_whom_the_table_says(
    ward: Ward, route: tuple[str, str]
) -> None:
    action, call, whose = GENERALLY[route]
    target = Target(0, "", 0, 0)
    wrong = []
    for name, (viewer, visitor) in ward.actors.items():
        expected = 200
        if not permits(viewer, action):
            expected = 403 if viewer.signed_in else 401
        elif whose == OWN:
            expected = 404
        status = call(visitor, target).status
        # A form that was taken says where to go on.
        done = status // 100 == 2 or status == 303
        if status != expected and not (expected == 200 and done):
            wrong.append((name, status, expected))

    assert wrong == []


def promised(viewer: Viewer, action: Action, material: Material, *, page: bool) -> int:
    """What the tables say of this cell; 200 stands for every success. Pages ask for EDIT first."""
    subject = subject_of(material)
    if page and not viewer.signed_in:
        return 401
    if permits(viewer, action, subject):
        return 200
    if not permits(viewer, Action.VIEW, subject):
        return 404
    if not viewer.signed_in:
        return 401
    elsewhere = any(permits(viewer, action, replace(subject, status=state)) for state in Status)
    return 409 if elsewhere and (not page or permits(viewer, Action.EDIT, subject)) else 403


CELLS = [
    (route, action, call) for route, requests in ON_MATERIALS.items() for action, call in requests
]


@pytest.mark.parametrize(
    ("route", "action", "call"), CELLS, ids=[f"{' '.join(c[0])} {c[1]}" for c in CELLS]
)
def test_every_cell_of_the_table_holds_over_http(
    ward: Ward, route: tuple[str, str], action: Action, call: Call
) -> None:
    wrong = []
    for status, (name, (viewer, visitor)) in product(Status, ward.actors.items()):
        target = aim(ward, status)
        with ward.house.library.database.read() as session:
            material = session.get_one(Material, target.id)
            expected = promised(
                viewer,
                action,
                material,
                page=route[1].startswith("/hoc-lieu")
                and action in (Action.EDIT, Action.EDIT_FILES),
            )
        answer = call(visitor, target).status
        if answer != expected and not (expected == 200 and 200 <= answer < 400):
            wrong.append((name, str(status), answer, expected))

    assert wrong == []


SIDE_DOORS = (
    "/", "/tim", "/tim?q=bi+mat", "/api/search?q=bi+mat&size=100", "/api/search",
    "/api/suggest?q=bi+m", "/chuong-trinh/gdpt2018/lop-6.toan", "/api/curriculum", "/cua-toi",
    "/duyet", "/api/cards?code={target.code}", "{target.api}", "{target.page}", "{target.page}/sua",
    "/api/files/{target.file}/content", "/api/files/{target.file}/preview/1",
    "/api/files/{target.file}/thumbnail", "/api/files/{target.file}/light", "{target.api}/submit",
)  # fmt: skip


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PUBLISHED])
def test_no_side_door_tells_of_what_one_may_not_see(ward: Ward, status: Status) -> None:
    title = f"Bí mật {status} của {TITLE}"
    target = aim(ward, status, title)
    nothing = Target(999_999, "khong-co", 1, 999_999)
    with ward.house.library.database.read() as session:
        subject = subject_of(session.get_one(Material, target.id))
    ward.house.feed()
    outsiders = [
        (name, visitor)
        for name, (viewer, visitor) in ward.actors.items()
        if not permits(viewer, Action.VIEW, subject)
    ]
    told = []
    for (name, visitor), door in product(outsiders, SIDE_DOORS):
        answer = visitor.page(door.format(target=target))
        if title.encode() in answer.body or target.code.encode() in _without_address(
            answer, target
        ):
            told.append((name, door))
        if "{" in door:
            other = visitor.page(door.format(target=nothing))
            if _shape(answer, target) != _shape(other, nothing):
                told.append((name, door))

    assert len(outsiders) >= 4
    assert told == []


def _without_address(answer: Answer, target: Target) -> bytes:
    """The body without the address that the visitor typed."""
    return answer.body.replace(target.page.encode(), b"")


def _shape(answer: Answer, target: Target) -> tuple[int, bytes, str]:
    """The answer, whatever code stands in the address."""
    body = answer.body.replace(target.code.encode(), b"#")
    return answer.status, body, answer.header("location").replace(target.code, "#")


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(house: House) -> None:
    editor = house.person(Role.EDITOR)
    browser, program = house.browser(editor), house.program(editor)
    assert (browser.get("/duyet").status, program.get("/duyet").status) == (200, 200)

    with house.library.database.write() as session:
        for membership in session.get_one(Account, editor.account_id).memberships:
            membership.role = Role.TEACHER

    assert (browser.get("/duyet").status, program.get("/duyet").status) == (403, 403)
