"""Pictures: judged by their header before anything is decoded, shown only re-encoded.

`Image.open` is always told the one format that the bytes announced, so that no other decoder (of
all those that Pillow would try, Ghostscript among them) ever runs.
"""

import io
import struct
from typing import BinaryIO, Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile, options, register_heif_opener

from repo_server.domain.files import MAX_PIXELS
from repo_server.inspection.base import Refused, RenderedImage
from repo_server.inspection.findings import Findings, Source

PLUGINS: Final = {
    "jpeg": ("JPEG", JpegImagePlugin.JpegImageFile),
    "png": ("PNG", PngImagePlugin.PngImageFile),
    "webp": ("WEBP", WebPImagePlugin.WebPImageFile),
    "gif": ("GIF", GifImagePlugin.GifImageFile),
    "avif": ("AVIF", AvifImagePlugin.AvifImageFile),
    "bmp": ("BMP", BmpImagePlugin.BmpImageFile),
    "tiff": ("TIFF", TiffImagePlugin.TiffImageFile),
    "mpo": ("MPO", MpoImagePlugin.MpoImageFile),
    "heic": ("HEIF", HeifImageFile),
}
"""Kind → Pillow's format; the classes are named so that importing this module loads them all."""

BOX: Final = (480, 360)
_ORIENTATION: Final = 0x0112
_PLACE: Final = 0x8825
PLACE_WARNING: Final = (
    "Ảnh mang vị trí nơi chụp. Ảnh Kho hiển thị không có vị trí, nhưng người tải tệp gốc sẽ đọc "
    "được: hãy tắt định vị của máy ảnh, hoặc xoá vị trí trong phần thông tin của ảnh rồi gửi lại."
)
_TURNED: Final = frozenset({5, 6, 7, 8})
_FAILURES: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, RuntimeError),
    struct.error,
)
"""What Pillow's readers raise for broken pictures, as seen with broken pictures."""


def prepare() -> None:
    """Our own limit replaces Pillow's, which only warns up to 179 megapixels."""
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Marks the formats as loaded: without it the first opening would import more.
    Image.preinit()
    register_heif_opener(thumbnails=False)
    options.DECODE_THREADS = 1


def read_picture(source: Source, findings: Findings) -> RenderedImage:
    """Dimensions as shown, and a thumbnail whose making proves that the picture decodes.

    A photo that says where it was taken brings a warning: its bytes are kept and handed out as they
    came.

    Raises Refused for more than `MAX_PIXELS` pixels in all frames, or when it does not decode.
    """
    try:
        with _open(source.stream(), findings.kind) as image:
            frames = getattr(image, "n_frames", 1)
            width, height = image.size
            check_pixels(width, height, frames)
            about = image.getexif()
            if about.get_ifd(_PLACE):
                findings.warn(PLACE_WARNING)
            turned = about.get(_ORIENTATION) in _TURNED
            findings.width, findings.height = (height, width) if turned else (width, height)
            return shrink(image, BOX)
    except _FAILURES as error:
        raise Refused("damaged", detail="không giải mã được ảnh") from error


def render_picture(source: Source, kind: str, width: int) -> RenderedImage:
    """The first frame, at most `width` pixels wide."""
    try:
        with _open(source.stream(), kind) as image:
            check_pixels(*image.size, 1)
            return shrink(image, (width, width * 4))
    except _FAILURES as error:
        raise Refused("damaged", detail="không giải mã được ảnh") from error


def thumbnail_of_bytes(data: bytes) -> RenderedImage | None:
    """A thumbnail of a picture found inside another file, or None when it is no good one."""
    kind = "jpeg" if data[:2] == b"\xff\xd8" else "png" if data[:4] == b"\x89PNG" else ""
    if not kind:
        return None
    try:
        with _open(io.BytesIO(data), kind) as image:
            check_pixels(*image.size, 1)
            return shrink(image, BOX)
    except (*_FAILURES, Refused):
        return None


def check_pixels(width: int, height: int, frames: int) -> None:
    """Refused when so many pixels must not be decoded."""
    if width <= 0 or height <= 0:
        raise Refused("damaged", detail="ảnh không có kích thước")
    if width * height * frames > MAX_PIXELS:
        times = f" x {frames} khung hình" if frames > 1 else ""
        raise Refused("too_many_pixels", detail=f"{width} x {height}{times}")


def _check_webp(head: bytes) -> None:
    """Pillow makes room for the whole picture when it opens a WebP: too late to look then."""
    form = head[12:16]
    if form == b"VP8X":
        width = 1 + int.from_bytes(head[24:27], "little")
        height = 1 + int.from_bytes(head[27:30], "little")
    elif form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width = int.from_bytes(head[26:28], "little") & 0x3FFF
        height = int.from_bytes(head[28:30], "little") & 0x3FFF
    check_pixels(width, height, 1)


def _open(file: BinaryIO, kind: str) -> Image.Image:
    if kind == "webp":
        _check_webp(file.read(30))
        file.seek(0)
    # Phones write several JPEG pictures into one file (MPO); it opens as its first picture.
    formats = ["JPEG", "MPO"] if kind == "jpeg" else [PLUGINS[kind][0]]
    return Image.open(file, formats=formats)


def shrink(image: Image.Image, box: tuple[int, int]) -> RenderedImage:
    """A WebP of at most `box`, upright, with nothing but pixels in it."""
    orientation = image.getexif().get(_ORIENTATION)
    if orientation in _TURNED:
        box = (box[1], box[0])
    image.draft("RGB", box)
    if image.mode not in ("RGB", "L", "RGBA", "LA", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail(box, Image.Resampling.BICUBIC, reducing_gap=2.0)
    upright = ImageOps.exif_transpose(image) if orientation else image
    return encode(upright)


def encode(image: Image.Image) -> RenderedImage:
    """The picture as WebP without metadata or color profile."""
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    data = io.BytesIO()
    image.save(data, "WEBP", quality=75, method=2, exif=b"", icc_profile=b"", xmp=b"")
    return RenderedImage(data.getvalue(), "image/webp", image.width, image.height)
