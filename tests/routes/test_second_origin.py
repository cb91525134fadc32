"""The second origin over HTTP: who gets what there, under which headers, and who gets nothing."""

import gzip
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from repo_server.database.models import Account, Blob, MaterialFile, utc_now
from repo_server.domain.access import Role, Viewer
from repo_server.domain.players import PLAYERS
from repo_server.services import materials, viewing
from repo_server.services.content_links import PUBLIC_SECONDS, ContentLinks
from repo_server.services.packages import SMALL
from repo_server.storage.base import ObjectKey
from tests import libraries
from tests.inspection import package_samples, samples
from tests.routes.edge import Answer, ask
from tests.routes.houses import House, house_in

CONTENT: Final = "goi.example.vn"
SCORM: Final = package_samples.scorm(
    files={
        "a.html": "<script>1</script>" + "dài " * 5_000,
        "sub/Ảnh 1.png": b"\x89PNG" + bytes(200),
        "phim.mp4": bytes(range(256)) * 40,
        "lon.bin": b"0123456789" * (SMALL // 5),
        "cu.html": "<p>Ti\xeang".encode("latin-1"),
        "x.svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    }
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A house with a second origin, and a published package there."""

    house: House
    owner: Viewer
    material_id: int
    page: str
    file_id: int

    def apart(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """A request to the second origin."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.house.app, target, method, {"host": CONTENT} | named)

    def address(self, viewer: Viewer | None = None) -> str:
        """Path of the player on the second origin, as the page says it to this reader."""
        reader = self.house.browser(viewer) if viewer else self.house.stranger()
        page = reader.page(f"{self.page}/mo/{self.file_id}")
        found = re.search(rf'<iframe[^>]* src="http://{CONTENT}(/[^"?]+)', page.body.decode())
        assert found is not None, page.body
        return found[1]


@pytest.fixture(scope="module")
def opened(
    curriculum_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("apart")
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    house = house_in(folder, content_origin=f"http://{CONTENT}")
    yield house
    house.library.close()


def shelf_of(house: House, name: str, content: bytes, *, public: bool = True) -> Shelf:
    owner = house.person()
    view = house.draft(owner)
    upload = libraries.upload(house.library, owner, name, content, material_id=view.card.id)
    assert upload.file_id is not None, upload
    if public:
        rev = viewing.material_by_id(house.library, owner, view.card.id).rev
        materials.publish(house.library, house.person(Role.ADMIN), view.card.id, rev)
    return Shelf(house, owner, view.card.id, view.card.url, upload.file_id)


@pytest.fixture(scope="module")
def shelf(opened: House) -> Shelf:
    return shelf_of(opened, "Bài.zip", SCORM)


def check_headers(answer: Answer, cache: str) -> None:
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cache-control") == cache
    assert answer.header("set-cookie") == ""
    assert answer.header("cross-origin-resource-policy") == "cross-origin"
    assert answer.header("access-control-allow-credentials") == ""
    assert "camera=()" in answer.header("permissions-policy")
    assert answer.header("server") == ""


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("A.HTML", "text/html; charset=utf-8"),
        ("sub/b.html", "text/html; charset=utf-8"),
        ("cu.html", "text/html"),
        ("sub/%E1%BA%A2nh%201.png", "image/png"),
        ("sub/A%CC%89nh%201.png", "image/png"),
        ("phim.mp4", "video/mp4"),
        ("x.svg", "image/svg+xml"),
        ("imsmanifest.xml", "application/xml"),
        ("lon.bin", "application/octet-stream"),
    ],
)
def test_a_member_comes_with_its_type_and_may_load_its_own_package_alone(
    shelf: Shelf, name: str, media_type: str
) -> None:
    base = shelf.address()
    answer = shelf.apart(f"{base}goi/{name}")

    assert (answer.status, answer.header("content-type")) == (200, media_type)
    check_headers(answer, "private, max-age=300")
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.header("content-security-policy").split(";")
    )
    own = f"http://{CONTENT}{base} http://{CONTENT}/trinh-phat/"
    assert policy["default-src"] == f"{own} data: blob:"
    assert policy["script-src"] == f"{own} 'unsafe-inline' 'unsafe-eval' data: blob:"
    assert (policy["object-src"], policy["form-action"]) == ("'none'", "'none'")
    assert policy["sandbox"] == PLAYERS["scorm12"].sandbox
    head = shelf.apart(f"{base}goi/{name}", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(answer.body))


def test_a_packed_member_goes_out_as_gzip_without_being_unpacked(shelf: Shelf) -> None:
    address = f"{shelf.address()}goi/a.html"
    plain = shelf.apart(address)
    small = shelf.apart(address, accept_encoding="br, gzip")

    assert small.header("content-encoding") == "gzip"
    assert small.header("content-length") == str(len(small.body))
    assert len(small.body) < len(plain.body) // 10
    assert gzip.decompress(small.body) == plain.body
    assert small.header("etag") != plain.header("etag")
    again = shelf.apart(address, accept_encoding="gzip", if_none_match=small.header("etag"))
    assert (again.status, again.body) == (304, b"")


def test_films_are_sent_in_parts(shelf: Shelf) -> None:
    address = f"{shelf.address()}goi/phim.mp4"
    whole = bytes(range(256)) * 40
    for span, part in (("0-3", whole[:4]), ("1000-1999", whole[1000:2000]), ("-5", whole[-5:])):
        answer = shelf.apart(address, range=f"bytes={span}", accept_encoding="gzip")
        assert (answer.status, answer.body) == (206, part), span
        assert "content-encoding" not in dict(answer.headers)
    assert shelf.apart(address, range="bytes=99999-").status == 416
    assert shelf.apart(f"{shelf.address()}goi/lon.bin", range="bytes=7-12").body == b"789012"


def test_the_player_names_the_pages_and_keeps_nothing(shelf: Shelf) -> None:
    answer = shelf.apart(shelf.address())

    check_headers(answer, "no-store")
    assert answer.header("clear-site-data") == '"storage"'
    policy = answer.header("content-security-policy")
    assert "frame-ancestors http://127.0.0.1" in policy
    assert "form-action 'none'" in policy
    page = answer.body.decode()
    assert 'data-runtime="scorm12"' in page
    assert "Mở đầu" in page
    assert "goi/a.html?x=1" in page


def test_the_site_frames_the_second_origin_and_nothing_else(shelf: Shelf) -> None:
    page = shelf.house.stranger().page(f"{shelf.page}/mo/{shelf.file_id}")
    policy = page.header("content-security-policy")
    assert f"frame-src http://{CONTENT};" in policy
    assert "script-src 'self';" in policy
    other = shelf.house.stranger().page(shelf.page)
    assert "frame-src" not in other.header("content-security-policy")
    assert f'href="{shelf.page}/mo/{shelf.file_id}"' in other.body.decode()


def test_neither_host_answers_for_the_other(shelf: Shelf) -> None:
    base = shelf.address()
    for path in ("/", "/tim", "/api/me", "/static/kho.css", shelf.page, "/dang-nhap", "/metrics"):
        assert shelf.apart(path).status == 404, path
        assert shelf.apart(path, host=CONTENT.upper()).status == 404, path
        assert shelf.apart(path, host=f"{CONTENT}:80").status == 404, path
    stranger = shelf.house.stranger()
    for path in (base, f"{base}goi/a.html", "/trinh-phat/player/player.js"):
        assert stranger.get(path).status == 404, path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_second_origin_is_for_reading(shelf: Shelf, method: str) -> None:
    answer = shelf.apart(f"{shelf.address()}goi/a.html", method)
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


def test_no_worker_and_no_window_of_its_own(shelf: Shelf) -> None:
    base = shelf.address()
    assert shelf.apart(f"{base}goi/a.html", service_worker="script").status == 403
    for path in (base, f"{base}goi/a.html"):
        answer = shelf.apart(path, sec_fetch_dest="document")
        assert answer.status == 403
        assert answer.header("content-security-policy").startswith("default-src 'none'")
        assert shelf.apart(path, sec_fetch_dest="iframe").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "goi/khong-co.html", "goi/", "goi/sub/", "goi", "khac/a.html", "goi/../a.html",
        "goi//a.html", "goi/%2e%2e/a.html", "goi/a.html/", "goi/%00", "goi/%ff", "goi/" + "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_member_is_not_there(shelf: Shelf, path: str) -> None:
    answer = shelf.apart(shelf.address() + path)
    assert answer.status in (400, 404)
    check_headers(answer, "no-store")


def test_a_pass_is_of_one_file_and_cannot_be_made_up(shelf: Shelf) -> None:
    text, now = shelf.address().strip("/"), time.time()
    links = ContentLinks("another secret")
    forged = [links.public(shelf.file_id, now), text[:-1] + ("A" if text[-1] != "A" else "B")]
    forged += [
        text[:-1],
        f"{text}A",
        text.lower(),
        "A" * 52,
        "é" * 52,
        "",
        text[:20] + "\n" + text[21:],
    ]
    own = ContentLinks("development-only")
    assert own.read(text, now) is not None
    forged.append(own.public(shelf.file_id, now - PUBLIC_SECONDS - 3600))
    forged.append(own.public(999_999, now))
    for one in forged:
        assert shelf.apart(f"/{one}/goi/a.html".encode().decode("latin-1")).status in (400, 404), (
            one
        )


def test_everybody_gets_the_same_pass_to_what_is_public(shelf: Shelf) -> None:
    assert shelf.address() == shelf.address(shelf.owner)


def test_a_draft_is_played_for_who_may_see_it_as_long_as_they_may(opened: House) -> None:
    draft = shelf_of(opened, "Nháp.zip", SCORM, public=False)
    assert opened.stranger().page(f"{draft.page}/mo/{draft.file_id}").status == 404
    base = draft.address(draft.owner)
    public = ContentLinks("development-only").public(draft.file_id, time.time())
    assert draft.apart(f"/{public}/goi/a.html").status == 404
    assert draft.apart(f"{base}goi/a.html").status == 200
    other = ContentLinks("development-only").private(
        draft.file_id, opened.person().account_id or 0, time.time()
    )
    assert draft.apart(f"/{other}/goi/a.html").status == 404
    with opened.library.database.write() as session:
        session.get_one(Account, draft.owner.account_id).disabled_at = utc_now()
    assert draft.apart(f"{base}goi/a.html").status == 404


def test_what_is_withdrawn_is_gone_at_the_next_request(opened: House) -> None:
    shelf = shelf_of(opened, "Rút.zip", SCORM)
    base = shelf.address()
    tag = shelf.apart(f"{base}goi/a.html").header("etag")
    rev = viewing.material_by_id(opened.library, shelf.owner, shelf.material_id).rev
    materials.withdraw(opened.library, shelf.owner, shelf.material_id, rev, "Sai đề.")

    assert shelf.apart(base).status == 404
    assert shelf.apart(f"{base}goi/a.html", if_none_match=tag).status == 404
    assert shelf.apart(f"{base}goi/phim.mp4", range="bytes=0-1").status == 404


def test_wrong_bytes_of_a_small_member_are_not_sent(opened: House) -> None:
    content = package_samples.scorm(files={"a.html": "một " * 99})
    shelf = shelf_of(opened, "Hỏng.zip", content)
    base = shelf.address()
    assert shelf.apart(f"{base}goi/a.html").status == 200
    with opened.library.database.read() as session:
        sha256 = session.get_one(MaterialFile, shelf.file_id).sha256
        key = ObjectKey.blob(sha256, session.get_one(Blob, sha256).generation)
    path = opened.library.storage.local_path(key)
    assert path is not None
    wrong = bytearray(content)
    at = wrong.find(b"a.html") + 12
    wrong[at] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(wrong)

    answer = shelf.apart(f"{base}goi/a.html")
    assert answer.status == 503
    assert shelf.apart(f"{base}goi/sub/b.html").status == 200


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Trang.zip", samples.zipped({"index.html": "<p>x", "anh.png": b"1"}), "goi/index.html"),
        ("Khoa.zip", package_samples.cmi5(), "goi/"),
        ("Sach.epub", samples.epub(["<p>Một</p>", "<p>Hai</p>"]), "Chương 2"),
        ("Goi.zip", package_samples.content_package(), "goi/b.html"),
        ("Khung.imscc", package_samples.cartridge(), "goi/a.html"),
        ("Hoat dong.h5p", package_samples.h5p(), 'data-runtime="h5p"'),
        ("Moi.zip", package_samples.scorm("2004"), 'data-runtime="scorm2004"'),
    ],
)
def test_every_kind_that_is_played_has_a_player(
    opened: House, name: str, content: bytes, said: str
) -> None:
    shelf = shelf_of(opened, name, content)
    page = shelf.apart(shelf.address()).body.decode()
    assert "Không mở được" not in page
    assert said in page


