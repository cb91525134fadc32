"""The command line: exit statuses, sentences for people, reports for programs."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from repo_server import __main__ as command
from repo_server.commands import demo, importing, opening
from repo_server.database.engine import open_database, sqlite_url
from repo_server.database.models import Account, AuditEntry, Blob, Job, utc_now
from repo_server.domain.errors import StorageUnavailable
from repo_server.samples.writer import SampleReport
from repo_server.services.keeping.verdicts import Verdict, last_verdict
from tests.libraries import curriculum_sqlite_file, docx, pdf

__all__ = ["curriculum_sqlite_file"]

Kho = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, curriculum_sqlite_file: Path) -> Path:
    """A data folder whose database holds the curriculum."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    return folder


@pytest.fixture
def kho(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kho:
    """Runs `kho` with these arguments; answers exit status, output and errors."""
    for name in list(os.environ):
        if name.startswith("KHO_") and not name.startswith("KHO_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KHO_DATA", str(data))
    monkeypatch.setattr(opening, "configure_logging", lambda _: None)

    def run(*arguments: object, answers: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kho", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        status: Any = 0
        try:
            command.main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """A folder of two lessons."""
    folder = tmp_path / "bài giảng"
    folder.mkdir()
    (folder / "Bài 1.docx").write_bytes(docx("Phân số"))
    (folder / "Bài 2.pdf").write_bytes(pdf("Số thập phân"))
    return folder


def test_help_lists_every_command_and_says_what_each_does(kho: Kho) -> None:
    status, out, _ = kho("--help")

    assert status == 0
    for name in command.COMMANDS:
        assert f"  {name}" in out
        told, text, _ = kho(name, "--help")
        assert told == 0
        assert len(text.splitlines()) > 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["paint"],
        ["import"],
        ["import", "/nowhere/at/all"],
        ["import", "--colour"],
        ["user", "add", "lan@example.edu.vn"],
        ["user", "add", "lan@example.edu.vn", "--role", "king"],
        ["serve", "--port", "70000"],
        ["serve", "--workers", "0"],
        ["curriculum", "import", "/nowhere.csv"],
        [],
    ],
)
def test_wrong_use_is_status_2_with_a_hint(kho: Kho, arguments: list[str]) -> None:
    status, out, err = kho(*arguments)

    assert status == 2
    assert out == ""
    assert "Usage: " in err


