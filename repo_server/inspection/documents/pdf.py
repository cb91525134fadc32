"""PDF through PDFium: text page by page, and pages as pictures.

PDFium is not safe for threads; each file has a process of its own, so it need not be.
"""

import contextlib
import ctypes
import itertools
import os
import re
import zlib
from collections.abc import Iterator

from pypdfium2 import PdfDocument, PdfiumError, PdfPage  # type: ignore[import-untyped]
from pypdfium2.raw import (  # type: ignore[import-untyped]
    FPDF_LINK,
    PDFACTION_LAUNCH,
    FPDFAction_GetType,
    FPDFDoc_GetAttachmentCount,
    FPDFDoc_GetJavaScriptActionCount,
    FPDFLink_Enumerate,
    FPDFLink_GetAction,
)

from repo_server.domain.files import MAX_PAGES
from repo_server.inspection.base import Refused, RenderedImage
from repo_server.inspection.findings import Findings, Source
from repo_server.inspection.images.pictures import BOX, encode

_KEYWORDS = re.compile(r"[,;\n]")
_LAUNCH = re.compile(rb"/S\s*/Launch\b")
_SCRIPT = re.compile(rb"/S\s*/JavaScript\b")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b[^>]{0,300}>>\s*stream\r?\n")
_MAX_STREAMS = 500
_STREAM_LIMIT = 1 << 20
_UNPACKED_LIMIT = 16 << 20
_MAX_LINKS = 2_000
_IN_MEMORY = 32 << 20
_WRONG_PASSWORD = 4
_MAX_RENDERED = 12_000_000
_MAX_SIDE = 10_000  # WebP ends at 16,383

# A page with one letter of a typeface inside it: for any other PDFium would look at the system's.
_SAMPLE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R
/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F 24 Tf 72 720 Td (a  aa aaaa aa a) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]
/CharProcs<</a 6 0 R>>/Encoding<</Type/Encoding/Differences[97/a]>>
/FirstChar 97/LastChar 97/Widths[1]/Resources<<>>>>endobj
6 0 obj<</Length 27>>stream
1 0 0 0 1 1 d1 0 0 1 1 re f
endstream endobj
trailer<</Root 1 0 R>>
"""


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


def read_pdf(source: Source, document: PdfDocument, findings: Findings) -> PdfPage | None:
    """Number of pages, title and the text of each page; returns the first page, if it can be read.

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
    _warn_of_extras(source, document, findings)
    failed, first = 0, None
    for number in range(min(findings.page_count, MAX_PAGES)):
        if findings.enough():
            break
        try:
            page = document[number]
            _check_links(page)
            text = page.get_textpage()
            findings.add(f"Trang {number + 1}", text.get_text_range(), number + 1)
            text.close()
            if number:
                page.close()
            else:
                first = page  # loading it once more for its picture would cost as much as its text
        except PdfiumError:
            failed += 1
    if failed == findings.page_count:
        raise Refused("damaged", detail="không đọc được trang nào")
    if failed:
        findings.warn(f"Không đọc được {failed} trang.")
    return first


def _warn_of_extras(source: Source, document: PdfDocument, findings: Findings) -> None:
    """Say what a PDF brings besides pages. No viewer of Kho runs or opens any of it.

    PDFium tells of scripts and attachments of the document; what hangs on pages and fields is
    looked for in the bytes. Refused when it starts programs.
    """
    scripts = False
    for data in _readable_parts(source.whole(_IN_MEMORY)):
        if _LAUNCH.search(data):
            raise Refused("active_content", detail="lệnh mở chương trình khác")
        scripts = scripts or _SCRIPT.search(data) is not None
    if scripts or FPDFDoc_GetJavaScriptActionCount(document) > 0:
        findings.warn("PDF có mã lệnh (JavaScript): mã đó không chạy khi xem trong Kho.")
    attached = FPDFDoc_GetAttachmentCount(document)
    if attached > 0:
        findings.warn(
            f"PDF có {attached} tệp đính kèm bên trong: Kho không mở các tệp đó, nên gửi riêng."
        )


def _readable_parts(data: bytes) -> Iterator[bytes]:
    """The file's bytes, then what its packed object streams hold, as far as is reasonable."""
    yield data
    left = _UNPACKED_LIMIT
    for found in itertools.islice(_OBJECT_STREAM.finditer(data), _MAX_STREAMS):
        with contextlib.suppress(zlib.error):
            unpacked = zlib.decompressobj().decompress(
                data[found.end() : found.end() + _STREAM_LIMIT], left
            )
            left -= len(unpacked)
            yield unpacked
        if left <= 0:
            return


def _check_links(page: PdfPage) -> None:
    """Refused when a link on this page would start a program."""
    at, link = ctypes.c_int(0), FPDF_LINK()
    for _ in range(_MAX_LINKS):
        if not FPDFLink_Enumerate(page, ctypes.byref(at), ctypes.byref(link)):
            return
        if FPDFAction_GetType(FPDFLink_GetAction(link)) == PDFACTION_LAUNCH:
            raise Refused("active_content", detail="liên kết mở chương trình khác")


def render_thumbnail(document: PdfDocument, first: PdfPage | None) -> RenderedImage:
    """The first page inside the thumbnail's box; `first` is that page where it is loaded."""
    page = first or document[0]
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
    """Read and draw a page of our own, so that children find all of it started and in memory.

    What a child touches first is loaded or copied for it alone, memory page by memory page.
    """
    handle = os.memfd_create("kho-sample", os.MFD_CLOEXEC)
    try:
        os.write(handle, _SAMPLE)
        source, findings = Source(handle), Findings("pdf")
        document = open_pdf(source)
        render_thumbnail(document, read_pdf(source, document, findings))
        findings.inspection()
        document.close()
    finally:
        os.close(handle)
