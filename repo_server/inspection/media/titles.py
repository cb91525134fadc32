"""What sound and film files call themselves: ID3, Vorbis comments, MP4 items, RIFF lists.

ID3v2.3/2.4 (id3.org), Vorbis comments (xiph.org), iTunes metadata in ISO/IEC 14496-12 boxes.
"""

import struct
from collections.abc import Iterator
from typing import Final

from repo_server.inspection.findings import Findings, Source

_TAG_LIMIT: Final = 1 << 20
_MAX_FRAMES: Final = 500
_ID3_FIELDS: Final = {
    b"TIT2": "title",
    b"TT2": "title",
    b"TPE1": "creator",
    b"TP1": "creator",
    b"TLAN": "language",
    b"TCOP": "rights",
    b"WCOP": "rights",
    b"TCON": "keyword",
}
_VORBIS_FIELDS: Final = {
    "title": "title",
    "artist": "creator",
    "language": "language",
    "license": "rights",
    "copyright": "rights",
    "description": "description",
    "genre": "keyword",
}
_ITEM_FIELDS: Final = {
    b"\xa9nam": "title",
    b"\xa9ART": "creator",
    b"\xa9cmt": "description",
    b"desc": "description",
    b"cprt": "rights",
    b"\xa9gen": "keyword",
}
_RIFF_FIELDS: Final = {
    b"INAM": "title",
    b"IART": "creator",
    b"ICOP": "rights",
    b"ICMT": "description",
}
_ENCODINGS: Final = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def declare_tags(findings: Findings, fields: dict[str, str]) -> None:
    """Note fields named as `Findings.declare` names them, with "keyword" for one keyword."""
    findings.declare(
        title=fields.get("title", ""),
        description=fields.get("description", ""),
        language=fields.get("language", ""),
        rights=fields.get("rights", ""),
        creator=fields.get("creator", ""),
        keywords=[fields["keyword"]] if fields.get("keyword") else (),
    )


def read_id3(source: Source, findings: Findings) -> None:
    """The ID3v2 tag before an MP3, if there is one."""
    head = source.read(0, 10)
    if head[:3] != b"ID3" or len(head) < 10:
        return
    version, size = head[3], _syncsafe(head[6:10])
    data = source.read(10, min(size, _TAG_LIMIT))
    fields: dict[str, str] = {}
    for name, body in _id3_frames(data, version):
        field = _ID3_FIELDS.get(name)
        if field and body and field not in fields:
            fields[field] = _id3_text(name, body)
    declare_tags(findings, fields)


def _syncsafe(data: bytes) -> int:
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def _id3_frames(data: bytes, version: int) -> Iterator[tuple[bytes, bytes]]:
    head, name_size = (6, 3) if version == 2 else (10, 4)
    at = 0
    for _ in range(_MAX_FRAMES):
        name = data[at : at + name_size]
        if len(data) - at < head or not name.strip(b"\0"):
            return
        length = data[at + name_size : at + name_size + (3 if version == 2 else 4)]
        size = _syncsafe(length) if version == 4 else int.from_bytes(length, "big")
        yield name, data[at + head : at + head + size]
        at += head + size


def _id3_text(name: bytes, body: bytes) -> str:
    if name.startswith(b"W"):
        return body.decode("latin-1")
    encoding = _ENCODINGS.get(body[0], "latin-1")
    text = body[1:].decode(encoding, "replace")
    if encoding == "latin-1":
        text = _mended(body[1:], text)
    return text.strip("\0").partition("\0")[0]


def _mended(data: bytes, text: str) -> str:
    """Programs write UTF-8 where the tag says Latin-1: valid UTF-8 is that."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return text


def read_vorbis(findings: Findings, block: bytes) -> None:
    """A Vorbis comment block: a vendor's name, then "KEY=value" lines, each after its length."""
    if len(block) < 8:
        return
    at = 4 + int.from_bytes(block[:4], "little")
    count = int.from_bytes(block[at : at + 4], "little")
    at += 4
    fields: dict[str, str] = {}
    for _ in range(min(count, _MAX_FRAMES)):
        size = int.from_bytes(block[at : at + 4], "little")
        key, _, value = block[at + 4 : at + 4 + size].decode("utf-8", "replace").partition("=")
        field = _VORBIS_FIELDS.get(key.lower())
        if field and field not in fields:
            fields[field] = value
        at += 4 + size
        if at >= len(block):
            break
    declare_tags(findings, fields)


def read_ogg_comments(source: Source, findings: Findings) -> None:
    """The comment header in the first pages of an Ogg file; long pictures in it are cut off."""
    data = source.read(0, 65_536)
    packets = _ogg_bodies(data)
    for mark in (b"\x03vorbis", b"OpusTags"):
        at = packets.find(mark)
        if at >= 0:
            read_vorbis(findings, packets[at + len(mark) :])
            return


def _ogg_bodies(data: bytes) -> bytes:
    """Bodies of the pages without their headers (RFC 3533, §6)."""
    bodies = bytearray()
    at = 0
    while data[at : at + 4] == b"OggS" and at + 27 <= len(data):
        count = data[at + 26]
        start = at + 27 + count
        size = sum(data[at + 27 : start])
        bodies += data[start : start + size]
        at = start + size
    return bytes(bodies)


def read_flac_comments(source: Source, findings: Findings) -> None:
    """The comment block among a FLAC file's metadata blocks (RFC 9639, §8)."""
    at = 4
    for _ in range(_MAX_FRAMES):
        head = source.read(at, 4)
        if len(head) < 4:
            return
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == 4:
            read_vorbis(findings, source.read(at + 4, min(size, _TAG_LIMIT)))
            return
        if head[0] & 0x80:
            return
        at += 4 + size


def read_items(findings: Findings, data: bytes) -> None:
    """The `ilst` box of an MP4 (items holding a `data` box) or QuickTime's user data (text)."""
    fields: dict[str, str] = {}
    for name, body in _small_boxes(data):
        field = _ITEM_FIELDS.get(name)
        if field is None or field in fields:
            continue
        inner = next((inside for kind, inside in _small_boxes(body) if kind == b"data"), None)
        if inner is not None:
            fields[field] = inner[8:].decode("utf-8", "replace")
        elif len(body) > 4:
            size = struct.unpack_from(">H", body)[0]
            fields[field] = _mended(body[4 : 4 + size], body[4 : 4 + size].decode("mac-roman"))
    declare_tags(findings, fields)


def _small_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MAX_FRAMES):
        if len(data) - at < 8:
            return
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            return
        yield name, data[at + 8 : at + size]
        at += size


def read_riff_list(findings: Findings, data: bytes) -> None:
    """The INFO list of a WAV file."""
    fields: dict[str, str] = {}
    at = 4
    while data[:4] == b"INFO" and at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size].rstrip(b"\0")
        if name in _RIFF_FIELDS:
            fields[_RIFF_FIELDS[name]] = _mended(body, body.decode("cp1252", "replace"))
        at += 8 + size + (size & 1)
    declare_tags(findings, fields)
