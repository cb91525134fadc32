"""A question as a teacher types it, and what is made of it."""

import pytest

from repo_server.domain.questions.base import Origin, Question
from repo_server.domain.questions.understanding import understand
from tests.domain.questions.knowledge import KNOWLEDGE


def _believed(question: Question) -> str:
    return " ".join(" ".join(term.readings[0].words) for term in question.terms)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("phuowng trinhf bacj hai", "phương trình bậc hai"),
        ("d9inh5 lua65t o6m", "định luật ôm"),
        ("TAAPJ LAMF VAWN", "tập làm văn"),
        ("cow sowr duwx lieeuj", "cơ sở dữ liệu"),
        ("chuyen nguoi con gia nam xuong", "chuyen nguoi con gai nam xuong"),
        ("khoi ngia lam son", "khoi nghia lam son"),
        ("phuơng trinh bac haii", "phương trình bậc hai"),
        ("phan so voi tu va mau laso nguyen", "phan so voi tu va mau la so nguyen"),
        ("phuongtrinhbachai", "phuong trinh bac hai"),
        ("quang hpo", "quang hop"),
        ("unit 4: musix and arts", "unit 4 music and arts"),
    ],
)
def test_what_was_typed_wrongly_is_put_right_and_kept(typed: str, meant: str) -> None:
    question = understand(typed, KNOWLEDGE)
    assert question.instead.casefold() == meant
    for term in question.terms:
        assert any(reading.origin is Origin.TYPED for reading in term.readings)


@pytest.mark.parametrize(
    "typed",
    [
        "phương trình bậc hai",
        "PHƯƠNG TRÌNH BẬC HAI",
        "phuong trinh bac hai",
        "this is a test",
        "unit 2: my house",
        "H2O",
        "5512",
        "KHTN6",
        "ptbh",
        "CSDL quan hệ",
        "ngay,thang",
        "hai bac trinh phuong",
        "internet",
    ],
)
def test_what_is_right_is_left_alone(typed: str) -> None:
    assert understand(typed, KNOWLEDGE).instead == ""


def test_a_name_is_a_preference_and_stays_a_word() -> None:
    question = understand("giáo án KHTN6 tế bào", KNOWLEDGE)
    assert [(one.facet, one.values, one.label) for one in question.preferences] == [
        ("kind", ("lesson_plan",), "Kế hoạch bài dạy"),
        ("subject", ("khtn",), "Khoa học tự nhiên"),
        ("grade", ("6",), "Lớp 6"),
    ]
    assert [term.preference for term in question.terms] == [0, 0, 1, 2, -1, -1]
    assert not question.named_only


@pytest.mark.parametrize("typed", ["KHTN 6", "khtn6", "toán 9 ctst", "môn văn lớp 7", "dia li 9"])
def test_nothing_but_names_is_named_only(typed: str) -> None:
    assert understand(typed, KNOWLEDGE).named_only


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("lí 8", ("khtn", "vat-li")),
        ("sử 5", ("lsdl", "lich-su")),
        ("hoá 11", ("hoa-hoc",)),
    ],
)
def test_a_subject_is_also_what_the_grade_calls_it(typed: str, values: tuple[str, ...]) -> None:
    assert understand(typed, KNOWLEDGE).preferences[0].values == values


@pytest.mark.parametrize("typed", ["hoa học trò", "văn", "sinh sản", "an toàn giao thông", "số 6"])
def test_words_that_only_look_like_names_are_none(typed: str) -> None:
    assert understand(typed, KNOWLEDGE).preferences == ()


def test_a_facet_that_was_taken_off_is_only_words() -> None:
    question = understand("toán 6 phân số", KNOWLEDGE, ignored=frozenset({"grade"}))
    assert [one.facet for one in question.preferences] == ["subject"]
    assert [term.preference for term in question.terms] == [0, -1, -1, -1]


def test_literally_nothing_is_corrected_nor_added() -> None:
    question = understand("phuowng trinhf bac 2", KNOWLEDGE, literal=True)
    assert question.instead == ""
    assert [term.readings[0].words for term in question.terms] == [
        ("phuowng",), ("trinhf",), ("bac",), ("2",),
    ]  # fmt: skip
    assert all(len(term.readings) == 1 for term in question.terms)


def test_synonyms_are_further_readings_of_one_term() -> None:
    question = understand("định lí pi ta go", KNOWLEDGE)
    last = question.terms[-1]
    assert [(one.words, one.origin) for one in last.readings] == [
        (("pi", "ta", "go"), Origin.TYPED),
        (("pitago",), Origin.SYNONYM),
        (("pythagore",), Origin.SYNONYM),
    ]


def test_the_number_of_a_grade_is_no_word_with_synonyms() -> None:
    assert len(understand("toán 2", KNOWLEDGE).terms[1].readings) == 1
    assert len(understand("bậc 2", KNOWLEDGE).terms[1].readings) == 2


def test_a_word_and_a_number_are_one_term_unless_they_are_named() -> None:
    assert len(understand("so1", KNOWLEDGE).terms) == 1
    assert len(understand("toan9", KNOWLEDGE).terms) == 2


@pytest.mark.parametrize(
    ("typed", "unfinished"),
    [("co so du lieu quan h", True), ("co so du lieu quan he", False), ("quan he ", False)],
)
def test_a_word_that_begins_another_is_unfinished(typed: str, *, unfinished: bool) -> None:
    question = understand(typed, KNOWLEDGE)
    assert question.terms[-1].unfinished is unfinished
    assert question.instead == ""


def test_while_typing_the_last_word_is_not_corrected() -> None:
    question = understand("quang ho", KNOWLEDGE, unfinished=True)
    assert (question.instead, question.terms[-1].unfinished) == ("", True)


@pytest.mark.parametrize("typed", ["", "   ", "…!?", "\ud800", "\x00"])
def test_nothing_said_is_nothing_looked_for(typed: str) -> None:
    assert understand(typed, KNOWLEDGE).terms == ()
