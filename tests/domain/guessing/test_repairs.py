"""Text of other encodings: mended where safe, otherwise nothing is guessed from it."""

import pytest

from repo_server.domain.guessing.repairs import repaired


@pytest.mark.parametrize(
    ("garbled", "meant"),
    [
        ("Gi¸o ¸n To¸n 6 §Ò kiÓm tra", "Giáo án Toán 6 Đề kiểm tra"),  # TCVN3
        ("GiÃ¡o Ã¡n ToÃ¡n 6", "Giáo án Toán 6"),  # UTF-8 read as Windows-1252
        ("Giaùo aùn Toaùn 6 hoïc kyø", None),  # VNI
        ("Giáo án hoà toà", "Giáo án hoà toà"),
        ("À la recherche du temps perdu; élève", "À la recherche du temps perdu; élève"),
        ("Öffnen für Anfänger", "Öffnen für Anfänger"),
        ("5 µm, 20 °C, © 2024", "5 µm, 20 °C, © 2024"),
        ("", ""),
    ],
)
def test_what_is_garbled_is_mended_or_given_up(garbled: str, meant: str | None) -> None:
    assert repaired(garbled) == meant
