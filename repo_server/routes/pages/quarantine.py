"""The page of files in which a threat was found, where administrators decide about them."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.files import readable_size
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathCode
from repo_server.routes.pages.admin import moment
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services.cards import material_url
from repo_server.services.keeping import quarantine
from repo_server.services.keeping.quarantine import QuarantinedFile, QuarantinedUpload
from repo_server.services.library import Library

ADDRESS: Final = "/quan-tri/cach-li"
PAGE_SIZE: Final = 20


class QuarantineLine(Struct, frozen=True):
    """A file that is set apart. `url` leads to its material; `destroy_url` is for uploads alone."""

    name: str
    threat: str
    sha256: str
    facts: tuple[str, ...]
    url: str | None
    lift_url: str
    destroy_url: str | None


@get(ADDRESS, opt=requires(Action.ADMINISTER), sync_to_thread=True)
def quarantine_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    page: PageNumber = 1,
) -> Response[str]:
    """What is set apart, last found first."""
    found = quarantine.quarantine(library, viewer, page=page, size=PAGE_SIZE)
    return pages.render(
        request,
        viewer,
        "quarantine.html",
        uploads=tuple(_upload(request, pages, one) for one in found.uploads),
        files=tuple(map(_file, found.files)),
        scanned=library.scanner is not None,
        pager=pager(found.total, page, PAGE_SIZE, lambda number: f"{ADDRESS}?page={number}"),
    )


def _upload(request: HtmlRequest, pages: Pages, one: QuarantinedUpload) -> QuarantineLine:
    at = f"{ADDRESS}/{one.sha256}"
    until = pages.message(request, "quarantine.until", when=moment(one.until, ""))
    facts = (one.sender, readable_size(one.size), moment(one.found_at, ""), until)
    return QuarantineLine(
        one.name, one.threat, one.sha256, facts, None, f"{at}/cho-qua", f"{at}/xoa"
    )


def _file(one: QuarantinedFile) -> QuarantineLine:
    return QuarantineLine(
        one.title or one.name,
        one.threat,
        one.sha256,
        (one.name, moment(one.found_at, "")),
        material_url(one.code),
        f"{ADDRESS}/{one.sha256}/cho-qua",
        None,
    )


@post(f"{ADDRESS}/{{sha256:str}}/cho-qua", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def lift(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
    sha256: PathCode,
) -> Redirect:
    """Let these bytes pass."""
    quarantine.lift(library, viewer, sha256, form.one("reason"))
    return see(ADDRESS, "quarantine_lifted")


@post(f"{ADDRESS}/{{sha256:str}}/xoa", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def destroy(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], sha256: PathCode
) -> Redirect:
    """Destroy the uploads of these bytes."""
    quarantine.destroy(library, viewer, sha256)
    return see(ADDRESS, "quarantine_destroyed")


handlers = (quarantine_page, lift, destroy)
