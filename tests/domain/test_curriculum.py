"""The rules of a curriculum's tree."""

from dataclasses import replace

import pytest

from repo_server.domain.curriculum import (
    CHILD_KINDS,
    DEPTH_LIMIT,
    ITEM_KIND_LABELS,
    PROBLEMS_LIMIT,
    TITLE_LIMIT,
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
    check,
    may_hold,
    merge,
)
from repo_server.domain.errors import InvalidValue

FRAMEWORK = FrameworkRecord("ct", "Chương trình thử")
GRADE = ItemRecord("lop-6", None, ItemKind.GRADE, "Lớp 6", grades=(6,))
SUBJECT = ItemRecord("lop-6.toan", "lop-6", ItemKind.SUBJECT, "Toán", subject="toan")
STRAND = ItemRecord("lop-6.toan.so", "lop-6.toan", ItemKind.STRAND, "Số")
TOPIC = ItemRecord("lop-6.toan.so.1", "lop-6.toan.so", ItemKind.TOPIC, "Số tự nhiên")
OUTCOME = ItemRecord("lop-6.toan.so.1.y1", "lop-6.toan.so.1", ItemKind.OUTCOME, "Biết đếm.")
TREE = (GRADE, SUBJECT, STRAND, TOPIC, OUTCOME)


def curriculum(*items: ItemRecord, associations: tuple[AssociationRecord, ...] = ()) -> Curriculum:
    return Curriculum(FRAMEWORK, items, associations)


def refusal(wrong: Curriculum) -> str:
    with pytest.raises(CurriculumInvalid) as caught:
        check(wrong)
    return " ".join(str(problem) for problem in caught.value.problems)


def test_grades_and_subject_come_down_from_the_nearest_ancestor_that_states_them() -> None:
    checked = {item.code: item for item in check(curriculum(*TREE)).items}
    assert checked[OUTCOME.code].grades == (6,)
    assert checked[OUTCOME.code].subject == "toan"
    assert checked["lop-6"].subject is None


def test_an_item_keeps_grades_of_its_own_in_order_and_once() -> None:
    topic = replace(TOPIC, grades=(7, 6, 7))
    checked = check(curriculum(GRADE, SUBJECT, STRAND, topic))
    assert checked.items[-1].grades == (6, 7)


def test_parents_come_before_children_and_siblings_by_sequence() -> None:
    second = replace(STRAND, code="lop-6.toan.hinh", sequence=2)
    checked = check(curriculum(second, *reversed(TREE)))
    assert [item.code for item in checked.items] == [
        *(item.code for item in TREE),
        "lop-6.toan.hinh",
    ]


def test_an_addition_may_hang_below_items_that_are_already_known() -> None:
    known = check(curriculum(GRADE, SUBJECT)).items
    checked = check(curriculum(STRAND, TOPIC), known)
    assert [item.code for item in checked.items] == [STRAND.code, TOPIC.code]
    assert checked.items[1].grades == (6,)
    assert checked.items[1].subject == "toan"


def test_a_parent_that_is_nowhere_is_named() -> None:
    assert "lop-6.toan.so" in refusal(curriculum(GRADE, SUBJECT, TOPIC))


def test_all_problems_are_told_at_once() -> None:
    wrong = curriculum(
        GRADE,
        replace(SUBJECT, title=" "),
        replace(STRAND, grades=(13,)),
        replace(TOPIC, code="có dấu cách"),
    )
    told = refusal(wrong)
    assert "Chưa có tên" in told
    assert "từ 1 đến 12" in told
    assert "không có dấu cách" in told


