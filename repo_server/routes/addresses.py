"""Addresses of this site that are written out whole, for print, QR codes and archives."""

import re
from typing import Final

from repo_server.domain.errors import BadRequest
from repo_server.routes.errors import AnyRequest

_HOST: Final = re.compile(
    r"[A-Za-z0-9._-]{1,255}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?"
)


def site_origin(request: AnyRequest) -> str:
    """The public address that is set ("https://kho.example.vn"), else the host of the request.

    BadRequest when that host is no name that could stand in an address.
    """
    origins: tuple[str, ...] = request.app.state.http.origins
    if origins:
        return origins[0]
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host) is None:
        raise BadRequest(reason="host")
    return f"{request.scope['scheme']}://{host}"
