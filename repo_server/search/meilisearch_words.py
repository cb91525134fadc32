"""From a question to searches of Meilisearch: their words, where they look, what they give back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from repo_server.domain import vietnamese
from repo_server.domain.questions.base import Origin, Question, Reading, Term
from repo_server.search.meilisearch_documents import EXACT, FOLDED, vni
from repo_server.search.passes import (
    CANDIDATES,
    LOOKS,
    Look,
    Pass,
    contents,
    unfinished,
    without_surrogates,
)
from repo_server.search.ranking import FACTS_SHOWN, Shown

# The engine itself looks at no more words than these.
_WORDS_COUNTED: Final = 10
# Questions with more readings than these are asked in the most trusted ones only.
_MOST_VARIANTS: Final = 4
_SUGGESTION_CANDIDATES: Final = 50
_SHOWN: Final = ["id", "words", "use", "published_at", *FACTS_SHOWN]

# One search of a multi-search without its index.
Body = dict[str, Any]


def variants(question: Question) -> tuple[Question, ...]:
    """The question as believed, then with one other reading each: the engine knows no "or"."""
    found = [_settled(question, -1, 0)]
    for at, term in enumerate(question.terms):
        for number, reading in enumerate(term.readings[1:], start=1):
            if reading.origin is not Origin.SPACING and term.preference < 0:
                found.append(_settled(question, at, number))
    return tuple(dict.fromkeys(found))[:_MOST_VARIANTS]


def body_of(question: Question, read: Question, kind: Pass, *, completed: bool = False) -> Body:
    """The search of one pass for the variant `read` of `question`.

    `completed`: the last word perhaps begun only, even where it is the only one.
    """
    look = LOOKS[kind]
    own = contents(read)
    terms = read.terms if look.named else own
    texts = [_text(term, look) for term in terms][:_WORDS_COUNTED]
    if look.phrase:
        texts = _row(own, look)
    begun = unfinished(question) and (completed or len(terms) > 1) and terms[-1:] == own[-1:]
    body: Body = {
        # The engine takes the last word for unfinished unless something follows it.
        "q": " ".join(texts) + ("" if begun else " "),
        "matchingStrategy": "all",
        "attributesToSearchOn": [*_attributes(look)],
        "attributesToRetrieve": _SHOWN,
        "showRankingScore": True,
        "page": 1,
        "hitsPerPage": CANDIDATES,
    }
    return body


def words_bodies(terms: Sequence[Term]) -> list[Body]:
    """A search for each term by itself, in the reading that is believed."""
    return [body_of(one, one, Pass.ALL) for one in (Question("", (term,)) for term in terms)]


def titles_body(asked: Question, scopes: Sequence[str]) -> Body:
    """The search for titles that hold the words; the engine's rules put side by side and early
    before apart and late, and the most used before others."""
    everything = replace(
        asked, terms=tuple(replace(term, preference=-1) for term in asked.terms), preferences=()
    )
    return {
        **body_of(everything, variants(everything)[0], Pass.TITLE, completed=True),
        "filter": scope_filter(scopes, {}),
        "attributesToRetrieve": ["id", "title"],
        "hitsPerPage": _SUGGESTION_CANDIDATES,
    }


def scope_filter(
    scopes: Sequence[str], filters: Mapping[str, Sequence[str]], ids: Sequence[int] = ()
) -> list[str]:
    """What the asker may find, narrowed by the filters and to `ids` where there are any."""
    musts = [("scope", scopes), *filters.items()]
    clauses = [
        f"{name} IN [{', '.join(_quoted(value) for value in values)}]"
        for name, values in musts
        if values or name == "scope"
    ]
    if ids:
        clauses.append(f"id IN [{', '.join(str(id) for id in ids)}]")
    return clauses


def shown(hit: Mapping[str, Any]) -> Shown:
    """What ranking compares of a hit."""
    facts = {name: hit[name] for name in FACTS_SHOWN if hit.get(name)}
    return Shown(hit.get("words", ""), facts, hit.get("use", 0), hit.get("published_at", 0))


def _settled(question: Question, at: int, number: int) -> Question:
    """The question with one reading each: the believed one, `number` for the term `at`."""
    terms = tuple(
        replace(term, readings=(term.readings[number if place == at else 0],))
        for place, term in enumerate(question.terms)
    )
    return replace(question, terms=terms)


def _text(term: Term, look: Look) -> str:
    """A term as the engine is asked for it; documents hold "khtn6" as "khtn 6" too.

    Quoted where it is several words or has a number in it: the engine forgives no typing errors
    in a phrase.
    """
    words = _spoken(term.readings[0], look)
    quoted = len(words) > 1 or any(letter.isdigit() for word in words for letter in word)
    coded = " ".join(_coded(word, look) for word in words)
    # A phrase knows no unfinished words.
    return f'"{coded}"' if quoted and not (term.unfinished and len(words) == 1) else coded


def _row(terms: Sequence[Term], look: Look) -> list[str]:
    """The words side by side; an unfinished one stands behind them, phrases know no prefixes."""
    last = terms[-1].unfinished
    before = terms[:-1] if last else terms
    words = [word for term in before for word in _spoken(term.readings[0], look)]
    phrase = [f'"{" ".join(_coded(word, look) for word in words)}"'] if words else []
    return [*phrase, _text(terms[-1], look)] if last else phrase


def _spoken(reading: Reading, look: Look) -> tuple[str, ...]:
    """The words of a reading, those with numbers in parts."""
    words = reading.exact if look.exact and reading.marked else reading.folded
    return tuple(part for word in words for part in (vietnamese.pieces(word) or (word,)))


def _coded(word: str, look: Look) -> str:
    return vni(word) if look.exact else word


def _attributes(look: Look) -> Sequence[str]:
    attributes = EXACT if look.exact else FOLDED
    return attributes[:1] if look.title else attributes


def _quoted(value: str) -> str:
    text = without_surrogates(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
