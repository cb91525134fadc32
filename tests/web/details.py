"""Believable contexts of the pages about one material: reading it and describing it."""

from typing import Any

from tests.web.lists import KINDS, Context, a_card


def a_file(number: int, group: str, name: str, preview: Context, **changes: Any) -> Context:
    file = {
        "id": number,
        "name": name,
        "role_label": None,
        "size": 2_400_000,
        "kind_label": "Tài liệu Word",
        "group": group,
        "extension": name.rpartition(".")[2],
        "page_count": None,
        "duration_label": None,
        "has_text": True,
        "text_expected": group in ("document", "slides"),
        "text_truncated": False,
        "warnings": [],
        "parts": [],
        "light_url": f"/api/files/{number}/light" if group == "video" else None,
        "light_size": 1_400_000 if group == "video" else None,
        "download_url": f"/api/files/{number}/content?download=1",
        "play_url": f"/hoc-lieu/K7P4M0/mo/{number}" if group == "package" else None,
        "play_note": "play.download_only" if group == "archive" else "",
        "preview": {"type": "none", "url": None, "pages": [], "text": None, "markup": None}
        | preview,
    }
    return file | changes


def some_pages(count: int) -> Context:
    return {
        "type": "pages",
        "pages": [
            {"number": page, "url": f"/api/files/1/preview/{page}", "label": f"Trang {page}"}
            for page in range(1, count + 1)
        ],
    }


def some_files() -> list[Context]:
    return [
        a_file(
            1,
            "document",
            "Bài 24 - So sánh phân số (KHBD).docx",
            some_pages(6),
            page_count=6,
            role_label="Kế hoạch bài dạy",
            parts=[
                {"title": f"Chương {depth + 1} <b>", "depth": depth, "note": "Trang" * (depth % 2)}
                for depth in range(6)
            ],
        ),
        a_file(
            2,
            "slides",
            "Trình chiếu bài 24.pptx",
            some_pages(50),
            page_count=64,
            kind_label="Bài trình chiếu PowerPoint",
            text_truncated=True,
        ),
        a_file(
            3,
            "document",
            "ban_quet_sach_cu.pdf",
            {},
            kind_label="Tài liệu PDF",
            has_text=False,
            warnings=["Tệp có liên kết ra ngoài."],
        ),
        a_file(4, "video", "Thí nghiệm.mp4", {"type": "video", "url": "/m.mp4"}),
        a_file(5, "audio", "Bài nghe.mp3", {"type": "audio", "url": "/m.mp3"}),
        a_file(6, "image", "Sơ đồ.png", {"type": "image", "url": "/api/files/6/preview/1"}),
        a_file(
            7,
            "text",
            "ghi chú.md",
            {"type": "text", "text": "# Phân số\n\nChuẩn bị: giấy màu, kéo.\n" * 12},
        ),
    ]


def material(**changes: Any) -> Context:
    trail = ["GDPT 2018", "Lớp 6", "Toán", "Phân số"]
    context: Context = {
        "material": a_card(0)
        | {
            "rev": 7,
            "description_paragraphs": [
                "Bài soạn hai tiết theo công văn 5512, đã dạy thử ở ba lớp.",
                "Cần chuẩn bị giấy màu và kéo. Phiếu số 2 dành cho học sinh khá.",
            ],
            "license": {
                "code": "cc-by-4.0",
                "label": "CC BY 4.0",
                "summary": "Được dùng, sửa và chia sẻ lại, miễn là ghi tên tác giả.",
                "url": "https://creativecommons.org/licenses/by/4.0/deed.vi",
            },
            "language_label": "Tiếng Việt",
            "version": 2,
            "alignments": [
                {
                    "title": "So sánh được hai phân số cho trước.",
                    "kind_label": "Yêu cầu cần đạt",
                    "trail": trail,
                    "url": "/chuong-trinh/gdpt-2018/toan.06.y012",
                }
            ],
            "files": some_files(),
            "return_reason": None,
        },
        "actions": [],
        "edit_url": None,
        "files_url": None,
        "problems": [],
        "personal": [],
        "personal_acknowledged": True,
        "sharing": sharing(),
        "neighbors": {
            "same": [a_card(number) for number in (1, 2, 3)],
            "previous": {"item_title": "Phân số với tử và mẫu là số nguyên", "card": a_card(4)},
            "following": {"item_title": "Các phép tính với phân số", "card": a_card(5)},
        },
        "variants": {"of": [a_card(6)], "own": [a_card(7), a_card(8)]},
        "likenesses": 2,
        "save_data": False,
    }
    return context | changes


