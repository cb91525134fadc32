"""Sound and film: kind by structure, length, size, and a frame where ffmpeg is installed."""

import io
import shutil
import struct
import subprocess

import pytest
from PIL import Image

from tests.inspection.samples import box, mp3, mp4, wav


def ogg(head: bytes, samples: int) -> bytes:
    def page(position: int, body: bytes) -> bytes:
        return struct.pack("<4sBBqIIIBB", b"OggS", 0, 2, position, 1, 0, 0, 1, len(body)) + body

    return page(0, head) + page(samples, b"sound")


VORBIS = b"\x01vorbis" + struct.pack("<IBIIIIB", 0, 2, 44_100, 0, 0, 0, 0xB8) + b"\1"
OPUS = b"OpusHead\x01\x02" + bytes(9)
FLAC = (
    b"fLaC\x00\x00\x00\x22" + bytes(10) + ((44_100 << 44) | (1 << 41) | 88_200).to_bytes(8, "big")
)


@pytest.mark.parametrize(
    ("name", "data", "kind", "seconds"),
    [
        ("a.wav", wav(0.5), "wav", 0.5),
        ("a.mp3", mp3(2), "mp3", 2.0),
        ("a.mp3", b"ID3\4\0\0\0\0\1\0" + bytes(128) + mp3(2), "mp3", 2.0),
        ("a.ogg", ogg(VORBIS, 66_150), "ogg", 1.5),
        ("a.opus", ogg(OPUS, 96_000), "opus", 2.0),
        ("a.ogg", ogg(OPUS, 96_000), "ogg", 2.0),
        ("a.flac", FLAC + bytes(20), "flac", 2.0),
        ("a.aac", b"\xff\xf1\x50\x80" + bytes(60), "aac", None),
        ("a.m4a", mp4(b"M4A "), "m4a", 3.5),
        ("a.m4a", mp4(b"isom"), "m4a", 3.5),
        ("a.mov", mp4(b"qt  "), "mov", 3.5),
        ("a.mp4", mp4(b"isom"), "mp4", 3.5),
    ],
)
def test_sound_and_film_are_recognised_and_timed(look, name, data, kind, seconds):
    found = look(name, data)
    assert found.accepted, found.reason
    assert found.kind == kind
    assert found.duration == (pytest.approx(seconds, abs=0.02) if seconds else None)


def test_a_film_tells_the_size_of_its_picture(look):
    found = look("a.mp4", mp4(width=1280, height=720))
    assert (found.width, found.height, found.thumbnail) == (1280, 720, None)


def element(name: int, body: bytes) -> bytes:
    raw = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return raw + struct.pack(">Q", len(body) | 1 << 56) + body


def matroska(kind: bytes) -> bytes:
    info = element(0x2AD7B1, (1_000_000).to_bytes(3, "big")) + element(
        0x4489, struct.pack(">d", 4200)
    )
    size = element(0xB0, b"\x02\x80") + element(0xBA, b"\x01\x68")
    tracks = element(0x1654AE6B, element(0xAE, element(0xE0, size)))
    head = element(0x1A45DFA3, element(0x4282, kind))
    return head + element(0x18538067, element(0x1549A966, info) + tracks)


@pytest.mark.parametrize(("kind", "extension"), [(b"webm", "webm"), (b"matroska", "mkv")])
def test_matroska_files_are_measured(look, kind, extension):
    found = look(f"a.{extension}", matroska(kind))
    assert found.accepted, found.reason
    assert (found.kind, found.duration, found.width, found.height) == (extension, 4.2, 640, 360)


def test_matroska_that_is_no_webm_may_not_call_itself_so(look):
    assert look("a.webm", matroska(b"matroska")).verdict == "wrong_extension"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mp4", box(b"ftyp", b"isom0000isom") + box(b"mdat", b"x")),
        ("a.mp4", box(b"ftyp", b"isom0000isom") + box(b"moov", b"")),
        ("a.mp3", b"ID3\4\0\0\0\0\0\0" + bytes(500)),
        ("a.ogg", b"OggS" + bytes(5)),
    ],
)
def test_sound_and_film_without_content_are_damaged(look, name, data):
    assert look(name, data).verdict == "damaged"


@pytest.mark.parametrize("data", [b"RIFF\xff\xff\xff\xffWAVE" + b"data" * 300, FLAC[:20]])
def test_headers_that_promise_too_much_do_no_harm(look, data):
    name = "a.wav" if data[:4] == b"RIFF" else "a.flac"
    assert look(name, data).duration is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("late_index", [True, False])
def test_a_film_is_shown_by_one_of_its_frames(look, tmp_path, late_index):
    path = tmp_path / "film.mp4"
    flags = [] if late_index else ["-movflags", "+faststart"]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=640x360:d=1", "-c:v"]
    subprocess.run([*command, "mpeg4", *flags, str(path)], check=True, timeout=60)
    found = look("film.mp4", path.read_bytes())
    assert (found.width, found.height, found.duration) == (640, 360, pytest.approx(1, abs=0.1))
    frame = Image.open(io.BytesIO(found.thumbnail.data), formats=["WEBP"]).convert("RGB")
    assert frame.size == (480, 270)
    red, green, _ = frame.getpixel((240, 135))
    assert red > 200 and green < 60


