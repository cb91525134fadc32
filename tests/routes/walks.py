"""Every route of the application with a request to it, and the action that it does.

`test_access` walks this table; a route that is missing here fails there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from repo_server.domain.access import Action
from tests.routes.edge import Answer
from tests.routes.houses import Visitor

TITLE = "Tên chỉ người trong cuộc biết"
COMPLETE: Final = {
    "title": TITLE, "description": "Bài học cho học sinh lớp 6.", "kind": "lesson_plan",
    "language": "vi", "license": "cc-by-4.0", "keywords": "a", "grades": "6", "subjects": "toan",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A material in some state."""

    id: int
    code: str
    rev: int
    file: int

    @property
    def api(self) -> str:
        return f"/api/materials/{self.id}"

    @property
    def page(self) -> str:
        return f"/hoc-lieu/{self.code}"


Call = Callable[[Visitor, Target], Answer]


def reading(address: str) -> Call:
    def call(visitor: Visitor, target: Target) -> Answer:
        return visitor.get(address.format(target=target))

    return call


def heading(address: str) -> Call:
    def call(visitor: Visitor, target: Target) -> Answer:
        return visitor.ask("HEAD", address.format(target=target))

    return call


def changing(method: str, address: str, body: object = None) -> Call:
    def call(visitor: Visitor, target: Target) -> Answer:
        headers = {"if-match": f'"{target.rev}"'}
        return visitor.ask(method, address.format(target=target), json_body=body, headers=headers)

    return call


def posting(address: str, **fields: str) -> Call:
    def call(visitor: Visitor, target: Target) -> Answer:
        form = {"rev": str(target.rev)} | fields
        return visitor.ask("POST", address.format(target=target), form=form)

    return call


STEPS: Final = (Action.SUBMIT, Action.PUBLISH, Action.RETURN, Action.WITHDRAW, Action.DELETE)
REASON: Final = {"reason": "Sai đề."}


def adding_synonyms(visitor: Visitor, _: Target) -> Answer:
    """Words that no rule has yet: whoever comes second adds others."""
    return visitor.post("/quan-tri/tu-dong-nghia", phrases=f"từ\n{uuid4().hex}")


def adding_synonyms_by_program(visitor: Visitor, _: Target) -> Answer:
    """The same as JSON."""
    phrases = {"phrases": ["từ", uuid4().hex]}
    return visitor.ask("POST", "/api/synonyms", json_body=phrases)


OWN: Final = "own thing of somebody else"
NO_UPLOAD: Final = "/api/uploads/" + "0" * 32

