"""Slips of hurried hands: what they cost, and which way through a question is believed."""

import pytest

from repo_server.domain.questions.base import MOST_WORDS, Origin
from repo_server.domain.questions.correcting import Corrector
from repo_server.domain.questions.edits import LongWords, distance, slips
from repo_server.domain.questions.sentences import Typed
from tests.domain.questions.knowledge import WORDS

CORRECTOR = Corrector(WORDS)


def _believed(text: str) -> str:
    stretches = CORRECTOR.correct([Typed(word) for word in text.split()])
    return " ".join(word for stretch in stretches for word in stretch.choices[0].words)


@pytest.mark.parametrize(
    ("typed", "likelier", "other"),
    [
        ("ttap", "tap", "tsap"),  # twice is likelier than too much
        ("hpo", "hop", "ho"),  # swapped before left out
        ("gia", "gis", "gix"),  # the key beside before any other
        ("chang", "trang", "chaag"),  # sounds alike
    ],
)
def test_likelier_slips_cost_less(typed: str, likelier: str, other: str) -> None:
    found = slips(typed, {likelier, other})
    assert found[likelier] < found.get(other, 99)


def test_a_word_is_no_slip_of_itself() -> None:
    assert "tap" not in slips("tap", {"tap", "tab"})


def test_long_words_are_found_through_two_slips() -> None:
    words = LongWords(["photosynthesis", "phuong"])
    assert words.near("photosyntesi") == {"photosynthesis"}
    assert words.near("pohtosynthesiss") == {"photosynthesis"}
    assert words.near("fotosynthesi") == frozenset()
    assert words.near("phuonh") == frozenset()


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xbcy", 2)],
)
def test_a_distance_counts_slips(one: str, other: str, *, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("phuong trinh bac haii", "phuong trinh bac hai"),
        ("phương trình bặc hai", "phương trình bậc hai"),
        ("phương trình bậc gai", "phương trình bậc hai"),
        ("phuon g trinh", "phuong trinh"),
        ("sp nguyen to", "so nguyen to"),
    ],
)
def test_neighbours_decide_what_was_meant(typed: str, meant: str) -> None:
    assert _believed(typed) == meant


def test_a_word_that_is_known_beside_its_neighbours_is_left_alone() -> None:
    (first, second) = CORRECTOR.correct([Typed("hop"), Typed("so")])
    assert [choice.origin for choice in (*first.choices, *second.choices)] == [Origin.TYPED] * 2


def test_what_is_fixed_is_never_another_word() -> None:
    stretches = CORRECTOR.correct([Typed("quang"), Typed("hpo", fixed=True)])
    assert [len(stretch.choices) for stretch in stretches] == [1, 1]


def test_what_was_typed_is_always_among_the_choices_and_trust_is_a_share() -> None:
    for stretch in CORRECTOR.correct([Typed(word) for word in ("phuowng", "trinhf", "bcc")]):
        assert Origin.TYPED in {choice.origin for choice in stretch.choices}
        assert all(0 < choice.trust <= 1 for choice in stretch.choices)


def test_a_question_of_strange_words_is_bounded() -> None:
    typed = [Typed(f"zq{'abcdefghijklmnopqrstuvwx'[at]}bac") for at in range(MOST_WORDS)]
    stretches = CORRECTOR.correct(typed)
    assert [stretch.end for stretch in stretches][-1] == MOST_WORDS
    assert sum(len(stretch.choices) > 1 for stretch in stretches) <= 8
