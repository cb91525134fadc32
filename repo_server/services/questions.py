"""What a person asks, understood with what this library knows."""

from repo_server.domain.questions.base import Question
from repo_server.domain.questions.understanding import understand
from repo_server.services.library import Library

_NOTHING: frozenset[str] = frozenset()


def question_of(
    library: Library,
    text: str,
    *,
    unfinished: bool = False,
    literal: bool = False,
    ignored: frozenset[str] = _NOTHING,
) -> Question:
    """The question that `text` asks; see `understand` for the rest."""
    with library.database.read() as session:
        knowledge = library.knowledge.present(session, library.vocabulary)
    return understand(text, knowledge, unfinished=unfinished, literal=literal, ignored=ignored)
