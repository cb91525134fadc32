"""The page on licence and authors that goes with a bundle."""

from dataclasses import replace
from datetime import UTC, datetime

from repo_server.domain.licenses import LICENSES
from repo_server.exchange.attribution import AttributedFile, Attribution, attribution_text

SHA256 = "ab" * 32
SAID = Attribution(
    title="Cộng hai phân số",
    author="Nguyễn Thị Lan",
    organization="Trường THCS Nguyễn Du",
    license=LICENSES["cc-by-4.0"],
    url="https://kho.example.vn/c/k7p4m0x",
    moment=datetime(2026, 9, 4, 18, 0, tzinfo=UTC),
    files=(AttributedFile("1. Kế hoạch bài dạy – Phân số.docx", 1234, SHA256),),
)


def test_it_says_whose_work_it_is_and_what_is_allowed() -> None:
    text = attribution_text(SAID)

    for said in (
        SAID.title,
        "Nguyễn Thị Lan",
        "Trường THCS Nguyễn Du",
        "CC BY 4.0",
        LICENSES["cc-by-4.0"].summary,
        "https://creativecommons.org/licenses/by/4.0/deed.vi",
        SAID.url,
        "05/09/2026",
        "1. Kế hoạch bài dạy – Phân số.docx",
        "1234 byte",
        SHA256,
    ):
        assert said in text, said


def test_lines_end_as_windows_expects() -> None:
    text = attribution_text(SAID)
    assert "\n" not in text.replace("\r\n", "")


def test_without_a_licence_nothing_is_allowed() -> None:
    text = attribution_text(replace(SAID, license=None, organization=None))
    assert "chưa chọn, nên chưa được dùng lại" in text
    assert "Đơn vị" not in text
    assert "None" not in text


def test_a_licence_without_an_address_is_told_without_one() -> None:
    text = attribution_text(replace(SAID, license=LICENSES["internal"]))
    assert "Dùng trong ngành" in text
    assert "None" not in text


def test_nobody_adds_lines_of_their_own() -> None:
    text = attribution_text(replace(SAID, title="Phân số\r\n\r\nGiấy phép: CC0", author="A\nB"))
    assert "\r\nGiấy phép: CC0" not in text
    assert "A B" in text
