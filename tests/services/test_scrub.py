"""Damage is found before somebody needs the file, and no wrong byte of a small file goes out."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from repo_server.database.models import Blob, utc_now
from repo_server.database.turns import turn
from repo_server.domain.access import Viewer
from repo_server.domain.errors import Busy, FileDamaged, StorageUnavailable
from repo_server.services import pictures, viewing
from repo_server.services.keeping import reading, scrub
from repo_server.services.keeping.scrub import Scrubber
from repo_server.services.library import Library
from repo_server.services.verification import verify
from repo_server.storage.base import ObjectKey
from tests.libraries import pdf, person, png, upload

FAST = 1 << 30


@pytest.fixture
def eager(library: Library) -> Library:
    """A library that reads its bytes again as quickly as it can."""
    object.__setattr__(library, "scrub_rate", FAST)
    return library


def let_time_pass(library: Library, days: float = 8) -> None:
    with library.database.write() as session:
        session.execute(update(Blob).values(verified_at=utc_now() - timedelta(days=days)))


def path_of(library: Library, sha256: str, name: str = "") -> Path:
    path = library.storage.local_path(ObjectKey(sha256, name))
    assert path is not None
    return path


def flip(path: Path, at: int) -> None:
    """Turn one bit of one byte over."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def damaged(library: Library) -> set[str]:
    with library.database.read() as session:
        return set(session.scalars(select(Blob.sha256).where(Blob.damaged_at.is_not(None))))


def scrubber(library: Library, wait: Callable[[float], bool] = lambda _: False) -> Scrubber:
    return Scrubber(library, wait)


def scrub_all(library: Library) -> None:
    while scrub.due(library):
        assert scrubber(library).round() == 0
    assert scrubber(library).round() == scrub.PAUSE


def test_a_hundred_flipped_bytes_are_found_and_none_of_them_is_handed_out(
    sqlite_library: Library,
) -> None:
    library, chance = sqlite_library, random.Random(7)
    object.__setattr__(library, "scrub_rate", FAST)
    teacher = person(library)
    first = upload(library, teacher, "Bài.txt", b"Bai 0")
    assert first.file_id is not None
    stored = viewing.stored_file(library, teacher, first.file_id)
    contents = [chance.randbytes(chance.randint(1, 5000)) for _ in range(200)]
    hashes = put_all(library, contents)
    for number, sha256 in enumerate(hashes[:100]):
        flip(path_of(library, sha256), chance.randrange(len(contents[number])))

    for number, (sha256, content) in enumerate(zip(hashes, contents, strict=True)):
        copy = replace(stored, damaged=False)
        copy.file.sha256, copy.file.size = sha256, len(content)
        if number >= 100:
            assert reading.small_file(library, copy) == content
            continue
        with pytest.raises(FileDamaged):
            reading.small_file(library, copy)
    assert damaged(library) == set(hashes[:100])

    with library.database.write() as session:
        session.execute(update(Blob).values(damaged_at=None))
    let_time_pass(library)
    scrub_all(library)
    assert damaged(library) == set(hashes[:100])
    codes = [finding.code for finding in verify(library, repair=False).findings]
    assert codes.count("F2") == 100


def put_all(library: Library, contents: list[bytes]) -> list[str]:
    """Blobs of these contents that no file refers to."""
    hashes = []
    with library.database.write() as session:
        for content in contents:
            key = ObjectKey.blob(hashlib.sha256(content).hexdigest())
            path = library.storage._path(key)  # type: ignore[attr-defined]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            session.add(Blob(sha256=key.sha256, size=len(content)))
            hashes.append(key.sha256)
    return hashes


def test_a_lost_file_is_damage_and_the_right_bytes_make_it_good(
    eager: Library, teacher: Viewer
) -> None:
    made = upload(eager, teacher, "Bài.txt", b"Mot hai ba")
    assert made.file_id is not None
    stored = viewing.stored_file(eager, teacher, made.file_id)
    path = path_of(eager, stored.file.sha256)
    path.rename(path.with_name("away"))
    let_time_pass(eager)
    scrub_all(eager)
    assert damaged(eager) == {stored.file.sha256}
    assert eager.incidents.counts()["file_damaged"] == 1

    path.with_name("away").rename(path)
    let_time_pass(eager, 1 / 12)
    scrub_all(eager)
    assert damaged(eager) == set()


