"""Bytes over HTTP: ranges, validators, names, headers, who may have them."""

import unicodedata
from urllib.parse import unquote

import pytest

from repo_server.database.models import MaterialFile
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import StorageUnavailable
from repo_server.services import materials, viewing
from repo_server.services.viewing import MaterialView
from repo_server.storage.base import ObjectKey
from tests import libraries
from tests.inspection.samples import mp4
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of

CONTENT = bytes(range(32, 127)) * 20 + "Phân số".encode()
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def shelf(lasting_house: House) -> MaterialView:
    return lasting_house.published(lasting_house.person(), content=CONTENT)


@pytest.fixture
def address(shelf: MaterialView) -> str:
    return f"/api/files/{shelf.files[0].id}/content"


@pytest.fixture
def reader(lasting_house: House) -> Visitor:
    return lasting_house.stranger()


def test_a_file_comes_whole_with_its_size_its_tag_and_its_type(
    reader: Visitor, address: str, shelf: MaterialView
) -> None:
    answer = reader.get(address)

    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.header("content-length") == str(SIZE)
    assert answer.header("accept-ranges") == "bytes"
    assert answer.header("etag") == f'"{shelf.files[0].sha256}"'
    assert answer.header("content-type").startswith("text/plain")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-security-policy") == "default-src 'none'; sandbox"
    assert answer.header("cross-origin-resource-policy") == "same-origin"
    assert answer.header("cache-control") == "private, no-cache"


def test_head_says_the_same_without_the_bytes(reader: Visitor, address: str) -> None:
    whole, head = reader.get(address), reader.ask("HEAD", address)

    kept = [pair for pair in whole.headers if pair[0] != "x-request-id"]
    assert [pair for pair in head.headers if pair[0] != "x-request-id"] == kept
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 5}", 0, SIZE - 1),
        ("bytes=5-", 5, SIZE - 1),
        ("bytes=0-", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=10-99999999", 10, SIZE - 1),
        (" bytes=1-2 ", 1, 2),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_range_is_answered_with_that_part(
    reader: Visitor, address: str, method: str, asked: str, first: int, last: int
) -> None:
    answer = reader.ask(method, address, headers={"range": asked})

    assert answer.status == 206
    assert answer.header("content-range") == f"bytes {first}-{last}/{SIZE}"
    assert answer.header("content-length") == str(last - first + 1)
    assert answer.body == (CONTENT[first : last + 1] if method == "GET" else b"")


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999-1000000", "bytes=-0"])
def test_a_range_beyond_the_end_is_told_how_long_the_file_is(
    reader: Visitor, address: str, asked: str
) -> None:
    answer = reader.get(address, range=asked)

    assert answer.status == 416
    assert error_of(answer)["code"] == "range_not_satisfiable"
    assert answer.header("content-range") == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-9",
        "bytes=9-1",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "items=0-1",
        "bytes=0-1x",
        "bytes=" + "9" * 40 + "-",
        "bytes=--5",
        "bytes=٣-٥",
        "\x00",
    ],
)
def test_a_range_that_says_nothing_is_answered_with_the_whole(
    reader: Visitor, address: str, asked: str
) -> None:
    headers = {"range": asked.encode().decode("latin-1")}
    answer = reader.ask("GET", address, headers=headers)

    assert (answer.status, answer.body) == (200, CONTENT)


def test_a_part_is_only_added_to_the_same_bytes(reader: Visitor, address: str) -> None:
    tag = reader.get(address).header("etag")

    same = reader.get(address, range="bytes=0-9", if_range=tag)
    assert (same.status, same.body) == (206, CONTENT[:10])
    for other in ('"other"', f"W/{tag}", "Tue, 24 Nov 2026 08:00:00 GMT"):
        assert reader.get(address, range="bytes=0-9", if_range=other).body == CONTENT
    assert reader.get(address, range="bytes=999999-", if_range='"other"').status == 200


@pytest.mark.parametrize("named", ["{tag}", "W/{tag}", '"x", {tag}', "*"])
def test_who_has_the_bytes_is_not_sent_them_again(
    reader: Visitor, address: str, named: str
) -> None:
    tag = reader.get(address).header("etag")

    answer = reader.get(address, if_none_match=named.format(tag=tag), range="bytes=0-1")

    assert (answer.status, answer.body, answer.header("etag")) == (304, b"", tag)
    assert answer.header("cache-control") == "private, no-cache"
    assert reader.get(address, if_none_match='"other"').status == 200


NAMES = [
    ("Bài 1 – Phân số.txt", "Bài 1 – Phân số.txt"),
    (unicodedata.normalize("NFD", "Đường tròn.txt"), "Đường tròn.txt"),
    ('a";filename="b.exe', 'a";filename="b.exe'),
    ("a;b=c'd%20e.txt", "a;b=c'd%20e.txt"),
    ("🐘 voi.txt", "🐘 voi.txt"),
    ("a\r\nSet-Cookie: b=c.txt", "aSet-Cookie: b=c.txt"),
    ("abc\u202etxt.exe", "abctxt.exe"),
]


