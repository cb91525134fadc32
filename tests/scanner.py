"""A scanner of QR codes that is not of our making: what a phone would read in a picture."""

import io

import zxingcpp
from PIL import Image


def scanned(picture: bytes) -> list[str]:
    """The text of every QR code in a PNG, sorted; the scanner looks twice, once from nearer."""
    with Image.open(io.BytesIO(picture)) as image:
        far = image.convert("L")
    near = far.resize((far.width * 2, far.height * 2))
    codes = [
        code
        for seen in (far, near)
        for code in zxingcpp.read_barcodes(seen, formats=zxingcpp.BarcodeFormat.QRCode)
    ]
    return sorted({code.text for code in codes if code.valid})
