"""tus 1.0.0 to the letter, at the address of our own JSON declarations."""

import base64
import hashlib
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import update

from repo_server.database.models import Upload, utc_now
from repo_server.services import acceptance
from repo_server.services.uploads import LIFETIME
from tests import libraries
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of

CONTENT = libraries.pdf("Phân số bằng nhau", "Quy đồng mẫu số")
STREAM = "application/offset+octet-stream"
TUS = {"tus-resumable": "1.0.0"}


@pytest.fixture(scope="module")
def sender(lasting_house: House) -> Visitor:
    return lasting_house.visitor()


def in_base64(value: str | bytes) -> str:
    data = value.encode() if isinstance(value, str) else value
    return base64.b64encode(data).decode()


def metadata(**pairs: str | bytes) -> str:
    return ",".join(f"{key} {in_base64(value)}" for key, value in pairs.items())


def create(
    visitor: Visitor, said: str | None = None, body: bytes = b"", **headers: object
) -> Answer:
    """A creation request; keyword arguments are headers, None leaves one out."""
    given: dict[str, object] = {
        "upload_length": len(CONTENT),
        "upload_metadata": metadata(filename="Phân số.pdf") if said is None else said,
    }
    if body:
        given["content_type"] = STREAM
    sent = {name.replace("_", "-"): str(value) for name, value in (given | headers).items()
            if value is not None}  # fmt: skip
    return visitor.ask("POST", "/api/uploads", body=body, headers=TUS | sent)


