"""A material as its page and its form show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from markupsafe import Markup

from repo_server.domain.access import Action
from repo_server.domain.bundles import Contents
from repo_server.domain.files import DRAWN_KINDS
from repo_server.domain.licenses import License
from repo_server.domain.players import PLAYERS
from repo_server.domain.wording import worded
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services.cards import Card, Label, material_url
from repo_server.services.viewing import AlignmentView, FilePart, FileView, MaterialView


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page image."""

    number: int
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """What can be seen of a file on the page: pages, image, video, audio, text or none.

    `markup` is a file to be read, in place of its text.
    """

    type: str
    url: str | None
    pages: tuple[ShownPage, ...]
    text: str | None
    markup: Markup | None


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file with its addresses; `play_note` names the sentence why it has no `play_url`, or ""."""

    id: int
    name: str
    role_label: str | None
    size: int
    kind_label: str
    group: str
    extension: str
    page_count: int | None
    duration_label: str | None
    has_text: bool
    text_expected: bool
    text_truncated: bool
    warnings: tuple[str, ...]
    parts: tuple[FilePart, ...]
    light_size: int | None
    light_url: str | None
    download_url: str
    play_url: str | None
    play_note: str
    preview: ShownPreview


@dataclass(frozen=True, slots=True)
class ShownAction:
    """A step in the material's life that the viewer may take now."""

    name: str
    label: str
    url: str
    needs_reason: bool
    danger: bool


@dataclass(frozen=True, slots=True)
class ShownMaterial:
    """Everything about a material but what may be done with it."""

    id: int
    code: str
    url: str
    title: str
    kind_label: str
    status: str
    status_label: str
    rev: int
    version: int
    grades: tuple[int, ...]
    subjects: tuple[Label, ...]
    books: tuple[Label, ...]
    keywords: tuple[str, ...]
    description_paragraphs: tuple[str, ...]
    license: License | None
    language_label: str
    alignments: tuple[AlignmentView, ...]
    files: tuple[ShownFile, ...]
    return_reason: str | None
    thumbnail_url: str | None
    contents: Contents | None
    owner_name: str
    organization_name: str | None
    published_at: datetime | None
    updated_at: datetime


_NO_VIEWS: Final[Mapping[int, str]] = MappingProxyType({})
_NEEDS_REASON: Final = frozenset({Action.RETURN, Action.WITHDRAW})
_DANGER: Final = frozenset({Action.WITHDRAW, Action.DELETE})
_FROM_CARD: Final = (
    "id", "code", "url", "title", "status", "status_label", "grades", "subjects", "books",
    "thumbnail_url", "contents", "owner_name", "organization_name", "published_at", "updated_at",
)  # fmt: skip
_FROM_VIEW: Final = (
    "rev", "version", "keywords", "license", "language_label", "alignments", "return_reason",
)  # fmt: skip
_FROM_FILE: Final = (
    "id", "name", "role_label", "size", "kind_label", "group", "extension", "page_count",
    "has_text", "text_expected", "text_truncated", "warnings",
    "parts", "light_size",
)  # fmt: skip


def shown_material(
    view: MaterialView, *, plays: bool = False, views: Mapping[int, str] = _NO_VIEWS
) -> ShownMaterial:
    """The material as templates use it.

    `plays`: there is a second origin for packages; `views`: sanitized HTML of files to be read.
    """
    values: dict[str, Any] = {name: getattr(view.card, name) for name in _FROM_CARD}
    values |= {name: getattr(view, name) for name in _FROM_VIEW}
    return ShownMaterial(
        **values,
        kind_label=view.card.kind_label or worded("suggestion", "title", "Học liệu"),
        description_paragraphs=_paragraphs(view.card),
        files=tuple(
            shown_file(file, view.card.url, plays=plays, view=views.get(file.id))
            for file in view.files
        ),
    )


def _paragraphs(card: Card) -> tuple[str, ...]:
    return tuple(filter(None, (line.strip() for line in card.description.splitlines())))


def shown_file(
    file: FileView, material: str = "", *, plays: bool = False, view: str | None = None
) -> ShownFile:
    """The file as templates use it; `material` is the address of its material's page."""
    played = file.kind in PLAYERS
    values: dict[str, Any] = {name: getattr(file, name) for name in _FROM_FILE}
    return ShownFile(
        **values,
        duration_label=duration_label(file.duration),
        light_url=None if file.light_size is None else f"/api/files/{file.id}/light",
        download_url=f"/api/files/{file.id}/content?download=true",
        play_url=f"{material}/mo/{file.id}" if played and plays else None,
        play_note="" if played and plays else _why_not_played(file),
        preview=_preview(file, view),
    )


def _why_not_played(file: FileView) -> str:
    if file.kind in PLAYERS:
        return "play.not_here"
    return "play.download_only" if file.group == "package" else ""


def _preview(file: FileView, view: str | None) -> ShownPreview:
    content = f"/api/files/{file.id}/{'preview/1' if file.kind in DRAWN_KINDS else 'content'}"
    url = content if file.preview in ("image", "video", "audio") else None
    pages = tuple(
        ShownPage(number, f"/api/files/{file.id}/preview/{number}", f"Trang {number}")
        for number in file.preview_pages
    )
    markup = Markup(view) if view else None  # noqa: S704 - services hand it out sanitized
    return ShownPreview(file.preview, url, pages, file.preview_text, markup)


def duration_label(seconds: float | None) -> str | None:
    """62.4 as "1:02"."""
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def shown_actions(
    request: HtmlRequest, pages: Pages, view: MaterialView
) -> tuple[ShownAction, ...]:
    """The steps that the viewer may take, as buttons."""
    return tuple(
        ShownAction(
            action,
            pages.message(request, f"action.{action}"),
            f"{material_url(view.card.code)}/{action}",
            action in _NEEDS_REASON,
            action in _DANGER,
        )
        for action in view.actions
        if action != Action.SUBMIT or not view.problems
    )
