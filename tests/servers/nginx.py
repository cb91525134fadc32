"""A real nginx with a configuration of ours, on free ports of this machine."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NGINX: Final = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
READY_SECONDS: Final = 20.0

_AROUND: Final = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@contextmanager
def nginx(folder: Path, config: str, hosts: Mapping[str, str]) -> Iterator[dict[int, str]]:
    """nginx with that site; its addresses by the ports that the configuration names.

    `hosts` are real addresses for names of containers ("storage:8333"); every other name is nobody.
    """
    assert NGINX is not None
    for name, address in hosts.items():
        config = config.replace(name, address.removeprefix("http://"))
    config = re.sub(r"server [\w-]+:8000", "server 127.0.0.1:9", config)
    ports = {int(port): _free_port() for port in re.findall(r"listen (\d+);", config)}
    for port, free in ports.items():
        config = config.replace(f"listen {port};", f"listen 127.0.0.1:{free};")
    (folder / "site.conf").write_text(config)
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [NGINX, "-c", folder / "nginx.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        for free in ports.values():
            _wait_for(free, process, folder / "log")
        yield {port: f"http://127.0.0.1:{free}" for port, free in ports.items()}
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nginx did not start: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
