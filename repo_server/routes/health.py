"""Whether the server lives, and whether it could serve now."""

from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from msgspec import Struct

from repo_server.domain.access import Action
from repo_server.routes.auth import requires
from repo_server.services import health
from repo_server.services.health import EngineState
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
def ready(library: NamedDependency[Library], state: State) -> Response[Ready]:
    """200 while the database answers: without search and files Kho still serves what it can.

    503 also from a process that was asked to stop: it serves on, but nothing new should come to it.
    """
    engines = health.state(library)
    status = "stopping" if state.stopping.begun else _standing(engines)
    answer = Ready(status, engines.database, engines.storage, engines.search, engines.index_lag)
    code = 200 if status in ("ok", "degraded") else 503
    return Response(answer, status_code=code, headers={"cache-control": "no-store"})


def _standing(engines: EngineState) -> str:
    if engines.database != "ok":
        return "unavailable"
    others = (engines.storage, *engines.search.values())
    return "ok" if all(code == "ok" for code in others) else "degraded"


handlers = (live, ready)
