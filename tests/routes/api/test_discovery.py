"""Search, suggestions and the curriculum as JSON: answers, bounds, and engines that are down."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from repo_server.domain.access import Viewer
from repo_server.domain.errors import SearchUnavailable
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from tests.routes.houses import House, Visitor, error_of


def described(title: str, grade: int, subject: str, kind: str = "lesson_plan") -> Description:
    return Description(
        title=title,
        description="Bài học có ví dụ và bài tập.",
        kind=kind,
        license="cc-by-4.0",
        choice=Choice((grade,), (subject,)),
    )


TITLES = [
    described("Cộng hai phân số", 6, "toan"),
    described("Phân số bằng nhau", 6, "toan", "worksheet"),
    described("Số nguyên âm", 6, "toan"),
    described("Đường tròn", 9, "toan"),
    described("Tế bào", 6, "khtn"),
]


@pytest.fixture(scope="module")
def owner(lasting_house: House) -> Viewer:
    owner = lasting_house.person()
    for number, description in enumerate(TITLES):
        lasting_house.published(owner, description, f"Nội dung của bài {number}.".encode())
    lasting_house.draft(owner, described("Phân số bí mật", 6, "toan"), b"The secret of the draft.")
    lasting_house.feed()
    return owner


@pytest.fixture
def reader(lasting_house: House, owner: Viewer) -> Visitor:
    assert owner.signed_in
    return lasting_house.stranger()


def search(visitor: Visitor, **asked: Any) -> Any:
    answer = visitor.get(f"/api/search?{urlencode(asked, doseq=True)}")
    assert answer.status == 200, answer.body
    return answer.json


def titles(found: Any) -> list[str]:
    return [item["title"] for item in found["items"]]


def test_the_answer_has_the_promised_shape(reader: Visitor) -> None:
    found = search(reader, q="phan so")

    assert set(found) == {
        *("total", "page", "size", "items", "facets", "degraded", "relaxed"),
        *("understood", "instead", "wider"),
    }
    assert (found["page"], found["size"], found["degraded"]) == (1, 20, False)
    assert {"id", "code", "title", "description", "kind", "grades", "subjects", "snippet"} <= set(
        found["items"][0]
    )
    assert sorted(titles(found)[:2]) == ["Cộng hai phân số", "Phân số bằng nhau"]


def test_facets_narrow_and_say_how_far(reader: Visitor) -> None:
    everything = search(reader)
    counts = {value["value"]: value["count"] for value in everything["facets"]["grade"]}

    assert everything["total"] == 5
    assert counts == {"6": 4, "9": 1}
    assert [value["label"] for value in everything["facets"]["grade"]] == ["Lớp 6", "Lớp 9"]
    for grade, count in counts.items():
        assert search(reader, grade=grade)["total"] == count
    assert search(reader, grade=["6", "9"])["total"] == 5
    assert search(reader, grade="6", subject="toan")["total"] == 3
    assert search(reader, grade="6", subject="toan", kind="worksheet")["total"] == 1
    assert search(reader, grade="12")["total"] == 0
    assert search(reader, grade="no such grade")["total"] == 0


ENGLISH: list[tuple[str, dict[str, str]]] = [
    ("?lang=en", {}),
    ("?", {"accept_language": "en-US,en;q=0.9,vi;q=0.5"}),
    ("?", {"cookie": "kho_lang=en", "accept_language": "vi"}),
]


@pytest.mark.parametrize(("asked", "headers"), ENGLISH)
def test_names_are_in_the_language_that_is_asked_for_and_official_ones_stay(
    reader: Visitor, asked: str, headers: dict[str, str]
) -> None:
    found = reader.get(f"/api/search{asked}", **headers).json
    (lesson,) = [item for item in found["items"] if item["title"] == "Phân số bằng nhau"]
    assert (lesson["kind_label"], lesson["status_label"]) == ("Worksheet", "Published")
    assert [subject["label"] for subject in lesson["subjects"]] == ["Toán"]
    labels = {name: [one["label"] for one in values] for name, values in found["facets"].items()}
    assert labels["grade"] == ["Grade 6", "Grade 9"]
    assert set(labels["kind"]) == {"Lesson plan", "Worksheet"}
    assert (labels["language"], labels["format"]) == (["Vietnamese"], ["Plain text"])
    assert "Toán" in labels["subject"]

    tree = reader.get(f"/api/curriculum/gdpt2018{asked}", **headers).json
    assert {(child["kind_label"], child["title"][:3]) for child in tree["children"]} == {
        ("Grade", "Lớp")
    }
    offered = reader.get(f"/api/suggest{asked}&q=phan+so", **headers).json["items"]
    names = {"Words", "Material", "Strand", "Topic", "Learning outcome"}
    assert {item["kind_label"] for item in offered} <= names
    assert offered[0]["place"].startswith("Grade ")
    whole = reader.get(f"/api/materials/{lesson['id']}{asked}", **headers).json
    assert (whole["kind_label"], whole["alignments"][0]["kind_label"]) == ("Worksheet", "Subject")


@pytest.mark.parametrize("headers", [{}, {"accept_language": "vi,en;q=0.8"}, {"cookie": "en=en"}])
def test_names_are_vietnamese_for_everybody_else(reader: Visitor, headers: dict[str, str]) -> None:
    assert reader.get("/api/search?lang=en").json["items"][0]["status_label"] == "Published"
    found = reader.get("/api/search?q=hien", **headers).json
    assert found["total"] == 0
    found = reader.get("/api/search", **headers).json
    assert {item["status_label"] for item in found["items"]} == {"Đã xuất bản"}


def test_strands_are_counted_once_a_subject_is_chosen(reader: Visitor) -> None:
    assert "strand" not in search(reader)["facets"]
    assert "strand" in search(reader, subject="toan")["facets"]


def test_pages_follow_each_other_without_gap(reader: Visitor) -> None:
    whole = titles(search(reader, sort="newest"))
    pages = [titles(search(reader, sort="newest", size=2, page=page)) for page in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [title for page in pages for title in page] == whole


BAD = [
    {"page": 0}, {"page": -1}, {"page": "x"}, {"page": 1.5}, {"page": 2**63}, {"page": " 1"},
    {"page": "９"}, {"page": 2001}, {"page": 101, "size": 100},
    {"size": 0}, {"size": -1}, {"size": 101}, {"size": "x"}, {"size": "9" * 30},
    {"q": "a" * 401}, {"sort": "no-such-sort"}, {"sort": "Newest"},
    {"grade": [str(n) for n in range(41)]}, {"subject": "a" * 121},
]  # fmt: skip


@pytest.mark.parametrize("asked", BAD, ids=lambda asked: str(asked)[:40])
def test_a_search_beyond_a_bound_is_explained(reader: Visitor, asked: dict[str, Any]) -> None:
    answer = reader.get(f"/api/search?{urlencode(asked, doseq=True)}")

    assert answer.status == 400
    assert error_of(answer)["message"].endswith(".")


@pytest.mark.parametrize(
    "asked",
    [{"q": ""}, {"q": "   "}, {"q": "'\"; DROP TABLE material; --"}, {"q": "()[]{}*?~^\\+-!&|:/"},
     {"q": "🐘" * 50}, {"q": "a" * 400}, {"q": "9" * 400}, {"q": "đ" * 400}, {"q": "\u0301\u0323"},
     {"q": "AND OR NOT"}, {"q": "title:*"}, {"unknown": "x"}, {"page": ""}, {"sort": ""},
     {"grade": ""}, {"grade": ["6"] * 39}, {"q": ["toan", "phan so"]}],
    ids=lambda asked: str(asked)[:40],
)  # fmt: skip
def test_anything_may_be_typed(reader: Visitor, asked: dict[str, Any]) -> None:
    assert search(reader, **asked)["degraded"] is False


def test_a_draft_shows_nowhere(lasting_house: House, reader: Visitor, owner: Viewer) -> None:
    visitors = [reader, lasting_house.browser(owner), lasting_house.visitor()]
    for visitor in visitors:
        assert "Phân số bí mật" not in titles(search(visitor, q="bí mật", size=100))
        assert b"m\xe1\xba\xadt" not in visitor.get("/api/suggest?q=phan+so+bi").body
        assert search(visitor)["total"] == 5
        assert sum(value["count"] for value in search(visitor)["facets"]["grade"]) == 5


def test_a_suggested_lesson_leads_to_its_page(reader: Visitor) -> None:
    items = reader.get("/api/suggest?q=so+nguyen+am").json["items"]
    (lesson,) = [item for item in items if item["kind"] == "title"]
    assert (lesson["label"], lesson["kind_label"]) == ("Số nguyên âm", "Học liệu")
    assert (lesson["url"], lesson["place"]) == (f"/hoc-lieu/{lesson['code']}", "Lớp 6 · Toán")


def test_suggestions_lead_to_pages_that_are_there(reader: Visitor) -> None:
    items = reader.get("/api/suggest?q=ph%C3%A2n+s").json["items"]

    assert items
    assert {"label", "kind", "kind_label", "url", "code", "place"} == set(items[0])
    assert all("ph" in item["label"].lower() for item in items)
    for item in items:
        assert reader.get(item["url"]).status == 200


@pytest.mark.parametrize("typed", ["", " ", "%00x", "()", "a" * 401, "🐘"])
def test_suggestions_for_anything(reader: Visitor, typed: str) -> None:
    answer = reader.ask("GET", f"/api/suggest?q={typed.replace(' ', '+')}".encode())

    assert answer.status == (400 if typed in {"%00x", "a" * 401} else 200)


class Down:
    """An index that does not answer."""

    name = "embedded"

    def __getattr__(self, _: str) -> object:
        def fail(*_: object, **__: object) -> None:
            raise SearchUnavailable

        return fail


@pytest.fixture
def degraded(lasting_house: House, reader: Visitor) -> Iterator[Visitor]:
    library = lasting_house.library
    kept = library.indexes
    object.__setattr__(library, "indexes", (Down(),))
    yield reader
    object.__setattr__(library, "indexes", kept)


def test_without_an_engine_titles_are_searched(degraded: Visitor) -> None:
    found = search(degraded, q="phan so")

    assert found["degraded"] is True
    assert sorted(titles(found)) == ["Cộng hai phân số", "Phân số bằng nhau"]
    assert search(degraded)["total"] == 5
    assert search(degraded, grade="9")["total"] == 1
    assert degraded.get("/api/suggest?q=phan").status == 200
    for page in ("/", "/tim?q=phan+so", "/chuong-trinh", "/chuong-trinh/gdpt2018"):
        assert degraded.page(page).status == 200
    assert "chế độ dự phòng" in degraded.page("/tim?q=phan").body.decode()
    assert degraded.get("/health/ready").json["status"] == "degraded"


def test_an_empty_library_answers_as_well(house: House) -> None:
    visitor = house.stranger()

    assert search(visitor, q="toán")["items"] == []
    for page in ("/", "/tim", "/tim?q=to%C3%A1n", "/chuong-trinh", "/chuong-trinh/gdpt2018"):
        assert visitor.page(page).status == 200


def test_the_curriculum_is_walked_from_the_top_to_a_leaf(reader: Visitor) -> None:
    frameworks = {entry["code"]: entry for entry in reader.get("/api/curriculum").json}
    framework = frameworks["gdpt2018"]
    branch = reader.get(framework["url"]).json

    assert framework["count"] == 5
    assert branch["item"] is None
    depth = 0
    while branch["children"]:
        assert all(child["has_children"] is not None for child in branch["children"])
        child = next((c for c in branch["children"] if c["has_children"]), branch["children"][0])
        branch = reader.get(f"/api/curriculum/items/{child['id']}").json
        assert branch["item"]["id"] == child["id"]
        assert branch["framework"] == "gdpt2018"
        depth += 1
        assert len(branch["trail"]) == depth - 1
    assert depth >= 3


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/curriculum/khong-co", 404),
        ("/api/curriculum/" + "a" * 121, 400),
        ("/api/curriculum/%00", 400),
        ("/api/curriculum/items/999999999", 404),
        ("/api/curriculum/items/0", 400),
        (f"/api/curriculum/items/{2**63}", 400),
        ("/api/curriculum/items/x", 404),
    ],
)
def test_a_place_that_is_none_is_told(reader: Visitor, address: str, status: int) -> None:
    answer = reader.get(address)

    assert answer.status == status
    assert error_of(answer)["message"].endswith(".")
