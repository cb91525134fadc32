"""Which titles are offered while somebody types."""

from repo_server.search.passes import Plan, plan
from repo_server.search.suggesting import best_titles


def typed(text: str) -> Plan:
    asked = plan(text, unfinished=True)
    assert asked is not None
    return asked


def test_a_title_that_begins_so_comes_before_one_that_holds_it() -> None:
    titles = ["Ôn tập phân số", "Phân số", "Phân số bằng nhau"]
    assert best_titles(titles, typed("phan"), 9) == (
        "Phân số",
        "Phân số bằng nhau",
        "Ôn tập phân số",
    )


def test_each_title_is_offered_once_whatever_its_spelling() -> None:
    assert best_titles(["Hòa bình", "HOÀ BÌNH", "Hoa binh"], typed("hoa"), 9) == (
        "Hòa bình",
        "Hoa binh",
    )


def test_typed_marks_come_first_and_the_limit_holds() -> None:
    assert best_titles(["Mã hoá", "Má tôi", "Mạ non"], typed("má"), 2) == ("Má tôi", "Mã hoá")
