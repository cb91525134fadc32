"""What every search engine must do with documents: keep, filter, count, sort, page, rebuild."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue, SearchUnavailable
from repo_server.domain.questions.base import as_typed
from repo_server.search.base import (
    MAX_DEPTH,
    IndexEntry,
    Rebuild,
    SearchIndex,
    SearchPage,
    SearchQuery,
    Sort,
)
from repo_server.search.embedded import EmbeddedIndex
from repo_server.search.meilisearch import MeilisearchIndex
from tests.contracts.conftest import Opener
from tests.search.documents import asked, found, ids, material


def down_embedded(tmp_path: Path) -> SearchIndex:
    (tmp_path / "a-file").write_text("no folder")
    return EmbeddedIndex(tmp_path / "a-file" / "index")


def down_meilisearch(_: Path) -> SearchIndex:
    return MeilisearchIndex("http://127.0.0.1:9", "")


def test_both_engines_are_search_indexes(index: SearchIndex) -> None:
    assert isinstance(index, SearchIndex)
    rebuild = index.rebuild()
    assert isinstance(rebuild, Rebuild)
    rebuild.abandon()
    assert index.name
    assert index.schema_version


def test_an_empty_index_answers_with_nothing(index: SearchIndex) -> None:
    assert index.search(asked("toán", facets=("grade",))) == SearchPage(0, (), {"grade": ()})
    assert index.search(SearchQuery()) == SearchPage(0, (), {})
    assert index.count() == 0
    assert list(index.entries()) == []
    assert index.suggest(as_typed("to", unfinished=True), ("public",), 5) == ()
    index.check()


def test_what_was_put_is_found_at_once_by_everybody(opener: Opener) -> None:
    writer, reader = opener(), opener()
    assert found(reader, "hình thang") == []
    writer.put_many([material(1, "Hình thang cân"), material(2, "Đường tròn")])
    assert found(writer, "hình thang") == [1]
    assert found(reader, "hình thang") == [1]
    assert reader.count() == 2


def test_putting_replaces_by_id(index: SearchIndex) -> None:
    index.put_many([material(1, "Số nguyên tố", rev=1)])
    index.put_many([material(1, "Phân số", rev=2)])
    assert found(index, "nguyên tố") == []
    assert found(index, "phân số") == [1]
    assert list(index.entries()) == [IndexEntry(1, 2)]


def test_of_one_id_twice_in_a_call_the_last_wins(index: SearchIndex) -> None:
    index.put_many([material(1, "Số nguyên tố", rev=1), material(1, "Phân số", rev=2)])
    assert list(index.entries()) == [IndexEntry(1, 2)]
    assert found(index, "nguyên") == []


def test_what_was_deleted_is_gone_and_unknown_ids_are_fine(index: SearchIndex) -> None:
    index.put_many([material(id, "Bài tập") for id in (1, 2, 3)])
    index.delete_many([2, 99])
    index.delete_many([])
    index.put_many([])
    assert sorted(found(index, "bài tập")) == [1, 3]
    assert index.count() == 2


def test_entries_lists_everything_with_its_revision(index: SearchIndex) -> None:
    index.put_many([material(id, "Bài", rev=id % 7) for id in range(1, 1_301)])
    expected = [IndexEntry(id, id % 7) for id in range(1, 1_301)]
    assert sorted(index.entries(), key=lambda entry: entry.id) == expected


def test_entries_of_tells_what_is_held_of_some(index: SearchIndex) -> None:
    index.put_many([material(id, "Bài", rev=id + 1) for id in range(1, 6)])
    found = sorted(index.entries_of([2, 5, 9]), key=lambda entry: entry.id)
    assert found == [IndexEntry(2, 3), IndexEntry(5, 6)]
    assert index.entries_of([]) == ()


def test_filters_are_or_within_a_facet_and_and_across(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Bài", facets={"grade": ["6"], "subject": ["toan"]}),
            material(2, "Bài", facets={"grade": ["7"], "subject": ["toan"]}),
            material(3, "Bài", facets={"grade": ["8"], "subject": ["toan"]}),
            material(4, "Bài", facets={"grade": ["6", "7"], "subject": ["van"]}),
        ]
    )
    assert sorted(found(index, "", filters={"grade": ("6", "7")})) == [1, 2, 4]
    assert sorted(found(index, "bai", filters={"grade": ("6", "7"), "subject": ("toan",)})) == [
        1,
        2,
    ]
    assert found(index, "", filters={"grade": ("12",)}) == []
    assert sorted(found(index, "", filters={"grade": ()})) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "value", ['a "b" c', "a\\b", "a\\", "'", "x] OR scope IN [y", "số 1", "🙂"]
)
def test_any_text_may_be_the_value_of_a_facet(index: SearchIndex, value: str) -> None:
    index.put_many([material(1, facets={"topic": [value]}), material(2, facets={"topic": ["z"]})])
    page = index.search(asked(filters={"topic": (value,)}, facets=("topic",)))
    assert ids(page) == [1]
    assert (value, 1) in page.facets["topic"]


def test_facet_counts_ignore_their_own_filter_only(index: SearchIndex) -> None:
    subjects = {1: "toan", 2: "toan", 3: "van", 4: "toan"}
    grades = {1: "6", 2: "7", 3: "6", 4: "7"}
    index.put_many(
        [
            material(id, "Bài tập", facets={"grade": [grades[id]], "subject": [subjects[id]]})
            for id in subjects
        ]
    )
    for text in ("", "bai tap"):
        page = index.search(
            asked(text, filters={"grade": ("7",)}, facets=("grade", "subject", "book"))
        )
        assert page.total == 2
        assert page.facets == {
            "grade": (("6", 2), ("7", 2)),
            "subject": (("toan", 2),),
            "book": (),
        }


def test_facets_with_two_filters_each_leave_out_their_own(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Bài", facets={"grade": ["6"], "subject": ["toan"]}),
            material(2, "Bài", facets={"grade": ["7"], "subject": ["toan"]}),
            material(3, "Bài", facets={"grade": ["6"], "subject": ["van"]}),
            material(4, "Bài", facets={"grade": ["7"], "subject": ["van"]}),
            material(5, "Bài", facets={"grade": ["7"], "subject": ["van"]}),
        ]
    )
    page = index.search(
        asked(
            "bai",
            filters={"grade": ("6",), "subject": ("van",)},
            facets=("grade", "subject"),
        )
    )
    assert ids(page) == [3]
    assert page.facets["grade"] == (("7", 2), ("6", 1))
    assert page.facets["subject"] == (("toan", 1), ("van", 1))


def test_facets_are_counted_over_the_matches_of_the_text(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Hình thang", facets={"kind": ["slides"]}),
            material(2, "Hình thang", facets={"kind": ["slides"]}),
            material(3, "Hình thang", facets={"kind": ["test"]}),
            material(4, "Thơ lục bát", facets={"kind": ["test"]}),
        ]
    )
    page = index.search(asked("hình thang", facets=("kind",)))
    assert page.facets["kind"] == (("slides", 2), ("test", 1))


def test_every_sort_is_a_total_order(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Ăn uống", published_at=300, use=5),
            material(2, "an toàn", published_at=100, use=9),
            material(3, "Ân cần", published_at=200, use=5),
            material(4, "Bài 10", published_at=100, use=0),
            material(5, "Bài 2", published_at=100, use=0),
            material(6, "đá bóng", published_at=50, use=0),
            material(7, "dã ngoại", published_at=50, use=0),
        ]
    )
    assert found(index, "", sort=Sort.NEWEST) == [1, 3, 5, 4, 2, 7, 6]
    assert found(index, "", sort=Sort.USE) == [2, 3, 1, 7, 6, 5, 4]
    assert found(index, "", sort=Sort.TITLE) == [2, 1, 3, 5, 4, 7, 6]
    assert found(index, "", sort=Sort.RELEVANCE) == [1, 3, 5, 4, 2, 7, 6]


def test_a_sort_keeps_to_what_the_text_matches(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Hình thang", published_at=100),
            material(2, "Thơ", "hình thang", published_at=200),
            material(3, "Thơ", published_at=300),
        ]
    )
    assert found(index, "hinh thang", sort=Sort.NEWEST) == [2, 1]
    assert found(index, "hinh thang xyzxyz", sort=Sort.NEWEST) == [2, 1]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("text", ["", "bai tap", "bài tập chương"])
def test_paging_shows_every_hit_once(index: SearchIndex, text: str, sort: Sort) -> None:
    index.put_many(
        [
            material(
                id,
                "Bài tập chương một" if id % 3 else "Ôn thi",
                "bài tập " * (id % 5 + 1) + "trong chương",
                use=id % 4,
                published_at=1000 + id % 6,
            )
            for id in range(1, 151)
        ]
    )
    shown: list[int] = []
    for page in range(1, 14):
        answer = index.search(asked(text, sort=sort, page=page, size=12))
        assert answer.total == 150
        assert len(answer.hits) == (12 if page < 13 else 6)
        shown += ids(answer)
    assert sorted(shown) == list(range(1, 151))
    assert index.search(asked(text, sort=sort, page=14, size=12)).hits == ()


def test_scores_fall_along_the_hits(index: SearchIndex) -> None:
    index.put_many(
        [
            material(id, "Đường tròn" if id % 2 else "Góc", "đường tròn " * (id % 7) + "đường")
            for id in range(1, 121)
        ]
    )
    scores = [hit.score for hit in index.search(asked("đường tròn", size=200)).hits]
    assert len(scores) == 120 - len([id for id in range(1, 121) if id % 7 == 0 and id % 2 == 0])
    assert scores == sorted(scores, reverse=True)


def test_pages_that_are_none_or_too_deep_are_refused(index: SearchIndex) -> None:
    for query in (
        asked(page=0),
        asked(size=0),
        asked(page=-1, size=-5),
        asked(page=MAX_DEPTH, size=2),
        asked(filters={"scope": ("public",)}),
        asked(facets=("id",)),
    ):
        with pytest.raises(InvalidValue):
            index.search(query)
    assert index.search(asked(page=MAX_DEPTH // 20, size=20)).hits == ()


def test_few_matches_are_followed_by_matches_of_some_words(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Tam giác đồng dạng"),
            material(2, "Tam giác cân"),
            material(3, "Hình thang"),
        ]
    )
    page = index.search(asked("tam giác đồng dạng", facets=("grade",)))
    assert ids(page) == [1, 2]
    assert page.total == 2
    assert page.relaxed
    nothing_whole = index.search(asked("tam giác vuuông"))
    assert sorted(ids(nothing_whole)) == [1, 2]
    assert nothing_whole.relaxed
    assert index.search(asked("xyzxyz")) == SearchPage(0, (), {})


def test_total_and_facets_of_a_relaxed_search_are_true(index: SearchIndex) -> None:
    index.put_many(
        [material(1, "Tam giác đồng dạng", facets={"grade": ["8"]})]
        + [material(id, "Tam giác", facets={"grade": ["7"]}) for id in range(2, 32)]
    )
    shown: list[int] = []
    for page in (1, 2, 3, 4):
        answer = index.search(asked("tam giác đồng", page=page, size=10, facets=("grade",)))
        assert answer.total == 31
        assert answer.facets["grade"] == (("7", 30), ("8", 1))
        shown += ids(answer)
    assert shown[0] == 1
    assert sorted(shown) == list(range(1, 32))
    narrowed = index.search(
        asked("tam giác đồng", filters={"grade": ("7",)}, facets=("grade",), size=40)
    )
    assert narrowed.total == len(narrowed.hits) == 30
    assert narrowed.facets["grade"] == (("7", 30), ("8", 1))


def test_many_matches_are_not_relaxed_and_a_filter_does_not_relax(index: SearchIndex) -> None:
    index.put_many(
        [material(id, "Tam giác cân", facets={"grade": ["7"]}) for id in range(1, 21)]
        + [material(30, "Tam giác vuông", facets={"grade": ["8"]})]
    )
    assert index.search(asked("tam giác cân")).total == 20
    page = index.search(asked("tam giác cân", filters={"grade": ("8",)}))
    assert page == SearchPage(0, (), {})


def test_a_rebuild_serves_the_old_until_the_switch(index: SearchIndex) -> None:
    index.put_many([material(1, "Bản cũ"), material(2, "Bản cũ")])
    version = index.schema_version
    rebuild = index.rebuild()
    assert rebuild.count() == 0
    rebuild.put_many([material(1, "Bản mới"), material(3, "Bản mới"), material(4, "Bản mới")])
    assert rebuild.count() == 3
    assert sorted(found(index, "bản")) == [1, 2]
    index.put_many([material(5, "Bản cũ")])
    assert index.count() == 3
    rebuild.switch()
    assert sorted(found(index, "bản mới")) == [1, 3, 4]
    assert found(index, "cũ") == []
    assert index.count() == 3
    assert index.schema_version == version
    rebuild.abandon()
    assert index.count() == 3
    index.put_many([material(6, "Bản mới")])
    assert index.count() == 4


def test_an_abandoned_rebuild_leaves_no_trace(opener: Opener) -> None:
    index = opener()
    index.put_many([material(1, "Bản cũ")])
    rebuild = index.rebuild()
    rebuild.put_many([material(2, "Bản mới")])
    rebuild.abandon()
    rebuild.abandon()
    assert found(index, "bản") == [1]
    again = index.rebuild()
    assert again.count() == 0
    again.abandon()


def test_searches_are_never_empty_while_the_index_is_rebuilt(opener: Opener) -> None:
    index = opener()
    index.put_many([material(id, "Phương trình") for id in range(1, 21)])
    over = threading.Event()

    def totals_seen(reader: SearchIndex) -> set[int]:
        seen = set()
        while not over.is_set():
            seen.add(reader.search(asked("phương trình", facets=("grade",))).total)
        return seen

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(totals_seen, reader) for reader in (index, opener())]
        for size in (21, 22, 23):
            rebuild = index.rebuild()
            rebuild.put_many([material(id, "Phương trình") for id in range(1, size + 1)])
            rebuild.switch()
        over.set()
        totals = set().union(*(reader.result() for reader in readers))
    assert totals
    assert totals <= {20, 21, 22, 23}
    assert index.count() == 23


def _calls(index: SearchIndex) -> Sequence[Callable[[], object]]:
    return (
        lambda: index.search(asked("toán")),
        lambda: index.suggest(as_typed("to", unfinished=True), ("public",), 5),
        lambda: index.put_many([material(1)]),
        lambda: index.delete_many([1]),
        lambda: list(index.entries()),
        lambda: index.entries_of([1]),
        index.count,
        index.rebuild,
        index.check,
    )


@pytest.mark.parametrize("down", [down_embedded, down_meilisearch])
def test_an_engine_that_is_down_says_so_in_our_words(
    down: Callable[[Path], SearchIndex], tmp_path: Path
) -> None:
    index = down(tmp_path)
    for call in _calls(index):
        with pytest.raises(SearchUnavailable):
            call()
    assert index.schema_version
    index.close()
