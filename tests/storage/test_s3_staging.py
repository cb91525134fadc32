"""Pieces in a bucket: how many there are, what two writers may do, what a failure leaves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from repo_server.database.engine import Database
from repo_server.domain.errors import StorageFull, StorageUnavailable
from repo_server.storage.factory import S3Options
from repo_server.storage.staging import StagingArea
from tests.servers.seaweedfs import BUCKET
from tests.storage.waiting import ID, MIB, Place, bucket, content, some_bytes, write


@pytest.fixture
def place(sqlite_database_url: str, tmp_path: Path, opened: Callable[[str], Database]) -> Place:
    return bucket(sqlite_database_url, tmp_path / "staging", opened)


@pytest.fixture
def area(place: Place) -> Iterator[StagingArea]:
    area = place.open()
    yield area
    area.close()


def names(place: Place) -> list[str]:
    assert place.client is not None
    prefix = place.url.removeprefix(f"s3://{BUCKET}/")
    found = place.client.list_objects(BUCKET, f"{prefix}/staging/", recursive=True)
    return sorted(str(one.object_name).rpartition("/")[2] for one in found)


def named(*bounds: tuple[int, int]) -> list[str]:
    return [f"{start:016x}-{end:016x}" for start, end in bounds]


def test_a_small_last_piece_is_replaced_by_what_follows(place: Place, area: StagingArea) -> None:
    write(area, some_bytes(6 * MIB))
    assert names(place) == named((0, 5 * MIB), (5 * MIB, 6 * MIB))
    write(area, some_bytes(5, 6 * MIB), 6 * MIB)
    assert names(place) == named((0, 5 * MIB), (5 * MIB, 6 * MIB + 5))
    with area.append(ID, 6 * MIB + 5):
        pass
    assert names(place) == named((0, 5 * MIB), (5 * MIB, 6 * MIB + 5))
    end = 11 * MIB
    write(area, some_bytes(end - 6 * MIB - 5, 6 * MIB + 5), 6 * MIB + 5)
    assert names(place) == named((0, 5 * MIB), (5 * MIB, 10 * MIB), (10 * MIB, end))
    assert content(area) == some_bytes(end)


def test_pieces_of_two_who_wrote_at_once_give_one_file(place: Place, area: StagingArea) -> None:
    whole = some_bytes(100)
    for start, end in ((0, 40), (0, 25), (25, 60), (38, 39), (55, 90), (60, 70), (95, 100)):
        (name,) = named((start, end))
        place.plant(f"{ID}/{name}", whole[start:end])
    assert area.size(ID) == 90
    assert content(area) == whole[:90]
    write(area, whole[90:], 90)
    assert content(area) == whole


def test_a_name_that_says_another_size_does_not_count(place: Place, area: StagingArea) -> None:
    place.plant(f"{ID}/{named((0, 10))[0]}", b"123")
    place.plant(f"{ID}/{named((3, 2))[0]}", b"1")
    place.plant(f"{ID}/surprise", b"1")
    assert area.size(ID) == 0
    write(area, b"12345")
    assert content(area) == b"12345"


def test_a_copy_that_finds_no_room_here_is_not_begun(
    place: Place, area: StagingArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(area, b"12345")
    monkeypatch.setattr(type(area), "free_bytes", lambda _: 4)
    with pytest.raises(StorageFull), area.whole(ID):
        pass


def test_a_server_that_is_gone_is_told_and_nothing_is_counted(place: Place) -> None:
    place.options = S3Options("http://127.0.0.1:1", "us-east-1", "access", "secret")
    area = place.open()
    acts: list[Callable[[], object]] = [
        lambda: write(area, b"x"),
        lambda: area.size(ID),
        lambda: area.discard(ID),
        lambda: list(area.entries()),
    ]
    for act in acts:
        with pytest.raises(StorageUnavailable):
            act()
    area.close()


def test_after_a_failure_only_what_is_stored_counts(
    place: Place, area: StagingArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = type(area).store
    calls: list[int] = []

    def fail_the_second(self: StagingArea, upload_id: str, start: int, data: bytes) -> None:
        calls.append(start)
        if len(calls) == 2:
            raise StorageUnavailable
        stored(self, upload_id, start, data)

    monkeypatch.setattr(type(area), "store", fail_the_second)
    with pytest.raises(StorageUnavailable):
        write(area, some_bytes(12 * MIB))
    assert calls == [0, 5 * MIB]
    assert area.size(ID) == 5 * MIB
    write(area, some_bytes(7 * MIB, 5 * MIB), 5 * MIB)
    assert content(area) == some_bytes(12 * MIB)
