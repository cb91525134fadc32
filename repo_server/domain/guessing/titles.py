"""A readable title out of a heading, a document's properties or a messy file name."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from repo_server.domain.guessing.base import Field, FileEvidence, Guess, Source, quoted
from repo_server.domain.guessing.names import plain_name
from repo_server.domain.guessing.outline import Outline, is_header, lesson_line, sentence_case
from repo_server.domain.guessing.repairs import repaired
from repo_server.domain.materials import TITLE_LIMIT, Kind
from repo_server.domain.mentions import Lexicon, Mention, Topic, Word, words_of
from repo_server.domain.school_words import SUBJECT_TITLES, kind_names
from repo_server.domain.vietnamese import display, fold, has_marks

_SHORTEST: Final = 4
_PLAIN_KINDS: Final = frozenset({Kind.LESSON_PLAN, Kind.SLIDES, Kind.VIDEO})
"""Kinds whose title is the lesson's own; of others the title begins with what they are."""

_PLACED: Final = frozenset({Kind.TEST, Kind.ANSWER_KEY, Kind.WORKSHEET, Kind.REFERENCE})
"""Kinds whose headings are the same in every subject."""

_SHORT_LABELS: Final = {
    Kind.ANSWER_KEY: "Đáp án",
    Kind.SIMULATION: "Mô phỏng",
    Kind.WORKSHEET: "Phiếu học tập",
}
_LABELS: Final = {
    Kind.LESSON_PLAN: "Kế hoạch bài dạy", Kind.SLIDES: "Bài trình chiếu", Kind.TEST: "Đề kiểm tra",
    Kind.VIDEO: "Video", Kind.MIND_MAP: "Sơ đồ tư duy", Kind.READING: "Bài đọc",
}  # fmt: skip

# Words that stand in names without marks, or shortened, and mean one thing only there.
_SPELLED: Final = {
    "bai": "bài", "tiet": "tiết", "tuan": "tuần", "chuong": "chương", "lop": "lớp", "so": "số",
    "hk": "học kì", "hki": "học kì I", "hkii": "học kì II", "gk": "giữa kì", "ck": "cuối kì",
    "ki": "kì", "chu": "chủ", "phan": "phần", "de": "đề",
}  # fmt: skip
_TERMS: Final = {
    "gk": "giữa kì", "ktgk": "giữa kì", "ghk": "giữa học kì", "ktghk": "giữa học kì",
    "ck": "cuối kì", "ktck": "cuối kì", "chk": "cuối học kì", "ktchk": "cuối học kì",
    "kthk": "học kì", "hk": "học kì", "hsg": "học sinh giỏi", "giua": "giữa", "cuoi": "cuối",
    "ki": "kì", "15": "15", "45": "45", "phut": "phút", "15p": "15 phút", "45p": "45 phút",
    "1": "1", "tiet": "tiết",
}  # fmt: skip
"""Words inside a kind's name that say more than the kind."""

_COUNTERS: Final = frozenset(("bai", "tiet", "tuan", "chuong", "so", "de", "hk", "gk", "ck", "ki"))
_GENERIC: Final = re.compile(
    r"^(?:kế hoạch bài dạy|giáo án|phiếu học tập|phiếu bài tập|đề kiểm tra|đề thi|bài giảng|"
    r"bài tập|kế hoạch dạy học|document|untitled|"
    r"new|slide|presentation|bài trình chiếu|đáp án|mục lục|"
    r"chương trình giáo dục phổ thông|i+\.?|tài liệu|video|hình ảnh|img|image|dsc|scan|"
    r"whatsapp.*|zalo.*|screenshot.*|download.*|tải xuống.*|file|tệp|phụ lục.*)[\s\d_.:-]*$",
    re.IGNORECASE,
)
_CAMERA: Final = re.compile(
    r"^(?:img|dsc|dcim|vid|scan|doc|z\d{6,}|wp|pxl|mvi|mov|screenshot|[a-f0-9-]{16,})[\s\d_-]*$",
    re.IGNORECASE,
)


def titles(
    evidence: FileEvidence, found: Outline, kind: Kind | None, lexicon: Lexicon, place: str
) -> list[Guess]:
    """Candidates, the best first; at least the name itself where it has letters."""
    guesses = [
        *_from_manifest(evidence),
        *_from_lesson(found, kind),
        *_from_property(evidence),
        *_from_name(evidence, lexicon),
        *_from_head(found, kind, place),
    ]
    unique: dict[str, Guess] = {}
    for guess in sorted(guesses, key=lambda guess: -guess.confidence):
        unique.setdefault(fold(guess.value), guess)
    return list(unique.values())


