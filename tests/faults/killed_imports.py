"""Runs `kho import` again and again and kills each run: `killed_imports.py FOLDER MOMENT…`.

The program is loaded once and every run is a fork of it. A moment is "import_folder:0.2" (so many
seconds after the import began) or "accept_upload:0.2" (after its first file was taken).
Prints a line for each run: "killed" or "ended".
"""

import os
import signal
import sys
import time
from typing import Any

from repo_server.__main__ import main
from repo_server.commands import importing


def run(folder: str, step: str, told: int) -> None:
    """What the shell would do; never returns."""
    original = getattr(importing.importing, step)

    def tell_and_do(*arguments: Any, **more: Any) -> Any:
        os.write(told, b".")
        return original(*arguments, **more)

    setattr(importing.importing, step, tell_and_do)
    sys.argv = ["kho", "import", folder, "--publish", "--json"]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    os._exit(status)


def killed_at(folder: str, moment: str) -> str:
    """Run an import until then."""
    step, _, seconds = moment.partition(":")
    hears, told = os.pipe()
    child = os.fork()
    if child == 0:
        run(folder, step, told)
    os.close(told)
    # The first check starts the inspector; the second one says that a file was taken.
    for _ in range(2 if step == "accept_upload" else 1):
        os.read(hears, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.close(hears)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else f"ended {status}"


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        sys.stdout.write(killed_at(sys.argv[1], argument) + "\n")
