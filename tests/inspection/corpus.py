"""The project's own malicious files: twelve families, each file made when it is asked for.

Harm is inert: programs are empty, addresses lead nowhere, markers are words.
"""

import gzip
import io
import json
import random
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image

from tests.inspection import package_samples as make
from tests.inspection.samples import (
    Member,
    box,
    epub,
    mp3,
    mp4,
    office,
    ole2,
    open_document,
    paragraph,
    pdf,
    raw_zip,
    relations,
    wav,
    word,
    workbook,
    zipped,
)

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """A file, the verdict that it deserves, and words that its warning or reason must hold."""

    family: str
    name: str
    data: Callable[[], bytes]
    verdict: str
    says: str = ""

    @property
    def id(self) -> str:
        """How pytest names it."""
        return f"{self.family}: {self.name}"


def corpus() -> list[Case]:
    """Every file of every family."""
    return [
        Case(family.__name__.removeprefix("_").replace("_", " "), *row)
        for family in FAMILIES
        for row in family()
    ]


@cache
def _packed_zeros() -> bytes:
    deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
    return deflater.compress(bytes(65 * MIB)) + deflater.flush()


@dataclass
class Zeros(Member):
    """65 MB of zeros in some kilobytes."""

    size: int | None = 65 * MIB
    crc: int | None = 0

    @property
    def packed(self) -> bytes:
        return _packed_zeros()


Rows = Iterator[tuple[object, ...]]


def _bombs() -> Rows:
    def nested() -> bytes:
        inner = zipped({"0.txt": bytes(2 * MIB)})
        for _ in range(3):
            inner = zipped({f"{n}.zip": inner for n in range(10)})
        return inner

    def quoted() -> bytes:
        inner = raw_zip(Member(name=b"b", data=b"y" * 50))[:36]
        outer = Member(name=b"a", data=inner + bytes(60), method=0)
        return raw_zip(outer, Member(name=b"b", data=b"y" * 50, header_at=31))

    def lying(limit: int) -> bytes:
        parts = {"word/document.xml": b"<x>" + b" " * (5 * MIB) + b"</x>"}
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        types = f"<Types><Override PartName='/word/document.xml' ContentType='{kind}'/></Types>"
        rels = relations(("officeDocument", "word/document.xml"))
        names = {"[Content_Types].xml": types.encode(), "_rels/.rels": rels.encode(), **parts}
        members = [Member(name=name.encode(), data=data) for name, data in names.items()]
        members[-1].size = limit
        return raw_zip(*members)

    yield "long-nhau.zip", nested, "ok", "tệp nén lồng nhau"
    yield "ti-le.zip", lambda: raw_zip(Zeros()), "bomb"
    yield "ti-le.docx", lambda: raw_zip(Zeros(name=b"word/document.xml")), "bomb"
    yield "ti-le.h5p", lambda: raw_zip(Zeros(name=b"content/content.json")), "bomb"
    yield (
        "nhieu-nho.zip",
        lambda: raw_zip(*(Member(name=b"%d" % n, size=MIB) for n in range(70))),
        "bomb",
    )
    yield (
        "khai-10-gb.zip",
        lambda: raw_zip(*(Member(name=b"%d" % n, size=5 << 28) for n in range(8))),
        "bomb",
    )
    yield "trich-dan.zip", quoted, "bomb"
    yield (
        "chong-lap.zip",
        lambda: raw_zip(
            Member(name=b"a", data=bytes(9999)),
            *(Member(name=b"a%d" % n, data=bytes(9999), header_at=0) for n in range(50)),
        ),
        "damaged",
    )
    yield "noi-doi.docx", lambda: lying(1000), "bomb"
    yield (
        "muoi-nghin-mot.zip",
        lambda: raw_zip(*(Member(name=b"%d" % n, data=b"", method=0) for n in range(10_001))),
        "bomb",
    )
    yield "tar-bom.mbz", lambda: make.moodle_tar(files={"files/bom": bytes(70 * MIB)}), "bomb"
    yield (
        "tar-nhieu.mbz",
        lambda: make.moodle_tar(files={f"files/{n}": b"" for n in range(10_001)}),
        "bomb",
    )


