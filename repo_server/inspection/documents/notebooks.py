"""Jupyter notebooks (nbformat 3 and 4): text and code of the cells, without their results."""

import json
import re
from typing import Any, Final

from repo_server.inspection.base import Part, Refused
from repo_server.inspection.documents.texts import READ_LIMIT, decode_text
from repo_server.inspection.findings import Findings, Source, one_line, sensible_title

_HEADING: Final = re.compile(r"^(#{1,3})\s+(.+?)\s*#*\s*$", re.M)
_NOTES: Final = {"markdown": "Lời văn", "code": "Mã lệnh", "raw": "Văn bản thô"}


def read_notebook(source: Source, findings: Findings) -> None:
    """One segment per cell that is not empty, headings as parts, the first heading as title."""
    try:
        notebook = json.loads(decode_text(source.whole(READ_LIMIT))[0])
        sheets = notebook.get("worksheets", [notebook])
        cells = [_cell(cell) for sheet in sheets for cell in sheet["cells"]]
        about = notebook.get("metadata") or {}
        title = about.get("title") or ""
        authors = [author.get("name", "") for author in about.get("authors") or []]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("damaged", detail="không đúng cấu trúc sổ tay Jupyter") from error
    headings: list[tuple[int, str]] = []
    for number, (kind, text) in enumerate(cells, 1):
        findings.add(f"Ô {number} ({_NOTES.get(kind, 'Ô khác').lower()})", text, number)
        if kind == "markdown":
            headings += [
                (len(marks) - 1, words) for marks, words in _HEADING.findall(text[:20_000])
            ]
    findings.declare(title=str(title), creator=", ".join(map(str, authors)))
    findings.title = findings.title or next(
        (named for _, words in headings if (named := sensible_title(words))), None
    )
    findings.list_parts(Part(one_line(words, 200), depth) for depth, words in headings)


def _cell(cell: dict[str, Any]) -> tuple[str, str]:
    """(kind, text) of a cell; nbformat 3 calls the text of code "input"."""
    text = cell.get("source", cell.get("input", ""))
    kind = str(cell["cell_type"])
    return kind, text if isinstance(text, str) else "".join(text)
