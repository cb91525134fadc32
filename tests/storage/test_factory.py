from contextlib import nullcontext
from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.storage.base import ObjectKey
from repo_server.storage.factory import S3Options, open_staging, open_storage
from repo_server.storage.local import LocalStorage
from repo_server.storage.local_staging import LocalStaging
from repo_server.storage.s3 import S3Storage
from repo_server.storage.s3_staging import S3Staging
from repo_server.storage.staging import StagingArea

KEY = ObjectKey.blob("ab" * 32)
OPTIONS = S3Options("http://127.0.0.1:1", "us-east-1", "access", "secret")


def presigned(url: str, options: S3Options = OPTIONS) -> str:
    store = open_storage(url, s3=options)
    address = store.presigned_get(
        KEY, seconds=60, filename="a.pdf", media_type="application/pdf", attachment=False
    )
    store.close()
    assert isinstance(store, S3Storage)
    assert address is not None
    return address


@pytest.mark.parametrize("form", ["{0}", "file://{0}", "file://localhost{0}"])
def test_a_folder_is_a_local_store(tmp_path: Path, form: str) -> None:
    root = tmp_path / "kho"
    store = open_storage(form.format(root))
    assert isinstance(store, LocalStorage)
    assert not root.exists()  # opening asks nothing of the disk
    store.prepare()
    assert root.is_dir()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    open_storage(f"file://{tmp_path}/kho%20h%E1%BB%8Dc").prepare()
    assert (tmp_path / "kho học").is_dir()


def test_a_relative_folder_stays_where_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_storage("data/objects")
    monkeypatch.chdir("/")
    store.prepare()
    assert (tmp_path / "data" / "objects").is_dir()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("s3://kho", "/kho/blobs/"),
        ("s3://kho/", "/kho/blobs/"),
        ("s3://kho/school", "/kho/school/blobs/"),
        ("s3://kho/school/lib_1/", "/kho/school/lib_1/blobs/"),
    ],
)
def test_a_bucket_and_prefix_are_an_s3_store(url: str, path: str) -> None:
    assert presigned(url).startswith(f"http://127.0.0.1:1{path}")


def test_browsers_may_be_sent_to_another_address_than_ours() -> None:
    options = S3Options("http://s3:8333", "vn", "access", "secret", "https://tep.example.vn")
    assert presigned("s3://kho", options).startswith("https://tep.example.vn/kho/blobs/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file://",
        "file://server/share",
        "file:///a?b=c",
        "a\0b",
        "ftp://server/folder",
        "s3://",
        "s3://UPPER",
        "s3://a",
        "s3://kho/../other",
        "s3://kho//twice",
        "s3://kho/có dấu",
        "s3://key:secret@kho",
    ],
)
def test_a_wrong_address_names_the_setting(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        open_storage(url, s3=OPTIONS)
    assert caught.value.details["field"] == "KHO_STORAGE_URL"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (None, "KHO_S3_ENDPOINT"),
        (S3Options("", "vn", "a", "b"), "KHO_S3_ENDPOINT"),
        (S3Options("s3.example.vn", "vn", "a", "b"), "KHO_S3_ENDPOINT"),
        (S3Options("https://s3.example.vn/path", "vn", "a", "b"), "KHO_S3_ENDPOINT"),
        (S3Options("https://s3.example.vn", "", "a", "b"), "KHO_S3_REGION"),
        (S3Options("https://s3.example.vn", "vn", "", "b"), "KHO_S3_ACCESS_KEY"),
        (S3Options("https://s3.example.vn", "vn", "a", ""), "KHO_S3_ACCESS_KEY"),
        (S3Options("http://s3", "vn", "a", "b", "tep.vn"), "KHO_S3_PUBLIC_ENDPOINT"),
    ],
)
def test_a_wrong_option_names_the_setting(options: S3Options | None, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        open_storage("s3://kho", s3=options)
    assert caught.value.details["field"] == field


def test_the_secret_is_not_shown_when_options_are_printed() -> None:
    assert "secret" not in repr(OPTIONS).replace("secret_key", "")


def waiting_place(url: str, folder: Path, options: S3Options | None = None) -> StagingArea:
    area = open_staging(url, folder=folder, turn=lambda _: nullcontext(), s3=options)
    area.close()
    return area


def test_uploads_wait_beside_the_objects(tmp_path: Path) -> None:
    for url in (str(tmp_path / "files"), f"file://{tmp_path}/files"):
        assert isinstance(waiting_place(url, tmp_path / "staging"), LocalStaging)
    assert isinstance(waiting_place("s3://kho/thu", tmp_path / "staging", OPTIONS), S3Staging)
    assert list(tmp_path.iterdir()) == []  # opening asks nothing of disk and server


@pytest.mark.parametrize("url", ["s3://", "s3://A", "s3://kho/../a"])
def test_a_bucket_that_cannot_be_holds_no_uploads(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidValue):
        waiting_place(url, tmp_path, OPTIONS)
    with pytest.raises(InvalidValue):
        waiting_place("s3://kho", tmp_path)