def _outward_names() -> Rows:
    bad = {"len": b"../x", "sau": b"a/../../x", "goc": b"/etc/passwd", "o-dia": b"C:/x"}
    bad |= {"nguoc": b"..\\x", "rong": b"", "nul": b"a\0b", "chi-cham": b".."}
    for name, path in bad.items():
        yield f"{name}.zip", lambda path=path: raw_zip(Member(name=path)), "traversal"
    for ending in ("docx", "odt", "epub", "h5p", "imscc", "ggb", "sb3", "mbz"):
        yield f"thoat.{ending}", lambda: raw_zip(Member(name=b"../../thoat")), "traversal"
    for kind, mode in (
        ("lien-ket", stat.S_IFLNK),
        ("thiet-bi", stat.S_IFCHR),
        ("ong", stat.S_IFIFO),
    ):
        yield (
            f"{kind}.zip",
            lambda mode=mode: raw_zip(Member(made_by=3, mode=mode | 0o777)),
            "traversal",
        )
    for tar_kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo("x")
        info.type, info.linkname = tar_kind, "/etc/passwd"
        yield f"tar-{tar_kind.decode()}.mbz", lambda info=info: make.moodle_tar(info), "traversal"
    yield "tar-len.mbz", lambda: make.moodle_tar(tarfile.TarInfo("../../x")), "traversal"
    yield "sach-tro-ra.epub", lambda: epub(["x"], root="../../etc/passwd"), "traversal"
    outside = "<resource identifier='r' href='../../etc/passwd'/>"
    said = make.manifest("", ("ADL SCORM", "1.2"), outside, "")
    yield "muc-luc-tro-ra.zip", lambda: zipped({"imsmanifest.xml": said}), "traversal"


def _two_faced_archives() -> Rows:
    def pair(one: str, other: str) -> bytes:
        return raw_zip(Member(name=one.encode()), Member(name=other.encode(), data=b""))

    yield "trung-ten.zip", lambda: pair("a.txt", "a.txt"), "duplicate_names"
    yield "hoa-thuong.zip", lambda: pair("Bài.txt", "bÀI.TXT"), "duplicate_names"
    nfd = unicodedata.normalize("NFD", "Tế bào")
    yield "to-hop.zip", lambda: pair("Tế bào", nfd), "duplicate_names"
    yield "tep-va-thu-muc.zip", lambda: pair("a", "a/"), "duplicate_names"
    yield "ten-khac.zip", lambda: raw_zip(Member(local_name=b"xxx.txt")), "damaged"
    yield "cach-khac.zip", lambda: raw_zip(Member(local_method=0)), "damaged"
    yield "truoc-zip.zip", lambda: raw_zip(Member(), prefix=bytes(32)), "damaged"
    yield "nhieu-phan.zip", lambda: raw_zip(Member(), disks=1), "damaged"
    yield "sai-tong.docx", lambda: raw_zip(Member(name=b"[Content_Types].xml", crc=1)), "damaged"
    for method in (1, 6, 9, 12, 14, 93, 95, 99):
        yield (
            f"cach-nen-{method}.zip",
            lambda m=method: raw_zip(Member(method=m)),
            "unsupported_compression",
        )
    yield "thua-sau-gzip.mbz", lambda: make.moodle_tar() + b"rac", "damaged"
    yield (
        "thua-sau-tar.mbz",
        lambda: gzip.compress(make.tar_of(make.moodle_files()) + b"x" * 2000),
        "damaged",
    )
    yield (
        "trung-trong-tar.mbz",
        lambda: make.moodle_tar(tarfile.TarInfo("COURSE/course.xml")),
        "duplicate_names",
    )


def _locked() -> Rows:
    secret = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"11" * 32
    secret += b"> /U <" + b"22" * 32 + b"> >> /ID [<00><00>] /Root 1 0 R"
    yield "mat-khau.pdf", lambda: pdf("x").replace(b"/Root 1 0 R", secret), "encrypted"
    for flags in (1, 1 << 6, 1 << 13):
        yield f"co-{flags}.zip", lambda f=flags: raw_zip(Member(flags=f)), "encrypted"
    locked = ("docx", "pptx", "xlsx")
    for ending in locked:
        yield f"mat-khau.{ending}", lambda: ole2("EncryptionInfo", "EncryptedPackage"), "encrypted"
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    parts = {"META-INF/manifest.xml": manifest}
    yield "mat-khau.odt", lambda: open_document("text", "<office:text/>", parts), "encrypted"
    rights = "<encryption><EncryptedData><EncryptionMethod Algorithm='urn:x'/></EncryptedData>"
    book = {"META-INF/encryption.xml": rights + "</encryption>", "META-INF/container.xml": "<x/>"}
    yield "khoa-ban-quyen.epub", lambda: zipped(book), "encrypted"


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x">%a;]>'


