"""Atom feeds (RFC 4287): what is new under some address, for feed readers and other sites."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from repo_server.domain.vietnamese import display

MEDIA_TYPE: Final = "application/atom+xml"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_EPOCH: Final = datetime.fromtimestamp(0, UTC)

register_namespace("", _NAMESPACE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a feed; `url` is its address written out and stands for it for ever.

    `categories` are (term, label).
    """

    url: str
    title: str
    summary: str
    author: str
    published: datetime
    updated: datetime
    rights: str = ""
    categories: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed; `url` is its own address, `page_url` that of the page which shows the same."""

    url: str
    page_url: str
    title: str
    author: str
    entries: Sequence[Entry]


def written(feed: Feed) -> bytes:
    """The feed as UTF-8; the same feed always gives the same bytes."""
    root = Element(_name("feed"), {"{http://www.w3.org/XML/1998/namespace}lang": "vi"})
    _text(root, "id", feed.url)
    _text(root, "title", feed.title)
    # A feed without entries has never been updated; the format wants a moment all the same.
    _text(root, "updated", _moment(max((one.updated for one in feed.entries), default=_EPOCH)))
    _link(root, "self", feed.url, MEDIA_TYPE)
    _link(root, "alternate", feed.page_url, "text/html")
    _text(SubElement(root, _name("author")), "name", feed.author)
    for entry in feed.entries:
        _write_entry(SubElement(root, _name("entry")), entry)
    written_out: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written_out


def _write_entry(element: Element, entry: Entry) -> None:
    _text(element, "id", entry.url)
    _text(element, "title", entry.title)
    _link(element, "alternate", entry.url, "text/html")
    _text(element, "published", _moment(entry.published))
    _text(element, "updated", _moment(entry.updated))
    _text(SubElement(element, _name("author")), "name", entry.author)
    _text(element, "summary", entry.summary)
    if entry.rights:
        _text(element, "rights", entry.rights)
    for term, label in entry.categories:
        SubElement(element, _name("category"), term=term, label=label)


def _text(parent: Element, tag: str, text: str) -> None:
    # XML 1.0 has no way to write control characters; `display` takes them out.
    SubElement(parent, _name(tag)).text = display(text)


def _link(parent: Element, relation: str, url: str, media_type: str) -> None:
    SubElement(parent, _name("link"), rel=relation, href=url, type=media_type)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(tag: str) -> str:
    return f"{{{_NAMESPACE}}}{tag}"
