"""The collection of the sample library: its lessons as an editor would introduce them."""

from typing import Final

from sqlalchemy import select

from repo_server.database.models import Collection, Material
from repo_server.domain.materials import Status
from repo_server.services.collection_contents import (
    Contents,
    Placed,
    SectionContents,
    put_contents,
)
from repo_server.services.collections import (
    CollectionFields,
    create_collection,
    publish_collection,
)
from repo_server.services.library import Library
from repo_server.services.operators import SAMPLE_EDITOR, acting_for

TITLE: Final = "Toán mỗi ngày: từ phép cộng đến cấp số cộng"
_DESCRIPTION: Final = (
    "Chín bài Toán đi từ lớp 1 đến lớp 11, mỗi bài bắt đầu bằng một việc học sinh đã quen: gộp đồ "
    "vật, cắt bánh, đọc nhiệt độ, xếp hàng ghế.\n"
    "Thầy cô có thể dùng riêng từng bài, hoặc xem cả mạch để biết học sinh đã học gì trước đó."
)
_SECTIONS: Final = (
    (
        "Tiểu học: làm quen bằng đồ vật",
        "Học sinh cầm, xếp, cắt trước rồi mới viết phép tính.",
        (
            (
                "Phép cộng trong phạm vi 10: gộp lại thì được mấy?",
                "Chuẩn bị que tính hoặc nắp chai.",
            ),
            ("Bảng nhân 5: đếm theo bước chân và mặt đồng hồ", ""),
            ("Chu vi hình chữ nhật và hình vuông", "Dạy ngoài sân trường được."),
            ("Phân số bằng nhau: cắt bánh khéo, phần vẫn bằng", "Giấy tròn cắt sẵn thay cho bánh."),
        ),
    ),
    (
        "Trung học cơ sở: từ con số đến chữ",
        "Số âm, góc và chữ thay số: những chỗ học sinh hay vấp.",
        (
            ("Số nguyên âm và trục số", "Bắt đầu bằng bản tin thời tiết."),
            ("Tổng ba góc của một tam giác", "Xé ba góc rồi ghép lại trước khi chứng minh."),
            ("Bảy hằng đẳng thức đáng nhớ qua hình vẽ", ""),
        ),
    ),
    (
        "Trung học phổ thông: số liệu và quy luật",
        "",
        (
            ("Các số đặc trưng của mẫu số liệu không ghép nhóm", "Lấy điểm của chính lớp mình."),
            ("Cấp số cộng: từ hàng ghế nhà hát đến tiền tiết kiệm", ""),
        ),
    ),
)


def add_sample_collection(library: Library) -> None:
    """Publish the collection of those sample lessons that are there; once, and never an empty one.

    Its owner is the editor of `operators.add_sample_accounts`.
    """
    titles = [title for _, _, lessons in _SECTIONS for title, _ in lessons]
    with library.database.read() as session:
        known = session.scalar(select(Collection.id).where(Collection.title == TITLE))
        found = session.execute(
            select(Material.title, Material.id).where(
                Material.title.in_(titles),
                Material.status == Status.PUBLISHED,
                Material.deleted_at.is_(None),
            )
        ).all()
    if known is not None or not found:
        return
    ids = {row[0]: row[1] for row in found}
    editor = acting_for(library, SAMPLE_EDITOR)
    made = create_collection(library, editor, CollectionFields(TITLE, _DESCRIPTION))
    sections = tuple(
        SectionContents(heading, note, _placed(lessons, ids))
        for heading, note, lessons in _SECTIONS
    )
    filled = put_contents(library, editor, made.id, made.rev, Contents(sections=sections))
    publish_collection(library, editor, made.id, filled.rev)


def _placed(lessons: tuple[tuple[str, str], ...], ids: dict[str, int]) -> tuple[Placed, ...]:
    return tuple(Placed(ids[title], note) for title, note in lessons if title in ids)
