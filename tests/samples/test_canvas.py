"""Pictures: pixels, outlines and the PNG around them."""

import io

from PIL import Image

from repo_server.samples.canvas import Canvas


def _pixels(canvas: Canvas) -> Image.Image:
    return Image.open(io.BytesIO(canvas.png())).convert("RGB")


def test_a_filled_square_covers_its_pixels_and_no_other() -> None:
    canvas = Canvas(8, 8)
    canvas.fill([[(2, 2), (6, 2), (6, 6), (2, 6)]], "336699")
    picture = _pixels(canvas)
    inside = {(x, y) for x in range(8) for y in range(8) if picture.getpixel((x, y)) != (255,) * 3}
    assert inside == {(x, y) for x in range(2, 6) for y in range(2, 6)}
    assert picture.getpixel((3, 3)) == (0x33, 0x66, 0x99)


def test_an_edge_through_the_middle_of_a_pixel_colors_it_by_half() -> None:
    canvas = Canvas(4, 4)
    canvas.fill([[(1.5, 0), (4, 0), (4, 4), (1.5, 4)]], "000000")
    assert _pixels(canvas).getpixel((1, 1)) == (128, 128, 128)


def test_an_outline_that_runs_the_other_way_is_a_hole() -> None:
    canvas = Canvas(8, 8)
    ring = [(0, 0), (8, 0), (8, 8), (0, 8)], [(2, 2), (2, 6), (6, 6), (6, 2)]
    canvas.fill(ring, "000000")
    picture = _pixels(canvas)
    assert picture.getpixel((1, 1)) == (0, 0, 0)
    assert picture.getpixel((4, 4)) == (255, 255, 255)


def test_what_lies_outside_the_picture_is_left_out() -> None:
    canvas = Canvas(4, 4)
    canvas.rectangle(-5, -5, 3, 3, "000000")
    canvas.rectangle(3, 3, 90, 90, "FF0000")
    canvas.fill([[(-9, -9), (2, -9), (2, 2), (-9, 2)]], "00FF00")
    picture = _pixels(canvas)
    assert picture.getpixel((3, 3)) == (255, 0, 0)
    assert picture.getpixel((0, 0)) == (0, 255, 0)
    assert picture.getpixel((3, 0)) == (255, 255, 255)
