"""Large files on an S3 store: the access is checked here, the bytes come from there."""

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from repo_server.domain.access import Viewer
from repo_server.services import materials
from repo_server.services.viewing import MaterialView
from tests.routes.houses import House, house_in
from tests.servers.seaweedfs import BUCKET, REGION, shared_seaweedfs

LARGE = "Một dòng của một bài dài.\n".encode() * 60_000


@pytest.fixture(scope="module")
def cloud(
    curriculum_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder, server = tmp_path_factory.mktemp("cloud"), shared_seaweedfs()
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    house = house_in(
        folder,
        storage_url=f"s3://{BUCKET}/{uuid4().hex}",
        s3_endpoint=server.endpoint,
        s3_region=REGION,
        s3_access_key=server.access_key,
        s3_secret_key=server.secret_key,
    )
    yield house
    house.library.close()


@pytest.fixture(scope="module")
def owner(cloud: House) -> Viewer:
    return cloud.person()


@pytest.fixture
def view(cloud: House, owner: Viewer) -> MaterialView:
    return cloud.published(owner, content=LARGE + uuid4().hex.encode())


def address_of(view: MaterialView) -> str:
    return f"/api/files/{view.files[0].id}/content"


def test_a_large_file_is_fetched_from_the_store_itself(cloud: House, view: MaterialView) -> None:
    answer = cloud.stranger().get(address_of(view))
    location = answer.header("location")

    assert (answer.status, answer.body) == (302, b"")
    assert answer.header("cache-control") == "no-store"
    assert location.startswith(shared_seaweedfs().endpoint)
    assert int(parse_qs(urlsplit(location).query)["X-Amz-Expires"][0]) <= 300
    with urllib.request.urlopen(location) as sent:
        assert sent.read()[: len(LARGE)] == LARGE
        assert sent.headers["content-disposition"].startswith("attachment;")
        assert sent.headers["content-type"].startswith("text/plain")
    policy = cloud.stranger().page("/").header("content-security-policy")
    assert shared_seaweedfs().endpoint in policy


def test_head_of_a_large_file_is_answered_here(cloud: House, view: MaterialView) -> None:
    answer = cloud.stranger().ask("HEAD", address_of(view))

    assert answer.status == 200
    assert answer.header("content-length") == str(view.files[0].size)


def test_nobody_is_given_an_address_of_what_they_may_not_see(cloud: House, owner: Viewer) -> None:
    draft = cloud.draft(owner, content=LARGE + uuid4().hex.encode())

    for visitor in (cloud.stranger(), cloud.visitor()):
        answer = visitor.get(address_of(draft))
        assert answer.status == 404
        assert answer.header("location") == ""
    assert cloud.browser(owner).get(address_of(draft)).status == 302


def test_what_is_withdrawn_gets_no_new_address(
    cloud: House, owner: Viewer, view: MaterialView
) -> None:
    assert cloud.stranger().get(address_of(view)).status == 302

    materials.withdraw(cloud.library, owner, view.card.id, view.rev, "Sai đề.")

    assert cloud.stranger().get(address_of(view)).status == 404


def test_a_small_file_comes_through_kho_with_ranges(cloud: House, owner: Viewer) -> None:
    content = f"Một bài ngắn {uuid4().hex}.".encode()
    view = cloud.published(owner, content=content)
    reader = cloud.stranger()

    assert reader.get(address_of(view)).body == content
    part = reader.get(address_of(view), range="bytes=2-5")
    assert (part.status, part.body) == (206, content[2:6])
    assert reader.get(address_of(view), range="bytes=900-").status == 416
