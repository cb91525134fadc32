"""Files together, over HTTP: changes with If-Match, the ZIP, QR codes, cards by code."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from litestar.exceptions import LitestarException
from PIL import Image

from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import StorageUnavailable
from repo_server.services import materials
from repo_server.services.viewing import MaterialView, material_by_id
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage
from tests import libraries
from tests.libraries import png
from tests.routes.edge import HOST
from tests.routes.houses import House, Visitor, error_of, house_in
from tests.scanner import scanned
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs


def two_files(house: House, owner: Viewer, *, public: bool = False) -> MaterialView:
    """A material of two files, published where wanted."""
    made = house.draft(owner)
    libraries.upload(house.library, owner, "Sơ đồ.png", png(), material_id=made.card.id)
    made = material_by_id(house.library, owner, made.card.id)
    if public:
        submitted = materials.submit(house.library, owner, made.card.id, made.rev)
        editor = house.person(Role.EDITOR)
        materials.publish(house.library, editor, made.card.id, submitted.rev)
        made = material_by_id(house.library, owner, made.card.id)
    return made


@pytest.fixture
def s3_house(curriculum_sqlite_file: Path, tmp_path: Path) -> Iterator[House]:
    """The application whose files are on an S3 server."""
    (tmp_path / "kho.sqlite3").write_bytes(curriculum_sqlite_file.read_bytes())
    options = shared_seaweedfs().options()
    house = house_in(
        tmp_path,
        storage_url=f"s3://{BUCKET}/test-{uuid4().hex}",
        s3_endpoint=options.endpoint,
        s3_access_key=options.access_key,
        s3_secret_key=options.secret_key,
    )
    yield house
    house.library.close()


# Changing a file


def patch(
    visitor: Visitor, view: MaterialView, at: int, said: object, etag: str | None = None
) -> object:
    headers = {"if-match": f'"{view.rev}"'} if etag is None else {"if-match": etag}
    address = f"/api/materials/{view.card.id}/files/{view.files[at].id}"
    return visitor.ask("PATCH", address, json_body=said, headers=headers if etag != "" else {})


def test_a_file_is_renamed_given_a_role_and_moved(each_house: House) -> None:
    owner = each_house.person()
    made, program = two_files(each_house, owner), each_house.program(owner)

    answer = patch(program, made, 1, {"name": "Hình", "role": "worksheet", "position": 1})

    assert answer.status == 200
    files = answer.json["files"]
    assert [file["name"] for file in files] == ["Hình.png", "Phân số.txt"]
    assert files[0]["role"] == "worksheet"
    assert answer.header("etag") == f'"{made.rev + 1}"'
    assert answer.json["contents"]["present"] == ["kế hoạch bài dạy", "phiếu học tập"]
    assert answer.json["contents"]["missing"] == ["bài trình chiếu"]


def test_null_takes_a_role_away_and_silence_leaves_it(house: House, teacher: Viewer) -> None:
    made, program = two_files(house, teacher), house.program(teacher)
    patch(program, made, 0, {"role": "test"})
    named = material_by_id(house.library, teacher, made.card.id)
    assert patch(program, named, 0, {"name": "Đề"}).json["files"][0]["role"] == "test"
    again = material_by_id(house.library, teacher, made.card.id)
    assert patch(program, again, 0, {"role": None}).json["files"][0]["role"] is None


@pytest.mark.parametrize(
    ("said", "etag", "status"),
    [
        ({"name": "x"}, "", 428),
        ({"name": "x"}, '"999"', 412),
        ({"name": ""}, None, 400),
        ({"name": "..."}, None, 400),
        ({"name": "x" * 401}, None, 400),
        ({"role": "khong-co"}, None, 400),
        ({"position": 0}, None, 400),
        ({"position": 3}, None, 400),
        ({"position": 2**70}, None, 400),
        ({"size": 1}, None, 400),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    house: House, teacher: Viewer, said: object, etag: str | None, status: int
) -> None:
    made = two_files(house, teacher)
    answer = patch(house.program(teacher), made, 0, said, etag)
    assert answer.status == status, answer.body
    error_of(answer)


def test_a_stranger_changes_nothing(house: House, teacher: Viewer) -> None:
    hidden, public = two_files(house, teacher), two_files(house, teacher, public=True)
    assert patch(house.stranger(), hidden, 0, {"name": "x"}).status == 404
    assert patch(house.stranger(), public, 0, {"name": "x"}).status == 401
    assert patch(house.program(house.person()), hidden, 0, {"name": "x"}).status == 404
    assert patch(house.program(house.person()), public, 0, {"name": "x"}).status == 403
    assert patch(house.program(teacher), public, 0, {"name": "x"}).status == 409


# The ZIP


def test_the_archive_is_what_its_headers_promise(each_house: House) -> None:
    made = two_files(each_house, each_house.person(), public=True)
    address = f"/api/materials/{made.card.id}/zip"
    visitor = each_house.stranger()

    answer, head = visitor.get(address), visitor.ask("HEAD", address)

    assert answer.status == head.status == 200
    assert answer.header("content-type") == "application/zip"
    assert int(answer.header("content-length")) == len(answer.body)
    assert head.body == b""
    assert head.header("content-length") == answer.header("content-length")
    assert head.header("etag") == answer.header("etag")
    assert "filename*=UTF-8''C%E1%BB%99ng%20hai%20ph%C3%A2n%20s%E1%BB%91.zip" in answer.header(
        "content-disposition"
    )
    with zipfile.ZipFile(io.BytesIO(answer.body)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == 3


def test_a_broken_download_of_an_archive_goes_on(each_house: House) -> None:
    made = two_files(each_house, each_house.person(), public=True)
    address = f"/api/materials/{made.card.id}/zip"
    visitor = each_house.stranger()
    # No bytes have been read for an archive yet: nothing is known of them.
    last = visitor.get(address, range="bytes=-1")
    size = int(last.header("content-range").rpartition("/")[2])
    assert (last.status, last.header("content-length")) == (206, "1")
    whole = visitor.get(address)
    assert whole.header("accept-ranges") == "bytes"
    assert (len(whole.body), whole.body[-1:]) == (size, last.body)

    for first in range(0, size, 97):
        rest = visitor.get(address, range=f"bytes={first}-", if_range=whole.header("etag"))
        assert rest.status == 206
        assert rest.header("content-range") == f"bytes {first}-{size - 1}/{size}"
        assert rest.header("etag") == whole.header("etag")
        assert whole.body[:first] + rest.body == whole.body
    part = visitor.get(address, range="bytes=100-199")
    assert (part.header("content-length"), part.body) == ("100", whole.body[100:200])
    head = visitor.ask("HEAD", address, headers={"range": "bytes=100-199"})
    assert (head.status, head.header("content-length"), head.body) == (206, "100", b"")


def test_a_part_of_an_archive_that_is_another_one_now_is_not_sent(
    house: House, teacher: Viewer
) -> None:
    made = two_files(house, teacher, public=True)
    address, visitor = f"/api/materials/{made.card.id}/zip", house.stranger()
    first = visitor.get(address)
    patch(house.program(house.person(Role.EDITOR)), made, 0, {"name": "Khác"})

    changed = visitor.get(address, range="bytes=100-", if_range=first.header("etag"))
    assert (changed.status, len(changed.body)) == (200, int(changed.header("content-length")))
    beyond = visitor.get(address, range="bytes=999999999-")
    assert beyond.status == 416
    assert beyond.header("content-range") == f"bytes */{len(changed.body)}"
    assert error_of(beyond)["code"] == "range_not_satisfiable"


def test_the_checksums_of_an_archive_are_kept_for_its_parts(
    house: House, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = two_files(house, teacher, public=True)
    address, visitor = f"/api/materials/{made.card.id}/zip", house.stranger()
    whole = visitor.get(address)
    read: list[str | None] = []
    opened = LocalStorage.open

    def noted(self: LocalStorage, key: ObjectKey, *more: int) -> object:
        read.append(key.sha256)
        return opened(self, key, *more)

    monkeypatch.setattr(LocalStorage, "open", noted)
    assert visitor.get(address, range="bytes=-40").body == whole.body[-40:]
    assert read == []
    with zipfile.ZipFile(io.BytesIO(whole.body)) as archive:
        second = archive.infolist()[1].header_offset
    assert visitor.get(address, range=f"bytes={second}-").body == whole.body[second:]
    assert read == [made.files[1].sha256]


def test_the_archive_has_not_changed_until_a_file_has(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher, public=True)
    address, visitor = f"/api/materials/{made.card.id}/zip", house.stranger()
    first = visitor.get(address)

    assert visitor.get(address).body == first.body
    known = visitor.get(address, if_none_match=first.header("etag"))
    assert (known.status, known.body) == (304, b"")

    editor = house.person(Role.EDITOR)
    patch(house.program(editor), made, 0, {"name": "Khác"})
    changed = visitor.get(address, if_none_match=first.header("etag"))
    assert changed.status == 200
    assert changed.header("etag") != first.header("etag")


def test_an_archive_counts_as_one_use(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher, public=True)
    address, visitor = f"/api/materials/{made.card.id}/zip", house.stranger()
    etag = visitor.get(address).header("etag")
    visitor.ask("HEAD", address)
    visitor.get(address, if_none_match=etag)
    visitor.get(address, range="bytes=10-")

    house.library.usage.write_down(house.library.database)

    assert material_by_id(house.library, teacher, made.card.id).card.use == 1


def test_an_archive_comes_from_an_s3_server(s3_house: House) -> None:
    made = two_files(s3_house, s3_house.person(), public=True)

    answer = s3_house.stranger().get(f"/api/materials/{made.card.id}/zip")

    assert int(answer.header("content-length")) == len(answer.body)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as opened:
        assert opened.testzip() is None


def test_a_storage_that_fails_in_the_middle_breaks_the_answer_off(
    house: House, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = two_files(house, teacher, public=True)
    opened = LocalStorage.open

    def open_or_fail(self: LocalStorage, key: ObjectKey, *more: int) -> object:
        if key.sha256 == made.files[1].sha256:
            raise StorageUnavailable
        return opened(self, key, *more)

    monkeypatch.setattr(LocalStorage, "open", open_or_fail)

    # The server that has begun an answer can only close the connection on this.
    with pytest.raises(LitestarException, match="after response started") as broken:
        house.stranger().get(f"/api/materials/{made.card.id}/zip")
    assert isinstance(broken.value.__cause__, StorageUnavailable)


@pytest.mark.parametrize(("left", "status"), [(None, 404), (b"half", 503)])
def test_a_loss_is_told_before_the_answer_begins(
    house: House, teacher: Viewer, left: bytes | None, status: int
) -> None:
    made = two_files(house, teacher, public=True)
    path = house.library.storage.local_path(ObjectKey.blob(made.files[1].sha256))
    assert path is not None
    path.unlink()
    if left is not None:
        path.write_bytes(left)

    answer = house.stranger().get(f"/api/materials/{made.card.id}/zip")

    assert answer.status == status
    error_of(answer)
    house.library.usage.write_down(house.library.database)
    assert material_by_id(house.library, teacher, made.card.id).card.use == 0


# Side doors: nothing tells of a draft


@pytest.mark.parametrize("door", ["zip", "qr.svg", "qr.png", "qr.png?size=200"])
def test_a_draft_has_no_side_door(house: House, teacher: Viewer, door: str) -> None:
    made = two_files(house, teacher)
    address = f"/api/materials/{made.card.id}/{door}"

    assert house.browser(teacher).get(address).status == 200
    for visitor in (house.stranger(), house.visitor()):
        assert visitor.get(address).status == 404
        assert visitor.ask("HEAD", address).status == 404
    assert house.stranger().get(address.replace(str(made.card.id), "4000000")).status == 404


# QR codes


def test_qr_codes_are_drawn_in_both_formats(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher, public=True)
    address, visitor = f"/api/materials/{made.card.id}", house.stranger()

    svg, image = visitor.get(f"{address}/qr.svg"), visitor.get(f"{address}/qr.png?size=300")

    assert svg.header("content-type") == "image/svg+xml"
    assert b"<svg" in svg.body
    assert image.header("content-type") == "image/png"
    assert 200 < Image.open(io.BytesIO(image.body)).width <= 300
    assert scanned(image.body) == [f"http://{HOST}/c/{made.card.code}"]
    known = visitor.get(f"{address}/qr.svg", if_none_match=svg.header("etag"))
    assert (known.status, known.body) == (304, b"")


@pytest.mark.parametrize("size", ["0", "63", "2001", "-1", "9" * 30, "x"])
def test_no_size_of_a_qr_code_is_without_bounds(house: House, teacher: Viewer, size: str) -> None:
    made = two_files(house, teacher, public=True)
    answer = house.stranger().get(f"/api/materials/{made.card.id}/qr.png?size={size}")
    assert answer.status == 400


def test_a_host_that_is_no_name_gets_no_code(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher, public=True)
    address = f"/api/materials/{made.card.id}/qr.svg"
    assert house.stranger().get(address, host='evil"><script>').status == 400
    assert house.stranger().get(address, host="[::1]:8000").status == 200


def test_the_public_address_that_is_set_is_the_one_in_the_code(
    curriculum_sqlite_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "kho.sqlite3").write_bytes(curriculum_sqlite_file.read_bytes())
    house = house_in(tmp_path, origin="https://kho.example.edu.vn")
    made = two_files(house, house.person(), public=True)
    address = f"/api/materials/{made.card.id}/qr.svg"
    one, other = (house.stranger().get(address, host=host).body for host in ("a.vn", "b.vn"))
    assert one == other
    drawn = house.stranger().get(address.replace("svg", "png"), host="a.vn").body
    assert scanned(drawn) == [f"https://kho.example.edu.vn/c/{made.card.code}"]
    house.library.close()


# Cards by code


def test_cards_come_by_their_codes_in_order(each_house: House) -> None:
    owner = each_house.person()
    first, second = (each_house.published(owner).card.code for _ in range(2))
    hidden = each_house.draft(owner).card.code

    answer = each_house.stranger().get(
        f"/api/cards?code={second}&code={hidden}&code=khong&code={first}"
    )

    assert answer.status == 200
    assert [card["code"] for card in answer.json["items"]] == [second, first]


def test_the_number_of_cards_is_bounded(house: House) -> None:
    visitor = house.stranger()
    fifty = "&".join(f"code={number:07d}" for number in range(50))
    assert visitor.get(f"/api/cards?{fifty}").json == {"items": []}
    assert visitor.get(f"/api/cards?{fifty}&code=k7p4m0x").status == 400
    assert visitor.get("/api/cards").status == 400
    assert visitor.get(f"/api/cards?code={'x' * 41}").status == 400
