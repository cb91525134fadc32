"""Pictures that would fill the memory."""

import struct
import zlib

from tests.inspection.corpus.base import Rows
from tests.inspection.samples import (
    box,
)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_head(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def frames(count: int) -> bytes:
    """Tiny frames that say that they fill a thousand by a hundred pixels each."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1000, 100, 0) + b"\2\2\x4c\1\0"
    return (
        b"GIF89a" + struct.pack("<HHBBB", 1000, 100, 0x80, 0, 0) + bytes(6) + frame * count + b";"
    )


def webp(form: bytes) -> bytes:
    body = b"WEBP" + form.ljust(40, b"\0")
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(head), 0, 0, 54) + head


def tiff(width: int, height: int) -> bytes:
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
    ]
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + rows + bytes(4)


def large_pictures() -> Rows:

    vp8x = b"VP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0"
    yield "169-trieu.png", lambda: png_head(13_000, 13_000), "too_many_pixels", "13000 x 13000"
    yield "hai-ti.png", lambda: png_head(2**31 - 1, 2**31 - 1), "too_many_pixels"
    yield "dai.png", lambda: png_head(100_000, 1_000), "too_many_pixels"
    yield "khong-rong.png", lambda: png_head(0, 10), "damaged"
    yield "nhieu-khung.gif", lambda: frames(401), "too_many_pixels"
    large = struct.pack("<HH", 65535, 65535)
    begun = b"," + bytes(4) + large + b"\0\2\2\x4c\1\0;"
    yield "lon.gif", lambda: b"GIF89a" + large + b"\0\0\0" + begun, "too_many_pixels"
    yield "lon.webp", lambda: webp(vp8x), "too_many_pixels"
    yield "lon.bmp", lambda: bmp(50_000, 50_000), "too_many_pixels"
    yield "lon.tiff", lambda: tiff(60_000, 60_000), "too_many_pixels"
    yield "cut.heic", lambda: box(b"ftyp", b"heic", bytes(4), b"mif1heic"), "damaged"
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{0}'>{1}</svg>"
    yield "khong-lo.svg", lambda: svg.format(900_000_000, "").encode(), "ok"
    yield (
        "long-sau.svg",
        lambda: svg.format(9, "<g>" * 20_000 + "</g>" * 20_000).encode(),
        "too_complex",
    )
    yield (
        "lay-tep.svg",
        lambda: svg.format(9, "<image href='/etc/passwd'/>").encode(),
        "ok",
        "từ nơi khác",
    )
