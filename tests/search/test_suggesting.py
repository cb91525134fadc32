"""Which titles are offered while somebody types."""

from repo_server.domain.questions.base import Question, as_typed
from repo_server.search.suggesting import best_titles, completed


def typed(text: str) -> Question:
    return as_typed(text, unfinished=True)


def offered(titles: list[str], asked: Question, limit: int) -> tuple[str, ...]:
    pairs = [(title, number) for number, title in enumerate(titles)]
    return tuple(found.title for found in best_titles(pairs, asked, limit))


def test_a_title_that_begins_so_comes_before_one_that_holds_it() -> None:
    titles = ["Ôn tập phân số", "Phân số", "Phân số bằng nhau"]
    assert offered(titles, typed("phan"), 9) == (
        "Phân số",
        "Phân số bằng nhau",
        "Ôn tập phân số",
    )


def test_each_title_is_offered_once_whatever_its_spelling() -> None:
    assert offered(["Hòa bình", "HOÀ BÌNH", "Hoa binh"], typed("hoa"), 9) == (
        "Hòa bình",
        "Hoa binh",
    )


def test_typed_marks_come_first_and_the_limit_holds() -> None:
    assert offered(["Mã hoá", "Má tôi", "Mạ non"], typed("má"), 2) == ("Má tôi", "Mã hoá")


def test_all_materials_of_one_title_are_told_with_it() -> None:
    (found,) = best_titles([("Hòa bình", 3), ("Hoà bình", 9), ("Hòa bình", 3)], typed("hoa"), 9)
    assert (found.title, found.ids) == ("Hòa bình", (3, 9))


def test_words_side_by_side_come_before_words_apart() -> None:
    titles = ["So với nguyên bản", "Tập hợp số nguyên", "Nguyên số", "Số nguyên âm", "Số nguyên"]
    assert offered(titles, typed("so nguyen"), 9) == (
        "Số nguyên",
        "Số nguyên âm",
        "Tập hợp số nguyên",
        "So với nguyên bản",
        "Nguyên số",
    )


def test_the_typed_words_are_completed_as_a_title_has_them() -> None:
    assert completed("Ôn tập: SỐ NGUYÊN âm", typed("so ngu")) == "số nguyên"
    assert completed("Vật lý 10", typed("vat ly")) == "vật lý"
    assert completed("KHTN6: tế bào", typed("khtn 6")) == "khtn 6"
    assert completed("So nguyên bản", typed("số ngu")) is None
    assert completed("Số chẵn, nguyên", typed("so ngu")) is None
