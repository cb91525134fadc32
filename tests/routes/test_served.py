"""What only a real server shows: broken connections, memory, files sent by the server, its end."""

import hashlib
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.routes.served import PASSWORD, Served, add_user, children, is_alive, served

EMAIL = "lan@thcs-hoabinh.edu.vn"
PIECE = os.urandom(1 << 20)
SLOW = b"POST /api/login HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, curriculum_sqlite_file: Path) -> Path:
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    add_user(folder, EMAIL)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    with served(folder) as server:
        yield server


@pytest.fixture(scope="module")
def bearer(server: Served) -> dict[str, str]:
    return sign_in(server)


def sign_in(server: Served) -> dict[str, str]:
    """A header with a program's token."""
    credentials = json.dumps({"email": EMAIL, "password": PASSWORD})
    kind = {"content_type": "application/json"}
    status, headers, body = server.ask("POST", "/api/login", credentials, **kind)
    assert status == 200, body
    cookie = SimpleCookie(headers["set-cookie"])["kho"].value
    status, _, body = server.ask(
        "POST", "/api/tokens", '{"name": "x"}', cookie=f"kho={cookie}",
        origin=f"http://127.0.0.1:{server.port}", **kind,
    )  # fmt: skip
    assert status == 201, body
    return {"authorization": f"Bearer {json.loads(body)['token']}"}


