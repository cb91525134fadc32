"""The way in, and what Kho is."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.wording import worded
from repo_server.routes.auth import requires
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.search.base import Sort
from repo_server.services import discovery
from repo_server.services.asking import Asked
from repo_server.services.collection_views import collections
from repo_server.services.curriculum import item_url
from repo_server.services.library import Library

NEWEST: Final = 8
NEWEST_COLLECTIONS: Final = 4


class LevelGrade(Struct, frozen=True):
    """A grade on the home page."""

    number: int
    label: str
    count: int
    url: str


class Level(Struct, frozen=True):
    """A school level with its grades."""

    code: str
    name: str
    grades: tuple[LevelGrade, ...]


class Subject(Struct, frozen=True):
    """A subject on the home page."""

    label: str
    url: str
    count: int


_LEVELS: Final = (
    ("tieu-hoc", "level.primary", range(1, 6)),
    ("thcs", "level.lower_secondary", range(6, 10)),
    ("thpt", "level.upper_secondary", range(10, 13)),
)


@get("/", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def home(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """The way in: search, the grades, what is new."""
    counts = discovery.search(
        library, viewer, Asked(size=NEWEST, sort=Sort.NEWEST, facets=("grade", "subject"))
    )
    grades = {value.value: value.count for value in counts.facets.get("grade", ())}
    return pages.render(
        request,
        viewer,
        "home.html",
        levels=tuple(
            Level(
                code,
                pages.message(request, key),
                tuple(_grade(number, grades.get(str(number), 0)) for number in numbers),
            )
            for code, key, numbers in _LEVELS
        ),
        newest=counts.items,
        collections=collections(library, viewer, "", page=1, size=NEWEST_COLLECTIONS)[1],
        total_materials=counts.total,
        total_subjects=len(counts.facets.get("subject", ())),
        popular_subjects=tuple(
            Subject(value.label, f"/tim?subject={value.value}", value.count)
            for value in counts.facets.get("subject", ())[:10]
        ),
    )


def _grade(number: int, count: int) -> LevelGrade:
    url = item_url("gdpt2018", f"lop-{number}")
    return LevelGrade(number, worded("grade", str(number), f"Lớp {number}"), count, url)


@get("/gioi-thieu", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def about_page(
    request: HtmlRequest, viewer: NamedDependency[Viewer], pages: NamedDependency[Pages]
) -> Response[str]:
    """What Kho is, what the licences mean, what is kept of readers."""
    return pages.render(request, viewer, "about.html")


handlers = (home, about_page)
