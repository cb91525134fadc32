"""Rows of other catalogues, however spreadsheets and programs write them."""

import json
from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.exchange import catalogue_files
from repo_server.exchange.catalogue_files import CatalogueRow, Layout, encoding_of, read_rows

TABLE = 'id;tên;mô tả\n1;"Góc; cạnh";"hai\ndòng"\n\n2;Phân số\n'


def rows(path: Path, layout: Layout | None = None) -> list[CatalogueRow]:
    return list(read_rows(path, layout or Layout()))


def written(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_spreadsheets_csv_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "a.csv", TABLE.encode(encoding))
    assert rows(path) == [
        CatalogueRow(2, {"id": "1", "tên": "Góc; cạnh", "mô tả": "hai\ndòng"}),
        CatalogueRow(4, {"id": "2", "tên": "Phân số"}),
    ]


def test_windows_1258_is_known_by_what_utf8_cannot_be(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id,tên\n1,Đường tròn\n".encode("cp1258", "replace"))
    assert encoding_of(path) == "cp1258"
    assert rows(path)[0].values["id"] == "1"


@pytest.mark.parametrize(
    ("head", "mark"), [("id,tên\n", ","), ("id\ttên\n", "\t"), ("sep=|\nid|tên\n", "|")]
)
def test_the_separator_is_seen_from_the_header(tmp_path: Path, head: str, mark: str) -> None:
    path = written(tmp_path, "a.csv", f"{head}1{mark}Góc\n".encode())
    assert [row.values for row in rows(path)] == [{"id": "1", "tên": "Góc"}]


def test_a_row_with_too_many_cells_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id,b\n1,2,3\n4,5,,\n")
    first, second = rows(path)
    assert first.number == 2
    assert "nhiều ô" in first.problem
    assert second.values == {"id": "4", "b": "5"}


def test_an_unclosed_quote_is_told_and_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_files, "CELL_LIMIT", 100)
    path = written(tmp_path, "a.csv", b'id,b\n1,"2\n' + b"x" * 300 + b"\n")
    assert any("ngoặc kép" in row.problem for row in rows(path))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b""),
        ("a.csv", b"a,b,a\n1,2,3\n"),
        ("a.csv", b"PK\x03\x04...."),
        ("a.json", b"{"),
        ("a.json", b'[{"id": 1}, {"id"'),
        ("a.json", b"[" * 100_000),
        ("a.json", b"[" + b"[" * 100_000),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_in_a_sentence(
    tmp_path: Path, name: str, data: bytes
) -> None:
    with pytest.raises(InvalidValue):
        rows(written(tmp_path, name, data))


def test_an_encoding_that_is_none_or_not_the_files_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id\nĐ\n".encode())
    for encoding in ("tieng-viet", "ascii"):
        with pytest.raises(InvalidValue):
            rows(path, Layout(encoding=encoding))


def test_json_lines_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    data = '\ufeff{"id": 1}\n\nkhông\n[1]\n{"id": 2}'.encode()
    found = rows(written(tmp_path, "a.jsonl", data))
    assert [(row.number, row.values, bool(row.problem)) for row in found] == [
        (1, {"id": 1}, False),
        (3, {}, True),
        (4, {}, True),
        (5, {"id": 2}, False),
    ]


def test_a_line_that_is_too_long_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_files, "CELL_LIMIT", 20)
    data = b'{"id": "' + b"x" * 100 + b'"}\n{"id": 2}\n'
    found = rows(written(tmp_path, "a.jsonl", data))
    assert [(row.number, bool(row.problem)) for row in found] == [(1, True), (2, False)]


def test_an_array_is_read_element_by_element_across_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_files, "_CHUNK", 7)
    records = [{"id": number, "tên": "Góc ]} " * number} for number in range(9)]
    data = json.dumps([*records, 12345], indent=1, ensure_ascii=False).encode()
    found = rows(written(tmp_path, "a.json", data))
    assert [row.values for row in found[:-1]] == records
    assert found[-1].problem


def test_records_inside_a_document_are_found_by_their_path(tmp_path: Path) -> None:
    data = json.dumps({"data": {"items": [{"id": 1}]}, "n": 1}).encode()
    path = written(tmp_path, "a.json", data)
    assert [row.values for row in rows(path, Layout(records="data.items"))] == [{"id": 1}]
    assert rows(path)[0].values["n"] == 1
    with pytest.raises(InvalidValue):
        rows(path, Layout(records="data.nothing"))


def test_json_lines_under_the_name_of_json_are_json_lines(tmp_path: Path) -> None:
    found = rows(written(tmp_path, "a.json", b'{"id": 1}\n{"id": 2}\n'))
    assert [row.values for row in found] == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("data", [b'{"id": 1}\n', b'[{"id": 1}]', b"id\n1\n"])
def test_without_a_telling_name_the_beginning_tells(tmp_path: Path, data: bytes) -> None:
    assert str(rows(written(tmp_path, "danh-muc", data))[0].values["id"]) == "1"
