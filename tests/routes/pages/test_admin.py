"""The administrators' page: what it shows, and that it works without script."""

import re

import pytest

from repo_server.database.models import Job, utc_now
from repo_server.domain.access import Role
from repo_server.domain.errors import InspectionUnavailable, StorageUnavailable
from repo_server.inspection.inspector import Inspector
from repo_server.services.keeping.findings import Finding
from repo_server.services.keeping.verdicts import keep_verdict
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage
from tests.routes.houses import House


def give_up(house: House, key: str = "a") -> int:
    """A job that failed at every attempt."""
    with house.library.database.write() as session:
        job = Job(
            kind="accept_upload", key=key, state="dead", attempt=6, run_at=utc_now(),
            error="OSError: <b>đĩa hỏng</b>", finished_at=utc_now(),
        )  # fmt: skip
        session.add(job)
        session.flush()
        return job.id


def test_everything_that_works_is_said_to_work(house: House) -> None:
    house.published(house.person())
    page = house.visitor(Role.ADMIN).page("/quan-tri")
    assert page.status == 200
    text = page.body.decode()
    assert text.count("Hoạt động") == 3
    assert re.search(r"Đã xuất bản</span><b>1</b>", text)
    assert re.search(r"Sao lưu gần nhất</span><b>chưa có</b>", text)
    assert "Việc đã bỏ dở</h2>" not in text


def test_what_is_down_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StorageUnavailable

    def no_inspector(*_: object) -> None:
        raise InspectionUnavailable

    for act in ("check", "free_bytes"):
        monkeypatch.setattr(LocalStorage, act, down)
    monkeypatch.setattr(Inspector, "confinement", no_inspector)
    text = house.visitor(Role.ADMIN).page("/quan-tri").body.decode()
    assert "Kho tệp đang tạm ngừng" in text
    assert "Bộ kiểm tra tệp đang tạm ngừng" in text
    assert re.search(r"Còn trống ở kho tệp</span><b>không rõ</b>", text)


def test_a_job_that_was_given_up_is_tried_again_by_a_form(house: House) -> None:
    job_id = give_up(house)
    admin = house.visitor(Role.ADMIN)
    text = admin.page("/quan-tri").body.decode()
    assert "&lt;b&gt;đĩa hỏng" in text
    (address,) = re.findall(r'<form action="(/quan-tri/[^"]+/thu-lai)" method="post">', text)

    done = admin.post(address)

    assert (done.status, done.header("location")) == (303, "/quan-tri")
    with house.library.database.read() as session:
        job = session.get_one(Job, job_id)
        assert (job.state, job.attempt) == ("open", 0)
    assert "sẽ được thử lại" in admin.page("/quan-tri").body.decode()
    assert admin.post(address).status == 404


def test_a_job_that_was_given_up_is_dropped_by_a_form(house: House) -> None:
    job_id = give_up(house)
    admin = house.visitor(Role.ADMIN)
    text = admin.page("/quan-tri").body.decode()
    (address,) = re.findall(r'<form action="(/quan-tri/[^"]+/bo)" method="post">', text)

    done = admin.post(address)

    assert (done.status, done.header("location")) == (303, "/quan-tri")
    with house.library.database.read() as session:
        assert session.get_one(Job, job_id).state == "dropped"
    text = admin.page("/quan-tri").body.decode()
    assert "Đã bỏ việc đó" in text
    assert "đĩa hỏng" not in text
    assert admin.post(address).status == 404


def test_a_damaged_file_is_shown_with_its_material(house: House) -> None:
    made = house.published(house.person())
    (file,) = made.files
    path = house.library.storage.local_path(ObjectKey.blob(file.sha256))
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(b"x" * file.size)
    assert house.stranger().get(f"/api/files/{file.id}/content").status == 503
    text = house.visitor(Role.ADMIN).page("/quan-tri").body.decode()
    assert "Tệp bị hỏng trong kho</h2>" in text
    assert made.card.url in text
    assert file.sha256 in text


def test_the_last_look_at_everything_is_shown_and_measured(house: House) -> None:
    admin, program = house.visitor(Role.ADMIN), house.program(house.person(Role.ADMIN))
    assert "kho_last_verification" not in program.get("/metrics").body.decode()
    keep_verdict(house.library, "kho verify", 1_234, 5, [Finding("F1", "a"), Finding("F2", "b")])

    page = admin.page("/quan-tri").body.decode()
    assert "kho verify · 1.234 tệp gốc, còn 2 chỗ sai · F1: 1, F2: 1" in page
    assert "kho_last_verification_unmended 2.0" in program.get("/metrics").body.decode()
    keep_verdict(house.library, "kho verify --repair", 1_235, 5, [])
    page = admin.page("/quan-tri").body.decode()
    assert "kho verify --repair · 1.235 tệp gốc, không có gì sai<" in page


def test_the_way_there_is_shown_to_administrators_alone(house: House) -> None:
    assert b'href="/quan-tri"' in house.visitor(Role.ADMIN).page("/").body
    assert b'href="/quan-tri"' not in house.visitor(Role.MANAGER).page("/").body
