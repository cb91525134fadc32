"""Pictures: what is shown of them, and what is left out."""

import io

import pytest
from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

from repo_server.domain.errors import FileRejected
from repo_server.inspection.images.pictures import PLACE_WARNING
from tests.inspection.samples import epub, office, open_document, word, zipped

register_heif_opener()


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(found) -> Image.Image:
    assert found.accepted, found.reason
    assert found.thumbnail.media_type == "image/webp"
    image = Image.open(io.BytesIO(found.thumbnail.data), formats=["WEBP"])
    assert image.size == (found.thumbnail.width, found.thumbnail.height)
    return image


def drawing(inside: str, size: str = 'width="40" height="20"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{inside}</svg>'.encode()


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ('width="40" height="20"', (480, 240)),
        ('width="40pt" height="20pt" viewBox="0 0 40 20"', (480, 240)),
        ('viewBox="0 0 10 100"', (36, 360)),
        ('width="100%" height="100%"', (360, 360)),
        ('width="900000" height="900000"', (360, 360)),
    ],
)
def test_a_drawing_is_seen_as_pixels_on_white_paper(look, size, box):
    found = look("a.svg", drawing('<rect width="100%" height="100%" fill="none"/>', size))
    image = opened(found).convert("RGB")
    assert image.size == pytest.approx(box, abs=8)
    assert image.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "link",
    ["/etc/passwd", "anh.png", "file:///x.png", "https://x/y.png", "data:image/svg+xml,x", "//x/y"],
)
def test_a_drawing_that_takes_in_something_from_outside_is_not_drawn(
    look, inspector, tmp_path, link
):
    data = drawing(f'<image width="9" height="9" href="{link}"/>')
    found = look("a.svg", data)
    assert found.accepted and found.thumbnail is None
    with pytest.raises(FileRejected):
        inspector.render_page(tmp_path / "blob", "svg", 1, 100)


def test_a_drawing_that_draws_itself_a_million_times_has_no_picture_and_harms_nobody(look):
    levels = "".join(
        f'<g id="g{n}">{"".join(f"<use href={chr(34)}#g{n - 1}{chr(34)}/>" for _ in range(10))}</g>'
        for n in range(1, 8)
    )
    inside = f'<defs><g id="g0"><rect width="1" height="1"/></g>{levels}</defs><use href="#g7"/>'
    assert look("a.svg", drawing(inside)).accepted


