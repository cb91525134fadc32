"""Curricula as CASE packages, the JSON in which frameworks travel (1EdTech CASE 1.0 and 1.1).

Reading is generous with what real publishers leave out or add, and strict with what makes a tree
wrong. An item's Kho code is its `humanCodingScheme` when the file uses that only once, else its
identifier. Writing follows 1.1; what CASE has no field for stands in `extensions`, as 1.1 provides,
so that a curriculum comes back as it was.
"""

import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import Any, Final, Literal

import msgspec

from repo_server.domain.curriculum import (
    ABBREVIATION_LIMIT,
    ABBREVIATIONS_LIMIT,
    GRADES,
    ITEM_KIND_LABELS,
    ITEMS_LIMIT,
    SUBJECT_LIMIT,
    TITLE_LIMIT,
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
    Problem,
    is_item_code,
    may_hold,
    shortened,
    uuid_in,
)

SIZE_LIMIT: Final = 128 * 1024 * 1024
VERSION: Final = "1.1"
EXTENSION: Final = "kho"
CHILD: Final = "isChildOf"

ASSOCIATION_NAMES: Final[dict[AssociationKind, str]] = {
    AssociationKind.EXACT_MATCH: "exactMatchOf",
    AssociationKind.REPLACED_BY: "replacedBy",
    AssociationKind.IS_PART_OF: "isPartOf",
    AssociationKind.IS_RELATED_TO: "isRelatedTo",
    AssociationKind.IS_PEER_OF: "isPeerOf",
    AssociationKind.PRECEDES: "precedes",
    AssociationKind.EXEMPLAR: "exemplar",
    AssociationKind.HAS_SKILL_LEVEL: "hasSkillLevel",
    AssociationKind.IS_TRANSLATION_OF: "isTranslationOf",
}
# The same seen from either end: kept, turned round, when only the destination is in the file.
SYMMETRIC: Final = frozenset(
    {AssociationKind.EXACT_MATCH, AssociationKind.IS_RELATED_TO, AssociationKind.IS_PEER_OF}
)

