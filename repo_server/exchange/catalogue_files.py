"""Rows of other catalogues: CSV as spreadsheets write it, JSON Lines, and JSON documents.

A file is read as a stream, in memory that does not grow with it; only a JSON document whose records
lie somewhere inside is read whole. A row that cannot be read is told with its number and does not
stop the others.
"""

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from repo_server.domain.curriculum import shortened
from repo_server.domain.errors import InvalidValue

CELL_LIMIT: Final = 4 * 1024 * 1024
"""Characters of one cell, or of one record of JSON."""

DOCUMENT_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of a JSON document that has to be read whole."""

CSV: Final = "csv"
JSON: Final = "json"
JSONL: Final = "jsonl"
FORMATS: Final = (CSV, JSONL, JSON)

_SUFFIXES: Final = {".csv": CSV, ".tsv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSON}
_CHUNK: Final = 1 << 16
_HEAD: Final = 4096
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BLANK: Final = " \t\r\n"
_DEEP: Final = "JSON lồng nhau quá sâu."


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out; what is empty is seen from the file itself.

    `records`: the path to the array of records inside a JSON document ("data.items").
    """

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    records: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One record, by its column names. `number`: the row as a spreadsheet counts it, the line of
    JSON Lines, or the place in the array; `problem` says why it cannot be read.
    """

    number: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def read_rows(path: Path, layout: Layout) -> Iterator[CatalogueRow]:
    """The records of a file, as they come. Raises InvalidValue for a file that is no catalogue."""
    encoding = layout.encoding or encoding_of(path)
    with _opened(path, encoding) as stream:
        try:
            yield from _rows(path, stream, layout)
        except UnicodeError as error:
            raise _refused(f"Tệp không viết bằng bảng mã {encoding}.") from error


def _opened(path: Path, encoding: str) -> TextIO:
    try:
        return path.open(encoding=encoding, newline="")
    except LookupError as error:
        raise _refused(f"Không có bảng mã “{shortened(encoding)}”.") from error


def _rows(path: Path, stream: TextIO, layout: Layout) -> Iterator[CatalogueRow]:
    form = layout.format or format_of(path, stream)
    if form == CSV:
        return _csv_rows(stream, layout.delimiter)
    if form == JSONL:
        return _lines(stream)
    whole = layout.records or _first_letter(stream) != "["
    return _document_rows(path, stream, layout.records) if whole else _array(stream)


def format_of(path: Path, stream: TextIO) -> str:
    """What a file is by its name, and by how it begins where that says nothing."""
    named = _SUFFIXES.get(path.suffix.lower())
    if named == JSON and _is_jsonl(stream):
        return JSONL
    if named is not None:
        return named
    if _first_letter(stream) == "[":
        return JSON
    return JSONL if _first_letter(stream) == "{" else CSV


def _is_jsonl(stream: TextIO) -> bool:
    """Whether the first line is an object of its own and another follows it."""
    stream.seek(0)
    first, second = stream.readline(CELL_LIMIT), stream.readline(CELL_LIMIT)
    stream.seek(0)
    if not second.lstrip().startswith("{"):
        return False
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(first), dict)
    return False


def _first_letter(stream: TextIO) -> str:
    stream.seek(0)
    found = stream.read(_HEAD).lstrip("\ufeff" + _BLANK)[:1]
    stream.seek(0)
    return found


def encoding_of(path: Path) -> str:
    """The encoding of a file: by its mark, else UTF-8 if it is that, else UTF-16 or Windows-1258.

    Windows-1258 is what Vietnamese spreadsheets of old wrote; it parts marks from their letters,
    which the normalizer joins again.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_WORKBOOKS):
        raise _refused("Đây là tệp bảng tính. Hãy mở nó rồi lưu lại dạng “CSV UTF-8”.")
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    zeros = head[1::2].count(0), head[::2].count(0)
    if max(zeros) > len(head) // 8:
        return "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
    for encoding in ("utf-8", "cp1258"):
        if _decodes(path, encoding):
            return encoding
    raise _refused("Không nhận ra bảng mã của tệp. Hãy mở bằng bảng tính, lưu lại “CSV UTF-8”.")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _csv_rows(stream: TextIO, delimiter: str) -> Iterator[CatalogueRow]:
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(stream, delimiter=delimiter or _delimiter(stream))
    header: list[str] = []
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            sentence = "Một ô quá dài: có lẽ thiếu dấu ngoặc kép đóng."
            yield CatalogueRow(number, problem=sentence)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header:
            yield _named(number, header, cells)
        elif not cells[0].startswith("sep="):
            header = _header(cells)
    if not header:
        raise _refused("Tệp không có dòng nào.")


