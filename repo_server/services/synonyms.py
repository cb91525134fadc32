"""The synonyms that administrators edit, and a look at what they make of a question.

A change holds in every process within seconds: they look at the version (`services/knowledge`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import Synonym, utc_now
from repo_server.database.queries import synonyms as queries
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import InvalidValue, NotFound
from repo_server.domain.questions.base import Origin, Question, Reading
from repo_server.domain.questions.synonyms import SynonymRule, checked_rule, turned
from repo_server.domain.vietnamese import fold
from repo_server.domain.wording import worded
from repo_server.services.knowledge import SYNONYMS, note_change
from repo_server.services.library import Library
from repo_server.services.questions import question_of

MOST_RULES: Final = 5_000
"""All rules are held in memory by every process."""

ORIGIN_LABELS: Final[dict[Origin, str]] = {
    Origin.TYPED: "như đã gõ",
    Origin.KEYSTROKES: "gõ Telex hoặc VNI",
    Origin.TYPO: "sửa lỗi gõ",
    Origin.SPACING: "tách hoặc ghép từ",
    Origin.SYNONYM: "từ đồng nghĩa",
}
FACET_LABELS: Final[dict[str, str]] = {
    "subject": "môn",
    "grade": "lớp",
    "kind": "loại",
    "book": "bộ sách",
}


@dataclass(frozen=True, slots=True)
class SynonymView:
    """A rule as people see it: a group, or the first phrase means the others."""

    id: int
    phrases: tuple[str, ...]
    one_way: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One way to read a term; `trust` is 0 to 1."""

    text: str
    origin: str
    label: str
    trust: float


@dataclass(frozen=True, slots=True)
class TermView:
    """A word of the question, or several; any of `readings` satisfies it, the first is believed."""

    readings: tuple[ReadingView, ...]
    unfinished: bool


@dataclass(frozen=True, slots=True)
class PreferenceView:
    """What the question names: a facet with the value that people read."""

    facet: str
    facet_label: str
    values: tuple[str, ...]
    label: str
    typed: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a question becomes. `instead` is the text that is searched for where it differs."""

    typed: str
    instead: str
    terms: tuple[TermView, ...]
    preferences: tuple[PreferenceView, ...]


def synonyms(
    library: Library, viewer: Viewer, text: str, *, page: int, size: int
) -> tuple[tuple[SynonymView, ...], int]:
    """A page of the rules that hold the words of `text` (all for none), and how many do."""
    require(viewer, Action.ADMINISTER)
    with library.database.read() as session:
        rows, total = queries.synonyms_holding(
            session, fold(text).split(), offset=(page - 1) * size, limit=size
        )
        return tuple(map(_view, rows)), total


def add_synonym(
    library: Library, viewer: Viewer, phrases: Sequence[str], *, one_way: bool
) -> SynonymView:
    """Add a rule. Raises InvalidValue where it says nothing or what another one says already."""
    require(viewer, Action.ADMINISTER)
    rule = checked_rule(phrases, one_way=one_way)
    with _writing(library) as session:
        _require_new(session, rule, None)
        if (session.scalar(select(func.count()).select_from(Synonym)) or 0) >= MOST_RULES:
            raise InvalidValue("phrases", f"kho giữ nhiều nhất {MOST_RULES} nhóm từ.")
        row = Synonym(updated_by=viewer.account_id)
        _say(row, rule)
        session.add(row)
        session.flush()
        _record(session, viewer, "synonym.add", row.id, after=_said(rule))
    return _view(row)


def edit_synonym(
    library: Library, viewer: Viewer, synonym_id: int, phrases: Sequence[str], *, one_way: bool
) -> SynonymView:
    """Change a rule. Raises NotFound, and InvalidValue as `add_synonym` does."""
    require(viewer, Action.ADMINISTER)
    rule = checked_rule(phrases, one_way=one_way)
    with _writing(library) as session:
        row = _row(session, synonym_id)
        _require_new(session, rule, synonym_id)
        before = _said(_rule(row))
        _say(row, rule)
        row.updated_at, row.updated_by = utc_now(), viewer.account_id
        _record(session, viewer, "synonym.edit", row.id, before=before, after=_said(rule))
    return _view(row)


def delete_synonym(library: Library, viewer: Viewer, synonym_id: int) -> None:
    """Delete a rule. Raises NotFound."""
    require(viewer, Action.ADMINISTER)
    with _writing(library) as session:
        row = _row(session, synonym_id)
        _record(session, viewer, "synonym.delete", row.id, before=_said(_rule(row)))
        session.delete(row)


def tried(library: Library, viewer: Viewer, text: str) -> Understanding:
    """What a question becomes with the rules as they are at this moment."""
    require(viewer, Action.ADMINISTER)
    library.knowledge.forget()
    return _understanding(question_of(library, text))


@contextmanager
def _writing(library: Library) -> Iterator[Session]:
    """A transaction after which every process reads the rules again."""
    try:
        with library.database.write() as session:
            yield session
            note_change(session, SYNONYMS)
    except IntegrityError:
        # Somebody else has just said the same.
        raise InvalidValue("phrases", _KNOWN) from None
    library.knowledge.forget()


_KNOWN: Final = "đã có một nhóm từ như vậy."


def _require_new(session: Session, rule: SynonymRule, own_id: int | None) -> None:
    """Raise InvalidValue for what another rule says, or says the other way round."""
    opposite = turned(rule)
    for other, sentence in (
        (rule, _KNOWN),
        (opposite, "đã có quy tắc theo chiều ngược lại; hãy sửa nó thành hai chiều."),
    ):
        if other is None:
            continue
        same = Synonym.fingerprint == other.fingerprint
        found = session.scalar(select(Synonym.id).where(same))
        if found is not None and found != own_id:
            raise InvalidValue("phrases", sentence)


def _row(session: Session, synonym_id: int) -> Synonym:
    row = session.get(Synonym, synonym_id, with_for_update=True)
    if row is None:
        raise NotFound
    return row


def _say(row: Synonym, rule: SynonymRule) -> None:
    row.phrases, row.one_way = list(rule.phrases), rule.one_way
    row.folded, row.fingerprint = rule.folded, rule.fingerprint


def _rule(row: Synonym) -> SynonymRule:
    return SynonymRule(tuple(row.phrases), row.one_way)


def _said(rule: SynonymRule) -> dict[str, Any]:
    return {"phrases": list(rule.phrases), "one_way": rule.one_way}


def _record(session: Session, viewer: Viewer, action: str, synonym_id: int, **said: Any) -> None:
    audit.record(session, viewer.account_id, action, "synonym", synonym_id, **said)


def _view(row: Synonym) -> SynonymView:
    return SynonymView(row.id, tuple(row.phrases), row.one_way, row.updated_at)


def _understanding(question: Question) -> Understanding:
    return Understanding(
        question.typed,
        question.instead,
        tuple(
            TermView(tuple(map(_reading, term.readings)), term.unfinished)
            for term in question.terms
        ),
        tuple(
            PreferenceView(
                one.facet,
                worded("facet", one.facet, FACET_LABELS[one.facet]),
                one.values,
                one.label,
                one.typed,
            )
            for one in question.preferences
        ),
    )


def _reading(reading: Reading) -> ReadingView:
    label = worded("reading", reading.origin, ORIGIN_LABELS[reading.origin])
    return ReadingView(" ".join(reading.words), reading.origin, label, reading.trust)
