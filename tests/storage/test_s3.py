"""How the S3 store bears servers that are slow, silent, broken or no S3 servers at all."""

import hashlib
import io
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

import pytest
from minio.error import S3Error

from repo_server.domain.errors import StorageFull, StorageUnavailable
from repo_server.storage import s3
from repo_server.storage.base import CorruptObject, ObjectKey, ObjectStorage
from repo_server.storage.s3 import S3Storage
from tests.servers.seaweedfs import (
    BUCKET,
    REGION,
    SeaweedServer,
    own_seaweedfs,
    shared_seaweedfs,
)

DATA = b"the bytes of a lesson"
DIGEST = hashlib.sha256(DATA).hexdigest()
KEY = ObjectKey.blob(DIGEST)
ERROR = "<Error><Code>{}</Code><Message>m</Message><Resource>/</Resource></Error>"


def storage(endpoint: str, **options: Any) -> S3Storage:
    given = {
        "bucket": BUCKET,
        "prefix": "",
        "region": REGION,
        "access_key": "access",
        "secret_key": "secret",
    }
    return S3Storage(endpoint=endpoint, **given | options)


def storage_of(server: SeaweedServer, **options: Any) -> S3Storage:
    keys = {"access_key": server.access_key, "secret_key": server.secret_key}
    return storage(server.endpoint, **keys | options)


def put(store: ObjectStorage, data: bytes = DATA) -> ObjectKey:
    digest = hashlib.sha256(data).hexdigest()
    key = ObjectKey.blob(digest)
    store.put(key, io.BytesIO(data), len(data), digest)
    return key


def every_act(store: ObjectStorage, file: Path) -> dict[str, Callable[[], object]]:
    return {
        "prepare": store.prepare,
        "check": store.check,
        "put": lambda: put(store),
        "adopt": lambda: store.adopt(KEY, file, len(DATA), DIGEST),
        "open": lambda: store.open(KEY),
        "open a part": lambda: store.open(KEY, 3, 4),
        "stat": lambda: store.stat(KEY),
        "delete": lambda: store.delete(KEY),
        "list": lambda: list(store.list("blobs/")),
        "tidy": lambda: store.tidy(timedelta(0)),
    }


