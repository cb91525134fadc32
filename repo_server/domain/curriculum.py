"""The curriculum as a tree: its records, its rules and the check that all imports pass.

A framework is a list of items, each below at most one other item. Vietnam's programme is laid out
as grade, subject, strand (a strand may hold strands), topic, outcome; a textbook set is a `book` in
a framework of its own. A framework from elsewhere keeps its own shape: nodes that are none of these
are `group`, which may stand anywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from repo_server.domain.errors import InvalidValue

CODE_LIMIT: Final = 120
TITLE_LIMIT: Final = 2_000
TEXT_LIMIT: Final = 2_000
NOTE_LIMIT: Final = 10_000
ADDRESS_LIMIT: Final = 500
ABBREVIATION_LIMIT: Final = 120
ABBREVIATIONS_LIMIT: Final = 30
SUBJECT_LIMIT: Final = 60
PAGE_LIMIT: Final = 100_000
DEPTH_LIMIT: Final = 30
ITEMS_LIMIT: Final = 200_000
ASSOCIATIONS_LIMIT: Final = 1_000_000
PROBLEMS_LIMIT: Final = 200
FRAMEWORK_LIMITS: Final = {
    "title": 500,
    "language": 10,
    "publisher": 300,
    "version": 100,
    "source": TEXT_LIMIT,
    "uri": ADDRESS_LIMIT,
}
GRADES: Final = range(1, 13)
SUBJECT_PATTERN: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Codes stand in addresses and in `|`-separated lists: no blanks, no control characters, no bar.
_CODE = re.compile(r"[^\s|\x00-\x1f\x7f-\x9f]+")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\ud800-\udfff]")


class ItemKind(StrEnum):
    """What an item of a curriculum is."""

    GRADE = "grade"
    SUBJECT = "subject"
    STRAND = "strand"
    TOPIC = "topic"
    OUTCOME = "outcome"
    BOOK = "book"
    LESSON = "lesson"
    GROUP = "group"


ITEM_KIND_LABELS: Final[dict[ItemKind, str]] = {
    ItemKind.GRADE: "Lớp",
    ItemKind.SUBJECT: "Môn học",
    ItemKind.STRAND: "Mạch nội dung",
    ItemKind.TOPIC: "Chủ đề",
    ItemKind.OUTCOME: "Yêu cầu cần đạt",
    ItemKind.BOOK: "Sách",
    ItemKind.LESSON: "Bài",
    ItemKind.GROUP: "Nhóm",
}

# What may stand directly below what; None is the framework itself. `group` fits everywhere.
CHILD_KINDS: Final[dict[ItemKind | None, frozenset[ItemKind]]] = {
    None: frozenset(ItemKind) - {ItemKind.LESSON},
    # A strand or topic right below a grade: the framework of a single subject.
    ItemKind.GRADE: frozenset({ItemKind.SUBJECT, ItemKind.STRAND, ItemKind.TOPIC, ItemKind.BOOK}),
    ItemKind.SUBJECT: frozenset(
        {ItemKind.STRAND, ItemKind.TOPIC, ItemKind.OUTCOME, ItemKind.BOOK, ItemKind.LESSON}
    ),
    ItemKind.STRAND: frozenset({ItemKind.STRAND, ItemKind.TOPIC, ItemKind.OUTCOME}),
    ItemKind.TOPIC: frozenset({ItemKind.TOPIC, ItemKind.OUTCOME, ItemKind.LESSON}),
    ItemKind.OUTCOME: frozenset({ItemKind.OUTCOME}),
    ItemKind.BOOK: frozenset(
        {ItemKind.BOOK, ItemKind.GRADE, ItemKind.SUBJECT, ItemKind.TOPIC, ItemKind.LESSON}
    ),
    ItemKind.LESSON: frozenset({ItemKind.OUTCOME}),
    ItemKind.GROUP: frozenset(ItemKind),
}


class AssociationKind(StrEnum):
    """How one item relates to another, beside standing below it (the names follow CASE 1.1)."""

    EXACT_MATCH = "exact_match"
    REPLACED_BY = "replaced_by"
    IS_PART_OF = "is_part_of"
    IS_RELATED_TO = "is_related_to"
    IS_PEER_OF = "is_peer_of"
    PRECEDES = "precedes"
    EXEMPLAR = "exemplar"
    HAS_SKILL_LEVEL = "has_skill_level"
    IS_TRANSLATION_OF = "is_translation_of"


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    """A programme or a list of books; `version` names the text in force, `uri` its own address."""

    code: str
    title: str
    language: str = "vi"
    publisher: str = ""
    version: str = ""
    source: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One node. `sequence` orders siblings from 1; `page` is the printed page of `source`.

    `subject` is the code that is the same in every grade (`toan`); `abbreviations` are all other
    names under which people look for the item, spelling variants included.
    """

    code: str
    parent: str | None
    kind: ItemKind
    title: str
    sequence: int = 1
    grades: tuple[int, ...] = ()
    subject: str | None = None
    abbreviations: tuple[str, ...] = ()
    source: str = ""
    page: int | None = None
    note: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class AssociationRecord:
    """`origin` is a code of this framework; `destination` is one too, or an address elsewhere."""

    origin: str
    kind: AssociationKind
    destination: str


