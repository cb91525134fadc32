"""The page that goes with every bundle: whose work it is and what others may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from repo_server.domain.licenses import License

# Vietnam keeps one time zone without summer time.
_VIETNAM: Final = timezone(timedelta(hours=7))
_RULE: Final = "-" * 60


@dataclass(frozen=True, slots=True)
class AttributedFile:
    """A file of the bundle under its name there; `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the page says. `url` is the material's lasting address, `moment` its publication."""

    title: str
    author: str
    organization: str | None
    license: License | None
    url: str
    moment: datetime
    files: Sequence[AttributedFile]


def attribution_text(said: Attribution) -> str:
    """Vietnamese plain text with lines that end as Windows expects; the same for the same input."""
    lines = [
        one_line(said.title),
        "",
        f"Tác giả / người đóng góp: {one_line(said.author)}",
        *([f"Đơn vị: {one_line(said.organization)}"] if said.organization else []),
        f"Địa chỉ lâu dài: {said.url}",
        f"Ngày: {said.moment.astimezone(_VIETNAM):%d/%m/%Y}",
        "",
        *_license(said.license),
        "",
        "Cách ghi công khi dùng lại:",
        f"  “{one_line(said.title)}”, {_credit(said)}, {said.url}"
        + (f", giấy phép {said.license.label}" if said.license else ""),
        "",
        _RULE,
        "Các tệp trong gói (dung lượng tính bằng byte, mã kiểm tra SHA-256):",
        "",
    ]
    for file in said.files:
        lines += [one_line(file.name), f"  {file.size} byte", f"  {file.sha256}", ""]
    return "\r\n".join(lines)


def _license(license: License | None) -> list[str]:
    if license is None:
        return ["Giấy phép: chưa chọn, nên chưa được dùng lại hoặc chia sẻ tiếp."]
    lines = [f"Giấy phép: {license.label}", f"  {license.summary}"]
    return [*lines, f"  {license.url}"] if license.url else lines


def _credit(said: Attribution) -> str:
    parts = (said.author, said.organization)
    return ", ".join(one_line(part) for part in parts if part)


def one_line(text: str) -> str:
    """`text` without line breaks, so that nobody's title can add lines of its own."""
    return " ".join(text.split())
