"""Every error becomes one answer: JSON for programs, a page for people, never a trace.

The catalogue in `domain.errors` decides on status and sentence; here is only how an error of the
framework finds its entry and how the answer is written.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.response import Redirect
from litestar.types import HTTPScope

from repo_server.domain.errors import (
    BadRequest,
    Forbidden,
    InvalidValue,
    KhoError,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    RangeNotSatisfiable,
    TooLarge,
)

AnyRequest = Request[Any, Any, Any]
RenderError = Callable[[AnyRequest, int, str, str, int | None], str]
"""What `app.state.render_error` is: (request, status, title, message, retry_after) → HTML."""

LANGUAGES: Final = ("vi", "en")
LANGUAGE_COOKIE: Final = "kho_lang"
_LANGUAGE_HEADERS: Final = frozenset({b"cookie", b"accept-language"})

RETRY_AFTER: Final = 5
"""Seconds after which an engine that is down may be asked again."""

_TITLES: Final[dict[int, tuple[str, str]]] = {
    401: ("Cần đăng nhập", "Please sign in"),
    403: ("Không có quyền", "Not allowed"),
    404: ("Không tìm thấy trang này", "Page not found"),
    410: ("Đã được gỡ", "Taken down"),
    413: ("Nội dung quá lớn", "Too large"),
    429: ("Thao tác quá nhanh", "Too many requests"),
    500: ("Hệ thống gặp lỗi", "Something went wrong"),
    503: ("Hệ thống tạm ngừng", "Temporarily unavailable"),
    507: ("Kho đã đầy", "No room left"),
}
_OTHER_TITLE: Final = ("Chưa thực hiện được", "This did not work")

_DISCONNECTED: Final = "client disconnected"

# What the framework says when a header or a query parameter is not there.
_MISSING: Final = re.compile(r"Missing required \w+ parameter '([\w-]{1,60})'")

# What msgspec says of a value that does not fit, and how a person hears it.
_REASONS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"missing required field `(\w+)`"), "thiếu “{0}”."),
    (re.compile(r"[Mm]issing required"), "thiếu giá trị."),
    (re.compile(r"unknown field `([^`]{1,60})`"), "không có mục “{0}”."),
    (re.compile(r"`str` of length >= (\d+)"), "cần ít nhất {0} kí tự."),
    (re.compile(r"`str` of length <= (\d+)"), "dài tối đa {0} kí tự."),
    (re.compile(r"of length >= (\d+)"), "cần ít nhất {0} mục."),
    (re.compile(r"of length <= (\d+)"), "có tối đa {0} mục."),
    (re.compile(r">= (-?[\d.]+)"), "phải từ {0} trở lên."),
    (re.compile(r"<= (-?[\d.]+)"), "không được quá {0}."),
    (re.compile(r"matching regex"), "không đúng dạng."),
    (re.compile(r"[Oo]ut of range"), "là số quá lớn."),
)

log = structlog.get_logger()


def error_response(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to `error`: the exception handler of the whole application.

    What nobody foresaw is logged with its trace and the request's id and answered 500 "internal".
    """
    page_wanted = wants_page(request)
    language = page_language(request) if page_wanted else language_of(request)
    known = _known(request, error, language)
    message, retry_after = known.sentence(language), _retry_after(known)
    headers = _headers(known, error, retry_after)
    if page_wanted:
        if isinstance(known, NotAuthenticated) and request.method == "GET":
            return _sign_in_first(request)
        page = _page(request, known, language, message, retry_after)
        if page is not None:
            return Response(
                page, status_code=known.status, headers=headers, media_type=MediaType.HTML
            )
    body = {"error": {"code": known.code, "message": message, "details": known.details}}
    return Response(body, status_code=known.status, headers=headers, media_type=MediaType.JSON)


def _sign_in_first(request: AnyRequest) -> Response[Any]:
    """To the form for signing in, which leads back to the address that was asked for."""
    address = quote(request.scope["path"], safe="/")
    if query := request.scope["query_string"].decode("ascii", "replace"):
        address += f"?{query}"
    return Redirect(
        f"/dang-nhap?next={quote(address, safe='/')}",
        status_code=303,
        headers={"cache-control": "no-store"},
    )


def wants_page(request: AnyRequest) -> bool:
    """Whether a person reads the answer: outside /api, and HTML is asked for before JSON."""
    accept = request.headers.get("accept", "")
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and not 0 <= json < html and not is_api(request.scope["path"])