def _delimiter(stream: TextIO) -> str:
    """The separator of the header: Vietnamese Excel writes semicolons, some write tabs."""
    first = stream.readline(CELL_LIMIT)
    if first.lower().startswith("sep=") and len(first.rstrip()) == len("sep=;"):
        stream.seek(0)
        return first.rstrip()[-1]
    stream.seek(0)
    return max(",;\t", key=first.count)


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().removeprefix("\ufeff") for cell in cells]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        named = ", ".join(shortened(name) for name in twice[:5])
        raise _refused(f"Dòng tiêu đề có cột lặp lại: {named}.")
    return names


def _named(number: int, header: Sequence[str], cells: Sequence[str]) -> CatalogueRow:
    if any(cell.strip() for cell in cells[len(header) :]):
        return CatalogueRow(number, problem="Dòng có nhiều ô hơn dòng tiêu đề.")
    # Spreadsheets leave out empty cells at the end of a row.
    pairs = zip(header, cells, strict=False)
    return CatalogueRow(number, {name: cell for name, cell in pairs if name})


def _lines(stream: TextIO) -> Iterator[CatalogueRow]:
    number, too_long = 0, False
    while line := stream.readline(CELL_LIMIT):
        ended = line.endswith("\n") or len(line) < CELL_LIMIT
        if too_long or not ended:
            if not too_long:
                number += 1
                yield CatalogueRow(number, problem="Dòng quá dài.")
            too_long = not ended
            continue
        number += 1
        text = line.strip("\ufeff" + _BLANK)
        if text:
            yield _object(number, text)


def _object(number: int, text: str) -> CatalogueRow:
    try:
        value = json.loads(text)
    except ValueError:
        return CatalogueRow(number, problem="Dòng không phải JSON hợp lệ.")
    except RecursionError:
        return CatalogueRow(number, problem=_DEEP)
    return _record(number, value)


def _record(number: int, value: object) -> CatalogueRow:
    if not isinstance(value, dict):
        return CatalogueRow(number, problem="Bản ghi không phải một đối tượng JSON.")
    return CatalogueRow(number, value)


def _array(stream: TextIO) -> Iterator[CatalogueRow]:
    """The elements of an array, decoded one by one from a buffer that holds one of them."""
    decoder = json.JSONDecoder()
    buffer = stream.read(_CHUNK).lstrip("\ufeff" + _BLANK)[1:]
    number, wanted = 0, _CHUNK
    while True:
        buffer = buffer.lstrip("," + _BLANK)
        if buffer.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(buffer) if buffer else (None, 0)
        except RecursionError:
            raise _refused(_DEEP) from None
        except ValueError:
            end = 0
        # What ends where the buffer ends may be the beginning of more: "12" of "123".
        if 0 < end < len(buffer):
            number, buffer, wanted = number + 1, buffer[end:], _CHUNK
            yield _record(number, value)
            continue
        more = stream.read(wanted) if len(buffer) <= CELL_LIMIT else ""
        if not more:
            raise _refused(f"JSON bị hỏng hoặc bị cắt sau bản ghi thứ {number}.")
        # Twice as much each time: a long record is not decoded anew for each piece of it.
        buffer, wanted = buffer + more, wanted * 2


def _document_rows(path: Path, stream: TextIO, records: str) -> Iterator[CatalogueRow]:
    if path.stat().st_size > DOCUMENT_LIMIT:
        raise _refused(f"Tệp JSON quá lớn: tối đa {DOCUMENT_LIMIT // 1024 // 1024} MB.")
    try:
        value = json.loads(stream.read().removeprefix("\ufeff"))
    except ValueError as error:
        raise _refused("Tệp không phải JSON hợp lệ.") from error
    except RecursionError as error:
        raise _refused(_DEEP) from error
    for step in filter(None, records.split(".")):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        raise _refused(f"Không có mục “{shortened(records)}” trong tệp JSON.")
    for number, one in enumerate(value if isinstance(value, list) else [value], start=1):
        yield _record(number, one)


def _refused(sentence: str) -> InvalidValue:
    return InvalidValue("FILE", sentence)
