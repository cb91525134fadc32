"""Backs up or restores and dies on the way: `killed_backups.py backup|restore FOLDER MOMENT…`.

Each moment is a number of signs of progress after which a run kills itself; each run is a fork of
a program that is loaded once. Prints "killed" or "ended" for each.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from repo_server.app import open_engines
from repo_server.services.backup import back_up
from repo_server.services.restoring import restore
from repo_server.settings import from_environment

ACTS: dict[str, Callable[..., object]] = {"backup": back_up, "restore": restore}


def run(act: str, folder: str, moment: int) -> None:
    """Do it until then; never returns."""
    seen = 0

    def progress(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    ACTS[act](open_engines(from_environment(os.environ)), Path(folder), progress)
    os._exit(0)


if __name__ == "__main__":
    for argument in sys.argv[3:]:
        child = os.fork()
        if child == 0:
            run(sys.argv[1], sys.argv[2], int(argument))
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"ended {status}\n")
