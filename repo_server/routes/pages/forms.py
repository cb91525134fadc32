"""Reading HTML forms: bounded, repeatable fields, nothing trusted."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from repo_server.domain.errors import BadRequest
from repo_server.routes.pages.rendering import HtmlRequest

FORM_LIMIT: Final = 200_000
FIELDS_LIMIT: Final = 500


class Form:
    """The fields of a submitted form."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """The last value of a field; empty when it was not sent."""
        values = self._fields.get(name, ())
        return values[-1] if values else ""

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a repeated field, each once, without empty ones."""
        return tuple(dict.fromkeys(filter(None, self._fields.get(name, ()))))

    def numbers(self, name: str) -> tuple[int, ...]:
        """Those values that are whole numbers a database can hold."""
        return tuple(
            int(value)
            for value in self.many(name)
            if value.isascii() and value.isdigit() and len(value) <= 18
        )

    def number(self, name: str) -> int | None:
        """The value as a number; None when it is missing or none."""
        found = self.numbers(name)
        return found[-1] if found else None


async def provide_form(request: HtmlRequest) -> Form:
    """The URL-encoded form of this request; BadRequest for anything else."""
    if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        raise BadRequest
    body = await request.body()
    if len(body) > FORM_LIMIT:
        raise BadRequest
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_LIMIT,
        )
    except ValueError as error:
        raise BadRequest from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\x00" in value:
            raise BadRequest
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)