def test_pages_of_a_book_run_no_script(opened: House) -> None:
    book = samples.epub(["<p>Một</p><script>1</script>"])
    shelf = shelf_of(opened, "Sách.epub", book)
    base = shelf.address()
    found = re.search(r'href="([^"]+)"[^>]*>Chương 1', shelf.apart(base).body.decode())
    assert found is not None
    policy = shelf.apart(found[1]).header("content-security-policy")
    assert "script-src 'none'" in policy
    assert policy.endswith("; sandbox")


def test_a_package_without_its_first_page_says_so(opened: House) -> None:
    names = package_samples.manifest
    content = samples.zipped(
        {
            "imsmanifest.xml": names(
                package_samples._SCORM_12,
                ("ADL SCORM", "1.2"),
                "<resource identifier='r1' type='webcontent' adlcp:scormtype='sco' href='z.html'/>",
                "<item identifier='i' identifierref='r1'><title>Bài một</title></item>",
            ),
            "khac.html": "<p>x",
        }
    )
    shelf = shelf_of(opened, "Thiếu.zip", content)
    page = shelf.apart(shelf.address()).body.decode()
    assert "thiếu trang mở đầu" in page
    assert "z.html" in page
    assert "<script" not in page


def test_without_a_second_origin_packages_are_downloads(lasting_house: House) -> None:
    shelf = shelf_of(lasting_house, "Bài.zip", SCORM)
    page = lasting_house.stranger().page(shelf.page).body.decode()
    assert "chưa có địa chỉ riêng" in page
    assert f"{shelf.page}/mo/" not in page
    alone = lasting_house.stranger().page(f"{shelf.page}/mo/{shelf.file_id}")
    assert alone.status == 200
    assert b"<iframe" not in alone.body
    assert "frame-src" not in alone.header("content-security-policy")


