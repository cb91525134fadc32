"""Failpoints: each stands where the protocol has it, once, and does what its plan says."""

import ast
import errno
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from repo_server import failpoints
from repo_server.failpoints import POINTS, PlanInvalid, arm, reached

PACKAGE = Path(failpoints.__file__).parent

PLACES = {
    "services.uploads": {
        "declare": "C1 C2", "Receiver.write": "C3", "Receiver.__exit__": "C4 C5",
        "Receiver._complete": "C14",
    },
    "inspection.inspector": {"_Forker.run": "C6"},
    "services.acceptance": {
        "_accept": "C7 C41", "_keep": "C13 C15", "_quarantine": "C42",
        "_commit": "C11 C12", "store_derivative": "C20 C21",
    },
    "services.films": {"_stored": "C20 C21"},
    "storage.local": {"LocalStorage.adopt": "C8", "LocalStorage._publish": "C9 C10"},
    # On S3 the same three moments are: nothing sent, sent, compared with what the server holds.
    "storage.s3": {"S3Storage._upload": "C8 C9 C10"},
    "services.indexing": {
        "_feed_batch": "C16 C18 C19", "rebuild": "C33 C35 C36 C37 C38", "_load": "C34",
    },
    "search.embedded_store": {"write": "C17"},
    "search.meilisearch": {"_Server.run": "C17"},
    "services.pictures": {"_keep": "C22"},
    "services.materials": {"_act": "C23 C24", "delete_material": "C25 C26"},
    "services.keeping.tombstones": {"_purge": "C27 C28"},
    "services.keeping.quarantine": {"lift": "C43 C44", "destroy": "C45 C46"},
    "services.keeping.disposal": {"_doom_some": "C29 C30", "finish": "C31 C32"},
    "services.upkeep": {"tidy": "C39 C40"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def _calls(node: ast.AST, within: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(function, point) of each call below the node; a function within a function is its outer."""
    for child in ast.iter_child_nodes(node):
        inside = within
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and (
            not within or isinstance(node, ast.ClassDef)
        ):
            inside = (*within, child.name)
        if isinstance(child, ast.Call) and getattr(child.func, "id", "") == "reached":
            name = child.args[0]
            assert isinstance(name, ast.Constant), "a point is named by its name alone"
            yield ".".join(within), str(name.value)
        yield from _calls(child, inside)


def test_each_point_stands_where_it_should_and_nowhere_else() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        calls = list(_calls(ast.parse(path.read_text())))
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if calls and module != "failpoints":
            found[module] = sorted(calls)
    wanted = {
        module: sorted(
            (function, point) for function, names in rows.items() for point in names.split()
        )
        for module, rows in PLACES.items()
    }
    assert found == wanted
    everywhere = [point for calls in wanted.values() for _, point in calls]
    assert set(everywhere) == set(POINTS)
    # Twice only where the same moment comes by two engines, or for pictures and for films.
    twice = {point for point in everywhere if everywhere.count(point) > 1}
    assert twice == {"C8", "C9", "C10", "C17", "C20", "C21"}


def test_they_are_numbered_in_order() -> None:
    assert list(POINTS) == [f"C{number}" for number in range(1, 47)]


def test_nothing_happens_at_a_point_that_no_plan_names() -> None:
    reached("C9")
    arm("C8:error")
    reached("C9")
    arm("")
    reached("C8")


@pytest.mark.parametrize(("act", "code"), [("error", errno.EIO), ("full", errno.ENOSPC)])
def test_a_plan_is_carried_out_once_at_the_time_it_names(act: str, code: int) -> None:
    arm(f"C9@3:{act}")
    reached("C9")
    reached("C9")
    with pytest.raises(OSError) as raised:
        reached("C9")
    assert raised.value.errno == code
    reached("C9")


def test_a_plan_may_wait() -> None:
    arm("C9:sleep=0.05")
    before = time.monotonic()
    reached("C9")
    assert time.monotonic() - before >= 0.05


def test_a_kill_is_the_end_of_the_process_or_of_the_victim() -> None:
    script = "import sys; from repo_server.failpoints import *; arm('C9'); reached('C9', {})"
    killed = subprocess.run([sys.executable, "-c", script.format("None")], stderr=-1, check=False)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, b"failpoint C9\n")

    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    arm("C6")
    reached("C6", victim.pid)
    assert victim.wait(20) == -signal.SIGKILL


@pytest.mark.parametrize("text", ["C0", "C47", "c1", "C1:", "C1:die", "C1@0", "C1:sleep", "x"])
def test_a_plan_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(PlanInvalid):
        arm(text)
