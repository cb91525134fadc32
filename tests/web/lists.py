"""Believable contexts of the pages that list: home, search, curriculum, one's own."""

from typing import Any

Context = dict[str, Any]


KINDS = [
    ("lesson_plan", "Kế hoạch bài dạy"),
    ("slides", "Bài trình chiếu"),
    ("worksheet", "Phiếu học tập"),
    ("test", "Đề kiểm tra"),
    ("answer_key", "Đáp án, hướng dẫn chấm"),
    ("video", "Video"),
    ("audio", "Âm thanh"),
    ("picture", "Hình ảnh"),
    ("reading", "Bài đọc"),
    ("simulation", "Mô phỏng, trò chơi"),
    ("mind_map", "Sơ đồ tư duy"),
    ("reference", "Tài liệu tham khảo"),
]
LESSONS = [
    ("Bài 24. So sánh phân số. Hỗn số dương", [6], ("toan", "Toán"), ["docx", "pptx", "pdf"]),
    ("Quang hợp ở thực vật: thí nghiệm với rong đuôi chó", [7], ("khtn", "KHTN"), ["pptx"]),
    ("Tập đọc: Tiếng vườn", [2, 3], ("tieng-viet", "Tiếng Việt"), ["pdf"]),
    ("Đề kiểm tra giữa học kì 1 môn Ngữ văn", [9], ("ngu-van", "Ngữ văn"), ["docx"]),
    ("Hướng dẫn chấm đề khảo sát chất lượng đầu năm", [12], ("toan", "Toán"), ["xlsx"]),
    ("Vòng tuần hoàn của nước", [4], ("khoa-hoc", "Khoa học"), ["mp4"]),
    ("Unit 5: Food and drink – listening", [6], ("ngoai-ngu-1", "Ngoại ngữ 1"), ["mp3", "docx"]),
    ("Bản đồ các đơn vị hành chính Việt Nam 2025", [8, 9], ("lsdl", "Lịch sử và Địa lí"), ["png"]),
]
SNIPPET = [
    {"text": "… so sánh hai ", "marked": False},
    {"text": "phân số", "marked": True},
    {"text": " cùng mẫu dương: ", "marked": False},
    {"text": "phân số", "marked": True},
    {"text": " nào có tử lớn hơn thì phân số đó lớn hơn. Ví dụ: bạn Ưng ăn …", "marked": False},
]


def a_card(number: int, **changes: Any) -> Context:
    title, grades, subject, formats = LESSONS[number % len(LESSONS)]
    kind, kind_label = KINDS[number % len(KINDS)]
    card = {
        "id": number,
        "code": f"K7P4M{number}",
        "url": f"/hoc-lieu/K7P4M{number}",
        "title": title,
        "description": "Bài soạn theo công văn 5512, có phiếu học tập và câu hỏi vận dụng.",
        "kind": kind,
        "kind_label": kind_label,
        "grades": grades,
        "subjects": [{"code": subject[0], "label": subject[1]}],
        "books": [{"code": "kntt", "label": "Kết nối tri thức"}] if number % 2 == 0 else [],
        "license": {"code": "cc-by-4.0", "label": "CC BY 4.0"},
        "language": "vi",
        "status": "published",
        "status_label": "Đã xuất bản",
        "thumbnail_url": f"/api/files/{number}/thumbnail" if number % 4 == 3 else None,
        "formats": formats,
        "file_count": len(formats),
        "size": 1_260_000 + number * 411_000,
        "published_at": "2026-11-18T08:00:00+07:00",
        "updated_at": "2026-11-20T08:00:00+07:00",
        "owner_name": "Trần Văn Hậu",
        "organization_name": "Trường THCS Nguyễn Du",
        "use": 12,
        "contents": None
        if len(formats) < 2
        else {"present": ["kế hoạch bài dạy", "bài trình chiếu"], "missing": ["phiếu học tập"]},
        "snippet": SNIPPET if number % 3 else [],
        "page_label": "Trang 3" if number % 3 == 1 else None,
        "place_url": f"/api/files/{number}/content#page=3" if number % 6 == 1 else None,
        "whys": [{"sentence": "Đúng lớp."}] if number % 3 else [],
    }
    return card | changes


def cards(count: int, **changes: Any) -> list[Context]:
    return [a_card(number, **changes) for number in range(count)]


def a_pager() -> Context:
    gap = {"label": "…", "url": None, "current": False}
    pages = [
        {"label": str(page), "url": f"/tim?page={page}", "current": page == 2} for page in (1, 2, 3)
    ]
    return {
        "total": 1284,
        "page": 2,
        "last": 65,
        "previous_url": "/tim?page=1",
        "next_url": "/tim?page=3",
        "links": [*pages, gap, {"label": "65", "url": "/tim?page=65", "current": False}],
    }


