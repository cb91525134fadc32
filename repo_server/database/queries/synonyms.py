"""The synonyms of a library."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from repo_server.database.models import Synonym


def all_synonyms(session: Session) -> Sequence[Synonym]:
    """Every rule, in the order in which they were made."""
    return session.scalars(select(Synonym).order_by(Synonym.id)).all()


def synonyms_holding(
    session: Session, words: Sequence[str], *, offset: int, limit: int
) -> tuple[Sequence[Synonym], int]:
    """A page of the rules that hold every folded word, in alphabetical order, and how many do."""
    conditions = [Synonym.folded.contains(word, autoescape=True) for word in words]
    rows = session.scalars(
        select(Synonym)
        .where(*conditions)
        .order_by(Synonym.folded, Synonym.id)
        .offset(offset)
        .limit(limit)
    ).all()
    total = session.scalar(select(func.count()).select_from(Synonym).where(*conditions))
    return rows, total or 0