@pytest.mark.parametrize(("kind", "name"), [("svg", "a.svg"), ("heic", "a.heic")])
def test_what_browsers_do_not_show_is_drawn_as_a_page(inspector, tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(drawing("<g/>") if kind == "svg" else encoded(PICTURE, "HEIF"))
    drawn = inspector.render_page(path, kind, 1, 300)
    assert (drawn.width, drawn.height, drawn.media_type) == (300, 150, "image/webp")
    with pytest.raises(FileRejected):
        inspector.render_page(path, kind, 2, 300)


def test_a_heic_that_claims_another_size_is_not_decoded(look):
    data = bytearray(encoded(PICTURE, "HEIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = (30_000).to_bytes(4, "big") * 2
    assert look("a.heic", bytes(data)).verdict in ("damaged", "too_many_pixels")


PICTURE = Image.new("RGB", (1200, 600), "navy")


@pytest.mark.parametrize(
    ("kind", "extension", "inline"),
    [
        ("JPEG", "jpeg", True),
        ("PNG", "png", True),
        ("WEBP", "webp", True),
        ("GIF", "gif", True),
        ("AVIF", "avif", True),
        ("BMP", "bmp", False),
        ("TIFF", "tiff", False),
        ("HEIF", "heic", False),
    ],
)
def test_every_kind_of_picture_is_measured_and_made_small(look, kind, extension, inline):
    found = look(f"ảnh.{extension}", encoded(PICTURE, kind))
    assert opened(found).size == (480, 240)
    assert (found.kind, found.width, found.height) == (extension, 1200, 600)
    assert not found.has_text


@pytest.mark.parametrize(
    "form",
    [
        b"VP8X\x0a\0\0\0\0\0\0\0" + b"\xfe\x3f\0\xfe\x3f\0",
        b"VP8L\x0a\0\0\0\x2f" + (0x3FFE | 0x3FFE << 14).to_bytes(4, "little"),
        b"VP8 \x0a\0\0\0\x30\1\0\x9d\1\x2a" + b"\xfe\x3f\xfe\x3f",
    ],
)
def test_a_webp_of_two_hundred_million_pixels_is_refused_by_its_head(look, form):
    body = b"WEBP" + form.ljust(40, b"\0")
    found = look("a.webp", b"RIFF" + len(body).to_bytes(4, "little") + body)
    assert found.verdict == "too_many_pixels", found.reason


def test_a_small_picture_is_not_made_larger(look):
    found = look("a.png", encoded(Image.new("RGB", (20, 10)), "PNG"))
    assert opened(found).size == (20, 10)


def test_a_very_long_picture_keeps_at_least_one_row(look):
    found = look("a.png", encoded(Image.new("RGB", (20_000, 1)), "PNG"))
    assert opened(found).size == (480, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_shown_upright(look, orientation):
    # The upper left corner of what people see is white, everything else black.
    upright = Image.new("RGB", (400, 200), "black")
    ImageDraw.Draw(upright).rectangle((0, 0, 99, 99), "white")
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turn[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = look("a.jpg", encoded(stored, "JPEG", exif=exif, quality=95))
    assert (found.width, found.height) == (400, 200)
    shown = opened(found).convert("L")
    assert shown.size == (400, 200)
    assert shown.getpixel((40, 40)) > 200
    assert max(shown.getpixel(at) for at in ((350, 40), (40, 170), (350, 170))) < 60


def test_place_and_maker_of_a_photo_are_dropped(look):
    exif = Image.Exif()
    exif[0x010F] = "Máy của cô Hoa"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (10.0, 46.0, 37.0)
    data = encoded(PICTURE, "JPEG", exif=exif, comment=b"bi mat", icc_profile=b"ICC" * 50)
    assert b"bi mat" in data
    found = look("a.jpg", data)
    assert found.warnings == (PLACE_WARNING,)
    shown = opened(found)
    assert not shown.getexif() and "icc_profile" not in shown.info and "xmp" not in shown.info


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_a_photo_of_any_format_is_told_to_say_where_it_was_taken(look, kind):
    exif = Image.Exif()
    exif[0x010F] = "Máy của cô Hoa"
    name = f"a.{kind.lower()}"
    assert look(name, encoded(PICTURE, kind, exif=exif)).warnings == ()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (10.0, 46.0, 37.0)
    found = look(name, encoded(PICTURE, kind, exif=exif))
    assert found.warnings == (PLACE_WARNING,)
    assert not opened(found).getexif()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_color_mode_are_shown(look, mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (600, 300), 1) if mode != "CMYK" else Image.new(mode, (600, 300))
    assert opened(look(f"a.{kind.lower()}", encoded(image, kind))).size == (480, 240)


def test_what_is_transparent_stays_transparent(look):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    assert opened(look("a.png", encoded(image, "PNG"))).getpixel((5, 5))[3] == 0


def test_the_first_frame_stands_for_a_moving_picture(look):
    frames = [Image.new("RGB", (100, 50), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, _, blue = opened(look("a.gif", data)).convert("RGB").getpixel((50, 25))
    assert red > 200 and blue < 60


def test_a_thumbnail_that_a_program_left_in_a_document_is_used(look):
    left = encoded(Image.new("RGB", (256, 144), "green"), "JPEG")
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    files = {"ppt/presentation.xml": "<presentation/>", "docProps/thumbnail.jpeg": left}
    assert opened(look("a.pptx", office("ppt/presentation.xml", kind, files))).size == (256, 144)


def test_a_thumbnail_of_open_document_and_the_cover_of_a_book_are_used(look):
    left = encoded(Image.new("RGB", (200, 100), "green"), "PNG")
    body = "<office:text><text:p>x</text:p></office:text>"
    odt = open_document("text", body, {"Thumbnails/thumbnail.png": left})
    assert opened(look("a.odt", odt)).size == (200, 100)
    opf = (
        '<package><manifest><item id="c" href="bia.png" media-type="image/png" '
        'properties="cover-image"/></manifest><spine/></package>'
    )
    container = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
    files = {"META-INF/container.xml": container, "b.opf": opf, "bia.png": left}
    book = zipped(files, first={"mimetype": b"application/epub+zip"})
    assert opened(look("a.epub", book)).size == (200, 100)


@pytest.mark.parametrize("left", [b"\xff\xd8broken", b"%!PS-Adobe-3.0 EPSF-3.0", b""])
def test_a_bad_thumbnail_in_a_document_is_left_out(look, left):
    body = "<office:text><text:p>x</text:p></office:text>"
    found = look("a.odt", open_document("text", body, {"Thumbnails/thumbnail.png": left}))
    assert found.accepted and found.thumbnail is None


def test_a_document_without_a_thumbnail_has_none(look):
    assert look("a.docx", word("<w:p/>")).thumbnail is None
    assert look("a.epub", epub(["x"])).thumbnail is None


def test_a_picture_is_drawn_smaller_when_asked(inspector, tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(encoded(PICTURE, "PNG"))
    shown = inspector.render_page(path, "png", 1, 300)
    assert (shown.width, shown.height) == (300, 150)


def test_no_thumbnail_is_made_when_none_is_wanted(inspector, tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(encoded(PICTURE, "PNG"))
    found = inspector.inspect(path, "a.png", thumbnail=False)
    assert (found.accepted, found.thumbnail, found.width) == (True, None, 1200)
