"""`Converter`: what takes minutes, made by optional engines, confined like every decoder.

It has a forking process of its own with wider limits and does one thing at a time, so that no film
keeps a lesson from being looked at.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

from repo_server.inspection.confinement.wire import Job, Limits
from repo_server.inspection.engines import engine_path
from repo_server.inspection.inspector import Inspector

LIMITS: Final = Limits(
    wall_seconds=2 * 3600.0, cpu_seconds=3 * 3600, memory=1 << 30, output=1 << 30
)
_ENCODERS: Final = {"mp4": ("libx264", "aac"), "webm": ("libvpx-vp9", "libopus")}
"""What a variant of a light copy needs, the better one first."""


class Converter(Inspector):
    """Makes light copies of films. Safe to share between threads; one at a time."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        super().__init__(jobs=1, limits=limits)

    def lighten(self, path: Path, kind: str, target: Path) -> str:
        """Write a light copy of the film at `path` over the file `target`; its kind, or "".

        "" means that this film cannot be converted, or that ffmpeg can write no such copy. Raises
        InspectionUnavailable when no child can be started, or when `stop` was called meanwhile.
        """
        variant = _variant(engine_path("ffmpeg"))
        if not variant:
            return ""
        with path.open("rb") as file, target.open("r+b") as out:
            job = Job("lighten", kind=kind, variant=variant)
            answer = self._ask(job, file, out.fileno())
            done = answer.ending.status == 0 and os.fstat(out.fileno()).st_size > 0
        return variant if done else ""


def _variant(ffmpeg: str) -> str:
    if not ffmpeg:
        return ""
    command = [ffmpeg, "-hide_banner", "-v", "error", "-encoders"]
    try:
        listed = subprocess.run(command, capture_output=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    known = set(listed.stdout.decode("utf-8", "replace").split())
    return next((name for name, needed in _ENCODERS.items() if known.issuperset(needed)), "")
