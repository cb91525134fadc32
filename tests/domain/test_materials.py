from dataclasses import replace

import pytest

from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import (
    KIND_KEYWORDS,
    KIND_LABELS,
    STATUS_LABELS,
    Completeness,
    Kind,
    Status,
    missing_before_submission,
)

READY = Completeness(
    title="Cộng hai phân số",
    description="",
    kind=Kind.LESSON_PLAN,
    license="cc-by-4.0",
    file_count=1,
    grade_count=1,
    subject_count=1,
)


def test_a_complete_material_lacks_nothing() -> None:
    assert missing_before_submission(READY) == {}


@pytest.mark.parametrize(
    ("material", "sentence"),
    [
        (replace(READY, title=" \t"), "Chưa có tên học liệu."),
        (replace(READY, file_count=0), "Chưa có tệp nào."),
        (replace(READY, kind=None), "Chưa chọn loại học liệu."),
        (replace(READY, grade_count=0), "Chưa chọn lớp."),
        (replace(READY, subject_count=0), "Chưa chọn môn học."),
        (replace(READY, license=None), "Chưa chọn giấy phép sử dụng."),
    ],
)
def test_each_thing_that_is_missing_is_named(material: Completeness, sentence: str) -> None:
    assert list(missing_before_submission(material).values()) == [sentence]


def test_everything_that_is_missing_is_named_at_once() -> None:
    empty = Completeness("", "", None, None, 0, 0, 0)
    fields = {"title", "files", "kind", "grades", "subjects", "license"}
    assert missing_before_submission(empty).keys() == fields


def test_every_state_and_kind_has_one_name_for_people() -> None:
    assert STATUS_LABELS.keys() == set(Status)
    assert KIND_LABELS.keys() == KIND_KEYWORDS.keys() == set(Kind)
    assert len(set(STATUS_LABELS.values())) == len(Status)
    assert len(set(KIND_LABELS.values())) == len(Kind)


def test_every_license_says_what_it_means() -> None:
    for code, license in LICENSES.items():
        assert license.code == code
        assert license.label
        assert license.summary.endswith(".")
        assert license.url is None or license.url.startswith("https://creativecommons.org/")
    assert len({license.label for license in LICENSES.values()}) == len(LICENSES)


def test_stored_values_fit_their_columns() -> None:
    assert max(map(len, Status)) <= 12
    assert max(map(len, Kind)) <= 20
    assert max(map(len, LICENSES)) <= 30
