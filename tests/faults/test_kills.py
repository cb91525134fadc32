"""A server is killed at random moments while clients send; what they were told stays true."""

import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.crash_house import CrashHouse, Died, Nursery, crash_house
from tests.libraries import curriculum_postgresql_template
from tests.servers.postgresql import shared_postgresql
from tests.servers.seaweedfs import shared_seaweedfs
from tests.topology.town import s3_settings

__all__ = ["curriculum_postgresql_template"]

CLIENTS = 3
JUDGED_EVERY = 20
"""Kills after which everything is looked at; in between the ledger goes on."""


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


class Sender(threading.Thread):
    """A client that sends one file after the other, and again what it was not told of."""

    def __init__(self, house: CrashHouse, name: str) -> None:
        super().__init__()
        self._house = house
        self._name = name
        self._over = threading.Event()
        self._number = 0
        self.wrong: list[BaseException] = []

    def run(self) -> None:
        try:
            while not self._over.is_set():
                with suppress(Died):
                    self._send()
                    continue
                self._over.wait(0.02)
        except BaseException as error:  # noqa: BLE001 - the test has to hear of it
            self.wrong.append(error)

    def _send(self) -> None:
        text = f"{self._name}, bài số {self._number}: hỗn số. "
        self._house.send(f"{self._name} {self._number}.txt", text.encode() * 300)
        self._number += 1

    def stop(self) -> None:
        self._over.set()
        self.join()
        assert self.wrong == []


def campaign(house: CrashHouse, kills: int, longest: float) -> None:
    """Kill the server so often; each lives for a random while, at most `longest` seconds."""
    house.serve()
    rounds = -(-kills // JUDGED_EVERY)
    for number in range(rounds):
        senders = [Sender(house, f"Lớp {number}{letter}") for letter in "abc"[:CLIENTS]]
        for sender in senders:
            sender.start()
        for _ in range(min(JUDGED_EVERY, kills - number * JUDGED_EVERY)):
            time.sleep(random.uniform(0.0, longest))
            house.kill()
            house.serve()
        for sender in senders:
            sender.stop()
        house.settle()
        house.judge()
    house.judge_bytes()
    assert house.kills == kills
    assert len(house.ledger.received) >= kills // 3


@pytest.mark.timeout(300)
def test_sixty_kills_lose_nothing_that_was_acknowledged(nursery: Nursery, tmp_path: Path) -> None:
    house = crash_house(tmp_path, nursery, {})
    try:
        campaign(house, 60, 0.5)
    finally:
        house.close()


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("engines", "kills"), [("folder", 600), ("servers", 200)])
def test_hundreds_of_kills_lose_nothing_that_was_acknowledged(
    nursery: Nursery,
    tmp_path: Path,
    engines: str,
    kills: int,
    curriculum_postgresql_template: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`folder` is SQLite and a folder, `servers` PostgreSQL and S3."""
    settings, server, name = {}, None, f"kills_{uuid4().hex}"
    if engines == "servers":
        server = shared_postgresql()
        settings = {
            "KHO_DATABASE_URL": server.create_database(name, curriculum_postgresql_template),
            **s3_settings(shared_seaweedfs(), name.replace("_", "-")),
        }
    house = crash_house(tmp_path, nursery, settings)
    try:
        campaign(house, kills, 2.0)
    finally:
        house.close()
        told = f"{engines}: {house.kills} kills, {len(house.ledger.received)} acknowledged"
        with capsys.disabled():
            sys.stdout.write(f"\n{told}\n")
        if server is not None:
            server.drop_database(name)
