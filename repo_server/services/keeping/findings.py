"""What `kho verify` can find, with the sentence that an operator reads."""

from dataclasses import dataclass
from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "F1": "Mất tệp gốc trong kho",
    "F2": "Tệp gốc sai kích thước hoặc mã kiểm tra",
    "F3": "Tệp trong kho không ai dùng",
    "F4": "Tệp tạm còn sót",
    "F5": "Học liệu chưa có trong máy tìm kiếm",
    "F6": "Máy tìm kiếm còn giữ học liệu không được hiện",
    "F7": "Máy tìm kiếm giữ bản cũ",
    "F8": "Mất ảnh xem trước",
    "F9": "Trùng mã lẽ ra chỉ có một",
    "F10": "Nhật kí bị đứt hoặc bị sửa",
    "F11": "Phiên bản nhắc tới tệp không còn",
    "F12": "Số đếm dung lượng đã dùng sai",
    "F13": "Tệp bị cách li không còn đủ dữ liệu",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `what` names it (hash, material, upload, index)."""

    code: str
    what: str
    repaired: bool = False
