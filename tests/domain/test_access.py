"""Every cell of the permission table, written out a second time as sentences would say it."""

from itertools import product

import pytest

from repo_server.domain.access import (
    ALL_STATES,
    ANONYMOUS,
    COLLECTIONS,
    GENERAL,
    ROLE_LABELS,
    TABLE,
    Action,
    Membership,
    Role,
    Standing,
    Subject,
    Viewer,
    allowed,
    permits,
    permits_collection,
    require,
    require_collection,
    standings,
)
from repo_server.domain.errors import Forbidden, NotAuthenticated, NotFound
from repo_server.domain.materials import Status

SCHOOL, CLUSTER, ELSEWHERE = 1, 2, 3
OWNER, SOMEBODY = 10, 11
OF_A_MATERIAL = tuple(action for action in Action if action not in GENERAL)


def _viewer(role: Role | None, at: int = CLUSTER, *, account_id: int = SOMEBODY) -> Viewer:
    if role is None:
        return Viewer(account_id=account_id)
    scope = frozenset({SCHOOL, CLUSTER} if at == CLUSTER else {at})
    return Viewer(account_id=account_id, memberships=(Membership(role, at, scope),))


VIEWERS = {
    Standing.ANONYMOUS: ANONYMOUS,
    Standing.OWNER: _viewer(None, account_id=OWNER),
    Standing.SAME_SCHOOL: _viewer(Role.TEACHER, SCHOOL),
    Standing.TEACHER: _viewer(Role.TEACHER, ELSEWHERE),
    Standing.EDITOR_IN_SCOPE: _viewer(Role.EDITOR),
    Standing.EDITOR_ELSEWHERE: _viewer(Role.EDITOR, ELSEWHERE),
    Standing.MANAGER: _viewer(Role.MANAGER),
    Standing.ADMIN: _viewer(Role.ADMIN),
}
# What each standing may do to a material in each state: v view, e edit, f edit its files, s submit,
# p publish, r return, w withdraw, d delete, b bring back what is deleted.
LETTERS = dict(zip("vefsprwdb", OF_A_MATERIAL, strict=True))
#                            draft    submitted  published  withdrawn
EXPECTED = {
    Standing.ANONYMOUS: ("", "", "v", ""),
    Standing.SAME_SCHOOL: ("", "", "v", ""),
    Standing.TEACHER: ("", "", "v", ""),
    Standing.EDITOR_ELSEWHERE: ("", "", "v", ""),
    Standing.OWNER: ("vefsdb", "vefwdb", "vewb", "vefsdb"),
    Standing.EDITOR_IN_SCOPE: ("", "vefprb", "vefwb", "vpb"),
    Standing.MANAGER: ("", "vefprb", "vefwb", "vpdb"),
    Standing.ADMIN: ("vefspdb", "vefprwdb", "vefwdb", "vefspdb"),
}
CELLS = list(product(Standing, Status, OF_A_MATERIAL))


def _subject(status: Status, organization_id: int | None = SCHOOL) -> Subject:
    return Subject(owner_id=OWNER, organization_id=organization_id, status=status)


def _is_expected(standing: Standing, status: Status, action: Action) -> bool:
    column = list(Status).index(status)
    return action in {LETTERS[letter] for letter in EXPECTED[standing][column]}


def test_each_viewer_has_the_standing_it_is_named_by() -> None:
    for standing, viewer in VIEWERS.items():
        assert standings(viewer, _subject(Status.DRAFT)) == {standing}
    assert VIEWERS.keys() == EXPECTED.keys() == set(Standing)


@pytest.mark.parametrize(("standing", "status", "action"), CELLS)
def test_a_cell_is_in_the_table_or_refused(
    standing: Standing, status: Status, action: Action
) -> None:
    viewer, subject = VIEWERS[standing], _subject(status)
    expected = _is_expected(standing, status, action)
    assert permits(viewer, action, subject) is expected
    if expected:
        require(viewer, action, subject)
        return
    if not _is_expected(standing, status, Action.VIEW):
        refusal: type[Exception] = NotFound
    elif standing is Standing.ANONYMOUS:
        refusal = NotAuthenticated
    else:
        refusal = Forbidden
    with pytest.raises(refusal):
        require(viewer, action, subject)


@pytest.mark.parametrize("action", list(GENERAL))
@pytest.mark.parametrize("role", [None, *Role])
def test_an_action_on_no_material_goes_by_the_role(action: Action, role: Role | None) -> None:
    everybody = {Action.READ_PUBLIC, Action.SIGN_IN}
    expected = action in everybody or (
        role is not None
        and {
            Action.USE_ACCOUNT: True,
            Action.CONTRIBUTE: True,
            Action.REVIEW: role is not Role.TEACHER,
            Action.CURATE: role is not Role.TEACHER,
            Action.ADMINISTER: role is Role.ADMIN,
        }[action]
    )
    viewer = _viewer(role)
    assert permits(viewer, action) is expected
    if expected:
        require(viewer, action)
    else:
        with pytest.raises(Forbidden):
            require(viewer, action)


@pytest.mark.parametrize("action", list(GENERAL))
def test_a_reader_without_account_is_asked_to_sign_in(action: Action) -> None:
    if action in (Action.READ_PUBLIC, Action.SIGN_IN):
        require(ANONYMOUS, action)
    else:
        with pytest.raises(NotAuthenticated):
            require(ANONYMOUS, action)


def test_every_action_is_in_exactly_one_table() -> None:
    assert set(TABLE) | set(GENERAL) == set(Action)
    assert not set(TABLE) & set(GENERAL)


def test_whoever_may_act_on_a_material_may_see_it() -> None:
    for action, row in TABLE.items():
        for standing, states in row.items():
            assert states <= TABLE[Action.VIEW][standing], (action, standing)


