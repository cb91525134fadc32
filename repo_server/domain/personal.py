"""What in a text looks like data of a person: pupils' numbers, addresses, lists and marks.

It warns people before they publish and decides nothing. What is told is a kind, a place, how many
and a masked example; the data itself is never handed on. Lessons are full of numbers, so a rule
that only digits would fulfil asks for more: a code of a province and a century that has begun, a
mobile network, a word beside it, or three rows of the same shape.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from repo_server.domain.guessing.names import FAMILY_NAMES


class PersonalData(StrEnum):
    """What kind of data it is."""

    IDENTITY = "identity"
    INSURANCE = "insurance"
    PHONE = "phone"
    EMAIL = "email"
    BIRTH_DATES = "birth_dates"
    MARKS = "marks"


LABELS: Final[dict[PersonalData, str]] = {
    PersonalData.IDENTITY: "Số căn cước, chứng minh nhân dân",
    PersonalData.INSURANCE: "Số thẻ bảo hiểm",
    PersonalData.PHONE: "Số điện thoại",
    PersonalData.EMAIL: "Địa chỉ thư điện tử",
    PersonalData.BIRTH_DATES: "Danh sách tên và ngày sinh",
    PersonalData.MARKS: "Bảng điểm có tên",
}

PUBLIC: Final = frozenset({PersonalData.EMAIL})
"""What authors leave in their work on purpose: it is told, and nobody has to acknowledge it."""

ROWS: Final = 3
"""Rows from which names with dates or marks are a list: one name with a date may be a poet."""

SIGHTS_LIMIT: Final = 50
"""Places that are told of one file."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Data of one kind at one place: `label` names it, `sample` is masked ("" for none)."""

    kind: PersonalData
    label: str
    count: int
    sample: str


# Codes of provinces and cities in identity numbers (Thông tư 07/2016/TT-BCA, phụ lục 1).
_PROVINCES: Final = frozenset(
    re.findall(
        r"\d+",
        "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 "
        "035 036 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 "
        "070 072 074 075 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096",
    )
)
_ALONE: Final = r"(?<![\d.,+/\w-])"
_ENDS: Final = r"(?![\d\w]|[.,/-]\d)"

# Numbers of identity cards, of insurance and of phones: nine digits or more, between two of them
# at most one sign.
_LONG_NUMBER: Final = re.compile(r"\d(?:[ .-]?\d){8}")

_CITIZEN: Final = re.compile(rf"{_ALONE}(\d{{3}} ?\d{{3}} ?\d{{6}}|\d{{4}} \d{{4}} \d{{4}}){_ENDS}")
_OLD_IDENTITY: Final = re.compile(
    r"(?i:\b(?:cmnd|cmtnd|cmt|cccd|chứng minh nhân dân|chứng minh thư|giấy chứng minh))\b"
    rf"[^\d\n]{{0,30}}(\d{{3}} ?\d{{3}} ?\d{{3}}){_ENDS}"
)
# Two letters of the group of people, one digit of the benefit, two of the place, ten of the person.
_HEALTH_CARD: Final = re.compile(
    rf"{_ALONE}((?:HS|TE|SV|HN|DT|GD|DN|HC|CN|QN|CA|TQ|XK)[1-5]\d{{12}}){_ENDS}"
)
_INSURANCE: Final = re.compile(
    rf"(?i:\b(?:bhyt|bhxh|bảo hiểm y tế|bảo hiểm xã hội))\b[^\d\n]{{0,30}}(\d{{10}}){_ENDS}"
)
_PHONE: Final = re.compile(
    rf"{_ALONE}(0(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9\d)"
    rf"(?:\d{{7}}|\d[ .-]\d{{3}}[ .-]\d{{3}}|[ .-]\d{{3}}[ .-]\d{{4}}|[ .-]\d{{4}}[ .-]\d{{3}}"
    rf"|\d{{2}}[ .-]\d{{2}}[ .-]\d{{3}}|\d[ .-]\d{{2}}[ .-]\d{{2}}[ .-]\d{{2}})){_ENDS}"
)
_PLUS_PHONE: Final = re.compile(
    rf"(?<![\d\w])(\+84[ .-]?(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9\d)(?:[ .-]?\d){{7}}){_ENDS}"
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}\b", re.I
)

