"""A volume is full: whoever sends is told so, nothing is lost, and room is all that it takes.

Each volume is a small file system of its own, as a server's folders may be.
"""

import errno
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from repo_server.domain.errors import CATALOGUE
from repo_server.domain.materials import Status
from tests.faults.crash_acts import Step, a_material
from tests.faults.crash_house import CrashHouse, Nursery, crash_house, soon

VOLUMES = {"database": ".", "staging": "staging", "files": "files", "index": "index"}
SIZES = {"database": "64m", "index": "8m"}
CONTENT = os.urandom(400_000).hex().encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def mount(folder: Path, size: str) -> bool:
    """Mount a small file system there; False without the right to."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    with suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path, CrashHouse]]:
    volume = str(request.param)
    folder = tmp_path / "data" / VOLUMES[volume]
    folder.mkdir(parents=True)
    if not mount(folder, SIZES.get(volume, "4m")):
        pytest.skip("disk full: this user may not mount a small file system")
    nursery = Nursery()
    made = crash_house(tmp_path, nursery, {})
    try:
        made.serve()
        yield volume, folder, made
    finally:
        made.close()
        nursery.close()
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room; the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (b"x" * 65536, b"x" * 512):
            try:
                while True:
                    file.write(piece)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


def answers(house: CrashHouse) -> list[httpx.Response]:
    """What a client is told that sends a file as `CrashHouse.send` does."""
    declared = house.ask(
        "POST",
        "/api/uploads",
        json={"name": "Bài.txt", "size": len(CONTENT), "sha256": SHA256},
        headers={"idempotency-key": f"key-{SHA256}"},
    )
    if declared.status_code == 507:
        return [declared]
    sent = house.ask(
        "PATCH", declared.json()["url"], content=CONTENT, headers={"upload-offset": "0"}
    )
    return [declared, sent, house.ask("GET", declared.json()["url"])]


@pytest.mark.parametrize("house", list(VOLUMES), indirect=True)
def test_a_full_volume_is_told_of_and_loses_nothing(
    house: tuple[str, Path, CrashHouse],
) -> None:
    volume, folder, served = house
    served.sent_and_ready("Trước.txt", b"Truoc khi day" * 20)
    material, code, _ = a_material(served, Status.SUBMITTED)
    filler = fill(folder)

    if volume == "index":
        # What nobody can find yet is published all the same.
        etag = served.ask("GET", f"/api/materials/{material}").headers["etag"]
        path = f"/api/materials/{material}/publish"
        assert served.ask("POST", path, headers={"if-match": etag}).status_code == 200
    else:
        told = answers(served)
        statuses = [answer.status_code for answer in told]
        if volume == "files":
            # All bytes are safe in staging; the check waits for room.
            assert statuses[1] == 204
            assert told[2].json()["state"] in ("received", "checking")
        else:
            assert 507 in statuses, statuses
            full = next(answer for answer in told if answer.status_code == 507)
            assert full.json()["error"]["message"] == CATALOGUE["storage_full"].vi
    assert served.ask("GET", "/tim?q=phan").status_code == 200

    filler.unlink()
    served.let_leases_run_out()
    served.sent_and_ready("Bài.txt", CONTENT)
    if volume == "index":
        soon(lambda: not any(served.ask("GET", "/health/ready").json()["index_lag"].values()),
             served.said)  # fmt: skip
        Step(material, code, "publish").judge(served, repeated=True)
    served.settle()
    served.judge()
    served.judge_bytes()
