"""Files of every kind, made by hand so that a test knows each byte."""

import io
import struct
import wave
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

SENTENCE = "Học sinh biết so sánh hai phân số khác mẫu và quy đồng mẫu số."


def pdf(*pages: str, size: tuple[int, int] = (595, 842)) -> bytes:
    """A PDF whose font maps codes to the same Unicode letters: no font file is needed."""
    objects: list[bytes] = []
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Same def "
        b"/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange "
        b"1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end"
    )
    objects += [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Same /Encoding /Identity-H "
        b"/DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Same /DW 500 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        _stream(cmap),
    ]
    for number, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents "
            f"{7 + 2 * number} 0 R /Resources << /Font << /F 3 0 R >> >> >>".encode()
        )
        lines = "".join(f"<{line.encode('utf-16-be').hex()}> Tj T* " for line in text.split("\n"))
        objects.append(_stream(f"BT /F 12 Tf 14 TL 50 780 Td {lines}ET".encode()))
    return _pdf_file(objects)


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


def _pdf_file(objects: list[bytes]) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n" % (len(objects) + 1))
    out.write(b"%d\n%%%%EOF\n" % table)
    return out.getvalue()


def zipped(files: Mapping[str, str | bytes], *, first: Mapping[str, bytes] | None = None) -> bytes:
    """An honest ZIP; `first` are stored uncompressed at its beginning."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (first or {}).items():
            archive.writestr(name, data, zipfile.ZIP_STORED)
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@dataclass
class Member:
    """One entry of a hand-made ZIP; every field may lie."""

    name: bytes = b"bai.txt"
    data: bytes = b"noi dung"
    method: int = 8
    flags: int = 0
    size: int | None = None
    made_by: int = 0
    mode: int = 0
    header_at: int | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    crc: int | None = None

    @property
    def packed(self) -> bytes:
        if self.method != 8:
            return self.data
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.data) + deflater.flush()


def raw_zip(*members: Member, prefix: bytes = b"", disks: int = 0) -> bytes:
    """A ZIP with exactly these headers."""
    body = bytearray(prefix)
    rows = bytearray()
    for member in members:
        packed = member.packed
        size = len(member.data) if member.size is None else member.size
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        at = len(body) if member.header_at is None else member.header_at
        if member.header_at is None:
            name = member.name if member.local_name is None else member.local_name
            method = member.method if member.local_method is None else member.local_method
            sizes = (crc, len(packed), size, len(name), 0)
            body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, member.flags, method, 0, 0, *sizes)
            body += name + packed
        head = (b"PK\1\2", member.made_by << 8 | 20, 20, member.flags, member.method, 0, 0)
        tail = (crc, len(packed), size, len(member.name), 0, 0, 0, 0, member.mode << 16, at)
        rows += struct.pack("<4s6H3L5H2L", *head, *tail) + member.name
    count = len(members)
    end = struct.pack("<4s4H2LH", b"PK\5\6", disks, 0, count, count, len(rows), len(body), 0)
    return bytes(body + rows + end)


_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOC_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def office(main: str, content_type: str, files: Mapping[str, str | bytes]) -> bytes:
    """An Office package around its main part."""
    types = (
        f'<?xml version="1.0"?><Types xmlns="{_TYPES}"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/{main}" '
        f'ContentType="{content_type}"/></Types>'
    )
    rows = [("officeDocument", main)]
    if "docProps/core.xml" in files:
        rows.append(("core-properties", "docProps/core.xml"))
    if "docProps/thumbnail.jpeg" in files:
        rows.append(("thumbnail", "docProps/thumbnail.jpeg"))
    return zipped({"[Content_Types].xml": types, "_rels/.rels": relations(*rows), **files})


def relations(*rows: tuple[str, str], external: bool = False) -> str:
    """A .rels part; ids are r1, r2 …"""
    mode = ' TargetMode="External"' if external else ""
    inside = "".join(
        f'<Relationship Id="r{n}" Type="{_DOC_RELS}/{kind}" Target="{target}"{mode}/>'
        for n, (kind, target) in enumerate(rows, 1)
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_RELS}">{inside}</Relationships>'


def word(body: str, files: Mapping[str, str | bytes] | None = None, *, head: str = "") -> bytes:
    """A .docx with this body XML (prefix w)."""
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document xmlns:w="{_WORD}" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<w:body>{body}</w:body></w:document>"
    )
    kind = f"{_OFFICE}.wordprocessingml.document.main+xml"
    return office("word/document.xml", kind, {"word/document.xml": xml, **(files or {})})


def paragraph(text: str) -> str:
    """One paragraph of WordprocessingML."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def workbook(sheets: Mapping[str, str], strings: list[str]) -> bytes:
    """An .xlsx: sheet name → rows XML; `strings` are the shared ones."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    names = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
    )
    rows = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    files: dict[str, str | bytes] = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_DOC_RELS}"><sheets>{names}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(*rows, ("sharedStrings", "sharedStrings.xml")),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>',
    }
    for n, data in enumerate(sheets.values(), 1):
        files[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'
        )
    return office("xl/workbook.xml", f"{_OFFICE}.spreadsheetml.sheet.main+xml", files)


_ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"'
)


def open_document(
    media_type: str, body: str, files: Mapping[str, str | bytes] | None = None
) -> bytes:
    """An OpenDocument file with this body XML."""
    content = (
        f"<office:document-content {_ODF}><office:body>{body}</office:body>"
        "</office:document-content>"
    )
    meta = (
        f"<office:document-meta {_ODF}><office:meta><dc:title>Phân số bằng nhau</dc:title>"
        "</office:meta></office:document-meta>"
    )
    full = f"application/vnd.oasis.opendocument.{media_type}".encode()
    parts = {"content.xml": content, "meta.xml": meta, **(files or {})}
    return zipped(parts, first={"mimetype": full})


def epub(chapters: list[str], *, root: str = "OEBPS/book.opf") -> bytes:
    """An EPUB with these XHTML bodies in order; files are named out of order on purpose."""
    items = "".join(
        f'<item id="c{n}" href="p{99 - n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": "<container "
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        f'<rootfiles><rootfile full-path="{root}"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Truyện cổ</dc:title>'
        f"<dc:language>vi</dc:language></metadata><manifest>{items}</manifest>"
        f"<spine>{spine}</spine></package>",
    }
    for n, body in enumerate(chapters):
        files[f"OEBPS/p{99 - n}.xhtml"] = (
            '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title>x</title></head><body>{body}</body></html>"
        )
    return zipped(files, first={"mimetype": b"application/epub+zip"})


def wav(seconds: float = 0.5) -> bytes:
    """Silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(8000 * seconds) * 2))
    return out.getvalue()


