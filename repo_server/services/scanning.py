"""What the virus scanner says of bytes that arrive, or that the library has."""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.models import ScanExemption
from repo_server.domain.errors import KhoError
from repo_server.inspection.clamd import Readable, Scan
from repo_server.services.library import Library

KEPT: Final = timedelta(days=30)
"""How long an upload stays in quarantine until it is destroyed."""

FOUND: Final = (
    "Trình diệt vi-rút thấy dấu hiệu mã độc “{threat}” trong tệp này nên tệp bị cách li, chưa vào "
    "kho. Thầy cô hãy quét máy và thẻ nhớ USB rồi gửi lại bản sạch. Nếu chắc tệp an toàn, hãy nhờ "
    "quản trị viên xem lại; sau 30 ngày tệp tự xoá."
)
DESTROYED: Final = (
    "Tệp có dấu hiệu mã độc “{threat}” nên quản trị viên đã xoá. Thầy cô hãy gửi lại bản sạch."
)
EXPIRED: Final = (
    "Tệp có dấu hiệu mã độc “{threat}”, bị cách li 30 ngày và đã tự xoá. Thầy cô hãy gửi lại bản "
    "sạch."
)
NOT_WHOLE: Final = (
    "Tệp lớn hơn mức trình diệt vi-rút nhận nên chưa được quét hết. Hãy cẩn thận khi mở."
)


def require_scanner(library: Library) -> None:
    """Raise ScannerUnavailable when one is configured and does not answer."""
    if library.scanner is not None:
        library.scanner.check()


def state(library: Library) -> str:
    """ "ok", "" without a scanner, or the code of the error that it answers with."""
    try:
        require_scanner(library)
    except KhoError as error:
        return error.code
    return "" if library.scanner is None else "ok"


def scan(library: Library, source: Readable, sha256: str) -> Scan | None:
    """The scanner's word on the bytes with that hash; None where there is no scanner.

    What an administrator has let pass is no threat. Raises ScannerUnavailable.
    """
    if library.scanner is None:
        return None
    found = library.scanner.scan(source)
    if found.threat is None:
        return found
    with library.database.read() as session:
        exempt = is_exempt(session, sha256, found.threat)
    return Scan(None, found.whole) if exempt else found


def is_exempt(session: Session, sha256: str, threat: str) -> bool:
    """Whether an administrator has said that this find in these bytes is no threat."""
    return session.get(ScanExemption, (sha256, threat)) is not None
