"""From a template and its values to a response, in the language asked for."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from markupsafe import Markup, escape

from repo_server.domain.access import ROLE_LABELS, Action, Role, Viewer, permits
from repo_server.domain.files import readable_size
from repo_server.domain.wording import worded
from repo_server.routes.errors import LANGUAGE_COOKIE, LANGUAGES, page_language
from repo_server.routes.statics import Assets

SITE_NAME: Final = "Kho học liệu số"
NOTICE_COOKIE: Final = "kho_notice"

# Vietnam keeps one time zone without summer time.
_VIETNAM: Final = timezone(timedelta(hours=7))
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")

HtmlRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class ViewerContext:
    """What templates know of who is asking."""

    signed_in: bool
    name: str
    email: str
    role_label: str
    can_contribute: bool
    can_review: bool
    can_curate: bool
    can_administer: bool


class Pages:
    """Renders templates; made once by the app."""

    def __init__(self, web: Path, assets: Assets, origin: str) -> None:
        self._origin = origin
        self._messages = {
            language: json.loads((web / "messages" / f"{language}.json").read_text("utf-8"))
            for language in LANGUAGES
        }
        self._environment = Environment(
            loader=FileSystemLoader(web / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=assets.url,
            vendor=lambda name: assets.url(f"vendor/{name}"),
            site_name=SITE_NAME,
        )
        self._environment.filters.update(filesize=readable_size, date_vi=date_vi, number=number)

    def render(
        self,
        request: HtmlRequest,
        viewer: Viewer,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response[str]:
        """The page; a one-time notice of the previous act is shown and forgotten."""
        language = page_language(request)
        notice = request.cookies.get(NOTICE_COOKIE)
        text = self._environment.get_template(template).render(
            **self._common(request, viewer, language, notice), status=status, **values
        )
        response = Response(
            text,
            status_code=status,
            media_type=MediaType.HTML,
            headers={"cache-control": "private, no-store", "vary": "Cookie", **(headers or {})},
        )
        if notice is not None:
            response.delete_cookie(NOTICE_COOKIE)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax")
        return response

    def bare(self, language: str, template: str, **values: object) -> str:
        """A page that knows nobody and sets nothing: for the second origin."""
        return self._environment.get_template(template).render(
            t=self._translator(language), lang=language, **values
        )

    def _translator(self, language: str) -> Callable[..., Markup]:
        messages = self._messages[language]

        def translate(key: str, **values: object) -> Markup:
            return Markup(_filled(messages[key], values))  # noqa: S704 - values are escaped

        return translate

    def _common(
        self, request: HtmlRequest, viewer: Viewer, language: str, notice: str | None
    ) -> dict[str, object]:
        path = own_path(request)
        messages = self._messages[language]
        return {
            "t": self._translator(language),
            "lang": language,
            "path": path,
            "canonical_url": f"{self._origin}{path}",
            "other_language_url": _other_language(request, language),
            "viewer": viewer_context(viewer),
            "notice": messages.get(f"notice.{notice}") if notice else None,
        }

    def message(self, request: HtmlRequest, key: str, **values: object) -> str:
        """A message as plain text, for what is not a template."""
        return _filled(self._messages[page_language(request)][key], values)


def _filled(message: str, values: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda match: str(escape(values[match[1]])), str(escape(message)))


def _other_language(request: HtmlRequest, language: str) -> str:
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    other = "en" if language == "vi" else "vi"
    return f"{own_path(request)}?{urlencode([*pairs, ('lang', other)])}"


def own_path(request: HtmlRequest) -> str:
    """The path asked for, as an address of this site whatever it begins with ("//other.site")."""
    return "/" + quote(request.scope["path"].lstrip("/\\"), safe="/:@!$&'()*+,;=~")


def viewer_context(viewer: Viewer) -> ViewerContext:
    """The viewer as templates see it; the label is that of the strongest role."""
    strongest = max(viewer.roles, key=list(Role).index, default=None)
    return ViewerContext(
        signed_in=viewer.signed_in,
        name=viewer.name,
        email=viewer.email,
        role_label=worded("role", strongest, ROLE_LABELS[strongest]) if strongest else "",
        can_contribute=permits(viewer, Action.CONTRIBUTE),
        can_review=permits(viewer, Action.REVIEW),
        can_curate=permits(viewer, Action.CURATE),
        can_administer=permits(viewer, Action.ADMINISTER),
    )


def date_vi(moment: datetime | str | None) -> str:
    """The day in Vietnam: "24/11/2026"."""
    if moment is None:
        return ""
    when = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (
        (when if when.tzinfo else when.replace(tzinfo=UTC))
        .astimezone(_VIETNAM)
        .strftime("%d/%m/%Y")
    )


def number(value: int) -> str:
    """12345 as "12.345"."""
    return f"{value:,}".replace(",", ".")
