"""Captions: WebVTT (W3C) and SubRip, whose text is found by the second in which it is spoken."""

import re
from collections.abc import Iterator
from typing import Final

from repo_server.inspection.base import Refused
from repo_server.inspection.documents.texts import READ_LIMIT, decode_text
from repo_server.inspection.findings import Findings, Source, one_line

_TIME: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}"
_CUE: Final = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_TAG: Final = re.compile(r"</?[a-z][^<>]{0,200}>|<\d[\d:.]{1,20}>|\{\\[^{}]{0,50}\}", re.IGNORECASE)
_TOGETHER: Final = 20
"""Seconds: cues that begin within so many are one place, so that a sentence stays whole."""


def read_captions(source: Source, findings: Findings) -> None:
    """One segment per some twenty seconds, numbered and labelled by the second where it begins.

    The length is where the last cue ends. Raises Refused for a file without any cue.
    """
    text, sure = decode_text(source.whole(READ_LIMIT))
    if not text.strip("\ufeff \t\r\n\f\v\0"):
        raise Refused("empty")
    if not sure:
        findings.warn("Không chắc bảng mã của phụ đề: nên lưu lại bằng UTF-8 (Unicode).")
    if findings.kind == "vtt":
        head = text.lstrip("\ufeff").partition("\n")[0]
        findings.declare(
            title=head.removeprefix("WEBVTT").lstrip(" -\t") if "WEBVTT" in head else ""
        )
    begun, last, spoken = 0, 0, list[str]()
    for start, end, line in _cues(text):
        if spoken and start - begun >= _TOGETHER:
            _add(findings, begun, spoken)
            spoken = []
        begun = begun if spoken else start
        last = max(last, end)
        spoken.append(line)
    if not spoken:
        raise Refused("damaged", detail="không có câu phụ đề nào kèm mốc thời gian")
    _add(findings, begun, spoken)
    findings.duration = float(last)
    findings.truncated = findings.truncated or source.size > READ_LIMIT


def _add(findings: Findings, begun: int, spoken: list[str]) -> None:
    findings.add(clock(begun), "\n".join(spoken), max(1, begun))


def clock(seconds: int) -> str:
    """A moment as players show it: “1:05”, “1:02:05”."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def _cues(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, text) of each cue, in whole seconds."""
    start, end, lines = 0, 0, list[str]()
    inside = False
    for line in [*text.splitlines(), ""]:
        times = _CUE.match(line)
        if times is None and line.strip():
            lines += [_TAG.sub("", line)] if inside else []
            continue
        if inside and lines:
            yield start, end, one_line(" ".join(lines), 2000)
        inside, lines = times is not None, []
        if times is not None:
            start, end = _seconds(times.groups()[:3]), _seconds(times.groups()[3:])


def _seconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds
