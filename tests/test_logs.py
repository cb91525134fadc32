"""What the log looks like: one JSON object a line, whatever an entry holds."""

import io
import json
import sys
from pathlib import Path

import pytest
import structlog

from repo_server.logs import configure_logging


def test_an_entry_is_one_line_of_json_and_less_severe_ones_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    before = structlog.get_config()
    configure_logging("info")
    try:
        log = structlog.get_logger()
        log.debug("unseen")
        log.warning("tệp hỏng", path=Path("a\nb"), count=2)
    finally:
        structlog.configure(**before)
    (line,) = out.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["count"]) == ("tệp hỏng", "warning", 2)
    assert "b" in entry["path"]
    assert entry["timestamp"].endswith("Z")
