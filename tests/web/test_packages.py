"""Front-end packages: exact versions, and a lock file that names no server."""

import json
import re

import pytest

from repo_server.routes.statics import Assets
from tests.web.samples import WEB


def test_versions_are_exact() -> None:
    package = json.loads((WEB / "package.json").read_text("utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    loose = [name for name, version in versions.items() if not re.fullmatch(r"[\d.]+", version)]
    assert loose == []


def test_the_lock_file_holds_hashes_and_no_addresses() -> None:
    text = (WEB / "package-lock.json").read_text("utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert '"resolved"' not in text


def test_the_client_for_uploads_is_served() -> None:
    if not (WEB / "node_modules" / "tus-js-client").is_dir():
        pytest.skip("not looked for: the front-end packages are not installed")
    client = Assets(WEB / "static", WEB / "node_modules").find(
        "vendor/tus-js-client/dist/tus.min.js"
    )
    assert client is not None
    assert client.media_type == "text/javascript"
    assert client.compressed is not None
    assert len(client.compressed) < 25_000


def test_what_the_page_for_sending_loads_stays_light() -> None:
    assets = Assets(WEB / "static", WEB / "node_modules")
    names = [f"upload/{path.name}" for path in (WEB / "static" / "upload").glob("*.js")]
    found = [assets.find(name) for name in [*names, "upload.css"]]
    sizes = [len(asset.compressed) for asset in found if asset and asset.compressed]
    assert len(sizes) == len(names) + 1
    assert sum(sizes) < 25_000
    lengths = {name: len((WEB / "static" / name).read_text("utf-8").splitlines()) for name in names}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
