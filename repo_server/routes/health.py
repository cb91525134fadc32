"""Whether the server lives, and whether it could serve now."""

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from repo_server.domain.access import Action
from repo_server.routes.auth import requires
from repo_server.services import health
from repo_server.services.library import Library


class Alive(Struct, frozen=True):
    """The process answers."""

    status: str


class Ready(Struct, frozen=True):
    """What answers behind the process: "ok" or the stable code of an error, by engine."""

    status: str
    database: str
    storage: str
    search: dict[str, str]
    index_lag: dict[str, int]


@get("/health/live", opt=requires(Action.READ_PUBLIC), sync_to_thread=False)
def live() -> Alive:
    """Answers as long as the process does."""
    return Alive("ok")


@get("/health/ready", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def ready(library: NamedDependency[Library]) -> Response[Ready]:
    """200 while the database answers: without search and files Kho still serves what it can."""
    state = health.state(library)
    healthy = state.database == "ok"
    degraded = state.storage != "ok" or any(code != "ok" for code in state.search.values())
    status = ("degraded" if degraded else "ok") if healthy else "unavailable"
    answer = Ready(status, state.database, state.storage, state.search, state.index_lag)
    return Response(
        answer, status_code=200 if healthy else 503, headers={"cache-control": "no-store"}
    )


handlers = (live, ready)
