"""A material's life: its states, its kinds and what must be there before others see it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TITLE_LIMIT: Final = 300
DESCRIPTION_LIMIT: Final = 5_000
KEYWORDS_LIMIT: Final = 20
KEYWORD_LIMIT: Final = 80
REASON_LIMIT: Final = 2_000
FILES_LIMIT: Final = 50
ITEMS_LIMIT: Final = 60

RESTORABLE_DAYS: Final = 30
"""How long a deleted material can be brought back; then what it held is deleted for good."""


class Status(StrEnum):
    """Where a material stands in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


STATUS_LABELS: Final[dict[Status, str]] = {
    Status.DRAFT: "Nháp",
    Status.SUBMITTED: "Chờ duyệt",
    Status.PUBLISHED: "Đã xuất bản",
    Status.WITHDRAWN: "Đã gỡ",
}


class Kind(StrEnum):
    """What a material is for, as teachers name it."""

    LESSON_PLAN = "lesson_plan"
    SLIDES = "slides"
    WORKSHEET = "worksheet"
    TEST = "test"
    ANSWER_KEY = "answer_key"
    VIDEO = "video"
    AUDIO = "audio"
    PICTURE = "picture"
    READING = "reading"
    SIMULATION = "simulation"
    MIND_MAP = "mind_map"
    REFERENCE = "reference"


KIND_LABELS: Final[dict[Kind, str]] = {
    Kind.LESSON_PLAN: "Kế hoạch bài dạy",
    Kind.SLIDES: "Bài trình chiếu",
    Kind.WORKSHEET: "Phiếu học tập",
    Kind.TEST: "Đề kiểm tra",
    Kind.ANSWER_KEY: "Đáp án, hướng dẫn chấm",
    Kind.VIDEO: "Video",
    Kind.AUDIO: "Âm thanh",
    Kind.PICTURE: "Hình ảnh",
    Kind.READING: "Bài đọc",
    Kind.SIMULATION: "Mô phỏng, trò chơi",
    Kind.MIND_MAP: "Sơ đồ tư duy",
    Kind.REFERENCE: "Tài liệu tham khảo",
}

# Other names that teachers search by; they go into the index beside the label (one way only).
KIND_KEYWORDS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LESSON_PLAN: ("giáo án", "KHBD", "giáo án 5512"),
    Kind.SLIDES: ("slide", "bài giảng điện tử", "PowerPoint", "PPT"),
    Kind.WORKSHEET: ("PHT", "phiếu bài tập"),
    Kind.TEST: ("đề thi", "KT", "bài kiểm tra"),
    Kind.ANSWER_KEY: ("đáp án", "hướng dẫn chấm"),
    Kind.VIDEO: ("phim", "clip"),
    Kind.AUDIO: ("mp3", "bài nghe"),
    Kind.PICTURE: ("tranh", "ảnh"),
    Kind.READING: ("tài liệu đọc",),
    Kind.SIMULATION: ("thí nghiệm ảo", "trò chơi"),
    Kind.MIND_MAP: ("mindmap",),
    Kind.REFERENCE: ("tham khảo",),
}

LANGUAGES: Final[dict[str, str]] = {
    "vi": "Tiếng Việt",
    "en": "Tiếng Anh",
    "fr": "Tiếng Pháp",
    "zh": "Tiếng Trung Quốc",
    "ja": "Tiếng Nhật",
    "ko": "Tiếng Hàn",
    "km": "Tiếng Khmer",
    "cjm": "Tiếng Chăm",
    "other": "Tiếng khác",
}


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the rules of submission look at."""

    title: str
    description: str
    kind: str | None
    license: str | None
    file_count: int
    grade_count: int
    subject_count: int
    guessed: bool = False


GUESSED_FIELDS: Final = frozenset({"kind", "grades", "subjects"})
"""Fields that somebody must have decided before others see a material: a guess is not enough."""


def missing_before_submission(material: Completeness) -> dict[str, str]:
    """A Vietnamese sentence for each field that a material still lacks; empty when ready."""
    checks = (
        ("title", material.title.strip() != "", "Chưa có tên học liệu."),
        ("files", material.file_count > 0, "Chưa có tệp nào."),
        ("kind", material.kind is not None, "Chưa chọn loại học liệu."),
        ("grades", material.grade_count > 0, "Chưa chọn lớp."),
        ("subjects", material.subject_count > 0, "Chưa chọn môn học."),
        ("license", material.license is not None, "Chưa chọn giấy phép sử dụng."),
    )
    lacking = {field: sentence for field, fulfilled, sentence in checks if not fulfilled}
    if material.guessed and not lacking.keys() & GUESSED_FIELDS:
        lacking["guesses"] = (
            "Loại học liệu, lớp hoặc môn mới do Kho đoán: hãy mở biểu mẫu, kiểm tra rồi lưu."
        )
    return lacking
