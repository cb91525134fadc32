from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.likeness import FEWEST_RUNS, MOST_RUNS, RUN, runs_of
from repo_server.domain.vietnamese import fold

WORDS = [f"tu{number}" for number in range(200)]


def test_runs_are_of_four_syllables_side_by_side() -> None:
    runs = runs_of([" ".join(WORDS)])
    assert len(runs) == len(WORDS) - RUN + 1
    assert "tu0 tu1 tu2 tu3" in runs
    assert "tu0 tu1 tu2 tu4" not in runs


def test_no_run_goes_over_the_end_of_a_page() -> None:
    assert "tu98 tu99 tu100 tu101" not in runs_of([" ".join(WORDS[:100]), " ".join(WORDS[100:])])


def test_a_short_text_is_like_no_other() -> None:
    assert runs_of([" ".join(WORDS[: FEWEST_RUNS + RUN - 2])]) == set()
    assert len(runs_of([" ".join(WORDS[: FEWEST_RUNS + RUN - 1])])) == FEWEST_RUNS
    assert runs_of([]) == set()


def test_what_stands_on_every_lesson_plan_is_no_likeness() -> None:
    head = (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM – Độc lập - Tự do - Hạnh phúc.",
        "II. THIẾT BỊ DẠY HỌC VÀ HỌC LIỆU. III. TIẾN TRÌNH DẠY HỌC",
    )
    with_head = runs_of([*map(fold, head), " ".join(WORDS)])
    assert with_head == runs_of([" ".join(WORDS)])


def test_a_long_book_is_looked_at_from_its_beginning_only() -> None:
    book = [" ".join(f"{page}x{n}" for n in range(10_000)) for page in range(12)]
    assert MOST_RUNS <= len(runs_of(book)) < MOST_RUNS + 10_000


@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_text_has_runs_or_none(texts: list[str]) -> None:
    runs = runs_of(map(fold, texts))
    assert all(run.count(" ") == RUN - 1 for run in runs)
