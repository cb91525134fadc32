"""The licences a contributor can choose from, with what each means in plain words."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class License:
    """One licence: `url` is the text's own address, `summary` one plain Vietnamese sentence."""

    code: str
    label: str
    summary: str
    url: str | None


LICENSES: Final[dict[str, License]] = {
    license.code: license
    for license in (
        License(
            "cc-by-4.0",
            "CC BY 4.0",
            "Được dùng, sửa và chia sẻ lại, kể cả mục đích thương mại, miễn là ghi tên tác giả.",
            "https://creativecommons.org/licenses/by/4.0/deed.vi",
        ),
        License(
            "cc-by-sa-4.0",
            "CC BY-SA 4.0",
            "Như CC BY, và bản sửa đổi phải được chia sẻ lại theo đúng giấy phép này.",
            "https://creativecommons.org/licenses/by-sa/4.0/deed.vi",
        ),
        License(
            "cc-by-nc-4.0",
            "CC BY-NC 4.0",
            "Được dùng, sửa và chia sẻ lại cho mục đích phi thương mại, miễn là ghi tên tác giả.",
            "https://creativecommons.org/licenses/by-nc/4.0/deed.vi",
        ),
        License(
            "cc-by-nc-sa-4.0",
            "CC BY-NC-SA 4.0",
            "Phi thương mại, ghi tên tác giả, bản sửa đổi giữ nguyên giấy phép này.",
            "https://creativecommons.org/licenses/by-nc-sa/4.0/deed.vi",
        ),
        License(
            "cc-by-nd-4.0",
            "CC BY-ND 4.0",
            "Được chia sẻ nguyên vẹn, kể cả thương mại, không được phát hành bản sửa đổi.",
            "https://creativecommons.org/licenses/by-nd/4.0/deed.vi",
        ),
        License(
            "cc0-1.0",
            "CC0 1.0",
            "Tác giả từ bỏ mọi quyền có thể từ bỏ: ai cũng được dùng tự do, không cần ghi tên.",
            "https://creativecommons.org/publicdomain/zero/1.0/deed.vi",
        ),
        License(
            "internal",
            "Dùng trong ngành",
            "Giáo viên và học sinh được xem, tải và dùng để dạy học; không đăng lại nơi khác.",
            None,
        ),
        License(
            "public-domain",
            "Thuộc về công chúng",
            "Tác phẩm đã hết thời hạn bảo hộ hoặc là văn bản không được bảo hộ quyền tác giả.",
            None,
        ),
    )
}

_CC_ADDRESS: Final = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/([0-9.]+)?"
)
_CC_NAME: Final = re.compile(
    r"\bcc[ -]?(?P<parts>by(?:[ -](?:nc|nd|sa))*)[ -]+(?:v(?:ersion)? ?)?(?P<version>[0-9]\.[0-9])"
)
_CC0: Final = re.compile(r"\bcc ?0\b|\bcc[ -]zero\b")
_PUBLIC: Final = re.compile(r"\bpublic domain\b|\bpublicdomain\b|\bcc[ -]pdm\b")


def license_named(statement: str) -> str | None:
    """The code of the licence that a statement of rights names, None for every other statement.

    Addresses and usual names of Creative Commons are understood. Another version than ours is
    another licence ("CC BY 3.0" is none of ours), a name without version says too little, and a
    statement that names two names none.
    """
    text = statement.lower().replace("_", "-")
    found = {f"cc-{parts}-{version}" for parts, version in _CC_ADDRESS.findall(text)}
    found |= {
        f"cc-{name['parts'].replace(' ', '-')}-{name['version']}"
        for name in _CC_NAME.finditer(text)
    }
    if _CC0.search(text) or any(code.startswith("cc-zero") for code in found):
        found = {code for code in found if not code.startswith("cc-zero")} | {"cc0-1.0"}
    if any(code.startswith(("cc-mark", "cc-publicdomain")) for code in found) or (
        not found and _PUBLIC.search(text)
    ):
        found = {"public-domain"}
    return next(iter(found)) if len(found) == 1 and found <= set(LICENSES) else None
