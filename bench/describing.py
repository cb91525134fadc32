"""How much of a form fills itself, and how much of that is right."""

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from bench.described_files import HELD_OUT, LOOKED_AT, Described, described_files
from bench.tables import Row, p50
from bench.workshop import Workshop
from repo_server.domain.curriculum import Curriculum, ItemKind, ItemRecord, check, merge
from repo_server.domain.guessing.base import Field
from repo_server.domain.guessing.drafting import Drafted, drafted, with_items
from repo_server.domain.guessing.lessons import Candidate
from repo_server.domain.mentions import Lexicon, Named
from repo_server.domain.vietnamese import fold
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.gdpt2018 import framework_files

PRECISION, COVERAGE = 0.95, 0.85
JUDGED = ("kind", "grade", "subject", "book", "title", "item")
_FIELDS = {
    "item": Field.ITEMS,
    "kind": Field.KIND,
    "grade": Field.GRADES,
    "subject": Field.SUBJECTS,
    "book": Field.BOOKS,
}
_GOALS = {"kind": COVERAGE, "grade": COVERAGE, "subject": COVERAGE}


def measure(workshop: Workshop) -> list[Row]:
    """Both halves; the goals are those of the half that no rule was made for."""
    items = shipped_items()
    lexicon = lexicon_of(items)
    below = _below(items)
    rows: list[Row] = []
    for half in (LOOKED_AT, HELD_OUT):
        rows.extend(
            _half(described_files(items, half, workshop.size(2_000, 50)), half, lexicon, below)
        )
    return rows


def shipped_items() -> list[ItemRecord]:
    """Every item of the curricula that Kho ships, with the grades and subject it belongs to."""
    parts: dict[str, list[Curriculum]] = {}
    for path in framework_files():
        part = read_curriculum_csv(path.read_bytes())
        parts.setdefault(part.framework.code, []).append(part)
    return [item for group in parts.values() for item in check(merge(*group)).items]


def lexicon_of(items: Sequence[ItemRecord]) -> Lexicon:
    """What the library would know of names after the import of these items."""
    subjects: dict[str, tuple[list[str], list[int]]] = {}
    for item in items:
        if item.kind is ItemKind.SUBJECT and item.subject:
            names, grades = subjects.setdefault(item.subject, ([], []))
            names.extend((item.title, *item.abbreviations))
            grades.extend(item.grades)
    books = [item for item in items if item.kind is ItemKind.BOOK and item.parent is None]
    return Lexicon(
        [
            Named(code, tuple(dict.fromkeys(names)), tuple(grades))
            for code, (names, grades) in subjects.items()
        ],
        [Named(book.code, (book.title, *book.abbreviations)) for book in books],
    )


def _below(items: Sequence[ItemRecord]) -> dict[tuple[int, str], list[Candidate]]:
    """The items of each grade and subject, numbered as a database would."""
    found: dict[tuple[int, str], list[Candidate]] = defaultdict(list)
    for number, item in enumerate(items):
        if item.kind not in (ItemKind.GRADE, ItemKind.SUBJECT, ItemKind.BOOK) and item.subject:
            for grade in item.grades:
                candidate = Candidate(number, item.kind, item.title, fold(item.title))
                found[grade, item.subject].append(candidate)
    return found


def _half(
    files: Sequence[Described],
    half: str,
    lexicon: Lexicon,
    below: Mapping[tuple[int, str], Sequence[Candidate]],
) -> Iterator[Row]:
    counted: Counter[tuple[str, str]] = Counter()
    titles = {str(item.id): item.folded for found in below.values() for item in found}
    spent = []
    for file in files:
        began = time.process_time()
        guessed = drafted([file.evidence], lexicon)
        guessed = with_items(guessed, _candidates(guessed, below))
        spent.append(1000 * (time.process_time() - began))
        for field in JUDGED:
            verdicts = _verdicts(field, file, guessed, titles)
            counted.update((field, verdict) for verdict in verdicts)
    goal = half == HELD_OUT
    for field in JUDGED:
        filled, right, there = (counted[field, name] for name in ("filled", "right", "there"))
        note = f"{filled:,} filled of {there:,} that can be known"
        yield Row(
            f"{half}: {field}, right when filled",
            right / max(filled, 1),
            at_least=PRECISION if goal else None,
            note=note,
        )
        yield Row(
            f"{half}: {field}, filled",
            counted[field, "found"] / max(there, 1),
            at_least=_GOALS.get(field) if goal else None,
        )
    yield Row(
        f"{half}: processor time for a file, p50", p50(spent), "ms", at_most=5 if goal else None
    )


def _verdicts(
    field: str, file: Described, guessed: Drafted, titles: Mapping[str, str]
) -> Iterator[str]:
    if field == "title":
        yield from _title_verdicts(file, guessed)
        return
    truth = getattr(file, field)
    filled = guessed.filled(_FIELDS[field])
    if field == "item":
        # Items of one name may stand at several places of a subject: any of them is right.
        truth = fold(truth) if truth else None
        filled = tuple(dict.fromkeys(titles[number] for number in filled))
    if truth is not None:
        yield "there"
    if filled:
        yield "filled"
        if filled == (str(truth),):
            yield "right"
        if truth is not None:
            yield "found"


def _candidates(
    guessed: Drafted, below: Mapping[tuple[int, str], Sequence[Candidate]]
) -> list[Candidate]:
    places = product(guessed.filled(Field.GRADES), guessed.filled(Field.SUBJECTS))
    return [item for grade, subject in places for item in below.get((int(grade), subject), ())]


def _title_verdicts(file: Described, guessed: Drafted) -> Iterator[str]:
    """A title is right when it holds the lesson's name and nothing of whoever made it."""
    if not file.lesson:
        return
    yield "there"
    filled = guessed.filled(Field.TITLE)
    if filled:
        yield from ("filled", "found")
        folded = fold(filled[0])
        if fold(file.lesson)[:60] in folded and not any(word in folded for word in file.forbidden):
            yield "right"


def labelled(path: Path) -> dict[str, dict[str, str]]:
    """Labels of real files by their path below the folder: CSV with the columns path and fields."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return {row["path"]: row for row in csv.DictReader(lines)}
