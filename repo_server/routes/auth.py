"""Who asks, and whether they may ask at all.

Each route declares its action: `@get("/api/me", opt=requires(Action.USE_ACCOUNT))`. The guard
`permitted` stands before every route; a route without an action answers only 500.
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler

from repo_server.domain.access import ANONYMOUS, GENERAL, Action, Viewer, require
from repo_server.domain.errors import NotAuthenticated
from repo_server.routes.boundary import HttpSettings, is_bearer
from repo_server.services import sign_ins, viewers
from repo_server.services.library import Library
from repo_server.services.sign_ins import SignInResult

AnyConnection = ASGIConnection[Any, Any, Any, Any]

_SESSION_SECONDS: Final = int(sign_ins.LIFETIME.total_seconds())


def requires(action: Action) -> dict[str, Action]:
    """The `opt` of a route that does `action`."""
    return {"action": action}


async def permitted(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application: the declared action is open to the one who asks.

    Actions on one material are decided by the service, which knows the material. Raises
    NotAuthenticated, Forbidden.
    """
    if connection.scope.get("method") == "OPTIONS":
        return
    action: Action = handler.opt["action"]
    if GENERAL.get(action) is not None:
        require(await asking(connection, provide_library(connection)), action)


def provide_library(request: AnyConnection) -> Library:
    """The dependency `library`: the one that the application has now."""
    library: Library = request.app.state.library
    return library


async def provide_viewer(request: AnyConnection, library: NamedDependency[Library]) -> Viewer:
    """The dependency `viewer`: who asks.

    It needs the library as a dependency, so that one is provided after the other: for several at
    once the framework starts a task each.
    """
    return await asking(request, library)


async def asking(connection: AnyConnection, library: Library) -> Viewer:
    """Who asks; looked up at most once a request, and not at all without a cookie or token.

    A bearer token outweighs a cookie. Raises NotAuthenticated for a bearer token that is not
    valid; a session that is not valid is nobody's, for a page that anybody may read stays so.
    """
    state = connection.scope["state"]
    known = state.get("viewer")
    if not isinstance(known, Viewer):
        known = state["viewer"] = await _viewer(connection, library)
    return known


async def _viewer(connection: AnyConnection, library: Library) -> Viewer:
    if is_program(connection):
        bearer = connection.headers["authorization"][7:].strip()
        found = await sync_to_thread(viewers.viewer_of_token, library, bearer)
        if found is None:
            raise NotAuthenticated
        return found
    token = session_token(connection)
    if token is None:
        return ANONYMOUS
    return await sync_to_thread(viewers.viewer_of_session, library, token) or ANONYMOUS


def is_program(connection: AnyConnection) -> bool:
    """Whether the request proves itself by a bearer token."""
    return is_bearer(connection.headers.get("authorization", "").encode("latin-1", "replace"))


def session_token(connection: AnyConnection) -> str | None:
    """The token in the session's cookie, whether it is valid or not."""
    return connection.cookies.get(_http(connection).cookie_name) or None


def signed_in(
    request: Request[Any, Any, Any], library: Library, email: str, password: str
) -> SignInResult:
    """Sign in the one who sends this request; the session that the browser had is ended.

    Raises what `services.sign_ins.sign_in` raises. The answer must carry `session_cookie`.
    """
    device = request.headers.get("user-agent", "")
    result = sign_ins.sign_in(library, email, password, device, client_address(request))
    before = session_token(request)
    if before is not None:
        sign_ins.sign_out(library, before)
    return result


def session_cookie(http: HttpSettings, token: str) -> Cookie:
    """The cookie that keeps a browser signed in."""
    return _cookie(http, token, _SESSION_SECONDS)


def ended_cookie(http: HttpSettings) -> Cookie:
    """The cookie that makes a browser forget its session."""
    return _cookie(http, "", 0)


def _cookie(http: HttpSettings, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=http.cookie_name,
        value=value,
        path="/",
        max_age=seconds,
        secure=http.secure,
        httponly=True,
        samesite="lax",
    )


def client_address(connection: AnyConnection) -> str:
    """The client's address: X-Forwarded-For is believed only from proxies that the settings name.

    It is read from the right, for each proxy adds the address it has seen; what stands left of the
    first address that is no proxy of ours was written by the client.
    """
    client = connection.scope.get("client")
    address = client[0] if client else ""
    networks = _networks(_http(connection).trusted_proxies)
    forwarded = connection.headers.get("x-forwarded-for", "")[-1000:].split(",")
    while _is_in(address, networks) and forwarded:
        said = forwarded.pop().strip()
        if not _is_address(said):
            break
        address = said
    return address


def _http(connection: AnyConnection) -> HttpSettings:
    http: HttpSettings = connection.app.state.http
    return http


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