def send(visitor: Visitor, url: str, body: bytes, offset: int = 0, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    given = TUS | {"upload-offset": str(offset), "content-type": STREAM} | more
    return visitor.ask("PATCH", url, body=body, headers=given)


def head(visitor: Visitor, url: str) -> Answer:
    return visitor.ask("HEAD", url, headers=TUS)


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {in_base64(hashlib.new(algorithm, data).digest())}"


def is_soon(http_date: str) -> bool:
    """Whether it is the end of an upload that was declared just now."""
    return abs(parsedate_to_datetime(http_date) - utc_now() - LIFETIME) < timedelta(minutes=2)


def test_anybody_may_ask_what_the_server_can_do(lasting_house: House) -> None:
    for url in ("/api/uploads", f"/api/uploads/{'0' * 32}"):
        answer = lasting_house.stranger().ask("OPTIONS", url)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.header("tus-resumable") == answer.header("tus-version") == "1.0.0"
        extensions = "creation,creation-with-upload,expiration,termination,checksum"
        assert answer.header("tus-extension") == extensions
        assert answer.header("tus-checksum-algorithm") == "sha1,sha256,md5"
        assert int(answer.header("tus-max-size")) == lasting_house.library.max_file_size


def test_a_file_goes_its_whole_way(house: House) -> None:
    teacher = house.visitor()
    created = create(teacher)
    url = created.header("location")
    assert (created.status, created.header("tus-resumable")) == (201, "1.0.0")
    assert created.header("upload-offset") == ""
    assert is_soon(created.header("upload-expires"))

    half = len(CONTENT) // 2
    first = send(teacher, url, CONTENT[:half])
    assert (first.status, first.header("upload-offset")) == (204, str(half))
    assert is_soon(first.header("upload-expires"))
    asked = head(teacher, url)
    assert (asked.status, asked.header("upload-offset")) == (200, str(half))
    assert asked.header("upload-length") == str(len(CONTENT))
    assert asked.header("upload-metadata") == metadata(filename="Phân số.pdf")
    assert (asked.header("cache-control"), asked.body) == ("no-store", b"")
    assert is_soon(asked.header("upload-expires"))
    last = send(teacher, url, CONTENT[half:], half)
    assert (last.status, last.header("upload-offset")) == (204, str(len(CONTENT)))
    assert last.header("upload-expires") == ""
    acceptance.accept_upload(house.library, created.json["id"])

    ready = teacher.get(url).json
    assert (ready["state"], ready["name"]) == ("ready", "Phân số.pdf")
    assert teacher.get(f"/api/files/{ready['file']}/content").body == CONTENT
    done = head(teacher, url)
    assert done.header("upload-offset") == done.header("upload-length") == str(len(CONTENT))


def test_the_first_bytes_may_come_with_the_creation(sender: Visitor) -> None:
    part = create(sender, body=CONTENT[:100])
    assert (part.status, part.header("upload-offset")) == (201, "100")
    assert is_soon(part.header("upload-expires"))
    url = part.header("location")
    assert head(sender, url).header("upload-offset") == "100"
    assert send(sender, url, CONTENT[100:], 100).status == 204

    whole = create(sender, body=CONTENT)
    assert (whole.status, whole.header("upload-offset")) == (201, str(len(CONTENT)))
    assert whole.json["state"] == "received"


def test_a_repeated_creation_is_told_how_far_its_bytes_are(sender: Visitor) -> None:
    key = "khoa-cua-tus-1"
    first = create(sender, body=CONTENT[:100], idempotency_key=key)
    again = create(sender, body=CONTENT[:100], idempotency_key=key)
    assert (again.status, again.header("upload-offset")) == (201, "100")
    assert again.header("location") == first.header("location")
    declared = sender.ask(
        "POST", "/api/uploads", headers={"idempotency-key": key},
        json_body={"name": "Phân số.pdf", "size": len(CONTENT)},
    )  # fmt: skip
    assert (declared.status, declared.json["id"]) == (200, first.json["id"])
    other = create(sender, idempotency_key=key, upload_length=7)
    assert (other.status, error_of(other)["code"]) == (422, "idempotency_mismatch")
    sender.ask("DELETE", first.header("location"), headers=TUS)
    assert create(sender, idempotency_key=key).status == 410


def test_another_version_is_refused_before_anything_is_done(sender: Visitor) -> None:
    url = create(sender).header("location")
    other = {"tus-resumable": "0.2.2"}
    for method, target in (
        ("POST", "/api/uploads"),
        ("HEAD", url),
        ("PATCH", url),
        ("DELETE", url),
    ):
        answer = sender.ask(method, target, headers=TUS | other | {"upload-offset": "0"})
        assert answer.status == 412
        assert answer.header("tus-version") == answer.header("tus-resumable") == "1.0.0"
    assert head(sender, url).status == 200


def test_bytes_of_another_type_are_refused(sender: Visitor) -> None:
    url = create(sender).header("location")
    for wrong in ("application/octet-stream", "text/plain", ""):
        answer = send(sender, url, b"x", content_type=wrong)
        assert (answer.status, error_of(answer)["code"]) == (415, "unsupported_media_type")
        assert answer.header("tus-resumable") == "1.0.0"
    assert create(sender, body=b"x", content_type="application/json").status == 415
    assert head(sender, url).header("upload-offset") == "0"


def test_a_wrong_offset_and_too_many_bytes_are_refused_and_not_kept(sender: Visitor) -> None:
    url = create(sender).header("location")
    assert send(sender, url, CONTENT[:50]).status == 204
    for offset in (0, 49, 51):
        assert send(sender, url, b"x", offset).status == 409
    assert send(sender, url, CONTENT[50:] + b"!", 50).status == 413
    assert head(sender, url).header("upload-offset") == "50"


def test_a_lost_last_answer_may_be_asked_for_again(house: House) -> None:
    teacher = house.visitor()
    created = create(teacher, body=CONTENT)
    url, end = created.header("location"), len(CONTENT)
    for _ in range(2):
        again = send(teacher, url, b"", end)
        assert (again.status, again.header("upload-offset")) == (204, str(end))
        acceptance.accept_upload(house.library, created.json["id"])
    assert send(teacher, url, b"", end - 1).status == 409
    assert send(teacher, url, b"x", end).status == 409


def test_two_at_once_do_not_mix(lasting_house: House, sender: Visitor) -> None:
    created = create(sender)
    with lasting_house.library.staging.append(created.json["id"], 0):
        for extra in ({}, {"upload_checksum": checksum("sha1", CONTENT)}):
            assert send(sender, created.header("location"), CONTENT, **extra).status == 423


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_bytes_with_the_right_checksum_count(
    house: House, lasting_house: House, algorithm: str
) -> None:
    teacher = house.visitor()
    created = create(
        teacher, body=CONTENT[:100], upload_checksum=checksum(algorithm, CONTENT[:100])
    )
    url, rest = created.header("location"), CONTENT[100:]
    assert created.header("upload-offset") == "100"
    done = send(teacher, url, rest, 100, upload_checksum=checksum(algorithm, rest))
    assert (done.status, done.header("upload-offset")) == (204, str(len(CONTENT)))
    acceptance.accept_upload(house.library, created.json["id"])
    assert teacher.get(url).json["state"] == "ready"


def test_bytes_with_a_wrong_checksum_do_not_count(sender: Visitor) -> None:
    url = create(sender).header("location")
    assert send(sender, url, CONTENT[:10]).status == 204
    wrong = send(sender, url, CONTENT[10:], 10, upload_checksum=checksum("sha1", CONTENT))
    assert (wrong.status, error_of(wrong)["code"]) == (460, "checksum_mismatch")
    asked = head(sender, url)
    assert (asked.status, asked.header("upload-offset")) == (200, "10")
    right = send(sender, url, CONTENT[10:], 10, upload_checksum=checksum("sha1", CONTENT[10:]))
    assert right.status == 204


@pytest.mark.parametrize(
    "said",
    ["crc32 AAAA", "sha512 AAAA", "SHA1 AAAA", "", "sha1", "sha1 !!!!", "sha1 AAAA",
     f"sha256 {in_base64(b'x' * 20)}", "x" * 3000],
)  # fmt: skip
def test_a_checksum_that_cannot_be_is_refused(sender: Visitor, said: str) -> None:
    url = create(sender).header("location")
    answer = send(sender, url, CONTENT, upload_checksum=said)
    assert (answer.status, error_of(answer)["details"]["field"]) == (400, "Upload-Checksum")
    assert head(sender, url).header("upload-offset") == "0"


def test_more_bytes_than_were_declared_are_refused_with_a_checksum_too(sender: Visitor) -> None:
    url = create(sender).header("location")
    body = CONTENT + b"!"
    assert send(sender, url, body, upload_checksum=checksum("md5", body)).status == 413
    assert head(sender, url).header("upload-offset") == "0"


def test_what_was_terminated_is_gone(lasting_house: House, sender: Visitor) -> None:
    created = create(sender, body=CONTENT[:10])
    url = created.header("location")
    ended = sender.ask("DELETE", url, headers=TUS)
    assert (ended.status, ended.header("tus-resumable"), ended.body) == (204, "1.0.0", b"")
    assert head(sender, url).status == 410
    assert send(sender, url, CONTENT[10:], 10).status == 410
    assert sender.ask("DELETE", url, headers=TUS).status == 410
    staged = {entry.upload_id for entry in lasting_house.library.staging.entries()}
    assert created.json["id"] not in staged


def test_what_has_expired_is_gone(lasting_house: House, sender: Visitor) -> None:
    created = create(sender, body=CONTENT[:10])
    with lasting_house.library.database.write() as session:
        row = update(Upload).where(Upload.id == created.json["id"])
        session.execute(row.values(expires_at=utc_now() - timedelta(seconds=1)))
    url = created.header("location")
    assert head(sender, url).status == 410
    assert send(sender, url, CONTENT[10:], 10).status == 410
    assert error_of(sender.get(url + "x"))["code"] == "not_found"


def test_who_may_only_post_says_what_is_meant(sender: Visitor) -> None:
    url = create(sender).header("location")
    sent = {"upload-offset": "0", "content-type": STREAM, "x-http-method-override": "PATCH"}
    answer = sender.ask("POST", url, body=CONTENT[:9], headers=TUS | sent)
    assert (answer.status, answer.header("upload-offset")) == (204, "9")
    for meant in ("PUT", "GET", ""):
        other = TUS | {"x-http-method-override": meant}
        assert sender.ask("POST", url, headers=other).status == 405
    other = TUS | {"x-http-method-override": "delete"}
    assert sender.ask("POST", url, headers=other).status == 204
    assert head(sender, url).status == 410


def test_another_site_cannot_hide_what_it_means(sender: Visitor) -> None:
    url = create(sender).header("location")
    foreign = {"sec-fetch-site": "cross-site", "x-http-method-override": "DELETE"}
    assert sender.ask("POST", url, headers=TUS | foreign).status == 403
    assert head(sender, url).status == 200


def test_an_upload_is_its_owners_alone(lasting_house: House, sender: Visitor) -> None:
    url = create(sender).header("location")
    other = lasting_house.visitor()
    assert head(other, url).status == send(other, url, b"x").status == 404
    assert other.ask("DELETE", url, headers=TUS).status == 404
    refused = create(lasting_house.stranger())
    assert (refused.status, refused.header("tus-resumable")) == (401, "1.0.0")


def test_everything_that_a_client_says_of_a_file_is_heard(house: House) -> None:
    teacher = house.visitor()
    draft = libraries.upload(house.library, house.person(), "Bài.txt")
    digest = hashlib.sha256(CONTENT).hexdigest()
    created = create(teacher, metadata(name="Đề.pdf", sha256=digest, role="worksheet"))
    with house.library.database.read() as session:
        upload = session.get_one(Upload, created.json["id"])
    assert (upload.name, upload.declared_sha256) == ("Đề.pdf", digest)
    assert (upload.role, upload.material_id) == ("worksheet", None)
    foreign = create(teacher, metadata(name="Đề.pdf", material=str(draft.material_id)))
    assert foreign.status == 404
    own = house.browser(house.person())
    begun = create(own, metadata(filename="Một.pdf"), body=CONTENT)
    acceptance.accept_upload(house.library, begun.json["id"])
    material = own.get(begun.header("location")).json["material"]["id"]
    joined = create(own, metadata(filename="Hai.pdf", material=str(material)))
    assert joined.json["material"]["id"] == material


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (metadata(filename="a.pdf", name="b.pdf"), "a.pdf"),
        (metadata(relativePath="Bài 1/Đề/c.pdf"), "c.pdf"),
        (metadata(relativePath="Bài 1/c.pdf", name="d.pdf"), "d.pdf"),
        (f"{metadata(filename='e.pdf')},is_confidential,other {in_base64(bytes([255]))}", "e.pdf"),
        (f" {metadata(filename='f.pdf')} , filetype  {in_base64('application/pdf')}", "f.pdf"),
        (metadata(filename="../../g.pdf"), "g.pdf"),
    ],
)
def test_the_name_is_found_where_clients_put_it(sender: Visitor, said: str, name: str) -> None:
    created = create(sender, said)
    assert (created.status, created.json["name"]) == (201, name)
    assert head(sender, created.header("location")).header("upload-metadata") == said


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("", "Upload-Metadata"),
        ("filename", "Upload-Metadata"),
        ("filename !!!", "Upload-Metadata"),
        ("filename YQ", "Upload-Metadata"),
        (f"{metadata(filename='a.pdf')},{metadata(filename='b.pdf')}", "Upload-Metadata"),
        (f"tên {in_base64('a.pdf')}".encode().decode("latin-1"), "Upload-Metadata"),
        (",".join(f"k{n} YQ==" for n in range(21)), "Upload-Metadata"),
        (metadata(filename="a.pdf", note="x" * 3000), "Upload-Metadata"),
        (metadata(filename=b"\xff\xfe"), "filename"),
        (metadata(filename="a\0b.pdf"), "filename"),
        (metadata(filename="a" * 1001), "name"),
        (metadata(relativePath="/etc/passwd"), "relativePath"),
        (metadata(relativePath="a/../b.pdf"), "relativePath"),
        (metadata(relativePath="a\\b.pdf"), "relativePath"),
        (metadata(relativePath="a/"), "relativePath"),
        (metadata(relativePath="a/" * 501 + "b"), "relativePath"),
        (metadata(filename="a.pdf", sha256="x"), "sha256"),
        (metadata(filename="a.pdf", role="no-such-role"), "role"),
        (metadata(filename="a.pdf", material="0"), "material"),
        (metadata(filename="a.pdf", material="-1"), "material"),
        (metadata(filename="a.pdf", material="9" * 30), "material"),
        (metadata(filename="a.pdf", material="x"), "material"),
    ],
)
def test_metadata_beyond_a_bound_is_explained(sender: Visitor, said: str, field: str) -> None:
    answer = create(sender, said)
    assert answer.status == 400
    assert error_of(answer)["details"]["field"] == field
    assert error_of(answer)["message"].endswith(".")


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"upload_length": None}, 400, "Upload-Length"),
        ({"upload_length": "-1"}, 400, "Upload-Length"),
        ({"upload_length": "1.5"}, 400, "Upload-Length"),
        ({"upload_length": "9" * 17}, 400, "Upload-Length"),
        ({"upload_length": "9" * 16}, 413, None),
        ({"upload_length": 2**53 + 1}, 413, None),
        ({"upload_length": 0}, 422, None),
        ({"upload_length": None, "upload_defer_length": 1}, 400, "Upload-Defer-Length"),
        ({"upload_concat": "partial"}, 400, "Upload-Concat"),
        ({"idempotency_key": "short"}, 400, "Idempotency-Key"),
    ],
)
def test_a_creation_beyond_a_bound_is_explained(
    sender: Visitor, headers: dict[str, object], status: int, field: str | None
) -> None:
    answer = create(sender, **headers)  # type: ignore[arg-type]
    assert (answer.status, answer.header("tus-resumable")) == (status, "1.0.0")
    assert error_of(answer)["details"].get("field") == field


def test_our_own_declaration_is_still_understood(sender: Visitor) -> None:
    said = {"name": "Phân số.pdf", "size": len(CONTENT)}
    declared = sender.ask("POST", "/api/uploads", json_body=said)
    assert (declared.status, declared.header("tus-resumable")) == (201, "1.0.0")
    url = declared.header("location")
    assert head(sender, url).header("upload-metadata") == ""
    plain = {"upload-offset": "0"}
    assert sender.ask("PATCH", url, body=CONTENT, headers=plain).status == 204


def test_the_declaration_is_described_for_programs(lasting_house: House) -> None:
    described = lasting_house.stranger().get("/api/openapi.json").json["paths"]
    body = described["/api/uploads"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"] is True
    assert set(schema["properties"]) == {"name", "size", "sha256", "material", "role"}
    assert schema["required"] == ["name", "size"]