# (method, route) → requests that do an action on a material, each with what it does.
ON_MATERIALS: Final[dict[tuple[str, str], list[tuple[Action, Call]]]] = {
    ("GET", "/api/materials/{material_id:int}"): [(Action.VIEW, reading("{target.api}"))],
    ("GET", "/api/materials/{material_id:int}/suggestions"): [
        (Action.EDIT, reading("{target.api}/suggestions"))
    ],
    ("PATCH", "/api/materials/{material_id:int}"): [
        (Action.EDIT, changing("PATCH", "{target.api}", {"description": "Khác."}))
    ],
    ("DELETE", "/api/materials/{material_id:int}"): [
        (Action.DELETE, changing("DELETE", "{target.api}"))
    ],
    ("DELETE", "/api/materials/{material_id:int}/files/{file_id:int}"): [
        (Action.EDIT_FILES, changing("DELETE", "{target.api}/files/{target.file}"))
    ],
    ("PATCH", "/api/materials/{material_id:int}/files/{file_id:int}"): [
        (Action.EDIT_FILES, changing("PATCH", "{target.api}/files/{target.file}", {"position": 2}))
    ],
    ("GET", "/api/materials/{material_id:int}/zip"): [(Action.VIEW, reading("{target.api}/zip"))],
    ("HEAD", "/api/materials/{material_id:int}/zip"): [(Action.VIEW, heading("{target.api}/zip"))],
    ("GET", "/api/materials/{material_id:int}/qr.svg"): [
        (Action.VIEW, reading("{target.api}/qr.svg"))
    ],
    ("GET", "/api/materials/{material_id:int}/qr.png"): [
        (Action.VIEW, reading("{target.api}/qr.png"))
    ],
    ("GET", "/api/materials/{material_id:int}/duplicates"): [
        (Action.EDIT, reading("{target.api}/duplicates"))
    ],
    ("GET", "/api/materials/{material_id:int}/variants"): [
        (Action.VIEW, reading("{target.api}/variants"))
    ],
    ("DELETE", "/api/materials/{material_id:int}/variants/{of_id:int}"): [
        (Action.EDIT, changing("DELETE", "{target.api}/variants/1"))
    ],
    ("GET", "/hoc-lieu/{code:str}/giong"): [(Action.EDIT, reading("{target.page}/giong"))],
    ("POST", "/hoc-lieu/{code:str}/giong"): [
        (Action.EDIT, posting("{target.page}/giong", do="no_variant", other="1"))
    ],
    ("GET", "/hoc-lieu/{code:str}/tuong-tu"): [(Action.VIEW, reading("{target.page}/tuong-tu"))],
    ("GET", "/api/materials/{material_id:int}/similar"): [
        (Action.VIEW, reading("{target.api}/similar"))
    ],
    ("GET", "/hoc-lieu/{code:str}/in"): [(Action.VIEW, reading("{target.page}/in"))],
    ("GET", "/hoc-lieu/{code:str}/tep"): [(Action.EDIT, reading("{target.page}/tep"))],
    ("POST", "/hoc-lieu/{code:str}/tep/{file_id:int}"): [
        (
            Action.EDIT_FILES,
            posting("{target.page}/tep/{target.file}", do="save", name="Bài khác.pdf"),
        ),
        (Action.EDIT_FILES, posting("{target.page}/tep/{target.file}", do="remove")),
    ],
    ("POST", "/api/materials/{material_id:int}/submit"): [
        (Action.SUBMIT, changing("POST", "{target.api}/submit"))
    ],
    ("POST", "/api/materials/{material_id:int}/publish"): [
        (Action.PUBLISH, changing("POST", "{target.api}/publish"))
    ],
    ("POST", "/api/materials/{material_id:int}/return"): [
        (Action.RETURN, changing("POST", "{target.api}/return", REASON))
    ],
    ("POST", "/api/materials/{material_id:int}/withdraw"): [
        (Action.WITHDRAW, changing("POST", "{target.api}/withdraw", REASON))
    ],
    **{
        (method, "/api/files/{file_id:int}/" + route): [
            (Action.VIEW, kind("/api/files/{target.file}/" + place))
        ]
        for method, kind in (("GET", reading), ("HEAD", heading))
        for route, place in (
            ("content", "content"),
            ("preview/{page:int}", "preview/1"),
            ("thumbnail", "thumbnail"),
            ("light", "light"),
        )
    },
    ("GET", "/hoc-lieu/{code:str}"): [(Action.VIEW, reading("{target.page}"))],
    ("GET", "/hoc-lieu/{code:str}/mo/{file_id:int}"): [
        (Action.VIEW, reading("{target.page}/mo/{target.file}"))
    ],
    ("GET", "/hoc-lieu/{code:str}/sua"): [(Action.EDIT, reading("{target.page}/sua"))],
    ("POST", "/hoc-lieu/{code:str}/sua"): [(Action.EDIT, posting("{target.page}/sua", **COMPLETE))],
    ("POST", "/hoc-lieu/{code:str}/{step:str}"): [
        (action, posting(f"{{target.page}}/{action}", reason="Sai đề.")) for action in STEPS
    ],
}

