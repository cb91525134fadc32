"""What every search engine must do with words: Vietnamese spellings, order, secrecy, hostility."""

import unicodedata
from collections.abc import Sequence

import pytest

from repo_server.domain.questions.base import as_typed
from repo_server.search.base import SearchIndex, SearchPage, Sort
from tests.search.documents import asked, found, ids, material

TONES = ["ma", "mà", "mả", "mã", "má", "mạ"]


@pytest.mark.parametrize("typed", TONES[1:])
def test_the_marks_that_were_typed_come_first(index: SearchIndex, typed: str) -> None:
    index.put_many([material(id, word) for id, word in enumerate(TONES, start=1)])
    page = index.search(asked(typed))
    assert page.hits[0].id == TONES.index(typed) + 1
    assert page.total == len(TONES)


def test_exact_in_the_title_then_exact_in_the_text_then_other_marks(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Cây mạ non"),
            material(2, "Thơ hay", "Quê của má tôi ở Bến Tre"),
            material(3, "Kể về má"),
            material(4, "Thơ hay", "Con mã trên bàn cờ"),
        ]
    )
    assert found(index, "má") == [3, 2, 1, 4]


def test_without_marks_every_marking_is_found(index: SearchIndex) -> None:
    index.put_many([material(id, f"Bài về {word} đấy") for id, word in enumerate(TONES)])
    assert sorted(found(index, "ma day")) == list(range(len(TONES)))


def test_title_before_text_and_words_side_by_side_first(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Đề thi", "phương trình bậc hai. " * 10),
            material(2, "Hai phương pháp giải bậc trung bình của trình tự"),
            material(3, "Phương trình bậc hai một ẩn"),
            material(4, "Đề thi", "hai bậc thang, một trình tự, một phương án"),
        ]
    )
    for text in ("phuong trinh bac hai", "phương trình bậc hai"):
        hits = found(index, text)
        assert hits[0] == 3
        assert hits[-1] == 4
        assert sorted(hits) == [1, 2, 3, 4]
    assert found(index, "phuong trinh bac hai")[1] == 2


SPELLINGS = [
    "Đường tròn",
    "đường tròn",
    "ĐƯỜNG TRÒN",
    "duong tron",
    "DUONG TRON",
    unicodedata.normalize("NFD", "Đường tròn"),
    "Ðường tròn",
]


@pytest.mark.parametrize("written", SPELLINGS)
def test_every_spelling_finds_every_spelling(index: SearchIndex, written: str) -> None:
    index.put_many([material(1, f"Bài 5: {written}", "nội dung"), material(2, "Tam giác")])
    for typed in SPELLINGS:
        assert found(index, typed) == [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hòa bình", "hoà bình"),
        ("sức khỏe", "sức khoẻ"),
        ("thủy điện", "thuỷ điện"),
        ("tóan học", "toán học"),
        ("vật lý", "vật lí"),
        ("kỹ thuật", "kĩ thuật"),
        ("mỹ thuật", "mĩ thuật"),
        ("qui tắc", "quy tắc"),
    ],
)
def test_two_spellings_of_one_word_are_the_same_word(
    index: SearchIndex, one: str, other: str
) -> None:
    index.put_many([material(1, one), material(2, other), material(3, "khác hẳn")])
    scores = {
        text: {hit.id: round(hit.score, 3) for hit in index.search(asked(text)).hits}
        for text in (one, other)
    }
    assert scores[one] == scores[other]
    assert set(scores[one]) == {1, 2}
    assert scores[one][1] == scores[one][2]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Đề KHTN6 học kì 1", "khtn 6"),
        ("Đề KHTN 6 học kì 1", "KHTN6"),
        ("Phản ứng của H₂O", "h2o"),
        ("Hàm số y = ax²", "ax2"),
        ("Công văn 5512/BGDĐT", "5512"),
        ("KHBD_Toan_6", "khbd toán 6"),
        ("Khí CO2 trong không khí", "co2"),
    ],
)
def test_numbers_formulas_and_codes_are_found(index: SearchIndex, title: str, typed: str) -> None:
    index.put_many([material(1, title), material(2, "Tập làm văn")])
    assert found(index, typed) == [1]


def test_code_keywords_and_description_are_searched(index: SearchIndex) -> None:
    index.put_many(
        [material(1, "Bài", keywords=["Pythagore"], description="Dành cho lớp chuyên"), material(2)]
    )
    assert found(index, "k7m0001") == [1]
    assert found(index, "pythagore") == [1]
    assert found(index, "lớp chuyên") == [1]


def test_a_word_in_the_making_is_found_only_when_asked_so(index: SearchIndex) -> None:
    index.put_many([material(1, "Phương trình bậc hai"), material(2, "Lý thuyết hydro")])
    assert found(index, "phương trì", prefix=True) == [1]
    assert found(index, "phuong tri", prefix=True) == [1]
    assert found(index, "phương trình", prefix=True) == [1]
    assert found(index, "phuong tri", prefix=False, sort=Sort.TITLE) == [1]
    assert not index.search(asked("phuong", prefix=True)).relaxed
    assert found(index, "tri", prefix=False) == []
    assert found(index, "ly", prefix=True) == [2]
    assert found(index, "hydr", prefix=True) == [2]


SECRET = "Bí mật của trường"


