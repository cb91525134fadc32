"""What the processes of one test run share: a folder, locks in it, an end that always comes.

The first process of the run (pytest-xdist's controller, or pytest itself) makes the folder and
leaves its name in the environment, where the workers find it.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FOLDER: Final = "KHO_TEST_RUN_FOLDER"
_PREFIX: Final = "kho-run-"
_FIRST: Final = "KHO_TEST_RUN_PROCESS"
# Runs on when the run was killed and nobody is left to stop the server and delete its folder.
_WATCH: Final = """
while kill -0 "$1" 2>/dev/null && kill -0 "$2" 2>/dev/null; do sleep 0.5; done
if kill -0 "$2" 2>/dev/null; then kill -QUIT "$2"; sleep 1; rm -rf "$3"; fi
"""


def open_run() -> None:
    """Make the folder of this run; call once, in the run's first process."""
    _sweep()
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    os.environ[_FIRST] = str(os.getpid())


def _sweep() -> None:
    """Delete the folders of runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        process_id = folder.name.removeprefix(_PREFIX).split("-")[0]
        if process_id.isdigit() and not Path("/proc", process_id).exists():
            shutil.rmtree(folder, ignore_errors=True)


def close_run() -> None:
    """Delete the folder of this run; call once, where `open_run` was called."""
    shutil.rmtree(os.environ.pop(_FOLDER), ignore_errors=True)
    del os.environ[_FIRST]


def run_folder() -> Path:
    """The folder that all processes of this run see."""
    return Path(os.environ[_FOLDER])


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """Only one process of the run at a time; the value is a file of that name to remember things
    in."""
    remembered = run_folder() / name
    with remembered.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield remembered


def end_with_the_run(process_id: int, folder: Path) -> None:
    """Kill the process and delete its folder if the run ends without having done so itself."""
    subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "watch", os.environ[_FIRST], str(process_id), str(folder)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # it outlives this process on purpose: no ResourceWarning
