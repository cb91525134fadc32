"""Sound and film files: their structure, length and picture size, without decoding anything.

MP4 and QuickTime: ISO/IEC 14496-12. WebM and Matroska: RFC 8794 and 9559. Others are noted below.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings, Source
from repo_server.inspection.media.titles import (
    read_flac_comments,
    read_id3,
    read_items,
    read_ogg_comments,
    read_riff_list,
)

_MAX_BOXES: Final = 20_000
_TITLES_LIMIT: Final = 1 << 20
_CUT_OFF: Final = "tệp âm thanh hoặc video bị cắt cụt"


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def _boxes(source: Source, start: int, end: int) -> Iterator[_Box]:
    for _ in range(_MAX_BOXES):
        head = source.read(start, 16)
        if start + 8 > end or len(head) < 8:
            return
        size, name = struct.unpack_from(">I4s", head)
        inside = start + 8
        if size == 1 and len(head) == 16:
            size, inside = struct.unpack_from(">Q", head, 8)[0], start + 16
        size = size or end - start
        if size < inside - start:
            return
        yield _Box(name, inside, start + size)
        start += size


def read_base_media(source: Source, findings: Findings) -> None:
    """MP4, M4A, MOV: Refused when the index (moov) is missing or data was cut off."""
    moov = None
    for box in _boxes(source, 0, source.size):
        if box.end > source.size and box.name.isalnum():
            raise Refused("damaged", detail=_CUT_OFF)
        moov = box if box.name == b"moov" else moov
    if moov is None:
        raise Refused("damaged", detail="thiếu mục lục của video")
    if not _read_index(source, moov, findings):
        raise Refused("damaged", detail="không có hình và không có tiếng")


def _read_index(source: Source, moov: _Box, findings: Findings) -> int:
    """Length, size and title; the number of tracks."""
    tracks = 0
    for box in _boxes(source, moov.start, moov.end):
        if box.name == b"mvhd":
            findings.duration = _movie_seconds(source.read(box.start, 32))
        elif box.name == b"trak":
            tracks += 1
            _read_track(source, box, findings)
        elif box.name in (b"udta", b"meta"):
            _read_user_data(source, box, findings)
    return tracks


def _read_user_data(source: Source, box: _Box, findings: Findings) -> None:
    """Titles: QuickTime writes them into `udta`, others into `udta/meta/ilst`."""
    if box.name == b"udta":
        read_items(findings, source.read(box.start, min(box.end - box.start, _TITLES_LIMIT)))
    # A `meta` box of MP4 begins with a version, one of QuickTime does not.
    start = box.start + 4 if source.read(box.start + 8, 4) == b"hdlr" else box.start
    start = box.start if source.read(box.start + 4, 4) == b"hdlr" else start
    for inner in _boxes(source, start, box.end):
        if inner.name == b"meta" and box.name == b"udta":
            _read_user_data(source, inner, findings)
        elif inner.name == b"ilst":
            size = min(inner.end - inner.start, _TITLES_LIMIT)
            read_items(findings, source.read(inner.start, size))


def _movie_seconds(data: bytes) -> float | None:
    if len(data) < 32:
        return None
    scale, length = struct.unpack_from(
        ">IQ" if data[0] == 1 else ">II", data, 20 if data[0] else 12
    )
    return round(length / scale, 3) if scale and 0 < length < 1 << 48 else None


def _read_track(source: Source, track: _Box, findings: Findings) -> None:
    for box in _boxes(source, track.start, track.end):
        if box.name == b"tkhd":
            data = source.read(box.start, 104)
            at = 88 if data[:1] == b"\x01" else 76
            if len(data) >= at + 8:
                width, height = (value >> 16 for value in struct.unpack_from(">II", data, at))
                if width and height:
                    findings.width, findings.height = width, height


_SEGMENT: Final = 0x18538067
_INFO: Final = 0x1549A966
_TRACKS: Final = 0x1654AE6B
_INSIDE: Final = frozenset({_SEGMENT, _INFO, _TRACKS, 0xAE, 0xE0})
_CLUSTER: Final = 0x1F43B675


def _variable(source: Source, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A variable-length number of EBML and how many bytes it takes; (0, 0) at the end."""
    data = source.read(at, 8)
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    value = int.from_bytes(data[:length], "big")
    if not keep_mark:
        value &= (1 << 7 * length) - 1
    return value, length if len(data) >= length else 0


