"""The administrators' page of the quarantine, by forms alone, and what programs are told."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from repo_server.domain.access import Role
from repo_server.domain.errors import FileQuarantined
from repo_server.inspection.clamd import Clamd, Scan
from repo_server.services.acceptance import accept_upload
from repo_server.services.keeping import rescan
from repo_server.services.keeping.scrub import Stored
from tests.libraries import upload
from tests.routes.houses import House
from tests.servers.clamd import EICAR, THREAT, fake_clamd

INFECTED = b"Bai hoc: " + EICAR
SHA256 = hashlib.sha256(INFECTED).hexdigest()


@pytest.fixture
def scanned(house: House, tmp_path: Path) -> Iterator[House]:
    with fake_clamd(tmp_path) as fake:
        object.__setattr__(house.library, "scanner", Clamd(fake.address))
        yield house
        object.__setattr__(house.library, "scanner", None)


def test_an_administrator_lets_a_file_pass_by_a_form(scanned: House) -> None:
    teacher = scanned.person()
    view = upload(scanned.library, teacher, "Bài &1.txt", INFECTED)
    admin = scanned.visitor(Role.ADMIN)
    assert "(1)</a>" in admin.page("/quan-tri").body.decode()
    assert THREAT in scanned.browser(teacher).page("/cua-toi").body.decode()
    text = admin.page("/quan-tri/cach-li").body.decode()
    assert "Bài &amp;1.txt" in text
    (address,) = re.findall(r'<form action="(/quan-tri/[^"]+/cho-qua)"', text)

    assert admin.post(address, reason="").status == 400
    done = admin.post(address, reason="Bài thử của tổ Tin.")
    assert (done.status, done.header("location")) == (303, "/quan-tri/cach-li")
    accept_upload(scanned.library, view.id)
    found = scanned.browser(teacher).get(f"/api/uploads/{view.id}").json
    assert (found["state"], found["reason"]) == ("ready", None)
    assert admin.post(address, reason="Lần nữa.").status == 404


def test_an_administrator_destroys_a_file_by_a_form(scanned: House) -> None:
    teacher = scanned.person()
    view = upload(scanned.library, teacher, "Bài.txt", INFECTED)
    admin = scanned.visitor(Role.ADMIN)
    assert admin.post(f"/quan-tri/cach-li/{SHA256}/xoa").status == 303
    found = scanned.browser(teacher).get(f"/api/uploads/{view.id}").json
    assert (found["state"], THREAT in found["reason"]) == ("rejected", True)
    assert "Không có tệp nào bị cách li" in admin.page("/quan-tri/cach-li").body.decode()


def test_programs_see_the_quarantine_and_decide(scanned: House) -> None:
    view = upload(scanned.library, scanned.person(), "Bài.txt", INFECTED)
    admin = scanned.visitor(Role.ADMIN)
    found = admin.get("/api/quarantine").json
    assert (found["total"], found["files"]) == (1, [])
    (one,) = found["uploads"]
    assert (one["id"], one["threat"], one["sha256"]) == (view.id, THREAT, SHA256)
    at = f"/api/quarantine/{SHA256}"
    assert admin.ask("POST", f"{at}/lift", json_body={"reason": ""}).status == 400
    assert admin.ask("POST", f"{at}/lift", json_body={"reason": "Nhầm."}).status == 204
    assert admin.ask("POST", f"{at}/destroy").status == 404


def test_a_file_in_which_something_was_found_later_is_locked(scanned: House) -> None:
    material = scanned.published(scanned.person())
    (file,) = material.files
    rescan.note(scanned.library, Stored(file.sha256, 0, file.size), Scan("Win.Later-1"))
    reader, admin = scanned.stranger(), scanned.visitor(Role.ADMIN)
    for address in (f"/api/files/{file.id}/content", f"/api/materials/{material.card.id}/zip"):
        answer = reader.get(address)
        assert (answer.status, answer.json["error"]["code"]) == (423, "file_quarantined")
    page = reader.page(f"/hoc-lieu/{material.card.code}").body.decode()
    assert FileQuarantined().sentence() in page
    text = admin.page("/quan-tri/cach-li").body.decode()
    assert "Win.Later-1" in text
    assert material.card.title in text
    assert admin.post(f"/quan-tri/cach-li/{file.sha256}/cho-qua", reason="Nhầm.").status == 303
    assert reader.get(f"/api/files/{file.id}/content").status == 200
