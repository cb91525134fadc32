"""Every page rendered as the routes render it, from believable contexts."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
from markupsafe import Markup, escape

from tests.web import curated, details, lists, synonyms
from tests.web.lists import Context

WEB = Path(__file__).resolve().parents[2] / "web"
TEMPLATES = WEB / "templates"


@cache
def messages(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((WEB / "messages" / f"{language}.json").read_text("utf-8"))
    return found


def translator(language: str) -> Callable[..., Markup]:
    table = messages(language)

    def t(key: str, **values: object) -> Markup:
        filled = table[key].format(**{name: escape(value) for name, value in values.items()})
        return Markup(filled)

    return t


@cache
def environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["filesize"] = lambda size: f"{size / 1024 / 1024:.1f} MB".replace(".", ",")
    env.filters["date_vi"] = lambda moment: "/".join(reversed(moment[:10].split("-")))
    env.filters["number"] = lambda number: f"{number:,}".replace(",", ".")
    return env


def shape(value: Any) -> Any:
    """Dictionaries as objects, as the routes' structs are."""
    if isinstance(value, dict):
        # Filters are a mapping there too: their names are data, not attributes.
        pairs = ((key, entry if key == "filters" else shape(entry)) for key, entry in value.items())
        return SimpleNamespace(**dict(pairs))
    if isinstance(value, list):
        return [shape(entry) for entry in value]
    return value


NOBODY = {
    "signed_in": False,
    "name": "",
    "email": "",
    "role_label": "",
    "can_contribute": False,
    "can_review": False,
    "can_curate": False,
    "can_administer": False,
}
EDITOR = {
    "signed_in": True,
    "name": "Nguyễn Thị Thuỳ Dương",
    "email": "thuyduong@example.edu.vn",
    "role_label": "Biên tập viên",
    "can_contribute": True,
    "can_review": True,
    "can_curate": True,
    "can_administer": False,
}


def every_page(path: str, language: str = "vi", viewer: Context = NOBODY) -> Context:
    return {
        "t": translator(language),
        "lang": language,
        "path": path,
        "other_language_url": f"{path}?lang={'en' if language == 'vi' else 'vi'}",
        "canonical_url": f"https://kho.example.edu.vn{path}",
        "site_name": "Kho học liệu số",
        "asset": lambda name: f"/static/{name}?v=0123456789ab",
        "vendor": lambda name: f"/static/vendor/{name}",
        "viewer": shape(viewer),
        "notice": None,
    }


ADMIN = EDITOR | {"role_label": "Quản trị", "can_administer": True}