_KINDS_BY_NAME: Final[dict[str, ItemKind]] = {
    **{kind.value: kind for kind in ItemKind},
    **{label.casefold(): kind for kind, label in ITEM_KIND_LABELS.items()},
    "chủ đề lớn": ItemKind.STRAND,
    "nội dung": ItemKind.TOPIC,
}
_KINDS_BY_ASSOCIATION: Final = {name: kind for kind, name in ASSOCIATION_NAMES.items()}
_BLANKS = re.compile(r"\s+")
_GRADES = re.compile(r"0?(\d{1,2})(?:\s*[-–]\s*0?(\d{1,2}))?")
_AT = re.compile(r" - at `(.+)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


class _Link(msgspec.Struct):
    identifier: str | None = None
    uri: str | None = None


class _Document(msgspec.Struct):
    identifier: str
    uri: str | None = None
    title: str | None = None
    creator: str | None = None
    publisher: str | None = None
    language: str | None = None
    version: str | None = None
    officialSourceURL: str | None = None  # noqa: N815 the standard's spelling, here and below
    subject: list[str] | str | None = None
    extensions: Any = None


class _Item(msgspec.Struct):
    identifier: str
    uri: str | None = None
    fullStatement: str | None = None  # noqa: N815
    abbreviatedStatement: str | None = None  # noqa: N815
    alternativeLabel: str | None = None  # noqa: N815
    humanCodingScheme: str | None = None  # noqa: N815
    listEnumeration: str | int | None = None  # noqa: N815
    conceptKeywords: list[str] | str | None = None  # noqa: N815
    CFItemType: str | None = None
    educationLevel: list[str] | str | None = None  # noqa: N815
    educationalLevel: list[str] | str | None = None  # noqa: N815 older files say it so
    subject: list[str] | str | None = None
    notes: str | None = None
    extensions: Any = None


class _Association(msgspec.Struct):
    associationType: str  # noqa: N815
    originNodeURI: _Link | str  # noqa: N815
    destinationNodeURI: _Link | str  # noqa: N815
    sequenceNumber: Any = None  # noqa: N815


class _Package(msgspec.Struct):
    CFDocument: _Document
    CFItems: list[_Item] | None = None
    CFAssociations: list[_Association] | None = None


def read_case(data: bytes) -> Curriculum:
    """The one package in `data`, read but not yet checked as a tree.

    Raises `CurriculumInvalid` for what is no CASE package, and for several in one file
    (`read_case_packages` reads those).
    """
    curricula = read_case_packages(data)
    if len(curricula) != 1:
        raise _refused(
            f"Tệp chứa {len(curricula)} gói CASE; hãy nhập từng gói, mỗi gói một chương trình."
        )
    return curricula[0]


def read_case_packages(data: bytes) -> tuple[Curriculum, ...]:
    """Every package in `data`: a CFPackage object, or a list of them as some tools save it."""
    if len(data) > SIZE_LIMIT:
        raise _refused(f"Tệp quá lớn: tối đa {SIZE_LIMIT // 1024 // 1024} MB.")
    try:
        found = msgspec.json.decode(
            data.removeprefix(b"\xef\xbb\xbf"), type=_Package | list[_Package], strict=False
        )
    except msgspec.ValidationError as error:
        raise _refused(_shape_sentence(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _refused("Tệp không phải JSON đúng cú pháp trong bảng mã UTF-8.") from None
    except RecursionError:
        raise _refused("JSON lồng nhau quá sâu.") from None
    packages = found if isinstance(found, list) else [found]
    return tuple(_Reading(package).curriculum() for package in packages)


class _Reading:
    """One package on its way in: looks up items by identifier while parents are put together."""

    def __init__(self, package: _Package) -> None:
        self.document = package.CFDocument
        self.framework = _framework(self.document)
        items = package.CFItems or []
        if len(items) > ITEMS_LIMIT:
            raise _refused(f"Có {len(items)} mục; tối đa là {ITEMS_LIMIT} mục.")
        self.items = _once_each(items)
        self.associations = package.CFAssociations or []
        self.codes = _codes(self.items)
        self.parents: dict[str, str | None] = {}
        self.ranks: dict[str, float] = {}
        self.links: dict[AssociationRecord, None] = {}

    def curriculum(self) -> Curriculum:
        for association in self.associations:
            self._relate(association)
        return Curriculum(self.framework, self._tree(), tuple(self.links))

    def _relate(self, association: _Association) -> None:
        origin, destination = association.originNodeURI, association.destinationNodeURI
        name = association.associationType
        if name == CHILD:
            self._adopt(_identifier(origin), _identifier(destination), association.sequenceNumber)
        elif name in _KINDS_BY_ASSOCIATION:
            kind = _KINDS_BY_ASSOCIATION[name]
            if _identifier(origin) not in self.codes and kind in SYMMETRIC:
                origin, destination = destination, origin
            self._link(_identifier(origin), kind, self._target(destination))

    def _adopt(self, child: str, parent: str, rank: object) -> None:
        at_the_top = parent == self.document.identifier
        if child not in self.codes or (parent not in self.codes and not at_the_top):
            return
        if child not in self.parents:
            self.parents[child] = None if at_the_top else parent
            if isinstance(rank, int | float):
                self.ranks[child] = float(rank)
        elif not at_the_top and parent != self.parents[child]:
            self._link(child, AssociationKind.IS_RELATED_TO, self.codes[parent])

    def _link(self, origin: str, kind: AssociationKind, destination: str) -> None:
        code = self.codes.get(origin)
        if code is not None and destination and destination != code:
            self.links[AssociationRecord(code, kind, destination)] = None

    def _target(self, link: _Link | str) -> str:
        """The code of an item of this file, else the address; empty when neither is known."""
        identifier = _identifier(link)
        if identifier in self.codes:
            return self.codes[identifier]
        address = link if isinstance(link, str) else _clean(link.uri)
        if ":" in address:
            return address
        return f"urn:uuid:{found}" if (found := uuid_in(identifier)) else ""

    def _tree(self) -> tuple[ItemRecord, ...]:
        inner = {parent for parent in self.parents.values() if parent is not None}
        grades = {item.identifier: _item_grades(item) for item in self.items}
        kinds = {
            item.identifier: _kind(item, inner, grades[item.identifier]) for item in self.items
        }
        seen: Counter[str | None] = Counter()
        result, framework = [], self.framework.code
        for item in sorted(self.items, key=self._rank):
            parent = self.parents.get(item.identifier)
            above = None if parent is None else kinds[parent]
            kind = kinds[item.identifier]
            title, note = _wording(item)
            code = self.codes[item.identifier]
            seen[parent] += 1
            result.append(
                ItemRecord(
                    code=code,
                    parent=None if parent is None else self.codes[parent],
                    kind=kind if may_hold(above, kind) else ItemKind.GROUP,
                    title=title,
                    sequence=seen[parent],
                    grades=grades[item.identifier],
                    subject=self._subject(item, kind, is_root=parent is None),
                    abbreviations=_other_names(item, title),
                    source=_clean(_extension(item.extensions, "source")),
                    page=_page(item.extensions),
                    note=note,
                    uri=_address(item.uri, item.identifier, code, _computed(framework, code)),
                )
            )
        return tuple(result)

    def _rank(self, item: _Item) -> float:
        """Order among siblings; the sort is stable, so the file's order settles the rest."""
        rank = self.ranks.get(item.identifier)
        if rank is not None:
            return rank
        number = str(item.listEnumeration or "")
        return float(number) if number.isascii() and number.isdigit() else inf

    def _subject(self, item: _Item, kind: ItemKind, *, is_root: bool) -> str | None:
        named = _strings(item.subject) or (_strings(self.document.subject) if is_root else [])
        if len(named) == 1:
            return _slug(named[0]) or None
        return _slug(_clean(item.fullStatement)) or None if kind is ItemKind.SUBJECT else None


def write_case(curriculum: Curriculum, changed_at: datetime) -> bytes:
    """The curriculum as a CASE 1.1 CFPackage in JSON; `changed_at` (with time zone) dates it.

    Identifiers are taken from the items' addresses where those hold a UUID, else computed from the
    codes: the same curriculum always gives the same bytes.
    """
    return msgspec.json.format(msgspec.json.encode(_Writing(curriculum, changed_at).package()))


class _Writing:
    """One curriculum on its way out."""

    def __init__(self, curriculum: Curriculum, changed_at: datetime) -> None:
        self.curriculum = curriculum
        self.framework = curriculum.framework
        self.changed = changed_at.isoformat(timespec="seconds")
        code = self.framework.code
        self.identifier = _identity(code, "", self.framework.uri)
        self.identifiers = {
            item.code: _identity(code, item.code, item.uri) for item in curriculum.items
        }
        self.addresses = {item.code: item.uri for item in curriculum.items}

    def package(self) -> dict[str, Any]:
        return {
            "CFDocument": self._document(),
            "CFItems": [self._item(item) for item in self.curriculum.items],
            "CFAssociations": [*self._children(), *self._relations()],
        }

    def _document(self) -> dict[str, Any]:
        framework = self.framework
        return _filled(
            identifier=self.identifier,
            uri=framework.uri or f"urn:uuid:{self.identifier}",
            caseVersion=VERSION,
            creator=framework.publisher or framework.title,
            title=framework.title,
            publisher=framework.publisher,
            language=framework.language,
            version=framework.version,
            lastChangeDateTime=self.changed,
            extensions={EXTENSION: _filled(code=framework.code, source=framework.source)},
        )

    def _item(self, item: ItemRecord) -> dict[str, Any]:
        identifier = self.identifiers[item.code]
        known = _filled(source=item.source, page=item.page)
        return _filled(
            identifier=identifier,
            uri=item.uri or f"urn:uuid:{identifier}",
            fullStatement=item.title,
            humanCodingScheme=item.code if item.code != identifier else "",
            conceptKeywords=list(item.abbreviations),
            CFItemType=ITEM_KIND_LABELS[item.kind],
            educationLevel=[f"{grade:02}" for grade in item.grades],
            subject=[item.subject] if item.subject else [],
            notes=item.note,
            lastChangeDateTime=self.changed,
            extensions={EXTENSION: known} if known else {},
        )

    def _children(self) -> Iterator[dict[str, Any]]:
        for item in self.curriculum.items:
            above = self._link(item.parent)
            yield self._association(item.code, CHILD, above, sequenceNumber=item.sequence)

    def _relations(self) -> Iterator[dict[str, Any]]:
        for association in self.curriculum.associations:
            name = ASSOCIATION_NAMES[association.kind]
            yield self._association(association.origin, name, self._link(association.destination))

    def _association(
        self, origin: str, name: str, destination: dict[str, str], **more: int
    ) -> dict[str, Any]:
        identifier = _computed(self.framework.code, f"{origin} {name} {destination['identifier']}")
        return {
            "identifier": identifier,
            "uri": f"urn:uuid:{identifier}",
            "associationType": name,
            "originNodeURI": self._link(origin),
            "destinationNodeURI": destination,
            "lastChangeDateTime": self.changed,
            **more,
        }

    def _link(self, code: str | None) -> dict[str, str]:
        if code is None:
            address = self.framework.uri or f"urn:uuid:{self.identifier}"
            title = self.framework.title
            return {"title": title, "identifier": self.identifier, "uri": address}
        if code in self.identifiers:
            identifier = self.identifiers[code]
            address = self.addresses[code] or f"urn:uuid:{identifier}"
            return {"title": code, "identifier": identifier, "uri": address}
        # An item of the framework that is not in this package is named by the code it will have.
        identifier = _identity(self.framework.code, code)
        address = code if ":" in code else f"urn:uuid:{identifier}"
        return {"title": code, "identifier": identifier, "uri": address}


def _once_each(items: list[_Item]) -> list[_Item]:
    """The items without repetitions: publishers do list one twice, but never with other words."""
    first: dict[str, _Item] = {}
    problems: list[Problem] = []
    for item in items:
        known = first.setdefault(item.identifier, item)
        if _clean(known.fullStatement) != _clean(item.fullStatement):
            sentence = "Mã định danh dùng cho hai nội dung khác nhau trong CFItems."
            problems.append(Problem(sentence, code=item.identifier))
    if problems:
        raise CurriculumInvalid(problems)
    return list(first.values())


def _codes(items: list[_Item]) -> dict[str, str]:
    """Kho's code of every identifier."""
    wished = {item.identifier: _clean(item.humanCodingScheme).replace(" ", "-") for item in items}
    counted = Counter(wished.values()) + Counter(wished.keys())
    return {
        identifier: code if counted[code] == 1 and is_item_code(code) else identifier
        for identifier, code in wished.items()
    }


def _framework(document: _Document) -> FrameworkRecord:
    code = _clean(_extension(document.extensions, "code")) or document.identifier
    return FrameworkRecord(
        code=code,
        title=_clean(document.title),
        language=_clean(document.language) or "en",
        publisher=_clean(document.publisher) or _clean(document.creator),
        version=_clean(document.version),
        source=_clean(_extension(document.extensions, "source"))
        or _clean(document.officialSourceURL),
        uri=_address(document.uri, document.identifier, code, _computed(code, "")),
    )


def _kind(item: _Item, inner: set[str], grades: tuple[int, ...]) -> ItemKind:
    """The kind that the type's name says, else outcome for a leaf and group for the rest."""
    named = _KINDS_BY_NAME.get(_clean(item.CFItemType).casefold())
    if named is ItemKind.GRADE and len(grades) != 1:
        return ItemKind.GROUP
    if named is not None:
        return named
    return ItemKind.GROUP if item.identifier in inner else ItemKind.OUTCOME


def _item_grades(item: _Item) -> tuple[int, ...]:
    """Grades 1 to 12 of codes such as "06" or "9-12"; kindergarten and college have none here."""
    grades: set[int] = set()
    for level in _strings(item.educationLevel) or _strings(item.educationalLevel):
        for part in level.split(","):
            if found := _GRADES.fullmatch(part.strip()):
                grades.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return tuple(sorted(grades & set(GRADES)))


def _wording(item: _Item) -> tuple[str, str]:
    """Title and note: a statement too long for a title is a note below its short form."""
    statement, short = _clean(item.fullStatement), _clean(item.abbreviatedStatement)
    if len(statement) > TITLE_LIMIT and short:
        return short, f"{statement} {_clean(item.notes)}".rstrip()
    return statement or short, _clean(item.notes)


def _other_names(item: _Item, title: str) -> tuple[str, ...]:
    names = [item.abbreviatedStatement, item.alternativeLabel, *_strings(item.conceptKeywords)]
    cleaned = (_clean(name).replace("|", "/") for name in names)
    fitting = dict.fromkeys(n for n in cleaned if 0 < len(n) <= ABBREVIATION_LIMIT and n != title)
    return tuple(fitting)[:ABBREVIATIONS_LIMIT]


def _strings(value: list[str] | str | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _clean(value: object) -> str:
    if not isinstance(value, str) or not value:
        return ""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", value)).strip()


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", kept)[:SUBJECT_LIMIT].strip("-")


def _extension(extensions: object, name: Literal["code", "source", "page"]) -> object:
    ours = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    return ours.get(name) if isinstance(ours, dict) else None


def _page(extensions: object) -> int | None:
    page = _extension(extensions, "page")
    return page if isinstance(page, int) and not isinstance(page, bool) else None


def _identifier(link: _Link | str) -> str:
    """A link's identifier; where a file gives only an address, the UUID that ends it."""
    if isinstance(link, _Link) and link.identifier:
        return link.identifier
    address = link if isinstance(link, str) else link.uri or ""
    return address.rsplit("/", 1)[-1].removeprefix("urn:uuid:")


def _address(uri: str | None, identifier: str, *known: str) -> str:
    """The address; empty where it says no more than what is `known`."""
    address = _clean(uri)
    return "" if identifier in known and address == f"urn:uuid:{identifier}" else address


def _identity(framework: str, code: str, uri: str = "") -> str:
    """The UUID of an item, or of the framework where `code` is empty."""
    return uuid_in(uri) or uuid_in(code or framework) or _computed(framework, code)


def _computed(framework: str, code: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kho:{framework}#{code}"))


def _filled(**fields: Any) -> dict[str, Any]:
    """The fields that hold something: CASE allows no null."""
    return {name: value for name, value in fields.items() if value not in ("", None, [], {})}


def _shape_sentence(message: str) -> str:
    missing, at = _MISSING.search(message), _AT.search(message)
    place = f" ở {shortened(at[1])}" if at else ""
    if missing:
        return f"Tệp không phải gói CASE (CFPackage): thiếu {missing[1]}{place}."
    return f"Tệp không đúng cấu trúc gói CASE (CFPackage){place}."


def _refused(sentence: str) -> CurriculumInvalid:
    return CurriculumInvalid([Problem(sentence)])
