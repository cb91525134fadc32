"""Curricula as CSV, Kho's own documented format: a table that can be kept in a spreadsheet.

One row is one item; the first row, of kind `framework`, describes the programme. Lists inside a
cell are separated by `|`, because spreadsheets read a comma, a semicolon or a dash as something
else. Reading forgives what spreadsheets do to a file (byte order mark, semicolons or tabs between
the cells, CRLF, letters in decomposed form); what cannot be meant is refused, all of it at once,
each with its row number. The tree itself is judged by `domain.curriculum.check`.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Final, TextIO

from repo_server.domain.curriculum import (
    ITEMS_LIMIT,
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
    Problem,
    shortened,
)

COLUMNS: Final = (
    "code",
    "parent",
    "kind",
    "title",
    "grades",
    "subject",
    "abbreviations",
    "source",
    "page",
    "note",
    "uri",
    "associations",
    "language",
    "publisher",
    "version",
)
REQUIRED_COLUMNS: Final = ("code", "kind", "title")
SIZE_LIMIT: Final = 64 * 1024 * 1024
CELL_LIMIT: Final = 128 * 1024
"""Letters in one cell. The reader's own limit is one of the whole process, and others set it."""

_UNBALANCED: Final = "Dấu ngoặc kép không khớp, hoặc một ô quá dài."
FRAMEWORK: Final = "framework"

_KINDS: Final = {kind.value: kind for kind in ItemKind}
_ASSOCIATIONS: Final = {kind.value: kind for kind in AssociationKind}
_SURPLUS: Final = ""
_SELDOM_USED: Final = ("uri", "associations", "language", "publisher", "version")
_BLANKS = re.compile(r"\s+")
_GRADES = re.compile(r"(\d{1,2})(?:\s*[-–]\s*(\d{1,2}))?")
_SAVE_AS_UTF8 = "Hãy mở tệp bằng bảng tính rồi lưu lại dạng “CSV UTF-8”."


def read_curriculum_csv(stream: TextIO | bytes) -> Curriculum:
    """The curriculum in `stream`, read but not yet checked as a tree.

    Raises `CurriculumInvalid` with a sentence for every row that cannot be read.
    """
    text = _decoded(stream) if isinstance(stream, bytes) else stream.read(SIZE_LIMIT + 1)
    if len(text) > SIZE_LIMIT:
        raise _refused(f"Tệp quá lớn: tối đa {SIZE_LIMIT // 1024 // 1024} MB.")
    reading = _Reading()
    for number, row in _rows(unicodedata.normalize("NFC", text.removeprefix("\ufeff"))):
        reading.take(number, row)
    if reading.framework is None and not reading.problems:
        reading.refuse(2, "Dòng dữ liệu đầu tiên phải có kind là “framework”.")
    if reading.problems or reading.framework is None:
        raise CurriculumInvalid(reading.problems)
    return Curriculum(reading.framework, tuple(reading.items), tuple(reading.associations))