def home() -> Context:
    levels = [
        ("tieu-hoc", "Tiểu học", range(1, 6)),
        ("thcs", "Trung học cơ sở", range(6, 10)),
        ("thpt", "Trung học phổ thông", range(10, 13)),
    ]
    return {
        "levels": [
            {
                "code": code,
                "name": name,
                "grades": [
                    {
                        "number": grade,
                        "label": f"Lớp {grade}",
                        "count": 1000 + 137 * grade if grade == 6 else 31 * grade,
                        "url": f"/chuong-trinh/gdpt-2018/lop-{grade}",
                    }
                    for grade in grades
                ],
            }
            for code, name, grades in levels
        ],
        "newest": cards(8),
        "total_materials": 12_345,
        "total_subjects": 27,
        "popular_subjects": [
            {"label": label, "url": f"/tim?subject={label}", "count": 120}
            for label in ("Toán", "Ngữ văn", "Khoa học tự nhiên", "Tiếng Việt", "Lịch sử và Địa lí")
        ],
    }


def a_facet(name: str, label: str, values: list[str], selected: int = -1) -> Context:
    return {
        "name": name,
        "label": label,
        "values": [
            {
                "value": str(index),
                "label": value,
                "count": 1400 // (index + 1),
                "selected": index == selected,
                "url": f"/tim?{name}={index}",
            }
            for index, value in enumerate(values)
        ],
    }


def a_query(text: str, filters: Context) -> Context:
    meant = {"ignored": ["kind"], "literal": False}
    return {"text": text, "sort": "relevance", "filters": filters} | meant


def search(count: int = 20, **changes: Any) -> Context:
    subjects = "Toán,Ngữ văn,Khoa học tự nhiên,Tiếng Việt,Tin học,Công nghệ,Âm nhạc,Mĩ thuật,GDCD"
    context = {
        "query": a_query("phân số", {"grade": ["5"]}),
        "total": 1284,
        "items": cards(count),
        "facets": [
            a_facet("grade", "Lớp", [f"Lớp {grade}" for grade in range(1, 13)], 5),
            a_facet("subject", "Môn học", subjects.split(","), 0),
            a_facet("book", "Bộ sách", ["Kết nối tri thức", "Chân trời sáng tạo", "Cánh Diều"]),
            a_facet("kind", "Loại học liệu", [label for _, label in KINDS]),
            a_facet("format", "Định dạng", ["docx", "pptx", "pdf", "mp4"]),
        ],
        "chips": [
            {"label": "Lớp 6", "remove_url": "/tim?q=ph%C3%A2n+s%E1%BB%91&subject=0"},
            {"label": "Toán", "remove_url": "/tim?q=ph%C3%A2n+s%E1%BB%91&grade=5"},
        ],
        "clear_url": "/tim?q=ph%C3%A2n+s%E1%BB%91",
        "understood": [{"label": "Toán", "remove_url": "/tim?q=ph%C3%A2n+s%E1%BB%91&bo=subject"}],
        "instead": "phân số",
        "literal_url": "/tim?q=phaan+soos&nguyen=1",
        "again_url": "/tim?q=phaan+soos",
        "wider": [{"label": "Lớp 6", "count": 12, "url": "/tim?q=ph%C3%A2n+s%E1%BB%91"}],
        "sorts": [
            {"value": "relevance", "label": "Phù hợp nhất", "selected": True, "url": "/tim?"},
            {"value": "newest", "label": "Mới nhất", "selected": False, "url": "/tim?sort=newest"},
        ],
        "pager": a_pager(),
        "degraded": False,
        "relaxed": [],
        "query_string": "q=ph%C3%A2n+s%E1%BB%91&grade=5",
        "feed_url": "/tim.atom?q=ph%C3%A2n+s%E1%BB%91&grade=5",
    }
    return context | changes


def saved_searches() -> Context:
    return {
        "searches": [
            {
                "name": f"“phân số” · Lớp {number}",
                "url": f"/da-luu/tim-kiem/{number}",
                "feed_url": f"/tim.atom?q=ph%C3%A2n+s%E1%BB%91&grade={number}",
                "forget_url": f"/da-luu/tim-kiem/{number}/bo",
                "news": news,
            }
            for number, news in ((4, ""), (5, "3"), (6, "20+"))
        ]
    }


def empty_search() -> Context:
    nothing = {"total": 0, "page": 1, "last": 0, "previous_url": None, "next_url": None}
    return search(
        items=[],
        total=0,
        facets=[],
        degraded=True,
        relaxed=["Đã bỏ bớt từ “xyz” vì không học liệu nào có."],
        pager=nothing | {"links": []},
    )


