"""Every malicious file of our own ends as the verdict that it deserves, in time, with advice."""

import time

import pytest

from repo_server.domain.files import REASONS
from tests.inspection.corpus import Case, corpus

CORPUS = corpus()
PATIENCE = 12.0
"""Seconds: 10 of CPU, and the rest of the machine."""


def test_there_are_enough_files_in_twelve_families():
    counts: dict[str, int] = {}
    for case in CORPUS:
        counts[case.family] = counts.get(case.family, 0) + 1
    assert len(counts) == 12
    assert min(counts.values()) >= 8, counts
    assert len(CORPUS) >= 200
    assert len({case.id for case in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.id)
def test_a_malicious_file_gets_its_verdict(look, case: Case):
    begun = time.monotonic()
    found = look(case.name, case.data())
    assert time.monotonic() - begun < PATIENCE
    assert found.verdict == case.verdict, found.reason
    if found.accepted:
        assert case.says in " ".join(found.warnings)
    else:
        assert case.says in found.reason
        assert found.segments == () and found.thumbnail is None
        assert found.reason.endswith(".") and "Hãy" in found.reason and "{" not in found.reason
        assert "bộ đọc" not in found.reason or found.verdict == "too_complex"


def test_every_reason_says_what_to_do():
    assert all("Hãy" in sentence for code, sentence in REASONS.items() if code != "ok")
