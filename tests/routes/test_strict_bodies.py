"""A number in a JSON body is a number: at every route, in every field."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from repo_server.domain.access import Role
from tests.routes.houses import House, error_of

LEAST = 15
"""How many there are at least, so that a walk that finds none is noticed."""


def numbers_in(declared: inspect.Type) -> Iterator[tuple[str, Any]]:
    """(where msgspec says it is, a body that holds a number as text there), for each number."""
    if isinstance(declared, inspect.Metadata):
        yield from numbers_in(declared.type)
    elif isinstance(declared, inspect.UnionType):
        yield from chain.from_iterable(map(numbers_in, declared.types))
    elif isinstance(declared, inspect.IntType | inspect.FloatType):
        yield "", "5"
    elif isinstance(declared, inspect.VarTupleType | inspect.ListType):
        yield from ((f"[0]{place}", [body]) for place, body in numbers_in(declared.item_type))
    elif isinstance(declared, inspect.StructType):
        yield from chain.from_iterable(map(numbers_in_field, declared.fields))


def numbers_in_field(field: inspect.Field) -> Iterator[tuple[str, Any]]:
    name = field.encode_name
    yield from ((f".{name}{place}", {name: body}) for place, body in numbers_in(field.type))


def walked(app: Litestar) -> Iterator[tuple[str, str, str, Any]]:
    """(method, address, field, body) for each number that any route reads from JSON."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or handler.parsed_data_field is None:
                continue
            address = "/".join(
                "1" if "{" in part else part for part in route.path_format.split("/")
            )
            declared = inspect.type_info(handler.parsed_data_field.annotation)
            for method in handler.http_methods:
                for place, body in numbers_in(declared):
                    yield str(method), address, place.removeprefix("."), body


def test_a_number_that_comes_as_text_is_refused_everywhere(lasting_house: House) -> None:
    admin = lasting_house.visitor(Role.ADMIN)
    asked = 0
    for method, address, field, body in walked(lasting_house.app):
        answer = admin.ask(method, address, json_body=body, headers={"if-match": '"1"'})
        assert answer.status == 400, (method, address, body, answer.body)
        error = error_of(answer)
        assert error["details"] == {"field": field, "reason": "không đúng kiểu dữ liệu."}
        asked += 1
    assert asked >= LEAST


@pytest.mark.parametrize("number", ["5", 5.5, True, "", [5], {"5": 5}])
def test_what_is_no_whole_number_is_no_size(lasting_house: House, number: object) -> None:
    teacher = lasting_house.visitor()
    body = {"name": "Bài 1.txt", "size": number}
    assert error_of(teacher.ask("POST", "/api/uploads", json_body=body))["details"]["field"] == (
        "size"
    )


def test_a_number_that_is_one_is_taken(lasting_house: House) -> None:
    teacher = lasting_house.visitor()
    answer = teacher.ask("POST", "/api/uploads", json_body={"name": "Bài 1.txt", "size": 5})
    assert (answer.status, msgspec.json.decode(answer.body)["size"]) == (201, 5)
