"""The markup of lessons."""

from repo_server.samples.markup import (
    Answers,
    Heading,
    Items,
    Note,
    Paragraph,
    Picture,
    Question,
    Run,
    Table,
    arrange_answers,
    plain,
    read_blocks,
    runs,
)

BODY = """
# Trang đầu
Một đoạn **đậm** văn.
- một
- hai
1. thứ nhất
| A | B |
| 1 | |
? Hai cộng hai?
A. 3   B. 4
= B
= vì 2 + 2 = 4
? Thủ đô nước ta?
= Hà Nội
> Ghi chú
!hinh Chú thích hình
"""


def test_every_kind_of_line_becomes_its_block() -> None:
    assert read_blocks(BODY) == (
        Heading(1, "Trang đầu"),
        Paragraph("Một đoạn **đậm** văn."),
        Items(("một", "hai")),
        Items(("thứ nhất",), ordered=True),
        Table((("A", "B"), ("1", ""))),
        Question(1, ("Hai cộng hai?", "A. 3   B. 4"), "B vì 2 + 2 = 4"),
        Question(2, ("Thủ đô nước ta?",), "Hà Nội"),
        Note("Ghi chú"),
        Picture("hinh", "Chú thích hình"),
    )


def test_lines_without_a_gap_stay_together_as_one_verse() -> None:
    blocks = read_blocks("Dòng một\ndòng hai\n\nKhổ hai\n- mục")
    assert blocks == (Paragraph("Dòng một\ndòng hai"), Paragraph("Khổ hai"), Items(("mục",)))


def test_hidden_answers_are_nowhere_in_the_blocks() -> None:
    assert "Hà Nội" not in repr(arrange_answers(read_blocks(BODY), Answers.HIDDEN))


def test_answers_at_the_end_stand_in_one_table_below_a_heading() -> None:
    *_, heading, table = arrange_answers(read_blocks(BODY), Answers.END)
    assert heading == Heading(2, "Đáp án và gợi ý")
    assert isinstance(table, Table)
    assert table.rows[1:] == (("Câu 1", "B vì 2 + 2 = 4"), ("Câu 2", "Hà Nội"))


def test_an_answer_key_is_the_table_alone() -> None:
    (table,) = arrange_answers(read_blocks(BODY), Answers.ONLY)
    assert isinstance(table, Table)


def test_faces_are_read_and_lonely_asterisks_stay() -> None:
    assert runs("a **b** *c*") == (
        Run("a "),
        Run("b", bold=True),
        Run(" "),
        Run("c", italic=True),
    )
    assert plain("n = n * 2 và 7 * i") == "n = n * 2 và 7 * i"
