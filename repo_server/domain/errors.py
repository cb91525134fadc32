"""What can go wrong, as one table: stable code, HTTP status and the sentence a person reads.

Every error of Kho is a `KhoError` whose `code` is a key of `CATALOGUE`. Nothing else decides on a
status or a sentence, so that a program can rely on the code and a teacher on the words.
Placeholders in a sentence (``{limit}``) are filled from the error's details; details are shown to
the person who asked, so they never hold secrets, paths or another person's data.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One row of the error table: HTTP status, Vietnamese and English sentence."""

    status: int
    vi: str
    en: str


CATALOGUE: Final[dict[str, ErrorEntry]] = {
    # What was asked for
    "bad_request": ErrorEntry(400, "Yêu cầu không hợp lệ.", "The request is not valid."),
    "invalid_value": ErrorEntry(
        400, "Giá trị của “{field}” không hợp lệ: {reason}", "“{field}” is not valid: {reason}"
    ),
    "not_authenticated": ErrorEntry(401, "Bạn cần đăng nhập.", "Please sign in."),
    "wrong_credentials": ErrorEntry(
        401, "Thư điện tử hoặc mật khẩu không đúng.", "The e-mail address or password is wrong."
    ),
    "forbidden": ErrorEntry(
        403, "Bạn không có quyền làm việc này.", "You are not allowed to do this."
    ),
    "cross_site": ErrorEntry(
        403,
        "Yêu cầu đến từ một trang khác nên đã bị từ chối.",
        "The request came from another site and was refused.",
    ),
    "not_found": ErrorEntry(404, "Không tìm thấy.", "Not found."),
    "taken_down": ErrorEntry(
        410,
        "Học liệu này đã được gỡ khỏi kho.",
        "This was taken down and is no longer in the library.",
    ),
    "method_not_allowed": ErrorEntry(
        405, "Địa chỉ này không nhận cách gọi đó.", "This address does not take that method."
    ),
    "client_silent": ErrorEntry(
        408,
        "Đường truyền im lặng quá lâu nên máy chủ đã ngừng chờ. Phần đã nhận vẫn được giữ; "
        "hãy gửi tiếp.",
        "Nothing came for too long. What arrived is kept; go on from there.",
    ),
    "conflict": ErrorEntry(409, "Việc này không hợp với trạng thái hiện tại.", "Conflict."),
    "wrong_state": ErrorEntry(
        409,
        "Học liệu đang ở trạng thái “{status}” nên chưa làm được việc này.",
        "The material is “{status}”, so this cannot be done now.",
    ),
    "not_publishable": ErrorEntry(
        409, "Chưa thể gửi hoặc xuất bản: {reasons}", "Not ready to be published: {reasons}"
    ),
    "wrong_offset": ErrorEntry(
        409,
        "Vị trí gửi tiếp không khớp: máy chủ đang có {size} byte.",
        "The offset does not match: the server holds {size} bytes.",
    ),
    "upload_over": ErrorEntry(
        410,
        "Lượt gửi này đã bị huỷ hoặc hết hạn. Hãy gửi tệp lại từ đầu.",
        "This upload was given up or has expired. Send the file anew.",
    ),
    "tus_version": ErrorEntry(
        412,
        "Máy chủ chỉ nhận giao thức tus phiên bản {version}.",
        "This server speaks tus {version} alone.",
    ),
    "edit_conflict": ErrorEntry(
        412,
        "Người khác vừa sửa nội dung này. Hãy tải lại trang rồi sửa tiếp.",
        "Somebody else has just changed this. Reload the page and edit again.",
    ),
    "too_large": ErrorEntry(
        413, "Tệp quá lớn: tối đa {limit}.", "The file is too large: at most {limit}."
    ),
    "account_full": ErrorEntry(
        413,
        "Tài khoản đã dùng {used} trong {limit} (kể cả tệp đang gửi), không đủ chỗ cho tệp {size} "
        "này. Hãy xoá học liệu không còn cần (chỗ trống có lại sau 30 ngày) hoặc nhờ quản trị viên "
        "nới hạn mức.",
        "The account uses {used} of {limit}, files on their way included: no room for {size} more. "
        "Delete what is not needed (room returns after 30 days) or ask an administrator.",
    ),
    "organization_full": ErrorEntry(
        413,
        "Đơn vị của học liệu đã dùng {used} trong {limit}, không đủ chỗ cho tệp {size} này. "
        "Hãy xoá học liệu không còn cần (chỗ trống có lại sau 30 ngày) hoặc nhờ quản trị viên nới "
        "hạn mức của đơn vị.",
        "The organization uses {used} of {limit}: no room for {size} more. Delete what is not "
        "needed (room returns after 30 days) or ask an administrator for a larger quota.",
    ),
    "unsupported_media_type": ErrorEntry(
        415,
        "Nội dung gửi lên phải có kiểu {wanted}.",
        "The content must be of the type {wanted}.",
    ),
    "range_not_satisfiable": ErrorEntry(
        416, "Khoảng byte yêu cầu nằm ngoài tệp.", "The range lies outside the file."
    ),
    "idempotency_mismatch": ErrorEntry(
        422,
        "Mã chống gửi lặp này đã dùng cho một tệp khác.",
        "This idempotency key was used for another file.",
    ),
    "busy": ErrorEntry(
        423, "Tệp này đang được gửi ở một nơi khác.", "This upload is busy elsewhere."
    ),
    "precondition_required": ErrorEntry(
        428,
        "Thiếu phiên bản đang sửa (If-Match). Hãy tải lại trang.",
        "If-Match is required for this change.",
    ),
    "too_many_requests": ErrorEntry(
        429, "Bạn thao tác quá nhanh. Hãy thử lại sau ít phút.", "Too many requests. Try later."
    ),
    "checksum_mismatch": ErrorEntry(
        460,
        "Phần vừa gửi không khớp mã kiểm tra nên chưa được nhận. Hãy gửi lại phần đó.",
        "The bytes do not match their checksum and were not taken. Send them again.",
    ),
    # What a file was found to be
    "file_rejected": ErrorEntry(422, "{reason}", "{reason}"),
    # What an operator asked for
    "backup_refused": ErrorEntry(409, "{reason}", "{reason}"),
    # What is out of order on our side
    "internal": ErrorEntry(
        500, "Hệ thống gặp lỗi. Chúng tôi đã ghi lại.", "Something went wrong on our side."
    ),
    "storage_unavailable": ErrorEntry(
        503,
        "Kho tệp đang tạm ngừng. Hãy thử lại sau ít phút.",
        "File storage is unavailable. Try again in a few minutes.",
    ),
    "file_damaged": ErrorEntry(
        503,
        "Tệp này bị hỏng trong kho và đang chờ lấy lại từ bản sao lưu. Quản trị viên đã được báo.",
        "This file is damaged and waits to be restored from a backup. The administrators know.",
    ),
    "inspection_unavailable": ErrorEntry(
        503,
        "Bộ kiểm tra tệp đang tạm ngừng. Hãy thử lại sau ít phút.",
        "Files cannot be checked now. Try again in a few minutes.",
    ),
    "file_quarantined": ErrorEntry(
        423,
        "Tệp này đang bị cách li vì có dấu hiệu mã độc nên tạm thời không xem và không tải được. "
        "Quản trị viên đang xem lại.",
        "This file is in quarantine because a threat was found in it. It cannot be opened while "
        "the administrators look into it.",
    ),
    "scanner_unavailable": ErrorEntry(
        503,
        "Trình diệt vi-rút đang tạm ngừng nên tệp còn chờ kiểm tra. Tệp đã nhận đủ và được giữ an "
        "toàn; thầy cô không phải gửi lại.",
        "The virus scanner does not answer, so the file waits to be checked. All of it is kept; "
        "there is no need to send it again.",
    ),
    "search_unavailable": ErrorEntry(
        503,
        "Máy tìm kiếm đang tạm ngừng. Hãy thử lại sau ít phút.",
        "Search is unavailable. Try again in a few minutes.",
    ),
    "database_unavailable": ErrorEntry(
        503,
        "Cơ sở dữ liệu đang tạm ngừng. Hãy thử lại sau ít phút.",
        "The database is unavailable. Try again in a few minutes.",
    ),
    "storage_full": ErrorEntry(
        507, "Kho tệp đã đầy nên chưa nhận thêm được.", "File storage is full."
    ),
}


