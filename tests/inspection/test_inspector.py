"""The confined child: whatever happens in it ends as a verdict, and nothing gets out."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from repo_server.domain.errors import FileRejected, InspectionUnavailable
from repo_server.inspection.base import Inspection
from repo_server.inspection.confinement.wire import Limits
from repo_server.inspection.confinement.workplace import Workplace
from repo_server.inspection.inspector import Inspector
from tests.inspection.samples import SENTENCE, pdf

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def hostile() -> Iterator[Inspector]:
    limits = Limits(wall_seconds=2.5, cpu_seconds=1, memory=128 << 20)
    inspector = Inspector(limits=limits, worker="hostile_worker", folder=HERE)
    yield inspector
    inspector.close()


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(b"x")
    return path


@pytest.fixture
def commit(hostile: Inspector, blob: Path) -> Callable[[str], Inspection]:
    return lambda deed: hostile.inspect(blob, deed)


@pytest.mark.parametrize(
    ("deed", "verdict", "words"),
    [
        ("sleep", "too_complex", "quá 2.5 giây"),
        ("grab", "too_complex", "bộ nhớ"),
        ("crash", "damaged", "dừng đột ngột"),
        ("flood", "too_complex", "ghi quá nhiều"),
        ("babble", "damaged", ""),
        ("lie", "damaged", "trả lời sai"),
        ("poison", "damaged", "trả lời sai"),
        ("swamp", "too_complex", "quá nhiều chữ"),
    ],
)
def test_a_child_that_misbehaves_ends_as_a_refusal(commit, hostile, deed, verdict, words):
    before = hostile.forker_pid()
    found = commit(deed)
    assert (found.accepted, found.verdict) == (False, verdict)
    assert words in found.reason
    assert hostile.forker_pid() == before, "the forking process itself must survive"


def test_a_child_that_computes_without_end_is_stopped(blob):
    limits = Limits(wall_seconds=30, cpu_seconds=1)
    inspector = Inspector(limits=limits, worker="hostile_worker", folder=HERE)
    found = inspector.inspect(blob, "burn")
    inspector.close()
    assert found.verdict == "too_complex"
    assert "quá 1 giây xử lí" in found.reason


def test_a_mistake_of_ours_is_not_blamed_on_the_file(commit):
    with pytest.raises(InspectionUnavailable):
        commit("mistake")


def test_the_media_type_is_ours_whatever_a_child_says(commit):
    assert commit("promote").media_type == "text/plain"


def test_sizes_that_cannot_be_are_left_out(commit):
    found = commit("exaggerate")
    assert found.accepted
    assert (found.width, found.height, found.page_count, found.duration) == (None,) * 4


def test_a_picture_that_is_no_webp_is_left_out(commit):
    found = commit("paint")
    assert (found.accepted, found.title, found.thumbnail) == (True, "da doc", None)


def test_text_is_kept_when_drawing_takes_too_long(commit):
    found = commit("draw_forever")
    assert (found.accepted, found.title) == (True, "da doc")
    assert "ảnh đại diện" in found.warnings[0]


def test_a_child_reaches_no_network(commit, hostile):
    barriers = hostile.confinement()
    if not barriers.no_network:
        pytest.skip("neither unshare nor seccomp here: " + ", ".join(barriers.missing))
    assert commit("connect").title in ("PermissionError", "OSError")
    if barriers.network_namespace:
        assert commit("name_space").title != str(Path("/proc/self/ns/net").readlink())


def test_a_child_reads_and_writes_no_files(commit, hostile):
    if not hostile.confinement().landlock:
        pytest.skip("the kernel has no Landlock")
    assert commit("read").title == "PermissionError"
    assert commit("write").title == "PermissionError"


def test_a_child_cannot_signal_its_elders(commit, hostile):
    if hostile.confinement().landlock < 6:
        pytest.skip("needs Landlock 6")
    assert commit("kill").title == "PermissionError"


def test_a_child_cannot_leave_its_group(commit, hostile):
    if not hostile.confinement().system_call_filter:
        pytest.skip("no system-call filter on this machine")
    assert commit("leave").title == "PermissionError"


def test_what_a_child_leaves_running_ends_with_it(commit, hostile):
    assert commit("run_away").title == "gone"
    forker = psutil.Process(hostile.forker_pid())
    deadline = time.monotonic() + 5
    while _strays(forker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _strays(forker)


def _strays(forker: psutil.Process) -> list[int]:
    """Living processes with the forking process's empty folder as theirs, other than itself."""
    folder, found = forker.cwd(), []
    for process in psutil.process_iter():
        try:
            if process.cwd() == folder and process.pid != forker.pid:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_child_has_no_environment_and_no_descriptors_but_its_own(commit):
    # Standard streams (nowhere), the file and the answer; a session of its own.
    assert commit("look_around").title == "[] [0, 1, 2, 3, 4] True"


def test_files_are_read_side_by_side(hostile, blob):
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: hostile.inspect(blob, "rest").title, range(2))
    (start_1, end_1), (start_2, end_2) = (map(float, said.split()) for said in (one, other))
    assert max(start_1, start_2) < min(end_1, end_2)


def test_no_more_than_the_allowed_number_are_read_at_once(blob):
    inspector = Inspector(jobs=1, worker="hostile_worker", folder=HERE)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: inspector.inspect(blob, "rest").title, range(2))
    inspector.close()
    (start_1, end_1), (start_2, end_2) = (map(float, said.split()) for said in (one, other))
    assert max(start_1, start_2) >= min(end_1, end_2)


