"""A Kho of the journeys' own: a small library loaded by the `kho` command, served as it is."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from repo_server.samples.lesson import read_lessons
from repo_server.samples.writer import write_samples
from tests.journeys.papers import scanned_pdf, worksheet_pdf
from tests.servers.clamd import ClamdMissing, shared_clamd
from tests.servers.shared import end_with_the_run, locked

TEACHER: Final = "co.mai@truong.invalid"
EDITOR: Final = "thay.binh@so.invalid"
ADMIN: Final = "chi.an@so.invalid"
PASSWORD: Final = "một câu dài dễ nhớ"
PEOPLE: Final = (
    (TEACHER, "teacher", "Nguyễn Thị Mai"),
    (EDITOR, "editor", "Trần Quốc Bình"),
    (ADMIN, "admin", "Lê Thu An"),
)
LESSONS: Final = frozenset(
    {
        "am-nhac-03-nhip-hai-bon",
        "khoa-hoc-04-vong-tuan-hoan-cua-nuoc",
        "khtn-09-dinh-luat-ohm",
        "toan-04-phan-so-bang-nhau",
        "toan-06-so-nguyen-am-va-truc-so",
        "toan-07-tong-ba-goc-tam-giac",
    }
)
WHOLE_NUMBERS: Final = "Số nguyên âm và trục số"
"""The lesson that stands at the topic below."""
TOPIC: Final = "lop-6.toan.so-va-dai-so.1.2"
SCAN: Final = "Bản quét nội quy phòng thí nghiệm"

_ROOT: Final = Path(__file__).resolve().parents[2]
_READY_SECONDS: Final = 60
_STARTS: Final = 5  # somebody may take a port between our look and the server's start


class HouseBroken(Exception):
    """Kho does not start or a command of it fails; says what it wrote."""


@dataclass(frozen=True, slots=True)
class House:
    """A running Kho: its address, its data folder and its process."""

    url: str
    data: Path
    server: subprocess.Popen[bytes]

    @contextmanager
    def client(self, email: str = "") -> Iterator[httpx.Client]:
        """A program's way in; signed in as `email` unless that is empty."""
        with httpx.Client(base_url=self.url, headers={"origin": self.url}, timeout=30) as client:
            if email:
                answer = client.post("/api/login", json={"email": email, "password": PASSWORD})
                answer.raise_for_status()
            yield client

    def published(self) -> list[dict[str, Any]]:
        """What everybody finds, up to fifty."""
        with self.client() as client:
            return list(client.get("/api/search", params={"size": 50}).json()["items"])

    def find(self, title: str) -> dict[str, Any]:
        """What search says of the published material with exactly this title."""
        with self.client() as client:
            items = client.get("/api/search", params={"q": title, "size": 50}).json()["items"]
        (found,) = (item for item in items if item["title"] == title)
        return dict(found)


def submitted_lesson(house: House, title: str) -> str:
    """Send a worksheet as the teacher's programs do, describe and submit it; its page's path."""
    with house.client(TEACHER) as client:
        material = _sent(client, f"{title}.pdf", worksheet_pdf())
        address = f"/api/materials/{material['id']}"
        place: dict[str, Any] = {"grades": [6], "subjects": ["toan"]}
        said = place | {"title": title, "kind": "worksheet", "license": "cc-by-4.0"}
        etag = client.get(address).headers["etag"]
        changed = client.patch(address, json=said, headers={"if-match": etag}).raise_for_status()
        headers = {"if-match": changed.headers["etag"]}
        client.post(f"{address}/submit", headers=headers).raise_for_status()
    return str(material["url"])


def draft_of_files(house: House, files: Mapping[str, bytes]) -> str:
    """A draft of the teacher's that holds these files in this order; its page's path."""
    material: dict[str, Any] = {}
    with house.client(TEACHER) as client:
        for name, content in files.items():
            material = _sent(client, name, content, material.get("id"))
    return str(material["url"])


def _sent(
    client: httpx.Client, name: str, content: bytes, material: int | None = None
) -> dict[str, Any]:
    """The material that the file went to: a new one, unless one is named."""
    declared = {"name": name, "size": len(content), "material": material}
    upload = client.post("/api/uploads", json=declared).raise_for_status().json()["url"]
    client.patch(upload, content=content, headers={"upload-offset": "0"}).raise_for_status()
    return _when_ready(client, upload)


def draft_collection(house: House, title: str, materials: Sequence[int]) -> dict[str, Any]:
    """A draft of the editor's: these materials under "Phần một", nothing under "Phần hai"."""
    items = [{"material": one} for one in materials]
    with house.client(EDITOR) as client:
        begun = client.post("/api/collections", json={"title": title}).raise_for_status().json()
        filled = client.put(
            f"/api/collections/{begun['id']}/contents",
            json={"sections": [{"title": "Phần một", "items": items}, {"title": "Phần hai"}]},
            headers={"if-match": '"1"'},
        )
        return dict(filled.raise_for_status().json())