def id3(version: int, *frames: tuple[bytes, bytes]) -> bytes:
    def size(number: int) -> bytes:
        return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

    body = b"".join(
        name + (size(len(data)) if version == 4 else len(data).to_bytes(4, "big")) + b"\0\0" + data
        for name, data in frames
    )
    return b"ID3" + bytes([version, 0, 0]) + size(len(body)) + body


def comments(*lines: str) -> bytes:
    packed = b"".join(struct.pack("<I", len(line.encode())) + line.encode() for line in lines)
    return struct.pack("<I", 3) + b"kho" + struct.pack("<I", len(lines)) + packed


def item(name: bytes, text: str) -> bytes:
    return box(name, box(b"data", struct.pack(">II", 1, 0), text.encode()))


def tagged_mp4(*user_data: bytes) -> bytes:
    whole = mp4()
    at = whole.index(b"moov") - 4
    size = int.from_bytes(whole[at : at + 4], "big")
    return (
        whole[:at]
        + box(b"moov", whole[at + 8 : at + size], box(b"udta", *user_data))
        + whole[at + size :]
    )


TITLE = "Bài hát Lí cây bông"
META = box(
    b"meta",
    bytes(4),
    box(b"hdlr", bytes(25)),
    box(b"ilst", item(b"\xa9nam", TITLE), item(b"\xa9ART", "Cô Hoa")),
)
QUICKTIME = box(b"\xa9nam", struct.pack(">HH", len(TITLE.encode()), 0), TITLE.encode())
RIFF_INFO = b"INFOINAM" + struct.pack("<I", len(TITLE.encode())) + TITLE.encode()
FLAC_TAGS = (
    b"\x84" + len(comments(f"TITLE={TITLE}")).to_bytes(3, "big") + comments(f"TITLE={TITLE}")
)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mp3", id3(3, (b"TIT2", b"\1" + TITLE.encode("utf-16"))) + mp3()),
        ("a.mp3", id3(4, (b"TIT2", b"\3" + TITLE.encode()), (b"TPE1", b"\3x")) + mp3()),
        ("a.mp3", id3(3, (b"TIT2", b"\0" + TITLE.encode())) + mp3()),
        ("a.opus", ogg(OPUS, 48_000) + ogg(b"OpusTags" + comments(f"title={TITLE}"), 96_000)),
        ("a.ogg", ogg(VORBIS, 1) + ogg(b"\x03vorbis" + comments(f"TITLE={TITLE}"), 66_150)),
        ("a.flac", FLAC.ljust(42, b"\0") + FLAC_TAGS),
        ("a.mp4", tagged_mp4(META)),
        ("a.mov", tagged_mp4(QUICKTIME).replace(b"isom", b"qt  ")),
        ("a.wav", wav(0.1) + b"LIST" + struct.pack("<I", len(RIFF_INFO)) + RIFF_INFO),
    ],
)
def test_sound_and_film_tell_their_titles(look, name, data):
    found = look(name, data)
    assert (found.title, found.declared.title) == (TITLE, TITLE), found.reason


@pytest.mark.parametrize(
    "data",
    [
        id3(4, (b"TIT2", b"")) + mp3(),
        b"ID3\4\0\0\x7f\x7f\x7f\x7f",
        id3(3, (b"TIT2", b"\1"))[:-1] + b"\xff" * 30 + mp3(),
        tagged_mp4(box(b"meta", b"")),
        tagged_mp4(box(b"meta", bytes(4), box(b"ilst", b"\0\0\0\7abcd"))),
    ],
)
def test_titles_that_lie_about_their_length_are_passed_over(look, data):
    found = look("a.mp3" if data[:3] == b"ID3" else "a.mp4", data)
    assert found.verdict in ("ok", "damaged") and found.title is None
    assert "bộ đọc" not in found.reason


CUES = """WEBVTT - Bài giảng

NOTE lời dặn

1
00:00:01.000 --> 00:00:04.000 align:start
<v Cô>Chào <i>các</i> em</v>

00:00:12.000 --> 00:00:15.000
học bài mới

01:00:25.500 --> 01:00:27.000
Tạm biệt
"""


def test_captions_are_found_by_the_second(look):
    found = look("a.vtt", CUES.encode())
    places = [(s.position, s.label, s.text) for s in found.segments]
    assert places == [(1, "0:01", "Chào các em\nhọc bài mới"), (3625, "1:00:25", "Tạm biệt")]
    assert (found.title, found.duration) == ("Bài giảng", 3627.0)
    subrip = (
        "1\n00:00:02,000 --> 00:00:03,000\n{\\an8}Một\n\n2\n00:00:40,000 --> 00:00:41,000\nHai\n"
    )
    found = look("a.srt", subrip.encode())
    assert [(s.label, s.text) for s in found.segments] == [("0:02", "Một"), ("0:40", "Hai")]


def test_captions_without_a_moment_are_none(look):
    assert look("a.srt", b"chi la chu").verdict == "damaged"
    assert look("a.vtt", b"WEBVTT\n\nNOTE x\n").verdict == "damaged"
