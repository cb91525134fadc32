"""The least that an upload can cost in Python: `python -m bench.bare PORT FOLDER`.

An ASGI handler that hashes what comes, writes it to a file and syncs the file once at the end. No
framework, no account, no database.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

FOLDER = "BENCH_FOLDER"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """PUT keeps the body in the folder; anything else is answered with nothing."""
    if scope["type"] != "http":
        return
    if scope["method"] == "PUT":
        await _keep(receive)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


async def _keep(receive: Any) -> None:
    digest = hashlib.sha256()
    path = Path(os.environ[FOLDER]) / "body"
    with path.open("wb", buffering=0) as file:
        more = True
        while more:
            message = await receive()
            body = message.get("body", b"")
            digest.update(body)
            file.write(body)
            more = message.get("more_body", False)
        os.fsync(file.fileno())


def main(port: int, folder: str) -> None:
    """Serve until the process is ended."""
    os.environ[FOLDER] = folder
    Server(
        "bench.bare:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
