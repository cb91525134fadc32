"""The whole application for tests of its routes, and people who visit it.

A `House` is what `create_app` builds, on a database that holds the shipped curriculum; its worker
does not run, so that a test decides when files are checked and indexes are fed.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from litestar import Litestar
from litestar.types import ASGIApp

from repo_server.app import create_app
from repo_server.database.models import SignIn, utc_now
from repo_server.domain.access import Role, Viewer
from repo_server.services import access_tokens, indexing
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.viewers import token_hash
from repo_server.services.viewing import MaterialView
from repo_server.settings import from_environment
from tests import libraries
from tests.inspection.samples import SENTENCE
from tests.libraries import COMPLETE
from tests.routes.edge import HOST, Answer, ask

PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Visitor:
    """Somebody with a browser, signed in where there is a session; or a program with a token."""

    def __init__(self, app: Litestar, *, cookie: str = "", bearer: str = "") -> None:
        self.app = app
        self.cookies = {"kho": cookie} if cookie else {}
        self.bearer = bearer

    def ask(
        self,
        method: str,
        target: str | bytes,
        *,
        json_body: object = None,
        form: Mapping[str, object] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, from our own pages; keep the cookies of its answer."""
        sent = {"sec-fetch-site": "same-origin"} | self._credentials() | dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent = {"content-type": "application/json"} | sent
        elif form is not None:
            body = urlencode(form, doseq=True).encode()
            sent = {"content-type": "application/x-www-form-urlencoded"} | sent
        answer = ask(self.app, target, method, sent, body)
        self._keep(answer)
        return answer

    def get(self, target: str, **headers: str) -> Answer:
        """GET as a program does; keyword arguments are headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", target, headers=named)

    def page(self, target: str) -> Answer:
        """GET as a browser's window does."""
        return self.ask("GET", target, headers=PAGE)

    def post(self, target: str, **fields: object) -> Answer:
        """Send a form."""
        return self.ask("POST", target, form=fields, headers=PAGE)

    def _credentials(self) -> dict[str, str]:
        if self.bearer:
            return {"authorization": f"Bearer {self.bearer}"}
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": pairs} if pairs else {}

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, content = cookie.partition("=")
                self.cookies[key] = content.strip('"')
                if "Max-Age=0" in rest:
                    del self.cookies[key]


@dataclass(frozen=True, slots=True)
class House:
    """The application and its engines."""

    app: Litestar

    @property
    def library(self) -> Library:
        library: Library = self.app.state.library
        return library

    def stranger(self) -> Visitor:
        """Somebody without an account."""
        return Visitor(self.app)

    def browser(self, viewer: Viewer) -> Visitor:
        """The viewer, signed in by a session."""
        token = secrets.token_urlsafe(32)
        with self.library.database.write() as session:
            session.add(
                SignIn(
                    token_hash=token_hash(token),
                    account_id=viewer.account_id,
                    device="Firefox",
                    expires_at=utc_now() + timedelta(days=1),
                )
            )
        return Visitor(self.app, cookie=token)

    def program(self, viewer: Viewer) -> Visitor:
        """A program of the viewer's, with a token."""
        token, _ = access_tokens.create_token(self.library, viewer, "kịch bản", 1)
        return Visitor(self.app, bearer=token)

    def person(self, role: Role = Role.TEACHER, organization: str | None = None) -> Viewer:
        """A new account in the organization of that code (None: the department)."""
        return libraries.person(self.library, role, organization=organization)

    def visitor(self, role: Role = Role.TEACHER) -> Visitor:
        """A new account with its browser."""
        return self.browser(self.person(role))

    def draft(
        self, owner: Viewer, description: Description = COMPLETE, content: bytes = SENTENCE.encode()
    ) -> MaterialView:
        """A material of one file with that description."""
        return libraries.draft(self.library, owner, description, content)

    def published(
        self,
        owner: Viewer,
        description: Description = COMPLETE,
        content: bytes = SENTENCE.encode(),
    ) -> MaterialView:
        """A published material that the index knows."""
        editor = self.person(Role.EDITOR)
        made = libraries.published(self.library, owner, editor, description, content)
        self.feed()
        return made

    def feed(self) -> None:
        """Let the indexes know what the database knows."""
        indexing.feed_all(self.library)


class _BuiltOnce:
    """Builds the routes once, for all houses of which one stands at a time.

    Building them costs more than most tests; what an application remembers is its state and what
    wraps it, and both are new for each house.
    """

    def __init__(self) -> None:
        self._app: Litestar | None = None
        self._handler: ASGIApp | None = None

    def __call__(self, **given: Any) -> Litestar:
        if self._app is None:
            self._app = Litestar(**given)
            self._handler = self._app.asgi_handler
        self._app.state, self._app.asgi_handler = given["state"], self._handler
        return self._app


_built_once = _BuiltOnce()


def house_of_one_test(folder: Path, database_url: str = "") -> House:
    """The application on the data in `folder`; there must be no other one of these beside it."""
    with patch("repo_server.app.Litestar", _built_once):
        return house_in(folder, **({"database_url": database_url} if database_url else {}))


def house_in(folder: Path, **settings: str) -> House:
    """The application on the data in `folder`, with these settings (without KHO_, lower case)."""
    given = {f"KHO_{name.upper()}": value for name, value in settings.items()}
    environment = {"KHO_DATA": str(folder), "KHO_WORKER_JOBS": "0"} | given
    with patch("repo_server.app.Inspector", lambda **_: libraries.lasting_inspector()):
        return House(create_app(from_environment(environment)))


def set_cookies(answer: Answer) -> list[str]:
    """Every Set-Cookie header of the answer."""
    return [value for name, value in answer.headers if name == "set-cookie"]


def error_of(answer: Answer) -> dict[str, Any]:
    """The error that a program reads, after a look at its shape."""
    body: dict[str, Any] = answer.json
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "details"}, body
    return body["error"]  # type: ignore[no-any-return]


__all__ = [
    "HOST",
    "PAGE",
    "House",
    "Visitor",
    "error_of",
    "house_in",
    "house_of_one_test",
    "set_cookies",
]
