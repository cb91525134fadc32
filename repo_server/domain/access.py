"""Who may do what: one table.

A `Viewer` is anyone who asks. For a given material the viewer has one or several `Standing`s; an
action is allowed when any of them is listed for the material's state in `TABLE`. Routes declare
their `Action`; a test walks every route and every cell, so nothing is allowed by omission.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from repo_server.domain.collections import STATES as COLLECTION_STATES
from repo_server.domain.errors import Forbidden, NotAuthenticated, NotFound, WrongState
from repo_server.domain.materials import STATUS_LABELS, Status
from repo_server.domain.wording import worded


class Role(StrEnum):
    """What an account is in one organization."""

    TEACHER = "teacher"
    EDITOR = "editor"
    MANAGER = "manager"
    ADMIN = "admin"


ROLE_LABELS: Final[dict[Role, str]] = {
    Role.TEACHER: "Giáo viên",
    Role.EDITOR: "Biên tập viên",
    Role.MANAGER: "Quản lí",
    Role.ADMIN: "Quản trị",
}


CURATORS: Final = (Role.EDITOR, Role.MANAGER, Role.ADMIN)
"""Roles that make collections."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A role in an organization; `scope` is that organization and all below it, in both trees."""

    role: Role
    organization_id: int
    scope: frozenset[int]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Anyone asking; `account_id` is None for a reader without an account."""

    account_id: int | None = None
    name: str = ""
    email: str = ""
    memberships: tuple[Membership, ...] = ()

    @property
    def signed_in(self) -> bool:
        return self.account_id is not None

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(membership.role for membership in self.memberships)

    @property
    def home_organization_id(self) -> int | None:
        """The organization that new materials of this viewer belong to."""
        return self.memberships[0].organization_id if self.memberships else None

    def scope_of(self, *roles: Role) -> frozenset[int]:
        """Organizations in which the viewer has one of `roles`, with all below them."""
        scopes = [m.scope for m in self.memberships if m.role in roles]
        return frozenset().union(*scopes)


ANONYMOUS: Final = Viewer()


class Standing(StrEnum):
    """How a viewer stands to one material."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"
    SAME_SCHOOL = "same_school"
    TEACHER = "teacher"
    EDITOR_IN_SCOPE = "editor_in_scope"
    EDITOR_ELSEWHERE = "editor_elsewhere"
    MANAGER = "manager"
    ADMIN = "admin"


class Action(StrEnum):
    """What somebody may want to do; each route declares one."""

    READ_PUBLIC = "read_public"  # search, browsing, pages that hold nothing of a person
    SIGN_IN = "sign_in"
    USE_ACCOUNT = "use_account"  # one's own sessions, tokens and list of materials
    CONTRIBUTE = "contribute"  # start a material or an upload
    VIEW = "view"
    EDIT = "edit"
    EDIT_FILES = "edit_files"  # what was reviewed keeps its files, but for those who review
    SUBMIT = "submit"
    PUBLISH = "publish"
    RETURN = "return"
    WITHDRAW = "withdraw"
    DELETE = "delete"
    RESTORE = "restore"  # bring back what was deleted, in the state that it was in
    REVIEW = "review"  # see the queue of submitted materials
    CURATE = "curate"  # make collections; on one of them also its rule in COLLECTIONS
    ADMINISTER = "administer"  # curriculum, accounts, state of the engines


ALL_STATES: Final = frozenset(Status)
_PUBLISHED: Final = frozenset({Status.PUBLISHED})
_RESTARTABLE: Final = frozenset({Status.DRAFT, Status.WITHDRAWN})
_SUBMITTED: Final = frozenset({Status.SUBMITTED})
_OPEN: Final = frozenset({Status.DRAFT, Status.SUBMITTED})
_SEEN_BY_EDITORS: Final = frozenset({Status.SUBMITTED, Status.PUBLISHED, Status.WITHDRAWN})
_PUBLISHABLE: Final = frozenset({Status.SUBMITTED, Status.WITHDRAWN})

