"""What the columns of another catalogue mean: a mapping, written in TOML or seen from the names.

A mapping names for each of our fields where it comes from. Without one, columns that are called as
people usually call them are taken.
"""

import html
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from repo_server.domain.curriculum import shortened
from repo_server.domain.errors import InvalidValue
from repo_server.domain.vietnamese import fold
from repo_server.exchange.catalogue_files import FORMATS, Layout

FIELDS: Final = (
    "id", "title", "description", "text", "kind", "grades", "subjects", "books", "items",
    "license", "language", "keywords", "author", "published", "use", "source", "url",
)  # fmt: skip
"""Everything that a record can say."""

_LISTS: Final = frozenset({"grades", "subjects", "books", "items", "keywords"})
_PARAGRAPHS: Final = frozenset({"description", "text"})
_JOINED: Final = frozenset({"source", "author"})

_USUAL_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "external_id", "identifier", "mã", "mã học liệu", "mã bản ghi"),
    "title": ("title", "name", "tên", "tên học liệu", "tiêu đề", "nhan đề", "tên bài"),
    "description": ("description", "abstract", "summary", "mô tả", "tóm tắt"),
    "text": ("text", "body", "content", "full_text", "nội dung", "toàn văn"),
    "kind": ("kind", "type", "loại", "loại học liệu", "thể loại"),
    "grades": ("grades", "grade", "lớp", "khối", "khối lớp"),
    "subjects": ("subjects", "subject", "môn", "môn học"),
    "books": ("books", "book", "series", "bộ sách", "sách", "sách giáo khoa"),
    "items": ("items", "outcomes", "yêu cầu cần đạt", "mã chương trình"),
    "license": ("license", "licence", "rights", "giấy phép", "bản quyền"),
    "language": ("language", "lang", "ngôn ngữ"),
    "keywords": ("keywords", "keyword", "tags", "từ khoá"),
    "author": ("author", "authors", "creator", "tác giả", "người soạn"),
    "published": ("published", "created", "date", "date_published", "ngày đăng", "ngày tạo"),
    "use": ("use", "views", "downloads", "lượt xem", "lượt tải"),
    "source": ("source", "publisher", "school", "trường", "đơn vị", "province", "tỉnh", "nguồn"),
    "url": ("url", "link", "address", "địa chỉ", "liên kết"),
}
_RULE_KEYS: Final = frozenset(
    {"from", "text", "value", "default", "values", "split", "join", "html"}
)
_TOP_KEYS: Final = frozenset({"format", "encoding", "delimiter", "records", "fields", "only"})
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_ENDS_LINE: Final = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
_MAPPING: Final = "--mapping"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is made.

    `columns`: the first that holds anything, or with `join` all of them in a row; of a field that
    is a list, the values of all. `template` puts columns into a text ("{name} ({level})"). `values`
    turns what is found into other values; what is not in it stays as it is. `default` is for rows
    in which nothing is found.
    """

    columns: tuple[str, ...] = ()
    template: str = ""
    default: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: str = ""
    join: str | None = None
    html: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueMapping:
    """The layout of a file and a rule for each field; rows outside `only` are passed by.

    `usual`: columns are found by the names that people usually give them.
    """

    layout: Layout = field(default_factory=Layout)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    usual: bool = False

    def wants(self, values: Mapping[str, Any]) -> bool:
        """Whether a row is one of those that are asked for."""
        return all(
            any(text in allowed for text in _texts(_at(values, column)))
            for column, allowed in self.only.items()
        )

    def fields(self, values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """What a row says, by our fields; a field that is no list has one value or none."""
        rules = _usual_rules(tuple(values)) if self.usual else self.rules
        made = ((name, _made(name, rule, values)) for name, rule in rules.items())
        return {name: found for name, found in made if found}


def usual_mapping() -> CatalogueMapping:
    """The mapping of a file that comes without one."""
    return CatalogueMapping(usual=True)


def read_mapping(path: Path) -> CatalogueMapping:
    """The mapping in a TOML file. Raises InvalidValue for what cannot be meant, OSError."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(_MAPPING, f"Không đọc được tệp ánh xạ: {error}.") from error
    _known(said, _TOP_KEYS, "")
    fields = _table(said, "fields")
    _known(fields, frozenset(FIELDS), "fields.")
    for name in ("id", "title"):
        if name not in fields:
            raise InvalidValue(_MAPPING, f"Thiếu fields.{name}: mọi bản ghi cần mã và tên.")
    return CatalogueMapping(
        Layout(*(_string(said, name) for name in ("format", "encoding", "delimiter", "records"))),
        {name: _rule(name, value) for name, value in fields.items()},
        {
            column: frozenset(_strings(f"only.{column}", allowed))
            for column, allowed in _table(said, "only").items()
        },
    )


