"""A scanner of QR codes that is not of our making: what a phone would read in a picture."""

import io

import zxingcpp
from PIL import Image


def scanned(picture: bytes) -> list[str]:
    """The text of every QR code in a PNG, sorted."""
    with Image.open(io.BytesIO(picture)) as image:
        found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    return sorted(code.text for code in found if code.valid)