S, A = Standing, Action
TABLE: Final[dict[Action, dict[Standing, frozenset[Status]]]] = {
    A.VIEW: {
        S.ANONYMOUS: _PUBLISHED,
        S.OWNER: ALL_STATES,
        S.SAME_SCHOOL: _PUBLISHED,
        S.TEACHER: _PUBLISHED,
        S.EDITOR_IN_SCOPE: _SEEN_BY_EDITORS,
        S.EDITOR_ELSEWHERE: _PUBLISHED,
        S.MANAGER: _SEEN_BY_EDITORS,
        S.ADMIN: ALL_STATES,
    },
    A.EDIT: {
        S.OWNER: ALL_STATES,
        S.EDITOR_IN_SCOPE: frozenset({Status.SUBMITTED, Status.PUBLISHED}),
        S.MANAGER: frozenset({Status.SUBMITTED, Status.PUBLISHED}),
        S.ADMIN: ALL_STATES,
    },
    A.EDIT_FILES: {
        S.OWNER: ALL_STATES - _PUBLISHED,
        S.EDITOR_IN_SCOPE: frozenset({Status.SUBMITTED, Status.PUBLISHED}),
        S.MANAGER: frozenset({Status.SUBMITTED, Status.PUBLISHED}),
        S.ADMIN: ALL_STATES,
    },
    A.SUBMIT: {S.OWNER: _RESTARTABLE, S.ADMIN: _RESTARTABLE},
    A.PUBLISH: {
        S.EDITOR_IN_SCOPE: _PUBLISHABLE,
        S.MANAGER: _PUBLISHABLE,
        S.ADMIN: ALL_STATES - _PUBLISHED,
    },
    A.RETURN: {S.EDITOR_IN_SCOPE: _SUBMITTED, S.MANAGER: _SUBMITTED, S.ADMIN: _SUBMITTED},
    A.WITHDRAW: {
        S.OWNER: frozenset({Status.PUBLISHED, Status.SUBMITTED}),
        S.EDITOR_IN_SCOPE: _PUBLISHED,
        S.MANAGER: _PUBLISHED,
        S.ADMIN: frozenset({Status.PUBLISHED, Status.SUBMITTED}),
    },
    A.DELETE: {
        S.OWNER: _OPEN | {Status.WITHDRAWN},
        S.MANAGER: frozenset({Status.WITHDRAWN}),
        S.ADMIN: ALL_STATES,
    },
    # Of a material that is deleted; its own table row, because nobody sees it as it was.
    A.RESTORE: {
        S.OWNER: ALL_STATES,
        S.EDITOR_IN_SCOPE: _SEEN_BY_EDITORS,
        S.MANAGER: _SEEN_BY_EDITORS,
        S.ADMIN: ALL_STATES,
    },
}

# The same for a collection, which is a draft or published. Its own things are done only by those
# who may curate at all: whoever is no editor any more still sees their drafts, and leaves them.
COLLECTIONS: Final[dict[Action, dict[Standing, frozenset[Status]]]] = {
    A.VIEW: {
        S.ANONYMOUS: _PUBLISHED,
        S.OWNER: frozenset(COLLECTION_STATES),
        S.SAME_SCHOOL: _PUBLISHED,
        S.TEACHER: _PUBLISHED,
        S.EDITOR_IN_SCOPE: frozenset(COLLECTION_STATES),
        S.EDITOR_ELSEWHERE: _PUBLISHED,
        S.MANAGER: frozenset(COLLECTION_STATES),
        S.ADMIN: frozenset(COLLECTION_STATES),
    },
    A.CURATE: {
        S.OWNER: frozenset(COLLECTION_STATES),
        S.EDITOR_IN_SCOPE: frozenset(COLLECTION_STATES),
        S.MANAGER: frozenset(COLLECTION_STATES),
        S.ADMIN: frozenset(COLLECTION_STATES),
    },
}