def declare(server: Served, bearer: dict[str, str], name: str, size: int, sha256: str = "") -> str:
    declared = {"name": name, "size": size} | ({"sha256": sha256} if sha256 else {})
    status, headers, body = server.ask(
        "POST", "/api/uploads", json.dumps(declared), content_type="application/json", **bearer
    )
    assert status == 201, body
    return headers["location"]


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def status_of(server: Served, bearer: dict[str, str], url: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(server.ask("GET", url, **bearer)[2])
    return answer


def upload(server: Served, bearer: dict[str, str], name: str, content: bytes) -> int:
    """Send a file and wait until it is ready; the answer is its id."""
    url = declare(server, bearer, name, len(content))
    assert server.ask("PATCH", url, content, upload_offset="0", **bearer)[0] == 204
    wait_for(lambda: status_of(server, bearer, url)["state"] in ("ready", "rejected"))
    status = status_of(server, bearer, url)
    assert status["state"] == "ready", status
    return int(str(status["file"]))


def break_off(server: Served, bearer: dict[str, str], url: str, content: bytes) -> None:
    """Announce all of `content`, send half of it, and be gone."""
    head = (
        f"PATCH {url} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n"
        f"upload-offset: 0\r\nauthorization: {bearer['authorization']}\r\n\r\n"
    )
    with server.socket() as connection:
        connection.sendall(head.encode() + content[: len(content) // 2])
        time.sleep(0.3)


@pytest.mark.parametrize("size", [300_000, 12 << 20])
def test_what_came_before_the_line_broke_is_kept(
    server: Served, bearer: dict[str, str], size: int
) -> None:
    content = os.urandom(size // 2).hex().encode()
    sha256 = hashlib.sha256(content).hexdigest()
    url = declare(server, bearer, "Số liệu.txt", len(content), sha256)

    break_off(server, bearer, url, content)

    def offset() -> int:
        return int(server.ask("HEAD", url, **bearer)[1]["upload-offset"])

    half = len(content) // 2
    wait_for(lambda: offset() == half)

    def goes_on() -> bool:
        rest = {"upload_offset": str(half), **bearer}
        answer = server.ask("PATCH", url, content[half:], **rest)
        assert answer[0] in (204, 423), answer  # busy while what came is made durable
        return answer[0] == 204

    wait_for(goes_on)
    wait_for(lambda: status_of(server, bearer, url)["state"] in ("ready", "rejected"))
    status = status_of(server, bearer, url)
    assert status["state"] == "ready", status
    stored = server.ask("GET", f"/api/files/{status['file']}/content", **bearer)[2]
    assert hashlib.sha256(stored).hexdigest() == sha256


def test_a_large_file_does_not_grow_the_server(server: Served, bearer: dict[str, str]) -> None:
    size = 200 << 20
    url = declare(server, bearer, "Phim.mp4", size)
    before = server.resident()

    def pieces() -> Iterator[bytes]:
        for _ in range(size // len(PIECE)):
            yield PIECE

    connection = server.connect(120)
    headers = {"upload-offset": "0", "content-length": str(size), **bearer}
    connection.request("PATCH", url, pieces(), headers)
    status = connection.getresponse().status
    connection.close()

    assert status == 204
    assert server.peak() - before <= 48 << 20


def test_the_server_sends_files_itself(server: Served, bearer: dict[str, str]) -> None:
    content = "Phân số bằng nhau và quy đồng mẫu số.\n".encode() * 50_000
    address = f"/api/files/{upload(server, bearer, 'Phân số.txt', content)}/content"

    status, headers, body = server.ask("GET", address, **bearer)
    assert (status, body) == (200, content)
    assert headers["content-length"] == str(len(content))
    name = re.search(r"filename\*=UTF-8''(\S+)", headers["content-disposition"])
    assert name is not None
    assert unquote(name[1]) == "Phân số.txt"
    status, said, body = server.ask("HEAD", address, **bearer)
    assert (status, body, said["content-length"]) == (200, b"", str(len(content)))
    status, said, body = server.ask("GET", address, range="bytes=1000-1999", **bearer)
    assert (status, body) == (206, content[1000:2000])
    assert server.ask("GET", address, range=f"bytes={len(content)}-", **bearer)[0] == 416
    tag = headers["etag"]
    assert server.ask("GET", address, if_none_match=tag, **bearer)[::2] == (304, b"")
    assert "server" not in headers or not headers["server"]


def test_a_reader_who_goes_away_harms_nobody(server: Served, bearer: dict[str, str]) -> None:
    content = b"Going away in the middle.\n" * 400_000
    address = f"/api/files/{upload(server, bearer, 'Dài.txt', content)}/content"
    request = f"GET {address} HTTP/1.1\r\nhost: a\r\nauthorization: {bearer['authorization']}\r\n"
    opened = len(list(Path(f"/proc/{server.child}/fd").iterdir()))
    for more in ("", "range: bytes=1-\r\n"):
        for _ in range(10):
            with server.socket() as connection:
                connection.sendall(f"{request}{more}\r\n".encode())
                connection.recv(1000)

    wait_for(lambda: len(list(Path(f"/proc/{server.child}/fd").iterdir())) <= opened + 8)
    assert server.ask("GET", "/health/live")[0] == 200


def test_slow_clients_do_not_hold_up_the_others(server: Served) -> None:
    slow = [server.socket() for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(SLOW)
        begun = time.monotonic()
        assert server.ask("GET", "/tim?q=toan")[0] == 200
        assert time.monotonic() - begun < 5
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=range(9),
)
def test_what_is_hardly_http_is_not_answered_with_an_error_of_ours(
    server: Served, raw: bytes
) -> None:
    with server.socket(5) as connection:
        connection.sendall(raw)
        try:
            line = connection.recv(200).split(b"\r\n")[0]
        except (TimeoutError, ConnectionResetError):
            line = b""

    assert not re.match(rb"HTTP/\S+ 5", line), line
    assert server.ask("GET", "/health/live")[0] == 200


@pytest.fixture
def own_folder(tmp_path: Path, curriculum_sqlite_file: Path) -> Path:
    shutil.copy(curriculum_sqlite_file, tmp_path / "kho.sqlite3")
    add_user(tmp_path, EMAIL)
    return tmp_path


def test_a_server_that_is_asked_to_end_lets_a_download_finish(own_folder: Path) -> None:
    with served(own_folder) as server:
        bearer = sign_in(server)
        content = b"A long text that takes its time.\n" * 500_000
        file = upload(server, bearer, "Dài.txt", content)
        connection = server.connect()
        connection.request("GET", f"/api/files/{file}/content", headers=bearer)
        answer = connection.getresponse()
        got = answer.read(100_000)

        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        while piece := answer.read(500_000):
            got += piece
            time.sleep(0.01)
        connection.close()

        assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()
        assert server.process.wait(30) in (0, -signal.SIGTERM)


def test_what_is_left_of_a_killed_server_ends_itself(own_folder: Path) -> None:
    with served(own_folder) as server:
        child = server.child
        below = children(child)
        server.process.kill()
        server.process.wait()

        wait_for(lambda: not is_alive(child), 15)
        wait_for(lambda: not any(is_alive(process) for process in below), 15)
        with pytest.raises(OSError, match="refused"):
            server.ask("GET", "/health/live")


def test_a_server_that_is_asked_to_stop_says_so_before_it_does(folder: Path) -> None:
    with served(folder, drain_seconds="1") as server:
        began = time.monotonic()
        # As systemd does: all processes of the service are asked at once.
        for process in (server.child, server.process.pid):
            os.kill(process, signal.SIGTERM)
        while server.ask("GET", "/health/ready")[0] == 200:
            assert time.monotonic() - began < 1
        status, _, said = server.ask("GET", "/health/ready")
        assert (status, json.loads(said)["status"]) == (503, "stopping")
        assert server.ask("GET", "/health/live")[0] == server.ask("GET", "/")[0] == 200
        assert server.process.wait(20) == 0
        assert time.monotonic() - began >= 1


def test_a_server_stops_at_once_when_that_is_asked_for(folder: Path) -> None:
    with served(folder, drain_seconds="30") as server:
        server.process.send_signal(signal.SIGINT)
        os.kill(server.child, signal.SIGINT)
        assert server.process.wait(20) == 0
