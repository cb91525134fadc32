"""Signing in and out, one's own sessions, tokens and password, as JSON."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from repo_server.domain.access import ROLE_LABELS, Action, Viewer
from repo_server.domain.errors import Forbidden
from repo_server.domain.wording import worded
from repo_server.routes.auth import (
    ended_cookie,
    is_program,
    requires,
    session_cookie,
    session_token,
    signed_in,
)
from repo_server.routes.bounds import PathId
from repo_server.services import access_tokens, accounts, sign_ins
from repo_server.services.access_tokens import DAYS_LIMIT, TokenView
from repo_server.services.library import Library
from repo_server.services.sign_ins import SessionView

AnyRequest = Request[Any, Any, Any]
PasswordText = Annotated[str, Meta(max_length=1024)]

_ACCOUNT = requires(Action.USE_ACCOUNT)
_SIGN_IN = requires(Action.SIGN_IN)


class Credentials(Struct, forbid_unknown_fields=True, frozen=True):
    """What a person proves themselves with."""

    email: Annotated[str, Meta(max_length=accounts.EMAIL_LIMIT)]
    password: PasswordText


class PasswordChange(Struct, forbid_unknown_fields=True, frozen=True):
    """The password that is in use and the one to come."""

    present: PasswordText
    new: PasswordText


class TokenWish(Struct, forbid_unknown_fields=True, frozen=True):
    """A token to be made; it lasts `days`."""

    name: Annotated[str, Meta(min_length=1, max_length=access_tokens.NAME_LIMIT)]
    days: Annotated[int, Meta(ge=1, le=DAYS_LIMIT)] = 90


class MyRole(Struct, frozen=True):
    """A role in an organization (its id), with the role's Vietnamese name."""

    role: str
    label: str
    organization: int


class Me(Struct, frozen=True):
    """Who is signed in."""

    id: int
    name: str
    email: str
    roles: tuple[MyRole, ...]


class MySession(Struct, frozen=True):
    """A browser that is signed in; `current` is the one that asks."""

    id: int
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class MySessions(Struct, frozen=True):
    """All of one's sessions, the one used last first."""

    items: tuple[MySession, ...]


class MyToken(Struct, frozen=True):
    """A token without its secret."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class MyTokens(Struct, frozen=True):
    """All of one's tokens, the newest first."""

    items: tuple[MyToken, ...]


class NewToken(Struct, frozen=True):
    """A token that was just made; `token` is told only now."""

    id: int
    name: str
    token: str
    expires_at: datetime


@post("/api/login", opt=_SIGN_IN, status_code=HTTP_200_OK, sync_to_thread=True)
def login(
    request: AnyRequest, library: NamedDependency[Library], data: JSONBody[Credentials]
) -> Response[Me]:
    """Sign in: the answer sets the session's cookie. 429 after too many tries."""
    result = signed_in(request, library, data.email, data.password)
    return Response(
        _me(result.viewer), cookies=[session_cookie(request.app.state.http, result.token)]
    )


@post("/api/logout", opt=_SIGN_IN, status_code=HTTP_204_NO_CONTENT, sync_to_thread=True)
def logout(request: AnyRequest, library: NamedDependency[Library]) -> Response[None]:
    """Sign out; also right for somebody who is not signed in."""
    token = session_token(request)
    if token is not None:
        sign_ins.sign_out(library, token)
    return Response(None, cookies=[ended_cookie(request.app.state.http)])


@get("/api/me", opt=_ACCOUNT, sync_to_thread=False)
def me(viewer: NamedDependency[Viewer]) -> Me:
    """Who is signed in, and their roles."""
    return _me(viewer)


@post("/api/password", opt=_ACCOUNT, status_code=HTTP_204_NO_CONTENT, sync_to_thread=True)
def change_password(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[PasswordChange],
) -> None:
    """Change one's password; every other session ends."""
    token = session_token(request)
    accounts.change_password(library, viewer, data.present, data.new, token=token)


@get("/api/sessions", opt=_ACCOUNT, sync_to_thread=True)
def sessions(
    request: AnyRequest, library: NamedDependency[Library], viewer: NamedDependency[Viewer]
) -> MySessions:
    """One's sessions."""
    views = sign_ins.sessions_of(library, viewer, session_token(request))
    return MySessions(tuple(_session(view) for view in views))


@delete("/api/sessions", opt=_ACCOUNT, sync_to_thread=True)
def end_other_sessions(
    request: AnyRequest, library: NamedDependency[Library], viewer: NamedDependency[Viewer]
) -> None:
    """End every session but the one that asks."""
    sign_ins.end_other_sessions(library, viewer, session_token(request))


@delete("/api/sessions/{session_id:int}", opt=_ACCOUNT, sync_to_thread=True)
def end_session(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], session_id: PathId
) -> None:
    """End one session."""
    sign_ins.end_session(library, viewer, session_id)


@get("/api/tokens", opt=_ACCOUNT, sync_to_thread=True)
def tokens(library: NamedDependency[Library], viewer: NamedDependency[Viewer]) -> MyTokens:
    """One's tokens for programs."""
    return MyTokens(tuple(_token(view) for view in access_tokens.tokens_of(library, viewer)))


@post("/api/tokens", opt=_ACCOUNT, sync_to_thread=True)
def create_token(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[TokenWish],
) -> NewToken:
    """Make a token. Only from a session: a token that leaked must not outlive itself."""
    if is_program(request):
        raise Forbidden
    token, view = access_tokens.create_token(library, viewer, data.name, data.days)
    return NewToken(view.id, view.name, token, view.expires_at)


@delete("/api/tokens/{token_id:int}", opt=_ACCOUNT, sync_to_thread=True)
def revoke_token(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], token_id: PathId
) -> None:
    """Revoke a token: it holds no longer, from the next request on."""
    access_tokens.revoke_token(library, viewer, token_id)


accounts_router = Router(
    "/",
    route_handlers=[
        login,
        logout,
        me,
        change_password,
        sessions,
        end_other_sessions,
        end_session,
        tokens,
        create_token,
        revoke_token,
    ],
    response_headers={"Cache-Control": "no-store"},
    tags=["accounts"],
)


def _me(viewer: Viewer) -> Me:
    roles = tuple(
        MyRole(
            membership.role.value,
            worded("role", membership.role, ROLE_LABELS[membership.role]),
            membership.organization_id,
        )
        for membership in viewer.memberships
    )
    return Me(viewer.account_id or 0, viewer.name, viewer.email, roles)


def _session(view: SessionView) -> MySession:
    return MySession(
        view.id, view.device, view.created_at, view.last_seen_at, view.expires_at, view.current
    )


def _token(view: TokenView) -> MyToken:
    return MyToken(view.id, view.name, view.created_at, view.last_used_at, view.expires_at)