def write_curriculum_csv(curriculum: Curriculum) -> str:
    """The curriculum as text that `read_curriculum_csv` reads back to an equal one.

    Lines end in LF and there is no byte order mark; put U+FEFF in front for Excel.
    """
    rows = [_framework_row(curriculum.framework)]
    outgoing: dict[str, list[str]] = {}
    for association in curriculum.associations:
        named = f"{association.kind} {association.destination}"
        outgoing.setdefault(association.origin, []).append(named)
    rows.extend(_item_row(item, outgoing.get(item.code, [])) for item in curriculum.items)
    used = [name for name in COLUMNS if name not in _SELDOM_USED or any(r.get(name) for r in rows)]
    target = io.StringIO()
    writer = csv.DictWriter(target, used, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    # No line breaks inside cells: spreadsheets and line tools both stumble over them.
    writer.writerows({name: _BLANKS.sub(" ", text) for name, text in row.items()} for row in rows)
    return target.getvalue()


class _Reading:
    """What is read so far: the framework, the items in file order, and all that is wrong."""

    def __init__(self) -> None:
        self.framework: FrameworkRecord | None = None
        self.items: list[ItemRecord] = []
        self.associations: list[AssociationRecord] = []
        self.problems: list[Problem] = []
        self.siblings: Counter[str | None] = Counter()

    def refuse(self, row: int, sentence: str) -> None:
        self.problems.append(Problem(sentence, row=row))

    def take(self, number: int, row: dict[str, str]) -> None:
        if row[_SURPLUS]:
            self.refuse(number, "Dòng có nhiều ô hơn dòng tiêu đề.")
        if row["kind"] == FRAMEWORK:
            if self.framework is not None:
                self.refuse(number, "Mỗi tệp chỉ có một dòng “framework”.")
            self.framework = _framework(row)
            return
        if self.framework is None and not self.items:
            self.refuse(number, "Dòng dữ liệu đầu tiên phải có kind là “framework”.")
        item = self._item(number, row)
        self.items.append(item)
        self._associate(number, item.code, row["associations"])

    def _item(self, number: int, row: dict[str, str]) -> ItemRecord:
        parent = row["parent"] or None
        self.siblings[parent] += 1
        if not row["code"]:
            self.refuse(number, "Thiếu mã (code).")
        return ItemRecord(
            code=row["code"],
            parent=parent,
            kind=self._kind(number, row["kind"]),
            title=row["title"],
            sequence=self.siblings[parent],
            grades=self._grades(number, row["grades"]),
            subject=row["subject"] or None,
            abbreviations=tuple(_listed(row["abbreviations"])),
            source=row["source"],
            page=self._page(number, row["page"]),
            note=row["note"],
            uri=row["uri"],
        )

    def _kind(self, number: int, text: str) -> ItemKind:
        if text in _KINDS:
            return _KINDS[text]
        allowed = ", ".join(_KINDS)
        self.refuse(number, f"Loại “{shortened(text)}” không có; chỉ nhận {FRAMEWORK}, {allowed}.")
        return ItemKind.GROUP

    def _grades(self, number: int, text: str) -> tuple[int, ...]:
        grades: set[int] = set()
        for part in _listed(text.replace(";", "|").replace(",", "|")):
            found = _GRADES.fullmatch(part)
            if found is None:
                self.refuse(number, f"Không hiểu lớp “{shortened(part)}”; ví dụ đúng: 6 hoặc 6|7.")
                continue
            first, last = int(found[1]), int(found[2] or found[1])
            grades.update(range(first, last + 1))
        return tuple(sorted(grades))

    def _page(self, number: int, text: str) -> int | None:
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        self.refuse(number, f"Số trang “{shortened(text)}” không phải là số.")
        return None

    def _associate(self, number: int, origin: str, text: str) -> None:
        for part in _listed(text):
            name, _, destination = part.partition(" ")
            if name in _ASSOCIATIONS and destination:
                kind = _ASSOCIATIONS[name]
                self.associations.append(AssociationRecord(origin, kind, destination))
            else:
                self.refuse(
                    number,
                    f"Không hiểu liên kết “{shortened(part)}”; ví dụ đúng: exact_match lop-6.toan.",
                )


def _decoded(data: bytes) -> str:
    if len(data) > SIZE_LIMIT:
        raise _refused(f"Tệp quá lớn: tối đa {SIZE_LIMIT // 1024 // 1024} MB.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(f"Tệp dùng bảng mã UTF-16. {_SAVE_AS_UTF8}")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _refused(f"Đây là tệp bảng tính, không phải CSV. {_SAVE_AS_UTF8}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            f"Chữ không phải bảng mã UTF-8 (có thể là Windows-1258). {_SAVE_AS_UTF8}", row
        ) from None


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows that hold anything, each with its number in the file and every column's cleaned text."""
    if "\x00" in text:
        raise _refused("Tệp có byte 0, không phải văn bản CSV.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] | None = None
    try:
        for number, cells in enumerate(reader, start=1):
            cleaned = [_cleaned(cell, number) for cell in cells]
            if not any(cleaned) or (header is None and cleaned[0].startswith("sep=")):
                continue
            if header is None:
                header = _header(number, cleaned)
                continue
            if number > ITEMS_LIMIT + 10:
                raise _refused(f"Tệp có quá nhiều dòng: tối đa {ITEMS_LIMIT}.", number)
            yield number, _named(header, cleaned)
    except csv.Error:
        raise _refused(_UNBALANCED, reader.line_num) from None
    if header is None:
        raise _refused("Tệp không có dòng nào.")


def _cleaned(cell: str, number: int) -> str:
    if len(cell) > CELL_LIMIT:
        raise _refused(_UNBALANCED, number)
    return _BLANKS.sub(" ", cell).strip()


def _delimiter(text: str) -> str:
    """The separator of the header row: Vietnamese Excel writes semicolons, some write tabs."""
    first = next((line for line in text.splitlines() if "kind" in line.lower()), "")
    return max(",;\t", key=first.count)


def _header(number: int, names: list[str]) -> list[str]:
    header = [name.lower() for name in names]
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        raise _refused(
            f"Thiếu cột {', '.join(missing)}: đây không phải bảng chương trình của Kho. "
            f"Các cột được dùng: {', '.join(COLUMNS)}.",
            number,
        )
    strange = [name for name in header if name and name not in COLUMNS]
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if strange or twice:
        named = ", ".join(shortened(name) for name in (strange + twice)[:10])
        raise _refused(
            f"Cột lạ hoặc lặp lại: {named}. Các cột được dùng: {', '.join(COLUMNS)}.", number
        )
    return header


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))
    return row | {_SURPLUS: "".join(cells[len(header) :])}


def _framework(row: dict[str, str]) -> FrameworkRecord:
    return FrameworkRecord(
        code=row["code"],
        title=row["title"],
        language=row["language"] or "vi",
        publisher=row["publisher"],
        version=row["version"],
        source=row["source"],
        uri=row["uri"],
    )


def _listed(text: str) -> Iterator[str]:
    return (part for part in (piece.strip() for piece in text.split("|")) if part)


def _refused(sentence: str, row: int | None = None) -> CurriculumInvalid:
    return CurriculumInvalid([Problem(sentence, row=row)])


def _framework_row(framework: FrameworkRecord) -> dict[str, str]:
    return {
        "code": framework.code,
        "kind": FRAMEWORK,
        "title": framework.title,
        "source": framework.source,
        "uri": framework.uri,
        "language": framework.language,
        "publisher": framework.publisher,
        "version": framework.version,
    }


def _item_row(item: ItemRecord, outgoing: list[str]) -> dict[str, str]:
    return {
        "code": item.code,
        "parent": item.parent or "",
        "kind": item.kind,
        "title": item.title,
        "grades": "|".join(map(str, item.grades)),
        "subject": item.subject or "",
        "abbreviations": "|".join(item.abbreviations),
        "source": item.source,
        "page": "" if item.page is None else str(item.page),
        "note": item.note,
        "uri": item.uri,
        "associations": "|".join(outgoing),
    }
