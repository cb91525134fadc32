"""What the columns of another catalogue mean."""

from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.exchange.catalogue_mapping import FIELDS, read_mapping, usual_mapping

MAPPINGS = Path(__file__).parents[2] / "docs" / "mappings"

MAPPING = """
records = "data.items"
[only]
locale = ["vi"]
[fields]
id = { text = "phet:{sim}" }
title = { from = ["title_vi", "title"] }
author = { from = "people.name", join = ", " }
description = { from = "about", html = true }
keywords = { from = ["tags", "topics"], split = ";" }
kind = { from = "type", values = { Books = "reading" }, default = "reference" }
subjects = { value = ["tin-hoc"] }
"""


def mapping_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_mapping_makes_our_fields_of_their_columns(tmp_path: Path) -> None:
    mapping = read_mapping(mapping_file(tmp_path, MAPPING))
    assert mapping.layout.records == "data.items"
    assert mapping.fields(
        {
            "sim": "acid",
            "title_vi": " ",
            "title": "Dung dịch  axit",
            "people": [{"name": "An"}, {"name": "Bình"}, {"name": "An"}],
            "about": "<p>Đo <b>pH</b> &amp; màu.</p><script>x()</script>",
            "tags": "a; b",
            "topics": [["c", "a"], []],
            "type": "books",
        }
    ) == {
        "id": ("phet:acid",),
        "title": ("Dung dịch axit",),
        "author": ("An, Bình",),
        "description": ("Đo  pH  & màu.",),
        "keywords": ("a", "b", "c"),
        "kind": ("reading",),
        "subjects": ("tin-hoc",),
    }
    assert mapping.fields({"type": "khác"})["kind"] == ("khác",)
    assert mapping.fields({}) == {"kind": ("reference",), "subjects": ("tin-hoc",)}


def test_rows_outside_only_are_passed_by(tmp_path: Path) -> None:
    mapping = read_mapping(mapping_file(tmp_path, MAPPING))
    assert mapping.wants({"locale": "vi"})
    assert not mapping.wants({"locale": "en"})
    assert not mapping.wants({})


@pytest.mark.parametrize(
    "text",
    [
        "fields = 1",
        "[fields]\nid = 'a'",
        "[fields]\nid = 'a'\ntitle = 3",
        "[fields]\nid = 'a'\ntitle = 'b'\ncolour = 'c'",
        "[fields]\nid = 'a'\ntitle = { from = 'b', value = 'c' }",
        "[fields]\nid = 'a'\ntitle = { from = 'b', size = 3 }",
        "[fields]\nid = 'a'\ntitle = { from = [1.5] }",
        "[fields]\nid = 'a'\ntitle = { from = 'b', values = 3 }",
        "format = 'xml'\n[fields]\nid = 'a'\ntitle = 'b'",
        "delimiter = ';;'\n[fields]\nid = 'a'\ntitle = 'b'",
        "encoding = 8\n[fields]\nid = 'a'\ntitle = 'b'",
        "what = 8\n[fields]\nid = 'a'\ntitle = 'b'",
        "not toml",
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidValue):
        read_mapping(mapping_file(tmp_path, text))


def test_without_a_mapping_columns_go_by_the_names_that_people_give() -> None:
    fields = usual_mapping().fields(
        {"Mã": 7, "Tên học liệu": "Góc", "LỚP": 6.0, "Môn học": "Toán", "Trường": "THCS A",
         "tinh": "Long An", "body": "Hai tia\nchung gốc.", "Cột lạ": "x", "views": None}
    )  # fmt: skip
    assert fields == {
        "id": ("7",),
        "title": ("Góc",),
        "grades": ("6",),
        "subjects": ("Toán",),
        "source": ("THCS A, Long An",),
        "text": ("Hai tia\nchung gốc.",),
    }


def test_texts_are_composed_and_hold_nothing_that_a_database_refuses() -> None:
    fields = usual_mapping().fields({"id": "1", "title": "Đ\u01b0\u01a1\u0300ng\x00  tròn"})
    assert fields["title"] == ("Đường tròn",)


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_mappings_that_the_documentation_shows_can_be_read(path: Path) -> None:
    assert read_mapping(path).fields({}).keys() <= set(FIELDS)
