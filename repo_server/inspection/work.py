"""What a confined child does with one file: identify, read, draw; then it ends.

The answer is written in two records, first what was found, then the picture, so that a file whose
drawing goes beyond the limits still comes in with its text.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from repo_server.domain.files import (
    FILE_KINDS,
    Verdict,
    decide,
    extension_of,
    size_refusal,
)
from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Inspection, Launches, MadeView, Refused, RenderedImage
from repo_server.inspection.confinement.wire import Job, Record, write_record
from repo_server.inspection.documents import pdf
from repo_server.inspection.documents.epub import epub_cover, epub_launches, read_epub
from repo_server.inspection.documents.notebooks import read_notebook
from repo_server.inspection.documents.ole2 import read_old_office, structure_of_ole2
from repo_server.inspection.documents.ooxml import embedded_thumbnail, read_slides, read_word
from repo_server.inspection.documents.opendocument import (
    OPEN_DOCUMENT_KINDS,
    open_document_thumbnail,
    read_open_document,
)
from repo_server.inspection.documents.reading import markdown_view, notebook_view
from repo_server.inspection.documents.rtf import read_rtf
from repo_server.inspection.documents.spreadsheets import read_workbook
from repo_server.inspection.documents.texts import read_text
from repo_server.inspection.documents.webpages import read_web_page
from repo_server.inspection.findings import Findings, Source
from repo_server.inspection.identify import (
    HEAD,
    LIBMAGIC,
    ask_magic,
    open_tar,
    signature_of,
    structure_of_bytes,
    structure_of_zip,
)
from repo_server.inspection.images import lettering, pictures
from repo_server.inspection.images.svg import draw_svg, read_svg, render_svg
from repo_server.inspection.media import films
from repo_server.inspection.media.captions import read_captions
from repo_server.inspection.packages.cmi5 import cmi5_launches, read_cmi5, refuse_bare_structure
from repo_server.inspection.packages.geogebra import geogebra_picture, read_geogebra
from repo_server.inspection.packages.h5p import read_h5p
from repo_server.inspection.packages.ims import ims_launches, read_ims
from repo_server.inspection.packages.moodle import is_moodle, read_moodle
from repo_server.inspection.packages.parts import check_programs
from repo_server.inspection.packages.questions import read_questions
from repo_server.inspection.packages.scratch import read_scratch
from repo_server.inspection.packages.sites import read_site, read_zip
from repo_server.inspection.tarballs import Tarball

__all__ = ["LIBMAGIC", "prepare", "run"]

_ARCHIVE_READERS: Final[dict[str, Callable[[Archive, Findings], None]]] = {
    "docx": read_word,
    "pptx": read_slides,
    "xlsx": read_workbook,
    "epub": read_epub,
    **dict.fromkeys(OPEN_DOCUMENT_KINDS, read_open_document),
    **dict.fromkeys(("scorm12", "scorm2004", "imscc", "imscp", "qti"), read_ims),
    **dict.fromkeys(("sb3", "sb2"), read_scratch),
    **dict.fromkeys(("site", "elp"), read_site),
    "cmi5": read_cmi5,
    "h5p": read_h5p,
    "mbz": read_moodle,
    "ggb": read_geogebra,
    "zip": read_zip,
}
_THUMBNAILS: Final[dict[str, Callable[[Archive], bytes | None]]] = {
    **dict.fromkeys(("docx", "pptx", "xlsx"), embedded_thumbnail),
    **dict.fromkeys(OPEN_DOCUMENT_KINDS, open_document_thumbnail),
    "epub": epub_cover,
    "ggb": geogebra_picture,
}
_SOURCE_READERS: Final[dict[str, Callable[[Source, Findings], None]]] = {
    "txt": read_text,
    "md": read_text,
    "csv": read_text,
    "vtt": read_captions,
    "srt": read_captions,
    "qti": read_questions,
    "ipynb": read_notebook,
    "html": read_web_page,
    "svg": read_svg,
    "rtf": read_rtf,
    **dict.fromkeys(("doc", "ppt", "xls"), read_old_office),
    **films.READERS,
}
_LAUNCHES: Final[dict[str, Callable[[Archive], Launches]]] = {
    **dict.fromkeys(("scorm12", "scorm2004", "imscc", "imscp"), ims_launches),
    "cmi5": cmi5_launches,
    "epub": epub_launches,
}
_VIEWS: Final[dict[str, Callable[[Source], str]]] = {
    "md": markdown_view,
    "ipynb": notebook_view,
}
_ffmpeg: Final[list[str]] = []
_PICTURES: Final = frozenset(pictures.PLUGINS)


def prepare(ffmpeg: str) -> None:
    """Load what every child needs, once, before any is forked."""
    pictures.prepare()
    pdf.prepare()
    _ffmpeg.append(ffmpeg)


def run(job: Job, file: int, answer: int) -> None:
    """Do one job on the open `file` and write its records to `answer`."""
    source = Source(file)
    try:
        if job.act in _ONE_RECORD:
            write_record(answer, _ONE_RECORD[job.act](job, source))
        elif job.act == "lighten":
            films.lighten("".join(_ffmpeg), source, job.kind, job.variant, answer)
        else:
            _inspect(job, source, answer)
    except Refused as refused:
        write_record(
            answer, Inspection(accepted=False, verdict=refused.verdict, reason=refused.reason)
        )
    except RecursionError:
        deep = Refused("too_complex", detail="cấu trúc lồng quá sâu")
        write_record(answer, Inspection(accepted=False, verdict=deep.verdict, reason=deep.reason))
    except (MemoryError, NameError, ImportError):
        # The first is a limit; the others are mistakes of ours, never the file's.
        raise
    except Exception as error:  # noqa: BLE001 whatever a decoder meets, the file is at fault
        failed = Refused("damaged", detail=f"bộ đọc báo lỗi {type(error).__name__}")
        write_record(
            answer, Inspection(accepted=False, verdict=failed.verdict, reason=failed.reason)
        )


def _inspect(job: Job, source: Source, answer: int) -> None:
    head = source.read(0, HEAD)
    signature = signature_of(head)
    archive: Archive | Tarball | None = None
    if signature in ("zip", "gzip"):
        archive = Archive(source) if signature == "zip" else open_tar(source, head)
    structure = _structure(source, head, signature, archive)
    verdict = decide(extension_of(job.name), ask_magic(head), structure)
    if verdict.accepted:
        verdict = size_refusal(verdict.kind, source.size) or verdict
    if not verdict.accepted:
        write_record(
            answer, Inspection(accepted=False, verdict=verdict.code, reason=verdict.reason)
        )
        return
    _read(job, source, archive, verdict, answer)


def _structure(
    source: Source, head: bytes, signature: str, archive: Archive | Tarball | None
) -> str:
    if isinstance(archive, Archive):
        return structure_of_zip(archive)
    if signature == "gzip":
        return "mbz" if archive is not None and is_moodle(archive) else ""
    if signature == "ole2":
        return structure_of_ole2(source)
    structure = signature or structure_of_bytes(source, head)
    if structure == "cmi5":
        raise refuse_bare_structure(source)
    return structure


def _read(
    job: Job,
    source: Source,
    archive: Archive | Tarball | None,
    verdict: Verdict,
    answer: int,
) -> None:
    findings = Findings(verdict.kind)
    picture: RenderedImage | None = None
    if extension_of(job.name) == "":
        label = FILE_KINDS[verdict.kind].label
        findings.warn(f"Tên tệp không có đuôi; nội dung được nhận ra là {label}.")
    if verdict.kind == "pdf":
        document = pdf.open_pdf(source)
        first = pdf.read_pdf(source, document, findings)
        write_record(answer, findings.inspection())
        picture = pdf.render_thumbnail(document, first) if job.thumbnail else None
    elif verdict.kind in _PICTURES:
        picture = pictures.read_picture(source, findings)
        write_record(answer, findings.inspection())
    else:
        _read_others(source, archive, findings)
        write_record(answer, findings.inspection())
        picture = _other_picture(source, archive, findings) if job.thumbnail else None
    if picture and job.thumbnail:
        write_record(answer, picture)


def _read_others(source: Source, archive: Archive | Tarball | None, findings: Findings) -> None:
    kind = findings.kind
    if archive is not None and FILE_KINDS[kind].group in ("archive", "package"):
        check_programs(archive.names)
    if isinstance(archive, Archive):
        findings.content = archive.content_digest()
        _ARCHIVE_READERS[kind](archive, findings)
    elif archive is not None:
        read_moodle(archive, findings)
    elif kind in _SOURCE_READERS:
        _SOURCE_READERS[kind](source, findings)


def _other_picture(
    source: Source, archive: Archive | Tarball | None, findings: Findings
) -> RenderedImage | None:
    """A picture that the file brings along, or one drawn of it; never a reason to refuse."""
    if archive is None:
        draw = draw_svg if findings.kind == "svg" else _poster
        return draw(source, findings)
    if findings.kind not in _THUMBNAILS or not isinstance(archive, Archive):
        return None
    with contextlib.suppress(Refused):
        data = _THUMBNAILS[findings.kind](archive)
        return pictures.thumbnail_of_bytes(data) if data else None
    return None


def _poster(source: Source, findings: Findings) -> RenderedImage | None:
    return films.poster("".join(_ffmpeg), source, findings)


def _recognize(job: Job, source: Source) -> Inspection:
    drawn = _render(replace(job, width=lettering.PAGE_WIDTH), source)
    found = lettering.recognize(job.variant, drawn, job.page)
    return Inspection(accepted=True, kind=job.kind, segments=(found,) if found else ())


def _render(job: Job, source: Source) -> RenderedImage:
    if job.kind == "pdf":
        return pdf.render_page(pdf.open_pdf(source), job.page, job.width)
    if job.kind in _PICTURES and job.page == 1:
        return pictures.render_picture(source, job.kind, job.width)
    if job.kind == "svg" and job.page == 1:
        return render_svg(source, job.width)
    raise Refused("damaged", detail="loại tệp này không có trang để vẽ")


def _launch(job: Job, source: Source) -> Launches:
    return _LAUNCHES[job.kind](Archive(source))


def _read_view(job: Job, source: Source) -> MadeView:
    return MadeView(_VIEWS[job.kind](source))


_ONE_RECORD: Final[dict[str, Callable[[Job, Source], Record]]] = {
    "render": _render,
    "recognize": _recognize,
    "launch": _launch,
    "read": _read_view,
}
