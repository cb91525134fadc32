"""The words of schools: how teachers name subjects, kinds of materials, textbook sets and grades.

The curriculum's own names and abbreviations are data of the library; here stands what teachers say
beside them, in file names, headings and searches alike. Everything is compared as the normalizer
folds it, so each name is written once, with its marks.
"""

from typing import Final

from repo_server.domain.materials import KIND_KEYWORDS, KIND_LABELS, Kind

SUBJECT_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "toan": ("môn toán", "math", "maths", "đại số", "hình học", "giải tích"),
    "tieng-viet": ("TV", "TViet", "tập đọc", "tập làm văn", "luyện từ và câu", "chính tả"),
    "ngu-van": ("NV", "NVan", "văn", "văn học", "môn văn"),
    "ngoai-ngu-1": ("TA", "TAnh", "English", "Global Success", "Friends Plus", "anh", "AV"),
    "tnxh": ("TN-XH", "tự nhiên & xã hội"),
    "khtn": ("KHTN", "khoa học TN", "khoa tự nhiên"),
    "khoa-hoc": ("KH",),
    "lsdl": ("LS và ĐL", "LS ĐL", "sử - địa", "LSVĐL", "LSVDL"),
    "lich-su": ("sử", "LS", "lịch sử"),
    "dia-li": ("địa", "ĐL", "địa lí"),
    "vat-li": ("lí", "VL", "vật lí"),
    "hoa-hoc": ("hoá", "hoá học"),
    "sinh-hoc": ("sinh", "sinh học"),
    "tin-hoc": ("tin", "TH"),
    "cong-nghe": ("CN", "CNghe"),
    "gdcd": ("GDCD", "công dân"),
    "gdktpl": ("GDKT-PL", "KT&PL", "KT và PL", "giáo dục kinh tế pháp luật", "kinh tế pháp luật"),
    "gdqpan": ("GDQP", "QPAN", "quốc phòng an ninh", "giáo dục quốc phòng"),
    "hdtn": ("HĐTN", "trải nghiệm"),
    "hdtn-hn": ("HĐTN", "HĐTN HN", "trải nghiệm hướng nghiệp", "hướng nghiệp"),
    "gd-dia-phuong": ("GDĐP", "địa phương"),
    "gdtc": ("GDTC", "thể dục", "TD"),
    "am-nhac": ("nhạc", "AN"),
    "mi-thuat": ("mĩ thuật", "MT"),
    "dao-duc": ("ĐĐ",),
}
"""Further names by the subject's code; those that are common words count only beside a grade."""

SHORT_SUBJECT_NAMES: Final = frozenset((
    "van", "su", "dia", "li", "hoa", "sinh", "tin", "anh", "nhac", "ta", "th", "kh", "cn", "ls",
    "dl", "vl", "nv", "tv", "an", "mt", "td", "dd", "av", "cong dan", "dia phuong", "trai nghiem",
    "huong nghiep", "nghe thuat", "khoa hoc",
))  # fmt: skip
"""Folded names that are common words, too: they count only before a grade or after "môn"."""

NOT_SUBJECT_AFTER: Final[dict[str, frozenset[str]]] = {
    "toan": frozenset(("an", "ke", "thanh", "tinh", "hoan", "du", "thuat", "bao", "phep")),
    "tin": frozenset(("thong", "ban", "niem", "tu")),
    "sinh": frozenset(("hoc", "ve", "phat", "hi", "tuyen", "thi", "giao")),
    "anh": frozenset(("hinh", "buc", "tranh", "chi")),
    "hoa": frozenset(("bong", "van", "hai")),
}
"""Folded names with the words after which they are no subject: "an toàn", "kế toán"."""