def test_nobody_but_its_owner_and_admins_sees_a_draft() -> None:
    seen_by = {s for s, states in TABLE[Action.VIEW].items() if Status.DRAFT in states}
    assert seen_by == {Standing.OWNER, Standing.ADMIN}
    assert TABLE[Action.VIEW][Standing.OWNER] == ALL_STATES


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MANAGER, Role.ADMIN])
def test_a_material_of_no_organization_is_in_scope_of_everybody_who_decides(role: Role) -> None:
    viewer = _viewer(role, ELSEWHERE)
    assert permits(viewer, Action.PUBLISH, _subject(Status.SUBMITTED, None))
    assert not permits(viewer, Action.PUBLISH, _subject(Status.SUBMITTED, SCHOOL))


def test_an_account_without_role_stands_as_a_teacher_elsewhere() -> None:
    assert standings(_viewer(None), _subject(Status.DRAFT)) == {Standing.TEACHER}


def test_several_memberships_give_several_standings_and_the_rights_of_all() -> None:
    both = Viewer(
        account_id=OWNER,
        memberships=(
            Membership(Role.TEACHER, SCHOOL, frozenset({SCHOOL})),
            Membership(Role.EDITOR, CLUSTER, frozenset({CLUSTER, SCHOOL})),
        ),
    )
    submitted = _subject(Status.SUBMITTED)
    assert standings(both, submitted) == {
        Standing.OWNER,
        Standing.SAME_SCHOOL,
        Standing.EDITOR_IN_SCOPE,
    }
    assert permits(both, Action.PUBLISH, submitted)
    assert permits(both, Action.DELETE, submitted)
    assert both.home_organization_id == SCHOOL
    assert both.roles == {Role.TEACHER, Role.EDITOR}
    assert both.scope_of(Role.EDITOR, Role.MANAGER) == {CLUSTER, SCHOOL}
    assert both.scope_of(Role.ADMIN) == frozenset()


def test_a_reader_without_account_is_nobody() -> None:
    assert not ANONYMOUS.signed_in
    assert ANONYMOUS.home_organization_id is None
    assert ANONYMOUS.roles == frozenset()


def test_what_is_allowed_keeps_the_order_asked_for() -> None:
    subject = _subject(Status.SUBMITTED)
    asked = (Action.RETURN, Action.DELETE, Action.PUBLISH, Action.VIEW)
    assert allowed(VIEWERS[Standing.EDITOR_IN_SCOPE], subject, asked) == (
        Action.RETURN,
        Action.PUBLISH,
        Action.VIEW,
    )
    assert allowed(ANONYMOUS, subject, asked) == ()


def test_every_role_has_a_name_for_people() -> None:
    assert ROLE_LABELS.keys() == set(Role)
    assert len(set(ROLE_LABELS.values())) == len(Role)


# What each standing may do to a collection: v view, c curate. The owner is one who still edits.
#                            draft  published
EXPECTED_OF_COLLECTIONS = {
    Standing.ANONYMOUS: ("", "v"),
    Standing.SAME_SCHOOL: ("", "v"),
    Standing.TEACHER: ("", "v"),
    Standing.EDITOR_ELSEWHERE: ("", "v"),
    Standing.OWNER: ("vc", "vc"),
    Standing.EDITOR_IN_SCOPE: ("vc", "vc"),
    Standing.MANAGER: ("vc", "vc"),
    Standing.ADMIN: ("vc", "vc"),
}
CURATING_OWNER = _viewer(Role.EDITOR, ELSEWHERE, account_id=OWNER)


@pytest.mark.parametrize("action", [Action.VIEW, Action.CURATE])
@pytest.mark.parametrize("status", [Status.DRAFT, Status.PUBLISHED])
@pytest.mark.parametrize("standing", list(Standing))
def test_a_cell_of_the_collections_is_in_the_table_or_refused(
    standing: Standing, status: Status, action: Action
) -> None:
    viewer = CURATING_OWNER if standing is Standing.OWNER else VIEWERS[standing]
    letters = EXPECTED_OF_COLLECTIONS[standing][status is Status.PUBLISHED]
    expected = ("v" if action is Action.VIEW else "c") in letters
    subject = _subject(status)
    assert permits_collection(viewer, action, subject) is expected
    if expected:
        require_collection(viewer, action, subject)
        return
    refusal: type[Exception] = NotFound
    if "v" in letters:
        refusal = NotAuthenticated if standing is Standing.ANONYMOUS else Forbidden
    with pytest.raises(refusal):
        require_collection(viewer, action, subject)


def test_every_cell_of_the_collections_is_one_of_the_table() -> None:
    assert COLLECTIONS.keys() == {Action.VIEW, Action.CURATE}
    assert EXPECTED_OF_COLLECTIONS.keys() == set(Standing)
    for standing in COLLECTIONS[Action.CURATE]:
        assert COLLECTIONS[Action.CURATE][standing] <= COLLECTIONS[Action.VIEW][standing]


def test_an_owner_who_edits_no_more_sees_the_draft_and_leaves_it() -> None:
    draft = _subject(Status.DRAFT)
    demoted = _viewer(Role.TEACHER, SCHOOL, account_id=OWNER)
    assert permits_collection(demoted, Action.VIEW, draft)
    assert not permits_collection(demoted, Action.CURATE, draft)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MANAGER, Role.ADMIN])
def test_a_collection_of_no_organization_is_in_scope_of_all_who_curate(role: Role) -> None:
    viewer = _viewer(role, ELSEWHERE)
    assert permits_collection(viewer, Action.CURATE, _subject(Status.DRAFT, None))
    assert not permits_collection(viewer, Action.CURATE, _subject(Status.DRAFT, SCHOOL))
