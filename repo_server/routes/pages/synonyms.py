"""The page of synonyms, where administrators edit them and try what a question becomes."""

from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.questions.synonyms import MOST_PHRASES, PHRASE_LIMIT
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathId
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import synonyms
from repo_server.services.library import Library
from repo_server.services.synonyms import SynonymView

ADDRESS: Final = "/quan-tri/tu-dong-nghia"
PAGE_SIZE: Final = 30

Text = Annotated[str, QueryParameter(max_length=500)]


class SynonymLine(Struct, frozen=True):
    """A rule: what is looked for, what it means as well, and the lines of its form."""

    said: str
    meant: tuple[str, ...]
    one_way: bool
    lines: str
    url: str


@get(ADDRESS, opt=requires(Action.ADMINISTER), sync_to_thread=True)
def synonyms_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    q: Text = "",
    thu: Text = "",
    page: PageNumber = 1,
) -> Response[str]:
    """The rules in alphabetical order; `q` looks through them, `thu` is a question to try."""
    found, total = synonyms.synonyms(library, viewer, q, page=page, size=PAGE_SIZE)
    kept = {name: value for name, value in (("q", q), ("thu", thu)) if value}
    return pages.render(
        request,
        viewer,
        "synonyms.html",
        q=q,
        tried=synonyms.tried(library, viewer, thu) if thu.strip() else None,
        question=thu,
        total=total,
        synonyms=tuple(map(_line, found)),
        most=MOST_PHRASES,
        longest=MOST_PHRASES * (PHRASE_LIMIT + 1),
        pager=pager(
            total,
            page,
            PAGE_SIZE,
            lambda number: f"{ADDRESS}?{urlencode({**kept, 'page': number})}",
        ),
    )


def _line(one: SynonymView) -> SynonymLine:
    said, *meant = one.phrases
    return SynonymLine(
        said, tuple(meant), one.one_way, "\n".join(one.phrases), f"{ADDRESS}/{one.id}"
    )


@post(ADDRESS, opt=requires(Action.ADMINISTER), sync_to_thread=True)
def add(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
) -> Redirect:
    """Add a rule."""
    phrases, one_way = _said(form)
    synonyms.add_synonym(library, viewer, phrases, one_way=one_way)
    return see(ADDRESS, "synonym_added")


@post(f"{ADDRESS}/{{synonym_id:int}}", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def edit(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
    synonym_id: PathId,
) -> Redirect:
    """Say a rule anew."""
    phrases, one_way = _said(form)
    synonyms.edit_synonym(library, viewer, synonym_id, phrases, one_way=one_way)
    return see(ADDRESS, "synonym_edited")


@post(f"{ADDRESS}/{{synonym_id:int}}/xoa", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def delete(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], synonym_id: PathId
) -> Redirect:
    """Delete a rule."""
    synonyms.delete_synonym(library, viewer, synonym_id)
    return see(ADDRESS, "synonym_deleted")


def _said(form: Form) -> tuple[list[str], bool]:
    """The phrases, one a line, and whether only the first means the others."""
    return form.one("phrases").splitlines(), form.one("one_way") == "1"


handlers = (synonyms_page, add, edit, delete)
