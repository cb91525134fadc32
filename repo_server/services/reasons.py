"""Why a hit stands where it stands, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.wording import worded
from repo_server.search.base import Reason
from repo_server.search.ranking import Feature

SHOWN_ON_PAGE: Final = 4
"""What a page says of one hit: the weightiest reasons."""

_WHOLE: Final = 0.995


@dataclass(frozen=True, slots=True)
class Why:
    """A reason as people read it; `share` (0 to 1) says how far it holds, `points` what it gave."""

    feature: str
    sentence: str
    share: float
    points: float


def whys(reasons: Sequence[Reason]) -> tuple[Why, ...]:
    """The reasons in words, the weightiest first."""
    return tuple(
        Why(one.feature, _sentence(one), one.share, one.points)
        for one in reasons
        if one.feature in SENTENCES
    )


def _sentence(reason: Reason) -> str:
    feature = Feature(reason.feature)
    partly = PARTLY.get(feature)
    if partly is not None and reason.share < _WHOLE:
        return worded("reason", f"{feature}_partly", partly)
    return worded("reason", feature, SENTENCES[feature])


SENTENCES: Final[dict[str, str]] = {
    Feature.WORDS: "Tên học liệu có đủ các từ cần tìm.",
    Feature.MARKS: "Đúng dấu như đã gõ.",
    Feature.PAIRS: "Trong tên, các từ cạnh nhau vẫn đứng cạnh nhau.",
    Feature.PHRASE: "Trong tên, các từ đứng liền thành một cụm.",
    Feature.BEGINS: "Tên bắt đầu bằng các từ cần tìm.",
    Feature.ALONE: "Tên chỉ gồm các từ cần tìm.",
    Feature.TEXT: "Học liệu có đủ các từ cần tìm.",
    Feature.TEXT_PHRASE: "Nội dung có nguyên cụm từ cần tìm.",
    Feature.ENGINE: "Các từ cần tìm xuất hiện nhiều trong học liệu.",
    Feature.SUBJECT: "Đúng môn.",
    Feature.GRADE: "Đúng lớp.",
    Feature.KIND: "Đúng loại học liệu.",
    Feature.BOOK: "Đúng bộ sách.",
    Feature.USE: "Được tải về nhiều lần.",
    Feature.FRESH: "Mới đăng hơn các kết quả khác.",
}

PARTLY: Final[dict[str, str]] = {
    Feature.WORDS: "Tên học liệu có một số từ cần tìm.",
    Feature.MARKS: "Một số từ đúng dấu như đã gõ.",
    Feature.PAIRS: "Trong tên, một số từ cạnh nhau vẫn đứng cạnh nhau.",
    Feature.PHRASE: "Trong tên, một số từ đứng liền thành cụm.",
    Feature.BEGINS: "Tên bắt đầu gần như các từ cần tìm.",
    Feature.ALONE: "Tên có ít từ khác.",
    Feature.USE: "Đã có người tải về.",
    Feature.FRESH: "Ngày đăng so với các kết quả khác.",
    Feature.ENGINE: "Các từ cần tìm có xuất hiện trong học liệu.",
}
