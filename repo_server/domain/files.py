"""Which files Kho takes, under which names, and what it calls them.

The table `FILE_KINDS` is the allow list: what is not in it is refused. A file's kind is decided by
three witnesses, because each errs alone: its extension, libmagic, and our own look at the
structure. Where the limits come from is told in docs/decisions/0005-confined-inspection.md.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30
DEFAULT_MAX_SIZE: Final = 5 * GIB

# Rules for every file of the zip family, held before any content is read.
ZIP_MAX_ENTRIES: Final = 10_000
ZIP_MAX_TOTAL: Final = 1 * GIB
ZIP_MAX_RATIO: Final = 50
ZIP_RATIO_FLOOR: Final = 64 * MIB
"""Below this many unpacked bytes any ratio is harmless: blank slides pack 1,000 to 1."""

MAX_PIXELS: Final = 40_000_000
"""Width x height x frames of a picture."""

MAX_PAGES: Final = 5_000
"""Pages of one PDF that are read; a school book has 200 to 400."""

NAME_MAX_BYTES: Final = 180


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file that is taken.

    `extensions` start with the preferred one, lower case and without dot; a package may come as a
    plain zip, too. `short` names it where there is little room, "" where its extension does.
    `magic_types` are the media types that libmagic may give it. `inline` says whether a browser may
    show it in place (everything else is a download); `text` whether text is expected in it.
    """

    code: str
    label: str
    group: str
    extensions: tuple[str, ...]
    media_type: str
    magic_types: frozenset[str]
    inline: bool = False
    text: bool = False
    max_size: int = 500 * MIB
    short: str = ""

    @property
    def mark(self) -> str:
        """What stands on a small badge: "pdf", "SCORM 1.2"."""
        return self.short or self.extensions[0]


def _kind(
    code: str,
    label: str,
    group: str,
    extensions: str,
    media_type: str,
    magic_types: str = "",
    *,
    inline: bool = False,
    text: bool = False,
    max_size: int = 500 * MIB,
    short: str = "",
) -> FileKind:
    names = frozenset(magic_types.split()) | {media_type}
    endings = tuple(extensions.split())
    return FileKind(code, label, group, endings, media_type, names, inline, text, max_size, short)


_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_OLE2: Final = (
    "application/CDFV2 application/x-ole-storage application/vnd.ms-office application/msword "
    "application/vnd.ms-excel application/vnd.ms-powerpoint"
)
_ZIP: Final = "application/zip"
_MP4: Final = "video/mp4 audio/mp4 audio/x-m4a video/x-m4v video/quicktime video/3gpp"

