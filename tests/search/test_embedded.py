"""What only the embedded index must do: live in a folder that processes share, and die in."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repo_server.domain.errors import SearchUnavailable
from repo_server.search import embedded_folder
from repo_server.search.embedded import EmbeddedIndex
from tests.search.documents import asked, material

WRITER = """
import sys
from pathlib import Path
from repo_server.search.embedded import EmbeddedIndex
from tests.search.documents import asked, material

index = EmbeddedIndex(Path(sys.argv[1]))
for turn in range(int(sys.argv[2])):
    ids = range(turn * 50 + 1, turn * 50 + 51)
    index.put_many([material(id, "Phương trình", "bậc hai " * 50) for id in ids])
    print(turn + 1, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[EmbeddedIndex]:
    index = EmbeddedIndex(folder)
    yield index
    index.close()


def start_writer(folder: Path, turns: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(turns)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def acknowledged(writer: subprocess.Popen[str]) -> int:
    """Turns that the writer said were done; waits for the next one."""
    assert writer.stdout is not None
    return int(writer.stdout.readline())


def total(index: EmbeddedIndex) -> int:
    return index.search(asked("phương trình")).total


def generation(folder: Path) -> Path:
    root = next(folder.glob("schema-*"))
    return root / (root / "CURRENT").read_text()


def test_a_killed_writer_loses_nothing_that_it_acknowledged(
    folder: Path, index: EmbeddedIndex
) -> None:
    for pause in (0.0, 0.03):
        with start_writer(folder, 10_000) as writer:
            turns = [acknowledged(writer) for _ in range(3)]
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        assert index.count() >= turns[-1] * 50
        assert index.count() % 50 == 0
        index.put_many([material(1, "Bậc nhất", rev=2)])
        index.check()
        assert total(index) == index.count() - 1


def test_a_reader_sees_what_another_process_writes(folder: Path, index: EmbeddedIndex) -> None:
    assert total(index) == 0
    with start_writer(folder, 2) as writer:
        acknowledged(writer)
        assert total(index) >= 50
        acknowledged(writer)
        assert total(index) == 100
        assert writer.wait() == 0


def test_a_writer_waits_for_the_lock_and_gives_up_in_time(folder: Path) -> None:
    index = EmbeddedIndex(folder, lock_seconds=0.3)
    with (next(folder.glob("schema-*")) / "write.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        with pytest.raises(SearchUnavailable):
            index.put_many([material(1)])
        assert 0.3 <= time.monotonic() - started < 2
        assert index.count() == 0
    index.put_many([material(1)])
    assert index.count() == 1


def test_many_writers_at_once_take_turns(folder: Path) -> None:
    indexes = [EmbeddedIndex(folder) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        list(
            pool.map(
                lambda id: indexes[id % 4].put_many([material(id, "Phương trình")]), range(1, 13)
            )
        )
    assert [one.count() for one in indexes] == [12] * 4


def test_repeated_writes_do_not_leak_files(folder: Path, index: EmbeddedIndex) -> None:
    documents = [material(id, "Phương trình", "bậc hai " * 20) for id in range(1, 21)]
    for _ in range(12):
        index.put_many(documents)
        assert total(index) == 20
    assert len(list(generation(folder).iterdir())) < 60
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 1_000_000
    assert len(list(Path("/proc/self/fd").iterdir())) < 100


def test_another_schema_is_another_empty_index(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.put_many([material(1)])
    monkeypatch.setattr(embedded_folder, "schema_hash", lambda: "0" * 12)
    newer = EmbeddedIndex(folder)
    assert newer.count() == 0
    assert newer.schema_version != index.schema_version
    assert [path.name for path in folder.iterdir()] == ["schema-" + "0" * 12]


def test_a_lost_folder_shows_in_the_schema_version(folder: Path, index: EmbeddedIndex) -> None:
    index.put_many([material(1)])
    version = index.schema_version
    assert EmbeddedIndex(folder).schema_version == version
    shutil.rmtree(folder)
    again = EmbeddedIndex(folder)
    assert again.count() == 0
    assert again.schema_version != version


def damage_meta(path: Path) -> None:
    (path / "meta.json").write_text("{")


def damage_segments(path: Path) -> None:
    for file in path.iterdir():
        if file.suffix in (".idx", ".term", ".store", ".fast", ".pos"):
            file.write_bytes(b"\0" * (file.stat().st_size // 2))


def remove_generation(path: Path) -> None:
    shutil.rmtree(path)


def point_nowhere(path: Path) -> None:
    (path.parent / "CURRENT").write_text("../../etc")


@pytest.mark.parametrize("damage", [damage_meta, damage_segments, remove_generation, point_nowhere])
def test_a_damaged_index_says_so_and_can_be_rebuilt(folder: Path, damage: object) -> None:
    before = EmbeddedIndex(folder)
    before.put_many([material(1, "Phương trình")])
    before.close()
    assert callable(damage)
    damage(generation(folder))
    index = EmbeddedIndex(folder)
    for call in (lambda: total(index), lambda: index.put_many([material(2)]), index.check):
        with pytest.raises(SearchUnavailable):
            call()
    rebuild = index.rebuild()
    rebuild.put_many([material(7, "Phương trình")])
    with pytest.raises(SearchUnavailable):
        index.check()
    rebuild.switch()
    assert total(index) == 1
    assert [path.name for path in generation(folder).parent.glob("gen-*")] == [
        generation(folder).name
    ]


def test_one_rebuild_at_a_time_and_a_dead_one_is_cleared_away(
    folder: Path, index: EmbeddedIndex
) -> None:
    index.put_many([material(1)])
    rebuild = index.rebuild()
    with pytest.raises(SearchUnavailable):
        EmbeddedIndex(folder).rebuild()
    leftover = generation(folder).parent / "gen-77"
    rebuild.abandon()
    leftover.mkdir()
    index.rebuild().switch()
    assert not leftover.exists()
    assert index.count() == 0


def test_a_document_that_cannot_be_indexed_leaves_the_others_out_too(
    index: EmbeddedIndex,
) -> None:
    with pytest.raises(SearchUnavailable):
        index.put_many([material(1), material(2, rev=-1)])
    assert index.count() == 0
    index.put_many([material(1)])
    assert index.count() == 1


def test_deleting_what_is_not_there_commits_nothing(folder: Path) -> None:
    index = EmbeddedIndex(folder)
    index.put_many([material(1, "Phân số", "tử số và mẫu số")])
    state = next(folder.glob("schema-*/gen-*/meta.json"))
    before = state.stat()

    index.delete_many([2, 3])
    index.delete_many([])
    assert (state.stat().st_ino, state.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    index.delete_many([2, 1])
    assert index.count() == 0
    assert state.stat().st_mtime_ns != before.st_mtime_ns
