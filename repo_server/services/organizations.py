"""The organizations, in two trees that overlap: Sở → cụm → trường and Sở → phường, xã → trường."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import Organization, OrganizationParent
from repo_server.domain.errors import InvalidValue
from repo_server.domain.vietnamese import display
from repo_server.services.library import Library

KINDS: Final = {"department": "Sở", "cluster": "Cụm", "ward": "Phường, xã", "school": "Trường"}
TREES: Final = {"professional": "chuyên môn", "territorial": "địa bàn"}
_CODE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organization with the codes of what it stands below, by tree."""

    code: str
    name: str
    kind: str
    parents: dict[str, str]


def add_organization(
    library: Library, code: str, name: str, kind: str, parents: Mapping[str, str]
) -> None:
    """Add an organization below `parents` (tree → code).

    Raises InvalidValue for a code that is taken or not made of a-z, 0-9 and hyphens, for an unknown
    kind or tree, and for a parent that does not exist.
    """
    shown = _checked(code, name, kind, parents)
    try:
        with library.database.write() as session:
            above = {tree: _by_code(session, parent) for tree, parent in parents.items()}
            organization = Organization(code=code, name=shown, kind=kind)
            session.add(organization)
            session.flush()
            session.add_all(
                OrganizationParent(child_id=organization.id, tree=tree, parent_id=parent.id)
                for tree, parent in above.items()
            )
            after = {"code": code, "parents": dict(parents)}
            audit.record(
                session, None, "organization.add", "organization", organization.id, after=after
            )
    except IntegrityError:
        raise InvalidValue("code", f"Đã có đơn vị mang mã “{code}”.") from None


def _checked(code: str, name: str, kind: str, parents: Mapping[str, str]) -> str:
    if len(code) > 80 or _CODE.fullmatch(code) is None:
        raise InvalidValue("code", "Mã chỉ gồm chữ thường không dấu, chữ số và gạch nối.")
    if kind not in KINDS:
        raise InvalidValue("kind", f"Loại đơn vị phải là một trong: {', '.join(KINDS)}.")
    if unknown := set(parents) - set(TREES):
        raise InvalidValue("tree", f"Không có cây tổ chức “{min(unknown)}”.")
    shown = display(name)
    if not 1 <= len(shown) <= 300:
        raise InvalidValue("name", "Tên đơn vị cần từ 1 đến 300 kí tự.")
    return shown


def _by_code(session: Session, code: str) -> Organization:
    found = session.scalar(select(Organization).where(Organization.code == code))
    if found is None:
        raise InvalidValue("parent", f"Không có đơn vị mang mã “{code}”.")
    return found


def organizations(library: Library) -> list[OrganizationView]:
    """Every organization, by code."""
    with library.database.read() as session:
        found = session.scalars(select(Organization).order_by(Organization.code)).all()
        codes = {organization.id: organization.code for organization in found}
        parents: dict[int, dict[str, str]] = {}
        for edge in session.scalars(select(OrganizationParent)):
            parents.setdefault(edge.child_id, {})[edge.tree] = codes[edge.parent_id]
    return [OrganizationView(o.code, o.name, o.kind, parents.get(o.id, {})) for o in found]
