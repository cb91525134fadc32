"""Drawings made of a lesson's rows."""

import io
from pathlib import Path

import pytest
from PIL import Image

from repo_server.domain.errors import InvalidValue
from repo_server.samples.drawing import draw
from repo_server.samples.lesson import Figure
from repo_server.samples.manuscript import FontFiles
from repo_server.samples.writer import find_fonts
from tests.samples.typeface import write_typeface


@pytest.fixture
def fonts(tmp_path: Path) -> FontFiles:
    write_typeface(tmp_path, set("ab0123456789"))
    found = find_fonts(tmp_path)
    assert found is not None
    return found


def test_the_tallest_bar_is_as_tall_as_asked_and_half_is_half(fonts: FontFiles) -> None:
    rows = [["a", 10], ["b", 5]]
    figure = Figure(200, 300, (("bars", 0, 100, 200, 100, "0000FF", rows),))
    picture = Image.open(io.BytesIO(draw(figure, fonts)))
    blue = (0, 0, 255)
    assert picture.getpixel((50, 101)) == blue
    assert picture.getpixel((150, 149)) != blue
    assert picture.getpixel((150, 151)) == blue


def test_centered_text_leaves_equal_room_on_both_sides(fonts: FontFiles) -> None:
    figure = Figure(200, 60, (("text", 100, 40, 30, "000000", "c", "ab"),))
    picture = Image.open(io.BytesIO(draw(figure, fonts))).convert("L").point(lambda v: 255 - v)
    box = picture.getbbox()
    assert box is not None
    assert abs((box[0] + box[2]) / 2 - 100) <= 1


@pytest.mark.parametrize("name", ["spiral", "__init__", "_canvas"])
def test_an_unknown_shape_is_refused_by_name(fonts: FontFiles, name: str) -> None:
    with pytest.raises(InvalidValue, match="figure") as caught:
        draw(Figure(10, 10, ((name, 1, 2),)), fonts)
    assert name in caught.value.sentence()
