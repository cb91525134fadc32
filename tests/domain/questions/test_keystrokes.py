"""Telex and VNI undone, and what a Vietnamese syllable is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.questions.keystrokes import from_telex, from_vni, is_plainly_vni
from repo_server.domain.questions.syllables import is_syllable, is_unmarked_syllable
from repo_server.domain.vietnamese import exact_token, fold_token

WORDS = """
    phương trình đường thẳng luật định nghĩa thuở quý giữa giếng gì hoà khoẻ thuỷ khuỷu người
    ước mưa của mía tuần nguyễn rượu xoè yêu uống ẩn quốc quyển nghiêng ngoài bưởi
"""
TONES = {"\u0300": "f2", "\u0309": "r3", "\u0303": "x4", "\u0301": "s1", "\u0323": "j5"}
SHAPES = {
    "â": ("aa", "a6"), "ê": ("ee", "e6"), "ô": ("oo", "o6"), "ă": ("aw", "a8"),
    "ơ": ("ow", "o7"), "ư": ("uw", "u7"), "đ": ("dd", "d9"),
}  # fmt: skip


def _typed(word: str, method: int) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    tone = "".join(TONES[letter][method] for letter in decomposed if letter in TONES)
    bare = unicodedata.normalize("NFC", "".join(one for one in decomposed if one not in TONES))
    return "".join(SHAPES[one][method] if one in SHAPES else one for one in bare) + tone


@pytest.mark.parametrize("word", WORDS.split())
def test_what_the_keys_write_is_read_back(word: str) -> None:
    assert from_telex(_typed(word, 0)) == exact_token(word)
    assert from_vni(_typed(word, 1)) == exact_token(word)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("phuowng", "phương"),
        ("duongwf", "dường"),
        ("duwowngfd", "đường"),
        ("tiengse", "tiếng"),
        ("truwongf", "trường"),
        ("toasn", "toán"),
        ("hoaf", "hoà"),
        ("nhieeuf", "nhiều"),
        ("tuwj", "tự"),
        ("w", "ư"),
    ],
)
def test_keys_may_come_late_and_tones_anywhere(typed: str, word: str) -> None:
    assert from_telex(typed) == word


@pytest.mark.parametrize("typed", ["unit", "hom", "", "h2o", "bcdg", "toan", "x" * 40])
def test_what_holds_no_key_writes_nothing(typed: str) -> None:
    assert from_telex(typed) == ""


@pytest.mark.parametrize("typed", ["5512", "h2o", "x2", "2018", "b6", "", "a" * 40 + "1"])
def test_digits_that_change_no_letter_write_nothing(typed: str) -> None:
    assert from_vni(typed) == ""


@pytest.mark.parametrize(
    ("typed", "plainly"),
    [("lua65t", True), ("d9a2", True), ("tu75", True), ("toan1", False), ("bai2", False),
     ("khtn6", False), ("co2", False)],
)  # fmt: skip
def test_a_number_behind_a_word_is_not_plainly_a_key(typed: str, *, plainly: bool) -> None:
    assert is_plainly_vni(typed) is plainly


@pytest.mark.parametrize(
    "word",
    ["nghiêng", "khuỷu", "giếng", "gì", "quyển", "quốc", "yêu", "ước", "oản", "xoong", "thuở"],
)
def test_words_of_the_language_are_syllables(word: str) -> None:
    assert is_syllable(word)
    assert is_unmarked_syllable(fold_token(word))


@pytest.mark.parametrize(
    "word", ["kà", "ghô", "ngê", "tat", "sách\u0301", "tếch̀", "qo", "test", "bf", ""]
)
def test_what_the_orthography_forbids_is_none(word: str) -> None:
    assert not is_syllable(word)


@given(st.text("abdeghioprstuwxyfj0123456789", max_size=14))
def test_no_keys_break_it_and_what_comes_out_is_settled(typed: str) -> None:
    for found in (from_telex(typed), from_vni(typed)):
        assert found == exact_token(found)
        assert found != exact_token(typed) or not typed