# page name: template, path, who looks, what the route adds
PAGES: dict[str, tuple[str, str, Context, Context]] = {
    "home": (
        "home.html",
        "/",
        NOBODY,
        lists.home() | {"collections": curated.collections()["items"][:4]},
    ),
    "search": ("search.html", "/tim", NOBODY, lists.search()),
    "search_signed_in": ("search.html", "/tim", EDITOR, lists.search()),
    "search_empty": ("search.html", "/tim", EDITOR, lists.empty_search()),
    "frameworks": ("frameworks.html", "/chuong-trinh", NOBODY, lists.frameworks()),
    "curriculum": ("curriculum.html", "/chuong-trinh/gdpt-2018", NOBODY, lists.curriculum_root()),
    "curriculum_item": ("curriculum.html", "/chuong-trinh/a/b", NOBODY, lists.curriculum_item()),
    "material": ("material.html", "/hoc-lieu/K7P4M0", NOBODY, details.material()),
    "material_draft": ("material.html", "/hoc-lieu/K7P4M0", EDITOR, details.draft_material()),
    "play": ("play.html", "/hoc-lieu/K7P4M0/mo/7", NOBODY, details.played("https://b.invalid/p/")),
    "play_nowhere": ("play.html", "/hoc-lieu/K7P4M0/mo/7", NOBODY, details.played("")),
    "edit": ("edit.html", "/hoc-lieu/K7P4M0/sua", EDITOR, details.edit()),
    "files": ("files.html", "/hoc-lieu/K7P4M0/tep", EDITOR, details.files()),
    "print": (
        "print.html",
        "/hoc-lieu/K7P4M0/in",
        NOBODY,
        {"material": details.material()["material"], "sharing": details.sharing()},
    ),
    "print_collection": (
        "print_collection.html",
        "/bo-suu-tap/b7k2m0/in",
        NOBODY,
        {
            "collection": curated.collection()["collection"],
            "qr_url": "/api/collections/1/qr.svg",
            "short_label": "kho.example.edu.vn/c/b7k2m0",
            "tags": [
                {
                    "number": number,
                    "title": "Bài 24. So sánh phân số",
                    "short_label": f"kho.example.edu.vn/c/K7P4M{number}",
                    "qr_url": f"/api/materials/{number}/qr.svg",
                }
                for number in range(1, 14)
            ],
            "pager": lists.a_pager(),
        },
    ),
    "saved": ("saved.html", "/da-luu", NOBODY, {"searches": []}),
    "saved_searches": ("saved.html", "/da-luu", EDITOR, lists.saved_searches()),
    "saved_no_searches": ("saved.html", "/da-luu", EDITOR, {"searches": []}),
    "collections": ("collections.html", "/bo-suu-tap", NOBODY, curated.collections()),
    "collections_none": (
        "collections.html",
        "/bo-suu-tap",
        EDITOR,
        curated.collections(items=[], total=0, drafts=True),
    ),
    "collection": ("collection.html", "/bo-suu-tap/b7k2m0", NOBODY, curated.collection()),
    "collection_draft": ("collection.html", "/bo-suu-tap/b7k2m0", EDITOR, curated.own_draft()),
    "collection_edit": (
        "collection_edit.html",
        "/bo-suu-tap/b7k2m0/sua",
        EDITOR,
        curated.edit(values={"title": "", "description": "Mười bài."}),
    ),
    "collection_item": (
        "collection_item.html",
        "/bo-suu-tap/b7k2m0/cho/3",
        EDITOR,
        curated.item(),
    ),
    "collection_section": (
        "collection_section.html",
        "/bo-suu-tap/b7k2m0/muc/7",
        EDITOR,
        curated.section() | {"values": {"title": "", "note": "Hai tiết đầu."}},
    ),
    "collection_new": (
        "collection_new.html",
        "/bo-suu-tap/moi",
        EDITOR,
        {"values": {"title": "", "description": ""}, "errors": {"title": "Hãy đặt tên."}},
    ),
    "collection_add": ("collection_add.html", "/bo-suu-tap/them", EDITOR, curated.add()),
    "login": (
        "login.html",
        "/dang-nhap",
        NOBODY,
        {"email": "a@b.vn", "error": "Thư điện tử hoặc mật khẩu không đúng.", "next": "/cua-toi"},
    ),
    "contribute": ("contribute.html", "/dong-gop", EDITOR, lists.contribute()),
    "contribute_to": (
        "contribute.html",
        "/dong-gop",
        EDITOR,
        lists.contribute() | {"target": lists.a_card(0)},
    ),
    "mine": ("mine.html", "/cua-toi", EDITOR, lists.mine()),
    "similar": (
        "similar.html",
        "/hoc-lieu/K7P4M0/tuong-tu",
        NOBODY,
        {"material": lists.cards(1)[0], "items": lists.cards(8)},
    ),
    "similar_none": (
        "similar.html",
        "/hoc-lieu/K7P4M0/tuong-tu",
        NOBODY,
        {"material": lists.cards(1)[0], "items": []},
    ),
    "duplicates": (
        "duplicates.html",
        "/hoc-lieu/K7P4M0/giong",
        EDITOR,
        details.duplicates(),
    ),
    "no_duplicates": (
        "duplicates.html",
        "/hoc-lieu/K7P4M0/giong",
        EDITOR,
        details.duplicates() | {"found": []},
    ),
    "quotas": ("quotas.html", "/quan-tri/dung-luong", EDITOR, lists.quotas()),
    "deleted": ("deleted.html", "/cua-toi/da-xoa", EDITOR, lists.deleted()),
    "review": (
        "review.html",
        "/duyet",
        EDITOR,
        {
            "items": lists.cards(5, status="submitted"),
            "pager": lists.a_pager(),
            "total": 94,
            "filters": {"subject": "toan", "grade": ""},
            "subjects": [{"code": "toan", "label": "Toán"}, {"code": "khtn", "label": "KHTN"}],
            "grades": ["1", "2", "12"],
        },
    ),
    "error": (
        "error.html",
        "/hoc-lieu/khong-co",
        NOBODY,
        {
            "status": 404,
            "title": "Không tìm thấy trang này",
            "message": "Có thể liên kết đã cũ, hoặc học liệu đã được gỡ xuống.",
            "retry_after": None,
        },
    ),
    "error_busy": (
        "error.html",
        "/tim",
        NOBODY,
        {
            "status": 503,
            "title": "Kho đang tạm nghỉ",
            "message": "Máy chủ đang bận. Xin thử lại sau ít phút.",
            "retry_after": 30,
        },
    ),
    "account": ("account.html", "/tai-khoan", EDITOR, lists.account()),
    "about": ("about.html", "/gioi-thieu", NOBODY, {}),
    "admin": ("admin.html", "/quan-tri", ADMIN, lists.admin()),
    "synonyms": ("synonyms.html", "/quan-tri/tu-dong-nghia", ADMIN, synonyms.synonyms()),
    "quarantine": ("quarantine.html", "/quan-tri/cach-li", ADMIN, lists.quarantine()),
}


def render(page: str, language: str = "vi", **changes: Any) -> str:
    """The page as text; `changes` replace values of its context."""
    return render_again(page, language, changes) if changes else rendered(page, language)


@cache
def rendered(page: str, language: str) -> str:
    return render_again(page, language, {})


def render_again(page: str, language: str, changes: Context) -> str:
    template, path, viewer, own = PAGES[page]
    context = every_page(path, language, viewer)
    context |= {name: _shaped(name, value) for name, value in own.items()}
    return environment().get_template(template).render(context | changes)


def _shaped(name: str, value: Any) -> Any:
    """Errors and guesses are mappings by field, in the routes as well."""
    if name == "guesses":
        return {field: shape(guess) for field, guess in value.items()}
    return value if name == "errors" else shape(value)
