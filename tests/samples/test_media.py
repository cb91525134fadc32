"""Sounds: notes that can be read, and what happens when ffmpeg fails."""

import shutil

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.samples import media
from repo_server.samples.lesson import Melody


def test_the_note_a4_has_440_hertz_and_an_octave_doubles() -> None:
    assert media.frequency("A4") == pytest.approx(440)
    assert media.frequency("A5") == pytest.approx(880)
    assert media.frequency("C4") == pytest.approx(261.63, abs=0.01)
    assert media.frequency("R") == 0


@pytest.mark.parametrize("name", ["H4", "A", "Cb4", "4"])
def test_a_note_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        media.frequency(name)


def test_a_failing_ffmpeg_becomes_an_error_of_ours() -> None:
    false = shutil.which("false")
    assert false is not None
    with pytest.raises(InvalidValue) as caught:
        media.write_mp3(false, Melody("C4:0.1", 120), "Thử", "Lê An")
    assert "ffmpeg" in caught.value.sentence()
