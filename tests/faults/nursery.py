"""Raises servers and commands that are to be killed: `nursery.py`, told what to do on its input.

Starting Python with all engines costs seconds, a fork of a program that is loaded milliseconds. So
the program is loaded once, opens nothing, and each child is a process of its own: a whole server
on a real port, or a command. Lines of JSON in, lines of JSON out:

    {"do": "serve", "port": 1234, "log": "…", "settings": {…}}  →  {"pid": 7}
    {"do": "reindex", "log": "…", "settings": {…}}              →  {"pid": 8}
    {"do": "arm", "pid": 7, "plan": "C9"}                       →  {}
    {"do": "wait", "pid": 7, "seconds": 10}                     →  {"status": -9}, null if it lives
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from repo_server import app, failpoints
from repo_server.logs import configure_logging
from repo_server.services import indexing, working
from repo_server.settings import from_environment

# What is worth a rest among thousands of files would be most of the time that a test takes.
working.PAUSE = working.GATHERING = 0.02

PLANS: dict[int, int] = {}
ACKNOWLEDGED: dict[int, int] = {}
"""The pipes to and from each child, through which it is armed."""


def listen(plans: int, acknowledged: int) -> None:
    """Take plans while the child serves."""
    with os.fdopen(plans) as lines:
        for line in lines:
            failpoints.arm(line.strip())
            os.write(acknowledged, b".")


def serve(port: int) -> None:
    """What `kho serve` does in the process that it starts."""
    settings = from_environment(os.environ)
    configure_logging(settings.log_level)
    server = Server(
        app.create_app(settings),
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.warning,
    )
    asyncio.run(server.serve())


def reindex() -> None:
    """What `kho reindex` does."""
    library = app.open_library(from_environment(os.environ))
    for index in library.indexes:
        indexing.rebuild(library, index)


def raise_child(task: dict[str, Any]) -> dict[str, int]:
    """Fork a child that does it."""
    hears, plans = os.pipe()
    done, acknowledged = os.pipe()
    pid = os.fork()
    if pid:
        os.close(hears)
        os.close(acknowledged)
        PLANS[pid] = plans
        ACKNOWLEDGED[pid] = done
        return {"pid": pid}
    os.close(plans)
    os.close(done)
    log = os.open(task["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in [name for name in os.environ if name.startswith("KHO_")]:
        del os.environ[name]
    os.environ.update(task["settings"])
    app._end_with_parent()
    threading.Thread(target=listen, args=(hears, acknowledged), daemon=True).start()
    status = 1
    try:
        if task["do"] == "serve":
            serve(task["port"])
        else:
            reindex()
        status = 0
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(status)


def arm(task: dict[str, Any]) -> dict[str, int]:
    """Have a child carry out a plan; it has it when this is answered."""
    os.write(PLANS[task["pid"]], f"{task['plan']}\n".encode())
    os.read(ACKNOWLEDGED[task["pid"]], 1)
    return {}


def wait(task: dict[str, Any]) -> dict[str, int | None]:
    """Wait for the end of a child, for so long."""
    deadline = time.monotonic() + task["seconds"]
    while True:
        pid, status = os.waitpid(task["pid"], os.WNOHANG)
        if pid:
            for pipes in (PLANS, ACKNOWLEDGED):
                os.close(pipes.pop(pid))
            return {"status": os.waitstatus_to_exitcode(status)}
        if time.monotonic() > deadline:
            return {"status": None}
        time.sleep(0.002)


ACTS = {"serve": raise_child, "reindex": raise_child, "arm": arm, "wait": wait}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        told = json.loads(line)
        sys.stdout.write(json.dumps(ACTS[told["do"]](told)) + "\n")
        sys.stdout.flush()
