"""What the lessons of the sample library hold."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.gdpt2018 import framework_files
from repo_server.samples.lesson import (
    LESSON_FOLDER,
    TEXT_FORMATS,
    Lesson,
    read_lesson,
    read_lessons,
)
from repo_server.samples.markup import Picture, Question, Table, read_blocks

LESSONS = read_lessons()
VALID = """
title = "Bài thử"
description = "Một bài."
kind = "reading"
grades = [6]
subjects = ["toan"]
license = "cc0-1.0"
author = "Lê An"
organization = "Trường thử"
items = ["lop-6.toan.so-va-dai-so.1"]
keywords = ["số"]
[[files]]
name = "Bài thử.md"
source = "text"
[bodies]
text = "Một đoạn."
"""


def test_there_are_at_least_forty_four_lessons() -> None:
    assert len(LESSONS) >= 44


def test_the_lessons_cover_all_grades_and_at_least_twenty_subjects() -> None:
    assert {grade for lesson in LESSONS for grade in lesson.grades} == set(range(1, 13))
    assert len({subject for lesson in LESSONS for subject in lesson.subjects}) >= 20


def test_the_lessons_cover_at_least_nine_kinds_and_every_format() -> None:
    assert len({lesson.kind for lesson in LESSONS}) >= 9
    formats = {file.format for lesson in LESSONS for file in lesson.files}
    assert formats == TEXT_FORMATS | {"png", "mp3", "mp4"}


def test_at_least_ten_lessons_are_bundles() -> None:
    assert sum(len(lesson.files) > 1 for lesson in LESSONS) >= 10


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_the_lesson_is_taught_in_a_grade_where_the_curriculum_has_its_subject(
    lesson: Lesson,
) -> None:
    taught = _taught()
    assert {(grade, subject) for grade in lesson.grades for subject in lesson.subjects} <= taught


def test_a_lesson_is_about_items_below_its_subject_wherever_the_programme_has_any() -> None:
    files = [read_curriculum_csv(path.read_bytes()) for path in framework_files()]
    items = [item.code for file in files for item in file.items]
    for lesson in LESSONS:
        roots = [f"lop-{grade}.{code}." for grade in lesson.grades for code in lesson.subjects]
        below = {code for code in items if code.startswith(tuple(roots))}
        assert set(lesson.items) <= below, lesson.slug
        assert bool(lesson.items) == bool(below), lesson.slug
    assert sum(bool(lesson.items) for lesson in LESSONS) > 20


_TAUGHT: set[tuple[int, str]] = set()


def _taught() -> set[tuple[int, str]]:
    if not _TAUGHT:
        file = next(path for path in framework_files() if path.name == "gdpt2018.csv")
        curriculum = read_curriculum_csv(file.read_bytes())
        _TAUGHT.update(
            (grade, item.subject)
            for item in curriculum.items
            if item.kind == "subject" and item.subject
            for grade in item.grades or (int(str(item.parent).removeprefix("lop-")),)
        )
    return _TAUGHT


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_the_lesson_says_enough_about_itself(lesson: Lesson) -> None:
    assert lesson.description.count(".") >= 2
    assert 3 <= len(lesson.keywords) <= 20
    assert sum(len(body) for body in lesson.bodies.values()) >= 900


def test_names_and_titles_are_composed_and_unique() -> None:
    titles = Counter(lesson.title for lesson in LESSONS)
    assert titles.most_common(1)[0][1] == 1
    for lesson in LESSONS:
        names = [file.name for file in lesson.files]
        assert len(set(names)) == len(names)
        assert all(unicodedata.is_normalized("NFC", name) for name in (lesson.title, *names))


def test_every_table_is_even_every_question_answered_and_every_picture_drawn() -> None:
    for lesson in LESSONS:
        for body in lesson.bodies.values():
            for block in read_blocks(body):
                match block:
                    case Table(rows):
                        assert len({len(row) for row in rows}) == 1, (lesson.slug, rows)
                    case Question(_, lines, answer):
                        assert answer, (lesson.slug, lines)
                    case Picture(name, _):
                        assert name in lesson.figures, (lesson.slug, name)


def test_every_lesson_file_lies_in_the_package() -> None:
    assert {path.suffix for path in LESSON_FOLDER.iterdir()} == {".toml"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "reading"', 'kind = "poem"', "loại học liệu"),
        ("grades = [6]", "grades = [13]", "lớp"),
        ('["toan"]', '["alchemy"]', "môn học"),
        ('"cc0-1.0"', '"mine"', "giấy phép"),
        ('source = "text"', 'source = "other"', "không có nội dung"),
        ("Bài thử.md", "Bài thử.xyz", "định dạng tệp"),
        ('author = "Lê An"', "", "author"),
        ("grades = [6]", "grades = [", "không đọc được"),
    ],
)
def test_a_lesson_that_is_not_right_is_refused_and_named(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "bai-thu.toml"
    path.write_text(VALID, "utf-8")
    assert read_lesson(path).slug == "bai-thu"
    path.write_text(VALID.replace(old, new), "utf-8")
    with pytest.raises(InvalidValue) as caught:
        read_lesson(path)
    assert "bai-thu.toml" in caught.value.sentence()
    assert says in caught.value.sentence()
