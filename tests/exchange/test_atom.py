"""Atom feeds: what readers need of RFC 4287, and text of strangers in them."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from repo_server.exchange.atom import Entry, Feed, written

NS = {"a": "http://www.w3.org/2005/Atom"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ENTRY = Entry(
    url="https://kho.example/hoc-lieu/abc2345",
    title="Phân số",
    summary="Bài 1",
    author="Lê Hà",
    published=NOON,
    updated=NOON + timedelta(hours=1),
    rights="CC BY 4.0",
    categories=(("6", "Lớp 6"),),
)


def feed(*entries: Entry) -> ElementTree.Element:
    """The feed as a reader parses it."""
    address = "https://kho.example/tim.atom?q=a&grade=6"
    page = "https://kho.example/tim?q=a&grade=6"
    return ElementTree.fromstring(written(Feed(address, page, "Kho: “a”", "Kho", entries)))


def said(element: ElementTree.Element, path: str) -> str:
    """The text at a path."""
    return element.findtext(path, "nothing", NS)


def test_a_feed_says_what_the_format_requires() -> None:
    root = feed(ENTRY)
    assert said(root, "a:id") == "https://kho.example/tim.atom?q=a&grade=6"
    assert said(root, "a:updated") == "2026-11-20T13:00:00Z"
    assert said(root, "a:author/a:name") == "Kho"
    links = {link.get("rel"): link.get("href") for link in root.findall("a:link", NS)}
    assert links == {
        "self": "https://kho.example/tim.atom?q=a&grade=6",
        "alternate": "https://kho.example/tim?q=a&grade=6",
    }
    entry = root.find("a:entry", NS)
    assert entry is not None
    assert said(entry, "a:id") == ENTRY.url
    assert said(entry, "a:title") == "Phân số"
    assert said(entry, "a:published") == "2026-11-20T12:00:00Z"
    assert said(entry, "a:rights") == "CC BY 4.0"
    category = entry.find("a:category", NS)
    assert category is not None
    assert (category.get("term"), category.get("label")) == ("6", "Lớp 6")


def test_an_empty_feed_is_a_feed() -> None:
    root = feed()
    assert said(root, "a:updated") == "1970-01-01T00:00:00Z"
    assert root.find("a:entry", NS) is None


def test_text_of_strangers_stays_text() -> None:
    hostile = Entry(
        url=ENTRY.url,
        title="<script>alert(1)</script> & ]]> \x0b\ud800",
        summary="a\x00b",
        author='"><x>',
        published=NOON,
        updated=NOON,
    )
    entry = feed(hostile).find("a:entry", NS)
    assert entry is not None
    assert said(entry, "a:title") == "<script>alert(1)</script> & ]]>"
    assert said(entry, "a:summary") == "ab"
    assert said(entry, "a:author/a:name") == '"><x>'
    assert len(list(entry)) == 7