def test_a_lost_forking_process_is_replaced(hostile, commit):
    first = hostile.forker_pid()
    os.kill(first, signal.SIGKILL)
    assert commit("promote").accepted
    assert hostile.forker_pid() != first


def test_a_job_under_way_survives_the_loss_of_the_forking_process(hostile, blob):
    first = hostile.forker_pid()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(hostile.inspect, blob, "rest")
        time.sleep(0.15)
        os.kill(first, signal.SIGKILL)
        assert job.result().accepted


def test_closing_leaves_no_process_and_no_folder(blob):
    inspector = Inspector(worker="hostile_worker", folder=HERE)
    inspector.inspect(blob, "promote")
    process = psutil.Process(inspector.forker_pid())
    folder = Path(process.cwd())
    assert folder.is_dir() and not list(folder.iterdir())
    inspector.close()
    assert not process.is_running()
    assert not folder.exists()
    inspector.close()


def test_a_decoder_that_cannot_be_loaded_is_our_fault(blob):
    inspector = Inspector(worker="no_such_worker", folder=HERE)
    with pytest.raises(InspectionUnavailable) as caught:
        inspector.inspect(blob, "a.txt")
    assert any("no_such_worker" in note for note in caught.value.__notes__)


SERVER = """
import sys, threading
from pathlib import Path
from repo_server.inspection.inspector import Inspector
inspector = Inspector(worker="hostile_worker", folder=Path(sys.argv[1]))
threading.Thread(target=inspector.confinement).start()
print(inspector.forker_pid(), flush=True)
inspector.inspect(Path(sys.argv[2]), "sleep")
"""


def server_at_work(blob, temporary=None):
    """A server that looks into a file, and its forking process."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(HERE), str(blob)],
        stdout=subprocess.PIPE,
        text=True,
        env=None if temporary is None else {**os.environ, "TMPDIR": str(temporary)},
    )
    assert server.stdout is not None
    return server, psutil.Process(int(server.stdout.readline()))


def test_all_ends_when_the_server_is_killed(blob):
    server, forker = server_at_work(blob)
    deadline = time.monotonic() + 5
    while not forker.children() and time.monotonic() < deadline:
        time.sleep(0.02)
    folder = Path(forker.cwd())
    family = [forker, *forker.children()]
    assert len(family) == 2
    server.kill()
    server.wait()
    server.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert not folder.exists()


def test_a_folder_that_was_left_by_a_power_cut_is_swept_away_and_no_other_is(blob, tmp_path):
    foreign = tmp_path / "kho-inspection-khac"
    foreign.mkdir()
    (foreign / "not ours").touch()
    servers = [server_at_work(blob, tmp_path), server_at_work(blob, tmp_path)]
    try:
        left, in_use = (Path(forker.cwd()) for _, forker in servers)
        # First the one that would tidy up, then the server.
        for process in reversed(servers[0]):
            process.kill()
        servers[0][0].wait()
        assert left.exists()
        servers.append(server_at_work(blob, tmp_path))
        assert not left.exists()
        assert in_use.exists()
        assert foreign.exists()
    finally:
        for server, _ in servers:
            server.kill()
            server.wait()
            server.stdout.close()


def test_whoever_sweeps_takes_no_folder_from_those_who_are_just_making_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make_many():
        for _ in range(150):
            workplace = Workplace()
            assert Path(workplace.path).exists()
            workplace.remove()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(make_many) for _ in range(4)]:
            done.result()
    assert list(tmp_path.iterdir()) == []


def test_the_memory_of_the_server_stays_level(inspector, tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(pdf(*[SENTENCE] * 5))
    for _ in range(5):
        inspector.inspect(path, "a.pdf")
    before = psutil.Process().memory_info().rss
    handles = len(psutil.Process().open_files()) + psutil.Process().num_fds()
    for _ in range(60):
        assert inspector.inspect(path, "a.pdf").accepted
    assert psutil.Process().memory_info().rss - before < 8 << 20
    assert len(psutil.Process().open_files()) + psutil.Process().num_fds() == handles


def test_the_barriers_in_force_are_told(inspector):
    barriers = inspector.confinement()
    assert barriers.limits
    assert barriers.libmagic > 500
    assert all(isinstance(name, str) and name for name in barriers.missing)


def test_a_page_is_drawn_as_wide_as_asked(inspector, tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(pdf(SENTENCE, "Hai"))
    page = inspector.render_page(path, "pdf", 2, 800)
    assert (page.width, page.media_type) == (800, "image/webp")


@pytest.mark.parametrize("page", [0, 3, -1, 10**9])
def test_a_page_that_is_not_there_is_refused(inspector, tmp_path, page):
    path = tmp_path / "blob"
    path.write_bytes(pdf(SENTENCE, "Hai"))
    with pytest.raises(FileRejected):
        inspector.render_page(path, "pdf", page, 800)


def test_what_has_no_pages_is_refused(inspector, blob):
    with pytest.raises(FileRejected):
        inspector.render_page(blob, "docx", 1, 800)


def test_a_page_of_any_size_is_drawn_within_bounds(inspector, tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(pdf("x", size=(14_000, 20)))
    assert inspector.render_page(path, "pdf", 1, 800).width == 800
    path.write_bytes(pdf("x", size=(20, 14_000)))
    assert inspector.render_page(path, "pdf", 1, 2400).height <= 10_000
    assert inspector.inspect(path, "a.pdf").thumbnail.height == 360


def test_a_missing_file_is_an_error_of_the_caller(inspector, tmp_path):
    with pytest.raises(FileNotFoundError):
        inspector.inspect(tmp_path / "none", "a.txt")
