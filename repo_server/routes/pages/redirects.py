"""After a form post: go to a page that says what happened."""

from litestar.response import Redirect

from repo_server.routes.pages.rendering import NOTICE_COOKIE


def see(url: str, notice: str | None = None) -> Redirect:
    """303 to `url`; `notice` names a message ("notice.…") that is shown there once."""
    redirect = Redirect(url, status_code=303)
    if notice is not None:
        redirect.set_cookie(
            NOTICE_COOKIE, notice, max_age=60, path="/", httponly=True, samesite="lax"
        )
    return redirect