def duplicates() -> Context:
    """A draft beside what it is like, in each way that there is."""
    found = [
        {"card": a_card(number), "likeness": likeness, "share": share, "file_name": "Bài 1.docx",
         "other_file_name": "Phân số.docx", "takes_version": number == 1}
        for number, (likeness, share) in enumerate(
            (("bytes", 1.0), ("content", 1.0), ("text", 0.97), ("text", 0.71)), start=1
        )
    ]  # fmt: skip
    return {
        "material": material()["material"],
        "etag": 3,
        "found": found,
        "variant_of": {2},
        "same": 0.95,
    }


def sharing() -> Context:
    return {
        "short_url": "https://kho.example.edu.vn/c/K7P4M0",
        "short_label": "kho.example.edu.vn/c/K7P4M0",
        "qr_svg_url": "/api/materials/1/qr.svg",
        "qr_png_url": "/api/materials/1/qr.png",
        "print_url": "/hoc-lieu/K7P4M0/in",
        "zip_url": "/api/materials/1/zip",
    }


def files() -> Context:
    roles = [{"value": value, "label": label} for value, label in KINDS[:6]]
    forms = [
        {
            "id": number,
            "name": f"{stem}{extension}",
            "stem": stem,
            "guessed_from": "tên tệp" if number == 2 else "",
            "extension": extension,
            "size": 1_200_000,
            "kind_label": "Tài liệu Word",
            "group": group,
            "role": role,
            "roles": roles,
            "first": number == 1,
            "last": number == 3,
        }
        for number, stem, extension, group, role in (
            (1, "Bài 24 - So sánh phân số (KHBD)", ".docx", "document", "lesson_plan"),
            (2, "Trình chiếu bài 24", ".pptx", "slides", ""),
            (3, "ghi chú", "", "text", ""),
        )
    ]
    return {
        "material": material()["material"],
        "forms": forms,
        "errors": {2: "Hãy đặt tên cho tệp."},
        "changeable": True,
        "removable": True,
        "live": False,
        "add_url": "/dong-gop?hoc-lieu=1",
    }


def draft_material() -> Context:
    context = material(
        edit_url="/hoc-lieu/K7P4M0/sua",
        problems=["Chưa chọn loại học liệu.", "Chưa chọn giấy phép sử dụng."],
        actions=[
            an_action("publish", "Xuất bản"),
            an_action("return", "Trả lại để sửa", needs_reason=True),
            an_action("withdraw", "Gỡ", needs_reason=True, danger=True),
            an_action("delete", "Xoá", danger=True),
        ],
    )
    context |= {"personal": some_personal_notes(), "personal_acknowledged": False}
    context["material"] |= {
        "status": "submitted",
        "status_label": "Chờ duyệt",
        "published_at": None,
        "thumbnail_url": "/api/files/1/thumbnail",
        "license": None,
        "return_reason": "Trang 3 còn sai dấu ở câu 2; xin thêm đáp án cho phiếu số 1.",
        "files": some_files()[:2],
    }
    return context


def some_personal_notes() -> list[Context]:
    return [
        {
            "kind_label": "Danh sách tên và ngày sinh",
            "file_name": "Danh sách <b>lớp</b> 6A.xlsx",
            "place": "Lớp 6A",
            "count": 42,
            "sample": "N. V. A.",
        },
        {
            "kind_label": "Địa chỉ thư điện tử",
            "file_name": "Phiếu.docx",
            "place": "",
            "count": 1,
            "sample": "",
        },
    ]


def an_action(
    name: str, label: str, *, needs_reason: bool = False, danger: bool = False
) -> Context:
    return {
        "name": name,
        "label": label,
        "url": f"/hoc-lieu/K7P4M0/{name}",
        "needs_reason": needs_reason,
        "danger": danger,
    }


