"""The small markup that lessons are written in, read into blocks that every format can show.

One line, one thing: ``# `` a new slide, ``## `` and ``### `` headings, ``- `` a bullet, ``1. `` a
numbered item, ``| a | b |`` a table row (the first row is its head), ``? `` a question, ``= `` its
answer, ``> `` a note (what the teacher says on a slide, a set-off remark elsewhere), ``!name text``
a picture with its caption. Other lines are paragraphs, parted by an empty line; lines below a
question belong to it until its answer. ``**bold**`` and ``*italic*`` work inside every text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

_NUMBERED = re.compile(r"\d+\. ")
_STARTS = re.compile(r"$|#{1,3} |- |\d+\. |\||\? |> |!")
_MARKED = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|\*(?P<italic>[^*\s][^*]*)\*")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one face."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 opens a slide, 2 is a section, 3 a part of it."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; lines that must stay apart, as in a verse, are parted by a line feed."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A bulleted or numbered list."""

    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal length; the first is the head."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An exercise: its number, its lines, and the answer ("" when it is shown elsewhere)."""

    number: int
    lines: tuple[str, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What the teacher says on a slide; a set-off remark on paper."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of the lesson, by name."""

    name: str
    caption: str


Block = Heading | Paragraph | Items | Table | Question | Note | Picture


class Answers(StrEnum):
    """Where the answers to exercises are shown."""

    AFTER = "after"
    END = "end"
    HIDDEN = "hidden"
    ONLY = "only"


def runs(text: str) -> tuple[Run, ...]:
    """The faces of a text, in order; unpaired asterisks stay as they are."""
    found: list[Run] = []
    at = 0
    for match in _MARKED.finditer(text):
        if match.start() > at:
            found.append(Run(text[at : match.start()]))
        bold = match["bold"] is not None
        found.append(Run(match["bold"] or match["italic"], bold=bold, italic=not bold))
        at = match.end()
    if at < len(text):
        found.append(Run(text[at:]))
    return tuple(found)


def plain(text: str) -> str:
    """The text without its marks."""
    return "".join(run.text for run in runs(text))


def read_blocks(body: str) -> tuple[Block, ...]:
    """The blocks of a lesson's body, exercises numbered from 1."""
    lines = [line.strip() for line in body.strip().splitlines()]
    return tuple(_Reader(lines).blocks())


def arrange_answers(blocks: Sequence[Block], answers: Answers) -> tuple[Block, ...]:
    """The same blocks with the answers where they are wanted."""
    if answers is Answers.AFTER:
        return tuple(blocks)
    if answers is Answers.ONLY:
        return (_answer_table(blocks),)
    asked: list[Block] = [
        replace(block, answer="") if isinstance(block, Question) else block for block in blocks
    ]
    if answers is Answers.END:
        asked += [Heading(2, "Đáp án và gợi ý"), _answer_table(blocks)]
    return tuple(asked)


def _answer_table(blocks: Sequence[Block]) -> Table:
    rows = [
        (f"Câu {block.number}", block.answer) for block in blocks if isinstance(block, Question)
    ]
    return Table((("Câu", "Đáp án và gợi ý"), *rows))


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.questions = 0

    def blocks(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line:
                self.at += 1
            elif line.startswith("? "):
                yield self._question()
            elif line.startswith("- ") or _NUMBERED.match(line):
                yield self._items(ordered=not line.startswith("- "))
            elif line.startswith("|"):
                yield self._table()
            elif (block := _single(line)) is not None:
                self.at += 1
                yield block
            else:
                yield self._paragraph()

    def _items(self, *, ordered: bool) -> Items:
        found: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            mark = _NUMBERED.match(line) if ordered else re.match("- ", line)
            if mark is None:
                break
            found.append(line[mark.end() :])
            self.at += 1
        return Items(tuple(found), ordered=ordered)

    def _table(self) -> Table:
        rows: list[tuple[str, ...]] = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("|"):
            cells = self.lines[self.at].strip("|").split("|")
            rows.append(tuple(cell.strip() for cell in cells))
            self.at += 1
        return Table(tuple(rows))

    def _paragraph(self) -> Paragraph:
        found: list[str] = []
        while self.at < len(self.lines) and not _STARTS.match(self.lines[self.at]):
            found.append(self.lines[self.at])
            self.at += 1
        return Paragraph("\n".join(found))

    def _question(self) -> Question:
        self.questions += 1
        lines = [self.lines[self.at][2:]]
        self.at += 1
        while self.at < len(self.lines) and not self.lines[self.at].startswith(("= ", "? ")):
            if self.lines[self.at]:
                lines.append(self.lines[self.at])
            self.at += 1
        answer: list[str] = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("= "):
            answer.append(self.lines[self.at][2:])
            self.at += 1
        return Question(self.questions, tuple(lines), " ".join(answer))


def _single(line: str) -> Block | None:
    marker, _, rest = line.partition(" ")
    if marker in {"#", "##", "###"}:
        return Heading(len(marker), rest)
    if marker == ">":
        return Note(rest)
    if line.startswith("!"):
        return Picture(marker[1:], rest)
    return None
