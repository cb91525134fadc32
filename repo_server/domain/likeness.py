"""How alike two texts are: the share of their runs of four syllables that they have in common.

Vietnamese words are two syllables; four in a row are rarely the same by chance. What every document
of a school begins with (the State's name, the school's, the teacher's) and the headings of lesson
plans are no likeness: runs of them are left out.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from repo_server.domain.vietnamese import fold

RUN: Final = 4
FEWEST_RUNS: Final = 20
"""Shorter texts are not compared: a title page is like any other."""

MOST_RUNS: Final = 40_000
"""Runs of one file that are looked at: a book of 150 pages."""

ALIKE: Final = 0.6
"""Share of common runs from which two files are shown to a person as alike."""

SAME: Final = 0.95
"""Share from which two texts are called almost the same."""

_FORMULAS: Final = (
    "Cộng hoà xã hội chủ nghĩa Việt Nam Độc lập Tự do Hạnh phúc",
    "Sở Giáo dục và Đào tạo Phòng Giáo dục và Đào tạo Uỷ ban nhân dân",
    "Họ và tên giáo viên Tổ chuyên môn Họ và tên học sinh Ngày soạn Ngày dạy Thời lượng",
    "Trường Tiểu học Trường Trung học cơ sở Trường Trung học phổ thông Năm học",
    "Kế hoạch bài dạy I. Mục tiêu 1. Về kiến thức 2. Về năng lực 3. Về phẩm chất",
    "II. Thiết bị dạy học và học liệu III. Tiến trình dạy học",
    "a) Mục tiêu b) Nội dung c) Sản phẩm d) Tổ chức thực hiện",
    "Bước 1: Chuyển giao nhiệm vụ học tập Bước 2: Thực hiện nhiệm vụ học tập",
    "Bước 3: Báo cáo kết quả và thảo luận Bước 4: Kết luận, nhận định",
    "Hoạt động 1: Mở đầu Hoạt động 2: Hình thành kiến thức mới Hoạt động 3: Luyện tập",
    "Hoạt động 4: Vận dụng Hướng dẫn về nhà Rút kinh nghiệm sau tiết dạy",
)


def runs_of(folded: Iterable[str]) -> set[str]:
    """The runs of four syllables of these folded texts, without formulas; empty for too short ones.

    At most `MOST_RUNS`, from the beginning.
    """
    found: set[str] = set()
    for text in folded:
        words = text.split()
        for start in range(len(words) - RUN + 1):
            found.add(" ".join(words[start : start + RUN]))
        if len(found) > MOST_RUNS:
            break
    found -= _formula_runs()
    return found if len(found) >= FEWEST_RUNS else set()


@cache
def _formula_runs() -> frozenset[str]:
    runs: set[str] = set()
    for formula in _FORMULAS:
        words = fold(formula).split()
        runs.update(" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1))
    return frozenset(runs)
