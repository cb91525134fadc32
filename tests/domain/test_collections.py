"""The arithmetic of a collection's order: nothing is lost, whatever is moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.collections import (
    Order,
    Shelf,
    moved,
    order_of,
    place_of,
    section_stepped,
    stepped,
    without_section,
)

# Items 1 and 2 before the first heading; 3, 4, 5 under section 10; none under 20; 6 under 30.
ORDER: Order = (
    Shelf(None, (1, 2)),
    Shelf(10, (3, 4, 5)),
    Shelf(20),
    Shelf(30, (6,)),
)


def shown(order: Order) -> str:
    return " | ".join("".join(map(str, shelf.items)) for shelf in order)


def test_an_order_is_read_from_sections_and_items() -> None:
    items = ((1, None), (2, None), (3, 10), (4, 10), (5, 10), (6, 30))
    assert order_of((10, 20, 30), items) == ORDER
    assert order_of((), ()) == (Shelf(None),)


def test_an_item_is_found_where_it_stands() -> None:
    assert place_of(ORDER, 4) == (1, 1)
    assert place_of(ORDER, 99) is None


@pytest.mark.parametrize(
    ("item", "section", "position", "expected"),
    [
        (6, 10, 3, "12 | 3465 |  | "),
        (6, 10, 1, "12 | 6345 |  | "),
        (6, 10, 99, "12 | 3456 |  | "),
        (3, 10, 3, "12 | 453 |  | 6"),
        (5, 10, 1, "12 | 534 |  | 6"),
        (3, None, 2, "132 | 45 |  | 6"),
        (1, 20, 1, "2 | 345 | 1 | 6"),
        (1, 20, 0, "2 | 345 | 1 | 6"),
        (1, 77, 1, "12 | 345 |  | 6"),
    ],
)
def test_an_item_goes_to_the_place_named(
    item: int, section: int | None, position: int, expected: str
) -> None:
    assert shown(moved(ORDER, item, section, position)) == expected


@pytest.mark.parametrize(
    ("item", "step", "expected"),
    [
        (4, -1, "12 | 435 |  | 6"),
        (4, 1, "12 | 354 |  | 6"),
        (3, -1, "123 | 45 |  | 6"),
        (2, 1, "1 | 2345 |  | 6"),
        (5, 1, "12 | 34 | 5 | 6"),
        (6, -1, "12 | 345 | 6 | "),
        (1, -1, "12 | 345 |  | 6"),
        (6, 1, "12 | 345 |  | 6"),
        (99, 1, "12 | 345 |  | 6"),
    ],
)
def test_a_step_goes_over_the_edge_of_a_section(item: int, step: int, expected: str) -> None:
    assert shown(stepped(ORDER, item, step)) == expected


def test_a_section_moves_with_what_is_under_it_and_never_before_the_first_shelf() -> None:
    assert shown(section_stepped(ORDER, 30, -1)) == "12 | 345 | 6 | "
    assert shown(section_stepped(ORDER, 10, 1)) == "12 |  | 345 | 6"
    for section, step in ((10, -1), (30, 1), (77, 1)):
        assert section_stepped(ORDER, section, step) == ORDER


def test_what_stood_under_a_heading_that_is_taken_away_stays() -> None:
    assert shown(without_section(ORDER, 10)) == "12345 |  | 6"
    assert shown(without_section(ORDER, 30)) == "12 | 345 | 6"
    assert without_section(ORDER, 77) == ORDER


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "step", "section", "without"]),
            st.integers(1, 6),
            st.sampled_from([None, 10, 20, 30]),
            st.integers(-2, 9),
        ),
        max_size=30,
    )
)
def test_no_row_of_moves_loses_or_doubles_an_item(
    acts: list[tuple[str, int, int | None, int]],
) -> None:
    order = ORDER
    for act, item, section, number in acts:
        if act == "move":
            order = moved(order, item, section, number)
        elif act == "step":
            order = stepped(order, item, 1 if number > 0 else -1)
        elif section is not None and act == "section":
            order = section_stepped(order, section, 1 if number > 0 else -1)
        elif section is not None:
            order = without_section(order, section)
    assert order[0].section is None
    assert sorted(item for shelf in order for item in shelf.items) == [1, 2, 3, 4, 5, 6]