def _when_ready(client: httpx.Client, upload: str) -> dict[str, Any]:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        status = client.get(upload).json()
        if status["state"] == "ready":
            return dict(status["material"])
        time.sleep(0.05)
    raise HouseBroken(f"an upload is still {status['state']}: {status['reason']}")


def kho(data: Path, *arguments: str, said: str = "") -> str:
    """Run a `kho` command on this data folder; its output. `said` is its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "repo_server", *arguments],
        input=said,
        env=_environment(data),
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise HouseBroken(f"kho {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
    return done.stdout


@contextmanager
def open_house() -> Iterator[House]:
    """A server of this process's own, on a copy of the library that the run has loaded once."""
    with tempfile.TemporaryDirectory(prefix="kho-house-", ignore_cleanup_errors=True) as folder:
        data = Path(folder, "data")
        shutil.copytree(_loaded_library(), data)
        house = _serve(data)
        end_with_the_run(house.server.pid, Path(folder))
        try:
            _stand_at_topic(house)
            yield house
        finally:
            _stop(house.server)


@contextmanager
def killed_and_started_again(house: House) -> Iterator[House]:
    """The same library served by a new process at another address, after kill -9 of the old one."""
    house.server.kill()
    house.server.wait()
    again = _serve(house.data)
    end_with_the_run(again.server.pid, house.data.parent)
    try:
        yield again
    finally:
        _stop(again.server)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _loaded_library() -> Path:
    """The data folder with people and a few published lessons; copy it, never serve it."""
    with locked("house") as ready:
        if not ready.exists():
            growing = ready.with_suffix(".growing")
            shutil.rmtree(growing, ignore_errors=True)
            _load(growing)
            growing.rename(ready)
    return ready


def _load(data: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="kho-lessons-") as folder:
        lessons = Path(folder)
        chosen = [lesson for lesson in read_lessons() if lesson.slug in LESSONS]
        write_samples(lessons, font_folder=_ROOT / "web" / "node_modules", lessons=chosen)
        (lessons / f"{SCAN}.pdf").write_bytes(scanned_pdf())
        data.mkdir()
        for email, role, name in PEOPLE:
            said = f"{PASSWORD}\n"
            arguments = ("user", "add", email, "--role", role, "--name", name, "--password-stdin")
            kho(data, *arguments, said=said)
        kho(data, "import", str(lessons), "--owner", TEACHER, "--publish", "--json")


def _stand_at_topic(house: House) -> None:
    """Align one lesson to a topic, as its teacher does in the form."""
    found = house.find(WHOLE_NUMBERS)
    with house.client(TEACHER) as client:
        address = f"/api/materials/{found['id']}"
        choice = {"grades": [6], "subjects": ["toan"], "books": ["kntt"]}
        body = choice | {"items": [_item(client, TOPIC)]}
        etag = client.get(address).headers["etag"]
        client.patch(address, json=body, headers={"if-match": etag}).raise_for_status()
    deadline = time.monotonic() + _READY_SECONDS
    with house.client() as client:
        while client.get("/api/search", params={"topic": TOPIC}).json()["total"] != 1:
            if time.monotonic() > deadline:
                raise HouseBroken(f"no material at {TOPIC}")
            time.sleep(0.05)


def _item(client: httpx.Client, code: str) -> int:
    """The id of an item of the programme, found by walking down to it."""
    items = client.get("/api/curriculum/gdpt2018").json()["children"]
    while True:
        above = [item for item in items if f"{code}.".startswith(f"{item['code']}.")]
        if above[0]["code"] == code:
            return int(above[0]["id"])
        items = client.get(f"/api/curriculum/items/{above[0]['id']}").json()["children"]


def _serve(data: Path) -> House:
    for _ in range(_STARTS):
        port = _free_port()
        log = (data.parent / "server.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "repo_server", "serve", "--port", str(port)],
                env=_environment(data),
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if _becomes_ready(process, f"http://127.0.0.1:{port}"):
            return House(f"http://127.0.0.1:{port}", data, process)
        process.kill()
        process.wait()
    raise HouseBroken((data.parent / "server.log").read_text(errors="replace")[-2000:])


def _becomes_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(data: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KHO_")}
    # Warnings of libraries are judged by the tests of the modules that call them.
    own = {"KHO_DATA": str(data), "KHO_DRAIN_SECONDS": "0", "PYTHONWARNINGS": "ignore"}
    return inherited | own | _scanner()


def _scanner() -> dict[str, str]:
    try:
        return {"KHO_CLAMD": shared_clamd()}
    except ClamdMissing:
        return {}
