"""Made-up files as teachers name and begin them, with what a form about them should say.

Two halves share no way of naming a file, no layout of a text and no lesson: rules are made while
looking at the first half alone, the second one judges them.
"""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.curriculum import ItemKind, ItemRecord
from repo_server.domain.guessing.base import FileEvidence
from repo_server.domain.vietnamese import unmarked

LOOKED_AT, HELD_OUT = "looked at", "held out"


@dataclass(frozen=True, slots=True)
class Described:
    """A file with the truth about it; None where neither name nor text tells."""

    evidence: FileEvidence
    kind: str | None
    grade: int | None
    subject: str | None
    book: str | None
    lesson: str
    item: str | None
    forbidden: tuple[str, ...]


_KINDS: Final = {
    "lesson_plan": (
        ("GA", "KHBD", "Giáo án", "Kế hoạch bài dạy"),
        ("Giáo án 5512", "KHBD", "giáo án", "Bài soạn"),
    ),
    "slides": (
        ("BGĐT", "Bài giảng điện tử", "Slide", "PPT"),
        ("Bài giảng", "GAĐT", "Trình chiếu", "Powerpoint"),
    ),
    "worksheet": (
        ("PHT", "Phiếu học tập", "Phiếu bài tập"),
        ("Phiếu học tập số 2", "PBT", "Phiếu ôn tập", "BT cuối tuần"),
    ),
    "test": (
        ("Đề kiểm tra giữa kì 1", "KTGK1", "Đề thi HK2", "KT 15 phút"),
        ("Đề cuối kì I", "KTCKII", "Đề khảo sát", "Đề thi thử", "KT 1 tiết"),
    ),
    "answer_key": (("Đáp án đề thi HK1", "HDC"), ("Hướng dẫn chấm", "Đáp án kiểm tra giữa kì")),
    "video": (("Video bài giảng", "Clip"), ("Video", "Phim thí nghiệm")),
    "reference": (("Đề cương ôn tập", "Chuyên đề"), ("Đề cương HK1", "Tài liệu ôn thi")),
}
_GROUPS: Final = {"slides": ("slides", "pptx"), "video": ("video", "mp4")}

_BOOKS: Final = {
    "kntt": (("KNTT", "Kết nối tri thức"), ("kntt", "Kết nối tri thức với cuộc sống")),
    "ctst": (("CTST", "Chân trời sáng tạo"), ("ctst", "CHÂN TRỜI SÁNG TẠO")),
    "cd": (("Cánh diều", "CD"), ("CÁNH DIỀU", "cánh diều")),
}

