"""Documents with entities, macros and commands, and texts in every encoding."""

import io
import unicodedata
import zipfile

from tests.inspection.corpus.base import Rows
from tests.inspection.samples import (
    Member,
    office,
    ole2,
    open_document,
    paragraph,
    raw_zip,
    relations,
    word,
    workbook,
    zipped,
)

BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x">%a;]>'


def entities() -> Rows:
    svg = 'xmlns="http://www.w3.org/2000/svg"'
    for label, head in (("bom", BOMB), ("ngoai", OUTSIDE), ("tham-so", PARAMETER)):
        sheet = {"xl/sharedStrings.xml": f"{head}<sst/>"}
        files = {
            f"{label}.docx": lambda h=head: word(paragraph("&a;"), head=h),
            f"{label}.xlsx": lambda s=sheet: zipped_over(workbook({"A": ""}, []), s),
            f"{label}.svg": lambda h=head: f"<?xml version='1.0'?>{h}<svg {svg}/>".encode(),
            f"{label}.odt": lambda h=head: open_document("text", "", {"content.xml": f"{h}<x/>"}),
            f"{label}.epub": lambda h=head: zipped({"META-INF/container.xml": f"{h}<x/>"}),
            f"{label}-scorm.zip": lambda h=head: zipped({"imsmanifest.xml": f"{h}<manifest/>"}),
            f"{label}-cmi5.zip": lambda h=head: zipped({"cmi5.xml": f"{h}<courseStructure/>"}),
            f"{label}.ggb": lambda h=head: zipped({"geogebra.xml": f"{h}<geogebra/>"}),
            f"{label}.mbz": lambda h=head: zipped({"moodle_backup.xml": f"{h}<moodle_backup/>"}),
        }
        for name, data in files.items():
            yield name, data, "active_content"
        said = f"<?xml version='1.0'?>{head}<assessmentItem/>"
        yield f"{label}-qti.xml", lambda s=said: s.encode(), "unknown_type"


def zipped_over(data: bytes, files: dict[str, str]) -> bytes:
    """An archive with some of its members replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, **files})


def office_that_acts() -> Rows:
    for ending in ("docm", "dotm", "pptm", "potm", "ppsm", "xlsm", "xlam", "xlsb"):
        yield f"macro.{ending}", lambda: word(paragraph("x")), "macro", "không macro"
    vba = {"word/vbaProject.bin": b"\xd0\xcf"}
    yield "giau-macro.docx", lambda: word(paragraph("x"), vba), "macro"
    main = "application/vnd.ms-word.document.macroEnabled.main+xml"
    body = {"word/document.xml": "<document/>"}
    yield "kieu-macro.docx", lambda: office("word/document.xml", main, body), "macro"
    xlm = {"xl/macrosheets/sheet1.xml": "<x/>"}
    yield "macro-4.xlsx", lambda: zipped_over(workbook({"A": ""}, []), xlm), "macro"
    basic = {"Basic/Standard/Module1.xml": "<x/>"}
    yield "basic.odt", lambda: open_document("text", "<office:text/>", basic), "macro"
    yield "cu.doc", lambda: ole2("WordDocument", "Macros"), "macro"
    for kind in ("attachedTemplate", "oleObject", "frame", "subDocument"):
        row = relations((kind, "http://127.0.0.1:9/mau.dotm"), external=True)
        part = {"word/_rels/settings.xml.rels": row}
        yield f"tai-{kind}.docx", lambda p=part: word(paragraph("x"), p), "active_content"
    share = relations(("attachedTemplate", "\\\\127.0.0.1\\x\\mau.dotm"), external=True)
    yield (
        "tai-may-khac.docx",
        lambda: word(paragraph("x"), {"word/_rels/s.xml.rels": share}),
        "active_content",
    )
    picture = relations(("image", "http://127.0.0.1:9/a.png"), external=True)
    yield (
        "hinh-tu-mang.docx",
        lambda: word(paragraph("x"), {"word/_rels/d.xml.rels": picture}),
        "ok",
        "lấy từ mạng",
    )
    field = "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>DDE</w:instrText></w:r>"
    field += "<w:r><w:instrText>AUTO c:\\x</w:instrText></w:r>"
    yield "dde.docx", lambda: word(f"<w:p>{field}</w:p>"), "active_content"
    yield (
        "dde-gon.docx",
        lambda: word("<w:p><w:fldSimple w:instr='DDE c:\\x'/></w:p>"),
        "active_content",
    )
    remote = '<w:r><w:instrText> INCLUDEPICTURE "http://127.0.0.1:9/a.png"</w:instrText></w:r>'
    yield "truong-tu-mang.docx", lambda: word(f"<w:p>{remote}</w:p>"), "ok", "lấy từ mạng"
    yield "tu-cap-nhat.rtf", lambda: rb"{\rtf1{\object\objupdate x}}", "active_content"
    dde = "<office:text><office:dde-source/></office:text>"
    yield "dde.odt", lambda: open_document("text", dde), "active_content"
    listener = "<office:text><event-listener href='vnd.sun.star.script:x'/></office:text>"
    yield "su-kien.odt", lambda: open_document("text", listener), "active_content"
    cells = '=HYPERLINK("http://127.0.0.1:9";A1),9\n@SUM(1),8\n'
    yield "cong-thuc.csv", lambda: cells.encode(), "ok", "công thức"


def encodings() -> Rows:
    sentence = "Học sinh biết so sánh hai phân số khác mẫu."
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield f"{encoding}.txt", lambda e=encoding: sentence.encode(e), "ok"
    nfd = unicodedata.normalize("NFD", sentence)
    yield "nfd.txt", lambda: nfd.encode(), "ok"
    yield (
        "tcvn3.txt",
        lambda: b"S\xe8 h\xe4c l\xdfp 6, b\xb5i ki\xd3m tra cu\xe8i n\xa8m h\xe4c.",
        "ok",
        "bảng mã",
    )
    for name in ("utf-7", "unicode_escape", "zip", "base64", "idna", "la"):
        page = f"<html><meta charset='{name}'><p>x\xe9</p></html>".encode("latin-1")
        yield f"khai-{name}.html", lambda p=page: p, "ok"
    yield "nhi-phan.txt", lambda: bytes(range(32)) * 9, "damaged"
    yield "nul.csv", lambda: b"a,b\0,c\n", "damaged"
    cp = "Đề số 1.txt".encode()
    yield (
        "ten-sai-ma.zip",
        lambda: raw_zip(Member(name=cp[:-6] + b"\xff\xfe", flags=1 << 11)),
        "damaged",
    )
    yield "ten-cp437.zip", lambda: raw_zip(Member(name=b"\x80\x90.txt")), "ok"
    yield "nhan-chu.vtt", lambda: b"WEBVTT\n\n00:01.000 --> 00:02.000\n<script>x</script>\n", "ok"