@pytest.mark.parametrize(("name", "shown"), NAMES)
@pytest.mark.parametrize("query", ["", "?download=1", "?download=true"])
def test_a_file_keeps_its_vietnamese_name(
    lasting_house: House,
    reader: Visitor,
    shelf: MaterialView,
    address: str,
    query: str,
    name: str,
    shown: str,
) -> None:
    with lasting_house.library.database.write() as session:
        session.get_one(MaterialFile, shelf.files[0].id).name = name

    said = reader.get(address + query).header("content-disposition")

    kind, plain, extended = said.split("; ") if said.count("; ") == 2 else ("", "", said)
    assert kind == "attachment"
    assert said.isascii()
    assert plain.startswith('filename="')
    assert not {'"', "\\", "%", ";"} & set(plain[10:-1])
    assert unquote(extended.removeprefix("filename*=UTF-8''")) == shown


@pytest.mark.parametrize("query", ["?download=1", "?download=true"])
def test_download_saves_what_would_be_shown(house: House, teacher: Viewer, query: str) -> None:
    upload = libraries.upload(house.library, teacher, "Hình.png", libraries.png())
    browser = house.browser(teacher)
    address = f"/api/files/{upload.file_id}/content"

    assert browser.get(address).header("content-disposition").startswith("inline;")
    assert browser.get(address + query).header("content-disposition").startswith("attachment;")
    assert browser.get(address + "?download=0").header("content-disposition").startswith("inline;")


@pytest.mark.parametrize("query", ["?download=x", "?download=2", "?download="])
def test_download_is_yes_or_no(reader: Visitor, address: str, query: str) -> None:
    answer = reader.get(address + query)

    assert answer.status == 400
    assert error_of(answer)["details"]["field"] == "download"


@pytest.fixture
def own(house: House, teacher: Viewer) -> tuple[str, str, str]:
    """Content, preview and thumbnail of a draft's PDF."""
    pages = libraries.pdf("Trang một", "Trang hai")
    upload = libraries.upload(house.library, teacher, "Bài.pdf", pages)
    base = f"/api/files/{upload.file_id}"
    return f"{base}/content", f"{base}/preview/1", f"{base}/thumbnail"


def test_the_bytes_of_a_draft_are_its_owners_alone(
    house: House, teacher: Viewer, own: tuple[str, str, str]
) -> None:
    owner, other = house.browser(teacher), house.browser(house.person())
    editor = house.browser(house.person(Role.EDITOR))

    for address in own:
        answer = owner.get(address)
        assert answer.status == 200
        assert answer.header("cache-control").startswith("private")
        for visitor in (house.stranger(), other, editor):
            assert error_of(visitor.get(address))["code"] == "not_found"
            assert visitor.ask("HEAD", address).status == 404


def test_page_images_are_made_when_they_are_looked_at(
    house: House, teacher: Viewer, own: tuple[str, str, str]
) -> None:
    owner = house.browser(teacher)
    preview = own[1].removesuffix("1")

    first, again = owner.get(preview + "1"), owner.get(preview + "1")

    assert first.header("content-type") == "image/webp"
    assert first.body[:4] == b"RIFF"
    assert (again.body, again.header("etag")) == (first.body, first.header("etag"))
    assert owner.get(preview + "1", if_none_match=first.header("etag")).status == 304
    assert owner.get(preview + "2").body != first.body
    assert owner.get(preview + "3").status == 404
    for bad in ("0", "-1", "10001", str(2**63)):
        assert owner.get(preview + bad).status == 400
    assert owner.get(preview + "x").status == 404


def test_what_has_no_pages_has_no_page_images(reader: Visitor, shelf: MaterialView) -> None:
    base = f"/api/files/{shelf.files[0].id}"

    assert reader.get(f"{base}/preview/1").status == 404
    assert reader.get(f"{base}/thumbnail").status == 404


def test_pictures_of_what_is_published_may_be_kept_by_anybody(
    house: House, teacher: Viewer
) -> None:
    view = house.draft(teacher)
    upload = libraries.upload(
        house.library, teacher, "Bài.pdf", libraries.pdf(), material_id=view.card.id
    )
    rev = viewing.material_by_id(house.library, teacher, view.card.id).rev
    materials.publish(house.library, house.person(Role.ADMIN), view.card.id, rev)

    for place in ("thumbnail", "preview/1"):
        answer = house.stranger().get(f"/api/files/{upload.file_id}/{place}")
        assert answer.status == 200
        assert answer.header("cache-control") == "public, max-age=3600"


def test_what_is_withdrawn_is_gone_at_once(house: House, teacher: Viewer) -> None:
    view, reader = house.published(teacher), house.stranger()
    address = f"/api/files/{view.files[0].id}/content"
    tag = reader.get(address).header("etag")

    materials.withdraw(house.library, teacher, view.card.id, view.rev, "Sai đề.")

    assert reader.get(address).status == 404
    assert reader.get(address, if_none_match=tag).status == 404
    assert reader.get(address, range="bytes=0-1").status == 404
    assert reader.get(view.card.url).status == 404
    assert house.browser(teacher).get(address).status == 200