_TABLE: Final = (
    _kind("pdf", "Tài liệu PDF", "document", "pdf", "application/pdf", inline=True, text=True),
    _kind("docx", "Tài liệu Word", "document", "docx", f"{_OOXML}wordprocessingml.document",
          text=True),
    _kind("odt", "Văn bản OpenDocument", "document", "odt", f"{_ODF}text", text=True),
    _kind("rtf", "Văn bản RTF", "document", "rtf", "application/rtf", "text/rtf", text=True,
          max_size=100 * MIB),
    _kind("doc", "Tài liệu Word cũ", "document", "doc", "application/msword", _OLE2),
    _kind("epub", "Sách điện tử EPUB", "document", "epub", "application/epub+zip", text=True),
    _kind("html", "Trang web", "document", "html htm", "text/html", text=True,
          max_size=50 * MIB),
    _kind("odg", "Bản vẽ OpenDocument", "document", "odg", f"{_ODF}graphics", text=True),
    _kind("pptx", "Bài trình chiếu PowerPoint", "slides", "pptx ppsx",
          f"{_OOXML}presentationml.presentation", f"{_OOXML}presentationml.slideshow",
          text=True),
    _kind("odp", "Bài trình chiếu OpenDocument", "slides", "odp", f"{_ODF}presentation",
          text=True),
    _kind("ppt", "Bài trình chiếu PowerPoint cũ", "slides", "ppt pps",
          "application/vnd.ms-powerpoint", _OLE2),
    _kind("xlsx", "Bảng tính Excel", "sheet", "xlsx", f"{_OOXML}spreadsheetml.sheet", text=True),
    _kind("ods", "Bảng tính OpenDocument", "sheet", "ods", f"{_ODF}spreadsheet", text=True),
    _kind("xls", "Bảng tính Excel cũ", "sheet", "xls", "application/vnd.ms-excel", _OLE2),
    _kind("csv", "Bảng dữ liệu CSV", "sheet", "csv tsv", "text/csv", text=True,
          max_size=50 * MIB),
    _kind("jpeg", "Ảnh JPEG", "image", "jpg jpeg jfif", "image/jpeg", inline=True,
          max_size=100 * MIB),
    _kind("png", "Ảnh PNG", "image", "png apng", "image/png", "image/apng image/vnd.mozilla.apng",
          inline=True, max_size=100 * MIB),
    _kind("webp", "Ảnh WebP", "image", "webp", "image/webp", inline=True, max_size=100 * MIB),
    _kind("gif", "Ảnh GIF", "image", "gif", "image/gif", inline=True, max_size=100 * MIB),
    _kind("avif", "Ảnh AVIF", "image", "avif avifs", "image/avif", "image/avif-sequence",
          inline=True, max_size=100 * MIB),
    _kind("heic", "Ảnh HEIC", "image", "heic heif", "image/heic",
          "image/heif image/heic-sequence image/heif-sequence", max_size=100 * MIB),
    _kind("bmp", "Ảnh BMP", "image", "bmp dib", "image/bmp", "image/x-ms-bmp",
          max_size=100 * MIB),
    _kind("tiff", "Ảnh TIFF", "image", "tif tiff", "image/tiff", max_size=200 * MIB),
    _kind("svg", "Hình vẽ SVG", "image", "svg", "image/svg+xml", "text/xml application/xml",
          max_size=20 * MIB),
    _kind("mp3", "Âm thanh MP3", "audio", "mp3", "audio/mpeg", "audio/mpegapplication/octet-stream",
          inline=True, max_size=1 * GIB),
    _kind("m4a", "Âm thanh M4A", "audio", "m4a", "audio/mp4", _MP4, inline=True,
          max_size=1 * GIB),
    _kind("aac", "Âm thanh AAC", "audio", "aac", "audio/aac", "audio/x-hx-aac-adts", inline=True,
          max_size=1 * GIB),
    _kind("ogg", "Âm thanh Ogg", "audio", "ogg oga", "audio/ogg", "application/ogg video/ogg",
          inline=True, max_size=1 * GIB),
    _kind("opus", "Âm thanh Opus", "audio", "opus", "audio/ogg", "application/ogg audio/opus",
          inline=True, max_size=1 * GIB),
    _kind("wav", "Âm thanh WAV", "audio", "wav", "audio/wav", "audio/x-wav audio/vnd.wave",
          inline=True, max_size=1 * GIB),
    _kind("flac", "Âm thanh FLAC", "audio", "flac", "audio/flac", "audio/x-flac", inline=True,
          max_size=1 * GIB),
    _kind("mp4", "Video MP4", "video", "mp4 m4v", "video/mp4", _MP4, inline=True,
          max_size=5 * GIB),
    _kind("mov", "Video QuickTime", "video", "mov", "video/quicktime", _MP4, inline=True,
          max_size=5 * GIB),
    _kind("webm", "Video WebM", "video", "webm", "video/webm", "video/x-matroska", inline=True,
          max_size=5 * GIB),
    _kind("mkv", "Video Matroska", "video", "mkv", "video/x-matroska", "video/webm",
          max_size=5 * GIB),
    _kind("txt", "Văn bản thuần", "text", "txt", "text/plain", text=True, max_size=50 * MIB),
    _kind("md", "Văn bản Markdown", "text", "md markdown", "text/markdown", text=True,
          max_size=50 * MIB),
    _kind("vtt", "Phụ đề WebVTT", "text", "vtt", "text/vtt", text=True, max_size=20 * MIB),
    _kind("srt", "Phụ đề SRT", "text", "srt", "application/x-subrip", text=True,
          max_size=20 * MIB),
    _kind("ipynb", "Sổ tay Jupyter", "document", "ipynb", "application/x-ipynb+json",
          "application/json", text=True, max_size=50 * MIB),
    _kind("zip", "Tệp nén ZIP", "archive", "zip", "application/zip", max_size=5 * GIB),
    _kind("h5p", "Học liệu tương tác H5P", "package", "h5p zip", "application/vnd.h5p+zip", _ZIP,
          max_size=1 * GIB),
    _kind("scorm12", "Gói SCORM 1.2", "package", "zip", _ZIP, max_size=1 * GIB,
          short="SCORM 1.2"),
    _kind("scorm2004", "Gói SCORM 2004", "package", "zip", _ZIP, max_size=1 * GIB,
          short="SCORM 2004"),
    _kind("cmi5", "Gói cmi5", "package", "zip", _ZIP, max_size=1 * GIB, short="cmi5"),
    _kind("imscc", "Gói Common Cartridge", "package", "imscc zip",
          "application/vnd.ims.imsccv1p3", _ZIP, max_size=1 * GIB),
    _kind("imscp", "Gói nội dung IMS", "package", "zip", _ZIP, max_size=1 * GIB, short="IMS CP"),
    _kind("qti", "Bộ câu hỏi QTI", "package", "xml zip", "application/xml", f"text/xml {_ZIP}",
          max_size=500 * MIB, short="QTI"),
    _kind("mbz", "Bản sao lưu Moodle", "package", "mbz zip", "application/vnd.moodle.backup",
          f"application/gzip application/x-gzip {_ZIP}", max_size=1 * GIB),
    _kind("site", "Gói trang web (HTML)", "package", "zip", _ZIP, max_size=1 * GIB,
          short="HTML (zip)"),
    _kind("ggb", "Hình động GeoGebra", "package", "ggb zip", "application/vnd.geogebra.file", _ZIP),
    _kind("sb3", "Dự án Scratch 3", "package", "sb3 zip", "application/x.scratch.sb3", _ZIP),
    _kind("sb2", "Dự án Scratch 2", "package", "sb2 zip", "application/x.scratch.sb2", _ZIP),
    _kind("sb", "Dự án Scratch 1", "package", "sb", "application/x.scratch.sb"),
    _kind("elp", "Dự án eXeLearning", "package", "elp elpx zip", "application/vnd.exelearning.elp",
          _ZIP, max_size=1 * GIB),
)  # fmt: skip

