"""The passes over a question and what follows when they find too little, before any engine."""

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.domain.questions.base import Origin, Preference, Question, Reading, Term, as_typed
from repo_server.search.base import MAX_DEPTH, Hit, SearchQuery
from repo_server.search.passes import (
    LOOKS,
    Pass,
    check_bounds,
    contents,
    fewer,
    filters_only,
    left_out,
    order_tail,
    passes_of,
    rows,
    spread,
)

EXACTS = {kind for kind, look in LOOKS.items() if look.exact}
PHRASES = {kind for kind, look in LOOKS.items() if look.phrase}


def word(text: str, preference: int = -1) -> Term:
    return Term((Reading((text,), Origin.TYPED, marked=False),), preference=preference)


NAMED = Question(
    "toan phan so",
    (word("toan", 0), word("phan"), word("so")),
    (Preference("subject", ("toan",), "toan", "Toán"),),
)


def test_without_marks_no_marks_are_meant() -> None:
    assert not set(passes_of(as_typed("PHUONG TRINH 2"))) & EXACTS


def test_one_mark_means_all_of_them() -> None:
    assert set(passes_of(as_typed("hoa học trò"))) >= EXACTS | PHRASES


def test_one_word_is_no_phrase() -> None:
    assert not set(passes_of(as_typed("ma"))) & PHRASES


def test_all_words_come_first() -> None:
    for text in ("ma", "phân số", "khtn6"):
        assert passes_of(as_typed(text))[0] is Pass.ALL


def test_what_a_question_names_is_not_required_as_words() -> None:
    assert contents(NAMED) == NAMED.terms[1:]
    assert {Pass.UNDERSTOOD, Pass.TITLE_UNDERSTOOD, Pass.EVERY} <= set(passes_of(NAMED))
    assert not {Pass.UNDERSTOOD, Pass.EVERY} & set(passes_of(as_typed("phan so")))


def test_a_question_of_names_only_keeps_its_words() -> None:
    only = Question("toan", NAMED.terms[:1], NAMED.preferences)
    assert only.named_only
    assert contents(only) == only.terms


def test_the_name_of_a_kind_may_be_that_of_a_lesson() -> None:
    kind = Preference("kind", ("mind_map",), "sơ đồ tư duy", "Sơ đồ tư duy")
    grade = Preference("grade", ("6",), "6", "Lớp 6")
    words = (word("so", 0), word("do", 0))
    assert not filters_only(Question("so do", words, (kind,)))
    assert filters_only(Question("so do 6", (*words, word("6", 1)), (kind, grade)))
    assert filters_only(Question("6", (word("6", 0),), (grade,)))
    assert not filters_only(NAMED)


def test_a_row_is_read_as_believed_as_typed_and_in_other_readings() -> None:
    readings = (
        Reading(("nguyên",), Origin.TYPO, marked=True),
        Reading(("nguyện",), Origin.TYPO, marked=True),
        Reading(("nguyen",), Origin.TYPED, marked=False),
    )
    asked = (word("so"), Term(readings))
    assert rows(asked) == [["so", "nguyên"], ["so", "nguyen"], ["so", "nguyện"]]
    assert rows((word("so"),)) == [["so"]]


def steps(text: str, unknown: str = "") -> list[list[str]]:
    asked = as_typed(text)
    missing = [term for term in asked.terms if term.readings[0].words[0] in unknown.split()]
    return [
        [" ".join(term.readings[0].words[0] for term in kept) for kept in step]
        for step in fewer(asked, missing)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", []),
        ("a b", [["a", "b"]]),
        ("a b c", [["b c", "a c", "a b"], ["a b", "b c"], ["a", "b", "c"]]),
    ],
)
def test_one_word_less_then_neighbors_then_single_words(
    text: str, expected: list[list[str]]
) -> None:
    assert steps(text) == expected


def test_words_that_nobody_has_are_left_out_first_and_said() -> None:
    assert steps("tam giác xyz", "xyz")[0] == ["tam giác"]
    assert steps("xyz", "xyz") == []
    asked = as_typed("tam giác xyz")
    assert left_out(asked, asked.terms[:2]) == ("xyz",)
    assert left_out(NAMED, NAMED.terms[1:]) == ()


def test_a_long_question_is_not_tried_without_each_of_its_words() -> None:
    text = " ".join("abcdefghijkl")
    assert len(steps(text)[0]) == 11
    assert len(steps(text)[0][0].split()) == 2


def test_an_index_holds_a_code_whole_and_in_parts() -> None:
    assert spread(["toan", "khtn6", "h2o"]) == ["toan", "khtn6", "khtn", "6", "h2o"]


@pytest.mark.parametrize("size", [1, 3, 4, 7, 10])
def test_head_and_tail_together_show_everything_once(size: int) -> None:
    matches = list(range(10))
    head = (Hit(8, 9.0), Hit(0, 8.0), Hit(3, 7.0))
    shown: list[Hit] = []
    for first in range(0, 10, size):
        last = first + size
        shown += [*head[first:last], *order_tail(head, matches[:last], first, last)]
    assert [hit.id for hit in shown] == [8, 0, 3, 1, 2, 4, 5, 6, 7, 9]
    assert [hit.score for hit in shown] == sorted((hit.score for hit in shown), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        SearchQuery(page=0),
        SearchQuery(size=0),
        SearchQuery(page=10**30),
        SearchQuery(size=MAX_DEPTH + 1),
        SearchQuery(facets=("scope",)),
        SearchQuery(filters={"id": ("1",)}),
    ],
)
def test_what_no_index_answers_is_refused_in_vietnamese(query: SearchQuery) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_bounds(query)
    assert refusal.value.sentence("vi").startswith("Giá trị của")


def test_the_deepest_page_is_allowed() -> None:
    check_bounds(SearchQuery(page=MAX_DEPTH // 20, size=20, filters={"grade": ("6",)}))