def test_on_a_desk_the_second_origin_is_a_name_of_this_machine(lasting_house: House) -> None:
    shelf = shelf_of(lasting_house, "Bài.zip", SCORM)
    for host in ("127.0.0.1:8123", "localhost:8123", "[::1]:8123"):
        page = ask(
            lasting_house.app,
            f"{shelf.page}/mo/{shelf.file_id}",
            headers={"host": host, "accept": "text/html"},
        )
        found = re.search(r'src="http://noi-dung.localhost:8123(/[^"]+)"', page.body.decode())
        assert found is not None, host
        player = ask(lasting_house.app, found[1], headers={"host": "noi-dung.localhost:8123"})
        assert player.status == 200
        framers = "frame-ancestors http://127.0.0.1:8123 http://localhost:8123"
        assert framers in player.header("content-security-policy")


def test_a_member_is_read_back_as_it_was_packed(shelf: Shelf) -> None:
    answer = shelf.apart(f"{shelf.address()}goi/lon.bin")
    assert zlib.crc32(answer.body) == zlib.crc32(b"0123456789" * (SMALL // 5))


def test_a_package_without_any_page_is_for_a_learning_system(opened: House) -> None:
    questions = package_samples.manifest(
        'xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"',
        ("IMS Common Cartridge", "1.3.0"),
        "<resource identifier='r1' type='imsqti_xmlv1p2/imscc_xmlv1p3/assessment' href='t.xml'/>",
        "<item identifier='i' identifierref='r1'><title>Kiểm tra</title></item>",
    )
    files = {"imsmanifest.xml": questions, "t.xml": package_samples.QUESTION_12}
    shelf = shelf_of(opened, "Chỉ có câu hỏi.imscc", samples.zipped(files))
    assert "không có trang nào" in shelf.apart(shelf.address()).body.decode()
