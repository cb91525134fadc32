"""Archives that are bombs, lead outwards, tell two stories or are locked."""

import gzip
import stat
import tarfile
import unicodedata
import zlib
from dataclasses import dataclass
from functools import cache

from tests.inspection import package_samples as make
from tests.inspection.corpus.base import MIB, Rows
from tests.inspection.samples import (
    Member,
    epub,
    ole2,
    open_document,
    pdf,
    raw_zip,
    relations,
    zipped,
)


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


def bombs() -> Rows:

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


def outward_names() -> Rows:
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


def pair(one: str, other: str) -> bytes:
    return raw_zip(Member(name=one.encode()), Member(name=other.encode(), data=b""))


def two_faced_archives() -> Rows:

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


def locked() -> Rows:
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
