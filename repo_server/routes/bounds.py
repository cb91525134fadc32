"""Bounded types: no integer, string or list of a request is without a limit."""

from typing import Annotated, Final

from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

MAX_ID: Final = 2**63 - 1

SmallId = Annotated[int, Meta(ge=1, le=MAX_ID)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

PathId = Annotated[int, PathParameter(ge=1, le=MAX_ID)]
PathCode = Annotated[str, PathParameter(max_length=120)]
PageNumber = Annotated[int, QueryParameter(ge=1, le=10_000)]
