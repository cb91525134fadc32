"""The scanner's client: clamd's answers are understood, and what it fails at is no verdict."""

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from repo_server.domain.errors import ScannerUnavailable
from repo_server.inspection.clamd import PIECE, AddressInvalid, Clamd, Deadlines, Scan, parse
from tests.servers.clamd import (
    EICAR,
    STREAM_LIMIT,
    THREAT,
    ClamdMissing,
    FakeClamd,
    fake_clamd,
    finding,
    shared_clamd,
)

IMPATIENT = Deadlines(greeting=0.2, taking=0.2, verdict=0.2)


@pytest.fixture
def real() -> Clamd:
    try:
        return Clamd(shared_clamd())
    except ClamdMissing:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeClamd]:
    with fake_clamd(tmp_path) as running:
        yield running


def scan(scanner: Clamd, content: bytes) -> Scan:
    return scanner.scan(io.BytesIO(content))


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Bài 1/phiếu.txt", content)
    return out.getvalue()


def test_the_real_scanner_finds_what_is_there_and_in_archives_too(real: Clamd) -> None:
    real.check()
    assert scan(real, b"Hai phan so bang nhau") == Scan(None)
    assert scan(real, b"") == Scan(None)
    assert scan(real, EICAR) == Scan(THREAT)
    assert scan(real, zipped(EICAR)) == Scan(THREAT)
    assert scan(real, zipped(zipped(b"sach") + EICAR)) == Scan(THREAT)


def test_more_than_the_real_scanner_takes_is_told_as_not_looked_at(real: Clamd) -> None:
    assert scan(real, bytes(STREAM_LIMIT)) == Scan(None)
    for size in (STREAM_LIMIT + 1, STREAM_LIMIT + PIECE, 4 * STREAM_LIMIT):
        assert scan(real, bytes(size)) == Scan(None, whole=False)


def test_every_byte_is_handed_over_in_pieces(fake: FakeClamd) -> None:
    sizes = [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE]
    for size in sizes:
        assert scan(Clamd(fake.address), bytes(size)) == Scan(None)
    assert fake.seen == sizes
    assert scan(Clamd(fake.address), bytes(PIECE) + EICAR) == Scan(THREAT)


def test_a_scanner_that_hangs_up_with_an_answer_is_believed(fake: FakeClamd) -> None:
    fake.limit = PIECE
    assert scan(Clamd(fake.address), bytes(64 * PIECE)) == Scan(None, whole=False)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Scan(None, whole=False)),
        (b"stream: Win.Test\x07\xff.A FOUND", Scan("Win.Test\ufffd.A")),
        (b"stream:  FOUND", Scan("?")),
        (b"stream: " + b"x" * 2000 + b" FOUND", Scan("x" * 120)),
    ],
)
def test_names_are_kept_short_and_printable(fake: FakeClamd, answer: bytes, found: Scan) -> None:
    fake.say = lambda _: answer
    assert scan(Clamd(fake.address), b"x") == found


@pytest.mark.parametrize(
    "answer",
    [b"", b"OK OK", b"stream: Can't allocate memory ERROR", b"UNKNOWN COMMAND", b"x" * 5000],
)
def test_any_other_answer_is_no_verdict(fake: FakeClamd, answer: bytes) -> None:
    fake.say = lambda _: answer
    with pytest.raises(ScannerUnavailable):
        scan(Clamd(fake.address), b"x")


def test_a_silent_scanner_is_not_waited_for_for_ever(fake: FakeClamd) -> None:
    fake.say = lambda _: None
    with pytest.raises(ScannerUnavailable):
        scan(Clamd(fake.address, IMPATIENT), b"x")
    fake.silent = True
    with pytest.raises(ScannerUnavailable):
        Clamd(fake.address, IMPATIENT).check()
    # It takes nothing: as much as the socket holds goes, and then no more.
    with pytest.raises(ScannerUnavailable):
        scan(Clamd(fake.address, IMPATIENT), bytes(64 * PIECE))


def test_one_that_is_asked_to_stop_waits_no_longer(fake: FakeClamd) -> None:
    fake.say = lambda _: None
    scanner = Clamd(fake.address)
    threading.Timer(0.1, scanner.stop).start()
    with pytest.raises(ScannerUnavailable):
        scan(scanner, b"x")


def test_a_scanner_that_is_not_there_or_breaks_off_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ScannerUnavailable):
        Clamd(f"unix:{tmp_path}/none").check()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up() -> None:
            listener.accept()[0].close()

        threading.Thread(target=hang_up).start()
        with pytest.raises(ScannerUnavailable):
            scan(Clamd(f"tcp://127.0.0.1:{port}"), bytes(4 * PIECE))
    with pytest.raises(ScannerUnavailable):
        Clamd(f"tcp://127.0.0.1:{port}").check()


def test_threads_may_share_one(fake: FakeClamd) -> None:
    fake.say = finding(THREAT, b"7")
    scanner, found = Clamd(fake.address), {}

    def ask(number: int) -> None:
        time.sleep(0.001)
        found[number] = scan(scanner, str(number).encode() * 1000).threat

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number for number, threat in found.items() if threat} == {7}


def test_addresses() -> None:
    assert parse("unix:/run/clamav/clamd.ctl") == "/run/clamav/clamd.ctl"
    assert parse("tcp://127.0.0.1:3310") == ("127.0.0.1", 3310)
    assert parse("tcp://[::1]:3310") == ("::1", 3310)
    for text in (
        "unix:clamd", "unix:", "/run/clamd", "tcp://", "tcp://host", "tcp://host:0", "tcp://:1",
        "http://host:3310", "tcp://host:3310/x", "tcp://host:99999", "unix:/" + "x" * 108,
    ):  # fmt: skip
        with pytest.raises(AddressInvalid):
            parse(text)
