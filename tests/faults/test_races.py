"""Thirty-two at once: of one declaration comes one upload, of one revision one edit."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from repo_server.database.models import MaterialFile, Upload
from repo_server.domain.access import Role, Viewer
from tests.libraries import docx
from tests.servers.postgresql import shared_postgresql
from tests.topology.town import Town, eventually, ready

CROWD: Final = 32
ROUNDS: Final = [pytest.param(5), pytest.param(1_000, marks=pytest.mark.soak)]


class Crowd:
    """Programs of one teacher that ask the same thing at the same moment."""

    def __init__(self, town: Town) -> None:
        self.town = town
        headers = {"authorization": f"Bearer {town.token(_teacher(town))}"}
        self.client = httpx.Client(
            base_url=town.servers[0].url, headers=headers, timeout=60, trust_env=False
        )
        self._threads = ThreadPoolExecutor(CROWD)

    def ask(self, act: Callable[[], httpx.Response]) -> list[httpx.Response]:
        """Everybody's answer."""
        return [asked.result() for asked in [self._threads.submit(act) for _ in range(CROWD)]]

    def close(self) -> None:
        self._threads.shutdown()
        self.client.close()


def _teacher(town: Town) -> Viewer:
    return town.person(f"{uuid4().hex}@truong.edu.vn", Role.TEACHER)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(
    request: pytest.FixtureRequest,
    curriculum_sqlite_file: Path,
    curriculum_postgresql_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Crowd]:
    folder, settings = tmp_path_factory.mktemp("crowd"), {}
    (folder / "data").mkdir()
    with ExitStack() as stack:
        if request.param == "sqlite":
            shutil.copy(curriculum_sqlite_file, folder / "data" / "kho.sqlite3")
        else:
            name = f"crowd_{uuid4().hex}"
            url = shared_postgresql().create_database(name, curriculum_postgresql_template)
            stack.callback(shared_postgresql().drop_database, name)
            settings = {"KHO_DATABASE_URL": url}
        town = Town(folder, {"KHO_DATA": str(folder / "data"), **settings})
        stack.callback(town.end)
        ready(town.serve("only", KHO_WORKER_JOBS="2"))
        crowd = Crowd(town)
        stack.callback(crowd.close)
        yield crowd


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_declaration_makes_one_upload(crowd: Crowd, rounds: int) -> None:
    addresses = {_sent_by_all(crowd, docx(f"Bài {n}: {uuid4().hex}")) for n in range(rounds)}
    assert len(addresses) == rounds

    def all_ready() -> bool:
        with crowd.town.database() as database, database.read() as session:
            waiting = select(func.count()).where(Upload.state != "ready")
            return session.scalar(waiting) == 0

    assert eventually(all_ready, 60 + rounds), crowd.town.servers[0].said()
    with crowd.town.database() as database, database.read() as session:
        uploads = session.scalar(select(func.count()).select_from(Upload))
        files = session.scalar(select(func.count()).select_from(MaterialFile))
        assert uploads == files


def _sent_by_all(crowd: Crowd, content: bytes) -> str:
    headers = {"idempotency-key": uuid4().hex}
    wanted = {"name": "Bài.docx", "size": len(content)}
    declared = crowd.ask(lambda: crowd.client.post("/api/uploads", json=wanted, headers=headers))
    assert Counter(answer.status_code for answer in declared) == {201: 1, 200: CROWD - 1}
    (url,) = {answer.json()["url"] for answer in declared}
    offset = {"upload-offset": "0"}
    sent = crowd.ask(lambda: crowd.client.patch(url, content=content, headers=offset))
    statuses = Counter(answer.status_code for answer in sent)
    assert statuses[204] == 1, statuses
    # Too late, or at the same moment.
    assert set(statuses) <= {204, 409, 423}, statuses
    return str(url)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_revision_takes_one_edit(crowd: Crowd, rounds: int) -> None:
    at = f"/api/materials/{_draft(crowd)}"
    for _ in range(rounds):
        match = {"if-match": crowd.client.get(at).headers["etag"]}
        edited = crowd.ask(
            lambda match=match: crowd.client.patch(  # type: ignore[misc]
                at, json={"description": uuid4().hex}, headers=match
            )
        )
        assert Counter(answer.status_code for answer in edited) == {200: 1, 412: CROWD - 1}
        (winner,) = (answer.json() for answer in edited if answer.status_code == 200)
        assert crowd.client.get(at).json()["description"] == winner["description"]


def _draft(crowd: Crowd) -> int:
    made = crowd.client.post("/api/materials", json={"title": "Phân số"})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])
