"""Whatever bytes of a person Kho hands out, and under which headers: one table for all routes.

A route that answers with anything but our own pages and JSON has to be in `HANDED_OUT`, or in
`OURS` when a person has no part in what it sends; `test_access` makes sure that none is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import select

from repo_server.database.models import MaterialFile
from repo_server.domain.files import FILE_KINDS, FileKind
from repo_server.routes.bytes import SANDBOX
from repo_server.services.viewing import material_by_id
from tests import libraries
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor
from tests.routes.walks import GENERALLY, ON_MATERIALS, Target

OWN_PAGE: Final = "default-src 'none'; script-src 'self'"
REVALIDATED: Final = "private, no-cache"
SHOWN_GROUPS: Final = frozenset(["image", "audio", "video"])
ACTIVE_TYPES: Final = frozenset(
    ["text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
     "text/javascript", "application/javascript", "text/css", "multipart/x-mixed-replace"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    """Headers of a route's answer: its type (None: as the kind of file says), and the rest."""

    media_type: str | None
    disposition: str
    cache: str
    policy: str = SANDBOX


# Route → what it promises, for every kind of file.
HANDED_OUT: Final = {
    "/api/files/{file_id:int}/content": Promise(None, "by kind", REVALIDATED),
    "/api/files/{file_id:int}/preview/{page:int}": Promise("image/webp", "", REVALIDATED),
    "/api/files/{file_id:int}/thumbnail": Promise("image/webp", "", REVALIDATED),
    "/api/files/{file_id:int}/light": Promise("video/mp4", "", REVALIDATED),
    "/api/materials/{material_id:int}/zip": Promise("application/zip", "attachment", REVALIDATED),
}
# Drawn or written by us alone, of addresses and counts.
OURS: Final = {
    "/api/materials/{material_id:int}/qr.svg": "image/svg+xml",
    "/api/materials/{material_id:int}/qr.png": "image/png",
    "/static/{name:path}": "text/css",
    "/tim.atom": "application/atom+xml",  # titles of people, as text
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A draft with one PDF that has a picture and a light copy, and its owner's browser."""

    house: House
    target: Target
    owner: Visitor


@pytest.fixture(scope="module")
def shelf(lasting_house: House) -> Shelf:
    library, owner = lasting_house.library, lasting_house.person()
    upload = libraries.upload(library, owner, "Bài.pdf", libraries.pdf("Một"))
    assert upload.material_id is not None
    view = material_by_id(library, owner, upload.material_id)
    libraries.lightened(library, view.files[0].sha256, b"light")
    target = Target(view.card.id, view.card.code, view.rev, view.files[0].id)
    return Shelf(lasting_house, target, lasting_house.browser(owner))


def reading_answers(shelf: Shelf) -> Iterator[tuple[str, str, Answer]]:
    """(method, route, answer) of every request of the walks that reads."""
    for (method, route), calls in ON_MATERIALS.items():
        if method in ("GET", "HEAD"):
            yield from ((method, route, call(shelf.owner, shelf.target)) for _, call in calls)
    for (method, route), (_, call, _) in GENERALLY.items():
        if method in ("GET", "HEAD"):
            yield method, route, call(shelf.owner, shelf.target)


def test_every_route_hands_out_pages_json_or_what_the_tables_say(shelf: Shelf) -> None:
    unknown, seen = [], set()
    for method, route, answer in reading_answers(shelf):
        media_type = answer.header("content-type").partition(";")[0]
        if route in HANDED_OUT or route in OURS:
            seen.add(route)
            assert answer.status == 200, (method, route, answer.body[:200])
            assert media_type == OURS.get(route, media_type), route
            assert answer.header("content-security-policy").startswith("default-src 'none'")
        elif 300 <= answer.status < 400:
            assert answer.header("location").startswith("/"), route
        elif media_type == "text/html":
            assert answer.header("content-security-policy").startswith(OWN_PAGE), route
        elif media_type not in ("application/json", "application/vnd.oai.openapi+json", ""):
            unknown.append((method, route, media_type))

    assert unknown == []
    assert seen == HANDED_OUT.keys() | OURS.keys()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("route", HANDED_OUT)
def test_a_route_keeps_its_promise(shelf: Shelf, route: str, method: str) -> None:
    _, call = ON_MATERIALS[(method, route)][0]

    check(call(shelf.owner, shelf.target), HANDED_OUT[route], FILE_KINDS["pdf"])


@pytest.mark.parametrize("kind", FILE_KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_of_file_is_handed_out_as_data(shelf: Shelf, kind: FileKind) -> None:
    promise = HANDED_OUT["/api/files/{file_id:int}/content"]
    address = f"/api/files/{shelf.target.file}/content"
    become(shelf, kind)
    try:
        for answer in (
            shelf.owner.get(address),
            shelf.owner.get(address, range="bytes=0-3"),
            shelf.owner.ask("HEAD", address),
        ):
            check(answer, promise, kind)
        saved = shelf.owner.get(f"{address}?download=true")
        assert saved.header("content-disposition").startswith("attachment;")
        unchanged = shelf.owner.get(address, if_none_match=saved.header("etag"))
        assert (unchanged.status, unchanged.body) == (304, b"")
    finally:
        become(shelf, FILE_KINDS["pdf"])


def become(shelf: Shelf, kind: FileKind) -> None:
    """Let the stored file pass for one of that kind."""
    with shelf.house.library.database.write() as session:
        file = session.scalars(
            select(MaterialFile).where(MaterialFile.id == shelf.target.file)
        ).one()
        file.kind, file.media_type = kind.code, kind.media_type
        file.name = f"Bài “<b>”.{kind.extensions[0]}"


def check(answer: Answer, promise: Promise, kind: FileKind) -> None:
    """All that the table promises of an answer with a file of this kind."""
    assert answer.status in (200, 206)
    media_type = answer.header("content-type").partition(";")[0]
    if promise.media_type is not None:
        assert media_type == promise.media_type
    else:
        assert media_type in {kind.media_type, "application/octet-stream"}
    assert media_type not in ACTIVE_TYPES
    assert answer.header("content-disposition").partition(";")[0] == _disposition(promise, kind)
    assert answer.header("content-security-policy") == promise.policy
    assert answer.header("cache-control") == promise.cache
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("cross-origin-resource-policy") == "same-origin"
    assert answer.header("cross-origin-opener-policy") == "same-origin"
    assert answer.header("referrer-policy") == "same-origin"
    assert answer.header("set-cookie") == ""
    assert answer.header("access-control-allow-origin") == ""


def _disposition(promise: Promise, kind: FileKind) -> str:
    if promise.disposition != "by kind":
        return promise.disposition
    shown = kind.code == "pdf" or (kind.group in SHOWN_GROUPS and kind.inline)
    return "inline" if shown else "attachment"
