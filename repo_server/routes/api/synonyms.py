"""Synonyms, and what a question becomes with them, as JSON, for administrators' programs."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.questions.synonyms import MOST_PHRASES, PHRASE_LIMIT
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathId
from repo_server.services import synonyms
from repo_server.services.library import Library
from repo_server.services.synonyms import SynonymView, Understanding

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
Text = Annotated[str, QueryParameter(max_length=500)]
Phrase = Annotated[str, Meta(min_length=1, max_length=PHRASE_LIMIT)]

_ADMINISTER = requires(Action.ADMINISTER)


class SynonymPage(Struct, frozen=True):
    """A page of rules, in alphabetical order."""

    total: int
    page: int
    size: int
    items: tuple[SynonymView, ...]


class SynonymWish(Struct, forbid_unknown_fields=True, frozen=True):
    """A rule to be: all phrases mean the same, or (`one_way`) the first means the others."""

    phrases: Annotated[tuple[Phrase, ...], Meta(min_length=2, max_length=MOST_PHRASES)]
    one_way: bool = False


@get("/api/synonyms", opt=_ADMINISTER, sync_to_thread=True)
def list_synonyms(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    q: Text = "",
    page: PageNumber = 1,
    size: PageSize = 50,
) -> SynonymPage:
    """The rules that hold all words of `q`."""
    found, total = synonyms.synonyms(library, viewer, q, page=page, size=size)
    return SynonymPage(total, page, size, found)


@post("/api/synonyms", opt=_ADMINISTER, sync_to_thread=True)
def add_synonym(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[SynonymWish],
) -> SynonymView:
    """Add a rule."""
    return synonyms.add_synonym(library, viewer, data.phrases, one_way=data.one_way)


@put("/api/synonyms/{synonym_id:int}", opt=_ADMINISTER, sync_to_thread=True)
def edit_synonym(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[SynonymWish],
    synonym_id: PathId,
) -> SynonymView:
    """Say a rule anew."""
    return synonyms.edit_synonym(library, viewer, synonym_id, data.phrases, one_way=data.one_way)


@delete(
    "/api/synonyms/{synonym_id:int}",
    opt=_ADMINISTER,
    status_code=HTTP_204_NO_CONTENT,
    sync_to_thread=True,
)
def delete_synonym(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], synonym_id: PathId
) -> None:
    """Delete a rule."""
    synonyms.delete_synonym(library, viewer, synonym_id)


@get("/api/understanding", opt=_ADMINISTER, sync_to_thread=True)
def understanding(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], q: Text
) -> Understanding:
    """What a question becomes: its terms with all readings, and what it names."""
    return synonyms.tried(library, viewer, q)


handlers = (list_synonyms, add_synonym, edit_synonym, delete_synonym, understanding)