def read_matroska(source: Source, findings: Findings) -> None:
    """WebM and Matroska: length and size from the head of the file, where they are there."""
    scale, length = 1_000_000, 0.0
    for name, start, size in _elements(source):
        data = source.read(start, min(size, 8))
        if name == 0x2AD7B1:
            scale = int.from_bytes(data, "big") or scale
        elif name == 0x4489 and len(data) in (4, 8):
            length = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
        elif name == 0x7BA9:
            findings.declare(title=source.read(start, min(size, 2000)).decode("utf-8", "replace"))
        elif name == 0xB0:
            findings.width = int.from_bytes(data, "big")
        elif name == 0xBA:
            findings.height = int.from_bytes(data, "big")
    if 0 < length < 1e12:
        findings.duration = round(length * scale / 1e9, 3)


def _elements(source: Source) -> Iterator[tuple[int, int, int]]:
    """Elements of the head, entering the few that hold what we look for."""
    at = 0
    for _ in range(_MAX_BOXES):
        name, name_length = _variable(source, at, keep_mark=True)
        size, size_length = _variable(source, at + name_length, keep_mark=False)
        if not name_length or not size_length or name == _CLUSTER:
            return
        at += name_length + size_length
        yield name, at, size
        if name not in _INSIDE:
            at += size


def read_wav(source: Source, findings: Findings) -> None:
    """RIFF WAVE: length from the byte rate."""
    at, rate = 12, 0
    for _ in range(64):
        head = source.read(at, 20)
        if len(head) < 8:
            return
        name, size = struct.unpack_from("<4sI", head)
        if name == b"fmt " and len(head) == 20:
            rate = struct.unpack_from("<I", head, 16)[0]
        elif name == b"LIST":
            read_riff_list(findings, source.read(at + 8, min(size, _TITLES_LIMIT)))
        elif name == b"data" and rate:
            findings.duration = round(min(size, source.size - at - 8) / rate, 3)
        at += 8 + size + (size & 1)


def read_flac(source: Source, findings: Findings) -> None:
    """FLAC (RFC 9639): length from the STREAMINFO block."""
    read_flac_comments(source, findings)
    info = source.read(18, 8)
    if len(info) == 8:
        packed = int.from_bytes(info, "big")
        rate, samples = packed >> 44, packed & (1 << 36) - 1
        findings.duration = round(samples / rate, 3) if rate and samples else None


def read_ogg(source: Source, findings: Findings) -> None:
    """Ogg (RFC 3533): the last page's position by the codec's rate."""
    read_ogg_comments(source, findings)
    head = source.read(0, 512)
    tail = source.read(max(0, source.size - 65_536), 65_536)
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) - last < 14:
        raise Refused("damaged", detail=_CUT_OFF)
    position = struct.unpack_from("<q", tail, last + 6)[0]
    vorbis = head.find(b"\x01vorbis")
    if b"OpusHead" in head:
        rate = 48_000
    elif 0 <= vorbis <= len(head) - 16:
        rate = struct.unpack_from("<I", head, vorbis + 12)[0]
    else:
        return
    findings.duration = round(position / rate, 3) if rate and position > 0 else None


_MP3_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
_MP3_BITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_MP3_BITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)


def read_mp3(source: Source, findings: Findings) -> None:
    """MPEG audio layer III: Refused without a frame; length by the Xing header or the bit rate."""
    read_id3(source, findings)
    start = 0
    tag = source.read(0, 10)
    if tag[:3] == b"ID3" and len(tag) == 10:
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        start = 10 + size
    data = source.read(start, 65_536)
    for at in range(len(data) - 4):
        if data[at] == 0xFF and data[at + 1] & 0xE6 == 0xE2:
            findings.duration = _mp3_seconds(data[at : at + 200], source.size - start - at)
            if findings.duration is not None:
                return
    raise Refused("damaged", detail="không tìm thấy âm thanh trong tệp")


def _mp3_seconds(frame: bytes, size: int) -> float | None:
    """Seconds, or None when these bytes only look like a frame."""
    version = frame[1] >> 3 & 3
    bits = (_MP3_BITS_1 if version == 3 else _MP3_BITS_2)[frame[2] >> 4]
    place = frame[2] >> 2 & 3
    if version not in _MP3_RATES or place == 3 or not bits:
        return None
    rate = _MP3_RATES[version][place]
    samples = 1152 if version == 3 else 576
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark)
        if 0 < at <= len(frame) - 12 and frame[at + 7] & 1:
            frames = int(struct.unpack_from(">I", frame, at + 8)[0])
            return round(frames * samples / rate, 3)
    return round(size * 8 / (bits * 1000), 3)
