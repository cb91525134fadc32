"""Uploads over HTTP: declared, sent, continued, refused; nobody's but their owner's."""

import hashlib

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.services import acceptance
from tests import libraries
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of

CONTENT = libraries.pdf("Phân số bằng nhau", "Quy đồng mẫu số")
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DECLARED = {"name": "Phân số.pdf", "size": len(CONTENT), "sha256": SHA256}


@pytest.fixture
def browser(house: House, teacher: Viewer) -> Visitor:
    return house.browser(teacher)


@pytest.fixture(scope="module")
def sender(lasting_house: House) -> Visitor:
    """A teacher of a house that others use, too."""
    return lasting_house.visitor()


def declare(visitor: Visitor, key: str = "", **more: object) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    return visitor.ask("POST", "/api/uploads", json_body=DECLARED | more, headers=headers)


def send(visitor: Visitor, url: str, body: bytes, offset: object = 0) -> Answer:
    headers = {
        "upload-offset": str(offset),
        "content-type": "application/offset+octet-stream",
    }
    return visitor.ask("PATCH", url, body=body, headers=headers)


@pytest.mark.parametrize(
    ("name", "content"),
    [("Phân số.pdf", CONTENT), ("Phân số.docx", libraries.docx("Phân số bằng nhau"))],
)
def test_a_file_goes_its_whole_way(
    house: House, browser: Visitor, name: str, content: bytes
) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    declared = declare(browser, name=name, size=len(content), sha256=sha256)
    url = declared.header("location")

    assert declared.status == 201
    assert declared.json["url"] == url == f"/api/uploads/{declared.json['id']}"
    assert (declared.json["state"], declared.json["offset"]) == ("receiving", 0)
    sent = send(browser, url, content)
    assert (sent.status, sent.header("upload-offset"), sent.body) == (204, str(len(content)), b"")
    assert browser.get(url).json["state"] == "received"
    acceptance.accept_upload(house.library, declared.json["id"])

    ready = browser.get(url).json
    assert (ready["state"], ready["verdict"], ready["reason"]) == ("ready", "ok", None), ready
    assert ready["material"]["edit_url"] == f"{ready['material']['url']}/sua"
    assert browser.get(f"/api/files/{ready['file']}/content").body == content
    assert browser.page(ready["material"]["url"]).status == 200


def test_a_file_that_is_not_what_it_says_is_refused_with_a_reason(
    house: House, browser: Visitor
) -> None:
    content = b"<script>alert(1)</script>"
    declared = declare(browser, name="Bài.pdf", size=len(content), sha256=None)
    send(browser, declared.json["url"], content)
    acceptance.accept_upload(house.library, declared.json["id"])

    status = browser.get(declared.json["url"]).json

    assert (status["state"], status["material"], status["file"]) == ("rejected", None, None)
    assert status["verdict"]
    assert status["reason"][0].isupper()
    assert status["reason"].endswith(".")


def test_another_hash_than_the_declared_one_is_noticed(house: House, browser: Visitor) -> None:
    declared = declare(browser, sha256="0" * 64)
    send(browser, declared.json["url"], CONTENT)
    acceptance.accept_upload(house.library, declared.json["id"])

    assert browser.get(declared.json["url"]).json["state"] == "rejected"


def test_pieces_are_put_together_in_their_order(house: House, browser: Visitor) -> None:
    declared = declare(browser)
    url = declared.json["url"]
    for start in range(0, len(CONTENT), 100):
        piece = CONTENT[start : start + 100]
        answer = send(browser, url, piece, start)
        assert answer.header("upload-offset") == str(start + len(piece))
        head = browser.ask("HEAD", url)
        assert head.header("upload-offset") == str(start + len(piece))
        assert head.header("upload-length") == str(len(CONTENT))
        assert head.header("cache-control") == "no-store"
    acceptance.accept_upload(house.library, declared.json["id"])

    assert browser.get(url).json["state"] == "ready"


def test_the_same_key_gives_the_same_upload(sender: Visitor) -> None:
    first = declare(sender, "khoa-so-1-abc")
    again = declare(sender, "khoa-so-1-abc")

    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    other = declare(sender, "khoa-so-1-abc", size=5)
    assert other.status == 422
    assert error_of(other)["code"] == "idempotency_mismatch"


def test_one_key_of_two_people_is_two_uploads(lasting_house: House, sender: Visitor) -> None:
    other = lasting_house.visitor()

    assert declare(sender, "the-same-key").json["id"] != declare(other, "the-same-key").json["id"]


def test_a_wrong_offset_is_told_the_right_one(sender: Visitor) -> None:
    url = declare(sender).json["url"]
    send(sender, url, CONTENT[:50])

    for offset in (0, 49, 51, 2**53):
        answer = send(sender, url, b"x", offset)
        assert answer.status == 409
        assert error_of(answer)["code"] == "wrong_offset"
        assert error_of(answer)["details"]["size"] == 50
        assert "50 byte" in error_of(answer)["message"]


def test_more_than_was_declared_is_refused_and_not_kept(sender: Visitor) -> None:
    url = declare(sender).json["url"]

    answer = send(sender, url, CONTENT + b"!")

    assert answer.status == 413
    assert error_of(answer)["code"] == "too_large"
    assert sender.get(url).json["offset"] == 0
    assert send(sender, url, CONTENT).status == 204