NOT_SUBJECT_BEFORE: Final[dict[str, frozenset[str]]] = {
    "su": frozenset(
        ["dung", "viec", "kien", "song", "co", "phat", "phan", "chuyen", "nuoi", "bien"]
    ),
    "van": frozenset(("hoa", "minh", "ban", "dong", "chuyen", "dung", "de", "phong")),
    "sinh": frozenset(("hoat", "vat", "san", "thai", "nhat", "vien", "truong", "song")),
    "dia": frozenset(("phuong", "diem", "hinh", "ban", "danh", "dao")),
    "hoa": frozenset(("binh", "qua", "sen", "va", "tri")),
    "tin": frozenset(("tuc", "nhan", "dung")),
    "anh": frozenset(("hung", "chi", "em", "sang", "huong", "ve")),
    "li": frozenset(("tuong", "thuyet", "do")),
    "nhac": frozenset(("cu",)),
    "hoa hoc": frozenset(("tro",)),
    "ta": frozenset(("canh", "nguoi", "con", "do", "mot", "ve")),
}
"""Folded names with the words before which they are no subject: "sử dụng", "văn hoá"."""

SUBJECT_TITLES: Final = {"ngoai-ngu-1": "Tiếng Anh"}
"""What stands in a title where the programme's own name is not what people say."""

SUCCESSORS: Final[dict[str, tuple[str, ...]]] = {
    "vat-li": ("khtn", "khoa-hoc"),
    "hoa-hoc": ("khtn", "khoa-hoc"),
    "sinh-hoc": ("khtn", "khoa-hoc"),
    "lich-su": ("lsdl",),
    "dia-li": ("lsdl",),
    "gdcd": ("gdktpl", "dao-duc"),
    "ngu-van": ("tieng-viet",),
    "tieng-viet": ("ngu-van",),
    "khtn": ("khoa-hoc",),
    "khoa-hoc": ("khtn", "tnxh"),
    "tnxh": ("khoa-hoc",),
    "hdtn": ("hdtn-hn",),
    "hdtn-hn": ("hdtn",),
    "lsdl": ("lich-su",),
    "dao-duc": ("gdcd",),
    "gdktpl": ("gdcd",),
}
"""What a subject is called in grades that do not teach it under that name, the likeliest first."""

KIND_WORDS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LESSON_PLAN: ("kế hoạch dạy học", "KHDH", "giáo án điện tử", "GA", "GAĐT", "5512",
                       "bài soạn", "lesson plan", "kế hoạch bài học"),
    Kind.SLIDES: ("slides", "power point", "trình chiếu", "bài giảng", "BGĐT", "BG", "PPTX"),
    Kind.WORKSHEET: ("phiếu", "PBT", "phiếu ôn tập", "bài tập cuối tuần", "phiếu cuối tuần",
                     "bài tập", "BT", "worksheet", "bài luyện tập", "BTVN"),
    Kind.TEST: ("đề kiểm tra", "kiểm tra", "đề khảo sát", "KSCL", "KTGK", "KTCK", "KTHK", "KTĐK",
                "KTGKI", "KTGKII", "KTCKI", "KTCKII", "KTGHK", "KTCHK", "thi thử", "đề minh hoạ",
                "đề HSG", "đề giữa kì", "đề cuối kì", "đề giữa học kì", "đề cuối học kì",
                "đề học kì", "đề cuối năm", "đề ôn thi", "đề tham khảo", "đề số", "mã đề",
                "15 phút", "45 phút", "15p", "45p", "1 tiết", "ma trận đề", "đặc tả đề",
                "thi học kì", "giữa kì", "cuối kì", "giữa học kì", "cuối học kì", "trắc nghiệm",
                "bài tập trắc nghiệm", "đề tuyển sinh", "quiz", "test", "GHK", "CHK", "GK",
                "CK", "đề"),
    Kind.ANSWER_KEY: ("HDC", "hướng dẫn giải", "lời giải", "biểu điểm", "ĐA", "answer key",
                      "đáp án và biểu điểm"),
    Kind.VIDEO: ("video bài giảng", "video thí nghiệm", "MP4"),
    Kind.AUDIO: ("file nghe", "tệp nghe", "audio", "nghe nói"),
    Kind.PICTURE: ("hình ảnh", "poster", "infographic", "tranh ảnh"),
    Kind.READING: ("bài đọc", "đọc thêm", "truyện đọc", "tài liệu đọc"),
    Kind.SIMULATION: ("mô phỏng", "game"),
    Kind.MIND_MAP: ("sơ đồ tư duy", "SĐTD", "mind map"),
    Kind.REFERENCE: ("đề cương", "tài liệu", "chuyên đề", "lí thuyết", "SKKN",
                     "sáng kiến kinh nghiệm", "PPCT", "phân phối chương trình",
                     "kế hoạch giáo dục", "tổng hợp kiến thức", "công thức", "SGK", "SGV", "SBT",
                     "sách giáo khoa", "sách giáo viên", "sách bài tập", "bồi dưỡng", "chuyên san"),
}  # fmt: skip
"""Names by which teachers tell a kind apart, beside its label and `KIND_KEYWORDS`."""