class KhoError(Exception):
    """Base of every error that Kho raises on purpose; `code` is a key of `CATALOGUE`."""

    code: str = "internal"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code)
        self.details = details

    def __str__(self) -> str:
        return self.sentence("en")

    @property
    def status(self) -> int:
        """The HTTP status that answers this error."""
        return CATALOGUE[self.code].status

    def sentence(self, language: str = "vi") -> str:
        """What a person reads, in `language` ("vi" or "en")."""
        entry = CATALOGUE[self.code]
        return (entry.en if language == "en" else entry.vi).format(**self.details)


class BadRequest(KhoError):
    """The request cannot be read at all."""

    code = "bad_request"


class InvalidValue(KhoError):
    """One field has a value that is not allowed; details: field, reason (a Vietnamese sentence)."""

    code = "invalid_value"

    def __init__(self, field: str, reason: str, **details: object) -> None:
        super().__init__(field=field, reason=reason, **details)


class NotAuthenticated(KhoError):
    """Nobody is signed in, and the act needs somebody."""

    code = "not_authenticated"


class WrongCredentials(KhoError):
    """The same answer for an unknown address, a wrong password and a disabled account."""

    code = "wrong_credentials"


class Forbidden(KhoError):
    """The viewer may see the thing but not do this to it."""

    code = "forbidden"


