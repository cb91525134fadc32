"""The compose file says what the program understands, pins what it runs, and opens nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from repo_server.settings import FIELDS, from_environment

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("app-1", "app-2", "worker")
SECRETS = {
    "KHO_SECRET": "s" * 40,
    "KHO_ORIGIN": "https://kho.example.vn",
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
