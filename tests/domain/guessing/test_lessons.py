"""Headings and goals find their items of the curriculum."""

from repo_server.domain.guessing.lessons import Candidate, best_items, restored
from repo_server.domain.vietnamese import fold


def items(*titles: str, kind: str = "topic") -> list[Candidate]:
    return [Candidate(number, kind, title, fold(title)) for number, title in enumerate(titles, 1)]


TOPICS = items(
    "Số nguyên âm và tập hợp các số nguyên",
    "Các phép tính với số nguyên",
    "Phân số. Tính chất cơ bản của phân số. So sánh phân số",
    "Các phép tính với phân số",
    "Số thập phân và các phép tính với số thập phân",
    "Tỉ số và tỉ số phần trăm",
)


def test_the_item_that_is_plainly_meant_fills_the_field() -> None:
    (best, *_) = best_items(["Bài 25. Các phép tính với phân số"], [], TOPICS)
    assert (best.value, best.fills) == ("4", True)
    assert best.quote == "Bài 25. Các phép tính với phân số"


def test_items_that_are_as_likely_are_all_offered() -> None:
    found = best_items(["Các phép tính"], [], TOPICS)
    assert not any(guess.fills for guess in found)


def test_a_heading_about_something_else_finds_nothing() -> None:
    assert best_items(["Truyện Kiều"], [], TOPICS) == []
    assert best_items([], [], TOPICS) == []
    assert best_items(["Các phép tính với phân số"], [], []) == []


def test_a_part_of_the_name_is_no_rival() -> None:
    found = best_items(["So sánh phân số"], [], items("So sánh phân số", "Phân số", "Hỗn số"))
    assert (found[0].value, found[0].fills) == ("1", True)


def test_two_items_of_one_name_are_left_to_the_teacher() -> None:
    found = best_items(["Hàm số và đồ thị"], [], items("Hàm số và đồ thị", "Hàm số và đồ thị"))
    assert [guess.fills for guess in found] == [False, False]


def test_a_goal_that_repeats_an_outcome_finds_it() -> None:
    outcomes = items(
        "Nhận biết được số nguyên âm, tập hợp các số nguyên.",
        "So sánh được hai phân số cho trước.",
        kind="outcome",
    )
    found = best_items([], ["So sánh được hai phân số cho trước."], outcomes)
    assert [guess.value for guess in found] == ["2"]


def test_a_title_without_marks_gets_those_of_the_item_it_names() -> None:
    found = restored("Bài 25 Cac phep tinh voi phan so – Toan 6", TOPICS)
    assert found == "Bài 25 Cac phep tinh voi phan so – Toan 6"  # "Bài" shows that marks are meant
    bare = restored("Bai 25 Cac phep tinh voi phan so", TOPICS)
    assert bare == "Bai 25 Các phép tính với phân số"