class CrossSite(KhoError):
    """A browser sent a state-changing request from another origin."""

    code = "cross_site"


class NotFound(KhoError):
    """No such thing, or its existence is none of the viewer's business."""

    code = "not_found"


class TakenDown(KhoError):
    """A short address names what was public once and no longer is."""

    code = "taken_down"


class MethodNotAllowed(KhoError):
    """The address exists but not for this method."""

    code = "method_not_allowed"


class Conflict(KhoError):
    """The act does not fit the present state."""

    code = "conflict"


class WrongState(KhoError):
    """A material's life does not allow this step; details: status (its Vietnamese name)."""

    code = "wrong_state"


class NotPublishable(KhoError):
    """Something is missing before submission or publication; `lacking` holds sentences by field."""

    code = "not_publishable"

    def __init__(self, lacking: dict[str, str]) -> None:
        super().__init__(reasons=" ".join(lacking.values()), fields=lacking)
        self.lacking = lacking


class WrongOffset(KhoError):
    """Bytes were sent for another position than the durable end; details: size."""

    code = "wrong_offset"


class UploadOver(KhoError):
    """The upload was given up or has expired: it takes no more bytes."""

    code = "upload_over"


class ClientSilent(KhoError):
    """A client that is to send bytes has sent none for too long."""

    code = "client_silent"


class ChecksumMismatch(KhoError):
    """Bytes are not those that their checksum was made of; none of them counts."""

    code = "checksum_mismatch"


class UnsupportedTusVersion(KhoError):
    """A client speaks another version of tus; details: version (ours)."""

    code = "tus_version"


class UnsupportedMediaType(KhoError):
    """A body has another Content-Type than it must have; details: wanted."""

    code = "unsupported_media_type"


class EditConflict(KhoError):
    """`If-Match` names a revision that is no longer current."""

    code = "edit_conflict"


class TooLarge(KhoError):
    """More bytes than allowed or declared; details: limit (readable)."""

    code = "too_large"


class AccountFull(KhoError):
    """An account's quota has no room for a file; details: used, limit, size (readable).

    413 and not 507: the server could store it, and repeating the request would not help.
    """

    code = "account_full"


class OrganizationFull(KhoError):
    """The same for the quota of an organization."""

    code = "organization_full"


class RangeNotSatisfiable(KhoError):
    """The first byte asked for lies beyond the end; details: size."""

    code = "range_not_satisfiable"


class IdempotencyMismatch(KhoError):
    """An `Idempotency-Key` came back with another declaration."""

    code = "idempotency_mismatch"


class Busy(KhoError):
    """Another request is appending to the same upload."""

    code = "busy"


class PreconditionRequired(KhoError):
    """An edit came without `If-Match`."""

    code = "precondition_required"


class TooManyRequests(KhoError):
    """A limit of tries was passed; details may hold retry_after (seconds)."""

    code = "too_many_requests"


class FileRejected(KhoError):
    """A file is not taken; `verdict` is a stable code, `reason` the Vietnamese sentence for it."""

    code = "file_rejected"

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(verdict=verdict, reason=reason)
        self.verdict = verdict
        self.reason = reason


class BackupRefused(KhoError):
    """A backup is not whole, or there is no room for it; `reason` is a Vietnamese sentence."""

    code = "backup_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class StorageUnavailable(KhoError):
    """The object storage does not answer, or not in time."""

    code = "storage_unavailable"


class StorageFull(KhoError):
    """No room is left for bytes."""

    code = "storage_full"


class FileDamaged(KhoError):
    """The stored bytes are not the ones that were sent, or are gone: nobody is handed others."""

    code = "file_damaged"


class InspectionUnavailable(KhoError):
    """The confined child cannot be started; nothing can be said about any file, nor is refused.

    Why is in the exception's note, for the log.
    """

    code = "inspection_unavailable"


class FileQuarantined(KhoError):
    """A threat was found in the bytes of a file: nobody is handed them until somebody decides.

    423 and not 410: it may be let pass, and no copy of the answer is to be kept.
    """

    code = "file_quarantined"


class ScannerUnavailable(KhoError):
    """The virus scanner that is configured does not answer: nothing is let past it."""

    code = "scanner_unavailable"


class SearchUnavailable(KhoError):
    """The search engine does not answer, or not in time."""

    code = "search_unavailable"


class DatabaseUnavailable(KhoError):
    """The database does not answer, or not in time."""

    code = "database_unavailable"
