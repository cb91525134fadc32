"""Text of Excel workbooks (ECMA-376 part 1, §18): cells by row, sheet by sheet."""

from collections.abc import Callable
from typing import Final

from repo_server.inspection.archives import Archive
from repo_server.inspection.documents.ooxml import Package, open_package
from repo_server.inspection.findings import Findings
from repo_server.inspection.xml_events import Attributes, TextGatherer, XmlEvents

_MAX_STRINGS: Final = 1_000_000


class _Sheets(XmlEvents):
    """workbook.xml: (name, relation id) of each sheet in the order of the tabs."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        """Keep sheets."""
        if name == "sheet":
            self.rows.append((attributes.get("name", ""), attributes.get("r:id", "")))


class _SharedStrings(TextGatherer):
    """sharedStrings.xml: every string once; cells name them by number."""

    skipping = frozenset({"rPh"})
    after: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, stop: Callable[[int], bool]) -> None:
        super().__init__(stop)
        self.strings: list[str] = []
        self._kept = 0

    def end(self, name: str) -> None:
        """A string item is complete."""
        super().end(name)
        if name == "si":
            self.strings.append(self.take())
            self._kept += len(self.strings[-1])

    def stop(self) -> bool:
        """Enough strings for any text that could be kept."""
        return len(self.strings) > _MAX_STRINGS or self._stop(self._kept + self.characters)


class _Cells(XmlEvents):
    """One sheet: values of a row separated by tabs, rows by line breaks.

    The cells of a big sheet repeat a few long strings, so what is gathered is bounded here too.
    """

    skipping = frozenset({"rPh", "f"})

    def __init__(self, strings: list[str], stop: Callable[[int], bool]) -> None:
        self.parts: list[str] = []
        self._strings = strings
        self._stop = stop
        self._type = ""
        self._value: list[str] = []
        self._reading = False
        self._characters = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """Note a cell's type and where its value begins."""
        if name == "c":
            self._type = attributes.get("t", "n")
            self._value.clear()
        self._reading = name in ("v", "t")

    def end(self, name: str) -> None:
        """Add the cell, or end the row."""
        self._reading = False
        if name == "c" and self._value:
            value = self._shown("".join(self._value))
            self._characters += len(value)
            self.parts += [value, "\t"]
        elif name == "row":
            self.parts.append("\n")

    def text(self, data: str) -> None:
        """Keep a value's characters."""
        if self._reading:
            self._value.append(data)

    def stop(self) -> bool:
        """As the reader of the file says."""
        return self._stop(self._characters)

    def _shown(self, value: str) -> str:
        if self._type != "s":
            return value
        number = int(value) if value.isdecimal() and len(value) < 10 else -1
        return self._strings[number] if 0 <= number < len(self._strings) else ""


def read_workbook(archive: Archive, findings: Findings) -> None:
    """One segment per sheet, labelled with the name on its tab."""
    package = open_package(archive, findings)
    main = package.main_part()
    sheets = _Sheets()
    package.gather(main, sheets)
    strings = _shared_strings(package, main, findings)
    relations = package.relations(main)
    findings.page_count = len(sheets.rows)
    for number, (name, key) in enumerate(sheets.rows, 1):
        if findings.enough():
            break
        kind, part, _ = relations.get(key, ("", "", False))
        if kind == "worksheet" and archive.has(part):
            cells = _Cells(strings, findings.enough)
            package.gather(part, cells)
            findings.add(f"Trang tính {name[:80]}", "".join(cells.parts), number)


def _shared_strings(package: Package, main: str, findings: Findings) -> list[str]:
    reader = _SharedStrings(findings.enough)
    for part in package.related(main, "sharedStrings"):
        package.gather(part, reader)
    return reader.strings
