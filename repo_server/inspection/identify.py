"""The second and third witness: libmagic, and our own look at a file's structure."""

import contextlib
import struct
import zlib
from typing import Final

import magic

from repo_server.domain.files import FILE_KINDS
from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Refused
from repo_server.inspection.documents.ooxml import office_kind
from repo_server.inspection.documents.texts import (
    looks_like_html,
    looks_like_text,
    structure_of_text,
)
from repo_server.inspection.findings import Source
from repo_server.inspection.packages import cmi5, ims, moodle
from repo_server.inspection.packages.sites import first_page
from repo_server.inspection.tarballs import Tarball

HEAD: Final = 65_536
_MAGIC: Final = magic.Magic(mime=True)
LIBMAGIC: Final[int] = int(magic.version())  # type: ignore[no-untyped-call]

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"BM", "bmp"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole2"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"PK\x07\x08", "zip"),  # in several volumes: the reader says so
    (0, b"ScratchV0", "sb"),
    (4, b"ftyp", "mp4"),
    (8, b"WAVE", "wav"),
    (8, b"WEBP", "webp"),
)
_ODF_KINDS: Final = {
    FILE_KINDS[code].media_type.encode(): code for code in ("odt", "odp", "ods", "odg", "epub")
}
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"})
_HTML_IN_FRONT: Final = (b"<script", b"<html", b"<!doctype html", b"<?php", b"<svg", b"<body")


def ask_magic(head: bytes) -> str:
    """libmagic's media type for the first bytes of a file."""
    return str(_MAGIC.from_buffer(head))


def signature_of(head: bytes) -> str:
    """A family of formats by its first bytes, "" when none is known.

    Raises Refused for a PDF with markup before it, which is two things at once.
    """
    for offset, mark, name in _SIGNATURES:
        if head[offset : offset + len(mark)] == mark:
            return _refine(name, head)
    lead = head[:1024].lstrip(b"\xef\xbb\xbf\0\t\n\r\f ")
    if lead.startswith(b"%PDF-"):
        return "pdf"
    if b"%PDF-" in head[:1024]:
        if any(mark in lead.lower() for mark in _HTML_IN_FRONT):
            raise Refused("active_content", detail="mã trang web đứng trước nội dung PDF")
        raise Refused("damaged", detail="có dữ liệu lạ trước nội dung PDF")
    return _audio_frames(head)


def _refine(name: str, head: bytes) -> str:
    if name == "mp4":
        return _base_media_kind(head)
    if name == "matroska":
        return "webm" if b"webm" in head[:64] else "mkv"
    if name == "ogg":
        return "opus" if b"OpusHead" in head[:512] else "ogg"
    if name in ("wav", "webp") and head[:4] != b"RIFF":
        return ""
    return name


def _base_media_kind(head: bytes) -> str:
    size = min(struct.unpack_from(">I", head)[0], 256)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}
    if brands & _AVIF_BRANDS:
        return "avif"
    if brands & _HEIC_BRANDS:
        return "heic"
    if head[8:12] in (b"M4A ", b"M4B "):
        return "m4a"
    return "mov" if head[8:12] == b"qt  " else "mp4"


def _audio_frames(head: bytes) -> str:
    if len(head) < 4 or head[0] != 0xFF:
        return ""
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    layer3 = head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
    return "mp3" if layer3 and head[2] & 0xF0 not in (0x00, 0xF0) else ""


def structure_of_zip(archive: Archive) -> str:
    """Which kind of the zip family an archive is, by what it holds."""
    if archive.has("mimetype"):
        declared = archive.read("mimetype", 1024).strip()
        if declared in _ODF_KINDS:
            return _ODF_KINDS[declared]
    if archive.has("[Content_Types].xml"):
        return office_kind(archive) or "zip"
    for mark, kind in (
        ("META-INF/container.xml", "epub"),
        ("h5p.json", "h5p"),
        ("geogebra.xml", "ggb"),
        (moodle.CONTENTS, "mbz"),
        (moodle.OLD_CONTENTS, "mbz"),
        ("contentv3.xml", "elp"),
        (cmi5.STRUCTURE, "cmi5"),
    ):
        if archive.has(mark):
            return kind
    if archive.has(ims.MANIFEST):
        return ims.ims_kind(archive)
    return _structure_by_content(archive)


def _structure_by_content(archive: Archive) -> str:
    if archive.has("project.json"):
        start = next(archive.pieces("project.json"), b"")
        if b'"targets"' in start:
            return "sb3"
        if b'"objName"' in start:
            return "sb2"
    if archive.has("libs/exe_export.js"):
        return "elp"
    return "site" if first_page(archive.names) else "zip"


def open_tar(source: Source, head: bytes) -> Tarball | None:
    """The tar inside a gzip file, None when something else is inside."""
    with contextlib.suppress(zlib.error):
        start = zlib.decompressobj(31).decompress(head[:4096], 512)
        if start[257:262] == b"ustar":
            return moodle.open_moodle_tar(source)
    return None


def structure_of_bytes(source: Source, head: bytes) -> str:
    """Structure of what is not binary: "text", "html", a text kind with a structure, or ""."""
    if not looks_like_text(head, whole=source.size <= len(head)):
        return ""
    return "html" if looks_like_html(head) else structure_of_text(source, head)