class _Down:
    """A storage that does not answer."""

    def __getattr__(self, name: str) -> object:
        def fail(*_: object, **__: object) -> None:
            raise StorageUnavailable

        return fail


def test_without_files_everything_else_is_served(
    lasting_house: House, reader: Visitor, shelf: MaterialView, address: str
) -> None:
    library = lasting_house.library
    kept = library.storage
    object.__setattr__(library, "storage", _Down())
    try:
        answer: Answer = reader.get(address)

        assert answer.status == 503
        assert error_of(answer)["code"] == "storage_unavailable"
        assert answer.header("retry-after") == "5"
        for page in ("/", "/tim?q=phan", shelf.card.url, f"/api/materials/{shelf.card.id}"):
            assert reader.get(page).status == 200
        assert reader.get("/health/ready").json["status"] == "degraded"
    finally:
        object.__setattr__(library, "storage", kept)
    assert reader.get(address).body == CONTENT


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 30])
def test_a_number_that_no_file_has_is_refused(reader: Visitor, number: str) -> None:
    for place in ("content", "thumbnail", "preview/1"):
        assert reader.get(f"/api/files/{number}/{place}").status == 400
        assert reader.get(f"/api/files/999999/{place}").status == 404


def test_a_download_counts_once_and_only_for_readers(house: House) -> None:
    owner, editor = house.person(), house.person(Role.EDITOR)
    view = house.published(owner, content=CONTENT)
    address = f"/api/files/{view.files[0].id}/content"
    reader = house.stranger()
    reader.get(address)
    reader.ask("HEAD", address)
    reader.get(address, range="bytes=0-3")
    reader.get(address, range="bytes=4-")
    house.program(owner).get(address)
    house.program(editor).get(address)

    house.library.usage.write_down(house.library.database)

    assert viewing.material_by_id(house.library, owner, view.card.id).card.use == 2


def test_a_drawing_is_seen_as_pixels_and_handed_out_as_data_alone(lasting_house: House) -> None:
    owner = lasting_house.person()
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><g/></svg>'
    view = libraries.upload(lasting_house.library, owner, "hinh.svg", drawing)
    reader = lasting_house.browser(owner)

    itself = reader.get(f"/api/files/{view.file_id}/content")
    assert itself.header("content-type") == "application/octet-stream"
    assert itself.header("content-disposition").startswith("attachment")
    drawn = reader.get(f"/api/files/{view.file_id}/preview/1")
    assert (drawn.status, drawn.header("content-type")) == (200, "image/webp")
    assert reader.get(f"/api/files/{view.file_id}/preview/2").status == 404
    page = reader.page(f"/api/materials/{view.material_id}").json
    assert page["files"][0]["preview_urls"] == [f"/api/files/{view.file_id}/preview/1"]


def test_a_light_copy_is_served_by_ranges_and_offered_where_data_is_dear(
    house: House, teacher: Viewer
) -> None:
    film = mp4()
    view = house.draft(teacher)
    upload = libraries.upload(house.library, teacher, "Phim.mp4", film, material_id=view.card.id)
    base, browser = f"/api/files/{upload.file_id}", house.browser(teacher)
    assert browser.get(f"{base}/light").status == 404
    assert f"{base}/light" not in browser.page(view.card.url).body.decode()

    with house.library.database.read() as session:
        sha256 = session.get_one(MaterialFile, upload.file_id).sha256
    libraries.lightened(house.library, sha256, b"0123456789")
    part = browser.get(f"{base}/light", range="bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    assert part.header("content-type") == "video/mp4"
    assert browser.get(f"{base}/light", if_none_match=part.header("etag")).status == 304
    assert house.stranger().get(f"{base}/light").status == 404
    light, whole = f'<source src="{base}/light"', f'<source src="{base}/content">'
    page = browser.page(view.card.url).body.decode()
    assert f'{light} media="(max-width: 40rem)">{whole}' in page
    saving = browser.ask("GET", view.card.url, headers={"accept": "text/html", "save-data": "on"})
    assert f"{light}>{whole}" in saving.body.decode()

    house.library.storage.delete(ObjectKey.derivative(sha256, "light.mp4"))
    assert error_of(browser.get(f"{base}/light"))["code"] == "not_found"


def test_markdown_and_notebooks_are_read_on_the_page_and_their_markup_is_text(
    house: House, teacher: Viewer
) -> None:
    view = house.draft(teacher)
    text = "# Mở đầu\n\n<script>alert(1)</script> **đậm**"
    libraries.upload(house.library, teacher, "Bài.md", text.encode(), material_id=view.card.id)
    page = house.browser(teacher).page(view.card.url).body.decode()

    assert "<h4>Mở đầu</h4>" in page
    assert "<strong>đậm</strong>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
