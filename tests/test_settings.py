"""Settings: each can be set, a wrong one is refused in a sentence, and production asks for more."""

from dataclasses import fields
from pathlib import Path

import pytest

from repo_server.settings import (
    DEVELOPMENT_SECRET,
    FIELDS,
    Settings,
    SettingsInvalid,
    from_environment,
)

SECRET = "k" * 32
PRODUCTION = {
    "KHO_ENVIRONMENT": "production",
    "KHO_SECRET": SECRET,
    "KHO_ORIGIN": "https://kho.example.vn",
}
GIVEN = {
    "environment": ("production", "production"),
    "data": ("/srv/kho", Path("/srv/kho")),
    "database_url": ("postgresql+psycopg://kho@db/kho",) * 2,
    "storage_url": ("s3://kho/files",) * 2,
    "s3_endpoint": ("http://127.0.0.1:8333",) * 2,
    "s3_public_endpoint": ("https://files.example.vn",) * 2,
    "s3_region": ("vn-1",) * 2,
    "s3_access_key": ("ours",) * 2,
    "s3_secret_key": ("hidden",) * 2,
    "search_url": ("http://127.0.0.1:7700,http://127.0.0.1:7701",) * 2,
    "search_key": ("key",) * 2,
    "search_index": ("kho-thu",) * 2,
    "secret": (SECRET, SECRET),
    "origin": ("https://kho.example.vn",) * 2,
    "content_origin": ("https://goi.example.org",) * 2,
    "trusted_proxies": ("10.0.0.1, 10.1.0.0/16,", ("10.0.0.1", "10.1.0.0/16")),
    "max_file_mib": ("100", 100),
    "account_quota_mib": ("50", 50),
    "organization_quota_mib": ("500", 500),
    "upload_timeout": ("9", 9),
    "upload_parallel": ("3", 3),
    "database_timeout": ("20", 20),
    "clamd": ("unix:/run/clamd.ctl",) * 2,
    "scrub_mib": ("0", 0),
    # Not in production: told of below.
    "failpoint": ("", ""),
    "drain_seconds": ("5", 5),
    "worker_jobs": ("0", 0),
    "log_level": ("warning", "warning"),
}


def test_every_setting_can_be_given() -> None:
    assert set(GIVEN) == {field.name for field in fields(Settings)}
    settings = from_environment({f"KHO_{name.upper()}": text for name, (text, _) in GIVEN.items()})

    for name, (_, value) in GIVEN.items():
        assert getattr(settings, name) == value, name


def test_a_desk_needs_no_setting() -> None:
    settings = from_environment({"PATH": "/bin"})

    assert settings.development
    assert not settings.secure
    assert settings.data == Path.cwd() / "data"
    assert settings.sqlite_path == Path.cwd() / "data" / "kho.sqlite3"
    assert settings.secret == DEVELOPMENT_SECRET
    assert settings.search_url == "embedded"
    assert (settings.max_file_mib, settings.worker_jobs) == (5120, 2)


def test_a_failpoint_is_for_a_desk_alone() -> None:
    assert from_environment({"KHO_FAILPOINT": "C9@2:sleep=0.5"}).failpoint == "C9@2:sleep=0.5"
    for text in ("C0", "C47", "c9", "C9:", "C9:die", "C9@0", "C9:sleep", "C9 "):
        with pytest.raises(SettingsInvalid, match="KHO_FAILPOINT"):
            from_environment({"KHO_FAILPOINT": text})
    with pytest.raises(SettingsInvalid, match="not outside development"):
        from_environment({**PRODUCTION, "KHO_FAILPOINT": "C9"})


def test_with_another_database_there_is_no_sqlite_file() -> None:
    settings = from_environment({"KHO_DATABASE_URL": "postgresql+psycopg://kho@db/kho"})
    assert settings.sqlite_path is None


def test_the_data_folder_may_be_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/kho")
    assert from_environment({"KHO_DATA": "~/kho"}).data == Path("/home/kho/kho")


