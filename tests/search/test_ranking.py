"""The order of candidates, before any engine: each rule by itself."""

from collections.abc import Sequence

import pytest

from repo_server.domain.questions.base import (
    Origin,
    Preference,
    Question,
    Reading,
    Term,
    as_typed,
)
from repo_server.domain.vietnamese import exact
from repo_server.search.passes import Pass
from repo_server.search.ranking import WEIGHTS, Candidate, Feature, Ranker, Shown


def candidate(id: int, title: str = "", *passes: Pass, **shown: object) -> Candidate:
    facts = shown.pop("facts", {})
    scores = dict.fromkeys(passes, 1.0)
    return Candidate(id, Shown(exact(title), facts, **shown), scores)  # type: ignore[arg-type]


def ranked(question: Question | str, *candidates: Candidate) -> list[int]:
    asked = as_typed(question) if isinstance(question, str) else question
    return [hit.id for hit in Ranker(asked, {}, 1).rank(candidates)]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("phân số", ["Phân số", "Phần số", "Phần sổ"]),
        ("phan so", ["Phân số", "Số và phần", "Số", "Hình tròn"]),
        ("phan so bang nhau", ["Phân số bằng nhau", "Bằng nhau: phân số", "Phân số"]),
        ("phan so", ["Phân số", "Ôn tập phân số", "Ôn tập phân số và hỗn số trong học kì một"]),
        ("phan so 2", ["Phân số (tiết 2)", "Phân số (tiết 1)"]),
    ],
)
def test_the_closer_title_comes_first(text: str, titles: Sequence[str]) -> None:
    candidates = [candidate(id, title) for id, title in enumerate(titles)]
    assert ranked(text, *reversed(candidates)) == list(range(len(titles)))


def test_the_typed_marks_in_the_text_outweigh_other_marks_in_the_title() -> None:
    title = candidate(1, "Cây mạ", Pass.ALL)
    text = candidate(2, "Thơ", Pass.ALL, Pass.EXACT)
    assert ranked("má", title, text) == [2, 1]
    assert ranked("ma", title, candidate(2, "Thơ", Pass.ALL)) == [1, 2]


def test_rare_words_count_more_than_common_ones() -> None:
    asked = as_typed("bai pythagore")
    ranker = Ranker(asked, {"bai": 9_000, "pythagore": 3}, 10_000)
    hits = ranker.rank([candidate(1, "Bài hát"), candidate(2, "Ôn Pythagore")])
    assert [hit.id for hit in hits] == [2, 1]


def named(facet: str, value: str) -> Question:
    words = [Reading((word,), Origin.TYPED, marked=False) for word in ("x", "phan", "so")]
    terms = tuple(Term((word,), preference=0 if not at else -1) for at, word in enumerate(words))
    return Question("x phan so", terms, (Preference(facet, (value,), "x", "X"),))


@pytest.mark.parametrize(
    ("facet", "value"), [("subject", "toan"), ("grade", "6"), ("kind", "test"), ("book", "cd")]
)
def test_what_the_question_names_comes_first_but_words_decide(facet: str, value: str) -> None:
    wanted = candidate(1, "Phân số", Pass.ALL, facts={facet: [value]})
    other = candidate(2, "Phân số", Pass.ALL, facts={facet: ["other"]}, use=9)
    elsewhere = candidate(3, "Hình tròn", facts={facet: [value]})
    assert ranked(named(facet, value), elsewhere, other, wanted) == [1, 2, 3]


def test_a_name_within_the_name_of_a_lesson_is_no_subject() -> None:
    words = [Reading((word,), Origin.TYPED, marked=True) for word in ("phản", "ứng", "hoá", "học")]
    terms = tuple(Term((word,), preference=0 if at > 1 else -1) for at, word in enumerate(words))
    subject = Preference("subject", ("hoa-hoc",), "hoá học", "Hoá học")
    asked = Question("phản ứng hoá học", terms, (subject,))
    lesson = candidate(1, "Phản ứng hoá học", Pass.ALL, facts={"subject": ["khtn"]})
    other = candidate(2, "Hoá học: phản ứng khử", Pass.ALL, facts={"subject": ["hoa-hoc"]})
    assert ranked(asked, other, lesson) == [1, 2]


def test_a_believed_reading_is_worth_more_than_the_typed_one() -> None:
    readings = (
        Reading(("nguyên",), Origin.TYPO, marked=True),
        Reading(("nguyen",), Origin.TYPED, marked=False, trust=0.4),
    )
    asked = Question("nguyen", (Term(readings),), instead="nguyên")
    assert ranked(asked, candidate(2, "Nguyện"), candidate(1, "Nguyên")) == [1, 2]


def test_a_word_of_several_syllables_is_one_term() -> None:
    readings = (
        Reading(("csdl",), Origin.TYPED, marked=False),
        Reading(("cơ", "sở", "dữ", "liệu"), Origin.SYNONYM, marked=True, trust=0.9),
    )
    asked = Question("csdl", (Term(readings),))
    assert ranked(asked, candidate(2, "Dữ liệu cơ sở"), candidate(1, "Cơ sở dữ liệu")) == [1, 2]


def test_an_unfinished_word_is_a_beginning() -> None:
    finished, unfinished = as_typed("phan s"), as_typed("phan s", unfinished=True)
    candidates = candidate(1, "Phân số"), candidate(2, "Phân tích")
    assert ranked(unfinished, *candidates) == [1, 2]
    assert ranked(finished, *candidates) == [2, 1]


def test_equal_ones_are_ordered_by_use_then_by_age() -> None:
    assert ranked("a", candidate(1, "A", use=9), candidate(2, "A")) == [1, 2]
    assert ranked("a", candidate(1, "A", published_at=2), candidate(2, "A", published_at=1)) == [
        1,
        2,
    ]
    assert ranked("a", candidate(1, "A"), candidate(2, "A")) == [2, 1]


def test_every_point_is_explained() -> None:
    asked = as_typed("phân số")
    ranker = Ranker(asked, {}, 1)
    plain = ranker.rank([candidate(1, "Phân số", Pass.ALL, Pass.EXACT, use=3)])
    (hit,) = ranker.explained(plain)
    assert plain[0].reasons == ()
    assert hit.score == pytest.approx(sum(one.points for one in hit.reasons), abs=0.01)
    assert {one.feature for one in hit.reasons} >= {Feature.WORDS, Feature.MARKS, Feature.USE}
    assert [one.points for one in hit.reasons] == sorted(
        (one.points for one in hit.reasons), reverse=True
    )


def test_every_feature_has_its_weight() -> None:
    assert set(WEIGHTS) == set(Feature)
    assert all(weight > 0 for weight in WEIGHTS.values())


def test_nothing_to_rank_is_no_error() -> None:
    assert Ranker(as_typed("a"), {}, 0).rank([]) == []
    assert ranked("a", candidate(1)) == [1]
