"""What files are compared by: made when a file is taken, looked up by whoever asks what is alike.

A signature is MinHash over the runs of `domain.likeness`: the share of equal numbers in two of them
estimates the share of common runs (standard error 4 % with 128 numbers). Bands of four numbers
each make the look-up a question to the database: of two texts with 70 % in common 99 % share a
band, with 60 % 89 %, with 30 % 12 % (1 - (1 - s^4)^16). The library's `ALGORITHM_VERSION` is part
of the scheme, because other numbers cannot be compared with these.
"""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Final

from rensa import RMinHash
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Fingerprint, FingerprintBand
from repo_server.domain.likeness import runs_of

NUMBERS: Final = 128
BANDS: Final = 16
ROWS: Final = 4
SCHEME: Final = 100 + int(RMinHash.ALGORITHM_VERSION)
"""Our own part grows when the runs or the numbers change."""

_SEED: Final = 2018
_PACKED: Final = struct.Struct(f"<{NUMBERS}I")
_BAND: Final = struct.Struct(f"<B{ROWS}I")


def remember(session: Session, sha256: str, content: str | None, folded: Sequence[str]) -> None:
    """Keep what this blob is compared by; `folded` is its text by page, as it is stored.

    Nothing is kept of a file with neither text nor members, nor twice of the same one.
    """
    numbers = signature(folded)
    if content is None and numbers is None:
        return
    known = _known(session, sha256)
    if known is not None:
        if known.scheme == SCHEME:
            return
        _forget(session, known)
    made = Fingerprint(
        sha256=sha256,
        content=content,
        signature=None if numbers is None else packed(numbers),
        scheme=SCHEME,
    )
    session.add(made)
    session.flush()
    rows = [{"band": band, "fingerprint_id": made.id} for band in bands(numbers or ())]
    if rows:
        outbox.upsert(session, FingerprintBand, rows, changing=())


def renew(session: Session, sha256: str, folded: Sequence[str]) -> None:
    """Compare this blob by its text as it is now; what its members are compared by stays."""
    known = _known(session, sha256)
    content = None if known is None else known.content
    forget(session, sha256)
    remember(session, sha256, content, folded)


def forget(session: Session, sha256: str) -> None:
    """Drop what a blob was compared by; harmless when that is nothing."""
    known = _known(session, sha256)
    if known is not None:
        _forget(session, known)


def _forget(session: Session, known: Fingerprint) -> None:
    session.execute(delete(FingerprintBand).where(FingerprintBand.fingerprint_id == known.id))
    session.delete(known)
    session.flush()


_KNOWN: Final = select(Fingerprint).where(Fingerprint.sha256 == bindparam("sha256"))


def _known(session: Session, sha256: str) -> Fingerprint | None:
    return session.scalar(_KNOWN, {"sha256": sha256})


def signature(folded: Iterable[str]) -> tuple[int, ...] | None:
    """The numbers of a text; None for one that is too short to be compared."""
    runs = runs_of(folded)
    if not runs:
        return None
    made = RMinHash(num_perm=NUMBERS, seed=_SEED)
    made.update(list(runs))
    return tuple(made.digest())


def bands(numbers: Sequence[int]) -> list[int]:
    """One signed 64-bit number for each band of a signature; none for an empty one."""
    if not numbers:
        return []
    return [
        int.from_bytes(
            hashlib.blake2b(
                _BAND.pack(band, *numbers[band * ROWS : (band + 1) * ROWS]), digest_size=8
            ).digest(),
            "big",
            signed=True,
        )
        for band in range(BANDS)
    ]


def packed(numbers: Sequence[int]) -> str:
    """A signature as it is stored."""
    return base64.b64encode(_PACKED.pack(*numbers)).decode("ascii")


def unpacked(text: str) -> tuple[int, ...]:
    """A stored signature."""
    return _PACKED.unpack(base64.b64decode(text))


def share(one: Sequence[int], other: Sequence[int]) -> float:
    """The estimated share of runs that two texts have in common, 0 to 1."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / NUMBERS