def _title(text: str, confidence: float, source: Source, quote: str) -> list[Guess]:
    shown = display(text).strip(" -–—_.,;:|")[:TITLE_LIMIT]
    if len(shown) < _SHORTEST or not any(letter.isalpha() for letter in shown):
        return []
    return [Guess(Field.TITLE, shown, confidence, source, quoted(quote))]


def _from_manifest(evidence: FileEvidence) -> list[Guess]:
    title = repaired(evidence.manifest.title) or ""
    if evidence.group != "package" or not title or _GENERIC.match(title):
        return []
    return _title(sentence_case(title), 0.92, Source.MANIFEST, title)


def _from_property(evidence: FileEvidence) -> list[Guess]:
    title = repaired(evidence.manifest.title) or ""
    if not title or _GENERIC.match(title) or _CAMERA.match(title):
        return []
    sure = 0.82 if has_marks(title) or title.count(" ") > 1 else 0.6
    cleaned = plain_name(title) if "_" in title else title
    return _title(
        sentence_case(cleaned), sure if not is_header(title) else 0.3, Source.PROPERTIES, title
    )


def _from_lesson(found: Outline, kind: Kind | None) -> list[Guess]:
    lesson = found.lesson
    if lesson is None or not lesson.name:
        return []
    inner = lesson_line(lesson.name)
    shown = inner.shown if inner is not None and inner.name else lesson.shown
    label = None if kind is None or kind in _PLAIN_KINDS else _label(kind)
    title = shown if label is None or fold(shown).startswith(fold(label)) else f"{label} – {shown}"
    return _title(title, 0.93, Source.HEADING, lesson.line)


def _label(kind: Kind) -> str | None:
    return _SHORT_LABELS.get(kind) or _LABELS.get(kind)


def _from_head(found: Outline, kind: Kind | None, place: str) -> list[Guess]:
    """The first line that is neither the frame of a form nor only the name of a kind.

    A test's or a worksheet's heading tells neither subject nor grade: `place` ("Toán 6") does.
    """
    for line in found.head[:6]:
        if is_header(line) or _GENERIC.match(line) or len(line) < 2 * _SHORTEST:
            continue
        if line[:1] in "-•*+([" or line.endswith((".", ",", ";", ":")):
            continue
        known = kind in _PLACED and place != ""
        says = bool(words_of(line)) and _names_kind(line, kind)
        shown = sentence_case(line)
        if known and not all(part in fold(shown) for part in fold(place).split()):
            shown = f"{shown} – {place}"
        sure = 0.87 if known and says else 0.72
        return _title(shown, sure if has_marks(line) else sure - 0.1, Source.HEADING, line)
    return []


def _names_kind(line: str, kind: Kind | None) -> bool:
    """Whether a heading begins with what the file is ("ĐỀ CƯƠNG ÔN TẬP")."""
    folded = fold(line)
    return kind is not None and any(folded.startswith(fold(name)) for name in kind_names(kind))


def _from_name(evidence: FileEvidence, lexicon: Lexicon) -> list[Guess]:
    name = plain_name(evidence.name)
    if not name or _CAMERA.match(name):
        return []
    words = words_of(name)
    mentions = lexicon.mentions(words)
    if has_marks(name) and " " in name:
        shown = _tidied(name, words, mentions)
        telling = _telling(words, mentions)
        sure = 0.88 if telling else 0.75
        return _title(shown, 0.3 if _GENERIC.match(name) else sure, Source.NAME, evidence.name)
    composed, complete = _composed(words, mentions, lexicon)
    foreign = any("ngoai-ngu-1" in mention.codes for mention in mentions)
    sure = 0.82 if complete or foreign else 0.55
    return _title(composed, 0.3 if _GENERIC.match(composed) else sure, Source.NAME, evidence.name)


def _is_code(word: str) -> bool:
    """An abbreviation or a number ("KHBD", "5512"): nothing to read aloud."""
    return word.isupper() or word.isdecimal()


def _telling(words: Sequence[Word], mentions: Sequence[Mention]) -> bool:
    """Whether words remain that name the lesson itself."""
    return len(_rest(words, mentions)) > 1


def _rest(words: Sequence[Word], mentions: Sequence[Mention]) -> list[Word]:
    named = {place for mention in mentions for place in range(mention.start, mention.end)}
    return [
        word for at, word in enumerate(words)
        if at not in named and word.folded not in _SPELLED and not word.folded.isdecimal()
    ]  # fmt: skip


def _tidied(name: str, words: Sequence[Word], mentions: Sequence[Mention]) -> str:
    """A name with marks stays as it is written; abbreviations of its kind are spelled out."""
    text = sentence_case(name)
    first = mentions[0] if mentions and mentions[0].start == 0 else None
    if first is not None and first.topic is Topic.KIND and _is_code(words[0].raw):
        label = _label(Kind(first.codes[0]))
        end = words[first.end - 1].end
        if label and end < len(name) and first.end == 1:
            return f"{label} {name[end:].lstrip(' -–:')}"
    return text