FILE_KINDS: Final[dict[str, FileKind]] = {kind.code: kind for kind in _TABLE}

ZIP_FAMILY: Final = frozenset(
    code
    for code, kind in FILE_KINDS.items()
    if kind.group in ("archive", "package") and code != "sb"
) | frozenset(["docx", "odt", "epub", "odg", "pptx", "odp", "xlsx", "ods"])
TEXT_FAMILY: Final = frozenset(
    ["html", "csv", "txt", "md", "vtt", "srt", "ipynb", "rtf", "svg", "qti"]
)
"""Kinds whose bytes are text, so that libmagic's guess about the language says little."""

DRAWN_KINDS: Final = frozenset(["svg", "heic", "bmp", "tiff"])
"""Pictures that browsers do not show, or must not: people see what Kho draws of them."""

MACRO_EXTENSIONS: Final = frozenset(
    ["docm", "dotm", "pptm", "potm", "ppsm", "sldm", "ppam", "xlsm", "xltm", "xlam", "xlsb"]
)

ACCEPTED_SUMMARY: Final = (
    "PDF, Word (docx, doc), PowerPoint (pptx, ppt), Excel (xlsx, xls), OpenDocument (odt, odp, "
    "ods, odg), RTF, EPUB, HTML, Markdown, TXT, CSV, ảnh (JPG, PNG, WebP, GIF, HEIC, AVIF, BMP, "
    "TIFF, SVG), âm thanh (MP3, M4A, AAC, OGG, OPUS, WAV, FLAC), video (MP4, MOV, WebM, MKV), phụ "
    "đề (VTT, SRT), Jupyter, GeoGebra, Scratch, H5P, SCORM, cmi5, Common Cartridge, IMS, QTI, "
    "Moodle, eXeLearning và ZIP"
)