_SYLLABLE: Final = r"[^\W\d_a-z][^\W\d_]*"
_PERSON: Final = rf"\b((?i:{FAMILY_NAMES})(?: {_SYLLABLE}){{1,5}})"
_BETWEEN: Final = r"[ \t\n|;,.:()–-]{1,12}"
_SEX: Final = rf"(?:(?:Nam|Nữ|nam|nữ|\d{{1,2}}[A-ZĐ]\d{{0,2}}){_BETWEEN})?"
_DATE: Final = re.compile(r"\d[/.-](?:19|20)\d\d(?!\d)")
_BORN: Final = re.compile(
    rf"{_PERSON}{_BETWEEN}{_SEX}((?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-]"
    r"(?:19[5-9]\d|20[0-4]\d))(?!\d)"
)
_MARK: Final = r"(?:10|\d)(?:[.,]\d{1,2})?"
_MARKED: Final = re.compile(rf"{_PERSON}(?:[ \t\n|;]{{1,4}}{_MARK}(?![\d/:%.,])){{2,}}")
_ABOUT_MARKS: Final = re.compile(r"bảng điểm|sổ điểm|\bđiểm\b|\bĐTB|\bĐĐG", re.IGNORECASE)
_COUNTING: Final = frozenset({"0987654321", "0912345678", "0901234567", "0123456789"})
"""Digits in a row, as they stand in exercises and forms: nobody's number."""


def sights(segments: Iterable[tuple[str, str]]) -> list[Sight]:
    """What (label, text) of each page, slide or sheet shows, in their order.

    No more than `SIGHTS_LIMIT`; everything after that is not looked at.
    """
    found: list[Sight] = []
    for label, text in segments:
        looks = _LOOKS if _LONG_NUMBER.search(text) else _WORDED
        for kind, look in looks.items():
            seen = list(dict.fromkeys(look(text)))
            if seen:
                found.append(Sight(kind, label, len(seen), _MASKS[kind](seen[0])))
        if len(found) >= SIGHTS_LIMIT:
            break
    return found[:SIGHTS_LIMIT]


def _identities(text: str) -> Iterator[str]:
    for match in _CITIZEN.finditer(text):
        digits = _digits(match[1])
        if _is_citizen(digits):
            yield digits
    for match in _OLD_IDENTITY.finditer(text):
        yield _digits(match[1])


def _is_citizen(digits: str) -> bool:
    """Province, then a digit of century and sex, then two of the year of birth.

    0 and 1 are the twentieth century, 2 and 3 the one that we live in.
    """
    century, year = int(digits[3]), int(digits[4:6])
    return digits[:3] in _PROVINCES and (century < 2 or (century < 4 and year <= 45))


def _insurances(text: str) -> Iterator[str]:
    for pattern in (_HEALTH_CARD, _INSURANCE):
        for match in pattern.finditer(text):
            yield match[1]


def _phones(text: str) -> Iterator[str]:
    for pattern in (_PHONE, _PLUS_PHONE):
        for match in pattern.finditer(text):
            digits = _digits(match[1])
            if digits.startswith("84"):
                digits = "0" + digits[2:]
            if digits not in _COUNTING and len(set(digits[1:])) > 2:
                yield digits


def _emails(text: str) -> Iterator[str]:
    return (match[0].lower() for match in _EMAIL.finditer(text)) if "@" in text else iter(())


def _births(text: str) -> list[str]:
    if len(_DATE.findall(text)) < ROWS:
        return []
    found = [match[1] for match in _BORN.finditer(text)]
    return found if len(set(found)) >= ROWS else []


def _marks(text: str) -> list[str]:
    if _ABOUT_MARKS.search(text) is None:
        return []
    found = [match[1] for match in _MARKED.finditer(text)]
    return found if len(set(found)) >= ROWS else []


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _masked_number(number: str) -> str:
    """The first three and the last two characters."""
    return f"{number[:3]}{'•' * (len(number) - 5)}{number[-2:]}"


def _masked_name(name: str) -> str:
    """First letters alone: “N. V. A.”."""
    return " ".join(f"{word[0]}." for word in name.split())


_WORDED: Final[dict[PersonalData, Callable[[str], Iterable[str]]]] = {
    PersonalData.EMAIL: _emails,
    PersonalData.BIRTH_DATES: _births,
    PersonalData.MARKS: _marks,
}
"""What is looked for in a text without long numbers, too."""

_LOOKS: Final[dict[PersonalData, Callable[[str], Iterable[str]]]] = {
    PersonalData.IDENTITY: _identities,
    PersonalData.INSURANCE: _insurances,
    PersonalData.PHONE: _phones,
    **_WORDED,
}
_MASKS: Final[dict[PersonalData, Callable[[str], str]]] = {
    PersonalData.IDENTITY: _masked_number,
    PersonalData.INSURANCE: _masked_number,
    PersonalData.PHONE: _masked_number,
    PersonalData.EMAIL: lambda _: "",
    PersonalData.BIRTH_DATES: _masked_name,
    PersonalData.MARKS: _masked_name,
}
