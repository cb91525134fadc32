"""One inspector for the whole run, and a way to show it bytes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from repo_server.inspection.base import Inspection
from repo_server.inspection.inspector import Inspector

Look = Callable[[str, bytes], Inspection]


@pytest.fixture(scope="session")
def inspector() -> Iterator[Inspector]:
    inspector = Inspector()
    yield inspector
    inspector.close()


@pytest.fixture
def look(inspector: Inspector, tmp_path: Path) -> Look:
    """Inspect bytes under a name; the file itself lies under another one, as in the store."""

    def inspect(name: str, data: bytes) -> Inspection:
        path = tmp_path / "blob"
        path.write_bytes(data)
        return inspector.inspect(path, name)

    return inspect
