"""Texts of people and of files in a real browser: nothing of them runs, loads or is even tried.

What the strict policy of our pages stops is told in the console, and a console that is not silent
fails a visit: so this finds markup that got through, whether it could do harm or not.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.models import Material, MaterialFile, TextSegment
from tests.journeys.browsing import LONG
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER, House, draft_of_files
from tests.journeys.test_playing import thief
from tests.routes.pages.test_markup import PAYLOADS

pytestmark = pytest.mark.timeout(LONG)

TITLE_ROOM = 280


@pytest.fixture
def database(house: House) -> Iterator[Database]:
    opened = open_database(sqlite_url(house.data / "kho.sqlite3"))
    yield opened
    opened.close()


def chunks(payloads: list[str]) -> Iterator[str]:
    """All of them, several in a text as long as a title may be."""
    text = ""
    for payload in payloads:
        if len(text) + len(payload) > TITLE_ROOM:
            yield text
            text = ""
        text += payload
    yield text


def write(database: Database, code: str, text: str) -> None:
    """The text in every place that a material, a file or a reader of files fills."""
    with database.write() as session:
        material = session.scalars(select(Material).where(Material.code == code)).one()
        material.title = material.author = material.return_reason = text
        material.description, material.keywords = f"{text}\n{text}", [text[:80]]
        for file in material.files:
            file.name, file.warnings = f"{text}.txt", [text]
            file.declared = {"parts": [[text, 0, text[:80]]], "title": text, "creator": text}
            session.execute(
                update(TextSegment)
                .where(TextSegment.sha256 == file.sha256)
                .values(text=text, label=text[:100], folded=text.lower())
            )
        session.execute(
            update(MaterialFile)
            .where(MaterialFile.material_id == material.id)
            .values(text_truncated=True)
        )


def test_no_text_runs_loads_or_tries_anything(
    house: House, visiting: VisitStart, database: Database
) -> None:
    address = draft_of_files(house, {"Bài.txt": b"Payloads of this journey alone."})
    code = address.rpartition("/")[2]
    visit = visiting()
    ran: list[str] = []
    visit.page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    visit.sign_in(TEACHER)
    with thief() as (elsewhere, heard):
        beacons = [
            f"<img src={elsewhere}/img>", f"<link rel=stylesheet href={elsewhere}/css>",
            f"<script src={elsewhere}/js></script>", f"<iframe src={elsewhere}/frame></iframe>",
            f"<meta http-equiv=refresh content='0;url={elsewhere}/meta'>",
            f"<svg><use href={elsewhere}/use /></svg>", f"<video src={elsewhere}/video></video>",
            f"<style>*{{background:url({elsewhere}/bg)}}</style>", f"<base href={elsewhere}/>",
        ]  # fmt: skip
        for text in chunks([*beacons, *PAYLOADS]):
            write(database, code, text)
            for place in ("", "/sua", "/tep", "/giong"):
                visit.go(address + place)
            visit.go("/cua-toi")
            visit.go(f"/tim?q={quote(text)}")
            visit.go(f"/api/materials/{code}?q={quote(text)}")
        visit.page.wait_for_timeout(300)
        write(database, code, "Bài thường")

    assert ran == []
    assert heard == []
    visit.forgive("404", "400")


def test_a_notebook_and_a_markdown_file_of_payloads_run_nothing(
    house: House, visiting: VisitStart
) -> None:
    text = "\n\n".join(PAYLOADS) + "\n\n" + "\n\n".join(f"[a]({one})" for one in PAYLOADS)
    address = draft_of_files(house, {"Bài.md": text.encode()})
    visit = visiting()
    ran: list[str] = []
    visit.page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    visit.sign_in(TEACHER)
    page = visit.go(address)
    reading = page.locator(".reading")
    reading.wait_for()
    for link in reading.locator("a").all():
        address = link.get_attribute("href")
        assert address is None or address.startswith(("http", "mailto:")), address
    assert ran == []
