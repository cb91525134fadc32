"""Each template, rendered with believable values and read as a browser would read it."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.web.lists import a_query, search
from tests.web.samples import (
    EDITOR,
    NOBODY,
    PAGES,
    TEMPLATES,
    WEB,
    environment,
    every_page,
    render,
    shape,
)

VOID = {"input", "img", "link", "meta", "source", "br", "hr", "path", "circle", "rect"}
Attributes = dict[str, str]
# HTML with the reasons of each result, style sheet and scripts of the search page, uncompressed,
# without fonts and images
SEARCH_BUDGET = 125_000


class Reader(HTMLParser):
    """Collects elements with their attributes, and tags that close what is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=[(page, language) for page in PAGES for language in ("vi", "en")], ids=str)
def page(request: pytest.FixtureRequest) -> Reader:
    name, language = request.param
    return Reader(render(name, language))


def test_every_template_of_a_page_is_rendered_here() -> None:
    alone = {"base.html", "search_results.html"}
    known = {template for template, *_ in PAGES.values()}
    assert {path.name for path in TEMPLATES.glob("*.html")} == known | alone


def test_what_is_opened_is_closed_in_order(page: Reader) -> None:
    assert page.crossed == []
    assert page.open == []


def test_nothing_needs_more_than_the_strict_content_policy(page: Reader) -> None:
    inline = [
        (tag, name)
        for tag, attributes in page.elements
        for name in attributes
        if name == "style" or name.startswith(("on", "hx-on"))
    ]
    scripts = [attributes for attributes in page.all("script") if not attributes.get("src")]
    elsewhere = [
        attributes["src"]
        for tag in ("script", "img", "source")
        for attributes in page.all(tag)
        if not attributes["src"].startswith("/")
    ]
    assert inline == []
    assert scripts == []
    assert page.all("style") == []
    assert elsewhere == []


def test_a_page_has_one_heading_one_main_and_a_title(page: Reader) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert (tags["h1"], tags["main"], tags["title"]) == (1, 1, 1)
    assert page.all("html")[0]["lang"] in {"vi", "en"}


def test_headings_do_not_skip_a_level(page: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_ids_are_unique_and_what_refers_to_one_finds_it(page: Reader) -> None:
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    references = [
        name
        for _, attributes in page.elements
        for key in ("for", "form", "aria-labelledby", "aria-describedby")
        for name in attributes.get(key, "").split()
    ]
    references += [
        attributes["href"][1:] for attributes in page.all("a") if attributes["href"][:1] == "#"
    ]
    assert [name for name in references if name not in ids] == []


def test_every_field_has_a_name_that_is_read_aloud(page: Reader) -> None:
    labelled = {attributes["for"] for attributes in page.all("label") if "for" in attributes}
    silent = [
        attributes
        for tag in ("input", "select", "textarea")
        for attributes in page.all(tag)
        if attributes.get("type") not in {"hidden", "checkbox", "radio"}
        and attributes.get("id") not in labelled
        and "aria-label" not in attributes
    ]
    assert silent == []


def test_pictures_have_a_text_and_a_size(page: Reader) -> None:
    bare = [
        attributes
        for attributes in page.all("img")
        if not {"alt", "width", "height"} <= {*attributes}
    ]
    assert bare == []


def test_state_changes_only_by_post_forms(page: Reader) -> None:
    forms = {
        attributes["action"]: attributes.get("method", "get") for attributes in page.all("form")
    }
    asked = {action.partition("#")[0] for action, method in forms.items() if method == "get"}
    assert asked <= {"/tim", "/bo-suu-tap", "/duyet", "/quan-tri/tu-dong-nghia"}


def test_no_placeholder_reaches_a_reader(page: Reader) -> None:
    text = " ".join(page.text)
    assert re.findall(r"\{\w+\}|None|Undefined|namespace\(", text) == []


def test_what_people_wrote_is_escaped() -> None:
    nasty = "<script>alert(1)</script>"
    own = search(3, query=a_query(nasty, {"topic": [nasty]}))
    own["items"][0] |= {"title": nasty, "snippet": [{"text": nasty, "marked": True}]}
    own["chips"][0]["label"] = nasty
    context = every_page("/tim") | {name: shape(value) for name, value in own.items()}
    text = environment().get_template("search.html").render(context)
    assert nasty not in text
    assert text.count("&lt;script&gt;") >= 6


def test_the_results_alone_are_no_whole_page_but_carry_the_new_title() -> None:
    context = every_page("/tim") | {name: shape(value) for name, value in search(2).items()}
    part = environment().get_template("search_results.html").render(context)
    assert "<main" not in part
    assert "<title>“phân số” – Kho học liệu số</title>" in part
    assert 'id="found-count"' in part


def test_a_filter_that_no_facet_shows_stays_in_the_question() -> None:
    filters = {"grade": ["5"], "topic": ["TOAN.06.PS"]}
    own = search(1, query=a_query("", filters))
    context = every_page("/tim") | {name: shape(value) for name, value in own.items()}
    reader = Reader(environment().get_template("search_results.html").render(context))
    hidden = [
        (field["name"], field["value"])
        for field in reader.all("input")
        if field.get("type") == "hidden"
    ]
    # What was understood and taken off stays off, too.
    assert hidden == [("topic", "TOAN.06.PS"), ("bo", "kind")]


def test_the_search_page_stays_light() -> None:
    htmx = WEB / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
    if not htmx.is_file():
        pytest.skip("the front-end packages are not installed (npm ci in web/)")
    static = [WEB / "static" / name for name in ("kho.css", "kho.js", "favorites.js", "search.js")]
    weight = len(render("search").encode()) + sum(path.stat().st_size for path in (htmx, *static))
    assert weight < SEARCH_BUDGET


def test_only_reviewers_see_the_desk_and_only_the_signed_in_see_their_own() -> None:
    stranger = Reader(render("home", viewer=shape(NOBODY)))
    editor = Reader(render("home", viewer=shape(EDITOR)))
    teacher = Reader(render("home", viewer=shape(EDITOR | {"can_review": False})))

    def ways(reader: Reader) -> set[str]:
        return {link["href"] for link in reader.all("a")}

    assert ways(stranger).isdisjoint({"/duyet", "/cua-toi", "/tai-khoan"})
    assert "/cua-toi" in ways(teacher)
    assert "/duyet" not in ways(teacher)
    assert "/duyet" in ways(editor)


def test_no_licence_is_chosen_for_a_contributor() -> None:
    reader = Reader(render("edit"))
    licenses = [field for field in reader.all("input") if field.get("name") == "license"]
    assert len(licenses) == 3
    assert not any("checked" in field for field in licenses)


def test_pages_stand_without_the_front_end_packages() -> None:
    reader = Reader(render("search", vendor=lambda name: ""))
    sources = [script["src"] for script in reader.all("script")]
    assert sources == [f"/static/{name}.js?v=0123456789ab" for name in ("kho", "favorites")]
    assert not any(link.get("rel") == "preload" for link in reader.all("link"))
