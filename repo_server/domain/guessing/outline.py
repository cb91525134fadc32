"""The beginning of a document as teachers lay it out: its lesson, its goals, signs of its kind."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from repo_server.domain.guessing.base import TEXT_LIMIT
from repo_server.domain.guessing.repairs import repaired
from repo_server.domain.vietnamese import fold, fold_token

_HEAD_LINES: Final = 14
_LONGEST_HEADING: Final = 140
_SHORTEST_PARAGRAPH: Final = 80
_PARAGRAPH_LIMIT: Final = 600

_NUMBER: Final = r"(?:\d{1,3}|[IVX]{1,5}|[A-E])"
_LESSON: Final = re.compile(
    rf"^(?:(?:tuần|tiết|tiết\s*ppct)\s*{_NUMBER}(?:\s*[-–,+]\s*{_NUMBER})*\s*[:.;,–-]*\s*)*"
    rf"(?P<lead>bài học|bài|chủ đề|chuyên đề|chương|unit|tên bài(?: dạy| học)?|tên chủ đề)\s*"
    rf"(?P<number>{_NUMBER}(?![^\W\d_]))?\s*(?P<sep>[:.–—-]?)\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_TAIL: Final = re.compile(
    r"\s*[(\[]?\s*(?:\d+\s*tiết|tiết\s*\d+[^)]*|thời gian[^)]*|thời lượng[^)]*|số tiết[^)]*|"
    r"t\d+(?:\s*[,-]\s*t?\d+)*)\s*[)\]]?\s*$",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"^[\s\-–—•*+●▪►»✓➢·]+(?=\S)")
_ROMAN: Final = re.compile(r"^(?:[IVX]{1,4}|[A-E]|\d{1,2})\s*[./)-]")
_GOALS: Final = re.compile(
    r"^(?:(?:[IVX]{1,4}|[A-E]|\d{1,2})\s*[./)-]?\s*)?"
    r"(?:mục tiêu|yêu cầu cần đạt|mục đích|objectives?|learning objectives)(?:[^:]{0,30})?"
    r"\s*[:.]?\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_ENDS_GOALS: Final = re.compile(
    r"^(?:(?:[IVX]{1,4}|[A-E])\s*[./)-]|(?:\d{1,2}\s*[./)-]\s*)?"
    r"(?:đồ dùng|thiết bị|chuẩn bị|tiến trình|phẩm chất|phương tiện|các hoạt động|hoạt động))",
    re.IGNORECASE,
)
_SUBHEADING: Final = re.compile(
    r"^(?:\d{1,2}\s*[./)-]?\s*)?"
    r"(?:(?:về\s+)?(?:kiến thức|kĩ năng|kỹ năng|năng lực|phẩm chất|thái độ)[^:]{0,25}:?"
    r"|sau (?:khi học xong )?bài(?: học)? này[^:]{0,40}:?|học sinh(?: cần)?:?)$",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"^(?:trường|sở|phòng|ubnd|họ và tên|họ tên|tên học sinh|lớp\s*[:.…]|ngày (?:soạn|dạy|giảng)|"
    r"giáo viên|gv\b|tổ\b|người soạn|điểm|lời phê|năm học|cộng hoà|cộng hòa|độc lập|số báo danh|"
    r"mã đề|đề chính thức|thời gian|trang \d|ngày \d|tuần|tiết|kntt|ctst|name|class|date\b|school)",
    re.IGNORECASE,
)
_PLAN_SIGNS: Final = (
    "tien trinh day hoc", "muc tieu", "thiet bi day hoc", "do dung day hoc", "hoat dong 1",
    "khoi dong", "hinh thanh kien thuc", "san pham", "to chuc thuc hien", "yeu cau can dat",
    "cac hoat dong day hoc",
)  # fmt: skip
_TEST_SIGNS: Final = (
    "thoi gian lam bai", "so bao danh", "khong ke thoi gian", "ma de", "phan trac nghiem",
    "de chinh thuc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LessonLine:
    """ "Bài 24. So sánh phân số": `lead` and `number` as written, `name` what follows."""

    line: str
    lead: str
    number: str
    name: str

    @property
    def shown(self) -> str:
        """The heading as a title."""
        head = f"{self.lead[0].upper()}{self.lead[1:].lower()} {self.number}".strip()
        if fold(self.lead).startswith("ten") or not self.number:
            return self.name
        return f"{head}. {self.name}" if self.name else head


@dataclass(frozen=True, slots=True)
class Outline:
    """What the beginning of a text shows."""

    head: tuple[str, ...]
    lesson: LessonLine | None
    goals: str
    paragraph: str
    plan_signs: int
    test_signs: int


@lru_cache(maxsize=64)
def outline(text: str) -> Outline:
    """The outline of a text's first `TEXT_LIMIT` characters; an empty one when it is garbled."""
    readable = repaired(text[:TEXT_LIMIT])
    if not readable:
        return Outline((), None, "", "", 0, 0)
    lines = [" ".join(line.split()) for line in readable.splitlines()]
    lines = [line for line in lines if line]
    folded = fold(readable)
    head = tuple(line for line in lines[:_HEAD_LINES] if len(line) <= _LONGEST_HEADING)
    return Outline(
        head,
        _lesson(lines),
        _goals(lines),
        _paragraph(lines),
        sum(sign in folded for sign in _PLAN_SIGNS),
        sum(sign in folded for sign in _TEST_SIGNS),
    )


