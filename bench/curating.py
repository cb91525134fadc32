"""A collection of 500 materials, and a desk where 20,000 submissions wait."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from litestar import Litestar
from sqlalchemy import Engine, delete, event, insert, select, text, update

from bench.clients import Connection, wanted
from bench.processes import Family, ProcessorClock
from bench.servers import Server, kho
from bench.tables import Row, not_measured, p50, p95
from bench.workshop import Workshop, catalogue_maker, file_row, opened
from repo_server.app import create_app
from repo_server.database.models import Blob, Material, MaterialFile, Organization
from repo_server.database.models import Placement as PlacementRow
from repo_server.domain.access import Role, Viewer
from repo_server.domain.materials import Status
from repo_server.logs import configure_logging
from repo_server.services import access_tokens, accounts, collections, operators, organizations
from repo_server.services.cataloguing import add_records
from repo_server.services.collection_contents import (
    Contents,
    Placed,
    SectionContents,
    put_contents,
)
from repo_server.services.collection_views import collection_by_id
from repo_server.services.collections import CollectionFields
from repo_server.services.library import Library
from repo_server.settings import from_environment
from tests.routes.edge import ask
from tests.servers.postgresql import PostgresMissing, own_postgresql

_GOAL: Final = 150.0
"""Milliseconds that 19 of 20 answers may take."""
_FEW: Final = 5
_SECTIONS: Final = 10
_SCHOOLS: Final = 40
_NOTE: Final = "Cho học sinh làm theo nhóm, rồi chiếu đáp án ở trang cuối."


@dataclass(frozen=True, slots=True)
class Desk:
    """Addresses of a collection of few and of one of many, and how many wait at the desk.

    `editor` is a token of the department's editor, who sees all that wait; `neighbor` of one of a
    single school.
    """

    short: str
    long: str
    editor: str
    neighbor: str
    places: int
    waiting: int


def measure(workshop: Workshop) -> list[Row]:
    """Milliseconds of each page with one client, and its statements, on both databases."""
    rows = _measured(workshop, "SQLite", workshop.folder("desk"), {}, ())
    try:
        with own_postgresql() as server:
            settings = {"KHO_DATABASE_URL": server.create_database("desk")}
            folder = workshop.folder("desk-postgresql")
            beside = (Family(server.pid),)
            return rows + _measured(workshop, "PostgreSQL", folder, settings, beside)
    except PostgresMissing as missing:
        return [*rows, not_measured("PostgreSQL", str(missing))]


def _measured(
    workshop: Workshop,
    name: str,
    data: Path,
    settings: Mapping[str, str],
    beside: Sequence[Family],
) -> list[Row]:
    """`beside`: what works for the server in processes of its own."""
    with opened(data, settings) as library:
        desk = _furnished(library, workshop)
    rows = _statements(name, data, settings, desk)
    count, last = workshop.size(100, 3), (desk.waiting - 1) // 40 + 1
    pages = [f"{desk.long}?page={page + 1}" for page in range((desk.places - 1) // 60 + 1)]
    asked = [
        (f"collection page, {desk.places} items", pages, ""),
        ("its sheet of QR codes", [f"{desk.long}/in"], ""),
        ("its page for the editor", [f"{desk.long}/sua"], desk.editor),
        (f"queue, {desk.waiting:,} wait, first page", ["/duyet"], desk.editor),
        ("queue, last page", [f"/duyet?page={last}"], desk.editor),
        ("queue, one subject and grade", ["/duyet?subject=toan&grade=6"], desk.editor),
    ]
    with kho(data, {"KHO_WORKER_JOBS": "0", **settings}) as server:
        families = (server.family, *beside)
        for what, paths, token in asked:
            rows.append(_page(server, families, f"{name}: {what}", paths, token, count))
    return rows


def _page(
    server: Server,
    families: Sequence[Family],
    name: str,
    paths: Sequence[str],
    token: str,
    count: int,
) -> Row:
    """p95 of `count` answers, asked for one after the other."""
    seconds, spent = [], []
    headers = {"authorization": f"Bearer {token}"} if token else None
    with Connection(server.port, headers) as connection:
        for path in paths:
            wanted(connection.ask("GET", path), 200)
        clock = ProcessorClock(*families)
        for path in islice(cycle(paths), count):
            before = clock.read()
            seconds.append(1000 * wanted(connection.ask("GET", path), 200).seconds)
            spent.append(1000 * (clock.read() - before))
    note = f"p50 {p50(seconds):.1f}; processor p50 {p50(spent):.1f}, p95 {p95(spent):.1f}"
    return Row(f"{name}, p95", p95(seconds), "ms", at_most=_GOAL, note=note)


def _statements(name: str, data: Path, settings: Mapping[str, str], desk: Desk) -> list[Row]:
    """Statements of a page with many on it; the goal is what the same page takes with few."""
    configure_logging("warning")
    app = create_app(from_environment({"KHO_DATA": str(data), **settings}))
    many, few = f"{name}: statements, collection of {desk.places}", f"{_FEW} items"
    try:
        return [
            _against(app, many, few, (desk.long, ""), (desk.short, "")),
            _against(
                app,
                f"{name}: statements, queue of {desk.waiting:,}",
                f"{desk.waiting // _SCHOOLS} waiting",
                ("/duyet", desk.editor),
                ("/duyet", desk.neighbor),
            ),
        ]
    finally:
        app.state.library.close()


def _against(
    app: Litestar, name: str, few: str, long: tuple[str, str], short: tuple[str, str]
) -> Row:
    sent = _counted(app, *short)
    return Row(name, _counted(app, *long), "", at_most=sent, note=f"{sent} with {few}")


def _counted(app: Litestar, path: str, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with _heard() as sent:
        # The first answer reads what is then kept for some seconds.
        for _ in range(2):
            sent.clear()
            answer = ask(app, path, headers=headers)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
    return len(sent)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Every statement that this process sends to any database."""
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _furnished(library: Library, workshop: Workshop) -> Desk:
    places, waiting = workshop.size(500, 20), workshop.size(20_000, 80)
    keeper = operators.acting_for(library, None)
    records = catalogue_maker(library).records(places + waiting)
    report = add_records(library, keeper, records)
    if report.refused:
        raise RuntimeError(f"{report.refused[0]}")
    schools = [f"truong-{number}" for number in range(_SCHOOLS)]
    for code in schools:
        parents = {"professional": accounts.DEPARTMENT[0]}
        organizations.add_organization(library, code, f"Trường {code}", "school", parents)
    with library.database.read() as session:
        ids = list(session.scalars(select(Material.id).order_by(Material.id)))
    _submit(library, ids[places:])
    curator = operators.acting_for(library, None)
    return Desk(
        short=_collection(library, curator, ids[:_FEW]),
        long=_collection(library, curator, ids[:places]),
        editor=_token(library, "bientap@so.invalid", None),
        neighbor=_token(library, "bientap@truong.invalid", schools[0]),
        places=places,
        waiting=waiting,
    )