def _entities() -> Rows:
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


def _office_that_acts() -> Rows:
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


def png(width: int = 8, height: int = 8) -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()


EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(44) + b"\x40\0\0\0PE\0\0" + bytes(300)
ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\x3e\0\1\0\0\0" + bytes(200)


def _disguised() -> Rows:
    yield "hinh.png", lambda: pdf("x"), "wrong_extension"
    yield "tai-lieu.docx", png, "wrong_extension"
    yield "bang.xlsx", lambda: b"ten,diem\nAn,9\n", "wrong_extension"
    yield "index.php.jpg", lambda: b"<?php echo 1;", "wrong_extension"
    yield "bai.zip", lambda: word(paragraph("x")), "wrong_extension"
    yield "chay.exe", lambda: pdf("x"), "wrong_extension"
    yield "bai.ppt", lambda: ole2("WordDocument"), "wrong_extension"
    yield "virus.scr.pdf", lambda: EXE, "wrong_extension"
    yield "chuong-trinh.exe", lambda: EXE, "unknown_type"
    yield "chuong-trinh", lambda: ELF, "unknown_type"
    yield "phim.mp4", lambda: b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "wrong_extension"
    yield "anh.jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(/tmp/x) (w) file\n", "wrong_extension"
    yield "html-truoc.pdf", lambda: b"<script>alert(1)</script>" + pdf("x"), "active_content"
    yield "rac-truoc.pdf", lambda: b"rac" + pdf("x"), "damaged"
    yield "gif-va-js.gif", lambda: b"GIF89a/*\0\0*/=1;alert(1)//", "damaged"
    yield "jpg-co-php.jpg", lambda: jpeg_with(b"<?php system('x');?>"), "ok"
    yield "zip-sau-png.png", lambda: png() + zipped({"a": "b"}), "ok"
    yield "cau-hinh.htaccess", lambda: b"AddType application/x-httpd-php .jpg", "unknown_type"
    yield "macro.hta", lambda: b"<script>1</script>", "unknown_type"
    yield "khong-duoi", lambda: word(paragraph("x")), "ok", "không có đuôi"
    yield "thu\u202efdp.exe", lambda: pdf("x"), "wrong_extension"
    yield "bai.pdf.", lambda: pdf("x"), "ok"
    yield "A" * 300 + ".pdf", lambda: pdf("x"), "ok"
    yield "bom.7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(40), "unknown_type"
    yield "sau.json", lambda: b"[" * 100_000 + b"]" * 100_000, "unknown_type"