ACTS = list(every_act(storage("http://127.0.0.1:1"), Path()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(DATA)
    return path


@contextmanager
def listening() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def closed() -> Iterator[str]:
    """A port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


Headers = dict[str, str]


class Server(socketserver.ThreadingTCPServer):
    """A server that answers as a test says, and remembers what it was asked."""

    allow_reuse_address = True
    daemon_threads = False  # their end is waited for, so that no test meets another's threads

    def __init__(self, answer: Callable[["Handler"], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout: ClassVar[float] = 10

    def _answer(self) -> None:
        self.server.asked.append(self.command)
        self.server.answer(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 (read by the base class)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def say(self, status: int, body: bytes = b"", headers: Headers | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving(answer: Callable[[Handler], None]) -> Iterator[tuple[Server, str]]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def test_the_deadlines_are_those_that_were_decided() -> None:
    assert (s3.CONNECT_SECONDS, s3.READ_SECONDS) == (1.0, 10.0)
    store = storage("http://127.0.0.1:1")
    for pool, read in zip(store._pools, (10.0, 2.0), strict=True):
        timeout = pool.connection_pool_kw["timeout"]
        assert (timeout.connect_timeout, timeout.read_timeout) == (1.0, read)


@pytest.mark.parametrize("act", ACTS)
def test_a_server_that_is_not_there_is_noticed_at_once(act: str, file: Path) -> None:
    with closed() as endpoint, within(2), pytest.raises(StorageUnavailable):
        every_act(storage(endpoint), file)[act]()


@pytest.mark.parametrize("act", ACTS)
def test_a_server_that_never_answers_is_given_up_in_time(act: str, file: Path) -> None:
    with listening() as endpoint, within(2), pytest.raises(StorageUnavailable):
        every_act(storage(endpoint, read_seconds=0.2), file)[act]()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("status", "media_type", "body"),
    [
        (200, "text/html", b"<html>please sign in to the school's network</html>"),
        (200, "application/xml", b"<broken"),
        (302, "text/html", b""),
        (403, "application/xml", ERROR.format("AccessDenied").encode()),
        (404, "application/xml", ERROR.format("NoSuchBucket").encode()),
        (418, "text/html", b"\xff\xfe not UTF-8"),
        (500, "text/html", b"oops"),
        (503, "application/xml", b"<Error></Error>"),
    ],
    ids=["portal", "cut XML", "redirect", "denied", "no bucket", "teapot", "500", "empty error"],
)
def test_a_server_that_is_no_s3_server_or_a_broken_one(
    act: str, status: int, media_type: str, body: bytes, file: Path
) -> None:
    headers = {"Content-Type": media_type, "Location": "/elsewhere"}

    def answer(request: Handler) -> None:
        drain(request)
        request.say(status, body, headers)

    with serving(answer) as (_, endpoint):
        store = storage(endpoint, read_seconds=2.0)
        try:
            with within(4):
                every_act(store, file)[act]()
        except (StorageUnavailable, CorruptObject):
            pass
        else:  # a page that says 200 to everything cannot be told from a server by every act
            assert status in {200, 404}
            assert act not in {"put", "adopt", "list"}
        store.close()


def drain(request: Handler) -> None:
    request.rfile.read(int(request.headers.get("Content-Length", 0)))


def test_a_full_server_is_told_from_one_that_is_down() -> None:
    def answer(request: Handler) -> None:
        if request.command == "HEAD":
            request.say(404)
        else:
            body = ERROR.format("XMinioStorageFull").encode()
            drain(request)
            request.say(507, body, {"Content-Type": "application/xml"})

    with serving(answer) as (_, endpoint), pytest.raises(StorageFull):
        put(storage(endpoint))


def test_reading_is_tried_once_more() -> None:
    def answer(request: Handler) -> None:
        if len(request.server.asked) == 1:
            request.say(503)
        else:
            request.say(200, DATA)

    with serving(answer) as (server, endpoint):
        store = storage(endpoint)
        with store.open(KEY) as reader:
            assert reader.read() == DATA
        store.close()
        assert server.asked == ["GET", "GET"]


def test_reading_is_not_tried_for_ever() -> None:
    with serving(lambda request: request.say(503)) as (server, endpoint):
        with pytest.raises(StorageUnavailable):
            storage(endpoint).open(KEY)
        assert server.asked == ["GET", "GET"]


def test_writing_is_not_repeated_behind_our_back() -> None:
    def answer(request: Handler) -> None:
        drain(request)
        request.say(404 if request.command == "HEAD" else 503)

    with serving(answer) as (server, endpoint):
        with pytest.raises(StorageUnavailable):
            put(storage(endpoint))
        assert server.asked == ["HEAD", "PUT"]


def test_a_slow_line_may_take_longer_than_connecting() -> None:
    # Sent under urllib3's own rule, a part would have to pass within the time for connecting.
    size, tick = 5 << 20, 0.025

    def answer(request: Handler) -> None:
        if request.command == "HEAD":
            request.say(404)
            return
        digest = hashlib.md5()
        for _ in range(size >> 16):
            digest.update(request.rfile.read(1 << 16))
            time.sleep(tick)
        request.say(200, headers={"ETag": f'"{digest.hexdigest()}"'})

    with serving(answer) as (server, endpoint):
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        store = storage(endpoint, connect_seconds=0.05)
        started = time.monotonic()
        put(store, bytes(size))
        store.close()
        assert time.monotonic() - started > 1


def test_a_server_that_stops_taking_bytes_is_given_up() -> None:
    gone = threading.Event()

    def answer(request: Handler) -> None:
        if request.command == "HEAD":
            request.say(404)
        else:
            gone.wait(5)

    with serving(answer) as (server, endpoint):
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        with within(3), pytest.raises(StorageUnavailable):
            put(storage(endpoint, read_seconds=0.3), bytes(5 << 20))
        gone.set()


def test_a_stream_that_breaks_off_is_not_a_short_answer() -> None:
    def answer(request: Handler) -> None:
        request.say(200, DATA[:9], {"Content-Length": str(len(DATA))})
        request.close_connection = True

    with serving(answer) as (_, endpoint):
        store = storage(endpoint)
        with store.open(KEY) as reader, pytest.raises(StorageUnavailable):
            while reader.read(5):
                pass
        store.close()


def test_a_stream_that_is_left_early_ends_for_the_server_too() -> None:
    ended = threading.Event()

    def answer(request: Handler) -> None:
        request.say(200, headers={"Content-Length": str(1 << 40)})
        try:
            while True:
                request.wfile.write(bytes(1 << 16))
        except OSError:
            ended.set()

    with serving(answer) as (_, endpoint):
        store = storage(endpoint)
        with store.open(KEY) as reader:
            reader.read(10)
        assert ended.wait(3)
        store.close()


def test_redirects_are_not_followed() -> None:
    with serving(lambda request: request.say(200, DATA)) as (elsewhere, other):
        redirect = {"Location": f"{other}/there"}
        with (
            serving(lambda request: request.say(307, headers=redirect)) as (_, endpoint),
            pytest.raises(StorageUnavailable),
        ):
            storage(endpoint).open(KEY)
        assert elsewhere.asked == []


def test_a_server_that_ignores_ranges_is_not_believed() -> None:
    with serving(lambda request: request.say(200, DATA)) as (_, endpoint):
        store = storage(endpoint)
        with pytest.raises(StorageUnavailable):
            store.open(KEY, 3, 4)
        store.close()


@pytest.mark.parametrize("size", [5, 6 << 20], ids=["one part", "several parts"])
def test_a_server_that_keeps_other_bytes_is_found_out_and_they_are_deleted(size: int) -> None:
    def answer(request: Handler) -> None:
        drain(request)
        if request.command == "HEAD":
            say_size(request, 3)
        elif request.command == "POST":
            xml = b"<R><Bucket>kho</Bucket><Key>k</Key><UploadId>1</UploadId></R>"
            request.say(200, xml, {"Content-Type": "application/xml"})
        elif request.command == "DELETE":
            request.say(204)
        else:
            request.say(200, headers={"ETag": f'"{"0" * 32}"'})

    with serving(answer) as (server, endpoint):
        store = storage(endpoint)
        with pytest.raises(CorruptObject, match="does not hold"):
            put(store, bytes(size))
        store.close()
        assert server.asked[-1] == "DELETE"


@pytest.mark.parametrize("size", [21, 20])
def test_an_etag_of_an_encrypting_server_is_no_hash_but_the_size_counts(size: int) -> None:
    def answer(request: Handler) -> None:
        drain(request)
        if request.command == "HEAD":
            say_size(request, size)
        elif request.command == "PUT":
            encryption = {"x-amz-server-side-encryption": "aws:kms", "ETag": f'"{"0" * 32}"'}
            request.say(200, headers=encryption)
        else:
            request.say(204)

    with serving(answer) as (_, endpoint):
        store = storage(endpoint)
        if size == len(DATA):
            put(store)
        else:
            with pytest.raises(CorruptObject):
                put(store)
        store.close()


def say_size(request: Handler, size: int) -> None:
    """Nothing is there until something was sent, then something of this size."""
    headers = {"Content-Length": str(size), "Last-Modified": "Tue, 24 Nov 2026 20:40:22 GMT"}
    request.say(200 if "PUT" in request.server.asked else 404, headers=headers)


def test_a_blob_that_is_kept_becomes_young(monkeypatch: pytest.MonkeyPatch) -> None:
    store = storage_of(shared_seaweedfs(), prefix="kept")
    monkeypatch.setattr(s3, "FRESH", timedelta(0))
    data = bytes(6 << 20)
    before = store.stat(put(store, data))
    time.sleep(1.1)  # S3 tells whole seconds
    after = store.stat(put(store, data))
    assert before is not None
    assert after is not None
    assert after.modified_at > before.modified_at
    assert after.size == len(data)
    monkeypatch.undo()
    assert store.stat(put(store, data)) == after  # young enough: no request that writes
    store.close()


def test_the_bucket_is_made_when_it_is_missing() -> None:
    server = shared_seaweedfs()
    store = storage_of(server, bucket="kho-new")
    with pytest.raises(StorageUnavailable):
        store.check()
    store.prepare()
    store.check()
    store.prepare()
    store.close()
    server.client().remove_bucket("kho-new")


def test_wrong_keys_are_trouble() -> None:
    store = storage(shared_seaweedfs().endpoint)
    with pytest.raises(StorageUnavailable) as caught:
        store.stat(KEY)
    assert isinstance(caught.value.__cause__, S3Error)  # for the log
    assert caught.value.details == {}  # and not for the person
    store.close()


def test_presigning_asks_nothing_of_the_network() -> None:
    with serving(lambda request: request.say(500)) as (server, endpoint):
        address = storage(endpoint).presigned_get(
            KEY, seconds=9, filename="a.pdf", media_type="application/pdf", attachment=False
        )
        assert address is not None
        assert server.asked == []


def test_a_server_that_hangs_and_wakes_up_serves_again_without_a_restart() -> None:
    with own_seaweedfs() as server:
        store = storage_of(server, prefix="school", read_seconds=0.5)
        put(store)
        os.kill(server.pid, signal.SIGSTOP)
        os.waitpid(server.pid, os.WUNTRACED)
        for act in (store.check, lambda: store.stat(KEY), lambda: store.open(KEY)):
            with within(3), pytest.raises(StorageUnavailable):
                act()
        os.kill(server.pid, signal.SIGCONT)
        with within(5):
            while not answers(store):
                time.sleep(0.05)
        with store.open(KEY) as reader:
            assert reader.read() == DATA
        os.kill(server.pid, signal.SIGKILL)
        with within(3), pytest.raises(StorageUnavailable):
            store.stat(KEY)
        store.close()


def answers(store: ObjectStorage) -> bool:
    try:
        store.check()
    except StorageUnavailable:
        return False
    return True