def frameworks() -> Context:
    return {
        "frameworks": [
            {
                "code": "gdpt-2018",
                "title": "Chương trình giáo dục phổ thông 2018",
                "publisher": "Bộ Giáo dục và Đào tạo",
                "item_count": 1624,
                "count": 12_345,
                "url": "/chuong-trinh/gdpt-2018",
            },
            {
                "code": "sgk-kntt",
                "title": "Sách Kết nối tri thức với cuộc sống",
                "publisher": "Nhà xuất bản Giáo dục Việt Nam",
                "item_count": 412,
                "count": 0,
                "url": "/chuong-trinh/sgk-kntt",
            },
        ]
    }


FRAMEWORK = {
    "code": "gdpt-2018",
    "title": "Chương trình giáo dục phổ thông 2018",
    "url": "/chuong-trinh/gdpt-2018",
    "source": "Thông tư 32/2018/TT-BGDĐT",
}


def children(kind: str, titles: list[str]) -> list[Context]:
    return [
        {
            "id": index,
            "code": f"{kind}-{index}",
            "kind": kind,
            "kind_label": kind,
            "title": title,
            "count": 0 if index == 2 else 31 * index + 4,
            "url": f"/chuong-trinh/gdpt-2018/{kind}-{index}",
            "has_children": index != 1,
        }
        for index, title in enumerate(titles)
    ]


def curriculum_root() -> Context:
    grades = children("grade", [f"Lớp {grade}" for grade in range(1, 13)])
    return {
        "framework": FRAMEWORK,
        "trail": [],
        "item": None,
        "children": grades,
        "groups": [{"label": "Lớp", "children": grades}],
        "materials": [],
        "materials_total": 0,
        "search_url": "/tim",
    }


def curriculum_item() -> Context:
    outcomes = children(
        "outcome",
        [
            "Nhận biết được phân số với tử số hoặc mẫu số là số nguyên âm.",
            "Nhận biết được khái niệm hai phân số bằng nhau và nhận biết được quy tắc bằng nhau.",
            "Nêu được hai tính chất cơ bản của phân số.",
            "So sánh được hai phân số cho trước.",
        ],
    )
    books = children("book", ["Kết nối tri thức với cuộc sống", "Cánh Diều"])
    return {
        "framework": FRAMEWORK,
        "trail": [
            {"title": "Lớp 6", "url": "/chuong-trinh/gdpt-2018/lop-6"},
            {"title": "Toán", "url": "/chuong-trinh/gdpt-2018/lop-6-toan"},
        ],
        "item": {
            "id": 12,
            "code": "TOAN.06.PS",
            "kind": "topic",
            "kind_label": "Chủ đề",
            "title": "Phân số",
            "note": None,
            "source": "Thông tư 32/2018/TT-BGDĐT, môn Toán",
            "page": 58,
            "outdated": True,
        },
        "children": outcomes + books,
        "groups": [
            {"label": "Yêu cầu cần đạt", "children": outcomes},
            {"label": "Sách", "children": books},
        ],
        "materials": cards(4),
        "materials_total": 128,
        "search_url": "/tim?topic=TOAN.06.PS",
    }


def contribute() -> Context:
    return {
        "target": None,
        "max_size": 5 * 2**30,
        "files_limit": 50,
        "parallel": 2,
        "max_label": "5 GB",
        "kinds": [
            {"label": "Văn bản", "extensions": ["docx", "odt", "pdf", "md", "txt", "epub"]},
            {"label": "Trình chiếu", "extensions": ["pptx", "odp"]},
            {"label": "Bảng tính", "extensions": ["xlsx", "ods", "csv"]},
            {"label": "Hình ảnh", "extensions": ["png", "jpg", "webp"]},
            {"label": "Âm thanh, video", "extensions": ["mp3", "mp4", "webm"]},
        ],
        "accept": ".docx,.pptx,.pdf,.png,.mp3,.mp4",
        "refused_notes": ["Tệp chương trình (exe, apk)", "Tệp có mật khẩu"],
    }


def mine() -> Context:
    states = [("all", "Tất cả", 8), ("draft", "Nháp", 3), ("published", "Đã xuất bản", 5)]
    return {
        "items": cards(4, status="draft", status_label="Nháp", snippet=[]),
        "quarantined": [{"name": "Giáo án tuần 5.doc", "threat": "Doc.Downloader.Generic-6551867"}],
        "statuses": [
            {
                "value": value,
                "label": label,
                "count": count,
                "selected": value == "draft",
                "url": f"/cua-toi?status={value}",
            }
            for value, label, count in states
        ],
        "use": {"used": "1,5 GB", "limit": "20 GB", "percent": 7},
        "pager": a_pager(),
    }


