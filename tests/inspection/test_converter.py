"""What takes minutes: light copies of films, made in a confined process with wider limits."""

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from repo_server.domain.errors import InspectionUnavailable
from repo_server.inspection.converter import Converter

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no light copies"
)


@pytest.fixture
def converter():
    made = Converter()
    yield made
    made.close()


def film(path, *, size="1280x720", seconds=2, sound=True):
    """A film that is larger than it need be."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
    command += [f"testsrc2=s={size}:r=25:d={seconds}"]
    if sound:
        command += ["-f", "lavfi", "-i", f"sine=d={seconds}", "-c:a", "aac"]
    command += [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-qp",
        "8",
        "-pix_fmt",
        "yuv420p",
        str(path),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path


def empty(path):
    path.touch()
    return path


@pytest.mark.parametrize(("size", "shown"), [("1280x720", (852, 480)), ("720x1280", (480, 852))])
def test_a_light_copy_is_a_small_film_that_begins_at_once(
    converter, inspector, tmp_path, size, shown
):
    big, light = film(tmp_path / "big.mp4", size=size), empty(tmp_path / "light")
    assert converter.lighten(big, "mp4", light) == "mp4"
    found = inspector.inspect(light, "light.mp4")
    assert found.accepted
    assert (found.width, found.height) == pytest.approx(shown, abs=2)
    assert found.duration == pytest.approx(2, abs=0.2)
    data = light.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    # Short films have a burst at the beginning that longer ones pay back.
    assert len(data) < 2 * 50_000 * 1.6
    assert big.stat().st_size > 3 * len(data)


def test_what_is_no_film_gives_no_copy(converter, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0\0\0\x14ftypisom0000isom" + bytes(5000))
    assert converter.lighten(bad, "mp4", empty(tmp_path / "light")) == ""


def test_a_playlist_in_the_name_of_a_film_reads_no_other_file(converter, tmp_path):
    other = film(tmp_path / "other.mp4", seconds=1)
    liar = tmp_path / "liar.mp4"
    liar.write_text(f"ffconcat version 1.0\nfile '{other}'\n")
    light = empty(tmp_path / "light")
    assert converter.lighten(liar, "mp4", light) == ""
    assert light.stat().st_size == 0


def test_stopping_gives_up_what_is_under_way_and_leaves_no_process(converter, tmp_path):
    long = film(tmp_path / "long.mp4", size="320x240", seconds=90, sound=False)
    ended = []

    def convert():
        try:
            converter.lighten(long, "mp4", empty(tmp_path / "light"))
        except InspectionUnavailable as error:
            ended.append(error)

    thread = threading.Thread(target=convert)
    thread.start()
    deadline = time.monotonic() + 20
    while not (programs := ffmpegs_below(converter)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    converter.stop()
    thread.join(10)
    assert len(ended) == 1
    while any(is_running(pid) for pid in programs):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ffmpegs_below(converter):
    """Children of the forking process that have become ffmpeg."""
    forker = converter.forker_pid()
    try:
        children = Path(f"/proc/{forker}/task/{forker}/children").read_text(encoding="ascii")
        return [
            pid for pid in children.split() if "ffmpeg" in str(Path(f"/proc/{pid}/exe").readlink())
        ]
    except (FileNotFoundError, PermissionError):
        return []


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
