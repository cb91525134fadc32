"""Scratch projects, 3 (`project.json` with targets) and 2 (one nested stage)."""

from collections.abc import Iterator
from typing import Final

from repo_server.inspection.archives import Members
from repo_server.inspection.base import Part
from repo_server.inspection.findings import Findings, one_line
from repo_server.inspection.packages.parts import (
    Json,
    bad_package,
    list_of,
    mapping_of,
    read_json,
    text_of,
)

_PROJECT: Final = "project.json"
_SAYING: Final = frozenset(["say:", "think:", "say:duration:elapsed:from:", "doAsk"]) | {
    "think:duration:elapsed:from:"
}
_SAYING_3: Final = ("looks_say", "looks_think", "sensing_askandwait", "text2speech_", "event_broad")
_WRITTEN: Final = 10
"""Number that marks a written text among the inputs of a Scratch 3 block."""
_MAX_DEPTH: Final = 100


def read_scratch(archive: Members, findings: Findings) -> None:
    """Sprites as parts; one segment per sprite with what it says, its names and comments."""
    project = mapping_of(read_json(archive, _PROJECT, findings.kind))
    targets = (
        [mapping_of(target) for target in list_of(project.get("targets"))]
        if findings.kind == "sb3"
        else [project, *(mapping_of(c) for c in list_of(project.get("children")))]
    )
    targets = [target for target in targets if target.get("name") or target.get("objName")]
    if not targets:
        raise bad_package(findings.kind, "dự án không có sân khấu và nhân vật nào")
    parts = []
    for target in targets:
        name = one_line(text_of(target.get("name")) or text_of(target.get("objName")), 100)
        stage = target.get("isStage") is True or target is project
        parts.append(Part(name, 0, "Sân khấu" if stage else "Nhân vật"))
        said = dict.fromkeys(text.strip() for text in _texts(target) if text.strip())
        findings.add(f"{'Sân khấu' if stage else 'Nhân vật'} {name}", "\n".join([name, *said]))
    findings.list_parts(parts)
    comment = text_of(mapping_of(project.get("info")).get("comment"))
    findings.declare(description=comment)


def _texts(target: dict[str, Json]) -> Iterator[str]:
    for comment in mapping_of(target.get("comments")).values():
        yield text_of(mapping_of(comment).get("text"))
    for comment in list_of(target.get("scriptComments")):
        yield from (text for text in list_of(comment) if isinstance(text, str))
    for variable in mapping_of(target.get("variables")).values():
        yield text_of(next(iter(list_of(variable)), ""))
    for block in mapping_of(target.get("blocks")).values():
        yield from _said_by(mapping_of(block))
    for script in list_of(target.get("scripts")):
        yield from _said_in(script, 0)


def _said_by(block: dict[str, Json]) -> Iterator[str]:
    """What a block of Scratch 3 says: inputs look like `[1, [10, "Xin chào"]]`."""
    if not text_of(block.get("opcode")).startswith(_SAYING_3):
        return
    for value in mapping_of(block.get("inputs")).values():
        for inner in list_of(value):
            if len(list_of(inner)) > 1 and inner[0] == _WRITTEN:
                yield text_of(inner[1])


def _said_in(script: Json, depth: int) -> Iterator[str]:
    """What a script of Scratch 2 says: `["say:", "Xin chào"]`, at any depth."""
    if depth > _MAX_DEPTH or not isinstance(script, list):
        return
    if script and isinstance(script[0], str) and script[0] in _SAYING:
        yield from (text for text in script[1:] if isinstance(text, str))
    for inner in script:
        yield from _said_in(inner, depth + 1)
