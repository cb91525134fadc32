"""How a material is taken along and passed on: its archive, its short address, its QR code."""

from msgspec import Struct

from repo_server.routes.addresses import site_origin
from repo_server.routes.pages.rendering import HtmlRequest
from repo_server.services.cards import Card
from repo_server.services.codes import short_path, typed_address


class Sharing(Struct, frozen=True):
    """Addresses of one material; `zip_url` is None where one file is all there is.

    `short_label` is the short address as people type it, without "https://".
    """

    short_url: str
    short_label: str
    qr_svg_url: str
    qr_png_url: str
    print_url: str
    zip_url: str | None


def sharing_of(request: HtmlRequest, card: Card) -> Sharing:
    """The addresses of a material, whole where they leave the screen."""
    api = f"/api/materials/{card.id}"
    origin = site_origin(request)
    return Sharing(
        short_url=f"{origin}{short_path(card.code)}",
        short_label=typed_address(origin, card.code),
        qr_svg_url=f"{api}/qr.svg",
        qr_png_url=f"{api}/qr.png",
        print_url=f"{card.url}/in",
        zip_url=f"{api}/zip" if card.file_count > 1 else None,
    )
