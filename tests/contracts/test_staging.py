"""What every place where uploads wait must do: a folder, and a real S3 server with either turn."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from repo_server.database.engine import Database
from repo_server.domain.errors import Busy, NotFound, WrongOffset
from repo_server.storage.base import ObjectMissing
from repo_server.storage.staging import StagingArea
from tests.storage.waiting import ID, MIB, OTHER, Place, bucket, content, some_bytes, write

# Holds an upload until it is killed.
HOLDER = """
import sys, time
from functools import partial
from pathlib import Path
from repo_server.database.engine import open_database
from repo_server.database.turns import turn
from repo_server.storage.factory import S3Options, open_staging

url, folder, database, upload_id, *s3 = sys.argv[1:]
area = open_staging(
    url, folder=Path(folder), turn=partial(turn, open_database(database)),
    s3=S3Options(*s3) if s3 else None,
)
with area.append(upload_id, 0) as out:
    out.write(b"k" * (5 << 20))
    out.write(b"half")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["folder", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, opened: Callable[[str], Database]
) -> Place:
    folder = tmp_path / "staging"
    if request.param == "folder":
        url = request.getfixturevalue("sqlite_database_url")
        return Place(str(tmp_path / "objects"), folder, url, None, None, opened)
    return bucket(request.getfixturevalue("postgresql_database_url"), folder, opened)


@pytest.fixture
def area(place: Place) -> Iterator[StagingArea]:
    area = place.open()
    yield area
    area.close()


def test_an_upload_grows_piece_by_piece(area: StagingArea) -> None:
    assert area.size(ID) == 0
    with area.append(ID, 0) as out:
        out.write(b"Bai ")
        out.write(memoryview(b"giang"))
        assert out.offset == 9
    write(area, b" so 1", 9)
    assert area.size(ID) == 14
    assert content(area) == b"Bai giang so 1"


def test_an_upload_of_many_sizes_is_put_together_again(area: StagingArea) -> None:
    whole = some_bytes(17 * MIB + 5)
    offset = 0
    for size in (1, 3 * MIB, 2 * MIB - 1, 5 * MIB, 12, 7 * MIB, 5 * MIB):
        write(area, whole[offset : offset + size], offset)
        offset = min(offset + size, len(whole))
        assert area.size(ID) == offset
    assert sha256(content(area)).digest() == sha256(whole).digest()


def test_what_came_before_the_client_went_away_is_kept(area: StagingArea) -> None:
    def broken() -> None:
        with area.append(ID, 0) as out:
            out.write(b"half")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        broken()
    assert area.size(ID) == 4
    write(area, b" and half", 4)
    assert content(area) == b"half and half"


def test_only_the_end_of_the_upload_can_be_written(area: StagingArea) -> None:
    write(area, b"12345")
    for offset in (0, 4, 6, -1):
        with pytest.raises(WrongOffset) as caught:
            write(area, b"x", offset)
        assert caught.value.details == {"size": 5}
    assert content(area) == b"12345"


def test_going_on_with_an_upload_that_is_not_there_leaves_nothing(area: StagingArea) -> None:
    with pytest.raises(WrongOffset) as caught:
        write(area, b"x", 5)
    assert caught.value.details == {"size": 0}
    assert list(area.entries()) == []


def test_two_cannot_append_at_once(place: Place, area: StagingArea) -> None:
    other = place.open()
    with area.append(ID, 0) as out:
        out.write(b"mine")
        for one in (area, other):
            with pytest.raises(Busy):
                write(one, b"yours", 4)
            with pytest.raises(Busy):
                one.discard(ID)
        write(other, b"another upload", upload_id=OTHER)
    write(other, b" and yours", 4)
    assert content(area) == b"mine and yours"
    other.close()


def test_another_process_is_kept_out_until_it_dies(place: Place, area: StagingArea) -> None:
    command = [sys.executable, "-c", HOLDER, *place.arguments()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy):
            write(area, b" more", 5 * MIB, OTHER)
        holder.kill()
    size = _free_again(area)
    # A folder has every byte that was written, a store every piece that was full.
    assert size in (5 * MIB, 5 * MIB + 4)
    write(area, b" more", size, OTHER)
    assert content(area, OTHER).endswith(b" more")
    area.discard(OTHER)
    assert list(area.entries()) == []


def _free_again(area: StagingArea) -> int:
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while datetime.now(UTC) < deadline:
        try:
            size = area.size(OTHER)
            with area.append(OTHER, size):
                return size
        except Busy:
            continue
    raise AssertionError("the turn of a dead process is not free")


def test_a_discarded_upload_starts_anew(area: StagingArea) -> None:
    write(area, b"first try")
    area.discard(ID)
    area.discard(ID)
    assert area.size(ID) == 0
    with pytest.raises(ObjectMissing), area.whole(ID):
        pass
    write(area, b"second")
    assert content(area) == b"second"


def test_waiting_uploads_are_listed_and_what_belongs_to_others_is_not(
    place: Place, area: StagingArea
) -> None:
    write(area, b"12345")
    write(area, b"6", 5)
    write(area, b"1", upload_id=OTHER)
    place.plant("README", b"read me")
    place.plant("e" * 31, b"short")
    assert sorted((entry.upload_id, entry.size) for entry in area.entries()) == [
        (ID, 6),
        (OTHER, 1),
    ]
    for entry in area.entries():
        assert abs(datetime.now(UTC) - entry.modified_at) < timedelta(minutes=1)


def test_an_id_that_cannot_be_is_an_upload_that_is_not_there(area: StagingArea) -> None:
    for upload_id in ("", "..", ID.upper(), ID[:-1], ID + "0", f"{ID}\n", "../a"):
        acts: list[Callable[[], object]] = [
            lambda of=upload_id: write(area, b"x", upload_id=of),  # type: ignore[misc]
            lambda of=upload_id: area.size(of),  # type: ignore[misc]
            lambda of=upload_id: area.discard(of),  # type: ignore[misc]
            lambda of=upload_id: content(area, of),  # type: ignore[misc]
        ]
        for act in acts:
            with pytest.raises(NotFound):
                act()
    assert list(area.entries()) == []


def test_a_spool_leaves_nothing(place: Place, area: StagingArea) -> None:
    with area.spool() as file:
        file.write(b"not yet")
        assert list(place.folder.iterdir()) == []
    assert list(area.entries()) == []


def test_free_space_is_told(area: StagingArea) -> None:
    assert area.free_bytes() > 0


def test_a_look_at_sizes_waits_for_nobody(place: Place, area: StagingArea) -> None:
    with area.append(ID, 0) as out:
        out.write(b"k" * (5 * MIB))
        assert place.open().size(ID) == 5 * MIB
        assert [entry.size for entry in place.open().entries()] == [5 * MIB]