def choices() -> Context:
    licenses = [
        ("cc-by-4.0", "CC BY 4.0", "Được dùng, sửa và chia sẻ lại, miễn là ghi tên tác giả."),
        ("cc-by-nc-4.0", "CC BY-NC 4.0", "Như CC BY, chỉ cho mục đích phi thương mại."),
        ("internal", "Dùng trong ngành", "Để dạy và học; không đăng lại nơi khác."),
    ]
    return {
        "kinds": [{"value": value, "label": label} for value, label in KINDS],
        "grades": [{"value": str(grade), "label": f"Lớp {grade}"} for grade in range(1, 13)],
        "subjects": [
            {"value": "toan", "label": "Toán", "grades": list(range(1, 13))},
            {"value": "ngu-van", "label": "Ngữ văn", "grades": list(range(6, 13))},
            {"value": "tieng-viet", "label": "Tiếng Việt", "grades": [1, 2, 3, 4, 5]},
            {"value": "khtn", "label": "Khoa học tự nhiên", "grades": [6, 7, 8, 9]},
        ],
        "books": [
            {"value": "kntt", "label": "Kết nối tri thức với cuộc sống", "note": "sách chính"},
            {"value": "cd", "label": "Cánh Diều", "note": "tham khảo từ 2026–2027"},
        ],
        "licenses": [
            {"value": value, "label": label, "summary": summary, "url": None}
            for value, label, summary in licenses
        ],
        "languages": [
            {"value": "vi", "label": "Tiếng Việt"},
            {"value": "en", "label": "Tiếng Anh"},
        ],
    }


def guess(value: str, label: str = "", *, marked: bool = False) -> Context:
    """What the form says at a field: a guess that stands in it, or one that is offered."""
    offer = {"value": value, "label": label, "source_label": "tên tệp", "evidence": "GA_Toan6.docx"}
    return {
        "marked": marked,
        "sources": "tên tệp",
        "evidence": ["GA_Toan6_Bai24.docx"] if marked else [],
        "percent": 95 if marked else 0,
        "offers": [] if marked else [offer],
    }


def edit() -> Context:
    item = {"id": 3, "title": "So sánh được hai phân số.", "trail": ["Lớp 6", "Toán", "Phân số"]}
    return {
        "personal": some_personal_notes(),
        "personal_acknowledged": False,
        "material": {
            "id": 1,
            "code": "K7P4M0",
            "url": "/hoc-lieu/K7P4M0",
            "title": "Bài 24. So sánh phân số",
            "status": "draft",
            "status_label": "Nháp",
            "return_reason": "Thiếu đáp án câu 3.",
            "files": some_files()[:3],
        },
        "etag": "7",
        "values": {
            "title": "Bài 24. So sánh phân số",
            "description": "",
            "kind": None,
            "language": "vi",
            "license": None,
            "grades": ["6"],
            "subjects": ["toan"],
            "books": [],
            "keywords": "phân số, hỗn số",
            "items": [item],
        },
        "errors": {"license": "Chưa chọn giấy phép sử dụng.", "kind": "Chưa chọn loại học liệu."},
        "options": choices(),
        "guesses": {
            "title": guess("Bài 24. So sánh phân số", marked=True),
            "grades": guess("6", marked=True),
            "kind": guess("worksheet", "Phiếu học tập"),
            "items": guess("4", "Phân số"),
        },
        "marked": 2,
        "offered_items": [item | {"id": 5, "kind_label": "Chủ đề", "title": "Hỗn số"}],
        "item_query": "phân số",
        "item_results": [
            item | {"kind_label": "Yêu cầu cần đạt", "picked": True},
            item | {"id": 4, "kind_label": "Chủ đề", "title": "Phân số", "picked": False},
        ],
    }


def played(address: str) -> Context:
    """A SCORM package in its player, or without one where there is no second origin."""
    return {
        "material": a_card(0),
        "file": a_file(7, "package", "Bài tương tác <b>.zip", {}, kind_label="Gói SCORM 1.2"),
        "player": {"caution": "nothing_kept", "sandbox": "allow-scripts"},
        "address": address,
    }
