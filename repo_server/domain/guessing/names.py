"""File names as teachers write them, turned into words: what is no part of the subject is dropped.

Out go copy marks, dates, school years, addresses of web sites, and who made it: a teacher's or a
school's name is no title.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from repo_server.domain.files import stem
from repo_server.domain.guessing.repairs import repaired
from repo_server.domain.vietnamese import display, fold

_COPY: Final = re.compile(
    r"^(?:bản sao(?: của)?|ban sao(?: cua)?|copy of|sao chép|copy)\s*(?:\(\d+\)\s*of\s*)?[-–: ]*"
    r"|\s*[-–]?\s*(?:bản sao|ban sao|copy|sao chép)(?:\s*\(?\d*\)?)?$|\s*\(\d{1,3}\)(?=\s|$)"
    r"|\s*\[\d{1,3}\]$",
    re.IGNORECASE,
)
_YEARS: Final = re.compile(
    r"(?:\b(?:năm học|nam hoc|nh)\s*)?\b20\d\d\s*[-–_ ]\s*(?:20)?\d\d\b|\b(?:năm học|nam hoc)\b",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"\b\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*(?:20)?\d\d\b|\b20\d\d[-./]?[01]\d[-./]?[0-3]\d\b"
    r"|\b[0-3]\d[01]\d20\d\d\b|\bngày \d{1,2}(?: tháng \d{1,2}(?: năm \d{4})?)?\b|\b20[12]\d\b",
    re.IGNORECASE,
)
_SITE: Final = re.compile(
    r"\b(?:www\.)?[a-z0-9-]{3,}\.(?:com|vn|net|org|edu|info)(?:\.vn)?\b", re.IGNORECASE
)
_VERSION: Final = re.compile(
    r"(?:[\s(_-]+(?:final|finish|ok|oke|new|mới nhất|moi nhat|bản cuối|ban cuoi|hoàn chỉnh|"
    r"hoan chinh|đã sửa|da sua|sửa lại|sua lai|chỉnh sửa|chinh sua|nộp|bản in|ban in|chuẩn nhất|"
    r"v\d{1,2}(?:\.\d)?|ver\s?\d+|rev\d+)\)?)+$",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"^\d{1,2}\s*[.)]\s+(?=\D)|^\d{1,3}\s*[-–]\s+(?=\D)|^#\d+\s*")
_SCHOOL: Final = re.compile(
    r"(?:\b(?:[Tt]rường|[Tt]ruong|tr\.)\s*)?\b(?:THCS\s*[-&]\s*THPT|PTDTNT|THCS|THPT|TH(?=\s+[A-ZĐ])|"
    r"tiểu học|tieu hoc|mầm non)\b(?:\s+(?:chuyên|số\s\d|[A-ZĐÀ-Ỹ][\w.]*)){1,5}",
)
_OFFICE: Final = re.compile(
    r"\b(?:sở|phòng|so|phong)\s*(?:GD\s*&?\s*ĐT|GDĐT|GDDT|GD-ĐT)\b[^,–-]*", re.IGNORECASE
)
FAMILY_NAMES: Final = (
    "Nguyễn|Trần|Lê|Phạm|Huỳnh|Hoàng|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Đinh|Trịnh|Lâm|Trương|Cao|"
    "Nguyen|Tran|Le|Pham|Huynh|Hoang|Vu|Vo|Dang|Bui|Do|Ho|Ngo|Duong|Dinh|Trinh|Lam|Truong"
)
_CAPITAL: Final = r"[A-ZĐÀ-Ỵ][\w]*"
_NAME: Final = rf"(?:{FAMILY_NAMES}|{_CAPITAL})(?:\s+{_CAPITAL}){{0,4}}"
_CALLED: Final = re.compile(
    r"\b(?i:GVTH|GVHD|GVBM|GV|giáo viên|giao vien|người soạn|nguoi soan|biên soạn|bien soan|"
    rf"tác giả)\b\s*[:.]?\s*{_NAME}"
    rf"|\b(?i:thầy|cô)\s+(?:{FAMILY_NAMES})(?:\s+{_CAPITAL}){{1,4}}"
    rf"|\b(?i:thầy|cô)\s+{_CAPITAL}$"
    r"|\b(?i:gv)\s+[a-z]{6,20}(?=\s|$)"
)
_PERSON: Final = re.compile(rf"(?:{FAMILY_NAMES})(?:\s+{_CAPITAL}){{1,4}}")
_PERSON_JOINED: Final = re.compile(rf"(?:{FAMILY_NAMES})(?:Thi|Thị|Van|Văn)[A-ZĐ]\w+")
_MIDDLE: Final = frozenset(("thi", "van"))
_SEPARATOR: Final = re.compile(r"\s+[-–—|]+\s+|_{2,}|\s+_\s*|_\s+|\s*\+\s*")
_TRIMMED: Final = " \t-–—_.,;:+&|~=#*"


@lru_cache(maxsize=4_096)
def plain_name(name: str) -> str:
    """A file name as words, without what does not belong to its subject; "" when garbled.

    Pieces that were parted by underscores or dashes are parted by " - ".
    """
    text = repaired(unquote(stem(name)))
    if text is None:
        return ""
    text = display(unicodedata.normalize("NFC", text).replace("\u00a0", " "))
    if " " not in text and text.count("-") > 1:
        text = text.replace("-", " ")  # words of an address
    return _joined([_cleaned(_spread(part)) for part in _parts(text)])


def _parts(text: str) -> list[str]:
    bare = _DATE.sub(" ", _YEARS.sub(" ", _SITE.sub(" ", _COPY.sub("", text))))
    parts = [part.strip(_TRIMMED) for part in _SEPARATOR.split(bare)]
    kept = [part for part in parts if part]
    if len(kept) > 1 and _is_person(kept[-1]):
        kept.pop()
    return [_without_person(part) for part in kept]


def _without_person(part: str) -> str:
    """Words parted by underscores, without a full name at the end of them."""
    words = part.split("_")
    if len(words) > 1 and _is_person(words[-1]):
        words.pop()
    return " ".join(words) if all(" " not in word for word in words) else " - ".join(words)


def _is_person(part: str) -> bool:
    """A last piece that is nothing but a full name: "… - Nguyễn Thị Lan", "…_NguyenThiLan"."""
    if _PERSON_JOINED.fullmatch(part):
        return True
    words = part.split()
    is_name = _PERSON.fullmatch(part) is not None
    return is_name and (len(words) > 2 or fold(words[1]) in _MIDDLE)


def _cleaned(part: str) -> str:
    for pattern in (_CALLED, _SCHOOL, _OFFICE, _YEARS, _DATE, _VERSION, _COPY, _NUMBERED):
        part = pattern.sub(" ", part)
    return " ".join(part.replace("( )", " ").replace("()", " ").split()).strip(_TRIMMED)


def _spread(part: str) -> str:
    """Words that were written together are parted where a capital begins one: GiaoAnToan6."""
    if " " in part and not re.search(r"[a-zà-ỹ][A-ZĐ][a-zà-ỹ]{2}", part):
        return part
    out: list[str] = []
    for at, letter in enumerate(part):
        before, after = part[at - 1 : at], part[at + 1 : at + 2]
        begins = before.islower() or before.isdigit() or (before.isupper() and after.islower())
        if letter.isupper() and begins:
            out.append(" ")
        out.append(letter)
    return "".join(out)


def _joined(parts: list[str]) -> str:
    return " - ".join(part for part in parts if part)
