"""The normaliser: what is the same word, what order a list has, and that no text breaks it."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repo_server.domain.vietnamese import (
    LONGEST_TOKEN,
    display,
    exact,
    exact_token,
    fold,
    fold_token,
    has_marks,
    normalize,
    pieces,
    slug,
    sort_key,
    tokens,
    unmarked,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
LETTERS = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđbcghklmnpqrstvx"
VIETNAMESE = st.text(LETTERS + LETTERS.upper() + " -,.0123456789")

SENTENCE = "Đường tròn nội tiếp – bài tập HOÀ bình, lý thuyết và kỹ năng (lớp 9)"

PLACEMENTS = [
    ("hòa", "hoà"),
    ("hóa", "hoá"),
    ("khỏe", "khoẻ"),
    ("xòe", "xoè"),
    ("thúy", "thuý"),
    ("thủy", "thuỷ"),
    ("tóan", "toán"),
    ("hòan", "hoàn"),
    ("qúy", "quý"),
    ("gía", "giá"),
    ("giưã", "giữa"),
    ("ngừơi", "người"),
    ("qúôc", "quốc"),
    ("cuả", "của"),
    ("mià", "mìa"),
    ("khủyu", "khuỷu"),
    ("ngòai", "ngoài"),
]


RIGHT = (
    "gì già giá giếng quá quý quyển quốc của mía lửa người khuya khuỷu ngoài xoong toán hoà"
    " uống yêu yếu ý ăn ẩn ưỡn nghiêng thuở rượu bưởi chuối"
)


@pytest.mark.parametrize(("old", "new"), PLACEMENTS)
def test_one_placement_of_the_tone_is_kept(old: str, new: str) -> None:
    assert exact(old) == exact(new) == new
    assert exact(old.upper()) == new
    assert fold(old) == fold(new)


@pytest.mark.parametrize(
    "word",
    RIGHT.split(),
)
def test_words_that_are_right_stay_as_they_are(word: str) -> None:
    assert exact(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lý", "lí"),
        ("kỹ", "kĩ"),
        ("mỹ", "mĩ"),
        ("sỹ", "sĩ"),
        ("tỷ", "tỉ"),
        ("hy", "hi"),
        ("vy", "vi"),
        ("qui", "quy"),
        ("quít", "quýt"),
        ("quình", "quỳnh"),
    ],
)
def test_i_and_y_are_one_letter_where_schools_write_both(one: str, other: str) -> None:
    assert exact(one) == exact(other)
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("tai", "tay"), ("mai", "may"), ("thúi", "thúy"), ("ai", "ay")]
)
def test_i_and_y_stay_apart_where_they_make_two_words(one: str, other: str) -> None:
    assert exact(one) != exact(other)
    assert fold(one) != fold(other)


def test_marks_fold_and_exact_keeps_them() -> None:
    assert fold(SENTENCE) == "duong tron noi tiep bai tap hoa binh li thuyet va ki nang lop 9"
    assert exact(SENTENCE) == "đường tròn nội tiếp bài tập hoà bình lí thuyết và kĩ năng lớp 9"


@pytest.mark.parametrize("letter", ["Đ", "đ", "Ð", "ð", "Ɖ", "ɖ"])
def test_every_letter_that_looks_like_đ_is_đ(letter: str) -> None:
    assert exact(f"{letter}ường") == "đường"
    assert fold(f"{letter}ường") == "duong"


def test_invisible_characters_do_not_part_words() -> None:
    assert tokens("phương\u00ad trì\u200dnh\ufeff") == ["phương", "trình"]
    assert tokens("a\x00b \ud800 c") == ["a", "b", "c"]


def test_numbers_formulas_and_codes_are_words() -> None:
    assert tokens("H₂O, x², ½ KHBD_Toan_6; 5512/BGDĐT 3,14") == [
        *("h2o", "x2", "1", "2", "khbd", "toan", "6", "5512", "bgdđt", "3", "14"),
    ]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("khtn6", ("khtn", "6")),
        ("15phút", ("15", "phút")),
        ("lop6ctst", ("lop", "6", "ctst")),
        ("co2", ("co", "2")),
        ("h2o", ()),
        ("x2", ()),
        ("6a1", ()),
        ("toán", ()),
        ("2018", ()),
        ("", ()),
    ],
)
def test_a_word_and_a_number_written_together_have_parts(
    token: str, expected: tuple[str, ...]
) -> None:
    assert pieces(token) == expected


def test_marks_are_noticed_in_every_form() -> None:
    assert has_marks("Đ")
    assert has_marks("toa\u0301n")
    assert not has_marks("TOAN 9 – x2")


def test_endless_words_are_cut() -> None:
    assert tokens("a" * 5_000) == ["a" * LONGEST_TOKEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Phương trình bậc hai: x² – Đề 5", "phuong-trinh-bac-hai-x2-de-5"),
        ("  Hoà   Bình!  ", "hoa-binh"),
        ("Lý thuyết", "ly-thuyet"),
        ("日本 2024", "2024"),
        ("!?", ""),
    ],
)
def test_a_slug_is_plain_ascii(text: str, expected: str) -> None:
    assert slug(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Bài\t\n 5\u00a0: ", "Bài 5 :"),
        ("Toa\u0301n\x00 học\x1b", "Toán học"),
        ("a\ud800b", "ab"),
        ("an\u202egnol", "angnol"),
        ("👩\u200d🏫 Lớp 9", "👩\u200d🏫 Lớp 9"),
        ("x² ≠ ½", "x² ≠ ½"),
        ("", ""),
    ],
)
def test_a_title_is_kept_as_it_looks(text: str, expected: str) -> None:
    assert display(text) == expected


def test_lists_have_the_order_of_a_vietnamese_dictionary() -> None:
    letters = list("aăâbcdđeêghiklmnoôơpqrstuưvxy")
    assert sorted(letters, key=sort_key) == letters
    tones = ["ba", "bà", "bả", "bã", "bá", "bạ"]
    assert sorted(tones, key=sort_key) == tones
    titles = ["Ăn", "Ân", "Bài", "Bài 2", "Bài 10", "bài tập", "Ca", "Da", "Đá", "Em", "Ếch"]
    assert sorted(titles, key=sort_key) == titles


def test_letters_decide_before_tones() -> None:
    assert sorted(["Má b", "Ma c", "Ma b"], key=sort_key) == ["Ma b", "Má b", "Ma c"]


def test_a_sort_key_of_vietnamese_is_printable_ascii() -> None:
    key = sort_key(SENTENCE)
    assert key.isascii()
    assert key.isprintable()


@given(ANY_TEXT)
def test_any_text_has_words_that_can_be_encoded(text: str) -> None:
    for read in (fold, exact, slug, sort_key, display):
        read(text).encode()
    for token in tokens(text):
        assert 0 < len(token) <= LONGEST_TOKEN
        assert " " not in token
        pieces(token)
        unmarked(token).encode()


@given(ANY_TEXT)
def test_normalizing_again_changes_nothing(text: str) -> None:
    for read in (normalize, display):
        assert read(read(text)) == read(text)


@given(VIETNAMESE)
def test_folding_and_settling_again_change_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert exact(exact(text)) == exact(text)
    assert fold(exact(text)) == fold(text)


@given(ANY_TEXT)
def test_words_with_the_same_marks_are_the_same_without(text: str) -> None:
    for token in tokens(text):
        assert fold_token(exact_token(token)) == fold_token(token)


@given(VIETNAMESE)
def test_decomposed_and_composed_text_read_the_same(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    for read in (fold, exact, slug, sort_key, display):
        assert read(decomposed) == read(text)


@given(VIETNAMESE)
def test_capitals_read_as_small_letters(text: str) -> None:
    for read in (fold, exact, slug, sort_key):
        assert read(text.upper()) == read(text.lower()) == read(text)


@given(st.lists(st.sampled_from(PLACEMENTS)))
@settings(max_examples=30)
def test_old_and_new_placement_read_the_same_in_any_sentence(
    words: list[tuple[str, str]],
) -> None:
    assert exact(" ".join(old for old, _ in words)) == exact(" ".join(new for _, new in words))