@dataclass(frozen=True, slots=True)
class Curriculum:
    """A framework with its items, parents before children once checked."""

    framework: FrameworkRecord
    items: tuple[ItemRecord, ...]
    associations: tuple[AssociationRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the row of the file (from 1) or the code it concerns, and why."""

    sentence: str
    row: int | None = None
    code: str | None = None

    def __str__(self) -> str:
        if self.row is not None:
            return f"Dòng {self.row}: {self.sentence}"
        if self.code is not None:
            return f"Mục “{shortened(self.code)}”: {self.sentence}"
        return self.sentence


class CurriculumInvalid(InvalidValue):
    """A curriculum that cannot be taken; `problems` holds all of them, up to `PROBLEMS_LIMIT`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        kept = found[:PROBLEMS_LIMIT]
        if len(found) > len(kept):
            kept += (Problem(f"Còn {len(found) - len(kept)} lỗi khác chưa liệt kê."),)
        reason = " ".join(str(problem) for problem in kept[:3])
        if len(kept) > 3:
            reason += f" (Tất cả {len(found)} lỗi.)"
        super().__init__(field="curriculum", reason=reason)
        self.problems = kept


def shortened(text: str, limit: int = 60) -> str:
    """`text` for a sentence: cut to `limit` characters, with an ellipsis when cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def merge(*parts: Curriculum) -> Curriculum:
    """Several files of one framework as one; the first file describes the framework.

    Siblings are ordered as the files come. Raises `CurriculumInvalid` when the files belong to
    different frameworks. The result still has to be checked.
    """
    first = parts[0].framework
    strangers = sorted({part.framework.code for part in parts} - {first.code})
    if strangers:
        raise CurriculumInvalid(
            [
                Problem(
                    f"Tệp thuộc chương trình khác: “{shortened(code)}”, không phải “{first.code}”."
                )
                for code in strangers
            ]
        )
    return Curriculum(
        first,
        in_file_order(item for part in parts for item in part.items),
        tuple(association for part in parts for association in part.associations),
    )


def in_file_order(items: Iterable[ItemRecord]) -> tuple[ItemRecord, ...]:
    """The items with `sequence` counted anew among siblings, in the order given."""
    seen: Counter[str | None] = Counter()
    ordered = []
    for item in items:
        seen[item.parent] += 1
        ordered.append(replace(item, sequence=seen[item.parent]))
    return tuple(ordered)


def check(curriculum: Curriculum, known: Iterable[ItemRecord] = ()) -> Curriculum:
    """The curriculum with parents before children and grades and subject inherited.

    `known` are items that the framework already has: an addition may hang below them. Raises
    `CurriculumInvalid` with every problem found, not only the first.
    """
    stored = {item.code: item for item in known}
    problems = [*_framework_problems(curriculum), *_size_problems(curriculum)]
    if problems:
        raise CurriculumInvalid(problems)
    for item in curriculum.items:
        problems.extend(Problem(sentence, code=item.code) for sentence in _item_problems(item))
    problems.extend(_duplicates(curriculum.items))
    problems.extend(_tree_problems(curriculum.items, stored))
    problems.extend(_association_problems(curriculum, stored))
    if problems:
        raise CurriculumInvalid(problems)
    ordered, lost = _parents_first(curriculum.items, stored)
    if lost:
        raise CurriculumInvalid(lost)
    return replace(curriculum, items=_inherited(ordered, stored))


def may_hold(parent: ItemKind | None, child: ItemKind) -> bool:
    """Whether `child` may stand directly below `parent` (None: at the top)."""
    return child is ItemKind.GROUP or child in CHILD_KINDS[parent]


def is_item_code(text: str) -> bool:
    """Whether `text` can be the code of an item: 1 to 120 characters, no blank, no bar."""
    return len(text) <= CODE_LIMIT and _CODE.fullmatch(text) is not None


def uuid_in(address: str) -> str | None:
    """The UUID that ends an address, or is all of it, in small letters."""
    last = address.lower().rsplit("/", 1)[-1].removeprefix("urn:uuid:")
    return last if _UUID.fullmatch(last) else None


def address_of(code: str, uri: str | None) -> str | None:
    """The address by which other frameworks point to an item; None when it has none."""
    if uri:
        return uri
    return f"urn:uuid:{found}" if (found := uuid_in(code)) else None


def lasting_name(address: str | None) -> str | None:
    """What stays the same of an address when a publisher moves: its UUID, else all of it."""
    return None if address is None else uuid_in(address) or address


def _framework_problems(curriculum: Curriculum) -> Iterator[Problem]:
    framework = curriculum.framework
    if not is_item_code(framework.code):
        yield Problem("Mã chương trình phải có từ 1 đến 120 kí tự, không có dấu cách và dấu “|”.")
    if not framework.title.strip():
        yield Problem("Chương trình chưa có tên.")
    for name, limit in FRAMEWORK_LIMITS.items():
        text: str = getattr(framework, name)
        if len(text) > limit or _UNREADABLE.search(text):
            yield Problem(f"Ô “{name}” của chương trình dài quá {limit} kí tự hoặc có kí tự hỏng.")


def _size_problems(curriculum: Curriculum) -> Iterator[Problem]:
    if len(curriculum.items) > ITEMS_LIMIT:
        yield Problem(f"Có {len(curriculum.items)} mục; tối đa là {ITEMS_LIMIT} mục.")
    if len(curriculum.associations) > ASSOCIATIONS_LIMIT:
        yield Problem(
            f"Có {len(curriculum.associations)} liên kết; tối đa là {ASSOCIATIONS_LIMIT} liên kết."
        )


def _item_problems(item: ItemRecord) -> Iterator[str]:
    if not is_item_code(item.code):
        yield "Mã phải có từ 1 đến 120 kí tự, không có dấu cách và dấu “|”."
    if not item.title.strip():
        yield "Chưa có tên."
    bounded = (
        ("Tên", item.title, TITLE_LIMIT),
        ("Ghi chú", item.note, NOTE_LIMIT),
        ("Nguồn", item.source, TEXT_LIMIT),
        ("Địa chỉ", item.uri, ADDRESS_LIMIT),
    )
    for name, text, limit in bounded:
        if len(text) > limit:
            yield f"{name} dài {len(text)} kí tự; tối đa là {limit}."
        if _UNREADABLE.search(text):
            yield f"{name} có kí tự hỏng hoặc kí tự điều khiển."
    if item.page is not None and not 1 <= item.page <= PAGE_LIMIT:
        yield f"Số trang {item.page} không hợp lệ."
    yield from _belonging_problems(item)


def _belonging_problems(item: ItemRecord) -> Iterator[str]:
    strange = [grade for grade in item.grades if grade not in GRADES]
    if strange:
        yield f"Lớp phải từ 1 đến 12, không phải {shortened(', '.join(map(str, strange)))}."
    if item.kind is ItemKind.GRADE and len(item.grades) != 1:
        yield "Mục loại “grade” phải ghi đúng một lớp."
    if item.subject is not None and not _is_subject(item.subject):
        yield f"Mã môn “{shortened(item.subject)}” chỉ được có chữ thường a–z, số và dấu nối."
    if item.kind is ItemKind.SUBJECT and item.subject is None:
        yield "Mục loại “subject” phải ghi mã môn."
    names = item.abbreviations
    if len(names) > ABBREVIATIONS_LIMIT or any(len(n) > ABBREVIATION_LIMIT for n in names):
        yield (
            f"Chỉ nhận tối đa {ABBREVIATIONS_LIMIT} tên khác, mỗi tên tối đa "
            f"{ABBREVIATION_LIMIT} kí tự."
        )
    if any(not name.strip() or "|" in name or _UNREADABLE.search(name) for name in names):
        yield "Có tên khác để trống hoặc chứa kí tự không dùng được."


def _is_subject(text: str) -> bool:
    return len(text) <= SUBJECT_LIMIT and SUBJECT_PATTERN.fullmatch(text) is not None


def _duplicates(items: tuple[ItemRecord, ...]) -> Iterator[Problem]:
    counted = Counter(item.code for item in items)
    for code, count in counted.items():
        if count > 1:
            yield Problem(f"Mã này xuất hiện {count} lần; mỗi mã chỉ dùng cho một mục.", code=code)


def _tree_problems(
    items: tuple[ItemRecord, ...], stored: dict[str, ItemRecord]
) -> Iterator[Problem]:
    here = stored | {item.code: item for item in items}
    for item in items:
        parent = None if item.parent is None else here.get(item.parent)
        if item.parent is not None and parent is None:
            yield Problem(
                f"Không có mục cha “{shortened(item.parent)}” trong chương trình.", code=item.code
            )
            continue
        kind = None if parent is None else parent.kind
        if not may_hold(kind, item.kind):
            above = "đầu chương trình" if kind is None else f"mục loại “{kind}”"
            yield Problem(f"Mục loại “{item.kind}” không được đặt dưới {above}.", code=item.code)


def _association_problems(
    curriculum: Curriculum, stored: dict[str, ItemRecord]
) -> Iterator[Problem]:
    codes = stored.keys() | {item.code for item in curriculum.items}
    for association in curriculum.associations:
        if association.origin not in codes:
            yield Problem("Liên kết xuất phát từ một mục không có.", code=association.origin)
        destination = association.destination
        outside = ":" in destination and len(destination) <= ADDRESS_LIMIT
        if destination not in codes and (not outside or _UNREADABLE.search(destination)):
            yield Problem(
                f"Liên kết trỏ tới “{shortened(destination)}”, không phải mã mục hay địa chỉ nào.",
                code=association.origin,
            )
        elif destination == association.origin:
            yield Problem("Liên kết trỏ về chính mục đó.", code=association.origin)


def _parents_first(
    items: tuple[ItemRecord, ...], stored: dict[str, ItemRecord]
) -> tuple[list[ItemRecord], list[Problem]]:
    """Depth-first order without recursion; whatever no root reaches is part of a circle."""
    children: dict[str | None, list[ItemRecord]] = {}
    codes = {item.code for item in items}
    for item in items:
        children.setdefault(item.parent if item.parent in codes else None, []).append(item)
    for siblings in children.values():
        siblings.sort(key=lambda item: item.sequence, reverse=True)
    stack = [(item, 1 + _stored_depth(item, stored)) for item in children.pop(None, [])]
    ordered: list[ItemRecord] = []
    problems: list[Problem] = []
    while stack:
        item, depth = stack.pop()
        ordered.append(item)
        if depth > DEPTH_LIMIT:
            problems.append(Problem(f"Cây sâu quá {DEPTH_LIMIT} tầng.", code=item.code))
        stack.extend((child, depth + 1) for child in children.pop(item.code, []))
    circles = codes - {item.code for item in ordered}
    problems.extend(
        Problem("Mục này nằm dưới chính nó (vòng lặp).", code=item.code)
        for item in items
        if item.code in circles
    )
    return ordered, problems


def _stored_depth(item: ItemRecord, stored: dict[str, ItemRecord]) -> int:
    depth = 0
    above = item.parent
    while above is not None and above in stored and depth <= DEPTH_LIMIT:
        depth += 1
        above = stored[above].parent
    return depth


def _inherited(ordered: list[ItemRecord], stored: dict[str, ItemRecord]) -> tuple[ItemRecord, ...]:
    finished = dict(stored)
    result = []
    for item in ordered:
        grades = tuple(sorted(set(item.grades)))
        parent = None if item.parent is None else finished[item.parent]
        if parent is not None:
            grades = grades or parent.grades
        subject = item.subject or (parent.subject if parent is not None else None)
        done = replace(item, grades=grades, subject=subject)
        finished[item.code] = done
        result.append(done)
    return tuple(result)
