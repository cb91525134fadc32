"""PDF through PDFium: text page by page, and pages as pictures.

PDFium is not safe for threads; each file has a process of its own, so it need not be.
"""

import re

from pypdfium2 import PdfDocument, PdfiumError, PdfPage  # type: ignore[import-untyped]

from repo_server.domain.files import MAX_PAGES
from repo_server.inspection.base import Refused, RenderedImage
from repo_server.inspection.findings import Findings, Source
from repo_server.inspection.images.pictures import BOX, encode

_KEYWORDS = re.compile(r"[,;\n]")
_IN_MEMORY = 32 << 20
_WRONG_PASSWORD = 4
_MAX_RENDERED = 12_000_000
_MAX_SIDE = 10_000  # WebP ends at 16,383


def open_pdf(source: Source) -> PdfDocument:
    """The document; Refused when it needs a password or cannot be opened."""
    # Reading from memory is faster; a large file would not fit under the limits.
    data = source.whole(_IN_MEMORY) if source.size <= _IN_MEMORY else source.stream()
    try:
        return PdfDocument(data)
    except PdfiumError as error:
        if error.err_code == _WRONG_PASSWORD:
            raise Refused("encrypted") from None
        raise Refused("damaged", detail="không mở được PDF") from error


def read_pdf(document: PdfDocument, findings: Findings) -> None:
    """Number of pages, title and the text of each page.

    A page that cannot be read is left out with a warning; a file without text says so by having
    no segment (a scan).
    """
    findings.page_count = len(document)
    if findings.page_count > MAX_PAGES:
        findings.truncated = True
    findings.declare(
        title=document.get_metadata_value("Title"),
        description=document.get_metadata_value("Subject"),
        creator=document.get_metadata_value("Author"),
        keywords=_KEYWORDS.split(document.get_metadata_value("Keywords")),
    )
    failed = 0
    for number in range(min(findings.page_count, MAX_PAGES)):
        if findings.enough():
            break
        try:
            page = document[number]
            text = page.get_textpage()
            findings.add(f"Trang {number + 1}", text.get_text_range(), number + 1)
            text.close()
            page.close()
        except PdfiumError:
            failed += 1
    if failed == findings.page_count:
        raise Refused("damaged", detail="không đọc được trang nào")
    if failed:
        findings.warn(f"Không đọc được {failed} trang.")


def render_thumbnail(document: PdfDocument) -> RenderedImage:
    """The first page inside the thumbnail's box."""
    page = document[0]
    width, height = page.get_size()
    return _render(page, min(BOX[0] / max(width, 1), BOX[1] / max(height, 1)))


def render_page(document: PdfDocument, number: int, width: int) -> RenderedImage:
    """Page `number` (from 1), `width` pixels wide; Refused when there is no such page."""
    if not 1 <= number <= len(document):
        raise Refused("damaged", detail=f"không có trang {number}")
    try:
        page = document[number - 1]
    except PdfiumError as error:
        raise Refused("damaged", detail=f"không đọc được trang {number}") from error
    # Half a pixel less, because PDFium rounds up.
    return _render(page, (width - 0.5) / max(page.get_width(), 1))


def _render(page: PdfPage, scale: float) -> RenderedImage:
    # A page may claim any size: what matters is how many pixels come out, both ways.
    width, height = page.get_size()
    scale = min(scale, _MAX_SIDE / max(width, height, 1))
    pixels = width * height * scale * scale
    if pixels > _MAX_RENDERED:
        scale *= (_MAX_RENDERED / pixels) ** 0.5
    try:
        bitmap = page.render(scale=scale, rev_byteorder=True)
        return encode(bitmap.to_pil())
    except (PdfiumError, ValueError, OSError) as error:
        raise Refused("damaged", detail="không vẽ được trang") from error


def prepare() -> None:
    """Touch the library so that its start is paid before children are forked."""
    document = PdfDocument.new()
    page = document.new_page(10, 10)
    page.render(scale=1)
    document.close()