def is_api(path: str) -> bool:
    """Whether a path belongs to the JSON API, whatever the client accepts."""
    return path == "/api" or path.startswith("/api/")


def page_language(request: AnyRequest) -> str:
    """What pages speak: `?lang=`, then what was chosen before; Vietnamese otherwise."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return str(asked)
    return "vi"


def speaks_english(scope: HTTPScope) -> bool:
    """Whether the answer to this request is to be in English; looked up only where it may be."""
    hints = (value for name, value in scope["headers"] if name in _LANGUAGE_HEADERS)
    if b"en" not in scope["query_string"] and not any(b"en" in value for value in hints):
        return False
    request: AnyRequest = Request(scope)
    language = language_of(request) if is_api(scope["path"]) else page_language(request)
    return language == "en"


def language_of(request: AnyRequest) -> str:
    """What the API speaks: `?lang=`, then what was chosen in this browser, then Accept-Language;
    Vietnamese otherwise."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return str(asked)
    best = max(
        _weighted(request.headers.get("accept-language", "")[:200]),
        key=lambda pair: pair[1],
        default=("vi", 0.0),
    )
    return best[0]


def _weighted(accepted: str) -> list[tuple[str, float]]:
    found = []
    for part in accepted.split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES:
            match = re.fullmatch(r"\s*q=(0(?:\.\d{1,3})?|1(?:\.0{1,3})?)\s*", parameter)
            found.append((language, float(match[1]) if match else 1.0))
    return found


def _known(request: AnyRequest, error: Exception, language: str) -> KhoError:
    if isinstance(error, KhoError):
        if error.status >= 500:
            log.warning("an engine failed", code=error.code, **_place(request))
        return error
    if isinstance(error, ValidationException):
        return _invalid_value(error, language)
    if isinstance(error, InternalServerException) and _DISCONNECTED in error.detail:
        return BadRequest()
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_status(request, error.status_code)
    log.error("unexpected error", exc_info=error, **_place(request))
    return KhoError()


def _place(request: AnyRequest) -> dict[str, str]:
    # Not the query: it holds what a person has searched for.
    request_id = str(request.scope["state"].get("request_id", ""))
    return {"request_id": request_id, "path": request.scope["path"]}


def _of_status(request: AnyRequest, status: int) -> KhoError:
    if status == 413:
        return TooLarge(limit=_body_limit(request))
    known: dict[int, type[KhoError]] = {
        401: NotAuthenticated,
        403: Forbidden,
        404: NotFound,
        405: MethodNotAllowed,
    }
    return known.get(status, BadRequest)()


def _body_limit(request: AnyRequest) -> str:
    limit = request.route_handler.resolve_request_max_body_size()
    return f"{limit / 1_000_000:.1f} MB".replace(".", ",") if limit else "0 MB"


def _invalid_value(error: ValidationException, language: str) -> KhoError:
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    said, field = str(first.get("message", "")), str(first.get("key", ""))
    if first.get("source") == "header":
        field = field.replace("_", "-").title()
    elif not first and (missing := _MISSING.search(error.detail)):
        said, field = missing[0], missing[1]
    reason = said if language == "en" else _reason(said)
    return InvalidValue(field if field not in {"", "data"} else "body", reason)


def _reason(said: str) -> str:
    for pattern, sentence in _REASONS:
        if match := pattern.search(said):
            return sentence.format(*match.groups())
    return "không đúng kiểu dữ liệu."


def _retry_after(error: KhoError) -> int | None:
    asked = error.details.get("retry_after")
    if isinstance(asked, int):
        return asked
    return RETRY_AFTER if error.status == 503 else None


def _headers(known: KhoError, error: Exception, retry_after: int | None) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    if known.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(known, RangeNotSatisfiable):
        headers["content-range"] = f"bytes */{known.details['size']}"
    given = error.headers if isinstance(error, HTTPException) else None
    for name, value in (given or {}).items():
        if name.lower() == "allow":
            headers["allow"] = value
    return headers


def _page(
    request: AnyRequest, error: KhoError, language: str, message: str, retry_after: int | None
) -> str | None:
    render: RenderError | None = request.app.state.get("render_error")
    if render is None:
        return None
    titles = _TITLES.get(error.status, _OTHER_TITLE)
    try:
        return render(request, error.status, titles[language == "en"], message, retry_after)
    except Exception:
        # A page that cannot be drawn must not hide the first error.
        log.exception("the error page failed", **_place(request))
        return None
