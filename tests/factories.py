"""Rows for tests: each function adds one thing to the session and answers it, flushed.

What a test cares about it says; everything else is filled in, so that the row is complete.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session

from repo_server.database.models import (
    Account,
    AccountMembership,
    Blob,
    CurriculumItem,
    Framework,
    Material,
    MaterialFile,
    Organization,
    OrganizationParent,
    Placement,
    TextSegment,
)
from repo_server.domain.access import Membership, Role, Viewer
from repo_server.domain.codes import new_code
from repo_server.domain.materials import Kind, Status
from repo_server.domain.vietnamese import fold

_numbers = count(1)


def organization(
    session: Session,
    name: str = "Trường THCS Hòa Bình",
    *,
    kind: str = "school",
    parent: Organization | None = None,
    tree: str = "professional",
) -> Organization:
    """An organization, below `parent` in one tree where given."""
    row = Organization(code=f"org-{next(_numbers)}", name=name, kind=kind)
    session.add(row)
    session.flush()
    if parent is not None:
        session.add(OrganizationParent(child_id=row.id, tree=tree, parent_id=parent.id))
        session.flush()
    return row


def account(
    session: Session,
    *,
    email: str | None = None,
    name: str = "Nguyễn Thị Lan",
    role: Role = Role.TEACHER,
    organization: Organization | None = None,
    password_hash: str | None = None,
) -> Account:
    """An account with one role in `organization`, or in no organization where none is given."""
    email = email or f"nguoi-{next(_numbers)}@example.edu.vn"
    held = [] if organization is None else [(organization.id, role.value)]
    row = Account(
        email=email,
        name=name,
        password_hash=password_hash,
        memberships=[AccountMembership(organization_id=at, role=what) for at, what in held],
    )
    session.add(row)
    session.flush()
    return row


def viewer(account: Account, *, below: Collection[int] = ()) -> Viewer:
    """The account as one who asks; its roles reach its organizations and those of `below`."""
    return Viewer(
        account_id=account.id,
        name=account.name,
        email=account.email,
        memberships=tuple(
            Membership(
                Role(row.role), row.organization_id, frozenset({row.organization_id, *below})
            )
            for row in account.memberships
        ),
    )


def framework(session: Session, *, code: str | None = None, title: str = "GDPT 2018") -> Framework:
    """A framework without items."""
    row = Framework(
        code=code or f"khung-{next(_numbers)}",
        title=title,
        language="vi",
        publisher="Bộ Giáo dục và Đào tạo",
        version="2018",
        source="",
        origin="",
    )
    session.add(row)
    session.flush()
    return row


def item(
    session: Session,
    parent: Framework | CurriculumItem,
    *,
    kind: str = "topic",
    title: str = "Phân số",
    code: str | None = None,
    grades: Sequence[int] | None = None,
    subject: str | None = None,
) -> CurriculumItem:
    """An item below `parent`; grades and subject are the parent's unless given."""
    above = parent if isinstance(parent, CurriculumItem) else None
    row = CurriculumItem(
        framework_id=parent.id if above is None else above.framework_id,
        parent_id=None if above is None else above.id,
        code=code or f"muc-{next(_numbers)}",
        kind=kind,
        title=title,
        folded=fold(title),
        sequence=next(_numbers),
        depth=0 if above is None else above.depth + 1,
        path="",
        grades=list(grades if grades is not None else (above.grades if above else ())),
        subject=subject or (above.subject if above else None),
        abbreviations=[],
    )
    session.add(row)
    session.flush()
    row.path = f"{above.path if above else '/'}{row.id}/"
    session.flush()
    return row


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a curriculum, from the framework down to a topic."""

    framework: Framework
    grade: CurriculumItem
    subject: CurriculumItem
    topic: CurriculumItem


def branch(session: Session) -> Branch:
    """A framework with grade 6 → Toán → Phân số."""
    root = framework(session)
    grade = item(session, root, kind="grade", title="Lớp 6", code="lop-6", grades=[6])
    subject = item(session, grade, kind="subject", title="Toán", code="lop-6.toan", subject="toan")
    return Branch(root, grade, subject, item(session, subject))


def material(
    session: Session,
    owner: Account,
    *,
    title: str = "Cộng hai phân số",
    status: Status = Status.DRAFT,
    items: Sequence[CurriculumItem] = (),
    organization: Organization | None = None,
    deleted: bool = False,
) -> Material:
    """A complete material in any state, aligned to `items`; a published one has its placements.

    `published_at` grows with every material, so that "newest first" is the order of making.
    """
    age = timedelta(seconds=next(_numbers))
    moment = datetime(2026, 9, 5, tzinfo=UTC) + age
    row = Material(
        code=new_code(),
        status=status.value,
        version=1 if status is Status.PUBLISHED else 0,
        title=title,
        folded_title=fold(title),
        description="Bài học cho học sinh lớp 6.",
        kind=Kind.LESSON_PLAN.value,
        license="cc-by-4.0",
        author=owner.name,
        owner_id=owner.id,
        organization_id=None if organization is None else organization.id,
        submitted_at=None if status is Status.DRAFT else moment,
        published_at=moment if status in (Status.PUBLISHED, Status.WITHDRAWN) else None,
        withdrawn_at=moment if status is Status.WITHDRAWN else None,
        deleted_at=moment if deleted else None,
        items=list(items),
    )
    session.add(row)
    session.flush()
    if status is Status.PUBLISHED and not deleted:
        places = {int(step) for item in items for step in item.path.strip("/").split("/")}
        session.add_all(Placement(item_id=place, material_id=row.id) for place in sorted(places))
    session.flush()
    return row


def published(
    session: Session,
    *,
    title: str = "Cộng hai phân số",
    owner: Account | None = None,
    at: Branch | None = None,
    pages: Sequence[str] = ("Muốn cộng hai phân số cùng mẫu, ta cộng các tử.",),
) -> Material:
    """A published material as readers find it: aligned to a topic, with one file that has text."""
    row = material(
        session,
        owner or account(session),
        title=title,
        status=Status.PUBLISHED,
        items=[(at or branch(session)).topic],
    )
    file(session, row, pages=pages)
    return row


def blob(session: Session, content: bytes, *, pages: Sequence[str] = ()) -> Blob:
    """The row of `content` (the bytes are not stored anywhere), with its text by page."""
    sha256 = hashlib.sha256(content).hexdigest()
    row = session.get(Blob, sha256)
    if row is None:
        row = Blob(sha256=sha256, size=len(content))
        session.add(row)
        session.flush()
        session.add_all(
            TextSegment(
                sha256=sha256,
                position=number,
                label=f"Trang {number}",
                text=page,
                folded=fold(page),
            )
            for number, page in enumerate(pages, start=1)
        )
        session.flush()
    return row


def file(
    session: Session,
    material: Material,
    *,
    name: str = "Cộng hai phân số.pdf",
    content: bytes | None = None,
    pages: Sequence[str] = (),
) -> MaterialFile:
    """A PDF of `material`, after those it has; content of its own unless given."""
    kept = blob(session, content or f"%PDF-1.7 {next(_numbers)}".encode(), pages=pages)
    row = MaterialFile(
        material=material,
        position=len(material.files) + 1,
        name=name,
        role=Kind.LESSON_PLAN.value,
        sha256=kept.sha256,
        size=kept.size,
        kind="pdf",
        media_type="application/pdf",
        page_count=max(1, len(pages)),
        has_text=bool(pages),
    )
    session.add(row)
    session.flush()
    return row
