"""Thousands of descriptions in Vietnamese, the same at every run, over the shipped curriculum."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, TITLE_LIMIT, Kind
from repo_server.services.cataloguing import CatalogueRecord

SEED: Final = 2018

_OCCASIONS: Final = (
    "tiết 1", "tiết 2", "ôn tập giữa học kì I", "ôn tập cuối học kì I", "ôn tập giữa học kì II",
    "ôn tập cuối học kì II", "luyện tập", "luyện tập chung", "vận dụng", "tự chọn", "tăng cường",
    "dạy học trực tuyến", "hoạt động nhóm", "trải nghiệm ngoài lớp", "bồi dưỡng học sinh giỏi",
)  # fmt: skip
_PLACES: Final = (
    "Trường THCS Hòa Bình", "Trường THPT Nguyễn Du", "Trường Tiểu học Kim Đồng", "Cụm 5",
    "Trường THCS Bình Thạnh", "Trường THPT Thủ Đức", "Trường Tiểu học Long Điền", "Cụm 9",
)  # fmt: skip
_FAMILY: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ")
_GIVEN: Final = (
    "Thị Lan", "Văn Minh", "Thu Hà", "Quốc Bảo", "Ngọc Ánh", "Hữu Phước", "Thanh Thủy", "Đức Anh",
    "Kim Oanh", "Gia Hân", "Tấn Tài", "Mỹ Duyên",
)  # fmt: skip
_BEGINNINGS: Final = (
    "Học sinh quan sát", "Giáo viên hướng dẫn", "Cả lớp cùng trao đổi về", "Mỗi nhóm trình bày",
    "Em hãy nêu", "Hãy giải thích", "Bài tập giúp củng cố", "Phần mở đầu giới thiệu",
    "Hoạt động khám phá đi từ", "Cuối bài, học sinh tự đánh giá", "Phiếu hỏi kiểm tra",
    "Câu hỏi vận dụng liên hệ với", "Trò chơi ôn lại", "Sơ đồ tóm tắt",
)  # fmt: skip
_MIDDLES: Final = (
    "kiến thức trọng tâm của bài", "các ví dụ gần gũi trong đời sống", "khái niệm vừa học",
    "mối quan hệ giữa các đại lượng", "cách trình bày lời giải", "bảng số liệu và biểu đồ",
    "thí nghiệm đơn giản trên lớp", "một đoạn văn bản ngắn", "hình ảnh minh hoạ và bản đồ",
    "những lỗi thường gặp khi làm bài", "nguồn tư liệu đáng tin cậy", "quy tắc an toàn",
    "cách sử dụng dụng cụ học tập", "tình huống có vấn đề", "từng bước tính toán",
)  # fmt: skip
_ENDINGS: Final = (
    "theo yêu cầu cần đạt của chương trình", "trước khi làm phiếu học tập",
    "để chuẩn bị cho bài kiểm tra", "rồi ghi kết luận vào vở", "trong thời gian mười phút",
    "với sự hỗ trợ của bạn cùng bàn", "và nhận xét kết quả của nhóm khác", "bằng lời của mình",
    "dựa trên sách giáo khoa", "kèm đáp án và hướng dẫn chấm", "ở nhà cùng người thân",
)  # fmt: skip
_BOOKS: Final = ("kntt", "ctst", "cd")


class Item(Protocol):
    """What the generator needs to know of an item of the curriculum."""

    @property
    def code(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def grades(self) -> Sequence[int]: ...
    @property
    def subject(self) -> str | None: ...


class CatalogueMaker:
    """Makes records about the items of a curriculum."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._subjects = [item for item in items if item.kind == "subject"]
        self._below: dict[tuple[int, str | None], list[Item]] = defaultdict(list)
        for item in items:
            if item.kind in ("topic", "outcome") and item.grades:
                self._below[item.grades[0], item.subject].append(item)

    def records(self, count: int) -> Iterator[CatalogueRecord]:
        """`count` records, the same ones each time."""
        chance = random.Random(SEED)
        for number in range(count):
            yield self._record(number, chance)

    def _record(self, number: int, chance: random.Random) -> CatalogueRecord:
        subject = chance.choice(self._subjects)
        grade = chance.choice(subject.grades)
        item = chance.choice(self._below.get((grade, subject.subject)) or [subject])
        kind = chance.choice(tuple(Kind))
        return CatalogueRecord(
            external_id=f"bench:{number}",
            title=_title(item, subject, grade, kind, chance)[:TITLE_LIMIT],
            description=" ".join(sentences(chance, 3)),
            kind=kind,
            grades=(grade,),
            subjects=(subject.subject or subject.code,),
            books=(chance.choice(_BOOKS),) if chance.random() < 0.7 else (),
            items=(item.code,) if item is not subject else (),
            license=chance.choice(tuple(LICENSES)),
            language="en" if chance.random() < 0.03 else "vi",
            keywords=tuple(dict.fromkeys(chance.choice(_MIDDLES) for _ in range(3))),
            author=f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)}",
        )


def _title(item: Item, subject: Item, grade: int, kind: Kind, chance: random.Random) -> str:
    words = item.title.rstrip(".").split()
    topic = " ".join(words[: chance.randint(5, 12)])
    occasion = chance.choice(_OCCASIONS)
    if item is subject:
        return f"{KIND_LABELS[kind]} {topic} lớp {grade}: {chance.choice(_MIDDLES)}, {occasion}"
    if chance.random() < 0.3:
        return f"{topic} ({occasion}, {chance.choice(_PLACES)})"
    return f"{KIND_LABELS[kind]}: {topic}, {occasion}"


def sentences(chance: random.Random, count: int) -> list[str]:
    """Sentences of a lesson."""
    return [
        f"{chance.choice(_BEGINNINGS)} {chance.choice(_MIDDLES)} {chance.choice(_ENDINGS)}."
        for _ in range(count)
    ]


def pages_of(title: str, chance: random.Random, count: int = 3) -> list[str]:
    """Pages of text about a title, some six hundred letters each."""
    return [f"{title}\n" + " ".join(sentences(chance, 7)) for _ in range(count)]
