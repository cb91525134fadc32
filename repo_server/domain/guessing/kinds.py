"""What a file is for: its type, its name, what its heading says, and how its text is laid out."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from repo_server.domain.guessing.base import Field, FileEvidence, Guess, Source, quoted
from repo_server.domain.guessing.names import plain_name
from repo_server.domain.guessing.outline import Outline, is_header
from repo_server.domain.materials import Kind
from repo_server.domain.mentions import Lexicon, Mention, Topic, Word, words_of

KIND_OF_GROUP: Final[dict[str, Kind]] = {
    "slides": Kind.SLIDES,
    "video": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "image": Kind.PICTURE,
    "package": Kind.SIMULATION,
}
"""What files of a group are when nothing else is said of them."""

_OF_GROUP: Final = {"slides": 0.9, "video": 0.95, "audio": 0.93, "image": 0.7, "package": 0.82}

# What the name may say of a file of that group; everything else is said of the lesson it is for.
_SAYABLE: Final[dict[str, frozenset[Kind]]] = {
    "slides": frozenset({Kind.SLIDES, Kind.SIMULATION, Kind.MIND_MAP}),
    "video": frozenset({Kind.VIDEO}),
    "audio": frozenset({Kind.AUDIO}),
    "package": frozenset({Kind.SIMULATION, Kind.TEST, Kind.WORKSHEET, Kind.MIND_MAP}),
    "image": frozenset(Kind) - {Kind.SLIDES, Kind.VIDEO, Kind.AUDIO},
}
_WRITTEN: Final = frozenset(Kind) - {Kind.VIDEO, Kind.AUDIO, Kind.PICTURE}
_BESIDE: Final = frozenset(("co", "kem", "va", "cung", "full"))
_NO_LEXICON: Final = Lexicon((), ())


def kinds(
    evidence: FileEvidence, found: Outline, words: Sequence[Word], mentions: Sequence[Mention]
) -> Iterator[Guess]:
    """Guesses of a file's kind, each with its own evidence; several may name the same kind."""
    sayable = _SAYABLE.get(evidence.group, _WRITTEN)
    if (kind := KIND_OF_GROUP.get(evidence.group)) is not None:
        yield _kind(kind, _OF_GROUP[evidence.group], Source.TYPE, evidence.name)
    for kind, confidence in _named(words, mentions):
        if kind in sayable:
            yield _kind(kind, confidence, Source.NAME, evidence.name)
    if evidence.group not in ("slides", "video", "audio", "package"):
        yield from _from_text(found, sayable)


def kind_of_name(name: str, group: str) -> Kind | None:
    """What a file's name plainly says that it is: the role of a file nobody has given one."""
    named = _kind_of_name(name)
    if named is None or named not in _SAYABLE.get(group, _WRITTEN):
        return None
    return named


@lru_cache(maxsize=4_096)
def _kind_of_name(name: str) -> Kind | None:
    words = words_of(plain_name(name))
    for kind, confidence in _named(words, _NO_LEXICON.mentions(words)):
        return kind if confidence > 0.7 else None
    return None


def _kind(kind: Kind, confidence: float, source: Source, quote: str) -> Guess:
    return Guess(Field.KIND, kind.value, confidence, source, quoted(quote))


def _named(words: Sequence[Word], mentions: Sequence[Mention]) -> list[tuple[Kind, float]]:
    """Kinds that a line names, the one that is meant first; "đề … có đáp án" is a test."""
    said = [mention for mention in mentions if mention.topic is Topic.KIND]
    kept: list[tuple[Kind, float]] = []
    for mention in said:
        kind = Kind(mention.codes[0])
        before = words[mention.start - 1] if mention.start else None
        if before is not None and (
            before.folded in _BESIDE or words[mention.start].gap in ("+", "(")
        ):
            continue
        sure = mention.confidence if not kept else min(mention.confidence, 0.2)
        if all(kind is not other for other, _ in kept):
            kept.append((kind, sure))
        elif kept[0][0] is kind:
            kept[0] = (kind, max(kept[0][1], mention.confidence))
    return kept


def _from_text(found: Outline, sayable: frozenset[Kind]) -> Iterator[Guess]:
    for place, line in enumerate(found.head):
        said = _said_by(line) if place < 10 and not is_header(line) else None
        if said is not None and said in sayable:
            yield _kind(said, 0.9 if place < 6 else 0.75, Source.HEADING, line)
            break
    if found.plan_signs >= 3 and found.goals:
        yield _kind(
            Kind.LESSON_PLAN,
            min(0.95, 0.64 + 0.08 * found.plan_signs),
            Source.TEXT,
            "Mục tiêu … hoạt động",
        )
    if found.test_signs:
        yield _kind(
            Kind.TEST, min(0.92, 0.75 + 0.1 * found.test_signs), Source.TEXT, "Thời gian làm bài …"
        )


@lru_cache(maxsize=1_024)
def _said_by(line: str) -> Kind | None:
    """The kind that a heading is nothing but: it stands at the beginning of the line."""
    words = words_of(line)
    mentions = [m for m in _NO_LEXICON.mentions(words) if m.topic is Topic.KIND]
    if not mentions or mentions[0].start > 1 or mentions[0].confidence < 0.7:
        return None
    return Kind(mentions[0].codes[0])
