"""A process is killed at every point between two stores; nothing is lost, doubled or left over.

Each once with the recovery alone and once with a client that tries again. One server
does the recovery of a case and serves the next: all cases happen to one library, and the ledger
remembers all of them.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from repo_server.failpoints import POINTS
from tests.faults.crash_acts import ACTS, Act
from tests.faults.crash_house import CrashHouse, Died, Nursery, crash_house
from tests.servers.clamd import FakeClamd, fake_clamd

CASES = [
    pytest.param(point, make, repeated, id=f"{point}-{number}-{'retry' if repeated else 'recover'}")
    for point in POINTS
    for number, make in enumerate(ACTS[point])
    for repeated in (False, True)
]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeClamd]:
    with fake_clamd(tmp_path_factory.mktemp("scanner")) as running:
        yield running


@pytest.fixture(scope="module")
def houses(
    nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[CrashHouse]]:
    """The house of all cases; a new one after a case that failed."""
    made: list[CrashHouse] = []
    yield made
    for house in made:
        if house.pid:
            house.judge_bytes()
        house.close()


@pytest.fixture
def house(
    houses: list[CrashHouse],
    nursery: Nursery,
    scanner: FakeClamd,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CrashHouse]:
    if not houses:
        folder = tmp_path_factory.mktemp("crashes")
        (folder / "data").mkdir()
        houses.append(crash_house(folder, nursery, {"KHO_CLAMD": scanner.address}))
        houses[0].serve()
    house = houses.pop()
    yield house
    houses.append(house)


def test_every_point_comes_by_something() -> None:
    assert set(ACTS) == set(POINTS)


@pytest.mark.parametrize(("point", "make", "repeated"), CASES)
def test_a_process_killed_there_leaves_nothing_wrong(
    house: CrashHouse, point: str, make: Callable[[CrashHouse], Act], repeated: bool
) -> None:
    act = make(house)
    die_at(house, act, point)
    if not house.pid:
        house.serve()
    house.let_leases_run_out()
    if repeated:
        act.do(house)
    house.settle()
    house.judge()
    act.judge(house, repeated=repeated)


def die_at(house: CrashHouse, act: Act, point: str) -> None:
    """Have a process killed at the point: the server, a command, or the reader of files."""
    if point == "C6":
        house.arm(point)
        act.do(house)
        house.kill()
    elif 33 <= int(point[1:]) <= 38:
        assert house.reindex(point) == -signal.SIGKILL, house.said()
    else:
        if act.at_start:
            house.kill()
            house.serve(point)
        else:
            house.arm(point)
            with suppress(Died):
                act.do(house)
        assert house.bury() == -signal.SIGKILL, house.said()
    assert house.came_to(point)
