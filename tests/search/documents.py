"""Documents for the tests of search: a test says what it cares about, the rest is filled in."""

from collections.abc import Mapping, Sequence

from repo_server.domain.questions.base import as_typed
from repo_server.search.base import MaterialDocument, SearchIndex, SearchPage, SearchQuery


def material(
    id: int,
    title: str = "",
    body: str = "",
    *,
    rev: int = 1,
    description: str = "",
    keywords: Sequence[str] = (),
    facets: Mapping[str, Sequence[str]] | None = None,
    scopes: Sequence[str] = ("public",),
    published_at: int = 1_700_000_000,
    use: int = 0,
) -> MaterialDocument:
    return MaterialDocument(
        id=id,
        rev=rev,
        code=f"k7m{id:04d}",
        title=title,
        description=description,
        keywords=tuple(keywords),
        body=body,
        facets={name: tuple(values) for name, values in (facets or {}).items()},
        scopes=tuple(scopes),
        published_at=published_at,
        updated_at=published_at,
        use=use,
    )


def ids(page: SearchPage) -> list[int]:
    return [hit.id for hit in page.hits]


def asked(text: str = "", *, prefix: bool = False, **more: object) -> SearchQuery:
    """The query that means `text` as it is typed; `prefix`: the last word is unfinished."""
    return SearchQuery(as_typed(text, unfinished=prefix), **more)  # type: ignore[arg-type]


def found(index: SearchIndex, text: str, **more: object) -> list[int]:
    return ids(index.search(asked(text, **more)))  # type: ignore[arg-type]
