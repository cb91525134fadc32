"""Believable contexts of the pages of collections."""

from typing import Any

from tests.web.lists import Context, a_card, a_pager


def a_collection(number: int = 0, **changes: Any) -> Context:
    code = f"b7k2m{number}"
    return {
        "id": number,
        "code": code,
        "url": f"/bo-suu-tap/{code}",
        "title": "Ôn tập Toán 6, học kì 1",
        "description": "Mười bài theo đúng thứ tự dạy, kèm gợi ý cho từng bài.",
        "status": "published",
        "status_label": "Đã xuất bản",
        "count": 12,
        "cover_url": "/api/files/1/thumbnail" if number % 2 else None,
        "owner_name": "Trần Quốc Bình",
        "organization_name": "Sở Giáo dục và Đào tạo",
        "published_at": "2026-11-18T08:00:00+07:00",
        "updated_at": "2026-11-20T08:00:00+07:00",
    } | changes


def a_place(number: int, **changes: Any) -> Context:
    return {
        "id": number,
        "place": number,
        "position": number,
        "note": "Dùng để mở bài.\nChiếu trang 3." if number % 2 else "",
        "available": True,
        "material_id": number,
        "code": f"K7P4M{number}",
        "url": f"/hoc-lieu/K7P4M{number}",
        "title": f"Bài {number}. So sánh phân số",
        "kind": "lesson_plan",
        "kind_label": "Kế hoạch bài dạy",
        "license": {"code": "cc-by-4.0", "label": "CC BY 4.0"},
    } | changes


GONE = {"available": False, "code": None, "url": None, "title": None, "kind": None, "license": None}


def collections(**changes: Any) -> Context:
    return {
        "items": [a_collection(number) for number in range(5)],
        "total": 75,
        "question": "toán",
        "drafts": False,
        "pager": a_pager(),
    } | changes


def _shown(number: int) -> Context:
    return {"place": a_place(number), "card": a_card(number)}


def collection(**changes: Any) -> Context:
    gone = {"place": a_place(3, note="", **GONE), "card": None}
    seen = {"place": a_place(4, available=False), "card": None}
    sections = [
        {"anchor": "muc-0", "title": "", "note": "", "continued": False, "items": [_shown(1)]},
        {
            "anchor": "muc-7",
            "title": "Phân số",
            "note": "Hai tiết đầu.",
            "continued": True,
            "items": [_shown(2), gone, seen],
        },
    ]
    return {
        "collection": a_collection(),
        "paragraphs": ["Mười bài theo đúng thứ tự dạy.", "Mỗi bài một tiết."],
        "total": 64,
        "rev": 9,
        "sections": sections,
        "table": [
            {"title": "Phân số", "count": 3, "url": "#muc-7"},
            {"title": "Hình học", "count": 60, "url": "/bo-suu-tap/b7k2m0?page=2#muc-8"},
        ],
        "licenses": [
            {"license": {"code": "cc-by-4.0", "label": "CC BY 4.0"}, "count": 11},
            {"license": None, "count": 1},
        ],
        "edit_url": None,
        "pager": a_pager(),
    } | changes


def own_draft() -> Context:
    return collection(
        collection=a_collection(status="draft", status_label="Nháp", published_at=None),
        edit_url="/bo-suu-tap/b7k2m0/sua",
        paragraphs=[],
    )


def edit(**changes: Any) -> Context:
    sections = [
        {"id": None, "title": "", "note": "", "items": [a_place(1)]},
        {"id": 7, "title": "Phân số", "note": "", "items": [a_place(2), a_place(3, **GONE)]},
        {"id": 8, "title": "Hình học", "note": "", "items": []},
    ]
    return {
        "collection": a_collection(),
        "rev": 9,
        "sections": sections,
        "total": 3,
        "room": True,
        "errors": {"title": "Hãy đặt tên."},
    } | changes


def item() -> Context:
    return {
        "collection": a_collection(),
        "rev": 9,
        "item": a_place(3, **GONE),
        "note_text": "Dùng để mở bài.",
        "targets": [
            {"value": "", "title": "", "count": 2, "selected": True},
            {"value": "7", "title": "Phân số", "count": 4, "selected": False},
        ],
        "cover_id": 5,
        "errors": {"conflict": "Người khác vừa sửa nội dung này."},
    }


def section() -> Context:
    return {
        "collection": a_collection(),
        "rev": 9,
        "section": {"id": 7, "title": "Phân số", "note": "", "items": []},
        "errors": {"title": "Hãy đặt tên."},
    }


def add() -> Context:
    return {
        "material": a_card(1),
        "choices": [
            {"id": 4, "code": "b7k2m0", "title": "Ôn tập Toán 6", "count": 12},
            {"id": 5, "code": "b7k2m1", "title": "Ôn tập Toán 7", "count": 0},
        ],
        "errors": {"material": "Học liệu này đã có trong bộ sưu tập."},
        "new_title": "",
    }
