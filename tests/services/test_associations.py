"""Curricula from elsewhere, as CASE packages, and what they say of each other in whatever order."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from sqlalchemy import select

from repo_server.database.models import (
    AwaitedAssociation,
    CurriculumItem,
    Framework,
    ItemAssociation,
)
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.curriculum import Curriculum
from repo_server.exchange.case import read_case_packages, write_case
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.services.curriculum import ImportReport, branch, import_curriculum
from repo_server.services.library import Library

SERVER = "https://case.example.org/ims/case/v1p1"
STATES = ("mathematics", "science")


def named(framework: str, name: str) -> str:
    """The UUID of an item of that framework."""
    return str(uuid5(NAMESPACE_URL, f"{framework}/{name}"))


def link(framework: str, name: str, server: str = SERVER) -> dict[str, str]:
    identifier = named(framework, name)
    address = f"{server}/CFItems/{identifier}" if server else f"urn:uuid:{identifier}"
    return {"title": name, "identifier": identifier, "uri": address}


def package(
    framework: str, points_to: Sequence[tuple[str, str]] = (), *, server: str = SERVER
) -> dict[str, Any]:
    """A framework as publishers send it: domains by grade, standards with codes of their own.

    Its first standard is said to be the same as each item (framework, name) of `points_to`.
    """
    document = {"identifier": named(framework, ""), "creator": "State", "title": framework}
    document["uri"] = f"{SERVER}/CFDocuments/{document['identifier']}"
    stamp = {"lastChangeDateTime": "2026-09-05T07:00:00+00:00"}
    items: list[dict[str, Any]] = []
    relations: list[dict[str, Any]] = []

    def add(name: str, parent: dict[str, str], number: int, **more: Any) -> None:
        place = link(framework, name, server)
        items.append(
            {**stamp, "identifier": place["identifier"], "uri": place["uri"]}
            | {"fullStatement": f"Statement of {name}", "humanCodingScheme": name, **more}
        )
        relations.append(association("isChildOf", place, parent, sequenceNumber=number))

    def association(kind: str, origin: Any, destination: Any, **more: Any) -> dict[str, Any]:
        identifier = str(uuid5(NAMESPACE_URL, f"{kind}{origin}{destination}"))
        ends = {"originNodeURI": origin, "destinationNodeURI": destination}
        return {**stamp, "identifier": identifier, "associationType": kind, **ends, **more}

    for grade in (6, 7):
        domain = f"{grade}.RP"
        add(domain, document, grade, CFItemType="Domain", educationLevel=[f"{grade:02}"])
        for number in (1, 2):
            above = link(framework, domain, server)
            add(f"{domain}.{number}", above, number, CFItemType="Standard", notes=None)
    first = link(framework, "6.RP.1", server)
    for other, name in points_to:
        relations.append(association("exactMatchOf", first, link(other, name)))
    return {
        "CFDocument": document | stamp,
        "CFItems": items,
        "CFAssociations": relations,
        "CFDefinitions": {"CFItemTypes": []},
    }


def bring(library: Library, *packages: dict[str, Any]) -> list[ImportReport]:
    found = read_case_packages(json.dumps(list(packages)).encode())
    return [import_curriculum(library, ANONYMOUS, one) for one in found]


def said(library: Library) -> set[tuple[str, str]]:
    """What is said across frameworks: (framework and code, framework and code)."""
    with library.database.read() as session:
        rows = session.execute(
            select(CurriculumItem.id, Framework.title, CurriculumItem.code).join(
                Framework, Framework.id == CurriculumItem.framework_id
            )
        )
        names = {item_id: f"{title} {code}" for item_id, title, code in rows}
        pairs = session.execute(
            select(ItemAssociation.origin_id, ItemAssociation.destination_id)
        ).all()
    return {(names[one], names[other]) for one, other in pairs}


def waiting(library: Library) -> int:
    with library.database.read() as session:
        return len(session.scalars(select(AwaitedAssociation)).all())


def test_a_package_of_a_publisher_becomes_a_tree_that_can_be_walked(library: Library) -> None:
    (report,) = bring(library, package("mathematics"))

    assert (report.added, report.awaiting) == (6, 0)
    top = branch(library, ANONYMOUS, report.framework, None)
    assert [child.item.code for child in top.children] == ["6.RP", "7.RP"]
    below = branch(library, ANONYMOUS, report.framework, "6.RP").children
    assert [(child.item.code, child.item.grades) for child in below] == [
        ("6.RP.1", [6]),
        ("6.RP.2", [6]),
    ]
    assert bring(library, package("mathematics"))[0].unchanged


@pytest.mark.parametrize("server", [SERVER, "https://moved.example.net/api", ""])
def test_what_is_said_of_a_framework_that_comes_later_is_joined_when_it_comes(
    library: Library, server: str
) -> None:
    pointing = package("science", [("mathematics", "7.RP.2"), ("arts", "6.RP")])
    (before,) = bring(library, pointing)
    assert (before.awaiting, said(library), waiting(library)) == (2, set(), 2)

    (arrived,) = bring(library, package("mathematics", server=server))
    assert (arrived.joined, waiting(library)) == (1, 1)
    assert said(library) == {("science 6.RP.1", "mathematics 7.RP.2")}
    (again,) = bring(library, pointing)
    assert (again.awaiting, again.unchanged) == (1, True)
    assert said(library) == {("science 6.RP.1", "mathematics 7.RP.2")}


def test_two_frameworks_in_one_file_may_point_to_each_other(library: Library) -> None:
    one = package("mathematics", [("science", "6.RP.2")])
    other = package("science", [("mathematics", "6.RP.1")])
    first, second = bring(library, one, other)

    assert (first.awaiting, second.awaiting, second.joined, waiting(library)) == (1, 0, 1, 0)
    assert said(library) == {
        ("mathematics 6.RP.1", "science 6.RP.2"),
        ("science 6.RP.1", "mathematics 6.RP.1"),
    }


def test_what_is_said_of_an_item_that_goes_waits_until_it_is_there_again(
    library: Library,
) -> None:
    whole = package("mathematics")
    bring(library, whole, package("science", [("mathematics", "6.RP.2")]))
    assert len(said(library)) == 1
    gone = named("mathematics", "6.RP.2")
    left = [item for item in whole["CFItems"] if item["identifier"] != gone]
    (report,) = bring(library, whole | {"CFItems": left})
    assert (report.removed, said(library), waiting(library)) == (1, set(), 1)

    (back,) = bring(library, whole)
    assert (back.added, back.joined, waiting(library)) == (1, 1, 0)
    assert said(library) == {("science 6.RP.1", "mathematics 6.RP.2")}


def test_what_nobody_says_any_more_is_not_waited_for(library: Library) -> None:
    bring(library, package("science", [("mathematics", "6.RP.2")]))
    assert bring(library, package("science"))[0].awaiting == 0
    bring(library, package("mathematics"))
    assert (said(library), waiting(library)) == (set(), 0)


def test_a_table_may_point_to_what_a_package_brings_later(library: Library) -> None:
    address = link("mathematics", "6.RP")["uri"]
    table = read_curriculum_csv(
        "code,parent,kind,title,grades,associations\n"
        "truong,,framework,Chương trình nhà trường,,\n"
        f"lop-6,,grade,Lớp 6,6,is_related_to {address}\n".encode()
    )
    assert import_curriculum(library, ANONYMOUS, table).awaiting == 1
    assert bring(library, package("mathematics"))[0].joined == 1
    assert said(library) == {("Chương trình nhà trường lop-6", "mathematics 6.RP")}


def test_a_framework_that_went_out_and_comes_back_is_the_same(library: Library) -> None:
    changed = datetime(2026, 9, 5, tzinfo=UTC)
    packages = [package(name, server=server) for name in STATES for server in (SERVER, "")]
    for one in read_case_packages(json.dumps(packages).encode()):
        import_curriculum(library, ANONYMOUS, one)
        (back,) = read_case_packages(write_case(one, changed))
        assert isinstance(back, Curriculum)
        assert import_curriculum(library, ANONYMOUS, back).unchanged