REASONS: Final[dict[str, str]] = {
    "ok": "",
    "empty": "Tệp rỗng, không có nội dung nào. Hãy kiểm tra rồi gửi lại tệp gốc.",
    "unknown_type": (
        "Kho chưa nhận loại tệp này. Hãy lưu lại thành một trong các loại được nhận: "
        + ACCEPTED_SUMMARY
        + "."
    ),
    "wrong_extension": (
        "Tên tệp có đuôi “{extension}” nhưng nội dung lại là {found}. Hãy kiểm tra xem có gửi "
        "nhầm tệp không, hoặc đổi lại đúng đuôi rồi gửi lại."
    ),
    "contradiction": (
        "Không xác định chắc chắn được loại của tệp: đuôi tệp nói “{extension}” nhưng nội dung "
        "giống {found}. Hãy mở tệp bằng phần mềm soạn thảo, lưu lại rồi gửi."
    ),
    "encrypted": (
        "Tệp được bảo vệ bằng mật khẩu nên người khác không mở được. Hãy bỏ mật khẩu rồi gửi lại."
    ),
    "macro": (
        "Tệp có chứa macro (mã lệnh tự chạy), có thể gây hại cho máy người mở. Hãy lưu lại thành "
        "{advice} rồi gửi lại."
    ),
    "bomb": (
        "Tệp bung ra quá lớn so với kích thước thật ({detail}), có thể làm treo máy người mở. "
        "Hãy tạo lại tệp từ bản gốc."
    ),
    "too_many_pixels": (
        "Ảnh quá lớn ({detail}); tối đa 40 triệu điểm ảnh tính cả các khung hình. Hãy thu nhỏ ảnh "
        "rồi gửi lại."
    ),
    "traversal": (
        "Tệp nén chứa đường dẫn không an toàn (“{detail}”). Hãy nén lại chỉ gồm các tệp của bạn."
    ),
    "duplicate_names": (
        "Tệp nén có hai mục trùng tên (“{detail}”) nên không biết mục nào là thật. Hãy nén lại."
    ),
    "unsupported_compression": (
        "Tệp nén dùng cách nén mà Kho không đọc được (“{detail}”). Hãy nén lại theo kiểu ZIP "
        "thông thường."
    ),
    "damaged": (
        "Tệp bị hỏng hoặc tải lên chưa trọn vẹn ({detail}). Hãy mở thử trên máy của bạn, lưu lại "
        "rồi gửi lại."
    ),
    "active_content": (
        "Tệp mang nội dung hoạt động không được phép ({detail}). Hãy lưu lại từ phần mềm soạn "
        "thảo rồi gửi lại."
    ),
    "bad_package": (
        "{label} không dùng được: {detail}. Hãy mở bằng phần mềm đã tạo ra nó, sửa rồi xuất lại cả "
        "gói."
    ),
    "program_inside": (
        "Trong gói có chương trình chạy trên máy (“{detail}”), có thể gây hại cho người mở. Hãy bỏ "
        "tệp đó ra, nén lại rồi gửi lại."
    ),
    "too_complex": (
        "Tệp làm bộ đọc quá tải ({detail}). Hãy tách thành các tệp nhỏ hơn hoặc lưu lại đơn giản "
        "hơn rồi gửi lại."
    ),
    "too_large": (
        "Tệp quá lớn: loại “{label}” nhận tối đa {limit}. Hãy tách thành các tệp nhỏ hơn hoặc giảm "
        "chất lượng hình, tiếng rồi gửi lại."
    ),
}
"""Verdict → the sentence that a teacher reads. Keys are stable codes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which kind a file is, or why it is refused; `reason` is "" when `code` is "ok"."""

    code: str
    kind: str = ""
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the three witnesses agree."""
        return self.code == "ok"


_PAGES: Final = frozenset(["svg", "html", "qti"])
"""Kinds that a browser would open as a page of the site: HTML, and XML that may become HTML."""


def served_type(kind: str, media_type: str) -> str:
    """The type under which a file's own bytes are handed out: nobody's file is a page of ours."""
    return "application/octet-stream" if kind in _PAGES else media_type


def drawn_pages(kind: str, page_count: int | None) -> int:
    """How many pages of a file people can look at as pictures that Kho draws."""
    if kind in DRAWN_KINDS:
        return 1
    return page_count or 0 if kind == "pdf" else 0


_IGNORANT: Final = frozenset({"", "application/octet-stream", "text/plain"})
_ALL_MAGIC: Final = frozenset(name for kind in _TABLE for name in kind.magic_types)
_PROGRAMS: Final = frozenset(
    [
        "application/x-dosexec",
        "application/vnd.microsoft.portable-executable",
        "application/x-executable",
        "application/x-pie-executable",
        "application/x-sharedlib",
        "application/x-mach-binary",
        "application/java-archive",
        "application/x-java-applet",
        "application/x-msi",
    ]
)
_BY_EXTENSION: Final[dict[str, FileKind]] = {
    extension: kind for kind in reversed(_TABLE) for extension in kind.extensions
}
"""The first kind of the table that names an extension has it: "zip" is a plain ZIP."""


def kind_of_extension(extension: str) -> FileKind | None:
    """The kind that claims this extension (without dot, any case), or None."""
    return _BY_EXTENSION.get(extension.lower())


def extension_of(name: str) -> str:
    """The last extension of a file name in lower case without dot; "" when there is none.

    A leading dot starts a hidden name, not an extension, and nothing longer than ten characters
    or with a space in it is one (“Bài 3. Phân số”).
    """
    stem, dot, extension = name.strip().rstrip(".").rpartition(".")
    if not dot or not stem or len(extension) > 10 or not extension.isalnum():
        return ""
    return extension.lower()


def stem(name: str) -> str:
    """A file name without its extension."""
    extension = extension_of(name)
    return name[: -len(extension) - 1] if extension else name


def refusal(code: str, **details: object) -> Verdict:
    """The verdict `code` with its sentence filled in."""
    return Verdict(code, "", REASONS[code].format(**details))


def macro_advice(extension: str) -> str:
    """The macro-free format to save as, read by people."""
    if extension.startswith(("x", "X")):
        return "Excel không macro (.xlsx)"
    if extension.startswith(("p", "P", "sld")):
        return "PowerPoint không macro (.pptx)"
    return "Word không macro (.docx)"


def decide(extension: str, magic_type: str, structure: str) -> Verdict:
    """Hear the three witnesses and name the kind, or refuse.

    `extension` is lower case without dot ("" when the name has none); `magic_type` what libmagic
    says; `structure` the kind that our own look at the bytes found: a key of `FILE_KINDS`, "text"
    for text of no particular format, or "" when nothing known was found.

    Content decides and the extension must agree with it, except among text formats, which only
    their extension tells apart. libmagic may be ignorant (a re-zipped docx is a bare zip to it)
    but must not contradict.
    """
    if extension in MACRO_EXTENSIONS:
        return refusal("macro", advice=macro_advice(extension))
    claimed = kind_of_extension(extension)
    if magic_type in _PROGRAMS:
        program = refusal("wrong_extension", extension=extension, found="một chương trình")
        return program if claimed else refusal("unknown_type")
    if structure == "":
        wrong = "nội dung không đúng cấu trúc của {}"
        return (
            refusal("damaged", detail=wrong.format(claimed.label))
            if claimed
            else refusal("unknown_type")
        )
    if structure in ("text", "html"):
        return _decide_text(extension, claimed, structure)
    return _decide_binary(extension, claimed, magic_type, FILE_KINDS[structure])


def _decide_text(extension: str, claimed: FileKind | None, structure: str) -> Verdict:
    if structure == "html" and extension == "":
        return Verdict("ok", "html")
    if claimed is None:
        return refusal("unknown_type")
    if claimed.code == "qti":
        return refusal("unknown_type")  # XML of another dialect
    if claimed.code in TEXT_FAMILY - {"ipynb", "rtf", "svg"}:
        return Verdict("ok", claimed.code)
    found = "một trang web (HTML)" if structure == "html" else "văn bản thuần"
    return refusal("wrong_extension", extension=extension, found=found)


def _decide_binary(
    extension: str, claimed: FileKind | None, magic_type: str, found: FileKind
) -> Verdict:
    same = extension == "" or extension in found.extensions
    if claimed and (found.code, claimed.code) in _SAME_CONTAINER:
        found, same = claimed, True
    if not same and found.code in TEXT_FAMILY and claimed and claimed.code in ("txt", "md"):
        # Notes about RTF, SVG or notebooks are still notes.
        return Verdict("ok", claimed.code)
    if not same:
        return refusal("wrong_extension", extension=extension, found=found.label)
    if found.code in TEXT_FAMILY or not _contradicts(magic_type, found):
        return Verdict("ok", found.code)
    return refusal("contradiction", extension=extension or found.extensions[0], found=magic_type)


def _contradicts(magic_type: str, found: FileKind) -> bool:
    """Whether libmagic is sure of something else, which is more than not to know."""
    if magic_type in found.magic_types or magic_type in _IGNORANT:
        return False
    if found.code in ZIP_FAMILY and magic_type == "application/zip":
        return False
    return magic_type.startswith("text/") or magic_type in _ALL_MAGIC


_SAME_CONTAINER: Final = frozenset(
    {(found, claimed) for found in ("mp4", "m4a", "mov") for claimed in ("mp4", "m4a", "mov")}
    | {("opus", "ogg"), ("ogg", "opus"), ("webm", "mkv")}
)
"""(found, claimed): one container under several extensions, where the extension may choose."""

_RESERVED: Final = frozenset(
    [
        *("con", "prn", "aux", "nul", "conin$", "conout$", "clock$"),
        # Windows takes the raised digits of Latin-1 for digits here.
        *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"),
    ]
)
_FORBIDDEN: Final = frozenset('<>:"|?*')


def clean_filename(name: str) -> str:
    """The name under which a file is kept and handed out; never empty.

    NFC; folders before the name dropped (both slashes); control, bidirectional and zero-width
    characters dropped; what Windows forbids replaced by “-” and its reserved names marked; at most
    `NAME_MAX_BYTES` bytes of UTF-8 with the extension kept.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    # "C" is control, format (bidirectional and zero-width), private use, surrogate, unassigned.
    visible = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    spaced = "".join(" " if c.isspace() else c for c in visible)
    safe = "".join("-" if c in _FORBIDDEN else c for c in spaced)
    tidy = " ".join(safe.split()).rstrip(". ")
    if not tidy.strip(".- "):
        tidy = "tep"
    if tidy.partition(".")[0].rstrip().lower() in _RESERVED:
        tidy = f"tep-{tidy}"
    return _shorten(tidy)


def _shorten(name: str) -> str:
    if len(name.encode()) <= NAME_MAX_BYTES:
        return name
    extension = extension_of(name)
    tail = f".{name[-len(extension) :]}" if extension else ""
    room = NAME_MAX_BYTES - len(tail.encode())
    stem = name[: len(name) - len(tail)].encode()[:room].decode("utf-8", "ignore")
    return stem.rstrip(". ") + tail


def readable_size(size: int) -> str:
    """A size in bytes as Vietnamese people write it: “1,5 MB”."""
    amount, unit = float(size), "byte"
    for larger in ("KB", "MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    digits = f"{amount:.1f}" if amount < 100 else f"{amount:.0f}"
    return f"{digits.removesuffix('.0').replace('.', ',')} {unit}"


def size_refusal(kind: str, size: int) -> Verdict | None:
    """The refusal of a file that is larger than its kind may be, or None."""
    entry = FILE_KINDS[kind]
    if size <= entry.max_size:
        return None
    return refusal("too_large", label=entry.label, limit=readable_size(entry.max_size))