# Subject: grades, what teachers call it, lessons that no curriculum at hand lists.
_SUBJECTS: Final = {
    "toan": (range(1, 13), (("Toán", "Toan"), ("TOÁN", "môn Toán")), ()),
    "khtn": (range(6, 10), (("KHTN", "Khoa học tự nhiên"), ("khtn", "KHTN")), ()),
    "tin-hoc": (range(3, 13), (("Tin học", "Tin"), ("Tin học", "TIN HỌC")), ()),
    "cong-nghe": (range(3, 13), (("Công nghệ",), ("Công nghệ", "CÔNG NGHỆ")), ()),
    "lsdl": (range(4, 10), (("LS&ĐL", "Lịch sử và Địa lí"), ("LSĐL", "Lịch sử và Địa lý")), ()),
    "ngu-van": (
        range(6, 13),
        (("Ngữ văn", "Văn"), ("NGỮ VĂN", "Ngữ Văn")),
        (
            "Thánh Gióng",
            "Bếp lửa",
            "Chữ người tử tù",
            "Tràng giang",
            "Gió lạnh đầu mùa",
            "Lặng lẽ Sa Pa",
        ),
    ),
    "tieng-viet": (
        range(1, 6),
        (("Tiếng Việt", "TV"), ("TIẾNG VIỆT", "tiếng việt")),
        (
            "Ngày khai trường",
            "Kiến và chim bồ câu",
            "Tả cảnh",
            "Danh từ, động từ",
            "Thư gửi các học sinh",
            "Từ đồng nghĩa",
        ),
    ),
    "ngoai-ngu-1": (
        range(3, 13),
        (("Tiếng Anh", "Anh"), ("TA", "English")),
        (
            "My new school",
            "Family life",
            "Natural disasters",
            "My hobbies",
            "Community service",
            "Inventions",
        ),
    ),
    "gdcd": (
        range(6, 10),
        (("GDCD", "Giáo dục công dân"), ("GDCD", "gdcd")),
        (
            "Tôn trọng sự thật",
            "Quyền trẻ em",
            "Quản lí tiền",
            "Siêng năng, kiên trì",
            "Bảo vệ lẽ phải",
            "Tự lập",
        ),
    ),
    "gdktpl": (
        range(10, 13),
        (("GDKTPL", "GDKT&PL"), ("KTPL", "Giáo dục kinh tế và pháp luật")),
        (
            "Lạm phát",
            "Thất nghiệp",
            "Thị trường và cơ chế thị trường",
            "Bảo hiểm",
            "Ngân sách nhà nước",
            "Lập kế hoạch kinh doanh",
        ),
    ),
    "hdtn-hn": (
        range(6, 13),
        (("HĐTN", "HĐTN, HN"), ("Hoạt động trải nghiệm", "HĐTNHN")),
        (
            "Em với nhà trường",
            "Khám phá bản thân",
            "Rèn luyện bản thân",
            "Tìm hiểu nghề nghiệp",
            "Sống hoà hợp",
            "Vì cộng đồng",
        ),
    ),
    "lich-su": (
        range(10, 13),
        (("Lịch sử", "Sử"), ("LỊCH SỬ", "lịch sử")),
        (
            "Văn minh Đại Việt",
            "Liên hợp quốc",
            "Cải cách của Hồ Quý Ly",
            "Công cuộc Đổi mới",
            "Chiến tranh lạnh",
            "Nhà nước Chăm-pa",
        ),
    ),
    "vat-li": (
        range(10, 13),
        (("Vật lí", "Lí", "Vật lý"), ("VẬT LÍ", "Vật Lý")),
        (
            "Dao động điều hoà",
            "Sự rơi tự do",
            "Tụ điện",
            "Sóng dừng",
            "Định luật Boyle",
            "Động lượng",
        ),
    ),
    "hoa-hoc": (
        range(10, 13),
        (("Hoá học", "Hoá", "Hóa học"), ("HÓA HỌC", "hoá học")),
        ("Liên kết ion", "Alkane", "Ester – Lipid", "Cân bằng hoá học", "Polymer", "Pin điện"),
    ),
    "dao-duc": (
        range(1, 6),
        (("Đạo đức",), ("ĐẠO ĐỨC", "đạo đức")),
        (
            "Yêu thương gia đình",
            "Giữ lời hứa",
            "Thật thà",
            "Biết ơn người lao động",
            "Bảo vệ của công",
            "Vượt qua khó khăn",
        ),
    ),
    "khoa-hoc": (
        range(4, 6),
        (("Khoa học",), ("KHOA HỌC", "khoa học")),
        (
            "Chuỗi thức ăn",
            "Hỗn hợp và dung dịch",
            "Không khí có ở đâu",
            "Âm thanh",
            "Nấm và ứng dụng",
            "Sự biến đổi chất",
        ),
    ),
}

_TITLED_BY_LESSON: Final = frozenset(("lesson_plan", "slides", "worksheet", "video"))
"""Of others the title says what they are: a test's title need not name a lesson."""

_NAMES: Final = {
    LOOKED_AT: (
        "{kind}_{subject}{grade}_Bai{number}_{book}",
        "{kind} {subject} {grade} bài {number} {book}",
        "{kind} {subject} {grade} - Bài {number}. {lesson}",
        "{subject} {grade} - {lesson} - {kind}",
        "Lớp {grade} {subject} {kind} {lesson} ({book})",
        "{kind} bài {number} {lesson}",
        "Bài {number}. {lesson}",
        "L{grade} {subject} {lesson} {book}",
        "{subject}{grade}-bai-{number}-{lesson}",
    ),
    HELD_OUT: (
        "{subject} {grade}_{book}_{lesson}_{kind}",
        "{kind} - {subject} lớp {grade} - {lesson} - {book}",
        "{number}. {kind} {subject} {grade} {lesson}",
        "{kind} {lesson} {subject} {grade}",
        "K{grade}_{subject}_{kind}_Tuan{number}",
        "Tuần {number} - {subject} {grade} {book} - {kind}",
        "{lesson}",
        "BÀI {number} {lesson} {subject} {grade}",
        "{kind}.{subject}.{grade}.{book}.bai{number}",
    ),
}
_TAILS: Final = {
    LOOKED_AT: (
        "",
        "",
        "",
        " (1)",
        " - Copy",
        "_Nguyễn Thị Lan",
        " 2024-2025",
        " - THCS Nguyễn Du",
        " final",
    ),
    HELD_OUT: (
        "",
        "",
        "",
        " (2)",
        " - Bản sao",
        " - Trần Văn Minh",
        " năm học 2025-2026",
        " Trường THPT Lê Lợi",
        " mới nhất",
        " GV Phạm Thu Hà",
    ),
}
_FORBIDDEN: Final = (
    "nguyen thi lan",
    "tran van minh",
    "pham thu ha",
    "nguyen du",
    "le loi",
    "2024",
    "2025",
    "ban sao",
    "copy",
)

