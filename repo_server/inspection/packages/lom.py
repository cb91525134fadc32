"""Learning object metadata (IEEE 1484.12.1; IMS bindings 1.2 and later, ADL, Common Cartridge)."""

import re
from typing import Final

from repo_server.inspection.findings import Findings
from repo_server.inspection.xml_tree import Node

_AGES: Final = re.compile(r"^\D{0,12}(\d{1,2})\s*(?:-|–|to|đến)\s*(\d{1,2})\b")
_AGE: Final = re.compile(r"^\D{0,12}(\d{1,2})\D{0,12}$")
_WIDEST: Final = 5
_LEVELS: Final = {
    "primary": range(1, 6),
    "tiểu học": range(1, 6),
    "lower secondary": range(6, 10),
    "trung học cơ sở": range(6, 10),
    "upper secondary": range(10, 13),
    "trung học phổ thông": range(10, 13),
    "secondary": range(6, 13),
}
"""Levels of schools, the narrower word before the wider one that it holds."""


def declare_lom(findings: Findings, lom: Node) -> None:
    """Note title, description, language, keywords, rights, author and level of a `lom` element."""
    general = lom.first("general") or Node("general", {})
    rights = lom.first("rights") or Node("rights", {})
    findings.declare(
        title=best_string(general.first("title")),
        description=best_string(general.first("description")),
        language=general.text("language"),
        rights=best_string(rights.first("description")),
        creator=_author(lom),
        keywords=[best_string(keyword) for keyword in general.all("keyword")],
    )
    findings.hint_grades(_grades(lom))


def best_string(node: Node | None) -> str:
    """The Vietnamese variant of a text in several languages, else the first, else ""."""
    if node is None:
        return ""
    strings = [*node.all("langstring"), *node.all("string")]
    if not strings:
        return node.text()
    chosen = next(
        (s for s in strings if (s.get("lang") or s.get("language")).lower().startswith("vi")),
        strings[0],
    )
    return " ".join(chosen.text().split())


def _author(lom: Node) -> str:
    for contribute in lom.all("lifecycle", "contribute"):
        words = " ".join(node.text() for node in contribute.walk() if node.name != "vcard").lower()
        card = "".join(node.text() for node in contribute.walk() if node.name in _CARDS)
        name = re.search(r"(?:^|\n)\s*FN[^:\n]*:([^\n]+)", card)
        if "author" in words and name:
            return name[1]
    return ""


_CARDS: Final = frozenset({"vcard", "entity", "centity"})


def _grades(lom: Node) -> list[int]:
    """Grades by age (a child of 6 is in grade 1), else by the kind of school."""
    for node in lom.all("educational", "typicalagerange"):
        grades = grades_of_ages(best_string(node))
        if grades:
            return grades
    for context in lom.all("educational", "context"):
        words = " ".join([context.text(), *(best_string(c) for c in context.children)]).lower()
        for level, grades_of_level in _LEVELS.items():
            if level in words:
                return [*grades_of_level]
    return []


def grades_of_ages(ages: str) -> list[int]:
    """Grades of an age range ("11-12" is grade 6); none for one that is wide or no age at all."""
    found = _AGES.match(ages)
    if found:
        youngest, oldest = int(found[1]), int(found[2])
    else:
        single = _AGE.match(ages)
        youngest = oldest = int(single[1]) if single else 0
    if not 0 <= oldest - youngest <= _WIDEST:
        return []
    last = max(youngest - 5, oldest - 6)
    return [grade for grade in range(youngest - 5, last + 1) if 1 <= grade <= 12]
