"""Curricula as CASE packages."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.curriculum import (
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
    check,
)
from repo_server.exchange.case import read_case, read_case_packages, write_case

DOCUMENT = "d0000000-0000-0000-0000-000000000000"
CHANGED = datetime(2026, 9, 5, 7, 0, tzinfo=UTC)


def identifier(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def item(number: int, statement: str = "Statement", **more: Any) -> dict[str, Any]:
    return {"identifier": identifier(number), "uri": f"https://s/{number}"} | {
        "fullStatement": statement,
        **more,
    }


def link(number: int | str) -> dict[str, str]:
    target = identifier(number) if isinstance(number, int) else number
    return {"title": "x", "identifier": target, "uri": f"https://s/{target}"}


def relation(origin: int, kind: str, destination: int | str, **more: Any) -> dict[str, Any]:
    return {
        "associationType": kind,
        "originNodeURI": link(origin),
        "destinationNodeURI": link(destination),
        **more,
    }


def child(number: int, parent: int | str = DOCUMENT, **more: Any) -> dict[str, Any]:
    return relation(number, "isChildOf", parent, **more)


def package(items: list[Any], associations: list[Any], **document: Any) -> dict[str, Any]:
    head = {"identifier": DOCUMENT, "uri": f"https://s/{DOCUMENT}", "creator": "C", "title": "T"}
    return {"CFDocument": head | document, "CFItems": items, "CFAssociations": associations}


def read(content: Any) -> Curriculum:
    return check(read_case(json.dumps(content).encode()))


def told(data: bytes) -> str:
    with pytest.raises(CurriculumInvalid) as caught:
        check(read_case(data))
    return " ".join(str(problem) for problem in caught.value.problems)


def test_a_small_package_becomes_a_tree_of_groups_and_outcomes() -> None:
    content = package([item(1, "Domain"), item(2, "Standard")], [child(1), child(2, 1)])
    tree = read(content)
    assert tree.framework.code == DOCUMENT
    assert tree.framework.publisher == "C"
    assert [(i.kind, i.title) for i in tree.items] == [
        (ItemKind.GROUP, "Domain"),
        (ItemKind.OUTCOME, "Standard"),
    ]
    assert tree.items[1].parent == tree.items[0].code


def test_an_empty_framework_is_taken() -> None:
    assert read({"CFDocument": {"identifier": DOCUMENT, "title": "Empty"}}).items == ()


def test_a_byte_order_mark_and_null_lists_are_taken() -> None:
    content = package([], []) | {"CFItems": None, "CFAssociations": None}
    assert read_case(b"\xef\xbb\xbf" + json.dumps(content).encode()).items == ()


def test_the_coding_scheme_is_the_code_unless_two_items_share_it() -> None:
    items = [
        item(1, humanCodingScheme="6.RP A"),
        item(2, humanCodingScheme="same"),
        item(3, humanCodingScheme="same"),
        item(4, humanCodingScheme="x" * 130),
    ]
    codes = [i.code for i in read(package(items, [child(n) for n in (1, 2, 3, 4)])).items]
    assert codes == ["6.RP-A", identifier(2), identifier(3), identifier(4)]


def test_sequence_numbers_order_siblings_and_the_rest_keep_the_order_of_the_file() -> None:
    items = [item(1, "c"), item(2, "d"), item(3, "b"), item(4, "a")]
    links = [child(1), child(2), child(3, sequenceNumber=2), child(4, sequenceNumber=1)]
    assert [i.title for i in read(package(items, links)).items] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("field", "grades"),
    [
        ({"educationLevel": ["06"]}, (6,)),
        ({"educationLevel": ["KG", "01", "12", "13"]}, (1, 12)),
        ({"educationLevel": "09,10"}, (9, 10)),
        ({"educationLevel": ["9-12"]}, (9, 10, 11, 12)),
        ({"educationalLevel": "07"}, (7,)),
        ({"educationLevel": ["HS", "PK"]}, ()),
        ({"educationLevel": None}, ()),
    ],
)
def test_education_levels_become_grades(field: dict[str, Any], grades: tuple[int, ...]) -> None:
    assert read(package([item(1, **field)], [child(1)])).items[0].grades == grades


def test_an_item_without_a_known_parent_stands_at_the_top() -> None:
    content = package([item(1), item(2)], [child(1, 99)])
    assert [i.parent for i in read(content).items] == [None, None]


def test_the_first_parent_is_kept_and_others_are_related() -> None:
    content = package([item(1), item(2), item(3)], [child(1), child(2), child(3, 1), child(3, 2)])
    tree = read(content)
    third = next(i for i in tree.items if i.code == identifier(3))
    assert third.parent == identifier(1)
    related = AssociationRecord(identifier(3), AssociationKind.IS_RELATED_TO, identifier(2))
    assert tree.associations == (related,)


def test_relations_inside_the_file_and_to_elsewhere_are_kept_once() -> None:
    outside = "aaaaaaaa-0000-0000-0000-000000000001"
    relations = [
        relation(1, "exactMatchOf", outside),
        relation(1, "exactMatchOf", outside),
        relation(1, "replacedBy", 2),
        relation(2, "precedes", 1),
        relation(1, "isRelatedTo", 1),
        relation(1, "ext:invented", 2),
    ]
    tree = read(package([item(1), item(2)], [child(1), child(2), *relations]))
    assert tree.associations == (
        AssociationRecord(identifier(1), AssociationKind.EXACT_MATCH, f"https://s/{outside}"),
        AssociationRecord(identifier(1), AssociationKind.REPLACED_BY, identifier(2)),
        AssociationRecord(identifier(2), AssociationKind.PRECEDES, identifier(1)),
    )


def test_a_symmetric_relation_from_elsewhere_is_turned_round_and_another_left_out() -> None:
    outside = relation(1, "exactMatchOf", 1) | {"originNodeURI": "https://else/where"}
    lost = relation(1, "precedes", 1) | {"originNodeURI": "https://else/where"}
    tree = read(package([item(1)], [child(1), outside, lost]))
    assert tree.associations == (
        AssociationRecord(identifier(1), AssociationKind.EXACT_MATCH, "https://else/where"),
    )


def test_links_that_are_bare_addresses_are_understood() -> None:
    bare = {
        "associationType": "isChildOf",
        "originNodeURI": f"https://s/{identifier(2)}",
        "destinationNodeURI": {"uri": f"https://s/{identifier(1)}"},
    }
    assert read(package([item(1), item(2)], [child(1), bare])).items[1].parent == identifier(1)


def test_vietnamese_type_names_are_known_and_an_impossible_place_makes_a_group() -> None:
    items = [
        item(1, "Lớp 6", CFItemType="Lớp", educationLevel=["06"]),
        item(2, "Toán", CFItemType="Môn học"),
        item(3, "Số", CFItemType="Mạch nội dung"),
        item(4, "Sai chỗ", CFItemType="Lớp", educationLevel=["06"]),
        item(5, "Khối", CFItemType="Lớp", educationLevel=["06", "07"]),
    ]
    tree = read(package(items, [child(1), child(2, 1), child(3, 2), child(4, 3), child(5)]))
    assert [i.kind for i in tree.items] == [
        ItemKind.GRADE,
        ItemKind.SUBJECT,
        ItemKind.STRAND,
        ItemKind.GROUP,
        ItemKind.GROUP,
    ]
    assert {i.subject for i in tree.items[1:4]} == {"toan"}


def test_the_only_subject_of_a_document_is_that_of_its_items() -> None:
    content = package([item(1), item(2)], [child(1), child(2, 1)], subject=["Địa lí"])
    assert {i.subject for i in read(content).items} == {"dia-li"}
    two = package([item(1)], [child(1)], subject=["Toán", "Vật lí"])
    assert read(two).items[0].subject is None


def test_short_names_become_abbreviations() -> None:
    names: dict[str, Any] = {
        "abbreviatedStatement": "Ratio",
        "alternativeLabel": "a|b",
        "conceptKeywords": ["k"],
    }
    assert read(package([item(1, **names)], [child(1)])).items[0].abbreviations == (
        "Ratio",
        "a/b",
        "k",
    )


def test_a_statement_too_long_for_a_title_is_a_note_below_its_short_form() -> None:
    words = "word " * 500
    long = read(package([item(1, words, abbreviatedStatement="Short")], [child(1)])).items[0]
    assert (long.title, long.note) == ("Short", words.strip())
    assert "tối đa là 2000" in told(json.dumps(package([item(1, words)], [])).encode())


def test_an_item_listed_twice_with_the_same_words_is_taken_once() -> None:
    assert len(read(package([item(1), item(1, CFItemType="X")], [child(1)])).items) == 1
    twins = package([item(1, "one"), item(1, "two")], [child(1)])
    assert "hai nội dung khác nhau" in told(json.dumps(twins).encode())


def test_a_circle_is_refused() -> None:
    content = package([item(1), item(2)], [child(1, 2), child(2, 1)])
    assert "vòng lặp" in told(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b'{"CFDocument": {"identifier": "\xff"}}', "JSON"),
        (b'{"CFDocument": {"identifier": "i", "title": "\\ud800"}}', "JSON"),
        (b"PK\x03\x04", "JSON"),
        (b'{"Levels": []}', "thiếu CFDocument"),
        (b"[1, 2]", "cấu trúc gói CASE"),
        (b"17", "cấu trúc gói CASE"),
        (b'{"CFDocument": {"title": "T"}}', "thiếu identifier ở $.CFDocument"),
        (b'{"CFDocument": {"identifier": "i"}}', "chưa có tên"),
        (b'{"CFDocument": {"identifier": "i", "title": 1}}', "$.CFDocument.title"),
        (b'{"CFDocument": {"identifier": "i"}, "CFItems": [{}]}', "$.CFItems[0]"),
        (b'{"CFDocument": {"identifier": "i"}, "CFItems": {}}', "$.CFItems"),
        (b'{"CFDocument": {"identifier": "i"}, "CFAssociations": [{}]}', "$.CFAssociations[0]"),
        (b"[" * 100_000, "cấu trúc gói CASE"),
        (b'{"CFDocument": {"identifier": "i", "extensions": ' + b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_case_package_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert reason in told(data)


def test_several_packages_in_one_file_are_read_apart() -> None:
    second = package([item(1)], [child(1)], identifier=identifier(7), title="Second")
    data = json.dumps([package([], []), second]).encode()
    assert [c.framework.title for c in read_case_packages(data)] == ["T", "Second"]
    assert "2 gói CASE" in told(data)


def test_too_many_items_or_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repo_server.exchange.case.ITEMS_LIMIT", 1)
    data = json.dumps(package([item(1), item(2)], [])).encode()
    assert "tối đa là 1 mục" in told(data)
    monkeypatch.setattr("repo_server.exchange.case.SIZE_LIMIT", 10)
    assert "quá lớn" in told(data)


OURS = check(
    Curriculum(
        FrameworkRecord("ct", "Chương trình", "vi", "Bộ", "2018", "Thông tư 32"),
        (
            ItemRecord("lop-6", None, ItemKind.GRADE, "Lớp 6", 1, (6,), None, ("Khối 6",)),
            ItemRecord("lop-6.toan", "lop-6", ItemKind.SUBJECT, "Toán", 1, (), "toan"),
            ItemRecord("t", "lop-6.toan", ItemKind.TOPIC, "Số", source="CT", page=47, note="x"),
            ItemRecord("y", "t", ItemKind.OUTCOME, "Đếm được.", uri="https://example.org/y"),
            ItemRecord("g", None, ItemKind.GROUP, "Khác", 2),
        ),
        (
            AssociationRecord("y", AssociationKind.REPLACED_BY, "t"),
            AssociationRecord("y", AssociationKind.EXACT_MATCH, "https://else.where/1"),
        ),
    )
)


def test_our_own_curriculum_comes_back_from_case_as_it_was() -> None:
    assert check(read_case(write_case(OURS, CHANGED))) == OURS


def test_a_foreign_package_keeps_its_identifiers_when_written_again() -> None:
    content = package([item(1), item(2)], [child(1), child(2, 1)])
    content["CFItems"][0]["uri"] = f"https://s/{identifier(1)}"
    tree = read(content)
    written = json.loads(write_case(tree, CHANGED))
    assert written["CFDocument"]["identifier"] == DOCUMENT
    assert written["CFItems"][0]["identifier"] == identifier(1)
    assert "humanCodingScheme" not in written["CFItems"][0]
    assert check(read_case(json.dumps(written).encode())).framework == tree.framework


def test_what_is_written_has_the_fields_that_case_requires_and_no_null() -> None:
    written = json.loads(write_case(OURS, CHANGED))
    assert written["CFDocument"]["caseVersion"] == "1.1"
    required = {
        "CFItems": {"identifier", "fullStatement", "uri", "lastChangeDateTime"},
        "CFAssociations": {
            "identifier",
            "associationType",
            "uri",
            "originNodeURI",
            "destinationNodeURI",
            "lastChangeDateTime",
        },
    }
    for part, fields in required.items():
        for entry in written[part]:
            assert fields <= entry.keys()
            assert uuid.UUID(entry["identifier"])
    assert "null" not in json.dumps(written)
    identifiers = [entry["identifier"] for entry in written["CFItems"] + written["CFAssociations"]]
    assert len(set(identifiers)) == len(identifiers)


def test_the_same_curriculum_gives_the_same_bytes() -> None:
    assert write_case(OURS, CHANGED) == write_case(OURS, CHANGED)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["CFDocument", "CFItems", "CFAssociations", "identifier", "title", "extensions"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_read_or_refused_but_never_crashes(content: Any) -> None:
    try:
        check(read_case(json.dumps(content).encode()))
    except CurriculumInvalid as refused:
        assert refused.problems