def _composed(
    words: Sequence[Word], mentions: Sequence[Mention], lexicon: Lexicon
) -> tuple[str, bool]:
    """A title from the parts of a name without marks, and whether all of it was understood."""
    framing = {mention.start: mention for mention in _framing(words, mentions)}
    kind, where, rest = "", list[tuple[Topic, str]](), list[str]()
    at = 0
    while at < len(words):
        mention = framing.get(at)
        span = words[at : mention.end] if mention is not None else words[at : at + 1]
        if mention is None or _is_entrance(mention, span):
            rest.extend(_spelled_out(words, place) for place in range(at, at + len(span)))
        elif mention.topic is Topic.KIND:
            kind = kind or _label(Kind(mention.codes[0])) or sentence_case(mention.written)
            rest.extend(_TERMS[word.folded] for word in span if word.folded in _TERMS)
        else:
            where.append((mention.topic, _said(mention, span, lexicon)))
        at += len(span)
    unknown = [word for word in _rest(words, mentions) if len(word.folded) > 1]
    return _assembled(kind, " ".join(rest), _place(where)), not unknown and bool(kind or rest)


def _framing(words: Sequence[Word], mentions: Sequence[Mention]) -> Iterator[Mention]:
    """What stands around the lesson's name and is told apart from it, not what it mentions."""
    starts = {mention.start for mention in mentions if mention.topic is Topic.GRADE}
    ends = {mention.end for mention in mentions if mention.topic in (Topic.GRADE, Topic.KIND)}
    told: dict[Topic, int] = {}
    for mention in sorted(mentions, key=lambda mention: mention.start):
        at_edge = mention.start == 0 or mention.end in starts or mention.start in ends
        named = mention.start > 0 and words[mention.start - 1].folded == "mon"
        follows = told.get(mention.topic, -1) == mention.start
        fits = {
            Topic.SUBJECT: at_edge or named,
            Topic.KIND: mention.topic not in told or follows,
        }.get(mention.topic, True)
        if fits and (mention.topic not in told or mention.topic is not Topic.SUBJECT):
            told[mention.topic] = mention.end
            yield mention


def _is_entrance(mention: Mention, span: Sequence[Word]) -> bool:
    """An examination into another grade: its own words say more than the grade."""
    return mention.topic is Topic.GRADE and mention.codes[0] not in "".join(w.folded for w in span)


def _assembled(kind: str, rest: str, place: str) -> str:
    qualifies = re.match(r"số|học kì|giữa|cuối|học sinh|\d|vào|15|45", rest) is not None
    shown = rest if kind and qualifies else rest[:1].upper() + rest[1:]
    head = (" " if qualifies else " – ").join(filter(None, (kind, shown)))
    return " – ".join(filter(None, (head, place)))


def _place(where: Sequence[tuple[Topic, str]]) -> str:
    order = (Topic.SUBJECT, Topic.GRADE, Topic.BOOK)
    firsts = [next((said for topic, said in where if topic is one), "") for one in order]
    subject, grade, book = firsts
    if subject and grade.startswith("lớp "):
        grade = grade.removeprefix("lớp ")
    elif not subject and grade and not grade.startswith("lớp"):
        grade = f"lớp {grade}"
    return " ".join(filter(None, (subject, grade, book)))


def place_label(subject: str | None, grade: str | None, lexicon: Lexicon) -> str:
    """ "Toán 6", for titles; "" where the subject is not known."""
    label = "" if subject is None else SUBJECT_TITLES.get(subject) or lexicon.label(subject)
    return f"{label} {grade}" if label and grade else label


def _said(mention: Mention, span: Sequence[Word], lexicon: Lexicon) -> str:
    code = mention.codes[0]
    if mention.topic is Topic.GRADE:
        return code if len(span) == 1 else f"lớp {code}"
    if mention.topic is Topic.BOOK:
        return f"({code.upper()})" if len(span) == 1 else f"({lexicon.label(code)})"
    return SUBJECT_TITLES.get(code) or lexicon.label(code) or " ".join(word.raw for word in span)


def _spelled_out(words: Sequence[Word], at: int) -> str:
    word = words[at]
    if word.marked or word.folded not in _SPELLED:
        return word.raw
    numbered = at + 1 < len(words) and words[at + 1].folded.isdecimal()
    if word.folded in _COUNTERS and not numbered and len(word.folded) < 3:
        return word.raw
    if word.folded in ("chu", "phan") or (word.folded in _COUNTERS and not numbered):
        return word.raw
    return _SPELLED[word.folded]
