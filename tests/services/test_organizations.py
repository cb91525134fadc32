"""Organizations stand in two trees at once, and an editor's scope follows both."""

import pytest
from sqlalchemy import func, select

from repo_server.database.models import Organization
from repo_server.domain.access import Role
from repo_server.domain.errors import InvalidValue
from repo_server.services import accounts, organizations, sign_ins
from repo_server.services.library import Library

PASSWORD = "mot-mat-khau-du-dai"


@pytest.fixture
def city(library: Library) -> Library:
    add = organizations.add_organization
    add(library, "so", "Sở Giáo dục", "department", {})
    add(library, "cum-1", "Cụm 1", "cluster", {"professional": "so"})
    add(library, "phuong-2", "Phường 2", "ward", {"territorial": "so"})
    add(
        library,
        "thcs-a",
        "Trường THCS A",
        "school",
        {"professional": "cum-1", "territorial": "phuong-2"},
    )
    return library


def _scope(library: Library, organization: str) -> frozenset[int]:
    email = f"{organization}@example.vn"
    accounts.add_account(library, email, Role.EDITOR, "Bình", PASSWORD, organization)
    return sign_ins.sign_in(library, email, PASSWORD, "", "").viewer.scope_of(Role.EDITOR)


def _id(library: Library, code: str) -> int:
    with library.database.read() as session:
        return session.scalars(select(Organization.id).where(Organization.code == code)).one()


@pytest.mark.parametrize("above", ["so", "cum-1", "phuong-2", "thcs-a"])
def test_a_school_is_in_the_scope_of_what_is_above_it_in_either_tree(
    city: Library, above: str
) -> None:
    assert _id(city, "thcs-a") in _scope(city, above)


def test_a_cluster_does_not_reach_into_a_ward(city: Library) -> None:
    assert _id(city, "phuong-2") not in _scope(city, "cum-1")


@pytest.mark.parametrize(
    ("code", "name", "kind", "parents", "field"),
    [
        ("so", "Sở khác", "department", {}, "code"),
        ("Sở 2", "Sở khác", "department", {}, "code"),
        ("so-2", " ", "department", {}, "name"),
        ("so-2", "Sở khác", "shop", {}, "kind"),
        ("thcs-b", "B", "school", {"professional": "cum-9"}, "parent"),
        ("thcs-b", "B", "school", {"royal": "so"}, "tree"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_added(
    city: Library, code: str, name: str, kind: str, parents: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        organizations.add_organization(city, code, name, kind, parents)
    assert caught.value.details["field"] == field
    with city.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Organization)) == 4


def test_the_list_names_both_parents(city: Library) -> None:
    school = next(view for view in organizations.organizations(city) if view.code == "thcs-a")
    assert school.parents == {"professional": "cum-1", "territorial": "phuong-2"}
    assert school.name == "Trường THCS A"
