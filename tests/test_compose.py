"""The compose file says what the program understands, pins what it runs, and opens nothing else."""

import io
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from minio import Minio

from repo_server.routes.bytes import SANDBOX
from repo_server.settings import FIELDS, from_environment
from tests.servers.nginx import NGINX, nginx
from tests.servers.seaweedfs import BUCKET, SeaweedServer, seaweedfs_binary, shared_seaweedfs

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("app-1", "app-2", "worker")
SECRETS = {
    "KHO_SECRET": "s" * 40,
    "KHO_ORIGIN": "https://kho.example.vn",
    "KHO_CONTENT_ORIGIN": "https://kho-noi-dung.example.org",
    "S3_PUBLIC_ENDPOINT": "https://tep.example.vn",
}
services = pytest.mark.parametrize("name", SERVICES)


def filled(value: str) -> str:
    """With secrets as an operator's environment has them; none has a default."""

    def secret(match: re.Match[str]) -> str:
        assert match[2] == ":?", match[0]
        return SECRETS.get(match[1], "x" * 20)

    return re.sub(r"\$\{(\w+)(:\?)?[^}]*\}", secret, value)


@pytest.mark.parametrize("name", OURS)
def test_our_processes_understand_their_settings(name: str) -> None:
    environment = {key: filled(str(value)) for key, value in SERVICES[name]["environment"].items()}
    assert environment.keys() <= {field for field, _, _ in FIELDS}
    settings = from_environment(environment)
    assert not settings.development
    assert settings.secure
    assert settings.worker_jobs == (2 if name == "worker" else 0)


@pytest.mark.parametrize("name", OURS)
def test_our_processes_are_the_same_program(name: str) -> None:
    command = SERVICES[name]["command"]
    assert command[:2] in (["kho", "serve"], ["kho", "work"])
    assert SERVICES[name]["user"] == "10001:10001"


@services
def test_every_image_is_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+[\w.-]*$", SERVICES[name]["image"])


def test_the_base_of_our_image_is_pinned_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert re.fullmatch(r"FROM python:\d+\.\d+\.\d+-[\w-]+", lines[0])
    assert "USER kho" in lines


@services
def test_every_container_is_read_only_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    once = service.get("network_mode") == "none"
    assert once or not str(service.get("user", "101")).startswith("0")


@services
def test_only_the_proxy_is_reachable_and_from_this_machine_alone(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert bool(ports) == (name == "proxy")
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "outside" not in SERVICES[name].get("networks", []) or name == "proxy"
    assert COMPOSE["networks"]["inside"]["internal"] is True


@services
def test_what_runs_is_asked_for_its_health_and_what_is_needed_exists(name: str) -> None:
    service = SERVICES[name]
    for needed, how in service.get("depends_on", {}).items():
        once = how["condition"] == "service_completed_successfully"
        assert once or "healthcheck" in SERVICES[needed]
    assert "healthcheck" in service or service.get("network_mode") == "none"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).exists(), volume


@services
def test_no_secret_stands_in_the_file(name: str) -> None:
    for key, value in (SERVICES[name].get("environment") or {}).items():
        if re.search("SECRET|PASSWORD|KEY", key):
            assert re.fullmatch(r"\$\{\w+:\?\}", str(value)), key


def test_the_proxy_knows_both_processes_and_hides_the_metrics() -> None:
    config = (ROOT / "deploy" / "nginx.conf").read_text()
    assert set(re.findall(r"server ([\w-]+):8000", config)) == {"app-1", "app-2"}
    assert "location = /metrics { return 404; }" in config
    trusted = SERVICES["app-1"]["environment"]["KHO_TRUSTED_PROXIES"]
    assert SERVICES["proxy"]["networks"]["inside"]["ipv4_address"] == trusted


def test_seaweedfs_knows_what_it_is_started_with() -> None:
    (kind, *flags) = SERVICES["storage"]["command"]
    asked = [seaweedfs_binary(), kind, "-h"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    known = set(re.findall(r"^  -([\w.]+)", ran.stdout + ran.stderr, re.MULTILINE))
    assert {re.sub("^-|=.*", "", flag) for flag in flags} <= known


def test_seaweedfs_answers_where_its_health_is_asked_for() -> None:
    asked = SERVICES["storage"]["healthcheck"]["test"][-1]
    path = asked.partition(":8333")[2]
    assert httpx.get(shared_seaweedfs().endpoint + path, trust_env=False).status_code == 200


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, str]]:
    """The proxy of the compose file before a real storage: its addresses by port."""
    folder = tmp_path_factory.mktemp("nginx")
    config = (ROOT / "deploy" / "nginx.conf").read_text()
    with nginx(folder, config, {"storage:8333": shared_seaweedfs().endpoint}) as addresses:
        yield addresses


def signed(server: SeaweedServer, address: str, name: str) -> str:
    """As Kho signs: for the host that browsers reach."""
    client = Minio(
        address.removeprefix("http://"),
        server.access_key,
        server.secret_key,
        secure=False,
        region="us-east-1",
    )
    return client.presigned_get_object(BUCKET, name, expires=timedelta(minutes=5))


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_the_proxy_hands_out_what_is_signed_and_nothing_else(proxy: dict[int, str]) -> None:
    server, content, name = shared_seaweedfs(), bytes(range(256)) * 400, "blobs/00/00/proxy"
    assert SERVICES["app-1"]["environment"]["KHO_STORAGE_URL"].removeprefix("s3://") == BUCKET
    server.client().put_object(BUCKET, name, io.BytesIO(content), len(content))
    address = signed(server, proxy[8081], name)
    with httpx.Client(trust_env=False) as client:
        whole = client.get(address)
        assert whole.content == content
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["content-security-policy"] == SANDBOX
        part = client.get(address, headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, content[100:200])
        assert client.get(address.partition("?")[0]).status_code == 404
        assert client.get(address[:-1] + ("0" if address[-1] != "0" else "1")).status_code == 403
        for method in ("PUT", "DELETE", "POST"):
            assert client.request(method, address, content=b"x").status_code == 403
        for other in ("/", f"/{BUCKET}/", f"/{BUCKET}/?list-type=2", "/other/blobs/a"):
            assert client.get(proxy[8081] + other).status_code == 404
        assert client.get(proxy[8080] + "/metrics").status_code == 404