# (method, route) → an action that concerns no single material. OWN: of somebody else, so that
# everybody with an account gets 404.
GENERALLY: Final[dict[tuple[str, str], tuple[Action, Call, str]]] = {
    ("GET", "/"): (Action.READ_PUBLIC, reading("/"), ""),
    ("GET", "/gioi-thieu"): (Action.READ_PUBLIC, reading("/gioi-thieu"), ""),
    ("GET", "/tim"): (Action.READ_PUBLIC, reading("/tim?q=toan"), ""),
    ("GET", "/chuong-trinh"): (Action.READ_PUBLIC, reading("/chuong-trinh"), ""),
    ("GET", "/chuong-trinh/{framework:str}"): (
        Action.READ_PUBLIC, reading("/chuong-trinh/gdpt2018"), "",
    ),
    ("GET", "/chuong-trinh/{framework:str}/{item:str}"): (
        Action.READ_PUBLIC, reading("/chuong-trinh/gdpt2018/lop-6"), "",
    ),
    ("GET", "/api/search"): (Action.READ_PUBLIC, reading("/api/search?q=toan"), ""),
    ("GET", "/api/suggest"): (Action.READ_PUBLIC, reading("/api/suggest?q=toan"), ""),
    ("GET", "/api/curriculum"): (Action.READ_PUBLIC, reading("/api/curriculum"), ""),
    ("GET", "/api/curriculum/{framework:str}"): (
        Action.READ_PUBLIC, reading("/api/curriculum/gdpt2018"), "",
    ),
    ("GET", "/api/curriculum/items/{item_id:int}"): (
        Action.READ_PUBLIC, reading("/api/curriculum/items/1"), "",
    ),
    ("GET", "/api"): (Action.READ_PUBLIC, reading("/api"), ""),
    ("GET", "/api/openapi.json"): (Action.READ_PUBLIC, reading("/api/openapi.json"), ""),
    ("GET", "/static/{name:path}"): (Action.READ_PUBLIC, reading("/static/kho.css"), ""),
    ("HEAD", "/static/{name:path}"): (Action.READ_PUBLIC, heading("/static/kho.css"), ""),
    ("GET", "/api/cards"): (Action.READ_PUBLIC, reading("/api/cards?code=abc"), ""),
    ("GET", "/api/collections"): (Action.READ_PUBLIC, reading("/api/collections"), ""),
    ("GET", "/bo-suu-tap"): (Action.READ_PUBLIC, reading("/bo-suu-tap"), ""),
    ("GET", "/da-luu"): (Action.READ_PUBLIC, reading("/da-luu"), ""),
    ("GET", "/tim.atom"): (Action.READ_PUBLIC, reading("/tim.atom?q=toan"), ""),
    ("POST", "/da-luu/tim-kiem"): (
        Action.USE_ACCOUNT, posting("/da-luu/tim-kiem", query="q=toan"), "",
    ),
    ("GET", "/da-luu/tim-kiem/{saved_id:int}"): (
        Action.USE_ACCOUNT, reading("/da-luu/tim-kiem/999999"), OWN,
    ),
    ("POST", "/da-luu/tim-kiem/{saved_id:int}/bo"): (
        Action.USE_ACCOUNT, posting("/da-luu/tim-kiem/999999/bo"), OWN,
    ),
    ("GET", "/api/saved-searches"): (Action.USE_ACCOUNT, reading("/api/saved-searches"), ""),
    ("POST", "/api/saved-searches"): (
        Action.USE_ACCOUNT, changing("POST", "/api/saved-searches", {"query": "q=toan"}), "",
    ),
    ("DELETE", "/api/saved-searches/{saved_id:int}"): (
        Action.USE_ACCOUNT, changing("DELETE", "/api/saved-searches/999999"), OWN,
    ),
    ("GET", "/quan-tri"): (Action.ADMINISTER, reading("/quan-tri"), ""),
    ("GET", "/quan-tri/dung-luong"): (Action.ADMINISTER, reading("/quan-tri/dung-luong"), ""),
    ("POST", "/quan-tri/dung-luong/{organization_id:int}"): (
        Action.ADMINISTER, posting("/quan-tri/dung-luong/999999", quota="1"), OWN,
    ),
    ("POST", "/quan-tri/cong-viec/{job_id:int}/thu-lai"): (
        Action.ADMINISTER, posting("/quan-tri/cong-viec/999999/thu-lai"), OWN,
    ),
    ("POST", "/quan-tri/cong-viec/{job_id:int}/bo"): (
        Action.ADMINISTER, posting("/quan-tri/cong-viec/999999/bo"), OWN,
    ),
    ("GET", "/quan-tri/cach-li"): (Action.ADMINISTER, reading("/quan-tri/cach-li"), ""),
    ("POST", "/quan-tri/cach-li/{sha256:str}/cho-qua"): (
        Action.ADMINISTER, posting(f"/quan-tri/cach-li/{'0' * 64}/cho-qua", reason="a"), OWN,
    ),
    ("POST", "/quan-tri/cach-li/{sha256:str}/xoa"): (
        Action.ADMINISTER, posting(f"/quan-tri/cach-li/{'0' * 64}/xoa"), OWN,
    ),
    ("GET", "/api/quarantine"): (Action.ADMINISTER, reading("/api/quarantine"), ""),
    ("POST", "/api/quarantine/{sha256:str}/lift"): (
        Action.ADMINISTER, changing("POST", f"/api/quarantine/{'0' * 64}/lift", REASON), OWN,
    ),
    ("POST", "/api/quarantine/{sha256:str}/destroy"): (
        Action.ADMINISTER, changing("POST", f"/api/quarantine/{'0' * 64}/destroy"), OWN,
    ),
    ("GET", "/quan-tri/tu-dong-nghia"): (
        Action.ADMINISTER, reading("/quan-tri/tu-dong-nghia?q=khbd&thu=toan+6+pitago"), "",
    ),
    ("POST", "/quan-tri/tu-dong-nghia"): (Action.ADMINISTER, adding_synonyms, ""),
    ("POST", "/quan-tri/tu-dong-nghia/{synonym_id:int}"): (
        Action.ADMINISTER, posting("/quan-tri/tu-dong-nghia/999999", phrases="a\nb"), OWN,
    ),
    ("POST", "/quan-tri/tu-dong-nghia/{synonym_id:int}/xoa"): (
        Action.ADMINISTER, posting("/quan-tri/tu-dong-nghia/999999/xoa"), OWN,
    ),
    ("GET", "/api/synonyms"): (Action.ADMINISTER, reading("/api/synonyms?q=khbd"), ""),
    ("POST", "/api/synonyms"): (Action.ADMINISTER, adding_synonyms_by_program, ""),
    ("PUT", "/api/synonyms/{synonym_id:int}"): (
        Action.ADMINISTER, changing("PUT", "/api/synonyms/999999", {"phrases": ["a", "b"]}), OWN,
    ),
    ("DELETE", "/api/synonyms/{synonym_id:int}"): (
        Action.ADMINISTER, changing("DELETE", "/api/synonyms/999999"), OWN,
    ),
    ("GET", "/api/understanding"): (
        Action.ADMINISTER, reading("/api/understanding?q=phuowng+trinhf"), "",
    ),
    ("GET", "/health/live"): (Action.READ_PUBLIC, reading("/health/live"), ""),
    ("GET", "/health/ready"): (Action.READ_PUBLIC, reading("/health/ready"), ""),
    ("GET", "/dang-nhap"): (Action.SIGN_IN, reading("/dang-nhap"), ""),
    ("GET", "/cua-toi"): (Action.USE_ACCOUNT, reading("/cua-toi"), ""),
    ("GET", "/cua-toi/da-xoa"): (Action.USE_ACCOUNT, reading("/cua-toi/da-xoa"), ""),
    ("GET", "/api/materials/deleted"): (
        Action.USE_ACCOUNT, reading("/api/materials/deleted"), "",
    ),
    ("GET", "/tai-khoan"): (Action.USE_ACCOUNT, reading("/tai-khoan"), ""),
    ("GET", "/api/me"): (Action.USE_ACCOUNT, reading("/api/me"), ""),
    ("GET", "/api/sessions"): (Action.USE_ACCOUNT, reading("/api/sessions"), ""),
    ("GET", "/api/tokens"): (Action.USE_ACCOUNT, reading("/api/tokens"), ""),
    ("GET", "/dong-gop"): (Action.CONTRIBUTE, reading("/dong-gop"), ""),
    ("GET", "/duyet"): (Action.REVIEW, reading("/duyet"), ""),
    ("DELETE", "/api/sessions"): (
        Action.USE_ACCOUNT, changing("DELETE", "/api/sessions"), "",
    ),
    ("POST", "/api/tokens"): (
        Action.USE_ACCOUNT, changing("POST", "/api/tokens", {"name": "a"}), "",
    ),
    ("POST", "/tai-khoan/token"): (
        Action.USE_ACCOUNT, posting("/tai-khoan/token", name="a"), "",
    ),
    ("POST", "/api/materials"): (
        Action.CONTRIBUTE, changing("POST", "/api/materials", {"title": "Mới"}), "",
    ),
    ("POST", "/api/uploads"): (
        Action.CONTRIBUTE, changing("POST", "/api/uploads", {"name": "a.txt", "size": 1}), "",
    ),
    ("DELETE", "/api/sessions/{session_id:int}"): (
        Action.USE_ACCOUNT, changing("DELETE", "/api/sessions/999999"), OWN,
    ),
    ("DELETE", "/api/tokens/{token_id:int}"): (
        Action.USE_ACCOUNT, changing("DELETE", "/api/tokens/999999"), OWN,
    ),
    ("POST", "/tai-khoan/phien/{session_id:int}/ket-thuc"): (
        Action.USE_ACCOUNT, posting("/tai-khoan/phien/999999/ket-thuc"), OWN,
    ),
    ("POST", "/tai-khoan/token/{token_id:int}/thu-hoi"): (
        Action.USE_ACCOUNT, posting("/tai-khoan/token/999999/thu-hoi"), OWN,
    ),
    ("GET", "/api/uploads/{upload_id:str}"): (Action.CONTRIBUTE, reading(NO_UPLOAD), OWN),
    ("HEAD", "/api/uploads/{upload_id:str}"): (Action.CONTRIBUTE, heading(NO_UPLOAD), OWN),
    ("DELETE", "/api/uploads/{upload_id:str}"): (
        Action.CONTRIBUTE, changing("DELETE", NO_UPLOAD), OWN,
    ),
}  # fmt: skip

# Their outcome depends on passwords, offsets, addresses: told of in the tests of accounts, uploads,
# short addresses, metrics, duplicates and deleted materials.
ELSEWHERE: Final = {
    ("GET", "/metrics"): Action.READ_PUBLIC,  # this machine and administrators' programs
    ("POST", "/api/login"): Action.SIGN_IN,
    ("POST", "/api/logout"): Action.SIGN_IN,
    ("POST", "/dang-nhap"): Action.SIGN_IN,
    ("POST", "/dang-xuat"): Action.SIGN_IN,
    ("POST", "/api/password"): Action.USE_ACCOUNT,
    ("POST", "/tai-khoan/mat-khau"): Action.USE_ACCOUNT,
    ("PATCH", "/api/uploads/{upload_id:str}"): Action.CONTRIBUTE,
    ("GET", "/c/{code:str}"): Action.READ_PUBLIC,
    ("POST", "/api/materials/{material_id:int}/restore"): Action.RESTORE,
    ("POST", "/cua-toi/da-xoa/{material_id:int}"): Action.RESTORE,
    ("PUT", "/api/materials/{material_id:int}/variants/{of_id:int}"): Action.EDIT,
    ("POST", "/api/materials/{material_id:int}/become-version"): Action.DELETE,
}
