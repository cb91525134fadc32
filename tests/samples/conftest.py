"""The whole sample library, written once for all workers of a run."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from repo_server.samples.lesson import LESSON_FOLDER, Lesson, read_lessons
from repo_server.samples.writer import write_samples
from tests.samples.typeface import write_typeface
from tests.servers.shared import locked


@dataclass(frozen=True, slots=True)
class Library:
    """Where the files are, the typeface used, and the processor seconds that it took."""

    folder: Path
    font_folder: Path
    seconds: float
    lessons: tuple[Lesson, ...]

    def files(self, extension: str) -> list[Path]:
        return sorted(self.folder.rglob(f"*.{extension}"))


def _processor_seconds() -> float:
    return sum(os.times()[:4])


@pytest.fixture(scope="session")
def library() -> Library:
    lessons = read_lessons()
    with locked("samples") as root:
        if not root.exists():
            growing = root.with_suffix(".growing")
            shutil.rmtree(growing, ignore_errors=True)
            letters = set().union(*(path.read_text("utf-8") for path in LESSON_FOLDER.iterdir()))
            write_typeface(growing / "fonts", letters | set("0123456789…‹›·•/"))
            before = _processor_seconds()
            report = write_samples(growing / "library", font_folder=growing / "fonts")
            (growing / "seconds").write_text(str(_processor_seconds() - before))
            (growing / "notes").write_text(f"{report.written}\n" + "\n".join(report.notes))
            growing.rename(root)
    return Library(root / "library", root / "fonts", float((root / "seconds").read_text()), lessons)