def test_production_is_complete_with_secret_and_origin() -> None:
    settings = from_environment(PRODUCTION)
    assert (settings.development, settings.secure) == (False, True)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"KHO_SECRET": None}, "KHO_SECRET"),
        ({"KHO_SECRET": ""}, "KHO_SECRET"),
        ({"KHO_SECRET": DEVELOPMENT_SECRET}, "KHO_SECRET"),
        ({"KHO_SECRET": "k" * 31}, "KHO_SECRET"),
        ({"KHO_ORIGIN": None}, "KHO_ORIGIN"),
        ({"KHO_ORIGIN": ""}, "KHO_ORIGIN"),
    ],
)
def test_production_refuses_what_is_only_good_enough_for_a_desk(
    changed: dict[str, str | None], complaint: str
) -> None:
    environment = {
        name: text for name, text in {**PRODUCTION, **changed}.items() if text is not None
    }
    with pytest.raises(SettingsInvalid, match=complaint):
        from_environment(environment)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KHO_ENVIRONMENT", "staging"),
        ("KHO_LOG_LEVEL", "loud"),
        ("KHO_ORIGIN", "https://kho.example.vn/kho"),
        ("KHO_ORIGIN", "kho.example.vn"),
        ("KHO_ORIGIN", "ftp://kho.example.vn"),
        ("KHO_MAX_FILE_MIB", "0"),
        ("KHO_MAX_FILE_MIB", "100001"),
        ("KHO_MAX_FILE_MIB", "-1"),
        ("KHO_MAX_FILE_MIB", "1e3"),
        ("KHO_MAX_FILE_MIB", ""),
        ("KHO_UPLOAD_TIMEOUT", "0"),
        ("KHO_UPLOAD_TIMEOUT", "3601"),
        ("KHO_WORKER_JOBS", "65"),
        ("KHO_WORKER_JOBS", "²"),
        ("KHO_SEARCH_INDEX", ""),
        ("KHO_SEARCH_INDEX", "thư"),
        ("KHO_SEARCH_INDEX", "a/b"),
        ("KHO_SEARCH_INDEX", "-a"),
        ("KHO_SEARCH_INDEX", "a" * 33),
        ("KHO_TRUSTED_PROXIES", "10.0.0.1;10.0.0.2"),
        ("KHO_TRUSTED_PROXIES", "proxy.example.vn"),
    ],
)
def test_a_senseless_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        from_environment({name: text})


@pytest.mark.parametrize("missing", ["S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"])
def test_a_bucket_needs_its_server_and_keys(missing: str) -> None:
    environment = {
        "KHO_STORAGE_URL": "s3://kho",
        "KHO_S3_ENDPOINT": "http://127.0.0.1:8333",
        "KHO_S3_ACCESS_KEY": "ours",
        "KHO_S3_SECRET_KEY": "hidden",
    }
    assert from_environment(environment).storage_url == "s3://kho"
    del environment[f"KHO_{missing}"]
    with pytest.raises(SettingsInvalid, match=f"KHO_{missing} must be set"):
        from_environment(environment)


@pytest.mark.parametrize("name", ["KHO_DATABSE_URL", "KHO_", "KHO_PORT"])
def test_a_name_that_is_no_setting_is_refused(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"{name} is not a setting of Kho"):
        from_environment({name: "x"})


def test_variables_of_the_tests_and_of_others_are_none_of_its_business() -> None:
    assert from_environment({"KHO_TEST_RUN_FOLDER": "x", "KHOLOGY": "x", "kho_data": "x"})


def test_the_scanner_is_at_a_socket_or_a_port() -> None:
    for text in ("clamd", "unix:clamd.ctl", "tcp://host", "http://host:3310"):
        with pytest.raises(SettingsInvalid, match="KHO_CLAMD"):
            from_environment({"KHO_CLAMD": text})


def test_every_setting_has_a_sentence_and_stands_in_the_documentation() -> None:
    text = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()
    for name, default, sentence in FIELDS:
        assert sentence.endswith(".")
        assert f"`{name}`" in text, name
        assert sentence in text, name
        assert not default or f"`{default}`" in text, name


@pytest.mark.parametrize(
    "address",
    [
        "goi.example.vn",
        "ftp://goi.example.vn",
        "https://goi.example.vn/x",
        "https://",
        "http://goi.vn",
        "https://kho.example.vn",
        "https://kho.example.vn:8443",
        "https://KHO.example.vn",
    ],
)
def test_packages_are_played_at_another_host_that_is_as_safe(address: str) -> None:
    given = {"KHO_ORIGIN": "https://kho.example.vn", "KHO_CONTENT_ORIGIN": address}
    with pytest.raises(SettingsInvalid, match="KHO_CONTENT_ORIGIN"):
        from_environment(given)
