"""What tests of the edge share: raw requests, and a small application made of the edge's parts.

A raw request reaches the application as a server hands it on, so that it can hold what no client
library would send.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg, FromPath, FromQuery, JSONBody
from litestar.static_files import create_static_files_router
from msgspec import Meta, Struct
from sqlalchemy import text

from repo_server.database.engine import Database
from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import DatabaseUnavailable, TooManyRequests
from repo_server.routes.api.accounts import accounts_router
from repo_server.routes.auth import permitted, provide_library, provide_viewer, requires
from repo_server.routes.boundary import HttpSettings, configure, enclose
from repo_server.routes.bytes import SANDBOX
from repo_server.routes.errors import AnyRequest as AnyRequest
from repo_server.services.library import Library
from tests.services.signing import library_of

HOST = "kho.example.vn"
PUBLIC = requires(Action.READ_PUBLIC)
BODY_LIMIT = 1_000_000
ShortText = Annotated[str, Meta(max_length=100)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_read: int

    def header(self, name: str) -> str:
        """The one header of this name; "" when there is none."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.json["error"]["code"])


def ask(
    app: Litestar,
    target: str | bytes = "/",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | dict[str, Any] = b"",
    client: str = "203.0.113.7",
) -> Answer:
    """Send one request; a dictionary goes as JSON."""
    sent = {"host": HOST} | (headers or {})
    if isinstance(body, dict):
        body, sent = json.dumps(body).encode(), {"content-type": "application/json"} | sent
    if body:
        sent = {"content-length": str(len(body))} | sent
    return asyncio.run(_exchange(app, scope_of(target, method, sent, client), body))


def scope_of(
    target: str | bytes, method: str, headers: dict[str, str], client: str = "203.0.113.7"
) -> dict[str, Any]:
    """A request as a server hands it on."""
    raw = target.encode("latin-1") if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> Answer:
    chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
    total, answers = len(chunks), []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        chunk = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await app(scope, receive, send)
    start = answers[0]
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"])
    content = b"".join(message.get("body", b"") for message in answers[1:])
    return Answer(start["status"], headers, content, total - len(chunks))


class Note(Struct, forbid_unknown_fields=True, frozen=True):
    """Something to store."""

    title: ShortText
    number: int = 0
    notes: tuple[Any, ...] = ()


class Filled(Struct, forbid_unknown_fields=True, frozen=True):
    """A form."""

    title: ShortText


def _stored(library: Library, value: object) -> dict[str, str]:
    """What the database makes of a value: it answers it, or refuses it."""
    with library.database.write() as session:
        column = "BIGINT" if isinstance(value, int) else "VARCHAR"
        statement = text(f"SELECT CAST(:value AS {column})")
        return {"value": str(session.execute(statement, {"value": value}).scalar())}


@get("/text/{value:str}", opt=PUBLIC, sync_to_thread=True)
def a_text(library: NamedDependency[Library], value: FromPath[str]) -> dict[str, str]:
    return _stored(library, value)


@get("/number/{value:int}", opt=PUBLIC, sync_to_thread=True)
def a_number(library: NamedDependency[Library], value: FromPath[int]) -> dict[str, str]:
    return _stored(library, value)


@get("/search", opt=PUBLIC, sync_to_thread=True)
def a_search(
    library: NamedDependency[Library], q: FromQuery[str] = "", page: FromQuery[int] = 1
) -> dict[str, str]:
    return {"q": _stored(library, q)["value"], "page": _stored(library, page)["value"]}


@post("/note", opt=PUBLIC, sync_to_thread=True)
def a_note(library: NamedDependency[Library], data: JSONBody[Note]) -> dict[str, str]:
    _stored(library, data.number)
    return _stored(library, data.title)


@post("/form", opt=PUBLIC, sync_to_thread=True)
def a_form(
    library: NamedDependency[Library],
    data: Annotated[Filled, BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)],
) -> dict[str, str]:
    return _stored(library, data.title)


@post("/raw", opt=PUBLIC)
async def raw_bytes(request: AnyRequest) -> dict[str, int]:
    return {"size": sum([len(chunk) async for chunk in request.stream()])}


@post("/refused-early", opt=PUBLIC, sync_to_thread=False)
def refused_early() -> None:
    raise TooManyRequests(retry_after=77)


@get("/user-content", opt=PUBLIC, sync_to_thread=False)
def user_content() -> Response[bytes]:
    return Response(b"<script>", headers={"Content-Security-Policy": SANDBOX})


@get(["/broken", "/api/broken"], opt=PUBLIC, sync_to_thread=False)
def broken() -> None:
    raise RuntimeError("the secret of the house")


@get("/down", opt=PUBLIC, sync_to_thread=False)
def down() -> None:
    raise DatabaseUnavailable


@get("/undeclared", sync_to_thread=False)
def undeclared() -> None:
    return None


@get("/who", opt=PUBLIC, sync_to_thread=False)
def who(viewer: NamedDependency[Viewer]) -> dict[str, str]:
    return {"who": viewer.email}


@get("/queue", opt=requires(Action.REVIEW), sync_to_thread=False)
def queue() -> dict[str, str]:
    return {}


@get("/edit", opt=requires(Action.EDIT), sync_to_thread=False)
def edit() -> dict[str, str]:
    return {}


def small_app(
    database: Database, http: HttpSettings | None = None, static: Path | None = None
) -> Litestar:
    """An application with the edge of the real one and a few routes that show what comes in."""
    library = library_of(database)
    handlers: list[Any] = [
        a_text, a_number, a_search, a_note, a_form, raw_bytes, refused_early, user_content,
        broken, down, undeclared, who, queue, edit, accounts_router,
    ]  # fmt: skip
    if static is not None:
        handlers.append(create_static_files_router("/static", [static], opt=PUBLIC))
    app = Litestar(
        handlers,
        dependencies={
            "library": Provide(provide_library, sync_to_thread=False),
            "viewer": Provide(provide_viewer),
        },
        guards=[permitted],
        on_app_init=[configure],
        request_max_body_size=BODY_LIMIT,
        state=State({"library": library}),
        openapi_config=None,
        logging_config=None,
    )
    enclose(app, http or HttpSettings())
    return app
