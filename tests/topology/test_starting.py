"""Several processes start at once on an empty database; each ends when it is asked to."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from repo_server.database.models import CurriculumItem, Framework, IndexTarget
from repo_server.domain.access import Role
from tests.servers.postgresql import shared_postgresql
from tests.topology.sending import Program
from tests.topology.town import CLIENT, Town, patient, ready

pytestmark = patient


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """A town whose database has no table yet; files in a folder."""
    settings = {"KHO_DATA": str(tmp_path / "data")}
    server, name = None, f"blank_{uuid4().hex}"
    if request.param == "postgresql":
        server = shared_postgresql()
        settings["KHO_DATABASE_URL"] = server.create_database(name)
    town = Town(tmp_path, settings)
    yield town
    town.end()
    if server is not None:
        server.drop_database(name)


def test_processes_that_start_at_once_make_everything_once(blank_town: Town) -> None:
    servers = [blank_town.serve(f"server-{number}") for number in range(2)]
    worker = blank_town.work("worker")
    ready(*servers)
    assert worker.process.poll() is None, worker.said()
    with blank_town.database() as database, database.read() as session:
        codes = session.scalars(select(Framework.code)).all()
        items = session.scalar(select(func.count()).select_from(CurriculumItem)) or 0
        distinct = session.scalar(select(func.count(CurriculumItem.code.distinct())))
        targets = session.scalars(select(IndexTarget.name)).all()
    assert len(codes) == len(set(codes)) > 0
    assert items >= (distinct or 0) > 1000
    assert targets == ["embedded"]
    assert [one.stop() for one in (*servers, worker)] == [0] * 3


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Town]:
    """A town of one process, with everything in a folder."""
    town = Town(tmp_path, {"KHO_DATA": str(tmp_path / "data")})
    yield town
    town.end()


def test_a_download_that_is_under_way_is_finished_before_a_process_ends(desk: Town) -> None:
    server = desk.serve("server", KHO_WORKER_JOBS="1")
    ready(server)
    program = Program((server,), desk.token(desk.person("a@so.edu.vn", Role.ADMIN)))
    size = 24 << 20
    sound = b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\2\0"
    sound += (44100).to_bytes(4, "little") + (176400).to_bytes(4, "little") + b"\4\0\x10\0data"
    sound += (size - 44).to_bytes(4, "little")
    sound += os.urandom(size - len(sound))
    settled = program.settled(program.send(0, "Bài nghe.wav", sound))
    assert settled["state"] == "ready", settled
    received = bytearray()
    began = threading.Event()

    def download() -> None:
        headers = {"authorization": f"Bearer {program.token}"}
        url = f"{server.url}/api/files/{settled['file']}/content"
        with CLIENT.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_raw(1 << 20):
                received.extend(piece)
                began.set()
                time.sleep(0.1)

    reader = threading.Thread(target=download)
    reader.start()
    assert began.wait(30)
    status = server.stop()
    reader.join()
    assert bytes(received) == sound
    assert status == 0


def test_logs_hold_requests_and_nobody(desk: Town) -> None:
    server = desk.serve("server")
    ready(server)
    CLIENT.get(f"{server.url}/tim?q=bi-mat")
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]
    routes = [line["route"] for line in lines if line["event"] == "request"]
    assert "/tim" in routes
    assert "bi-mat" not in server.log.read_text()
    assert "127.0.0.1" not in "".join(map(str, lines))
