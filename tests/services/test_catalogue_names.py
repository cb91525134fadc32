"""Names of other catalogues become codes of ours; what is not known is told and not invented."""

from datetime import UTC, datetime

import pytest

from repo_server.domain.access import Role
from repo_server.services.catalogue_entries import TEXT_LIMIT, passages
from repo_server.services.catalogue_names import CatalogueNames, Named, moment
from repo_server.services.library import Library
from repo_server.services.vocabulary import lexicon_of
from tests.libraries import person


@pytest.fixture
def names(sqlite_library: Library) -> CatalogueNames:
    person(sqlite_library, Role.ADMIN)
    with sqlite_library.database.read() as session:
        present = sqlite_library.vocabulary.names(session)
    return CatalogueNames(lexicon_of(present), tuple(present.subjects), tuple(present.books))


def read(names: CatalogueNames, **fields: str | tuple[str, ...]) -> Named:
    said = {name: value if isinstance(value, tuple) else (value,) for name, value in fields.items()}
    return names.record(5, {"id": ("1",), "title": ("Góc",), **said})


def test_names_in_vietnamese_are_known(names: CatalogueNames) -> None:
    named = read(
        names,
        grades="Lớp 12",
        subjects="Sinh học",
        books="Chân trời sáng tạo",
        kind="Bài giảng điện tử",
        license="Nội bộ ngành",
        language="Tiếng Việt",
        published="2025-05-21T23:44:00Z",
        use="1.204",
        url="https://kho.example/1",
    )
    record = named.record
    assert named.warnings == ()
    assert (record.grades, record.subjects, record.books) == ((12,), ("sinh-hoc",), ("ctst",))
    assert (record.kind, record.license, record.language) == ("slides", "internal", "vi")
    assert (record.published, record.use) == (datetime(2025, 5, 21, 23, 44, tzinfo=UTC), 1204)
    assert (record.url, record.row) == ("https://kho.example/1", 5)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Đề kiểm tra", "test"),
        ("Mô phỏng, thí nghiệm ảo", "simulation"),
        ("Bài tập trắc nghiệm", "test"),
        ("KHBD", "lesson_plan"),
        ("mind_map", "mind_map"),
    ],
)
def test_kinds_go_by_label_abbreviation_and_code(
    names: CatalogueNames, said: str, kind: str
) -> None:
    assert read(names, kind=said).record.kind == kind


@pytest.mark.parametrize(
    ("grades", "subjects", "expected"),
    [
        ("7", "Vật lí", ("khtn",)),
        ("10", "Giáo dục công dân", ("gdktpl",)),
        ("3", "HĐTN", ("hdtn",)),
        ("8", "HĐTN", ("hdtn-hn",)),
        ("9", "Hoạt động trải nghiệm, hướng nghiệp", ("hdtn-hn",)),
        ("4", "Toán; Tiếng Việt", ("toan", "tieng-viet")),
        ("6-7", "KHTN", ("khtn",)),
    ],
)
def test_a_subject_is_what_its_grade_calls_it(
    names: CatalogueNames, grades: str, subjects: str, expected: tuple[str, ...]
) -> None:
    named = read(names, grades=grades, subjects=subjects)
    assert (named.record.subjects, named.warnings) == (expected, ())


def test_what_is_not_known_is_left_out_told_and_kept_as_a_keyword(names: CatalogueNames) -> None:
    named = read(
        names,
        grades="hai mươi",
        subjects="Nấu ăn",
        books="Sách lạ",
        kind="Thơ",
        license="CC BY 3.0",
        language="Tiếng sao Hoả",
        published="hôm qua",
        use="nhiều",
        url="javascript:alert(1)",
    )
    record = named.record
    assert (record.grades, record.subjects, record.books, record.kind) == ((), (), (), None)
    assert (record.license, record.language, record.published) == (None, "other", None)
    assert (record.use, record.url) == (0, None)
    assert set(record.keywords) == {"Nấu ăn", "Sách lạ", "Thơ"}
    assert len(named.warnings) == 8


def test_what_is_too_long_is_cut_and_the_whole_description_stays_findable(
    names: CatalogueNames,
) -> None:
    named = read(
        names,
        description="a" * 6_000,
        text="b" * TEXT_LIMIT,
        author="c" * 400,
        source="d" * 400,
        keywords=("e" * 100, *map(str, range(30))),
    )
    record = named.record
    assert (len(record.description), record.text[:6_000]) == (5_000, "a" * 6_000)
    assert (len(record.text), len(record.author), len(record.source)) == (TEXT_LIMIT, 300, 300)
    assert (len(record.keywords), len(record.keywords[0])) == (20, 80)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2025-05-21", datetime(2025, 5, 21, tzinfo=UTC)),
        ("2025-05-21T07:00:00+07:00", datetime(2025, 5, 21, tzinfo=UTC)),
        ("21/05/2025", datetime(2025, 5, 21, tzinfo=UTC)),
        ("1998", datetime(1998, 1, 1, tzinfo=UTC)),
        ("1998.0", datetime(1998, 1, 1, tzinfo=UTC)),
        ("05/21/2025", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_dates_are_read_day_first(said: str, expected: datetime | None) -> None:
    assert moment(said) == expected


def test_a_text_is_parted_where_sentences_end_and_nothing_of_it_is_lost() -> None:
    text = " ".join(f"Câu số {number} của bài." for number in range(2_000))
    parts = list(passages(text))
    assert " ".join(parts) == text
    assert all(len(part) <= 4_000 and part.endswith(".") for part in parts)
    assert list(passages("x" * 9_000)) == ["x" * 4_000, "x" * 4_000, "x" * 1_000]
    assert list(passages(" \n ")) == []