def test_scopes_never_leak(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Đề công khai", facets={"grade": ["6"]}),
            material(2, SECRET, "bí mật", facets={"grade": ["7"]}, scopes=["organization:12"]),
            material(3, "Nháp bí mật", facets={"grade": ["8"]}, scopes=["account:7"]),
            material(4, "Không của ai", facets={"grade": ["9"]}, scopes=[]),
        ]
    )
    for text in ("", "bí mật", "bi mat cua xyz", "nhap"):
        for sort in Sort:
            for prefix in (False, True):
                query = asked(text, sort=sort, prefix=prefix, facets=("grade",))
                page = index.search(query)
                assert set(ids(page)) <= {1}
                assert page.total == len(page.hits)
                assert set(page.facets["grade"]) <= {("6", 1)}
    assert suggested(index, "bí", ("public",), 5) == ()
    assert suggested(index, "không", ("public", "account:7", "organization:12"), 5) == ()
    assert suggested(index, "bí", ("organization:12",), 5) == (SECRET,)
    assert sorted(found(index, "", scopes=("public", "account:7"))) == [1, 3]
    assert found(index, "bí mật", scopes=("organization:1",)) == []
    assert index.search(asked("bí mật", scopes=(), facets=("grade",))) == SearchPage(
        0, (), {"grade": ()}
    )


def test_a_scope_is_withdrawn_with_the_next_put(index: SearchIndex) -> None:
    index.put_many([material(1, SECRET)])
    assert found(index, "bí mật") == [1]
    index.put_many([material(1, SECRET, scopes=["account:7"])])
    assert found(index, "bí mật") == []
    assert found(index, "bí mật", scopes=("account:7",)) == [1]


def suggested(index: SearchIndex, typed: str, scopes: Sequence[str], limit: int) -> tuple[str, ...]:
    offered = index.suggest(as_typed(typed, unfinished=True), scopes, limit)
    return tuple(found.title for found in offered)


def test_titles_are_suggested_while_typing(index: SearchIndex) -> None:
    index.put_many(
        [
            material(1, "Giải phương trình bậc hai", use=90),
            material(2, "Phương trình bậc hai", use=5),
            material(3, "Phương trình bậc nhất", use=50),
            material(4, "Phượng vĩ", use=1),
            material(5, "Phương trình bậc hai", use=4),
        ]
    )
    assert suggested(index, "phuong tr", ("public",), 9) == (
        "Phương trình bậc nhất",
        "Phương trình bậc hai",
        "Giải phương trình bậc hai",
    )
    assert suggested(index, "phương", ("public",), 2) == (
        "Phương trình bậc nhất",
        "Phương trình bậc hai",
    )
    assert suggested(index, "Phượn", ("public",), 9)[0] == "Phượng vĩ"
    assert suggested(index, "", ("public",), 9) == ()
    assert suggested(index, "phuong", ("public",), 0) == ()
    assert suggested(index, "phuong", (), 9) == ()


def test_words_side_by_side_are_suggested_before_words_apart_and_used_ones(
    index: SearchIndex,
) -> None:
    index.put_many(
        [
            *(
                material(number, f"So sánh hai phân số, phần nguyên {number}", use=900 - number)
                for number in range(1, 70)
            ),
            material(80, "Ôn tập số nguyên âm", use=5),
            material(81, "Số nguyên âm", use=1),
            material(82, "Số nguyên", use=0),
            material(83, "Số nguyên tố", use=3),
            material(84, "Số nguyên", use=2),
            material(85, "Sơ nguyên tử", use=800),
        ]
    )
    assert suggested(index, "so nguyen", ("public",), 5) == (
        "Số nguyên",
        "Sơ nguyên tử",
        "Số nguyên tố",
        "Số nguyên âm",
        "Ôn tập số nguyên âm",
    )
    assert suggested(index, "số nguyên", ("public",), 5) == (
        "Số nguyên",
        "Số nguyên tố",
        "Số nguyên âm",
        "Ôn tập số nguyên âm",
        "Sơ nguyên tử",
    )
    assert suggested(index, "so nguyen a", ("public",), 2) == (
        "Số nguyên âm",
        "Ôn tập số nguyên âm",
    )
    (equal, *_) = index.suggest(as_typed("so nguyen", unfinished=True), ("public",), 5)
    assert sorted(equal.ids) == [82, 84]


HOSTILE = [
    '"',
    '"phương',
    "phương OR trình",
    "-phương",
    "NOT (title:*) AND [a TO z]",
    "title_f:x ~2 ^9 * ? \\ /",
    "\x00phương\x00",
    "a" * 5_000,
    "phương " * 1_000,
    "🙂👩‍🏫",
    "\ud800",
    "phương\udfff trình",
    "\u0301\u0301",
    "x" + "\u0301" * 3_000,
    "ﷺ",
    "\u202e phương",
    "١٢٣",
    "{{7*7}} <script>",
    " , ; . : ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(index: SearchIndex, text: str) -> None:
    index.put_many([material(1, "Phương trình"), material(2, "Bí mật", scopes=["account:1"])])
    for prefix in (False, True):
        for sort in Sort:
            page = index.search(asked(text, prefix=prefix, sort=sort, facets=("grade",)))
            assert set(ids(page)) <= {1}
    assert set(suggested(index, text, ("public",), 5)) <= {"Phương trình"}
    index.put_many([material(3, text, text, keywords=[text], description=text)])
    assert index.count() == 3
    assert 1 in found(index, "phương trình")


def test_hostile_values_of_scopes_and_filters_match_nothing(index: SearchIndex) -> None:
    index.put_many([material(1, "Bài", facets={"grade": ["6"]})])
    for value in ('"', "\\", "x'] OR id > 0", "\x00", "\ud800", "public*", "a" * 2_000):
        assert found(index, "", scopes=(value,)) == []
        assert found(index, "", filters={"grade": (value,)}) == []
        assert suggested(index, "bai", (value,), 5) == ()