@pytest.mark.parametrize("name", ["verify", "work", "serve"])
def test_a_setting_that_does_not_exist_is_wrong_use(
    kho: Kho, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("KHO_DATABSE_URL", "sqlite:///x")
    status, out, err = kho(name)

    assert (status, out) == (2, "")
    assert "KHO_DATABSE_URL is not a setting of Kho" in err


def test_a_senseless_setting_is_wrong_use(kho: Kho, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHO_WORKER_JOBS", "many")
    status, _, err = kho("verify")

    assert status == 2
    assert "KHO_WORKER_JOBS must be a whole number" in err


def test_an_import_says_what_it_did_and_is_repeatable(kho: Kho, lessons: Path) -> None:
    status, out, _ = kho("import", lessons, "--publish")
    assert status == 0
    assert out.strip().endswith("2 học liệu, 2 vừa xuất bản.")
    assert out.startswith("2 tệp mới, 0 tệp đã có")

    status, out, _ = kho("import", lessons, "--publish")
    assert status == 0
    assert out.startswith("0 tệp mới, 2 tệp đã có")


def test_an_import_that_rejected_something_is_status_1_and_says_why(
    kho: Kho, lessons: Path
) -> None:
    (lessons / "lạ.exe").write_bytes(b"MZ" + bytes(100))
    (lessons / "Bài 3").mkdir()
    (lessons / "Bài 3" / "bài.txt").write_text("Tập hợp")
    (lessons / "Bài 3" / "kho.toml").write_text('kind = "poem"')
    status, out, _ = kho("import", lessons)

    assert status == 1
    assert "✗ lạ.exe: Kho chưa nhận loại tệp này." in out
    assert "! Bài 3: " in out
    assert "3 tệp mới" in out


def test_the_report_for_programs_is_json_and_nothing_else(kho: Kho, lessons: Path) -> None:
    (lessons / "lạ.exe").write_bytes(b"MZ" + bytes(100))
    status, out, _ = kho("import", lessons, "--publish", "--json")

    report = json.loads(out)
    assert status == 1
    assert (report["accepted"], report["known"], report["rejected"]) == (2, 0, 1)
    assert (report["materials"], report["published"], report["with_text"]) == (2, 2, 2)
    assert {file["path"] for file in report["files"]} == {"Bài 1.docx", "Bài 2.pdf", "lạ.exe"}
    assert "Kho chưa nhận" in out


def test_an_import_for_somebody_unknown_is_status_1_with_a_sentence(
    kho: Kho, lessons: Path
) -> None:
    status, out, err = kho("import", lessons, "--owner", "khong-ai@example.edu.vn")

    assert (status, out) == (1, "")
    assert "Không có tài khoản khong-ai@example.edu.vn" in err
    assert "Traceback" not in err


def test_an_engine_that_is_down_is_one_sentence(
    kho: Kho, lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(importing.importing, "accept_upload", down)
    status, _, err = kho("import", lessons)

    assert status == 1
    assert err.strip() == "Kho tệp đang tạm ngừng. Hãy thử lại sau ít phút."


def test_a_database_that_is_down_is_one_sentence(kho: Kho, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHO_DATABASE_URL", "postgresql+psycopg://kho@127.0.0.1:9/kho")
    status, _, err = kho("verify")

    assert status == 1
    assert "Cơ sở dữ liệu đang tạm ngừng" in err
    assert "Traceback" not in err


def test_a_clean_library_verifies_and_a_damaged_one_is_status_1(
    kho: Kho, lessons: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kho("import", lessons, "--publish")
    status, out, _ = kho("verify")
    assert status == 0
    assert "Chưa có trình diệt vi-rút (KHO_CLAMD)" in out
    monkeypatch.setenv("KHO_CLAMD", "unix:/run/nobody/clamd.ctl")
    assert "Không có gì sai. 2 tệp gốc" in out
    first = last_verdict_in(data)
    assert (first.by, first.blobs, first.findings, first.unmended) == ("kho verify", 2, {}, 0)

    shutil.rmtree(data / "files" / "derivatives", ignore_errors=True)
    # Not the one with a picture, which could not be drawn again.
    blobs = (path for path in (data / "files" / "blobs").rglob("*") if path.is_file())
    blob = next(path for path in blobs if not path.read_bytes().startswith(b"%PDF"))
    blob.unlink()
    status, out, _ = kho("verify", "--json")
    # In tests log entries are on standard output, too.
    report = json.loads(out[out.index("{") :])
    assert status == 1
    assert not report["clean"]
    assert "F1" in {finding["code"] for finding in report["findings"]}
    assert set(report["confinement"]) >= {"limits", "missing"}
    assert report["scanner"] == "scanner_unavailable"

    status, out, _ = kho("verify", "--repair")
    assert status == 1
    assert "Trình diệt vi-rút (KHO_CLAMD) không trả lời" in out
    assert "F1 Mất tệp gốc trong kho" in out
    assert "Có chỗ sai." in out
    last = last_verdict_in(data)
    assert last.by == "kho verify --repair"
    assert last.findings["F1"] == last.unmended == 1
    assert last.at > first.at


def last_verdict_in(data: Path) -> Verdict:
    database = open_database(sqlite_url(data / "kho.sqlite3"))
    try:
        with database.read() as session:
            verdict = last_verdict(session)
    finally:
        database.close()
    assert verdict is not None
    return verdict


def test_a_repair_feeds_the_index_before_it_ends(kho: Kho, lessons: Path, data: Path) -> None:
    kho("import", lessons, "--publish")
    shutil.rmtree(data / "index")
    status, out, _ = kho("verify", "--repair")
    assert status == 0, out

    status, out, _ = kho("verify")
    assert (status, "Không có gì sai." in out) == (0, True)


def test_reindex_builds_every_index_anew(kho: Kho, lessons: Path) -> None:
    kho("import", lessons, "--publish")

    assert kho("reindex")[:2] == (0, "embedded: 2\n")
    assert kho("reindex", "--target", "embedded")[:2] == (0, "embedded: 2\n")
    code, _, said = kho("reindex", "--target", "other")
    assert code == 2
    assert "embedded" in said
    assert kho("verify")[0] == 0


def test_an_account_is_added_once(kho: Kho, data: Path) -> None:
    arguments = ("user", "add", "Lan@Example.edu.vn", "--role", "teacher", "--password-stdin")
    status, out, err = kho(*arguments, answers="hoa phượng đỏ\n")
    assert (status, err) == (0, "")
    assert "Đã thêm Lan@Example.edu.vn (teacher)." in out

    status, out, err = kho(*arguments, answers="hoa phượng đỏ\n")
    assert (status, out) == (1, "")
    assert "Đã có tài khoản" in err
    database = open_database(sqlite_url(data / "kho.sqlite3"))
    with database.read() as session:
        account = session.query(Account).one()
    database.close()
    assert (account.email, account.name) == ("lan@example.edu.vn", "Lan")


@pytest.mark.parametrize(
    ("arguments", "password", "complaint"),
    [
        (("không phải thư", "--role", "editor"), "hoa phượng đỏ", "thư điện tử"),
        (("a@example.vn", "--role", "editor"), "ngắn", ""),
        (("a@example.vn", "--role", "editor", "--organization", "x"), "hoa phượng đỏ", "đơn vị"),
    ],
)
def test_an_account_that_is_not_taken_says_why(
    kho: Kho, arguments: tuple[str, ...], password: str, complaint: str
) -> None:
    status, _, err = kho("user", "add", *arguments, "--password-stdin", answers=f"{password}\n")

    assert status == 1
    assert complaint in err
    assert "Giá trị của" in err


CSV = """code,parent,kind,title,grades,subject,abbreviations,source,page,note,language,version
thu,,framework,Chương trình thử,,,,,,,vi,1
thu-6,,grade,Lớp thử,6,,,,,,,
thu-6.toan,thu-6,subject,Toán thử,,toan-thu,TT,,,,,
"""


def test_a_curriculum_is_imported_and_a_repeated_import_changes_nothing(
    kho: Kho, tmp_path: Path
) -> None:
    file = tmp_path / "thử.csv"
    file.write_text(CSV)

    assert kho("curriculum", "import", file)[:2] == (0, "thu: thêm 2, sửa 0, bỏ 0, ngừng dùng 0.\n")
    assert kho("curriculum", "import", file)[:2] == (0, "thu: thêm 0, sửa 0, bỏ 0, ngừng dùng 0.\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [("hỏng.csv", b"code\n\xff\xfe"), ("hỏng.json", b"{"), ("hỏng.csv", CSV.encode() * 2)],
)
def test_a_broken_curriculum_is_status_1_with_what_is_wrong(
    kho: Kho, tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    status, out, err = kho("curriculum", "import", file)

    assert (status, out) == (1, "")
    assert err.startswith("✗ ")
    assert "Traceback" not in err


def test_jobs_that_were_given_up_are_listed_tried_again_and_dropped(kho: Kho, data: Path) -> None:
    person = ("an@example.edu.vn", "--role", "admin", "--password-stdin")
    assert kho("user", "add", *person, answers="hoa phượng đỏ")[0] == 0
    database = open_database(sqlite_url(data / "kho.sqlite3"))
    with database.write() as session:
        for key in ("a", "b"):
            session.add(
                Job(
                    kind="reinspect", key=key, state="dead", attempt=6, run_at=utc_now(),
                    error="OSError:\nhỏng", finished_at=utc_now(),
                )
            )  # fmt: skip
    status, out, _ = kho("jobs", "list")
    assert status == 0
    assert [line.split("\t")[1::3] for line in out.splitlines()] == [
        ["reinspect b", "OSError: hỏng"], ["reinspect a", "OSError: hỏng"],
    ]  # fmt: skip
    listed = {job["key"]: job["id"] for job in json.loads(kho("jobs", "list", "--json")[1])}
    assert kho("jobs", "retry", listed["a"], "--as", "an@example.edu.vn")[0] == 0
    assert kho("jobs", "drop", listed["b"])[:2] == (0, f"Việc {listed['b']} đã bỏ.\n")
    status, _, said = kho("jobs", "drop", listed["b"])
    assert (status, said) == (1, "Không tìm thấy.\n")
    assert kho("jobs", "list")[1] == "Không có việc nào bị bỏ dở.\n"
    with database.read() as session:
        states = dict(session.execute(select(Job.key, Job.state)).all())
        acts = session.scalars(select(AuditEntry.action)).all()
    database.close()
    assert states == {"a": "open", "b": "dropped"}
    assert [act for act in acts if act.startswith("job.")] == ["job.retry", "job.drop"]


def test_the_sample_library_is_loaded_once(
    kho: Kho, data: Path, lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_few(folder: Path, **_: object) -> SampleReport:
        shutil.copytree(lessons, folder, dirs_exist_ok=True)
        return SampleReport(2, ())

    monkeypatch.setattr(demo, "write_samples", write_few)
    status, out, _ = kho("demo", "--if-empty")
    assert status == 0
    assert "giaovien@kho.invalid" in out

    assert kho("demo", "--if-empty") == (0, "", "")
    status, out, _ = kho("demo")
    assert status == 0
    assert "0 tệp mới, 2 tệp đã có" in out
    database = open_database(sqlite_url(data / "kho.sqlite3"))
    with database.read() as session:
        assert session.query(Account).count() == 3
        assert session.query(Blob).count() == 2
    database.close()


def test_a_worker_alone_ends_gracefully_when_asked(data: Path) -> None:
    environment = {**os.environ, "KHO_DATA": str(data)}
    worker = subprocess.Popen([sys.executable, "-m", "repo_server", "work"], env=environment)
    try:
        deadline = time.monotonic() + 30
        while not (data / "index").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.wait()
