import random

from sqlalchemy import func, select

from repo_server.database.engine import Database
from repo_server.database.models import Fingerprint, FingerprintBand
from repo_server.services.fingerprints import (
    BANDS,
    NUMBERS,
    SCHEME,
    bands,
    forget,
    packed,
    remember,
    renew,
    share,
    signature,
    unpacked,
)
from tests import factories


def text(seed: int, length: int = 900) -> list[str]:
    chosen = random.Random(seed)
    return [f"t{chosen.randrange(10**6)}" for _ in range(length)]


def numbers(words: list[str]) -> tuple[int, ...]:
    made = signature([" ".join(words)])
    assert made is not None
    return made


def test_a_signature_is_the_same_every_time_and_survives_being_stored() -> None:
    made = numbers(text(1))
    assert made == numbers(text(1))
    assert len(made) == NUMBERS
    assert unpacked(packed(made)) == made


def test_the_share_of_equal_numbers_tells_the_share_of_common_text() -> None:
    whole, other = text(1), text(2)
    assert share(numbers(whole), numbers(whole)) == 1
    assert share(numbers(whole), numbers(other)) < 0.05
    # 450 of 1,350 runs in common.
    half = numbers(whole[:450] + other[:450])
    assert 0.2 < share(numbers(whole), half) < 0.47


def test_texts_that_are_alike_share_a_band_and_others_none() -> None:
    whole = text(1)
    edited = [*whole[:300], "thêm", "vài", "chữ", *whole[300:600], *whole[620:]]
    assert set(bands(numbers(whole))) & set(bands(numbers(edited)))
    assert not set(bands(numbers(whole))) & set(bands(numbers(text(2))))
    assert len(set(bands(numbers(whole)))) == BANDS


def test_a_text_that_is_too_short_has_none() -> None:
    assert signature(["hai ba bốn chữ"]) is None
    assert bands(()) == []


def test_a_fingerprint_is_kept_once_and_made_anew_under_another_scheme(database: Database) -> None:
    pages = [" ".join(text(1))]
    with database.write() as session:
        sha256 = factories.blob(session, b"one").sha256
        for _ in range(2):
            remember(session, sha256, None, pages)
        kept = session.scalars(select(Fingerprint)).one()
        assert (kept.sha256, kept.scheme) == (sha256, SCHEME)
        kept.scheme, kept.signature = SCHEME - 1, packed((0,) * NUMBERS)
    with database.write() as session:
        remember(session, sha256, "c" * 64, pages)
        made = session.scalars(select(Fingerprint)).one()
        assert made.signature == packed(numbers(text(1)))
        assert session.scalar(select(func.count()).select_from(FingerprintBand)) == BANDS
        forget(session, sha256)
        forget(session, sha256)
        assert session.scalar(select(func.count()).select_from(FingerprintBand)) == 0


def test_nothing_is_kept_of_a_picture(database: Database) -> None:
    with database.write() as session:
        remember(session, factories.blob(session, b"png").sha256, None, [])
        assert session.scalar(select(func.count()).select_from(Fingerprint)) == 0


def test_words_that_come_later_count_and_what_members_are_compared_by_stays(
    database: Database,
) -> None:
    with database.write() as session:
        sha256 = factories.blob(session, b"scan").sha256
        remember(session, sha256, "a" * 64, [" ".join(text(1))])
        first = session.scalars(select(Fingerprint.signature)).one()
        renew(session, sha256, [" ".join(text(1)), " ".join(text(2))])
        after = session.scalars(select(Fingerprint)).one()
        assert after.content == "a" * 64
        assert after.signature not in (None, first)
