"""Files that the people of the journeys send: made here, real to every reader of them."""

import io
from pathlib import Path

from PIL import Image, ImageDraw

from tests.inspection.samples import office, paragraph, pdf, wav, word

_MACRO_MAIN = "application/vnd.ms-word.document.macroEnabled.main+xml"


def plan_docx() -> bytes:
    """A lesson plan."""
    lines = ("Bài 24. So sánh phân số", "Mục tiêu: so sánh được hai phân số khác mẫu.")
    return word("".join(map(paragraph, lines)))


def worksheet_pdf() -> bytes:
    """Two pages with text."""
    return pdf("Phiếu học tập: so sánh phân số", "Câu 2. Quy đồng mẫu số rồi so sánh.")


def scanned_pdf() -> bytes:
    """A page that is only a picture."""
    page = Image.new("L", (620, 877), 255)
    ImageDraw.Draw(page).rectangle((60, 60, 560, 120), fill=120)
    out = io.BytesIO()
    page.save(out, "PDF")
    return out.getvalue()


def macro_docm() -> bytes:
    """A document that carries a program."""
    body = f"<document>{paragraph('Chào')}</document>"
    return office("word/document.xml", _MACRO_MAIN, {"word/document.xml": body})


def broken_pdf() -> bytes:
    """The first half of a PDF."""
    whole = worksheet_pdf()
    return whole[: len(whole) // 3]


def long_wav(path: Path, mebibytes: int) -> Path:
    """A sound of that size, for an upload that takes its time."""
    path.write_bytes(wav(mebibytes * 2**20 / 16_000))
    return path
