"""A material and its life as JSON: revisions, steps, what is refused and how it is told."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.services.viewing import MaterialView
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of

FIELDS = {
    "title": "Cộng hai phân số",
    "description": "Bài học cho học sinh lớp 6.",
    "kind": "lesson_plan",
    "license": "cc-by-4.0",
    "language": "vi",
    "author": "Trần Văn Bình",
    "keywords": ["phân số", "quy đồng"],
    "grades": [6],
    "subjects": ["toan"],
}


@pytest.fixture
def browser(house: House, teacher: Viewer) -> Visitor:
    return house.browser(teacher)


@pytest.fixture
def editor(house: House) -> Visitor:
    return house.visitor(Role.EDITOR)


@pytest.fixture
def draft(house: House, teacher: Viewer) -> MaterialView:
    return house.draft(teacher)


def change(
    visitor: Visitor, method: str, address: str, tag: str | None, body: object = None
) -> Answer:
    headers = {} if tag is None else {"if-match": tag}
    return visitor.ask(method, address, json_body=body, headers=headers)


def test_a_draft_is_started_with_what_is_known(browser: Visitor) -> None:
    made = browser.ask("POST", "/api/materials", json_body=FIELDS)

    assert made.status == 201
    assert made.header("etag") == f'"{made.json["rev"]}"'
    assert made.json["status"] == "draft"
    assert made.json["title"] == FIELDS["title"]
    assert made.json["owner_name"] == FIELDS["author"]
    assert made.json["keywords"] == FIELDS["keywords"]
    assert made.json["grades"] == [6]
    assert [subject["code"] for subject in made.json["subjects"]] == ["toan"]
    read = browser.get(f"/api/materials/{made.json['id']}")
    assert read.json == made.json
    assert read.header("cache-control") == "private, no-cache"


def test_what_is_left_out_stays_as_it_is(browser: Visitor, draft: MaterialView) -> None:
    address = f"/api/materials/{draft.card.id}"
    before = browser.get(address)

    after = change(browser, "PATCH", address, before.header("etag"), {"title": "Trừ hai phân số"})

    assert after.status == 200
    changed = {key for key in after.json if after.json[key] != before.json[key]}
    assert changed == {"title", "rev", "updated_at"}
    assert after.header("etag") != before.header("etag")


@pytest.mark.parametrize(
    ("method", "place", "body"),
    [
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("DELETE", "/files/1", None),
        ("POST", "/submit", None),
        ("POST", "/publish", None),
        ("POST", "/return", {"reason": "x"}),
        ("POST", "/withdraw", {"reason": "x"}),
    ],
)
def test_a_change_names_the_revision_that_was_read(
    house: House, draft: MaterialView, method: str, place: str, body: object
) -> None:
    visitor = house.visitor(Role.ADMIN)
    address = f"/api/materials/{draft.card.id}{place}"

    without = change(visitor, method, address, None, body)
    assert (without.status, error_of(without)["code"]) == (428, "precondition_required")
    assert "If-Match" in error_of(without)["message"]
    for stale in (
        '"1"',
        "*",
        "x",
        '"-1"',
        f'"{2**63}"',
        '"' + "9" * 18 + '"',
        '""',
        "W/",
        '"1", "2"',
    ):
        answer = change(visitor, method, address, stale, body)
        assert (answer.status, error_of(answer)["code"]) == (412, "edit_conflict"), stale
    assert change(visitor, method, address, '"' + "1" * 200 + '"', body).status == 400
    assert visitor.get(f"/api/materials/{draft.card.id}").json["rev"] == draft.rev


def test_a_material_lives_its_whole_life(
    browser: Visitor, editor: Visitor, house: House, draft: MaterialView
) -> None:
    address = f"/api/materials/{draft.card.id}"

    def step(visitor: Visitor, name: str, body: object = None) -> Answer:
        tag = house.visitor(Role.ADMIN).get(address).header("etag")
        return change(visitor, "POST", f"{address}/{name}", tag, body)

    submitted = step(browser, "submit")
    assert (submitted.status, submitted.json["status"]) == (200, "submitted")
    returned = step(editor, "return", {"reason": "Thiếu đáp án."})
    assert (returned.status, returned.body) == (204, b"")
    back = browser.get(address).json
    assert (back["status"], back["return_reason"]) == ("draft", "Thiếu đáp án.")
    assert step(browser, "submit").json["return_reason"] is None
    published = step(editor, "publish")
    assert (published.json["status"], published.json["version"]) == ("published", 1)
    assert house.stranger().get(address).status == 200
    withdrawn = step(editor, "withdraw", {"reason": "Sai bản quyền."})
    assert withdrawn.json["status"] == "withdrawn"
    assert house.stranger().get(address).status == 404
    assert step(editor, "publish").json["version"] == 2
    tag = house.visitor(Role.ADMIN).get(address).header("etag")
    assert change(house.visitor(Role.ADMIN), "DELETE", address, tag).status == 204
    assert browser.get(address).status == 404


def test_a_step_that_does_not_fit_the_state_says_so(
    house: House, browser: Visitor, editor: Visitor, teacher: Viewer
) -> None:
    view = house.published(teacher)
    address, tag = f"/api/materials/{view.card.id}", f'"{view.rev}"'

    for visitor, step, body in (
        (browser, "submit", None),
        (editor, "publish", None),
        (editor, "return", {"reason": "x"}),
    ):
        answer = change(visitor, "POST", f"{address}/{step}", tag, body)
        assert (answer.status, error_of(answer)["code"]) == (409, "wrong_state")
        assert "đã xuất bản" in error_of(answer)["message"].lower()


def test_what_is_not_described_is_not_handed_in(browser: Visitor) -> None:
    made = browser.ask("POST", "/api/materials", json_body={"title": "Chưa xong"})

    answer = change(
        browser, "POST", f"/api/materials/{made.json['id']}/submit", made.header("etag")
    )

    assert (answer.status, error_of(answer)["code"]) == (409, "not_publishable")
    fields = error_of(answer)["details"]["fields"]
    assert {"kind", "license", "grades", "subjects"} <= set(fields)
    assert all(sentence.endswith(".") for sentence in fields.values())
    assert set(made.json["problems"]) == set(fields.values())


def test_a_file_is_taken_out_of_a_draft(
    browser: Visitor, house: House, teacher: Viewer, draft: MaterialView
) -> None:
    address = f"/api/materials/{draft.card.id}"
    file = f"{address}/files/{draft.files[0].id}"
    other = house.draft(teacher, content=b"Another text of another file.")

    wrong = f"{address}/files/{other.files[0].id}"
    assert change(browser, "DELETE", wrong, f'"{draft.rev}"').status == 404
    assert change(browser, "DELETE", file, f'"{draft.rev}"').status == 204
    assert browser.get(address).json["files"] == []
    assert browser.get(f"/api/files/{draft.files[0].id}/content").status == 404


def test_of_sixteen_who_edit_at_once_one_is_heard(
    each_house: House,
) -> None:
    owner = each_house.person()
    view = each_house.draft(owner)
    address, tag = f"/api/materials/{view.card.id}", f'"{view.rev}"'
    browsers = [each_house.browser(owner) for _ in range(16)]

    def edit(number: int) -> Answer:
        return change(browsers[number], "PATCH", address, tag, {"title": f"Bản {number}"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(edit, range(16)))

    assert sorted(answer.status for answer in answers) == [200] + [412] * 15
    winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
    assert browsers[0].get(address).json["title"] == f"Bản {winner}"


WRONG: list[tuple[dict[str, Any], str | None]] = [
    ({"title": ""}, "title"),
    ({"title": " \t\n "}, "title"),
    ({"title": "a" * 301}, "title"),
    ({"title": None}, "title"),
    ({"title": ["a"]}, "title"),
    ({"title": "a\x00"}, None),
    ({"description": "a" * 20_001}, "description"),
    ({"kind": "no-such-kind"}, "kind"),
    ({"kind": "a" * 121}, "kind"),
    ({"kind": ""}, "kind"),
    ({"language": "tlh"}, "language"),
    ({"license": "all-mine"}, "license"),
    ({"license": "<script>"}, "license"),
    ({"author": "a" * 301}, "author"),
    ({"keywords": ["a"] * 100}, "keywords"),
    ({"keywords": ["a" * 121]}, "keywords"),
    ({"keywords": "a"}, "keywords"),
    ({"grades": [0]}, "grades"),
    ({"grades": [13]}, "grades"),
    ({"grades": [6] * 13}, "grades"),
    ({"grades": [6.5]}, "grades"),
    ({"subjects": ["no-such-subject"]}, "subjects"),
    ({"grades": [1], "subjects": ["vat-li"]}, "subjects"),
    ({"books": ["no-such-book"]}, "books"),
    ({"items": [999_999_999]}, "items"),
    ({"items": [0]}, "items"),
    ({"items": [2**63]}, None),
    ({"items": list(range(1, 200))}, "items"),
    ({"status": "published"}, "body"),
    ({"owner_id": 1}, "body"),
]


@pytest.fixture(scope="module")
def writer(lasting_house: House) -> Visitor:
    return lasting_house.visitor()


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_a_value_beyond_a_bound_is_explained(
    writer: Visitor, wrong: dict[str, Any], field: str | None
) -> None:
    answer = writer.ask("POST", "/api/materials", json_body=FIELDS | wrong)
    error = error_of(answer)

    assert answer.status == 400, error
    assert error["message"].endswith(".")
    said = error["details"].get("field")
    assert (said and said.partition("[")[0]) == field, error


@pytest.mark.parametrize(
    "reason", [None, {}, {"reason": ""}, {"reason": "  "}, {"reason": "a" * 2001}, {"why": "x"}]
)
def test_who_returns_or_withdraws_says_why(
    house: House, editor: Visitor, browser: Visitor, draft: MaterialView, reason: object
) -> None:
    address = f"/api/materials/{draft.card.id}"
    submitted = change(browser, "POST", f"{address}/submit", f'"{draft.rev}"')
    tag = submitted.header("etag")

    for step in ("return", "withdraw"):
        answer = change(editor, "POST", f"{address}/{step}", tag, reason)
        assert answer.status == 400
        assert error_of(answer)["code"] in {"invalid_value", "bad_request"}


@pytest.mark.parametrize("number", ["0", "-5", str(2**63), "9" * 25])
def test_a_number_that_no_material_has_is_refused(writer: Visitor, number: str) -> None:
    assert writer.get(f"/api/materials/{number}").status == 400
    for method, place in (("PATCH", ""), ("DELETE", ""), ("POST", "/submit")):
        answer = change(writer, method, f"/api/materials/{number}{place}", '"1"', {})
        assert answer.status == 400
    assert writer.get("/api/materials/999999").status == 404
    assert writer.get("/api/materials/abc").status == 404
