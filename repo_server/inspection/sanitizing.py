"""HTML of strangers that stands in a page of ours: what is allowed, and nothing else.

Done by ammonia (nh3), which parses as browsers do and writes what it understood anew.
"""

import re
from typing import Final

import nh3

_TAGS: Final = frozenset(
    (
        "h4", "h5", "h6", "p", "br", "hr", "div", "span", "blockquote", "ul", "ol", "li", "dl",
        "dt", "dd", "pre", "code", "kbd", "samp", "em", "strong", "b", "i", "u", "s", "del", "ins",
        "sub", "sup", "small", "mark", "a", "img", "table", "caption", "thead", "tbody", "tfoot",
        "tr", "th", "td",
    )
)  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
_LINK: Final = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)


def sanitized(markup: str) -> str:
    """The markup without scripts, styles, forms, ids, classes and addresses of other kinds.

    Links lead to other sites and say so (`rel`); pictures are those that the markup brings along.
    """
    return nh3.clean(
        markup,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow ugc",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if tag == "img" and _PICTURE.fullmatch(value) else None
    if name == "href":
        # An address without a server would lead into the site.
        return value if _LINK.fullmatch(value.strip()) else None
    return value
