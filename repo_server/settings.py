"""Every setting, read from the environment once.

`FIELDS` is the table: name, default and the sentence that `docs/configuration.md` repeats (a test
holds the two together). Outside development the server refuses to start with what is only good
enough for a desk.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from repo_server import failpoints
from repo_server.inspection import clamd

PREFIX: Final = "KHO_"
DEVELOPMENT_SECRET: Final = "development-only"  # noqa: S105 - refused outside development

MAX_QUOTA_MIB: Final = 1_000_000_000

_INDEX: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class SettingsInvalid(Exception):
    """A setting is missing or senseless; the text says which and why."""


def _setting(default: str, sentence: str) -> Any:
    return field(metadata={"default": default, "sentence": sentence})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process; `from_environment` is the way to get them."""

    environment: str = _setting(
        "development", '"development" on a desk, "production" where people depend on it.'
    )
    data: Path = _setting(  # noqa: RUF009 - a field with a default of its own
        "./data", "Folder for the database, the files and the index."
    )
    database_url: str = _setting(
        "", "SQL database: `postgresql+psycopg://…`; empty for SQLite in the data folder."
    )
    database_timeout: int = _setting(
        "30",
        "Seconds that a statement may take on PostgreSQL; a server that then stays silent for 5 "
        "more counts as gone.",
    )
    storage_url: str = _setting(
        "", "Where files are kept: `s3://bucket/prefix`; empty for a folder in the data folder."
    )
    s3_endpoint: str = _setting("", "Address of the S3 server, such as `http://127.0.0.1:8333`.")
    s3_public_endpoint: str = _setting(
        "", "Address where browsers reach the S3 server, when it is another one."
    )
    s3_region: str = _setting("us-east-1", "Region of the S3 server.")
    s3_access_key: str = _setting("", "Access key of the S3 server.")
    s3_secret_key: str = _setting("", "Secret key of the S3 server.")
    search_url: str = _setting(
        "embedded",
        "Search engines by commas: `embedded`, addresses of Meilisearch, or both; each is fed, any "
        "may answer.",
    )
    search_key: str = _setting(
        "", "API key of Meilisearch; one for all servers, or one for each by commas."
    )
    search_index: str = _setting(
        "materials", "Name of the index on Meilisearch; each library on one server needs its own."
    )
    secret: str = _setting(
        DEVELOPMENT_SECRET,
        "At least 32 random characters; keys the hashes of client addresses and the passes to "
        "packages.",
    )
    origin: str = _setting(
        "", "Public address of the site, such as `https://kho.example.vn`; empty on a desk."
    )
    content_origin: str = _setting(
        "",
        "Second public address, of another host, where packages are played; empty: packages are "
        "downloads, but on a desk they are played at `noi-dung.localhost`.",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "", "Addresses or networks of reverse proxies whose X-Forwarded-For is believed, by commas."
    )
    max_file_mib: int = _setting("5120", "Largest file that is taken, in MiB.")
    account_quota_mib: int = _setting(
        "20480", "MiB that the materials of one account may hold; 0 for as much as there is."
    )
    organization_quota_mib: int = _setting(
        "0",
        "MiB that the materials of one organization may hold where `/quan-tri/dung-luong` says "
        "nothing else; 0 for as much as there is.",
    )
    upload_timeout: int = _setting(
        "60", "Seconds without a byte after which an upload's connection is given up."
    )
    upload_parallel: int = _setting(
        "2", "Files that a browser sends at the same time; one where its network is narrow."
    )
    worker_jobs: int = _setting(
        "2", "Files checked at the same time by this process; 0 leaves all work to `kho work`."
    )
    clamd: str = _setting(
        "",
        "Where ClamAV's clamd listens: `unix:/run/clamav/clamd.ctl` or `tcp://host:3310`; empty "
        "for no virus scanner.",
    )
    scrub_mib: int = _setting(
        "2",
        "MiB of stored files that are read again each second to find damage, and as many to find "
        "threats; 0 for never.",
    )
    drain_seconds: int = _setting(
        "2",
        "Seconds for which a server that was asked to stop says so at `/health/ready` and goes on.",
    )
    log_level: str = _setting("info", "Least severe log entry: debug, info, warning or error.")
    failpoint: str = _setting(
        "", "For tests, in development alone: where this process dies or fails, such as `C9:kill`."
    )

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @property
    def secure(self) -> bool:
        """Whether browsers come by https."""
        return self.origin.startswith("https://")

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the default database; None where another one is named."""
        return None if self.database_url else self.data / "kho.sqlite3"


FIELDS: Final = tuple(
    (f"{PREFIX}{entry.name.upper()}", entry.metadata["default"], entry.metadata["sentence"])
    for entry in fields(Settings)
)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises SettingsInvalid for an unknown name or a senseless value."""
    known = {name for name, _, _ in FIELDS}
    unknown = sorted(
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and not name.startswith("KHO_TEST_")
    )
    if unknown:
        raise SettingsInvalid(f"{unknown[0]} is not a setting of Kho; see docs/configuration.md")
    values = {
        name.removeprefix(PREFIX).lower(): environment.get(name, default)
        for name, default, _ in FIELDS
    }
    return _checked(
        Settings(
            **{
                **values,
                "data": Path(values["data"]).expanduser().absolute(),
                "search_index": _index(values["search_index"]),
                "trusted_proxies": _networks("KHO_TRUSTED_PROXIES", values["trusted_proxies"]),
                "database_timeout": _number(
                    "KHO_DATABASE_TIMEOUT", values["database_timeout"], 1, 3600
                ),
                "max_file_mib": _number("KHO_MAX_FILE_MIB", values["max_file_mib"], 1, 100_000),
                "account_quota_mib": _number(
                    "KHO_ACCOUNT_QUOTA_MIB", values["account_quota_mib"], 0, MAX_QUOTA_MIB
                ),
                "organization_quota_mib": _number(
                    "KHO_ORGANIZATION_QUOTA_MIB", values["organization_quota_mib"], 0, MAX_QUOTA_MIB
                ),
                "upload_timeout": _number("KHO_UPLOAD_TIMEOUT", values["upload_timeout"], 1, 3600),
                "upload_parallel": _number("KHO_UPLOAD_PARALLEL", values["upload_parallel"], 1, 8),
                "scrub_mib": _number("KHO_SCRUB_MIB", values["scrub_mib"], 0, 10_000),
                "drain_seconds": _number("KHO_DRAIN_SECONDS", values["drain_seconds"], 0, 60),
                "worker_jobs": _number("KHO_WORKER_JOBS", values["worker_jobs"], 0, 64),
            }
        )
    )


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsInvalid(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _index(name: str) -> str:
    if _INDEX.fullmatch(name) is None:
        raise SettingsInvalid("KHO_SEARCH_INDEX takes up to 32 of a-z, 0-9 and hyphens")
    return name


def _networks(name: str, text: str) -> tuple[str, ...]:
    found = tuple(filter(None, map(str.strip, text.split(","))))
    for network in found:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise SettingsInvalid(f"{name}: {network!r} is no address and no network") from None
    return found


def _checked(settings: Settings) -> Settings:
    if settings.environment not in ("development", "production"):
        raise SettingsInvalid("KHO_ENVIRONMENT must be development or production")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsInvalid("KHO_LOG_LEVEL must be debug, info, warning or error")
    if settings.origin:
        address = urlsplit(settings.origin)
        if address.scheme not in ("http", "https") or address.path not in ("", "/"):
            raise SettingsInvalid("KHO_ORIGIN must be an http(s) address without a path")
    _check_content_origin(settings)
    _require_plan(settings)
    _require_scanner_address(settings)
    if settings.storage_url.startswith("s3://"):
        _require(settings, "s3_endpoint", "s3_access_key", "s3_secret_key")
    if not settings.development:
        _require(settings, "origin")
        if settings.secret == DEVELOPMENT_SECRET or len(settings.secret) < 32:
            raise SettingsInvalid("KHO_SECRET must be set to at least 32 random characters")
    return settings


def _check_content_origin(settings: Settings) -> None:
    """Another host, not another port: cookies do not know ports."""
    if not settings.content_origin:
        return
    address = urlsplit(settings.content_origin)
    if address.scheme not in ("http", "https") or address.path not in ("", "/"):
        raise SettingsInvalid("KHO_CONTENT_ORIGIN must be an http(s) address without a path")
    own = urlsplit(settings.origin)
    if not address.hostname or address.hostname == own.hostname:
        raise SettingsInvalid("KHO_CONTENT_ORIGIN must be of another host than KHO_ORIGIN")
    if own.scheme and own.scheme != address.scheme:
        raise SettingsInvalid("KHO_CONTENT_ORIGIN and KHO_ORIGIN must both be https, or both http")


def _require_plan(settings: Settings) -> None:
    if not settings.failpoint:
        return
    if not settings.development:
        raise SettingsInvalid("KHO_FAILPOINT is for tests: not outside development")
    try:
        failpoints.check(settings.failpoint)
    except failpoints.PlanInvalid as error:
        raise SettingsInvalid(f"KHO_FAILPOINT: {error}") from None


def _require_scanner_address(settings: Settings) -> None:
    try:
        if settings.clamd:
            clamd.parse(settings.clamd)
    except clamd.AddressInvalid:
        raise SettingsInvalid(
            "KHO_CLAMD must be unix:/path/of/a/socket or tcp://host:port"
        ) from None


def _require(settings: Settings, *names: str) -> None:
    for name in names:
        if not getattr(settings, name):
            raise SettingsInvalid(f"{PREFIX}{name.upper()} must be set")
