"""Signing in and out, and one's own account."""

from dataclasses import replace
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import InvalidValue, TooManyRequests, WrongCredentials
from repo_server.routes.auth import (
    ended_cookie,
    requires,
    session_cookie,
    session_token,
    signed_in,
)
from repo_server.routes.bounds import PathId
from repo_server.routes.pages.devices import device_name
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import access_tokens, accounts, sign_ins
from repo_server.services.library import Library

TOKEN_DAYS = 90


@get("/dang-nhap", opt=requires(Action.SIGN_IN), sync_to_thread=False)
def login_page(
    request: HtmlRequest, viewer: NamedDependency[Viewer], pages: NamedDependency[Pages]
) -> Response[str]:
    """The form to sign in; `next` is where to go afterwards."""
    following = own_address(request.query_params.get("next", ""))
    return pages.render(request, viewer, "login.html", email="", error=None, next=following)


@post("/dang-nhap", opt=requires(Action.SIGN_IN), sync_to_thread=True)
def sign_in(
    request: HtmlRequest,
    state: State,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Sign in and go on; the form again, with the reason, when it did not work."""
    email, following = form.one("email"), own_address(form.one("next"))
    try:
        result = signed_in(request, library, email, form.one("password"))
    except (WrongCredentials, TooManyRequests, InvalidValue) as error:
        return pages.render(
            request,
            viewer,
            "login.html",
            status=error.status,
            email=email,
            error=error.sentence(),
            next=following,
        )
    redirect = see(following or "/cua-toi")
    redirect.set_cookie(session_cookie(state.http, result.token))
    return redirect


@post("/dang-xuat", opt=requires(Action.SIGN_IN), sync_to_thread=True)
def sign_out(request: HtmlRequest, state: State, library: NamedDependency[Library]) -> Redirect:
    """End this browser's session."""
    token = session_token(request)
    if token is not None:
        sign_ins.sign_out(library, token)
    redirect = see("/", "signed_out")
    redirect.set_cookie(ended_cookie(state.http))
    return redirect


def own_address(address: str) -> str:
    """`address` when it is a path of this site; empty otherwise: nobody is sent elsewhere."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and len(address) < 500
    return address if safe and address.isprintable() else ""


@get("/tai-khoan", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def account_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Where one is signed in, tokens, and the password."""
    return _account(request, library, viewer, pages)


def _account(
    request: HtmlRequest,
    library: Library,
    viewer: Viewer,
    pages: Pages,
    *,
    new_token: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    sessions = sign_ins.sessions_of(library, viewer, session_token(request))
    return pages.render(
        request,
        viewer,
        "account.html",
        status=422 if errors else 200,
        sessions=[replace(one, device=device_name(one.device)) for one in sessions],
        tokens=access_tokens.tokens_of(library, viewer),
        new_token=new_token,
        errors=errors or {},
    )


@post(
    "/tai-khoan/phien/{session_id:int}/ket-thuc",
    opt=requires(Action.USE_ACCOUNT),
    sync_to_thread=True,
)
def end_session(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], session_id: PathId
) -> Redirect:
    """End a session elsewhere."""
    sign_ins.end_session(library, viewer, session_id)
    return see("/tai-khoan", "session_ended")


@post("/tai-khoan/token", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def create_token(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[str]:
    """Make a token for a program; it is shown this once."""
    try:
        token, _ = access_tokens.create_token(library, viewer, form.one("name"), TOKEN_DAYS)
    except InvalidValue as error:
        return _account(
            request, library, viewer, pages, errors={"name": str(error.details["reason"])}
        )
    return _account(request, library, viewer, pages, new_token=token)


@post(
    "/tai-khoan/token/{token_id:int}/thu-hoi",
    opt=requires(Action.USE_ACCOUNT),
    sync_to_thread=True,
)
def revoke_token(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], token_id: PathId
) -> Redirect:
    """Revoke a token; it is refused from the next request on."""
    access_tokens.revoke_token(library, viewer, token_id)
    return see("/tai-khoan", "token_revoked")


@post("/tai-khoan/mat-khau", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def change_password(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change the password; other browsers are signed out."""
    if form.one("new") != form.one("again"):
        reason = pages.message(request, "account.passwords_differ")
        return _account(request, library, viewer, pages, errors={"again": reason})
    try:
        accounts.change_password(
            library, viewer, form.one("old"), form.one("new"), token=session_token(request)
        )
    except WrongCredentials:
        reason = pages.message(request, "account.wrong_password")
        return _account(request, library, viewer, pages, errors={"old": reason})
    except InvalidValue as error:
        reason = str(error.details["reason"])
        return _account(request, library, viewer, pages, errors={"new": reason})
    return see("/tai-khoan", "password_changed")


handlers = (
    login_page,
    sign_in,
    sign_out,
    account_page,
    end_session,
    create_token,
    revoke_token,
    change_password,
)
