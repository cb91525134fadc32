"""What is shown of a text for a question."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.questions.base import Origin, Question, Reading, Term, as_typed
from repo_server.search.highlighting import Snippet, highlight

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
LONG = (
    "Mở đầu bài học. "
    + "Học sinh thảo luận nhóm. " * 20
    + "Giải phương trình bậc hai một ẩn. "
    + "Giáo viên nhận xét. " * 20
)


def answered(text: str, query: str, window: int = 240) -> Snippet:
    return highlight(text, as_typed(query, unfinished=True), window=window)


def marked(snippet: Snippet) -> list[str]:
    return [text for text, is_marked in snippet.fragments if is_marked]


def shown(snippet: Snippet) -> str:
    return "".join(text for text, _ in snippet.fragments)


def test_the_window_holds_the_words_side_by_side() -> None:
    snippet = answered(LONG, "phuong trinh bac hai", window=120)
    assert marked(snippet) == ["phương trình bậc hai"]
    assert shown(snippet).startswith("…")
    assert shown(snippet).endswith("…")
    assert len(shown(snippet)) <= 122


def test_a_window_begins_with_a_sentence_where_one_begins_near() -> None:
    snippet = answered(LONG, "phương trình", window=120)
    assert shown(snippet).startswith("…Học sinh thảo luận nhóm. Giải phương trình")


def test_a_short_text_is_shown_whole() -> None:
    assert answered("Bài 1: Tập hợp", "tập hợp").fragments == (
        ("Bài 1: ", False),
        ("Tập hợp", True),
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("má", ["má"]),
        ("ma", ["ma", "má", "mạ"]),
        ("mà", ["ma", "má", "mạ"]),
    ],
)
def test_typed_marks_are_meant_where_they_occur(query: str, expected: list[str]) -> None:
    assert marked(answered("Con ma, rồi má, rồi mạ.", query)) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ["Hòa bình", "hoà bình", "HOÀ BÌNH"])
def test_every_spelling_is_marked_as_it_is_written(text: str, form: str) -> None:
    written = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    for query in ("hoa binh", "hòa bình", "hoà bình"):
        assert marked(answered(f"Vì {written}!", query)) == [written]


def test_a_code_and_its_parts_find_each_other() -> None:
    assert marked(answered("Đề KHTN6 mới", "khtn 6")) == ["KHTN6"]
    assert marked(answered("Đề KHTN 6 mới", "khtn6")) == ["KHTN 6"]


def test_the_last_word_may_be_unfinished() -> None:
    assert marked(answered("Giải phương trình", "phương trì")) == ["phương trình"]
    assert marked(answered("Giải phương trình", "t")) == []


def test_a_text_without_the_words_shows_its_beginning() -> None:
    snippet = answered(LONG, "xyz", window=40)
    assert snippet.score == 0
    assert marked(snippet) == []
    assert shown(snippet).startswith("Mở đầu bài học.")
    assert answered("", "toán").fragments == ()


def test_fragments_are_plain_text_without_controls() -> None:
    snippet = answered("<b>toán</b>\x00\x1b &\n\n lớp\ud800 9", "toán")
    assert shown(snippet) == "<b>toán</b> & lớp 9"
    assert marked(snippet) == ["toán"]


def test_a_corrected_question_marks_what_it_was_corrected_to() -> None:
    readings = (
        Reading(("phương", "trình"), Origin.KEYSTROKES, marked=True),
        Reading(("phuowng",), Origin.TYPED, marked=False),
    )
    question = Question("phuowng", (Term(readings),), instead="phương trình")
    assert marked(highlight("Giải phương trình", question)) == ["phương trình"]


def test_closer_and_more_words_score_higher() -> None:
    scores = [
        answered(text, "phương trình bậc hai").score
        for text in ("bậc", "phuong trinh", "phương trình", "Phương trình bậc hai")
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)


@given(ANY_TEXT, ANY_TEXT, st.integers(1, 100))
def test_any_text_and_question_can_be_shown(text: str, query: str, window: int) -> None:
    snippet = answered(text, query, window=window)
    shown(snippet).encode()
    assert all(fragment for fragment, _ in snippet.fragments)