def _known(said: Mapping[str, Any], keys: frozenset[str], place: str) -> None:
    strange = [key for key in said if key not in keys]
    if strange:
        known = ", ".join(sorted(keys))
        sentence = f"Không hiểu mục “{place}{shortened(strange[0])}”; chỉ có {known}."
        raise InvalidValue(_MAPPING, sentence)


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name, {})
    if not isinstance(value, dict):
        raise InvalidValue(_MAPPING, f"Mục “{name}” phải là một bảng.")
    return value


def _string(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise InvalidValue(_MAPPING, f"Mục “{name}” phải là chữ.")
    if name == "format" and value not in ("", *FORMATS):
        raise InvalidValue(_MAPPING, f"Mục “format” chỉ nhận {', '.join(FORMATS)}.")
    if name == "delimiter" and len(value) > 1:
        raise InvalidValue(_MAPPING, "Mục “delimiter” là một kí tự.")
    return value


def _rule(name: str, said: object) -> Rule:
    """A rule: the name of a column, or a table."""
    if isinstance(said, str):
        return Rule((said,))
    if not isinstance(said, dict):
        raise InvalidValue(_MAPPING, f"Mục “fields.{name}” phải là tên cột hoặc một bảng.")
    place = f"fields.{name}"
    _known(said, _RULE_KEYS, f"{place}.")
    if sum(key in said for key in ("from", "text", "value")) != 1:
        raise InvalidValue(_MAPPING, f"Mục “{place}” cần đúng một trong from, text, value.")
    values = said.get("values", {})
    if not isinstance(values, dict):
        raise InvalidValue(_MAPPING, f"Mục “{place}.values” phải là một bảng.")
    join = said.get("join")
    return Rule(
        columns=_strings(f"{place}.from", said.get("from", [])),
        template=_string(said, "text"),
        default=_strings(f"{place}.default", said.get("value", said.get("default", []))),
        values={fold(key): _strings(f"{place}.values", one) for key, one in values.items()},
        split=_string(said, "split"),
        join=join if isinstance(join, str) else None,
        html=said.get("html") is True,
    )


def _strings(place: str, value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in listed):
        raise InvalidValue(_MAPPING, f"Mục “{place}” phải là chữ, số, hoặc danh sách của chúng.")
    return tuple(map(str, listed))


@lru_cache(maxsize=256)
def _usual_rules(columns: tuple[str, ...]) -> dict[str, Rule]:
    """Rules for the columns of a row, by the names that people give them."""
    present = {_folded(column): column for column in columns}
    called = {
        name: tuple(present[known] for known in map(_folded, names) if known in present)
        for name, names in _USUAL_NAMES.items()
    }
    return {
        name: Rule(found, join=", " if name in _JOINED else None)
        for name, found in called.items()
        if found
    }


def _folded(name: str) -> str:
    return fold(name.replace("_", " "))


def _made(name: str, rule: Rule, values: Mapping[str, Any]) -> tuple[str, ...]:
    found = list(_found(rule, values))
    if rule.html:
        found = [plain(text) for text in found]
    if rule.split:
        found = [part for text in found for part in text.split(rule.split)]
    found = [text for text in (clean(one, lines=name in _PARAGRAPHS) for one in found) if text]
    if rule.values:
        found = [one for text in found for one in rule.values.get(fold(text), (text,)) if one]
    if name not in _LISTS and found:
        found = found[:1] if rule.join is None else [rule.join.join(dict.fromkeys(found))]
    return tuple(dict.fromkeys(found)) or rule.default


def _found(rule: Rule, values: Mapping[str, Any]) -> Iterator[str]:
    if rule.template:
        said = {
            place: " ".join(_texts(_at(values, place))) for place in _PLACE.findall(rule.template)
        }
        if any(said.values()):
            yield _PLACE.sub(lambda match: said[match[1]], rule.template)
    for column in rule.columns:
        yield from _texts(_at(values, column))


def _at(value: Any, path: str) -> Any:
    """What stands in a column; "a.b" goes into objects, and a list gives what each of it holds."""
    if isinstance(value, dict) and path in value:
        return value[path]
    if isinstance(value, list):
        return [_at(one, path) for one in value]
    head, _, rest = path.partition(".")
    return _at(value.get(head), rest) if rest and isinstance(value, dict) else None


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value of JSON: nothing is none, a list gives all of its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif isinstance(value, int | float):
        yield str(value)


def clean(text: str, *, lines: bool) -> str:
    """Composed, without what no database takes; on one line unless `lines`."""
    text = unicodedata.normalize("NFC", text).replace("\x00", "")
    return text.strip() if lines else " ".join(text.split())


def plain(text: str) -> str:
    """The words of a piece of HTML."""
    return html.unescape(_TAG.sub(" ", _ENDS_LINE.sub("\n", text)))