# Actions that concern no single material, by the roles that may do them (None: anybody at all).
GENERAL: Final[dict[Action, frozenset[Role] | None]] = {
    A.READ_PUBLIC: None,
    A.SIGN_IN: None,
    A.USE_ACCOUNT: frozenset(Role),
    A.CONTRIBUTE: frozenset(Role),
    A.REVIEW: frozenset({Role.EDITOR, Role.MANAGER, Role.ADMIN}),
    A.CURATE: frozenset(CURATORS),
    A.ADMINISTER: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the tables need to know of one material or collection."""

    owner_id: int
    organization_id: int | None
    status: Status


def standings(viewer: Viewer, subject: Subject) -> frozenset[Standing]:
    """Every standing of the viewer; a material without organization is in scope of all editors."""
    if not viewer.signed_in:
        return frozenset({Standing.ANONYMOUS})
    found = {_standing_by_role(membership, subject) for membership in viewer.memberships}
    if viewer.account_id == subject.owner_id:
        found.add(Standing.OWNER)
    return frozenset(found) or frozenset({Standing.TEACHER})


def _standing_by_role(membership: Membership, subject: Subject) -> Standing:
    inside = subject.organization_id is None or subject.organization_id in membership.scope
    if membership.role is Role.TEACHER:
        same = membership.organization_id == subject.organization_id
        return Standing.SAME_SCHOOL if same else Standing.TEACHER
    if not inside:
        return Standing.EDITOR_ELSEWHERE
    return {
        Role.EDITOR: Standing.EDITOR_IN_SCOPE,
        Role.MANAGER: Standing.MANAGER,
        Role.ADMIN: Standing.ADMIN,
    }[membership.role]


def permits(viewer: Viewer, action: Action, subject: Subject | None = None) -> bool:
    """Whether the tables allow `action`; an action on a material needs its `subject`."""
    if subject is None:
        roles = GENERAL[action]
        return roles is None or bool(viewer.roles & roles)
    row = TABLE[action]
    found = standings(viewer, subject)
    return any(subject.status in row.get(standing, frozenset()) for standing in found)


def require(viewer: Viewer, action: Action, subject: Subject | None = None) -> None:
    """Raise unless allowed.

    A material that the viewer may not even see does not exist for them (`NotFound`); otherwise
    `NotAuthenticated` for a reader without account and `Forbidden` for everybody else.
    """
    if permits(viewer, action, subject):
        return
    if subject is not None and not permits(viewer, Action.VIEW, subject):
        raise NotFound
    if not viewer.signed_in:
        raise NotAuthenticated
    raise Forbidden


def require_in_state(viewer: Viewer, action: Action, subject: Subject) -> None:
    """Like `require`, but says "wrong state" to those who could do it in another state."""
    if not permits(viewer, action, subject) and any(
        permits(viewer, action, replace(subject, status=state)) for state in Status
    ):
        raise WrongState(status=worded("status", subject.status, STATUS_LABELS[subject.status]))
    require(viewer, action, subject)


def allowed(viewer: Viewer, subject: Subject, actions: Iterable[Action]) -> tuple[Action, ...]:
    """Those of `actions` that the viewer may do now, in the order given."""
    return tuple(action for action in actions if permits(viewer, action, subject))


def permits_collection(viewer: Viewer, action: Action, subject: Subject) -> bool:
    """Whether the viewer may VIEW or CURATE this collection."""
    if action in GENERAL and not permits(viewer, action):
        return False
    row = COLLECTIONS[action]
    return any(
        subject.status in row.get(standing, frozenset()) for standing in standings(viewer, subject)
    )


def require_collection(viewer: Viewer, action: Action, subject: Subject) -> None:
    """Raise unless allowed, as `require` does for a material."""
    if permits_collection(viewer, action, subject):
        return
    if not permits_collection(viewer, Action.VIEW, subject):
        raise NotFound
    raise Forbidden if viewer.signed_in else NotAuthenticated