_TEXTS: Final = {
    LOOKED_AT: {
        "lesson_plan": (
            "Trường: THCS Nguyễn Du\n"
            "Tổ: Tự nhiên\n"
            "Họ và tên giáo viên: Nguyễn Thị Lan\n"
            "TÊN BÀI DẠY: BÀI {number}. {LESSON}\n"
            "Môn học: {official}; lớp: {grade}\n"
            "Thời gian thực hiện: 2 tiết\n"
            "I. MỤC TIÊU\n"
            "1. Về kiến thức:\n"
            "- Học sinh nêu được nội dung chính của {lesson_low}.\n"
            "- Vận dụng được vào tình huống thực tiễn.\n"
            "II. THIẾT BỊ DẠY HỌC VÀ HỌC LIỆU\n"
            "III. TIẾN TRÌNH DẠY HỌC\n"
            "Hoạt động 1: Khởi động\n"
        ),
        "slides": (
            "BÀI {number}: {LESSON}\n"
            "{official} {grade}\n"
            "Khởi động\n"
            "Em hãy quan sát hình và trả lời câu hỏi\n"
        ),
        "worksheet": (
            "PHIẾU HỌC TẬP SỐ 1\n"
            "Bài {number}. {lesson}\n"
            "Họ và tên: ………… Lớp: ……\n"
            "Câu 1. Nêu khái niệm chính của bài.\n"
        ),
        "test": (
            "SỞ GIÁO DỤC VÀ ĐÀO TẠO\n"
            "ĐỀ KIỂM TRA GIỮA HỌC KÌ I\n"
            "Môn: {official} – Lớp {grade}\n"
            "Thời gian làm bài: 45 phút\n"
            "Câu 1. Chọn đáp án đúng.\n"
        ),
        "answer_key": ("ĐÁP ÁN VÀ HƯỚNG DẪN CHẤM\nMôn: {official} – Lớp {grade}\nCâu 1: A\n"),
        "reference": ("ĐỀ CƯƠNG ÔN TẬP\nMÔN {OFFICIAL} LỚP {grade}\nA. Lí thuyết\n"),
    },
    HELD_OUT: {
        "lesson_plan": (
            "Ngày soạn: 12/9/2025\n"
            "Ngày dạy: 15/9/2025\n"
            "Tiết {number} – Bài {number}: {lesson}\n"
            "Môn: {official} {grade}\n"
            "I. YÊU CẦU CẦN ĐẠT\n"
            "- Nêu được những ý chính của bài {lesson_low}.\n"
            "- Hợp tác trong nhóm để hoàn thành nhiệm vụ.\n"
            "II. ĐỒ DÙNG DẠY HỌC\n"
            "III. CÁC HOẠT ĐỘNG DẠY HỌC CHỦ YẾU\n"
            "1. Khởi động\n"
        ),
        "slides": (
            "CHÀO MỪNG CÁC EM ĐẾN VỚI TIẾT HỌC\n"
            "Môn {official} lớp {grade}\n"
            "Bài {number}: {lesson}\n"
        ),
        "worksheet": (
            "Trường ……………\n"
            "Tên: ……………… Lớp {grade}…\n"
            "PHIẾU BÀI TẬP MÔN {OFFICIAL}\n"
            "Bài {number}: {lesson}\n"
            "1. Nối cột A với cột B.\n"
        ),
        "test": (
            "TRƯỜNG THPT LÊ LỢI\n"
            "KIỂM TRA CUỐI HỌC KÌ II NĂM HỌC 2024 – 2025\n"
            "MÔN: {OFFICIAL} {grade}\n"
            "Thời gian: 90 phút (không kể thời gian phát đề)\n"
            "Số báo danh: ……\n"
            "I. TRẮC NGHIỆM\n"
        ),
        "answer_key": (
            "HƯỚNG DẪN CHẤM BÀI KIỂM TRA\nMÔN {OFFICIAL} KHỐI {grade}\nCâu Nội dung Điểm\n"
        ),
        "reference": ("NỘI DUNG ÔN TẬP {OFFICIAL} {grade}\nPhần I. Kiến thức cần nhớ\n"),
    },
}