def quotas() -> Context:
    """One organization with a quota of its own that is used up, one without any."""
    return {
        "organizations": [
            {
                "id": 1,
                "name": "Trường THCS Trần Đăng Ninh",
                "code": "thcs-tran-dang-ninh",
                "use": {"used": "99,5 GB", "limit": "100 GB", "percent": 99},
                "own": "102400",
                "url": "/quan-tri/dung-luong/1",
            },
            {
                "id": 2,
                "name": "Sở <b>Giáo dục</b> và Đào tạo",
                "code": "so",
                "use": {"used": "0 byte", "limit": None, "percent": None},
                "own": "",
                "url": "/quan-tri/dung-luong/2",
            },
        ],
        "most": 1_000_000_000,
        "pager": a_pager(),
    }


def deleted() -> Context:
    """Two materials under their tombstones."""
    return {
        "items": [
            {
                "id": number,
                "title": title,
                "owner_name": "Nguyễn Thị Lan",
                "status_label": "Nháp",
                "deleted_at": "2026-11-24T08:00:00",
                "until": "2026-12-24T08:00:00",
            }
            for number, title in enumerate(("Hai đường thẳng song song", "<b>Phân số</b>"))
        ],
        "days": 30,
        "address": "/cua-toi/da-xoa",
        "pager": a_pager(),
    }


def account() -> Context:
    return {
        "sessions": [
            {
                "id": 1,
                "created_at": "2026-11-01T08:00:00",
                "last_seen_at": "2026-11-24T08:00:00",
                "device": "Chrome trên Windows",
                "current": True,
            },
            {
                "id": 2,
                "created_at": "2026-11-02T08:00:00",
                "last_seen_at": "2026-11-23T08:00:00",
                "device": "Safari trên iPhone",
                "current": False,
            },
        ],
        "tokens": [
            {
                "id": 5,
                "name": "Máy chủ của trường",
                "created_at": "2026-10-01T08:00:00",
                "last_used_at": None,
                "expires_at": "2027-10-01T08:00:00",
            }
        ],
        "new_token": "kho_2JcYw0b7mT1qSxkq8Jv3Zl5nQ9RrE4uA",
        "errors": {"again": "Hai mật khẩu mới không giống nhau."},
    }


def admin() -> Context:
    """One engine down, a barrier missing, a job given up."""
    figures = [
        {"label": "Việc đang chờ làm", "value": "12"},
        {"label": "Học liệu chờ vào máy tìm kiếm (meilisearch:search:7700)", "value": "1.204"},
    ]
    return {
        "missing_engines": [
            {
                "label": "tesseract-ocr tesseract-ocr-vie",
                "value": "chữ trong bản quét; 12 tệp đang chờ",
            }
        ],
        "engines": [
            {"name": "Cơ sở dữ liệu", "ok": True, "detail": "Hoạt động"},
            {
                "name": "Máy tìm kiếm (embedded)",
                "ok": False,
                "detail": "Máy tìm kiếm đang tạm ngừng. Hãy thử lại sau ít phút.",
            },
        ],
        "scanned": False,
        "quarantined": 2,
        "missing_barriers": ["Nhân hệ điều hành không có Landlock."],
        "sections": [
            {"id": "work", "title": "Việc đang chờ", "lines": figures},
            {"id": "space", "title": "Dung lượng và sao lưu", "lines": figures[:1]},
        ],
        "dead_jobs": [
            {
                "what": "accept_upload 9f86d081884c7d659a2feaa0c55ad015",
                "error": "InspectionUnavailable: Files cannot be checked now.",
                "attempts": 6,
                "when": "24/11/2026 21:05",
                "retry_url": "/quan-tri/cong-viec/7/thu-lai",
                "drop_url": "/quan-tri/cong-viec/7/bo",
            }
        ],
        "damaged": [
            {
                "name": "Bài 1.pptx",
                "title": "Phép cộng phân số",
                "url": "/hoc-lieu/abc2345",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "when": "24/11/2026 21:05",
            }
        ],
    }


def quarantine() -> Context:
    """Two uploads set apart, and a file of the library in which something was found later."""
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    at = f"/quan-tri/cach-li/{sha256}"
    upload = {
        "name": "Giáo án điện tử tuần 5 của tổ Toán – bản cuối cùng.doc",
        "threat": "Doc.Downloader.Generic-6551867-0",
        "sha256": sha256,
        "facts": ["Nguyễn Thị Mai", "1,2 MB", "24/11/2026 21:05", "tự xoá 24/12/2026 21:05"],
        "url": None,
        "lift_url": f"{at}/cho-qua",
        "destroy_url": f"{at}/xoa",
    }
    file = {
        **upload, "name": "Phép cộng phân số", "facts": ["Bài 1.pptx", "24/11/2026 21:05"],
        "url": "/hoc-lieu/abc2345", "destroy_url": None,
    }  # fmt: skip
    return {"uploads": [upload, upload], "files": [file], "scanned": True, "pager": a_pager()}
