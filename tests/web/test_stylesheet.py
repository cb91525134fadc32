"""The stylesheet's promises that can be computed: contrast, tokens, classes, what it loads."""

import re

import pytest

from tests.web.samples import PAGES, TEMPLATES, WEB, render

STYLE = (WEB / "static" / "kho.css").read_text("utf-8")
# with the sheets of single pages
STYLES = "\n".join(path.read_text("utf-8") for path in sorted((WEB / "static").glob("*.css")))
SCRIPTS = "\n".join(path.read_text("utf-8") for path in (WEB / "static").rglob("*.js"))
AA_TEXT = 4.5
AA_OUTLINE = 3.0

# what is written on what
PAIRS = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "sunken"),
    ("soft", "paper"),
    ("soft", "surface"),
    ("soft", "sunken"),
    ("brand", "paper"),
    ("brand", "surface"),
    ("brand-hover", "surface"),
    ("brand", "tint"),
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("on-tint", "tint"),
    ("on-hero", "hero"),
    ("on-hero", "hero-2"),
    ("on-hero-soft", "hero"),
    ("on-hero-soft", "hero-2"),
    ("on-gold", "gold"),
    ("on-mark", "mark"),
    ("danger", "surface"),
    ("danger", "paper"),
    ("on-danger-tint", "danger-tint"),
    ("on-warn-tint", "warn-tint"),
    ("on-info-tint", "info-tint"),
]
OUTLINES = [("edge", "surface"), ("edge", "paper"), ("focus", "paper"), ("focus", "surface")]


def palette(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    blocks = [light] if scheme == "light" else [light, dark]
    found = re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", "".join(blocks))
    return dict(found)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: str) -> None:
    colors = palette(scheme)
    weak = {
        (text, ground): round(contrast(colors[text], colors[ground]), 2)
        for text, ground in PAIRS
        if contrast(colors[text], colors[ground]) < AA_TEXT
    }
    assert weak == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_fields_and_the_focus_ring_can_be_seen(scheme: str) -> None:
    colors = palette(scheme)
    weak = {
        (line, ground): round(contrast(colors[line], colors[ground]), 2)
        for line, ground in OUTLINES
        if contrast(colors[line], colors[ground]) < AA_OUTLINE
    }
    assert weak == {}


def test_white_stands_out_from_every_drawn_cover() -> None:
    grounds = re.findall(r"--c: (#[0-9a-f]{6})", STYLE)
    assert len(grounds) >= 11
    assert [ground for ground in grounds if contrast("#ffffff", ground) < AA_TEXT] == []


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--[a-z0-9-]+):", STYLE))
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", STYLES))
    assert used - defined == set()


def test_no_token_is_left_over() -> None:
    defined = set(re.findall(r"(--[a-z0-9-]+):", STYLE))
    used = set(re.findall(r"var\((--[a-z0-9-]+)", STYLE))
    assert defined - used == set()


def test_the_stylesheet_loads_only_files_of_ours() -> None:
    addresses = re.findall(r"url\(\"?([^\")]+)", STYLES)
    outside = [
        address
        for address in addresses
        if not address.startswith("vendor/") and not (WEB / "static" / address).is_file()
    ]
    assert outside == []
    assert "@import" not in STYLES


def test_fonts_are_those_of_the_package() -> None:
    package = WEB / "node_modules" / "@fontsource"
    if not package.is_dir():
        pytest.skip("the front-end packages are not installed (npm ci in web/)")
    fonts = re.findall(r"url\(\"vendor/([^\"]+woff2)", STYLE)
    assert len(fonts) == 4
    assert [font for font in fonts if not (WEB / "node_modules" / font).is_file()] == []


def test_classes_of_the_pages_are_known_to_the_stylesheet_or_the_scripts() -> None:
    pages = "".join(render(page) for page in PAGES)
    used = {name for names in re.findall(r'class="([^"]*)"', pages) for name in names.split()}
    styled = set(re.findall(r"\.([a-z][a-z0-9_-]*)", STYLES + SCRIPTS))
    assert used - styled == set()


def test_classes_of_the_stylesheet_occur_in_a_template_or_a_script() -> None:
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")) + SCRIPTS
    words = set(re.findall(r"[a-z][a-z0-9_-]*", text))
    pages = "".join(render(page) for page in PAGES)
    words |= {name for names in re.findall(r'class="([^"]*)"', pages) for name in names.split()}
    rules = re.sub(r"url\(.*?\)|/\*.*?\*/", "", STYLES, flags=re.DOTALL)
    styled = set(re.findall(r"\.([a-z][a-z0-9_-]*)", rules))
    # made from a material's kind or status
    families = ("cover-", "status-")
    assert {name for name in styled - words if not name.startswith(families)} == set()
