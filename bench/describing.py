"""How much of a form fills itself, and how much of that is right."""

import csv
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from bench.described_files import HELD_OUT, LOOKED_AT, Described, described_files
from bench.tables import Row, p50, table
from bench.workshop import Workshop
from repo_server.domain.curriculum import Curriculum, ItemKind, ItemRecord, check, merge
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.guessing.base import TEXT_LIMIT, Field, FileEvidence, Manifest
from repo_server.domain.guessing.drafting import Drafted, drafted, with_items
from repo_server.domain.guessing.lessons import Candidate
from repo_server.domain.mentions import Lexicon, Named
from repo_server.domain.vietnamese import fold
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.gdpt2018 import framework_files
from repo_server.inspection.inspector import Inspector
from repo_server.services.suggesting import declaration_of

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


def measure_folder(folder: Path, labels: Path) -> list[Row]:
    """The same for real files. `labels` is CSV: path, kind, grade, subject, book, title, language.

    An empty cell: the file does not tell; a title is right when it holds the words of the label.
    """
    lexicon = lexicon_of(shipped_items())
    counted: Counter[tuple[str, str]] = Counter()
    inspector = Inspector()
    try:
        for label in _labels(labels):
            guessed = _looked_at(inspector, folder / label["path"], lexicon)
            for field, wanted in REAL.items():
                filled = guessed.filled(wanted)
                verdicts = _real_verdicts(field, label.get(field, ""), filled)
                counted.update((field, verdict) for verdict in verdicts)
                if "right" not in verdicts and filled:
                    print(f"{label['path']}: {field} {filled[0]!r}, not {label.get(field, '')!r}")
    finally:
        inspector.close()
    rows = []
    for field in REAL:
        filled, right, there = (counted[field, name] for name in ("filled", "right", "there"))
        note = f"{filled} filled, {counted[field, 'found']} of {there} that the file tells"
        rows.append(Row(f"{field}, right when filled", right / max(filled, 1), note=note))
    return rows


REAL = {
    "kind": Field.KIND,
    "grade": Field.GRADES,
    "subject": Field.SUBJECTS,
    "book": Field.BOOKS,
    "title": Field.TITLE,
    "language": Field.LANGUAGE,
}


def _looked_at(inspector: Inspector, path: Path, lexicon: Lexicon) -> Drafted:
    found = inspector.inspect(path, path.name)
    if not found.accepted:
        return Drafted({}, (), ())
    said = declaration_of(found)
    manifest = Manifest(title=said.get("title", ""), language=said.get("language", ""))
    text = "\n".join(segment.text for segment in found.segments[:12])[:TEXT_LIMIT]
    group = FILE_KINDS[found.kind].group
    return drafted([FileEvidence(path.name, group, text, manifest)], lexicon)


def _real_verdicts(field: str, truth: str, filled: Sequence[str]) -> list[str]:
    verdicts = ["there"] if truth else []
    if filled:
        same = fold(truth) in fold(filled[0]) if field == "title" else list(filled) == [truth]
        verdicts += ["filled", *(["right"] if same and truth else [])]
        verdicts += ["found"] if truth else []
    return verdicts


def _labels(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def main() -> None:
    """`python -m bench.describing FOLDER LABELS`: real files, judged by hand."""
    folder, labels = map(Path, sys.argv[1:3])
    print(table("A form that fills itself, real files", measure_folder(folder, labels)))


if __name__ == "__main__":
    main()