def mp3(seconds: int = 2) -> bytes:
    """Empty frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    return frame * round(seconds * 44_100 / 1152)


def box(name: bytes, *inside: bytes) -> bytes:
    """One box of an MP4 file."""
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), name) + body


def mp4(brand: bytes = b"isom", *, width: int = 640, height: int = 360) -> bytes:
    """An MP4 with an index that says 3.5 seconds and one track, and no frame."""
    header = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 3500) + bytes(80))
    track = box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16))
    return (
        box(b"ftyp", brand + bytes(4) + brand)
        + box(b"moov", header, box(b"trak", track))
        + box(b"mdat", b"frames")
    )


def ole2(*names: str) -> bytes:
    """A compound file with empty streams of these names at its top."""
    entries = [_ole2_entry("Root Entry", 5, child=1)]
    entries += [
        _ole2_entry(name, 2, right=n + 2 if n + 1 < len(names) else 0xFFFFFFFF)
        for n, name in enumerate(names)
    ]
    directory = b"".join(entries).ljust(1024, b"\0")
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<IIIII", header, 56, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 2, 0xFFFFFFFE, *[0xFFFFFFFF] * 125)
    return bytes(header) + table + directory


def _ole2_entry(name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    entry = bytearray(128)
    entry[: len(raw)] = raw
    struct.pack_into("<HBBIII", entry, 64, len(raw), kind, 1, 0xFFFFFFFF, right, child)
    return bytes(entry)
