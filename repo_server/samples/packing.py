"""Zip packages whose bytes depend on nothing but their content."""

import io
import zipfile
from typing import Final

from repo_server.samples.manuscript import WRITTEN_AT

_STAMP: Final = WRITTEN_AT.timetuple()[:6]


def repacked(package: bytes) -> bytes:
    """The same entries in the same order, every time stamp and attribute fixed."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0  # the same on every operating system
            target.writestr(entry, source.read(name))
    return out.getvalue()
