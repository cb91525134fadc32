"""Collections over HTTP: bounds, preconditions, who may do what, what strangers read."""

from typing import Any

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.domain.collections import ITEMS_LIMIT, NOTE_LIMIT, SECTIONS_LIMIT, TITLE_LIMIT
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of
from tests.services.curators import materials


@pytest.fixture
def editor(house: House) -> Viewer:
    return house.person(Role.EDITOR)


@pytest.fixture
def curator(house: House, editor: Viewer) -> Visitor:
    return house.program(editor)


@pytest.fixture(scope="module")
def lasting_curator(lasting_house: House) -> Visitor:
    return lasting_house.program(lasting_house.person(Role.EDITOR))


@pytest.fixture
def lessons(house: House, teacher: Viewer) -> list[int]:
    return materials(house.library, teacher, 4)


def create(curator: Visitor, **said: object) -> Answer:
    return curator.ask("POST", "/api/collections", json_body={"title": "Ôn tập"} | said)


def change(curator: Visitor, method: str, target: str, seen: Answer, said: object = None) -> Answer:
    return curator.ask(method, target, json_body=said, headers={"if-match": seen.header("etag")})


def titles(body: dict[str, Any]) -> list[list[str | None]]:
    return [[item["title"] for item in section["items"]] for section in body["sections"]]


def test_a_collection_is_started_filled_ordered_published_and_read_by_anybody(
    house: House, curator: Visitor, lessons: list[int]
) -> None:
    made = create(curator, description="Cho học kì 1.")
    address = f"/api/collections/{made.json['id']}"
    assert (made.status, made.json["status"], made.json["rev"]) == (201, "draft", 1)
    assert house.stranger().get(address).status == 404

    wanted = {
        "items": [{"material": lessons[0]}],
        "sections": [{"title": "Phần 1", "note": "Hai tiết", "items": [{"material": lessons[1]}]}],
    }
    put = change(curator, "PUT", f"{address}/contents", made, wanted)
    assert (put.status, titles(put.json)) == (200, [["Bài 1"], ["Bài 2"]])
    again = change(curator, "PUT", f"{address}/contents", put, wanted)
    assert (again.status, again.json) == (200, put.json)

    section = put.json["sections"][1]["id"]
    added = curator.ask(
        "POST", f"{address}/items", json_body={"material": lessons[2], "note": "Mở rộng"}
    )
    assert (added.status, titles(added.json)) == (201, [["Bài 1"], ["Bài 2", "Bài 3"]])
    item = added.json["sections"][1]["items"][1]["id"]
    moved = change(
        curator,
        "POST",
        f"{address}/items/{item}/move",
        added,
        {"section": section, "position": 1},
    )
    assert (moved.status, moved.json) == (200, {"rev": added.json["rev"] + 1})
    noted = change(curator, "PATCH", f"{address}/items/{item}", moved, {"note": "Đọc thêm"})
    published = change(curator, "POST", f"{address}/publish", noted)
    assert (published.status, published.json["status"]) == (200, "published")

    read = house.stranger().get(address).json
    assert titles(read) == [["Bài 1"], ["Bài 3", "Bài 2"]]
    assert (read["count"], read["can_edit"]) == (3, False)
    assert read["sections"][1]["items"][0]["note"] == "Đọc thêm"
    assert read["licenses"] == [
        {"license": {"code": "cc-by-4.0", "label": "CC BY 4.0"}, "count": 3}
    ]
    listed = house.stranger().get("/api/collections?q=on+tap").json
    assert (listed["total"], listed["items"][0]["code"]) == (1, read["code"])


def test_a_published_collection_loses_an_item_is_taken_back_and_deleted(
    curator: Visitor, lessons: list[int]
) -> None:
    made = create(curator)
    address = f"/api/collections/{made.json['id']}"
    wanted = {"items": [{"material": one} for one in lessons[:2]]}
    put = change(curator, "PUT", f"{address}/contents", made, wanted)
    published = change(curator, "POST", f"{address}/publish", put)
    item = published.json["sections"][0]["items"][0]["id"]
    removed = change(curator, "DELETE", f"{address}/items/{item}", published)
    assert removed.status == 204
    now = curator.get(address)
    withdrawn = change(curator, "POST", f"{address}/withdraw", now)
    assert (withdrawn.json["status"], titles(withdrawn.json)) == ("draft", [["Bài 2"]])
    assert change(curator, "DELETE", address, withdrawn).status == 204
    assert curator.get(address).status == 404


