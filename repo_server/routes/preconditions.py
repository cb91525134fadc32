"""`ETag` and `If-Match` of materials and collections: the revision in quotes."""

import re
from typing import Annotated

from litestar.params import HeaderParameter

from repo_server.domain.errors import EditConflict

_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def etag(rev: int) -> str:
    """The entity tag of a material at revision `rev`."""
    return f'"{rev}"'


def provide_revision(
    if_match: Annotated[str | None, HeaderParameter(name="If-Match", max_length=100)] = None,
) -> int | None:
    """The dependency `rev`: the revision that If-Match names; None when it is missing.

    A tag that is none of ours matches no revision: EditConflict.
    """
    if if_match is None:
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise EditConflict
    return int(match[1])
