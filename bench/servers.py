"""Servers on free ports of this machine, each stopped by its process number."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from bench.clients import HOST, until_answered
from bench.processes import Family

ROOT = Path(__file__).parents[1]
_START_SECONDS = 60.0
_STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `start_seconds` from its execution to the first good answer."""

    port: int
    family: Family
    start_seconds: float


@contextmanager
def kho(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`kho serve` on the data folder, as an operator starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KHO_")}
    environment |= {"KHO_DATA": str(data), "KHO_LOG_LEVEL": "warning", **(settings or {})}
    port = free_port()
    command = [sys.executable, "-m", "repo_server", "serve", "--port", str(port)]
    with _running(command, port, "/health/ready", data / "serve.log", environment) as server:
        yield server


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """The least handler that does an upload's work (`bench.bare`), on the same server program."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(folder)]
    with _running(command, port, "/", folder / "bare.log", dict(os.environ)) as server:
        yield server


def find_nginx() -> str | None:
    """The nginx program, if there is one that takes PUT."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    built = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    return program if "http_dav_module" in built.stderr else None


@contextmanager
def nginx(program: str, folder: Path) -> Iterator[Server]:
    """nginx that serves `folder`/files and takes PUT there."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "files" / "ready").write_text("ready")
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_nginx_config(folder, port))
    command = [program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
    with _running(command, port, "/ready", folder / "nginx.log", dict(os.environ)) as server:
        yield server


def _nginx_config(folder: Path, port: int) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in bodies)
    return dedent(f"""\
        {user}
        daemon off;
        worker_processes 1;
        pid {folder}/nginx.pid;
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            sendfile on;
            {temporary}
            client_max_body_size 0;
            client_body_buffer_size 1m;
            server {{
                listen {HOST}:{port};
                root {folder}/files;
                location / {{ dav_methods PUT; }}
            }}
        }}
        """)


@contextmanager
def _running(
    command: Sequence[str], port: int, path: str, log: Path, environment: Mapping[str, str]
) -> Iterator[Server]:
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            if not until_answered(port, path, _START_SECONDS):
                raise RuntimeError(f"{command} did not start:\n{log.read_text()[-2000:]}")
            yield Server(port, Family(process.pid), time.perf_counter() - began)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
