"""All guesses about a material together: what agrees adds up, what differs is doubted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from repo_server.domain.guessing.base import (
    OFFER_AT,
    Field,
    FileEvidence,
    Guess,
    Source,
    quoted,
)
from repo_server.domain.guessing.kinds import KIND_OF_GROUP, kinds
from repo_server.domain.guessing.lessons import Candidate, best_items, restored
from repo_server.domain.guessing.names import plain_name
from repo_server.domain.guessing.outline import Outline, outline
from repo_server.domain.guessing.placing import places, settled_subjects
from repo_server.domain.guessing.repairs import repaired
from repo_server.domain.guessing.titles import place_label, titles
from repo_server.domain.languages import has_vietnamese_letters, language_of
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import DESCRIPTION_LIMIT, LANGUAGES, Kind
from repo_server.domain.mentions import Lexicon, words_of
from repo_server.domain.vietnamese import display

_MOST: Final = 0.99
_OFFERS: Final = 3
_SEVERAL: Final = frozenset({Field.GRADES, Field.SUBJECTS, Field.BOOKS})

# Of several files a material is what comes first here.
_LEADING: Final = (
    Kind.LESSON_PLAN, Kind.SLIDES, Kind.TEST, Kind.WORKSHEET, Kind.ANSWER_KEY, Kind.VIDEO,
    Kind.SIMULATION, Kind.MIND_MAP, Kind.READING, Kind.AUDIO, Kind.PICTURE, Kind.REFERENCE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileGuesses:
    """Everything guessed from one file; `role` is its likeliest kind."""

    guesses: tuple[Guess, ...]
    role: Guess | None
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """Guesses by field, the surest first, and the role of each file, in the order given.

    `headings` are the lines that may name the lesson, for the match with the curriculum.
    """

    guesses: dict[Field, tuple[Guess, ...]]
    roles: tuple[Guess | None, ...]
    headings: tuple[str, ...]

    def filled(self, field: Field) -> tuple[str, ...]:
        """The values that are sure enough to stand in the form; one but where several are meant."""
        sure = [guess.value for guess in self.guesses.get(field, ()) if guess.fills]
        return tuple(sure if field in _SEVERAL or field is Field.ITEMS else sure[:1])


def drafted(files: Sequence[FileEvidence], lexicon: Lexicon) -> Drafted:
    """What the files of a material, in their order, say together."""
    single = [of_file(file, lexicon) for file in files]
    by_field: dict[Field, list[list[Guess]]] = defaultdict(list)
    for one in single:
        for field in Field:
            said = [guess for guess in one.guesses if guess.field is field]
            if said:
                by_field[field].append(said)
    guesses = {field: _joined(field, said) for field, said in by_field.items()}
    if len(single) > 1:
        guesses[Field.KIND] = _leading([one.role for one in single])
        guesses[Field.TITLE] = _shared_title(single, guesses[Field.KIND])
    headings = dict.fromkeys(line for one in single for line in one.headings)
    kept = {field: _worth_showing(field, found) for field, found in guesses.items()}
    return Drafted(
        {field: found for field, found in kept.items() if found},
        tuple(one.role for one in single),
        tuple(headings)[:12],
    )


def with_items(draft: Drafted, items: Sequence[Candidate]) -> Drafted:
    """The same with what it says of `items`, those of the likely grade and subject.

    A title without marks gets back those of the item it names.
    """
    goals = [
        line
        for guess in draft.guesses.get(Field.DESCRIPTION, ())
        for line in guess.value.splitlines()
    ]
    guesses = dict(draft.guesses)
    found = best_items(draft.headings, goals, items)
    if found:
        guesses[Field.ITEMS] = tuple(found)
    guesses[Field.TITLE] = tuple(
        _restored(guess, items) for guess in draft.guesses.get(Field.TITLE, ())
    )
    return replace(draft, guesses=guesses)


def _restored(guess: Guess, items: Sequence[Candidate]) -> Guess:
    title = restored(guess.value, items)
    return guess if title == guess.value else replace(guess, value=title, confidence=_MENDED)


_MENDED: Final = 0.85


def of_file(evidence: FileEvidence, lexicon: Lexicon) -> FileGuesses:
    """Everything guessed from one file, evidence that agrees added up."""
    found = outline(evidence.text)
    named = _named(evidence, found, lexicon)
    guesses = [
        *named.kinds,
        *named.places,
        *named.titles,
        *_language(evidence),
        *_description(evidence, found),
        *_declared(evidence),
    ]
    role = named.kinds[0] if named.kinds else None
    return FileGuesses(tuple(guesses), role, _headings(evidence, found))


def likely_title(evidence: FileEvidence, lexicon: Lexicon) -> str | None:
    """What `drafted` would call a material of this one file; None where nothing is likely."""
    guesses = _named(evidence, outline(evidence.text), lexicon).titles
    return guesses[0].value if guesses and guesses[0].confidence >= OFFER_AT else None


@dataclass(frozen=True, slots=True)
class _Named:
    """What kind a file is, where it belongs, and what it is called because of that."""

    kinds: list[Guess]
    places: list[Guess]
    titles: list[Guess]


def _named(evidence: FileEvidence, found: Outline, lexicon: Lexicon) -> _Named:
    words = words_of(plain_name(evidence.name))
    mentions = lexicon.mentions(words)
    kind_guesses = _weighed(kinds(evidence, found, words, mentions))
    place_guesses = list(places(evidence, found, words, mentions, lexicon))
    grades = _weighed(guess for guess in place_guesses if guess.field is Field.GRADES)
    said = _weighed(guess for guess in place_guesses if guess.field is Field.SUBJECTS)
    subjects = settled_subjects(said, grades, lexicon)
    books = _weighed(guess for guess in place_guesses if guess.field is Field.BOOKS)
    role = kind_guesses[0] if kind_guesses else None
    kind = Kind(role.value) if role is not None and role.confidence >= 0.6 else None
    label = place_label(_sure(subjects), _sure(grades), lexicon)
    return _Named(
        kind_guesses,
        [*grades, *subjects, *books],
        titles(evidence, found, kind, lexicon, label),
    )


def _sure(guesses: Sequence[Guess]) -> str | None:
    """The one value that fills its field; None where there is none or several."""
    filling = [guess.value for guess in guesses if guess.fills]
    return filling[0] if len(filling) == 1 else None


def _headings(evidence: FileEvidence, found: Outline) -> tuple[str, ...]:
    lines = [found.lesson.name] if found.lesson is not None else []
    return tuple(filter(None, (*lines, plain_name(evidence.name), *found.head[:8])))


def _language(evidence: FileEvidence) -> list[Guess]:
    declared = evidence.manifest.language
    shown = language_of(repaired(evidence.text) or "")
    if shown is not None:
        return [Guess(Field.LANGUAGE, shown, 0.95, Source.TEXT)]
    if declared in LANGUAGES:
        return [Guess(Field.LANGUAGE, declared, 0.8, Source.PROPERTIES, declared)]
    name = plain_name(evidence.name)
    if not has_vietnamese_letters(name):
        return []
    return [Guess(Field.LANGUAGE, "vi", 0.8, Source.NAME, quoted(name))]


def _description(evidence: FileEvidence, found: Outline) -> list[Guess]:
    said = repaired(evidence.manifest.description) or ""
    candidates = (
        (said, 0.92, Source.MANIFEST),
        (found.goals, 0.86, Source.TEXT),
        (found.paragraph, 0.8, Source.TEXT),
    )
    for text, confidence, source in candidates:
        text = text.strip()
        if len(text) >= 20:
            return [
                Guess(Field.DESCRIPTION, text[:DESCRIPTION_LIMIT], confidence, source, quoted(text))
            ]
    return []


def _declared(evidence: FileEvidence) -> list[Guess]:
    found = []
    license = evidence.manifest.license
    if license in LICENSES:
        found.append(Guess(Field.LICENSE, license, 0.9, Source.MANIFEST, license))
    words = [display(word)[:80] for word in evidence.manifest.keywords]
    kept = ", ".join(dict.fromkeys(word for word in words if word and "," not in word))
    if kept:
        found.append(Guess(Field.KEYWORDS, kept, 0.85, Source.MANIFEST, quoted(kept)))
    return found


def _weighed(guesses: Iterable[Guess]) -> list[Guess]:
    """One guess for each value: sources that agree add up, other values take away, surest first.

    Of one source the surest evidence counts once, however often it is said.
    """
    by_value: dict[str, dict[Source, Guess]] = defaultdict(dict)
    for guess in guesses:
        known = by_value[guess.value].get(guess.source)
        if known is None or known.confidence < guess.confidence:
            by_value[guess.value][guess.source] = guess
    summed = [_summed(list(sources.values())) for sources in by_value.values()]
    return _doubted(sorted(summed, key=lambda guess: -guess.confidence))


def _summed(guesses: Sequence[Guess]) -> Guess:
    best = max(guesses, key=lambda guess: guess.confidence)
    doubt = 1.0
    for guess in guesses:
        doubt *= 1 - guess.confidence
    return replace(best, confidence=min(_MOST, 1 - doubt))


def _doubted(ranked: Sequence[Guess]) -> list[Guess]:
    """The surest value is doubted as far as the next one is sure; the others are below it."""
    if len(ranked) < 2:
        return list(ranked)
    first, second = ranked[0], ranked[1]
    if first.field in _SEVERAL and first.source is second.source and first.quote == second.quote:
        # One line names both: "lớp 6, 7".
        return list(ranked)
    doubted = first.confidence * (1 - 0.45 * second.confidence**2)
    return [
        replace(first, confidence=doubted),
        *(replace(guess, confidence=min(guess.confidence, 0.7)) for guess in ranked[1:]),
    ]


def _joined(field: Field, said: Sequence[Sequence[Guess]]) -> tuple[Guess, ...]:
    """What several files say of a field: the surest word of each counts once."""
    if len(said) == 1:
        return tuple(said[0])
    if field in (Field.DESCRIPTION, Field.KEYWORDS, Field.LICENSE):
        return tuple(max(said, key=lambda guesses: guesses[0].confidence)[:1])
    votes: dict[str, Guess] = {}
    counted: dict[str, float] = defaultdict(float)
    for guesses in said:
        for guess in guesses:
            counted[guess.value] += guess.confidence
            if guess.value not in votes or votes[guess.value].confidence < guess.confidence:
                votes[guess.value] = guess
    total = len(said)
    ranked = sorted(votes.values(), key=lambda guess: (-counted[guess.value], -guess.confidence))
    return tuple(
        replace(guess, confidence=min(guess.confidence, 0.2 + counted[guess.value] / total))
        if counted[guess.value] < counted[ranked[0].value]
        else guess
        for guess in ranked
    )


def _leading(roles: Sequence[Guess | None]) -> tuple[Guess, ...]:
    known = [role for role in roles if role is not None and role.confidence >= OFFER_AT]
    ranked = sorted(known, key=lambda role: (_LEADING.index(Kind(role.value)), -role.confidence))
    unique = {role.value: role for role in reversed(ranked)}
    best = [role for role in ranked if role.confidence >= 0.7] or ranked
    if not best:
        return ()
    return (
        best[0],
        *(
            replace(role, confidence=min(role.confidence, 0.5))
            for value, role in unique.items()
            if value != best[0].value
        ),
    )


def _shared_title(single: Sequence[FileGuesses], kinds: Sequence[Guess]) -> tuple[Guess, ...]:
    """The title of the file that leads, before those of the others."""
    lead = kinds[0].value if kinds else ""
    found: list[tuple[bool, Guess]] = []
    for one in single:
        leads = one.role is not None and one.role.value == lead
        found.extend((leads, guess) for guess in one.guesses if guess.field is Field.TITLE)
    ranked = sorted(found, key=lambda pair: -pair[1].confidence - 0.1 * pair[0])
    unique: dict[str, Guess] = {}
    for _, guess in ranked:
        unique.setdefault(guess.value, guess)
    return tuple(unique.values())


def _worth_showing(field: Field, guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    kept = [guess for guess in guesses if guess.confidence >= OFFER_AT]
    filled = [guess for guess in kept if guess.fills]
    if field not in _SEVERAL and filled:
        return tuple(filled[:1])
    offered = [guess for guess in kept if not guess.fills][:_OFFERS]
    return (*filled, *offered)


__all__ = ["KIND_OF_GROUP", "Drafted", "FileGuesses", "drafted", "likely_title", "of_file"]