WEAK_KIND_NAMES: Final = (
    frozenset(
        (
            "bai giang",
            "bg",
            "bai tap",
            "bt",
            "trac nghiem",
            "phieu",
            "de",
            "ga",
            "kt",
            "da",
            "tranh",
        )
    )
    | frozenset(
        ("anh", "clip", "phim", "tro choi", "game", "cong thuc", "truyen doc", "kiem tra", "test")
    )
    | frozenset(("giua ki", "cuoi ki", "15 phut", "45 phut", "1 tiet", "tai lieu", "boi duong"))
)
"""Folded names of kinds that are said of other things as well; alone they are a hint."""

VAGUE_KIND_NAMES: Final = frozenset(("tai lieu", "boi duong"))
"""Folded names of kinds that are put before anything, wherever they stand."""

NO_KIND_NAMES: Final = frozenset(("anh", "tranh", "mp3", "mp4", "phim"))
"""Folded keywords of kinds that say nothing in a running name ("Tiếng Anh", "bức tranh")."""

NOT_KIND_AFTER: Final[dict[str, frozenset[str]]] = {
    "de": frozenset(("chu", "chuyen", "van", "nhan", "tieu", "menh", "muc", "tien")),
    "phieu": frozenset(("co", "tin", "trai")),
    "test": frozenset(("covid",)),
    "video": frozenset(("xem", "quay")),
}
"""Folded names of kinds with the words after which they are none ("chủ đề", "vấn đề")."""

BOOK_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "kntt": ("KN", "KNTTVCS", "KNTTCS", "kết nối", "bộ kết nối", "sách kết nối"),
    "ctst": ("chân trời", "bộ chân trời", "CT sáng tạo"),
    "cd": ("sách cánh diều", "bộ cánh diều"),
}
SHORT_BOOK_NAMES: Final = frozenset(("kn", "cd", "ket noi", "chan troi", "cung hoc"))
"""Folded names of sets that are other words, too: a hint unless written in capitals."""
NOT_BOOK_BEFORE: Final[dict[str, frozenset[str]]] = {
    "canh dieu": frozenset(("tuoi",)),
    "ket noi": frozenset(("mang", "voi", "internet", "va", "may", "cong", "tri")),
    "chan troi": frozenset(("moi",)),
    "cd": frozenset(("nghe", "rom", "so")),
}
"""Folded names of sets with the words before which they are none ("Cánh diều tuổi thơ")."""

GRADE_WORDS: Final = frozenset(("lop", "khoi", "grade"))
GRADE_NUMBERS: Final[dict[str, int]] = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9,
    "muoi": 10,
}  # fmt: skip
"""Folded numerals that follow "lớp"."""

ENTRANCE_PHRASES: Final[tuple[tuple[str, int], ...]] = (
    ("vao lop 10", 9),
    ("vao 10", 9),
    ("tuyen sinh 10", 9),
    ("tuyen sinh lop 10", 9),
    ("ts 10", 9),
    ("vao lop 6", 5),
    ("tot nghiep thpt", 12),
    ("thptqg", 12),
    ("thpt quoc gia", 12),
    ("tnthpt", 12),
)
"""Examinations that are taken at the end of another grade than the one they name."""


def kind_names(kind: Kind) -> tuple[str, ...]:
    """Every name of a kind: its label, its keywords, and what teachers say beside them."""
    names = (*KIND_LABELS[kind].split(","), *KIND_KEYWORDS[kind], *KIND_WORDS[kind])
    return tuple(dict.fromkeys(name.strip() for name in names))