def lesson_line(line: str) -> LessonLine | None:
    """The line as a lesson's heading, or None."""
    match = _LESSON.match(line)
    if match is None or len(line) > _LONGEST_HEADING:
        return None
    name = _TAIL.sub("", match["rest"]).strip(" :.–—-…")
    said = match["number"] or match["sep"]
    if not said or (not match["number"] and not name):
        return None
    if len(name) <= 1:
        name = ""
    return LessonLine(line, match["lead"], match["number"] or "", sentence_case(name))


def _lesson(lines: list[str]) -> LessonLine | None:
    """The first heading of a lesson, with its name from the next line where it stands alone."""
    best = None
    for at, line in enumerate(lines[: 2 * _HEAD_LINES]):
        found = lesson_line(line)
        if found is None or (best is not None and fold(found.lead) in ("chuong", "chu de")):
            continue
        if not found.name and at + 1 < len(lines):
            found = _with_next(found, lines[at + 1])
        if found.name and (best is None or _rank(found) > _rank(best)):
            best = found
    return best


def _with_next(found: LessonLine, following: str) -> LessonLine:
    usable = len(following) <= _LONGEST_HEADING and not is_header(following)
    name = _TAIL.sub("", following).strip(" :.–—-…") if usable else ""
    return LessonLine(f"{found.line} {name}".strip(), found.lead, found.number, sentence_case(name))


def _rank(found: LessonLine) -> int:
    return {"bai": 3, "unit": 3, "bai hoc": 3}.get(fold(found.lead), 1) + bool(found.number)


def is_header(line: str) -> bool:
    """Whether a line is of the frame of a form: school, name, date, mark."""
    return _HEADER.match(line) is not None


def _goals(lines: list[str]) -> str:
    for at, line in enumerate(lines):
        match = _GOALS.match(line)
        if match is not None and len(line) <= _LONGEST_HEADING:
            rest = [match["rest"]] if len(match["rest"]) > 20 else []
            return _gathered([*rest, *lines[at + 1 :]])
    return ""


def _gathered(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if _ENDS_GOALS.match(line) and kept:
            break
        plain = _BULLET.sub("", line).strip()
        if _SUBHEADING.match(plain) or (_ROMAN.match(plain) and len(plain) < 30):
            continue
        kept.append(plain)
        if sum(map(len, kept)) > _PARAGRAPH_LIMIT:
            break
    return _cut("\n".join(kept))


def _paragraph(lines: list[str]) -> str:
    for line in lines:
        words = line.split()
        if len(line) >= _SHORTEST_PARAGRAPH and not is_header(line) and len(words) > 12:
            letters = sum(letter.isalpha() or letter.isspace() for letter in line)
            if letters > 0.8 * len(line) and not line.isupper():
                return _cut(line)
    return ""


def _cut(text: str) -> str:
    if len(text) <= _PARAGRAPH_LIMIT:
        return text.strip()
    cut = text[:_PARAGRAPH_LIMIT]
    ends = max(cut.rfind(". "), cut.rfind(".\n"), cut.rfind("\n"), cut.rfind("; "))
    return (cut[: ends + 1] if ends > _SHORTEST_PARAGRAPH else cut.rsplit(" ", 1)[0] + "…").strip()


def sentence_case(text: str) -> str:
    """A heading in capitals as a sentence; abbreviations and anything else stay as written."""
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) < 6 or sum(letter.isupper() for letter in letters) < 0.8 * len(letters):
        return text[:1].upper() + text[1:]
    lowered = text.lower()
    starts = re.sub(r"(^|[.:?!–(“\"]\s*)(\w)", lambda found: found[1] + found[2].upper(), lowered)
    return " ".join(_kept_word(word) for word in starts.split(" "))


def _kept_word(word: str) -> str:
    """Roman numbers and what has no vowel keep their capitals."""
    bare = word.strip("().,:;–-")
    roman = re.fullmatch(r"(?i)[ivx]{1,4}", bare) is not None
    voiceless = len(bare) > 1 and not re.search(r"[aeiouy\d]", fold_token(bare))
    return word.upper() if bare and (roman or voiceless) else word