def test_what_is_complete_takes_no_more(sender: Visitor) -> None:
    url = declare(sender).json["url"]
    send(sender, url, CONTENT)

    assert send(sender, url, b"x", len(CONTENT)).status == 409
    assert send(sender, url, CONTENT).status == 409
    assert sender.ask("DELETE", url).status == 409


def test_two_senders_of_one_upload_do_not_mix(lasting_house: House, sender: Visitor) -> None:
    declared = declare(sender)

    with lasting_house.library.staging.append(declared.json["id"], 0):
        answer = send(sender, declared.json["url"], CONTENT)

    assert answer.status == 423
    assert error_of(answer)["code"] == "busy"
    assert send(sender, declared.json["url"], CONTENT).status == 204


def test_an_upload_that_was_given_up_is_over(sender: Visitor) -> None:
    url = declare(sender).json["url"]
    send(sender, url, CONTENT[:10])

    assert sender.ask("DELETE", url).status == 204
    assert sender.ask("DELETE", url).status == 410
    assert sender.get(url).json["state"] == "cancelled"
    assert send(sender, url, CONTENT[10:], 10).status == 410


def test_uploads_are_their_owners_alone(lasting_house: House, sender: Visitor) -> None:
    url = declare(sender).json["url"]
    others = [lasting_house.visitor(role) for role in Role]

    for other in others:
        assert other.get(url).status == 404
        assert other.ask("HEAD", url).status == 404
        assert send(other, url, b"x").status == 404
        assert other.ask("DELETE", url).status == 404
    stranger = lasting_house.stranger()
    assert declare(stranger).status == 401
    assert stranger.get(url).status == 401
    assert send(stranger, url, b"x").status == 401
    assert sender.get(url).json["offset"] == 0


def test_a_file_is_added_only_where_one_may_edit(house: House, teacher: Viewer) -> None:
    draft, public = house.draft(teacher), house.published(teacher)
    other = house.browser(house.person())

    assert declare(other, material=draft.card.id).status == 404
    assert declare(other, material=public.card.id).status == 403
    assert declare(house.browser(teacher), material=999_999).status == 404
    closed = declare(house.browser(teacher), material=public.card.id)
    assert (closed.status, error_of(closed)["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"size": 0}, 422, None),
        ({"size": -1}, 400, "size"),
        ({"size": 1.5}, 400, "size"),
        ({"size": True}, 400, "size"),
        ({"size": None}, 400, "size"),
        ({"size": 2**53 + 1}, 400, "size"),
        ({"size": 2**63}, 400, None),
        ({"size": 2**53}, 413, None),
        ({"name": ""}, 400, "name"),
        ({"name": "a" * 1001}, 400, "name"),
        ({"name": 5}, 400, "name"),
        ({"name": "a\x00b.pdf"}, 400, None),
        ({"sha256": "x"}, 400, "sha256"),
        ({"sha256": "A" * 64}, 400, "sha256"),
        ({"sha256": "0" * 63 + "\n"}, 400, "sha256"),
        ({"material": 0}, 400, "material"),
        ({"material": 2**63}, 400, None),
        ({"role": "no-such-role"}, 400, "role"),
        ({"role": "a" * 21}, 400, "role"),
        ({"surprise": 1}, 400, "body"),
    ],
)
def test_a_declaration_beyond_a_bound_is_explained(
    sender: Visitor, wrong: dict[str, object], status: int, field: str | None
) -> None:
    answer = declare(sender, **wrong)
    error = error_of(answer)

    assert answer.status == status, error
    assert error["details"].get("field") == field
    assert error["message"].endswith((".", "B"))


@pytest.mark.parametrize("key", ["short", "a" * 201])
def test_a_key_that_protects_nobody_is_refused(sender: Visitor, key: str) -> None:
    headers = {"idempotency-key": key}
    answer = sender.ask("POST", "/api/uploads", json_body=DECLARED, headers=headers)

    assert answer.status == 400
    assert error_of(answer)["details"]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("offset", ["-1", "x", "1.5", "", "9" * 30, str(2**53 + 1), "0, 0", "0x1"])
def test_an_offset_that_is_none_is_refused(sender: Visitor, offset: str) -> None:
    url = declare(sender).json["url"]
    answer = send(sender, url, b"x", offset)

    assert answer.status == 400
    assert error_of(answer)["details"]["field"] == "Upload-Offset"


def test_bytes_without_an_offset_are_refused(sender: Visitor) -> None:
    url = declare(sender).json["url"]
    answer = sender.ask("PATCH", url, body=b"x")

    assert answer.status == 400
    assert error_of(answer)["details"] == {"field": "Upload-Offset", "reason": "thiếu giá trị."}


@pytest.mark.parametrize(
    "name", ["0" * 31, "0" * 33, "G" * 32, "A" * 32, "..%2f..%2fetc", "%00", "0" * 300]
)
def test_an_upload_of_another_name_is_none(sender: Visitor, name: str) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        assert sender.ask(method, f"/api/uploads/{name}").status in {400, 404}
    assert send(sender, f"/api/uploads/{name}", b"x").status in {400, 404}
