"""How many files with data of pupils are noticed, and how many lessons are taken for such files.

Made-up files, half of them with one kind of data in one of the ways that schools write it, half
lessons full of numbers. The rules were written beside other examples (`tests/domain`).
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from bench.tables import Row
from bench.workshop import Workshop
from repo_server.domain.personal import PersonalData, sights

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương")
_MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Gia", "Hoài", "Đức", "Khánh", "Thanh")
_GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khôi", "Linh", "My", "Phúc", "Trâm", "Uyên")
_PROVINCES = ("001", "025", "031", "038", "048", "052", "068", "079", "092", "096")
_NETWORKS = ("032", "038", "056", "070", "079", "083", "088", "090", "091", "097")


def measure(shop: Workshop) -> list[Row]:
    """Recall by kind, and how many lessons were taken for data of people."""
    dice = random.Random(20260901)
    count = shop.size(400, 40)
    rows, spent, size = [], 0.0, 0
    wrong: Counter[PersonalData] = Counter()
    for kind, make in _MAKERS.items():
        noticed = 0
        for _ in range(count):
            text = f"{_lesson(dice)}\n{make(dice)}\n{_lesson(dice)}"
            began = time.process_time()
            found = {sight.kind for sight in sights([("Trang 1", text)])}
            spent, size = spent + time.process_time() - began, size + len(text)
            noticed += kind in found
            wrong.update(found - {kind})
        share = noticed / count
        rows.append(Row(f"{kind.value}: noticed", share, at_least=0.95, note=f"of {count} files"))
    lessons = 10 * count
    taken = sum(bool(sights([("Trang 1", _lesson(dice))])) for _ in range(lessons))
    share = taken / lessons
    rows.append(Row("lessons taken for people", share, at_most=0.01, note=f"of {lessons} lessons"))
    right = count * len(_MAKERS)
    rows.append(Row("kinds told that were not there", wrong.total() / right, at_most=0.02))
    rows.append(Row("reading a million characters", 1e6 * spent / size, "s", at_most=1.5))
    return rows


def _lesson(dice: random.Random) -> str:
    """Exercises with large numbers, decimals, points, dates of history and citations."""
    lines = [
        f"Bài {number}. {dice.choice(_EXERCISES)(dice)}" for number in range(1, dice.randint(6, 30))
    ]
    return "\n".join(lines)


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


_EXERCISES: Sequence[Callable[[random.Random], str]] = (
    lambda d: f"Tính {d.randint(1, 10**9)} + {d.randint(1, 10**12)} rồi so sánh.",
    lambda d: f"Làm tròn 0,{_digits(d, 9)} và 3,{_digits(d, 12)} đến hàng phần trăm.",
    lambda d: f"Đọc số {d.randint(1, 999)} {_digits(d, 3)} {_digits(d, 3)} {_digits(d, 3)}.",
    lambda d: f"Cho điểm A({d.randint(0, 9)}; {d.randint(0, 9)}) và B(3; 4) trên mặt phẳng.",
    lambda d: f"Nguyễn Trãi sinh năm 1380; trận Bạch Đằng {d.randint(900, 1300)}.",
    lambda d: f"Theo Thông tư {d.randint(1, 40)}/2018/TT-BGDĐT ngày {d.randint(1, 28)}/12/2018.",
    lambda d: f"Dãy 1 2 3 5 8 13 21 34 và {d.randint(10, 99)} {d.randint(10, 99)} có quy luật gì?",
    lambda d: f"Dân số năm 2024 là {d.randint(90, 110)}.{_digits(d, 3)}.{_digits(d, 3)} người.",
    lambda d: f"ISBN 978-604-0-{_digits(d, 5)}-{_digits(d, 1)}, giá {d.randint(10, 99)}.000 đồng.",
)


def _name(dice: random.Random) -> str:
    name = f"{dice.choice(_SURNAMES)} {dice.choice(_MIDDLE)} {dice.choice(_GIVEN)}"
    return name.upper() if dice.random() < 0.2 else name


def _rows(dice: random.Random, cells: Callable[[], Sequence[str]]) -> str:
    between = dice.choice((" | ", "\t", "\n", "  "))
    return "\n".join(between.join((str(number), _name(dice), *cells())) for number in range(1, 36))


def _identity(dice: random.Random) -> str:
    number = (
        f"{dice.choice(_PROVINCES)}{dice.choice('23')}{dice.randint(8, 19):02}{_digits(dice, 6)}"
    )
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    return (
        f"{dice.choice(('Mã định danh', 'CCCD', 'Số căn cước'))}: {dice.choice((number, spaced))}"
    )


def _phone(dice: random.Random) -> str:
    network, rest = dice.choice(_NETWORKS), _digits(dice, 7)
    shown = (
        network + rest,
        f"{network}{rest[0]} {rest[1:4]} {rest[4:]}",
        f"{network}{rest[0]}.{rest[1:4]}.{rest[4:]}",
        f"{network} {rest[:3]} {rest[3:]}",
        f"+84{network[1:]}{rest}",
    )
    return f"{dice.choice(('ĐT', 'Liên hệ', 'Số máy của mẹ'))}: {dice.choice(shown)}"


def _births(dice: random.Random) -> str:
    mark = dice.choice("/-.")

    def cells() -> Sequence[str]:
        day = mark.join((f"{dice.randint(1, 28):02}", f"{dice.randint(1, 12):02}", "2014"))
        return (dice.choice(("Nam", "Nữ")), day) if sex else (day,)

    sex = dice.random() < 0.5
    return f"DANH SÁCH HỌC SINH\n{_rows(dice, cells)}"


def _marks(dice: random.Random) -> str:
    def cells() -> Sequence[str]:
        return [f"{dice.randint(8, 40) / 4:g}".replace(".", ",") for _ in range(4)]

    return f"{dice.choice(('BẢNG ĐIỂM', 'Sổ điểm', 'Điểm giữa kì I'))}\n{_rows(dice, cells)}"


_MAKERS: dict[PersonalData, Callable[[random.Random], str]] = {
    PersonalData.IDENTITY: _identity,
    PersonalData.INSURANCE: lambda d: f"Thẻ BHYT: HS4{_digits(d, 12)}",
    PersonalData.PHONE: _phone,
    PersonalData.EMAIL: lambda d: f"Gửi bài về lop{d.randint(1, 12)}a@thcs-tdn.edu.vn nhé.",
    PersonalData.BIRTH_DATES: _births,
    PersonalData.MARKS: _marks,
}
