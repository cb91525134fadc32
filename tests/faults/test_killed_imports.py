"""An import that is killed at any moment, and repeated, makes everything once and loses nothing."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from repo_server.database.engine import open_database
from repo_server.database.models import Blob, Material, MaterialFile, MaterialVersion, Upload
from tests.libraries import docx, pdf, png

CASES = [
    # Database, kills, files: what the kills leave over is for the last run.
    pytest.param("sqlite", 4, 28),
    pytest.param("postgresql", 2, 28),
    pytest.param("sqlite", 12, 90, marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    pytest.param("postgresql", 8, 90, marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
]
DRIVER = Path(__file__).with_name("killed_imports.py")


def write_lessons(folder: Path, count: int) -> None:
    """Small files of several kinds, some of them in bundles."""
    folder.mkdir()
    makers = {
        "txt": lambda n: f"Bài {n}: phân số".encode(),
        "pdf": lambda n: pdf(f"Bài {n}", "Quy đồng mẫu số"),
        "docx": lambda n: docx(f"Bài {n}"),
        "png": lambda n: png(40 + n, 30),
    }
    for n in range(count):
        extension = list(makers)[n % len(makers)]
        place = folder / f"Nhóm {n // 10}"
        place.mkdir(exist_ok=True)
        (place / f"Bài {n}.{extension}").write_bytes(makers[extension](n))
        if n % 20 == 0:
            (place / "kho.toml").write_text(f'title = "Chủ đề {n}"\ngrades = [6]\n')


def kho(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "repo_server", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("engine", "kills", "count"), CASES)
def test_an_import_killed_at_random_moments_ends_as_if_nobody_had_killed_it(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, kills: int, count: int
) -> None:
    url: str = request.getfixturevalue(f"curriculum_{engine}_url")
    data = tmp_path / "data"
    data.mkdir()
    environment = {**os.environ, "KHO_DATA": str(data)}
    if engine == "sqlite":
        shutil.move(tmp_path / "kho.sqlite3", data / "kho.sqlite3")
        url = f"sqlite:///{data / 'kho.sqlite3'}"
    else:
        environment["KHO_DATABASE_URL"] = url
    folder = tmp_path / "bài giảng"
    write_lessons(folder, count)
    steps = ("import_folder", "accept_upload", "accept_upload", "accept_upload")
    moments = [f"{steps[n % 4]}:{random.uniform(0.0, 0.25):.3f}" for n in range(kills)]

    runs = subprocess.run(
        [sys.executable, str(DRIVER), str(folder), *moments],
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    ).stdout.split("\n")[:-1]
    assert runs == ["killed"] * kills, (moments, runs)

    report = kho(environment, "import", str(folder), "--publish", "--json")
    assert report["rejected"] == 0, report
    assert report["accepted"] + report["known"] == count
    assert report["known"] > 0
    again = kho(environment, "import", str(folder), "--publish", "--json")
    assert (again["accepted"], again["known"], again["published"]) == (0, count, 0)
    verified = kho(environment, "verify", "--json")
    assert verified["findings"] == []
    assert verified["blobs"] == count
    assert_everything_is_there_once(url, count, again["materials"])


def assert_everything_is_there_once(url: str, files: int, materials: int) -> None:
    database = open_database(url)
    with database.read() as session:
        rows = {
            model: session.scalar(select(func.count()).select_from(model))
            for model in (MaterialFile, Upload, Blob, Material, MaterialVersion)
        }
        names = session.scalars(select(MaterialFile.name)).all()
        states = set(session.scalars(select(Material.status)))
    database.close()
    assert (rows[MaterialFile], rows[Upload], rows[Blob]) == (files, files, files)
    assert len(set(names)) == files
    assert (rows[Material], rows[MaterialVersion]) == (materials, materials)
    assert states == {"published"}
