"""What counts as data of a person, what does not, and that no example shows it."""

import pytest

from repo_server.domain.personal import SIGHTS_LIMIT, PersonalData, Sight, sights

LIST = """DANH SÁCH LỚP 6A
STT | Họ và tên | Giới tính | Ngày sinh
1 | Nguyễn Văn An | Nam | 03/09/2014
2 | Trần Thị Bích Ngọc | Nữ | 12/1/2014
3 | LÊ HOÀNG CƯỜNG | Nam | 28-11-2014
"""
MARKS = "Bảng điểm học kì I\n" + "\n".join(
    f"{number}\t{name}\t8\t7,5\t9"
    for number, name in enumerate(["Nguyễn Văn An", "Trần Thị Bình", "Phạm Minh Đức"], 1)
)


def kinds(text: str) -> list[str]:
    return [sight.kind.value for sight in sights([("Trang 1", text)])]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("identity", "Số định danh cá nhân: 001214012345"),
        ("identity", "CCCD 079 203 004567"),
        ("identity", "079 1 82 chưa đủ, nhưng 0791 8200 4567 thì đủ"),
        ("identity", "CMND số: 012345678"),
        ("identity", "giấy chứng minh nhân dân 012 345 678"),
        ("insurance", "Mã thẻ HS4010123456789"),
        ("insurance", "Mã số BHXH: 0123456789"),
        ("phone", "ĐT phụ huynh: 0912 345 679"),
        ("phone", "gọi 0387.654.312."),
        ("phone", "mẹ: 0356789012, bố: 0356789013"),
        ("phone", "(+84 912 345 679)"),
        ("phone", "+84903456712"),
        ("email", "gửi bài về co.lan@thcs-tdn.edu.vn"),
        ("birth_dates", LIST),
        ("birth_dates", LIST.replace(" | ", "\n")),
        ("marks", MARKS),
    ],
)
def test_data_of_people_is_seen(kind: str, text: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Tính 123 456 789 012 + 987 654 321 098 rồi làm tròn đến hàng nghìn.",
        "π ≈ 3,141592653589; √2 ≈ 1,41421356237; 0,912345678",
        "Sắp xếp: 912345678; 012345678; 100000000; 0987654321",
        "Số 999214012345 không có mã tỉnh; 001914012345 không có thế kỉ.",
        "0912345679123 và 40912345679",
        "ISBN 978-604-0-12345-6; QĐ số 16/2018/TT-BGDĐT ngày 26/12/2018",
        "Nguyễn Du (3/1/1766), Hồ Xuân Hương, Nguyễn Trãi (1380 - 1442)",
        "Võ Nguyên Giáp 25/08/1911 | Trần Phú 01/05/1904 | Lê Duẩn 07/04/1907",
        "Nguyễn Nhật Ánh sinh ngày 07/05/1955",
        "Đội hình: Nguyễn Văn A 1 2, Trần Văn B 3 4, Lê Văn C 5 6",
        "Mỗi điểm A, B, C nằm trên đường thẳng d. Điểm M chia đoạn thẳng theo tỉ số 2 3.",
        "@media screen; giá 5@kg; a@b",
        "",
    ],
)
def test_lessons_are_not_taken_for_people(text: str) -> None:
    assert kinds(text) == []


def test_an_example_shows_nobody() -> None:
    text = f"CCCD 001214012345, ĐT 0912345679, thẻ HS4010123456789, a.b@c.vn\n{LIST}\n{MARKS}"
    found = sights([("Trang 4", text)])

    assert found == [
        Sight(PersonalData.IDENTITY, "Trang 4", 1, "001•••••••45"),
        Sight(PersonalData.INSURANCE, "Trang 4", 1, "HS4••••••••••89"),
        Sight(PersonalData.PHONE, "Trang 4", 1, "091•••••79"),
        Sight(PersonalData.EMAIL, "Trang 4", 1, ""),
        Sight(PersonalData.BIRTH_DATES, "Trang 4", 3, "N. V. A."),
        Sight(PersonalData.MARKS, "Trang 4", 3, "N. V. A."),
    ]


def test_the_same_number_counts_once_and_places_are_bounded() -> None:
    twice = "0912345679 và 0912 345 679 và +84 912 345 679"
    assert sights([("Trang 1", twice)])[0].count == 1
    many = [(f"Trang {page}", f"ĐT 09{page:08}") for page in range(10_001, 10_100)]
    assert len(sights(many)) == SIGHTS_LIMIT


def test_long_texts_take_little_time() -> None:
    hostile = "Nguyễn Văn " * 20_000 + "1 " * 50_000 + "điểm " + "0" * 100_000 + "a@" * 50_000
    assert sights([("Trang 1", hostile)]) == []
