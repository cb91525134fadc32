"""A typeface made by the test: every letter asked for is the same square."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

FACES = ("400Regular", "700Bold", "400Regular_Italic")


def write_typeface(folder: Path, letters: set[str]) -> None:
    """Three faces that `find_fonts` finds below `folder`, with a glyph for each letter."""
    names = {ord(letter): f"u{ord(letter):04X}" for letter in sorted(letters | {" "})}
    for face in FACES:
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder([".notdef", *names.values()])
        builder.setupCharacterMap(names)
        builder.setupGlyf({name: _square() for name in (".notdef", *names.values())})
        builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names.values()), (600, 50)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": "Test", "styleName": face})
        builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
        builder.setupPost()
        target = folder / "be-vietnam-pro" / face
        target.mkdir(parents=True)
        builder.save(target / f"BeVietnamPro_{face}.ttf")


def _square() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 500), (550, 500), (550, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()
