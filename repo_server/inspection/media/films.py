"""Sound and film: which reader looks at which kind, and the one picture that stands for a film.

The picture is made by ffmpeg where it is installed. It runs inside the confined child, is told the
container by us (so that a playlist that names other files is never taken for a film), may open
nothing but the film, and writes to a pipe.
"""

import io
import os
import subprocess
from collections.abc import Callable
from typing import Final

from PIL import Image

from repo_server.inspection.base import Refused, RenderedImage
from repo_server.inspection.findings import Findings, Source
from repo_server.inspection.images.pictures import BOX, encode
from repo_server.inspection.media.containers import (
    read_base_media,
    read_flac,
    read_matroska,
    read_mp3,
    read_ogg,
    read_wav,
)

_SECONDS: Final = 9
_VARIANTS: Final = {
    "mp4": "-c:v libx264 -preset veryfast -profile:v main -crf 27 -maxrate 300k -bufsize 600k "
    "-c:a aac -b:a 56k -ac 2 -ar 44100 -movflags +faststart -f mp4",
    "webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 6 -crf 36 -b:v 280k -maxrate 300k "
    "-bufsize 600k -c:a libopus -b:a 48k -ac 2 -f webm",
}
"""At most 400 kbit/s with what the container adds; for phones that pay for every megabyte."""

_LIGHT_SIZE: Final = (
    "scale=w='if(gte(iw,ih),min(854,iw),min(480,iw))':h='if(gte(iw,ih),min(480,ih),min(854,ih))'"
    ":force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p"
)
_DEMUXERS: Final = {"mp4": "mov", "mov": "mov", "webm": "matroska", "mkv": "matroska"}


def _read_nothing(source: Source, findings: Findings) -> None:
    """Raw AAC frames say neither length nor title."""


READERS: Final[dict[str, Callable[[Source, Findings], None]]] = {
    "mp4": read_base_media,
    "m4a": read_base_media,
    "mov": read_base_media,
    "webm": read_matroska,
    "mkv": read_matroska,
    "mp3": read_mp3,
    "ogg": read_ogg,
    "opus": read_ogg,
    "wav": read_wav,
    "flac": read_flac,
    "aac": _read_nothing,
}


def lighten(ffmpeg: str, source: Source, kind: str, variant: str, answer: int) -> None:
    """Become the program that writes a light copy of a film into `answer`; does not return.

    The program takes this process's place, so that whatever ends the one ends the other.
    """
    command = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-threads", "1"]
    command += ["-protocol_whitelist", "file,pipe", "-f", _DEMUXERS[kind]]
    command += ["-i", f"/proc/self/fd/{source.handle}", "-map", "0:v:0", "-map", "0:a:0?"]
    command += ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fpsmax", "30"]
    command += ["-vf", _LIGHT_SIZE, "-threads", "1", *_VARIANTS[variant].split()]
    os.execve(ffmpeg, [*command, "-y", f"/proc/self/fd/{answer}"], {})  # noqa: S606 ours


def poster(ffmpeg: str, source: Source, findings: Findings) -> RenderedImage | None:
    """A frame from near the beginning of a film, or None where none can be had."""
    demuxer = _DEMUXERS.get(findings.kind)
    if not ffmpeg or demuxer is None or not findings.width:
        return None
    at = min(5.0, (findings.duration or 0) * 0.1)
    box = f"scale={BOX[0]}:{BOX[1]}:force_original_aspect_ratio=decrease"
    options = "-nostdin -hide_banner -v error -threads 1 -protocol_whitelist file,pipe"
    command = [ffmpeg, *options.split(), "-f", demuxer, "-ss", f"{at:.2f}"]
    command += ["-i", f"/proc/self/fd/{source.handle}", "-an", "-sn", "-dn", "-frames:v", "1"]
    command += ["-vf", box, "-threads", "1", "-f", "image2pipe", "-c:v", "bmp", "pipe:1"]
    try:
        done = subprocess.run(  # noqa: S603 our own arguments, confined
            command,
            stdin=0,
            stdout=subprocess.PIPE,
            stderr=1,
            pass_fds=(source.handle,),
            env={},
            timeout=_SECONDS,
            check=True,
        )
        with Image.open(io.BytesIO(done.stdout), formats=["BMP"]) as image:
            return encode(image.convert("RGB"))
    except (OSError, subprocess.SubprocessError, ValueError, Refused):
        return None
