"""Languages by plain signs only."""

import pytest

from repo_server.domain.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Muốn cộng hai phân số cùng mẫu, ta cộng các tử và giữ nguyên mẫu.", "vi"),
        (
            "cac em hoc sinh doc bai va tra loi cau hoi trong sach, khong duoc su dung may tinh",
            "vi",
        ),
        ("The water cycle is the path that all water follows as it moves around the Earth.", "en"),
        ("Le renard est dans la forêt avec les enfants et une pomme pour la route.", "fr"),
        ("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。", "zh"),
        ("わたしはがくせいです。まいにちがっこうへいきます。", "ja"),
        ("저는 학생입니다. 매일 학교에 가서 공부를 합니다. 오늘은 즐거운 날", "ko"),
        ("សួស្តី ខ្ញុំជាសិស្ស ខ្ញុំទៅសាលារៀនរាល់ថ្ងៃ ជាមួយមិត្តភក្តិ", "km"),
        ("Ọmọ náà lọ sí ilé ẹ̀kọ́ ní ọjọ́ kejì, ó sì rí àwọn ọ̀rẹ́ rẹ̀ níbẹ̀.", None),
        ("Der Hund läuft schnell über die Straße und sucht seinen Ball.", None),
        ("x = 2y + 3; 4 < 5", None),
        ("", None),
    ],
)
def test_a_language_is_told_where_it_shows(text: str, language: str | None) -> None:
    assert language_of(text) == language
