"""How much each organization holds, for administrators, who set its quota here."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import InvalidValue
from repo_server.domain.files import readable_size
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathId
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import quotas
from repo_server.services.library import Library
from repo_server.services.quotas import OrganizationUse, Use

ADDRESS: Final = "/quan-tri/dung-luong"
PAGE_SIZE: Final = 50


class UseBar(Struct, frozen=True):
    """Used and allowed, readable; `percent` and `limit` are None without a quota."""

    used: str
    limit: str | None
    percent: int | None


class OrganizationLine(Struct, frozen=True):
    """An organization with its use; `own` is its own quota in MiB as the field shows it."""

    id: int
    name: str
    code: str
    use: UseBar
    own: str
    url: str


def use_bar(use: Use) -> UseBar:
    """What a page shows of a use; more than is allowed is still a full bar."""
    if use.limit is None:
        return UseBar(readable_size(use.used), None, None)
    percent = min(100, use.used * 100 // use.limit)
    return UseBar(readable_size(use.used), readable_size(use.limit), percent)


@get(ADDRESS, opt=requires(Action.ADMINISTER), sync_to_thread=True)
def quotas_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    page: PageNumber = 1,
) -> Response[str]:
    """All organizations, the fullest first."""
    found, total = quotas.organizations(library, viewer, page=page, size=PAGE_SIZE)
    return pages.render(
        request,
        viewer,
        "quotas.html",
        organizations=tuple(map(_line, found)),
        most=quotas.MAX_MIB,
        pager=pager(total, page, PAGE_SIZE, lambda number: f"{ADDRESS}?page={number}"),
    )


def _line(found: OrganizationUse) -> OrganizationLine:
    return OrganizationLine(
        id=found.id,
        name=found.name,
        code=found.code,
        use=use_bar(found.use),
        own="" if found.own_mib is None else str(found.own_mib),
        url=f"{ADDRESS}/{found.id}",
    )


@post(f"{ADDRESS}/{{organization_id:int}}", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def set_quota(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
    organization_id: PathId,
) -> Redirect:
    """Set the quota of one; an empty field leaves it to the settings."""
    mib = form.number("quota")
    if mib is None and form.one("quota").strip():
        raise InvalidValue("quota", f"Hạn mức là một số từ 0 đến {quotas.MAX_MIB} MiB.")
    quotas.set_quota(library, viewer, organization_id, mib)
    return see(ADDRESS, "quota_set")


handlers = (quotas_page, set_quota)
