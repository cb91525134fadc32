"""A backup or a restore that is killed at any moment never looks whole, and can be continued."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from repo_server.database.engine import open_database, sqlite_url
from repo_server.domain.errors import BackupRefused
from repo_server.inspection.inspector import Inspector
from repo_server.services.backup import manifest_of
from tests.libraries import inspector, library_in, person, upload

__all__ = ["inspector"]

FILES = 8
DRIVER = Path(__file__).with_name("killed_backups.py")


@pytest.fixture
def data(tmp_path: Path, curriculum_sqlite_file: Path, inspector: Inspector) -> Path:
    """The data folder of a library with some files."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    database = open_database(sqlite_url(folder / "kho.sqlite3"))
    library = library_in(folder, database, inspector)
    viewer = person(library)
    for number in range(FILES):
        upload(library, viewer, f"Bài {number}.txt", f"Bài số {number}".encode())
    database.close()
    return folder


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHO_")}
    return {**kept, "KHO_DATA": str(data), "PYTHONPATH": str(Path.cwd())}


def killed(data: Path, act: str, folder: Path, *moments: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(DRIVER), act, str(folder), *map(str, moments)],
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


def kho(data: Path, *arguments: str, status: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "repo_server", *arguments],
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr


def test_killed_at_any_moment_neither_looks_whole_and_both_go_on(
    data: Path, tmp_path: Path
) -> None:
    folder, other = tmp_path / "backup", tmp_path / "other"
    tables = 20
    moments = (1, tables // 2, tables, tables + 4, tables + FILES)
    assert killed(data, "backup", folder, *moments) == ["killed"] * len(moments)
    with pytest.raises(BackupRefused):
        manifest_of(folder)
    assert "manifest.json" in kho(other, "restore", str(folder), status=1)

    report = kho(data, "backup", str(folder), "--json")
    assert (report["objects"], report["lost"]) == (FILES, [])
    assert manifest_of(folder).blobs == FILES
    whole = (folder / "manifest.json").read_bytes()
    assert killed(data, "backup", folder, tables, tables + 4) == ["killed"] * 2
    assert (folder / "manifest.json").read_bytes() == whole

    moments = (1, FILES // 2, FILES, FILES + 1, FILES + 6)
    assert killed(other, "restore", folder, *moments) == ["killed"] * len(moments)
    assert kho(other, "restore", str(folder), "--json")["lost"] == []
    assert "đã có dữ liệu" in kho(other, "restore", str(folder), status=1)
    verified = kho(other, "verify", "--json")
    assert (verified["blobs"], verified["findings"]) == (FILES, [])
