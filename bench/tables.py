"""What a benchmark answers: rows with a figure and the goal that it has to meet, as plain text."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` None: it was not measured, and `note` says why.

    `at_least` or `at_most` is the goal, where there is one.
    """

    what: str
    value: float | None
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none or nothing was measured."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        if self.at_least is not None and self.value < self.at_least:
            return False
        return self.at_most is None or self.value <= self.at_most

    def cells(self, *, judged: bool) -> tuple[str, ...]:
        """The row as it is printed."""
        shown = "not measured" if self.value is None else f"{figure(self.value)} {self.unit}"
        verdict = {True: "met", False: "MISSED", None: ""}[self.met if judged else None]
        return self.what, shown.strip(), self._goal(), verdict, self.note

    def _goal(self) -> str:
        if self.at_least is not None:
            return f"≥ {figure(self.at_least)}"
        return f"≤ {figure(self.at_most)}" if self.at_most is not None else ""

    def as_json(self) -> dict[str, Any]:
        """The row for programs."""
        return {**asdict(self), "met": self.met}


def not_measured(what: str, why: str) -> Row:
    """A row for what this machine cannot measure."""
    return Row(what, None, note=why)


def figure(value: float) -> str:
    """Three digits that count, and all digits of what is larger or was counted."""
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"


def table(title: str, rows: Sequence[Row], *, judged: bool = True) -> str:
    """An aligned table; without verdicts where nothing is `judged`."""
    lines = [("", "measured", "goal", "", ""), *(row.cells(judged=judged) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    text = []
    for line in lines:
        first, measured, goal, verdict, note = line
        cells = [first.ljust(widths[0]), measured.rjust(widths[1]), goal.rjust(widths[2])]
        text.append("  ".join([*cells, verdict.ljust(widths[3]), note]).rstrip())
    return "\n".join([title, "-" * len(title), *text, ""])


def p50(values: Sequence[float]) -> float:
    """The median."""
    return median(values)


def p95(values: Sequence[float]) -> float:
    """The value that one of twenty exceeds."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