def _submit(library: Library, ids: Sequence[int]) -> None:
    """As if the schools had sent them in, each with one file; publication is taken back in SQL."""
    sizes = {id_: f"{id_:064x}" for id_ in ids}
    with library.database.write() as session:
        schools = session.scalars(
            select(Organization.id).where(Organization.kind == "school").order_by(Organization.id)
        ).all()
        for number, school in enumerate(schools):
            session.execute(
                update(Material)
                .where(Material.id.in_(ids[number :: len(schools)]))
                .values(
                    status=Status.SUBMITTED, submitted_at=Material.published_at,
                    published_at=None, organization_id=school,
                )
            )  # fmt: skip
        session.execute(delete(PlacementRow).where(PlacementRow.material_id >= ids[0]))
        blobs = [{"sha256": sha256, "size": 120_000} for sha256 in sizes.values()]
        session.execute(insert(Blob), blobs)
        session.execute(insert(MaterialFile), [file_row(*pair) for pair in sizes.items()])
    with library.database.write() as session:
        # A database that lives on keeps such counts by itself.
        session.execute(text("ANALYZE"))


def _collection(library: Library, curator: Viewer, ids: Sequence[int]) -> str:
    """A published collection of these in sections, every item with a note; its address."""
    made = collections.create_collection(library, curator, CollectionFields("Ôn tập cả năm"))
    each = -(-len(ids) // _SECTIONS)
    sections = tuple(
        SectionContents(
            f"Tuần {start // each + 1}",
            items=tuple(Placed(id_, _NOTE) for id_ in ids[start : start + each]),
        )
        for start in range(0, len(ids), each)
    )
    rev = collection_by_id(library, curator, made.id).rev
    put = put_contents(library, curator, made.id, rev, Contents(sections=sections))
    collections.publish_collection(library, curator, made.id, put.rev)
    return f"/bo-suu-tap/{made.code}"


def _token(library: Library, email: str, organization: str | None) -> str:
    """A bearer token of a new editor."""
    accounts.add_account(library, email, Role.EDITOR, "Trần Quốc Bình", organization=organization)
    # The token is the account's: whoever comes with it has the account's rights.
    viewer = operators.acting_for(library, email)
    return access_tokens.create_token(library, viewer, "bench", 1)[0]
