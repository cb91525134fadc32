"""QR codes: the code of the address, with its quiet zone, in both formats."""

import io
import re

import pytest
import segno
from PIL import Image

from repo_server.exchange.qr import LARGEST_PNG, QUIET_ZONE, qr_png, qr_svg
from tests.scanner import scanned

ADDRESS = "https://kho.example.edu.vn/c/k7p4m0x"


def expected(address: str) -> list[list[bool]]:
    code = segno.make(address, error="m", micro=False, boost_error=False)
    return [[bool(dark) for dark in row] for row in code.matrix_iter(border=QUIET_ZONE)]


def drawn(png: bytes) -> tuple[Image.Image, int]:
    image = Image.open(io.BytesIO(png)).convert("L")
    return image, image.width // len(expected(ADDRESS))


@pytest.mark.parametrize("size", [64, 370, 740, 2_000])
def test_a_png_draws_every_module_of_the_code(size: int) -> None:
    image, scale = drawn(qr_png(ADDRESS, size))

    modules = expected(ADDRESS)
    assert image.size == (scale * len(modules),) * 2
    assert image.width <= size
    seen = [
        [
            image.getpixel((x * scale + scale // 2, y * scale + scale // 2)) == 0
            for x in range(len(modules))
        ]
        for y in range(len(modules))
    ]
    assert seen == modules


@pytest.mark.parametrize("size", [64, 370, 2_000])
@pytest.mark.parametrize(
    "address",
    [ADDRESS, "http://10.0.0.12:8000/c/000000z", f"https://{'nhà-kho.' * 12}vn/c/a1b2c3d"],
)
def test_a_scanner_reads_the_address_in_a_png(address: str, size: int) -> None:
    assert scanned(qr_png(address, size)) == [address]


def test_the_zone_around_the_code_is_quiet() -> None:
    image, scale = drawn(qr_png(ADDRESS, 740))
    edge = QUIET_ZONE * scale
    for box in ((0, 0, image.width, edge), (0, 0, edge, image.height)):
        assert image.crop(box).getextrema() == (255, 255)
    assert image.getpixel((edge, edge)) == 0


def test_no_size_is_beyond_the_largest() -> None:
    assert drawn(qr_png(ADDRESS, 10**9))[0].width <= LARGEST_PNG


def test_an_svg_fills_its_place_and_brings_no_style_or_script() -> None:
    svg = qr_svg(ADDRESS).decode()

    side = len(expected(ADDRESS))
    assert f'viewBox="0 0 {side} {side}"' in svg
    assert not re.search(r"<script|style=|<style|\bwidth=\"\d+\" height", svg)
    assert svg.startswith("<?xml")


def test_a_short_address_fits_a_code_that_a_cheap_camera_reads() -> None:
    assert len(expected(ADDRESS)) - 2 * QUIET_ZONE <= 29
