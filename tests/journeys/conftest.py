"""One Kho for each process of the run, one browser for each module of journeys.

The browser does not live longer: while it is open its driver's event loop counts as running in
this thread, which other tests may not stand.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import Visit, begin_visit, open_browser
from tests.journeys.house import House, open_house


class VisitStart(Protocol):
    """Begin a visit, `through` another address of the house; it must end without troubles."""

    def __call__(self, *, through: str = "", **manner: Any) -> Visit: ...


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with open_house() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def visiting(browser: Browser, house: House) -> Iterator[VisitStart]:
    visits: list[Visit] = []

    def start(*, through: str = "", **manner: Any) -> Visit:
        visits.append(begin_visit(browser, through or house.url, **manner))
        return visits[-1]

    yield start
    troubles = [trouble for visit in visits for trouble in visit.troubles]
    for visit in visits:
        visit.context.close()
    assert troubles == []
