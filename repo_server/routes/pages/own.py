"""Pages of those who contribute and review: contribute, mine, the review desk."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import Forbidden, WrongState
from repo_server.domain.files import FILE_KINDS, FileKind, readable_size
from repo_server.domain.materials import FILES_LIMIT, Status
from repo_server.routes.auth import requires
from repo_server.routes.boundary import HttpSettings
from repo_server.routes.bounds import MAX_ID, PageNumber
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.quotas import use_bar
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import desk, picking, quotas, viewing
from repo_server.services.cards import Card, status_label
from repo_server.services.keeping import quarantine
from repo_server.services.library import Library

PAGE_SIZE: Final = 20
_GRADES: Final = tuple(str(grade) for grade in range(1, 13))


class TakenKind(Struct, frozen=True):
    """A group of files that are taken."""

    label: str
    extensions: tuple[str, ...]


class StatusTab(Struct, frozen=True):
    """A state with how many of one's materials are in it."""

    value: str
    label: str
    count: int
    selected: bool
    url: str


def _taken(request: HtmlRequest, pages: Pages) -> tuple[TakenKind, ...]:
    groups: dict[str, list[FileKind]] = {}
    for kind in FILE_KINDS.values():
        groups.setdefault(kind.group, []).append(kind)
    return tuple(
        TakenKind(
            pages.message(request, f"group.{group}"),
            tuple(kind.mark for kind in kinds),
        )
        for group, kinds in groups.items()
    )


def _target(library: Library, viewer: Viewer, material_id: int | None) -> Card | None:
    """The material that files are added to; Forbidden for one whose files the viewer leaves."""
    if material_id is None:
        return None
    view = viewing.material_by_id(library, viewer, material_id)
    if not view.can_edit_files:
        raise WrongState(status=view.card.status_label) if view.can_edit else Forbidden
    return view.card


@get("/dong-gop", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def contribute_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    target: Annotated[int | None, QueryParameter(name="hoc-lieu", ge=1, le=MAX_ID)] = None,
) -> Response[str]:
    """Send files; `hoc-lieu` names the material that they are added to."""
    kinds = FILE_KINDS.values()
    extensions = dict.fromkeys(extension for kind in kinds for extension in kind.extensions)
    http: HttpSettings = request.app.state.http
    card = _target(library, viewer, target)
    return pages.render(
        request,
        viewer,
        "contribute.html",
        target=card,
        files_limit=FILES_LIMIT - (card.file_count if card else 0),
        parallel=http.upload_parallel,
        max_size=library.max_file_size,
        max_label=readable_size(library.max_file_size),
        kinds=_taken(request, pages),
        accept=",".join(f".{extension}" for extension in extensions),
        refused_notes=tuple(
            pages.message(request, f"contribute.refused_{name}")
            for name in ("macro", "program", "password")
        ),
    )


@get("/cua-toi", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def own_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    status: Annotated[str, QueryParameter(max_length=20)] = "",
    page: PageNumber = 1,
) -> Response[str]:
    """One's own materials, last changed first."""
    state = status if status in set(Status) else None
    shelf = desk.own(library, viewer, state, page=page, size=PAGE_SIZE)
    total = shelf.counts.get(state, 0) if state else sum(shelf.counts.values())
    chosen = f"&status={state}" if state else ""
    return pages.render(
        request,
        viewer,
        "mine.html",
        items=shelf.items,
        statuses=_tabs(request, pages, shelf.counts, state),
        quarantined=quarantine.own(library, viewer),
        use=use_bar(quotas.own_use(library, viewer)),
        pager=pager(total, page, PAGE_SIZE, lambda number: f"/cua-toi?page={number}{chosen}"),
    )


def _tabs(
    request: HtmlRequest, pages: Pages, counts: dict[str, int], state: str | None
) -> tuple[StatusTab, ...]:
    everything = StatusTab(
        "", pages.message(request, "mine.all"), sum(counts.values()), state is None, "/cua-toi"
    )
    return (
        everything,
        *(
            StatusTab(
                one, status_label(one), counts.get(one, 0), state == one, f"/cua-toi?status={one}"
            )
            for one in Status
        ),
    )


@get("/duyet", opt=requires(Action.REVIEW), sync_to_thread=True)
def review_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    page: PageNumber = 1,
    subject: Annotated[str, QueryParameter(max_length=40)] = "",
    grade: Annotated[str, QueryParameter(max_length=2)] = "",
) -> Response[str]:
    """Submitted materials in one's scope, the longest waiting first."""
    subjects = picking.names(library).subjects
    # An address may be old or typed: what is no subject or grade filters nothing.
    asked = {
        "subject": subject if subject in subjects else "",
        "grade": grade if grade in _GRADES else "",
    }
    queue = desk.queue(
        library,
        viewer,
        subject=asked["subject"] or None,
        grade=int(asked["grade"]) if asked["grade"] else None,
        page=page,
        size=PAGE_SIZE,
    )
    return pages.render(
        request,
        viewer,
        "review.html",
        items=queue.items,
        total=queue.total,
        filters=asked,
        subjects=tuple(subjects.values()),
        grades=_GRADES,
        pager=pager(queue.total, page, PAGE_SIZE, lambda number: _queue_address(asked, number)),
    )


def _queue_address(asked: Mapping[str, str], page: int) -> str:
    pairs = [(name, value) for name, value in asked.items() if value]
    return f"/duyet?{urlencode([*pairs, ('page', page)])}"


handlers = (contribute_page, own_page, review_page)