def test_every_change_but_adding_at_the_end_needs_the_tag_that_was_read(
    curator: Visitor, lessons: list[int]
) -> None:
    made = create(curator)
    address = f"/api/collections/{made.json['id']}"
    added = curator.ask("POST", f"{address}/items", json_body={"material": lessons[0]})
    item = added.json["sections"][0]["items"][0]["id"]
    asked: list[tuple[str, str, object]] = [
        ("PATCH", address, {"title": "Khác"}),
        ("PUT", f"{address}/contents", {}),
        ("POST", f"{address}/items", {"material": lessons[1], "position": 1}),
        ("PATCH", f"{address}/items/{item}", {"note": "a"}),
        ("POST", f"{address}/items/{item}/move", {"position": 1}),
        ("POST", f"{address}/publish", None),
        ("POST", f"{address}/withdraw", None),
        ("DELETE", f"{address}/items/{item}", None),
        ("DELETE", address, None),
    ]
    for method, target, said in asked:
        missing = curator.ask(method, target, json_body=said)
        assert (missing.status, missing.code) == (428, "precondition_required"), target
        for tag in ('"1"', "tag", "*"):
            stale = curator.ask(method, target, json_body=said, headers={"if-match": tag})
            assert (stale.status, stale.code) == (412, "edit_conflict"), target
    assert curator.get(address).json["rev"] == added.json["rev"]


def test_of_two_orders_for_one_revision_the_second_is_told(
    house: House, editor: Viewer, curator: Visitor, lessons: list[int]
) -> None:
    made = create(curator)
    address = f"/api/collections/{made.json['id']}/contents"
    said = [{"items": [{"material": one}]} for one in lessons[:2]]
    assert change(curator, "PUT", address, made, said[0]).status == 200
    second = change(house.program(editor), "PUT", address, made, said[1])
    assert (second.status, second.code) == (412, "edit_conflict")


@pytest.mark.parametrize("role", [None, Role.TEACHER])
def test_who_does_not_curate_changes_nothing(
    house: House, curator: Visitor, lessons: list[int], role: Role | None
) -> None:
    made = create(curator)
    address = f"/api/collections/{made.json['id']}"
    added = curator.ask("POST", f"{address}/items", json_body={"material": lessons[0]})
    published = change(curator, "POST", f"{address}/publish", added)
    visitor = house.stranger() if role is None else house.program(house.person(role))
    expected = 401 if role is None else 403
    for method, target, said in (
        ("POST", "/api/collections", {"title": "Của tôi"}),
        ("PATCH", address, {"title": "Của tôi"}),
        ("PUT", f"{address}/contents", {}),
        ("POST", f"{address}/items", {"material": lessons[1]}),
        ("POST", f"{address}/withdraw", None),
        ("DELETE", address, None),
    ):
        assert change(visitor, method, target, published, said).status == expected, target
    assert visitor.get("/api/collections?status=draft").json["total"] == 0


@pytest.mark.parametrize(
    ("method", "target", "said"),
    [
        ("POST", "", {"title": "a" * (TITLE_LIMIT + 1)}),
        ("POST", "", {"title": "a", "owner": 1}),
        ("POST", "", {"title": 7}),
        ("PUT", "/1/contents", {"items": [{"material": 0}]}),
        ("PUT", "/1/contents", {"items": [{"material": 1, "note": "a" * (NOTE_LIMIT + 1)}]}),
        ("PUT", "/1/contents", {"items": [{"material": n} for n in range(1, ITEMS_LIMIT + 2)]}),
        ("PUT", "/1/contents", {"sections": [{"title": "a"}] * (SECTIONS_LIMIT + 1)}),
        ("PUT", "/1/contents", {"sections": {}}),
        ("POST", "/1/items", {"material": 1, "position": 0}),
        ("POST", "/1/items", {"material": 2**63}),
        ("POST", "/1/items/1/move", {"position": ITEMS_LIMIT + 1}),
        ("POST", "/1/items/1/move", {"section": 1}),
    ],
)
def test_what_is_out_of_bounds_is_refused_before_anything_is_asked(
    lasting_curator: Visitor, method: str, target: str, said: object
) -> None:
    answer = lasting_curator.ask(
        method, f"/api/collections{target}", json_body=said, headers={"if-match": '"1"'}
    )
    assert answer.status == 400
    error_of(answer)


@pytest.mark.parametrize(
    "query", ["page=0", "page=10001", "size=101", "q=" + "a" * 201, "status=deleted", "q=%00"]
)
def test_a_list_has_bounds(lasting_curator: Visitor, query: str) -> None:
    assert lasting_curator.get(f"/api/collections?{query}").status == 400


def test_the_largest_contents_are_taken(house: House, curator: Visitor, teacher: Viewer) -> None:
    ids = materials(house.library, teacher, ITEMS_LIMIT)
    note = "ữ" * NOTE_LIMIT
    sections = [
        {
            "title": f"Phần {number}",
            "note": note,
            "items": [
                {"material": one, "note": note} for one in ids[number * 10 : number * 10 + 10]
            ],
        }
        for number in range(SECTIONS_LIMIT)
    ]
    made = create(curator)
    address = f"/api/collections/{made.json['id']}"
    put = change(curator, "PUT", f"{address}/contents", made, {"sections": sections})
    assert put.status == 200
    assert sum(len(section["items"]) for section in put.json["sections"]) == ITEMS_LIMIT
    more = curator.ask("POST", f"{address}/items", json_body={"material": ids[0]})
    assert (more.status, more.code) == (400, "invalid_value")
