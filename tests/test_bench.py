"""The benchmarks still run: a small one from the command line, and how figures are told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.tables import Row, figure, not_measured, p95, table

ROOT = Path(__file__).parents[1]


def test_a_small_benchmark_runs_and_tells_its_figures(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "bench", "--small", "--json", str(figures), "import"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "into both" in ran.stdout
    assert "MISSED" not in ran.stdout
    rows = json.loads(figures.read_text())["import"]
    assert [row["unit"] for row in rows] == ["records/s"] * 4
    assert all(row["value"] > 0 for row in rows)


def test_an_unknown_benchmark_is_refused_with_the_names_there_are() -> None:
    command = [sys.executable, "-m", "bench", "teleport"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "upload" in ran.stderr


def test_a_row_says_whether_its_goal_is_met() -> None:
    assert Row("ratio", 0.8, at_least=0.8).met is True
    assert Row("ratio", 0.79, at_least=0.8).met is False
    assert Row("memory", 33, at_most=32).met is False
    assert Row("time", 3).met is None
    assert not_measured("ratio", "nginx is missing").met is None


def test_a_table_is_aligned_and_names_what_was_not_measured() -> None:
    rows = [Row("a", 1234.5, "ms", at_most=2000), not_measured("longer", "nginx is missing")]
    lines = table("Title", rows).splitlines()
    assert lines[2].index("measured") + len("measured") == lines[3].index("1,234 ms") + 8
    assert lines[4] == "longer  not measured                nginx is missing"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.456, "0.46"), (12.34, "12.3"), (345.6, "346"), (10_500, "10,500"), (7, "7")],
)
def test_three_digits_are_told(value: float, shown: str) -> None:
    assert figure(value) == shown


def test_the_time_that_one_of_twenty_exceeds() -> None:
    assert p95([1.0]) == 1.0
    assert p95([float(number) for number in range(101)]) == 95.0