def jpeg_with(comment: bytes) -> bytes:
    """A JPEG that carries a comment."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "blue").save(out, "JPEG", comment=comment)
    return out.getvalue()


def _large_pictures() -> Rows:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    def png_head(width: int, height: int) -> bytes:
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        )

    def frames(count: int) -> bytes:
        """Tiny frames that say that they fill a thousand by a hundred pixels each."""
        frame = b"," + struct.pack("<HHHHB", 0, 0, 1000, 100, 0) + b"\2\2\x4c\1\0"
        return (
            b"GIF89a"
            + struct.pack("<HHBBB", 1000, 100, 0x80, 0, 0)
            + bytes(6)
            + frame * count
            + b";"
        )

    def webp(form: bytes) -> bytes:
        body = b"WEBP" + form.ljust(40, b"\0")
        return b"RIFF" + len(body).to_bytes(4, "little") + body

    def bmp(width: int, height: int) -> bytes:
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        return b"BM" + struct.pack("<IHHI", 54 + len(head), 0, 0, 54) + head

    def tiff(width: int, height: int) -> bytes:
        tags = [
            (256, 4, width),
            (257, 4, height),
            (258, 3, 8),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, 8),
        ]
        rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        return b"II*\0" + struct.pack("<IH", 8, len(tags)) + rows + bytes(4)

    vp8x = b"VP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0"
    yield "169-trieu.png", lambda: png_head(13_000, 13_000), "too_many_pixels", "13000 x 13000"
    yield "hai-ti.png", lambda: png_head(2**31 - 1, 2**31 - 1), "too_many_pixels"
    yield "dai.png", lambda: png_head(100_000, 1_000), "too_many_pixels"
    yield "khong-rong.png", lambda: png_head(0, 10), "damaged"
    yield "nhieu-khung.gif", lambda: frames(401), "too_many_pixels"
    large = struct.pack("<HH", 65535, 65535)
    begun = b"," + bytes(4) + large + b"\0\2\2\x4c\1\0;"
    yield "lon.gif", lambda: b"GIF89a" + large + b"\0\0\0" + begun, "too_many_pixels"
    yield "lon.webp", lambda: webp(vp8x), "too_many_pixels"
    yield "lon.bmp", lambda: bmp(50_000, 50_000), "too_many_pixels"
    yield "lon.tiff", lambda: tiff(60_000, 60_000), "too_many_pixels"
    yield "cut.heic", lambda: box(b"ftyp", b"heic", bytes(4), b"mif1heic"), "damaged"
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{0}'>{1}</svg>"
    yield "khong-lo.svg", lambda: svg.format(900_000_000, "").encode(), "ok"
    yield (
        "long-sau.svg",
        lambda: svg.format(9, "<g>" * 20_000 + "</g>" * 20_000).encode(),
        "too_complex",
    )
    yield (
        "lay-tep.svg",
        lambda: svg.format(9, "<image href='/etc/passwd'/>").encode(),
        "ok",
        "từ nơi khác",
    )


def _broken_off() -> Rows:
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(noise, "PNG")
    wholes = {
        "hinh.png": noise.getvalue(),
        "phim.mp4": mp4(),
        "bai.docx": word(paragraph("x" * 2000)),
        "bai.pdf": pdf("x" * 800),
        "sach.epub": epub(["<p>a</p>" * 50]),
        "goi.zip": make.scorm(),
        "hoc.h5p": make.h5p(),
        "luu.mbz": make.moodle_tar(),
        "hinh.ggb": make.geogebra(),
        "bai.odt": open_document("text", "<office:text/>"),
        "cu.doc": ole2("WordDocument", "Data"),
    }
    for name, whole in wholes.items():
        yield f"nua-{name}", lambda w=whole: w[: len(w) // 2], "damaged"
    yield "khong-muc-luc.mp4", lambda: box(b"ftyp", b"isom0000isom"), "damaged"
    yield "chi-the.mp3", lambda: b"ID3\4\0\0\0\0\1\0" + bytes(128), "damaged"
    yield "rong.pdf", lambda: b"", "empty"
    yield "chi-bom.txt", lambda: b"\xef\xbb\xbf", "empty"
    yield "trang.md", lambda: b" \n\t ", "empty"
    yield "mot-byte.bin", lambda: b"\1", "unknown_type"
    chance = random.Random(7)
    for name, whole in (("doi.wav", wav()), ("doi.mp3", mp3())):
        yield (
            name,
            lambda w=whole: bytes(
                chance.randrange(256) if n > 60 else b for n, b in enumerate(w[:5000])
            ),
            "ok",
        )


def _pages_that_act() -> Rows:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink'>{}</svg>"
    acting = {
        "script": "<script>window.__xss=1</script>",
        "onload": "<g onload='window.__xss=1'/>",
        "lien-ket": "<a x:href=' java\nscript:alert(1)'><g/></a>",
        "khung": "<iframe src='x'/>",
        "html": "<foreignObject><body onload='x' xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        "du-lieu": "<a x:href='data:text/html,x'/>",
        "doi-thuoc-tinh": "<set attributeName='href' to='javascript:alert(1)'/>",
        "nhung": "<embed src='x'/>",
    }
    for name, inside in acting.items():
        yield f"{name}.svg", lambda i=inside: svg.format(i).encode(), "active_content"
    pages = {
        "script.html": "<script>alert(1)</script>",
        "dau.html": "<!doctype html><p>x</p><script src='http://127.0.0.1:9/x.js'></script>",
    }
    for name, text in pages.items():
        yield name, lambda t=text: t.encode(), "ok", "mã lệnh"
    yield "ssrf.html", lambda: b"<img src='http://127.0.0.1:9/a.png'><p>x</p>", "ok"
    yield "html-trong.md", lambda: b"# A\n<img src=x onerror=alert(1)>", "ok"
    yield "html-trong.csv", lambda: b"a,<script>alert(1)</script>\n", "ok"
    yield (
        "script.pdf",
        lambda: pdf("x").replace(
            b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"
        ),
        "ok",
        "JavaScript",
    )
    yield (
        "mo-chuong-trinh.pdf",
        lambda: pdf("x").replace(
            b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /Launch /F (cmd.exe) >>"
        ),
        "active_content",
    )
    yield (
        "giau-script.pdf",
        lambda: packed_action(b"<< /S /JavaScript /JS (x) >>"),
        "ok",
        "JavaScript",
    )
    yield (
        "giau-chuong-trinh.pdf",
        lambda: packed_action(b"<< /S /Launch /F (cmd.exe) >>"),
        "active_content",
    )
    launch = b"<< /S/Launch /F (x.exe) >>"
    link = b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A " + launch + b" >>]"
    yield (
        "lien-ket-chay.pdf",
        lambda: pdf("x").replace(
            b"/Contents",
            link + b" /Contents",
        ),
        "active_content",
    )
    yield "ma-lenh.ggb", lambda: make.geogebra("ggbApplet.setValue('a', 1)"), "ok", "mã lệnh"


def packed_action(action: bytes) -> bytes:
    """A PDF with an action out of sight, in a packed object stream."""
    packed = zlib.compress(b"9 0 " + action)
    stream = b"8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n"
    return pdf("x").replace(
        b"xref\n", stream % len(packed) + packed + b"\nendstream\nendobj\nxref\n", 1
    )


def _broken_packages() -> Rows:
    unit, course = make.unit, make.course_structure
    yield "sai.h5p", lambda: make.h5p("{"), "bad_package", "h5p.json"
    yield "thieu-ten.h5p", lambda: make.h5p(make.h5p_manifest(title=None)), "bad_package", "title"
    yield "sai-noi-dung.h5p", lambda: make.h5p(content="};"), "bad_package", "content.json"
    wrong = {f"{make.LIBRARY}/library.json": "{}"}
    yield "sai-thu-vien.h5p", lambda: make.h5p(files=wrong), "bad_package", "library.json"
    yield "thu-muc-la.h5p", lambda: make.h5p(files={"la!/x.js": ""}), "bad_package", "thư viện"
    deep = json.dumps(make.h5p_manifest())[:-1] + ',"x":' + "[" * 50_000 + "]" * 50_000 + "}"
    yield "sau.h5p", lambda: make.h5p(deep), "too_complex"
    yield "sai-muc-luc.zip", lambda: zipped({"imsmanifest.xml": "<manifest>"}), "bad_package"
    yield (
        "sau-muc-luc.zip",
        lambda: zipped({"imsmanifest.xml": "<manifest>" + "<a>" * 2000}),
        "too_complex",
    )
    long = "<manifest>" + "<a/>" * 100_001 + "</manifest>"
    yield "dai-muc-luc.zip", lambda: zipped({"imsmanifest.xml": long}), "too_complex"
    yield "trung-ma.zip", lambda: make.cmi5(course(units=unit() + unit())), "bad_package", "hai lần"
    yield "khong-kem.xml", lambda: course().encode(), "bad_package", "không kèm bài"
    yield "sai.mbz", lambda: zipped({"moodle_backup.xml": "<x/>"}), "bad_package"
    yield "khong-san-khau.sb3", lambda: make.scratch([]), "bad_package"
    yield "khong-json.sb3", lambda: zipped({"project.json": '{"targets"'}), "bad_package"
    yield "sai.ipynb", lambda: b'{"cells": [1, 2]}', "damaged"
    for ending in ("exe", "bat", "lnk", "hta", "scr", "jar", "vbs", "ps1"):
        yield f"kem-{ending}.zip", lambda e=ending: zipped({f"bai/x.{e}": ""}), "program_inside"
    yield "kem.imscc", lambda: make.scorm(files={"chay.EXE": "MZ"}), "wrong_extension"
    yield "scorm-kem.zip", lambda: make.scorm(files={"chay.EXE": "MZ"}), "program_inside"
    yield "kem.mbz", lambda: make.moodle_tar(files={"files/x.msi": b""}), "program_inside"
    yield "co-nguoi.mbz", lambda: make.moodle(users=True), "ok", "học sinh"


def _encodings() -> Rows:
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


FAMILIES: tuple[Callable[[], Rows], ...] = (
    _bombs,
    _outward_names,
    _two_faced_archives,
    _locked,
    _entities,
    _office_that_acts,
    _disguised,
    _large_pictures,
    _broken_off,
    _pages_that_act,
    _broken_packages,
    _encodings,
)
