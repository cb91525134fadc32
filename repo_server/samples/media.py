"""Sounds and films: notes computed here, cards drawn by `drawing`, both encoded by ffmpeg."""

import array
import math
import shutil
import subprocess
import tempfile
import wave
from functools import lru_cache
from pathlib import Path
from typing import Final

from repo_server.domain.errors import InvalidValue
from repo_server.samples.lesson import Melody

_RATE: Final = 16_000
_TABLE: Final = 4_096
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_WAVE: Final = [
    math.sin(turn) + 0.4 * math.sin(2 * turn) + 0.15 * math.sin(3 * turn)
    for turn in (2 * math.pi * at / _TABLE for at in range(_TABLE))
]
# Without these two, ffmpeg writes its own version and the time into the file.
_EXACT: Final = ("-fflags", "+bitexact", "-map_metadata", "-1")


def find_ffmpeg() -> str | None:
    """Where ffmpeg is, or None."""
    return shutil.which("ffmpeg")


def write_mp3(ffmpeg: str, melody: Melody, title: str, author: str) -> bytes:
    """The melody as MP3 with title and author; InvalidValue when a note cannot be read."""
    with tempfile.TemporaryDirectory() as name:
        sound, out = Path(name, "sound.wav"), Path(name, "out.mp3")
        _write_wave(sound, melody)
        tags = ("-metadata", f"title={title}", "-metadata", f"artist={author}")
        coding = ("-c:a", "libmp3lame", "-b:a", "64k", "-flags:a", "+bitexact")
        return _encode(ffmpeg, ["-i", str(sound), *_EXACT, *coding, *tags], out)


def write_mp4(
    ffmpeg: str, cards: list[bytes], seconds: int, melody: Melody | None, title: str
) -> bytes:
    """Cards (PNG of one size) shown `seconds` each, with the melody below when there is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at, card in enumerate(cards):
            (folder / f"card{at:03}.png").write_bytes(card)
        inputs = ["-framerate", f"1/{seconds}", "-i", str(folder / "card%03d.png")]
        coding = ["-c:v", "libx264", "-preset", "veryfast", "-r", "10", "-pix_fmt", "yuv420p"]
        coding += ["-threads", "1", "-flags:v", "+bitexact", "-t", str(seconds * len(cards))]
        if melody is not None:
            _write_wave(folder / "sound.wav", melody)
            inputs += ["-i", str(folder / "sound.wav")]
            coding += ["-c:a", "aac", "-b:a", "64k", "-flags:a", "+bitexact", "-af", "apad"]
        tags = ["-metadata", f"title={title}", "-movflags", "+faststart"]
        return _encode(ffmpeg, [*inputs, *_EXACT, *coding, *tags], folder / "out.mp4")


def _encode(ffmpeg: str, arguments: list[str], out: Path) -> bytes:
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", *arguments, str(out)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603
    except (subprocess.SubprocessError, OSError) as error:
        raise InvalidValue("media", "ffmpeg không tạo được tệp âm thanh hoặc phim.") from error
    return out.read_bytes()


def _write_wave(path: Path, melody: Melody) -> None:
    samples = array.array("h")
    for note in melody.notes.split():
        name, _, beats = note.partition(":")
        count = round(float(beats) * 60 / melody.tempo * _RATE)
        samples.extend(_tone(frequency(name), count))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(samples.tobytes())


def frequency(name: str) -> float:
    """Hertz in equal temperament, A4 = 440; 0 for a rest."""
    if name == "R":
        return 0
    letter, sharp, octave = name[0], name[1:-1], name[-1]
    if letter not in _STEPS or sharp not in {"", "#"} or not octave.isdigit():
        raise InvalidValue("melody", f"không đọc được nốt “{name}”.")
    step = _STEPS[letter] + len(sharp) + 12 * int(octave)
    return float(440 * 2 ** ((step - 57) / 12))


@lru_cache(maxsize=256)
def _tone(
    frequency: float, count: int
) -> "array.array[int]":  # the class takes no argument before Python 3.12
    """A plucked string: two overtones, fading, without a click at either end."""
    if not frequency:
        return array.array("h", bytes(2 * count))
    step = frequency * _TABLE / _RATE
    edge = min(_RATE // 100, count // 4)
    level, decay = 6000.0, math.exp(-2.5 / _RATE)
    tone = array.array("h")
    for at in range(count):
        fade = min(1.0, at / edge, (count - at) / edge)
        tone.append(int(level * fade * _WAVE[int(at * step) % _TABLE]))
        level *= decay
    return tone