def described_files(items: Sequence[ItemRecord], half: str, count: int) -> list[Described]:
    """`count` files of a half, always the same; `items` are those of the programme."""
    chance = random.Random(f"{half} described files")
    side = 0 if half == LOOKED_AT else 1
    topics = [
        item
        for place, item in enumerate(items)
        if item.kind is ItemKind.TOPIC
        and item.subject in _SUBJECTS
        and place % 2 == side
        and 6 < len(item.title) < 80
        and len(item.grades) == 1
    ]
    official = {item.subject: item.title for item in items if item.kind is ItemKind.SUBJECT}
    return [_one(chance, half, side, topics, official) for _ in range(count)]


def _one(
    chance: random.Random,
    half: str,
    side: int,
    topics: Sequence[ItemRecord],
    official: dict[str | None, str],
) -> Described:
    subject = chance.choice(sorted(_SUBJECTS))
    grades, called, lessons = _SUBJECTS[subject]
    item = None
    if lessons:
        grade, lesson = chance.choice(grades), chance.choice(lessons[side::2])
    else:
        item = chance.choice([topic for topic in topics if topic.subject == subject])
        grade, lesson = item.grades[0], item.title.rstrip(".")
    kind = chance.choice(sorted(_KINDS))
    book = chance.choice([*_BOOKS, ""])
    words = {
        "kind": chance.choice(_KINDS[kind][side]),
        "subject": chance.choice(called[side]),
        "grade": str(grade),
        "number": str(chance.randint(13, 40)),
        "lesson": lesson,
        "book": chance.choice(_BOOKS[book][side]) if book else "",
    }
    template = chance.choice(_NAMES[half])
    group, extension = _GROUPS.get(kind, ("document", "docx"))
    name = (
        _untidied(chance, template.format(**words), chance.choice(_TAILS[half])) + f".{extension}"
    )
    text = _text(chance, half, kind, words, official.get(subject, ""))
    tells_lesson = "{lesson}" in template or (
        "{lesson}" in _TEXTS[half].get(kind, "").lower() and text != ""
    )
    in_text = "{grade}" in _TEXTS[half].get(kind, "") and bool(text)
    placed = ("{grade}" in template and "{subject}" in template) or in_text
    return Described(
        evidence=FileEvidence(name, group, text),
        kind=kind if "{kind}" in template or text or group != "document" else None,
        grade=grade if "{grade}" in template or in_text else None,
        subject=subject if "{subject}" in template or in_text else None,
        book=book if book and "{book}" in template else None,
        lesson=lesson if kind in _TITLED_BY_LESSON and tells_lesson else "",
        item=item.title if item is not None and tells_lesson and placed else None,
        forbidden=_FORBIDDEN,
    )


def _untidied(chance: random.Random, name: str, tail: str) -> str:
    name = " ".join(name.replace("()", "").replace("/", "-").split()).strip(" -_.")[:120] + tail
    way = chance.random()
    if way < 0.3:
        return "".join(unmarked(letter) if not letter.isascii() else letter for letter in name)
    if way < 0.4:
        return unicodedata.normalize("NFD", name)
    return name.replace(" ", "_") if way < 0.5 else name


def _text(chance: random.Random, half: str, kind: str, words: dict[str, str], official: str) -> str:
    """The beginning of the text; a fifth of files have none (scans, films)."""
    layout = _TEXTS[half].get(kind)
    if layout is None or chance.random() < 0.2:
        return ""
    lesson = words["lesson"]
    return layout.format(
        **words,
        LESSON=lesson.upper(),
        lesson_low=lesson.lower(),
        official=official,
        OFFICIAL=official.upper(),
    )
