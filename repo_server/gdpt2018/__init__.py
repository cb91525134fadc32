"""Vietnam's general education programme of 2018 and the textbook sets, as data that Kho ships."""

from pathlib import Path
from typing import Final

# Additions come after the file that holds the grades and subjects which they hang below.
_NAMES: Final = (
    "gdpt2018.csv",
    "toan.csv",
    "khtn.csv",
    "tin-hoc.csv",
    "cong-nghe.csv",
    "lich-su-dia-li.csv",
    "sgk.csv",
)


def framework_files() -> tuple[Path, ...]:
    """The files in the order of import; several may belong to one framework (`merge`)."""
    return tuple(Path(__file__).with_name(name) for name in _NAMES)
