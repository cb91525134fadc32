"""Counting words in bounded memory, and the model that comes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.questions import catalogue_words
from repo_server.domain.questions.catalogue_words import NUMBER, CatalogueWords, WordCounter

TEXTS = ("Phương trình bậc hai", "Phương trình bậc 2", "phường Tân Định, Unit 7")


def test_words_and_neighbours_are_counted_in_both_readings() -> None:
    words = CatalogueWords.of(TEXTS)
    assert words.exact.uses("phương") == 2
    assert words.folded.uses("phuong") == 3
    assert words.forms["phuong"] == ("phương", "phường")
    assert words.exact.together("phương", "trình") == 2
    assert words.folded.together("bac", NUMBER) == 1
    assert words.exact.together("trình", "phương") == 0
    assert list(words.beginning_with("ph")) == ["phuong"]


def test_codes_are_no_words_and_part_their_neighbours() -> None:
    words = CatalogueWords.of(["khí H2O lỏng"])
    assert "h2o" not in words.exact
    assert words.exact.together("khí", "lỏng") == 0


@given(st.lists(st.text("aăbđ 1.", max_size=30), max_size=8))
def test_a_model_survives_being_kept(texts: list[str]) -> None:
    words = CatalogueWords.of(texts)
    again = CatalogueWords.from_bytes(words.to_bytes())
    assert again.to_bytes() == words.to_bytes()
    assert again.forms == words.forms


@pytest.mark.parametrize("cut", [0, 5, -1])
def test_a_model_that_is_cut_off_is_refused(cut: int) -> None:
    data = CatalogueWords.of(TEXTS).to_bytes()
    with pytest.raises(ValueError, match="cut off"):
        CatalogueWords.from_bytes(data[:cut])


def test_rare_pairs_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_words, "_COUNTED_AT_ONCE", 10)
    monkeypatch.setattr(catalogue_words, "_COUNTED_WORDS", 20)
    counter = WordCounter()
    for number in range(200):
        counter.add("phương trình")
        counter.add(f"{'abcdefghij'[number % 10]}q{'klmnopqrst'[number // 10 % 10]} rất hiếm")
    words = counter.model()
    assert words.exact.together("phương", "trình") == 200
    assert words.exact.uses("hiếm") > 0
    assert words.exact.total < 200 * 5


def test_only_the_most_frequent_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_words, "MOST_WORDS", 2)
    monkeypatch.setattr(catalogue_words, "MOST_PAIRS", 1)
    words = CatalogueWords.of(["a b", "a b", "b c"])
    assert [word for word in "abc" if word in words.exact] == ["a", "b"]
    assert words.exact.together("a", "b") == 2
