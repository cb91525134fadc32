import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.storage.disposition import content_disposition


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("a.pdf", "a.pdf", "a.pdf"),
        ("Đề thi.docx", "De thi.docx", "%C4%90%E1%BB%81%20thi.docx"),
        ("Đề thi.docx", "De thi.docx", "%C4%90%E1%BB%81%20thi.docx"),  # NFD
        ('a"b\\c/d.txt', "a_bcd.txt", "a%22bcd.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt", "aSet-Cookie%3A%20x.txt"),
        ("100%.txt", "100_.txt", "100%25.txt"),
        ("abc\u202etxt.exe", "abctxt.exe", "abctxt.exe"),  # turns the direction of writing
        ("漢字.txt", "__.txt", "%E6%BC%A2%E5%AD%97.txt"),
        ("..", "tep", "tep"),
        ("", "tep", "tep"),
        ("\ud800", "tep", "tep"),
    ],
)
def test_names(name: str, plain: str, full: str) -> None:
    value = content_disposition(name, attachment=True)
    assert value == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"


def test_what_may_be_shown_in_place() -> None:
    assert content_disposition("a.png", attachment=False).startswith("inline; ")


@given(st.text(), st.booleans())
def test_any_name_makes_a_safe_header(name: str, attachment: bool) -> None:
    value = content_disposition(name, attachment=attachment)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert "/" not in value
    assert "\\" not in value