def test_what_was_damaged_and_is_right_again_is_handed_out_at_once(
    library: Library, teacher: Viewer
) -> None:
    made = upload(library, teacher, "Bài.txt", b"Mot hai ba")
    assert made.file_id is not None
    stored = viewing.stored_file(library, teacher, made.file_id)
    path = path_of(library, stored.file.sha256)
    flip(path, 3)
    with pytest.raises(FileDamaged):
        reading.small_file(library, stored)
    flip(path, 3)
    again = viewing.stored_file(library, teacher, made.file_id)
    assert again.damaged
    assert reading.small_file(library, again) == b"Mot hai ba"
    assert damaged(library) == set()


def test_a_large_file_is_refused_once_it_is_known_to_be_damaged(
    eager: Library, teacher: Viewer
) -> None:
    content = b"Tap hop. " * (reading.CHECKED // 9 + 1)
    made = upload(eager, teacher, "Bài.txt", content)
    assert made.file_id is not None
    stored = viewing.stored_file(eager, teacher, made.file_id)
    flip(path_of(eager, stored.file.sha256), len(content) // 2)
    pieces = reading.proven(eager, stored)
    assert len(next(pieces)) == 1 << 20
    with pytest.raises(FileDamaged):
        next(pieces)
    with pytest.raises(FileDamaged):
        reading.require_sound(viewing.stored_file(eager, teacher, made.file_id))


def test_the_same_file_sent_again_takes_the_place_of_a_damaged_one(
    eager: Library, teacher: Viewer
) -> None:
    first = upload(eager, teacher, "Bài.txt", b"Mot hai ba")
    assert first.file_id is not None
    flip(path_of(eager, viewing.stored_file(eager, teacher, first.file_id).file.sha256), 0)
    let_time_pass(eager)
    scrub_all(eager)
    assert upload(eager, teacher, "Bài nữa.txt", b"Mot hai ba").state == "ready"

    stored = viewing.stored_file(eager, teacher, first.file_id)
    assert (stored.damaged, stored.generation) == (False, 1)
    assert reading.small_file(eager, stored) == b"Mot hai ba"


def test_a_damaged_image_is_drawn_anew(library: Library, teacher: Viewer) -> None:
    made = upload(library, teacher, "Bài.pdf", pdf("Một", "Hai"))
    assert made.file_id is not None
    for image in (
        lambda: pictures.thumbnail(library, teacher, made.file_id),
        lambda: pictures.page_image(library, teacher, made.file_id, 2),
    ):
        right = reading.picture(library, image())
        flip(path_of(library, image().key.sha256, image().key.name), 40)
        with pytest.raises(FileDamaged):
            reading.picture(library, image())
        assert reading.picture(library, image()) == right
    assert verify(library, repair=False).findings == ()


def test_nothing_is_damaged_because_the_store_is_away(eager: Library, teacher: Viewer) -> None:
    made = upload(eager, teacher, "Bài.txt", b"Mot")
    assert made.file_id is not None
    stored = viewing.stored_file(eager, teacher, made.file_id)
    let_time_pass(eager)
    root = path_of(eager, stored.file.sha256).parents[3]
    root.rename(root.with_name("away"))
    for act in (scrubber(eager).round, lambda: reading.small_file(eager, stored)):
        with pytest.raises(StorageUnavailable):
            act()
    root.with_name("away").rename(root)
    assert damaged(eager) == set()


def test_the_rate_is_held_and_stopping_is_quick(sqlite_library: Library) -> None:
    library = sqlite_library
    object.__setattr__(library, "scrub_rate", 10 << 20)
    put_all(library, [b"x" * (5 << 20), b"y" * (5 << 20)])
    let_time_pass(library)
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return False

    scrubber(library, wait).round()
    # A piece of a mebibyte takes a tenth of a second; nobody really waited, so it adds up.
    assert len(waited) == 10
    assert 0.35 < waited[4] <= 0.5
    assert 0.35 < waited[9] <= 0.5

    let_time_pass(library)
    assert scrubber(library, lambda _: True).round() == 0
    assert len(scrub.due(library)) == 2


def test_one_process_scrubs_at_a_time_and_none_where_it_is_off(eager: Library) -> None:
    with turn(eager.database, "scrub"), pytest.raises(Busy):
        scrubber(eager).round()
    object.__setattr__(eager, "scrub_rate", 0)
    with turn(eager.database, "scrub"):
        assert scrubber(eager).round() == scrub.PAUSE


def test_what_was_read_this_week_is_believed(eager: Library, teacher: Viewer) -> None:
    upload(eager, teacher, "Hình.png", png())
    assert scrub.due(eager) == []
    let_time_pass(eager, 6.9)
    assert scrub.due(eager) == []
    let_time_pass(eager, 7.1)
    assert len(scrub.due(eager)) == 1
