"""The plan of a question and the order of its candidates, before any engine."""

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.search.base import MAX_DEPTH, Hit, SearchQuery
from repo_server.search.passes import (
    EXACTS,
    MOST_WORDS,
    PHRASES,
    WEIGHTS,
    Pass,
    check_bounds,
    merge,
    order_tail,
    plan,
    spread,
)


@pytest.mark.parametrize("text", ["", "   ", "?!", "\x00", "\ud800", "🙂"])
def test_a_text_without_words_means_browsing(text: str) -> None:
    assert plan(text, unfinished=False) is None


def test_without_marks_no_marks_are_meant() -> None:
    asked = plan("PHUONG TRINH 2", unfinished=False)
    assert asked is not None
    assert not asked.marked
    assert [word.folded for word in asked.words] == ["phuong", "trinh", "2"]
    assert not set(asked.passes) & set(EXACTS)


def test_one_mark_means_all_of_them() -> None:
    asked = plan("hoa học trò", unfinished=False)
    assert asked is not None
    assert asked.marked
    assert [word.exact for word in asked.words] == ["hoa", "học", "trò"]
    assert set(asked.passes) == set(Pass)


def test_one_word_is_no_phrase_but_a_word_with_a_number_is() -> None:
    word, code = plan("ma", unfinished=False), plan("khtn6", unfinished=False)
    assert word is not None
    assert code is not None
    assert not set(word.passes) & set(PHRASES)
    assert code.words[0].parts == ("khtn", "6")
    assert Pass.TITLE_PHRASE in code.passes


def test_a_pasted_page_is_cut() -> None:
    asked = plan("bài " * 1_000, unfinished=False)
    assert asked is not None
    assert len(asked.words) == MOST_WORDS


@pytest.mark.parametrize(
    ("text", "expected"), [("a", ()), ("a b", (1,)), ("a b c", (2, 1)), ("a b c d e", (3, 1))]
)
def test_half_of_the_words_suffice_when_all_are_too_many(
    text: str, expected: tuple[int, ...]
) -> None:
    asked = plan(text, unfinished=False)
    assert asked is not None
    assert asked.fewer == expected


def test_an_index_holds_a_code_whole_and_in_parts() -> None:
    assert spread(["toan", "khtn6", "h2o"]) == ["toan", "khtn6", "khtn", "6", "h2o"]


def test_every_exact_hit_outweighs_all_folded_ones() -> None:
    folded = sum(weight for kind, weight in WEIGHTS.items() if kind not in EXACTS)
    assert WEIGHTS[Pass.EXACT] > folded + 1


def test_the_order_of_the_classes() -> None:
    merged = merge(
        {
            Pass.ALL: [Hit(id, 10.0) for id in (1, 2, 3, 4, 5, 6)],
            Pass.PHRASE: [Hit(2, 3.0)],
            Pass.TITLE: [Hit(3, 3.0), Hit(4, 3.0)],
            Pass.TITLE_PHRASE: [Hit(4, 3.0)],
            Pass.EXACT: [Hit(5, 3.0), Hit(6, 3.0)],
            Pass.EXACT_TITLE: [Hit(6, 3.0)],
        }
    )
    assert [hit.id for hit in merged] == [6, 5, 4, 3, 2, 1]


def test_a_narrow_pass_counts_for_the_wide_list_that_was_cut() -> None:
    merged = merge({Pass.EXACT: [Hit(1, 9.0)], Pass.EXACT_TITLE_PHRASE: [Hit(2, 1.0)]})
    assert [hit.id for hit in merged] == [2, 1]
    assert merged[0].score == sum(WEIGHTS.values())


def test_within_a_class_the_engine_decides_and_then_the_newest() -> None:
    hits = [Hit(1, 2.0), Hit(7, 1.0), Hit(3, 1.0)]
    assert [hit.id for hit in merge({Pass.ALL: hits})] == [1, 7, 3]
    assert merge({Pass.ALL: []}) == ()
    assert [hit.id for hit in merge({Pass.ALL: [Hit(1, 0.0), Hit(2, 0.0)]})] == [2, 1]


@pytest.mark.parametrize("size", [1, 3, 4, 7, 10])
def test_head_and_tail_together_show_everything_once(size: int) -> None:
    matches = [Hit(id, 100.0 - id) for id in range(10)]
    head = (Hit(8, 9.0), Hit(0, 8.0), Hit(3, 7.0))
    shown: list[int] = []
    for first in range(0, 10, size):
        last = first + size
        page = [*head[first:last], *order_tail(head, matches[:last], first, last)]
        shown += [hit.id for hit in page]
    assert shown == [8, 0, 3, 1, 2, 4, 5, 6, 7, 9]


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
