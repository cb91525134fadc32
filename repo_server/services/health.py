"""How the engines are."""

from collections.abc import Callable
from dataclasses import dataclass

from repo_server.domain.errors import KhoError
from repo_server.services import indexing
from repo_server.services.library import Library


@dataclass(frozen=True, slots=True)
class EngineState:
    """ "ok" or the code of the error, by engine; how many materials each index has yet to learn."""

    database: str
    storage: str
    search: dict[str, str]
    index_lag: dict[str, int]


def state(library: Library) -> EngineState:
    """Ask every engine once; each answers within its own deadline."""
    database = _asked(library.database.check)
    return EngineState(
        database,
        _asked(library.storage.check),
        {index.name: _asked(index.check) for index in library.indexes},
        indexing.lag(library) if database == "ok" else {},
    )


def _asked(check: Callable[[], None]) -> str:
    try:
        check()
    except KhoError as error:
        return error.code
    return "ok"
