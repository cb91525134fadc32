"""The real scanner finds something in a file; an administrator lets it pass."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsing import DESK, LONG, PHONE
from tests.journeys.conftest import VisitStart
from tests.journeys.house import ADMIN, TEACHER
from tests.journeys.test_accessibility import faults
from tests.journeys.test_contributing import line, payload
from tests.servers.clamd import EICAR, THREAT, ClamdMissing, shared_clamd

pytestmark = pytest.mark.timeout(LONG)

NAME = "Phiếu bài tập về nhà.txt"


@pytest.fixture(autouse=True)
def scanner() -> None:
    try:
        shared_clamd()
    except ClamdMissing:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")


def test_an_infected_file_is_set_apart_and_let_pass(visiting: VisitStart) -> None:
    teacher = visiting(**PHONE, bypass_csp=True)
    teacher.sign_in(TEACHER)
    page = teacher.go("/dong-gop")
    page.locator("#files").set_input_files([payload(NAME, b"Phan so bang nhau. " + EICAR)])
    expect(line(page, NAME)).to_have_class(re.compile("rejected"))
    expect(line(page, NAME)).to_contain_text(f"dấu hiệu mã độc “{THREAT}”")
    assert faults(page) == []
    teacher.go("/cua-toi")
    expect(page.get_by_role("region", name="Tệp đang bị cách li")).to_contain_text(NAME)
    assert faults(page) == []

    for manner in (PHONE, DESK):
        admin = visiting(**manner, bypass_csp=True)
        admin.sign_in(ADMIN)
        desk = admin.go("/quan-tri")
        desk.get_by_role("link", name="Tệp bị cách li (1)").click()
        desk.get_by_text(f"Cho qua {NAME}").first.click()
        assert faults(desk) == []
    desk.get_by_label("Vì sao tệp này an toàn?").fill("Chuỗi thử của bài Tin học.")
    desk.get_by_role("button", name="Cho qua").click()
    expect(desk.get_by_role("status")).to_contain_text("Đã cho qua")
    expect(desk.get_by_role("main")).to_contain_text("Không có tệp nào bị cách li")

    teacher.go("/cua-toi")
    expect(page.get_by_role("region", name="Tệp đang bị cách li")).to_have_count(0)
    _soon(lambda: page.get_by_role("link", name="Phiếu bài tập về nhà").count() == 1, page)


def _soon(is_so: Callable[[], bool], page: Page) -> None:
    """Load the page anew until a worker has done what was asked for."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        page.reload()
