"""Rules of synonyms: where they are found, and which make no sense."""

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.domain.questions.school_synonyms import school_synonyms
from repo_server.domain.questions.synonyms import (
    MOST_PHRASES,
    PHRASE_LIMIT,
    SynonymRule,
    Synonyms,
    checked_rule,
    turned,
    words_of_phrase,
)


def _found(rules: list[SynonymRule], typed: str) -> list[str]:
    expansion = Synonyms(rules).at(words_of_phrase(typed), 0)
    return [] if expansion is None else [" ".join(phrase) for phrase in expansion.phrases]


def test_any_phrase_of_a_group_means_all_others() -> None:
    rules = [SynonymRule(("KHBD", "kế hoạch bài dạy", "giáo án"))]
    assert _found(rules, "khbd") == ["kế hoạch bài dạy", "giáo án"]
    assert _found(rules, "GIÁO ÁN") == ["khbd", "kế hoạch bài dạy"]


def test_one_way_is_not_the_other() -> None:
    rules = [SynonymRule(("Cu", "đồng"), one_way=True)]
    assert _found(rules, "Cu") == ["đồng"]
    assert _found(rules, "đồng") == []


def test_what_is_typed_with_marks_must_carry_the_right_ones() -> None:
    rules = [SynonymRule(("Ôm", "Ohm"))]
    assert _found(rules, "om") == ["ohm"]
    assert _found(rules, "ốm") == []


def test_the_longest_phrase_counts_and_codes_are_parted_as_in_questions() -> None:
    rules = [SynonymRule(("học kì", "HK")), SynonymRule(("học kì 1", "HK1"))]
    assert _found(rules, "hoc ky 1") == ["hk 1"]
    assert _found(rules, "HK1") == ["học kì 1"]


@pytest.mark.parametrize(
    ("phrases", "said"),
    [
        ([], "từ 2 đến 12"),
        (["KHBD", " "], "từ 2 đến 12"),
        (["a"] * (MOST_PHRASES + 1), "từ 2 đến 12"),
        (["…", "a"], "không có chữ hay số"),
        (["lý", "LÍ"], "là một"),
        (["a", "b" * (PHRASE_LIMIT + 1)], "dài nhất 100"),
        (["một hai ba bốn", "năm sáu bảy tám"], "không quá 3 tiếng"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(phrases: list[str], said: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        checked_rule(phrases, one_way=False)
    assert said in str(refused.value.details["reason"])


def test_a_rule_says_the_same_in_any_order_and_spelling() -> None:
    one = checked_rule(["định lý", "  ĐL "], one_way=False)
    other = checked_rule(["đl", "định lí"], one_way=False)
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != checked_rule(["định lý", "ĐL"], one_way=True).fingerprint
    assert turned(SynonymRule(("a", "b"), one_way=True)) == SynonymRule(("b", "a"), one_way=True)


def test_the_rules_that_a_library_begins_with_make_sense() -> None:
    rules = school_synonyms()
    assert len({rule.fingerprint for rule in rules}) == len(rules) > 80
    for rule in rules:
        assert checked_rule(rule.phrases, one_way=rule.one_way) == rule