def test_a_refusal_is_an_invalid_value_whose_reason_is_short() -> None:
    many = curriculum(*(replace(GRADE, code=f"g{n}", title="") for n in range(1_000)))
    with pytest.raises(InvalidValue) as caught:
        check(many)
    assert caught.value.details["field"] == "curriculum"
    assert len(caught.value.sentence()) < 500
    assert isinstance(caught.value, CurriculumInvalid)
    assert len(caught.value.problems) == PROBLEMS_LIMIT + 1
    assert "800" in str(caught.value.problems[-1])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(GRADE, grades=()), "đúng một lớp"),
        (replace(GRADE, grades=(6, 7)), "đúng một lớp"),
        (replace(GRADE, code=""), "Mã phải có"),
        (replace(GRADE, code="x" * 121), "Mã phải có"),
        (replace(GRADE, code="a|b"), "Mã phải có"),
        (replace(GRADE, title="x" * (TITLE_LIMIT + 1)), "tối đa là 2000"),
        (replace(GRADE, title="Lớp \x07"), "kí tự điều khiển"),
        (replace(GRADE, title="L\ufffdp"), "kí tự hỏng"),
        (replace(GRADE, note="x" * 10_001), "Ghi chú dài"),
        (replace(GRADE, uri="x" * 501), "Địa chỉ dài"),
        (replace(GRADE, page=0), "Số trang"),
        (replace(GRADE, subject="Toán"), "Mã môn"),
        (replace(GRADE, subject="x" * 61), "Mã môn"),
        (replace(GRADE, abbreviations=("",)), "tên khác"),
        (replace(GRADE, abbreviations=("a|b",)), "tên khác"),
        (replace(GRADE, abbreviations=("x" * 121,)), "tên khác"),
        (replace(GRADE, kind=ItemKind.SUBJECT), "mã môn"),
        (replace(GRADE, kind=ItemKind.LESSON), "đầu chương trình"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_reason(wrong: ItemRecord, reason: str) -> None:
    assert reason in refusal(curriculum(wrong))


def test_a_code_stands_for_one_item_only() -> None:
    assert "2 lần" in refusal(curriculum(GRADE, GRADE))


def test_a_circle_is_refused_and_everything_in_it_named() -> None:
    one = ItemRecord("a", "b", ItemKind.GROUP, "A")
    two = ItemRecord("b", "a", ItemKind.GROUP, "B")
    told = refusal(curriculum(one, two, ItemRecord("c", "c", ItemKind.GROUP, "C")))
    assert told.count("vòng lặp") == 3


def test_a_subject_is_not_put_below_a_topic() -> None:
    wrong = replace(SUBJECT, code="x", parent=TOPIC.code)
    assert "không được đặt dưới" in refusal(curriculum(*TREE, wrong))


def test_a_group_fits_everywhere() -> None:
    assert all(may_hold(parent, ItemKind.GROUP) for parent in CHILD_KINDS)
    assert all(may_hold(ItemKind.GROUP, kind) for kind in ItemKind)


def test_every_kind_has_a_rule_and_a_vietnamese_name() -> None:
    assert set(CHILD_KINDS) == {None, *ItemKind}
    assert set(ITEM_KIND_LABELS) == set(ItemKind)


def test_a_tree_may_not_be_deeper_than_the_limit_and_does_not_exhaust_the_stack() -> None:
    chain = [ItemRecord("0", None, ItemKind.GROUP, "0")]
    chain += [ItemRecord(str(n), str(n - 1), ItemKind.GROUP, str(n)) for n in range(1, 5_000)]
    check(curriculum(*chain[:DEPTH_LIMIT]))
    assert f"sâu quá {DEPTH_LIMIT} tầng" in refusal(curriculum(*chain))


def test_depth_counts_the_known_ancestors_too() -> None:
    chain = [ItemRecord("0", None, ItemKind.GROUP, "0")]
    chain += [ItemRecord(str(n), str(n - 1), ItemKind.GROUP, str(n)) for n in range(1, DEPTH_LIMIT)]
    one_more = ItemRecord("more", str(DEPTH_LIMIT - 1), ItemKind.GROUP, "Thêm")
    with pytest.raises(CurriculumInvalid):
        check(curriculum(one_more), chain)


def test_an_association_leads_to_an_item_or_to_an_address() -> None:
    good = (
        AssociationRecord(TOPIC.code, AssociationKind.IS_RELATED_TO, STRAND.code),
        AssociationRecord(TOPIC.code, AssociationKind.EXACT_MATCH, "urn:uuid:1"),
    )
    assert check(curriculum(*TREE, associations=good)).associations == good
    for origin, destination in (("x", "lop-6"), ("lop-6", "nowhere"), ("lop-6", "lop-6")):
        wrong = AssociationRecord(origin, AssociationKind.EXACT_MATCH, destination)
        assert "Liên kết" in refusal(curriculum(*TREE, associations=(wrong,)))


@pytest.mark.parametrize(
    "framework",
    [
        FrameworkRecord("", "Tên"),
        FrameworkRecord("ct", " "),
        FrameworkRecord("ct", "x" * 501),
        FrameworkRecord("ct", "Tên", language="x" * 11),
        FrameworkRecord("ct", "Tên", uri="\x00"),
    ],
)
def test_a_framework_without_sound_particulars_is_refused(framework: FrameworkRecord) -> None:
    with pytest.raises(CurriculumInvalid):
        check(Curriculum(framework, (GRADE,)))


def test_files_of_one_framework_are_merged_and_siblings_counted_on() -> None:
    other = replace(STRAND, code="lop-6.toan.hinh", title="Hình")
    merged = merge(curriculum(GRADE, SUBJECT, STRAND), curriculum(other))
    assert [item.sequence for item in merged.items if item.parent == "lop-6.toan"] == [1, 2]
    assert check(merged).items[-1].code == "lop-6.toan.hinh"


def test_files_of_two_frameworks_are_not_merged() -> None:
    stranger = Curriculum(FrameworkRecord("sgk", "Sách"), ())
    with pytest.raises(CurriculumInvalid, match="curriculum"):
        merge(curriculum(GRADE), stranger)
