"""A file of another catalogue becomes materials, and may come again."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from repo_server.database.models import Material
from repo_server.domain.access import Role, Viewer
from repo_server.exchange.catalogue_mapping import read_mapping, usual_mapping
from repo_server.services import cataloguing, discovery, indexing
from repo_server.services.asking import Asked
from repo_server.services.catalogue_import import import_catalogue
from repo_server.services.library import Library
from tests.libraries import person

SHEET = """Mã;Tên học liệu;Lớp;Môn;Loại;Nội dung
a1;Góc nhọn, góc tù;4;Toán;Phiếu học tập;Góc bẹt có hai cạnh đối nhau.
a2;;4;Toán;Phiếu học tập;
a3;Bài hát ru;2;Âm nhạc;Ca khúc;
a1;Góc nhọn;4;Toán;;
"""


@pytest.fixture
def admin(sqlite_library: Library) -> Viewer:
    return person(sqlite_library, Role.ADMIN)


def test_a_sheet_is_taken_over_and_each_row_that_is_not_is_named(
    sqlite_library: Library, admin: Viewer, tmp_path: Path
) -> None:
    path = tmp_path / "danh-muc.csv"
    path.write_text(SHEET, "utf-8-sig")
    done = import_catalogue(sqlite_library, admin, path, usual_mapping())
    assert (done.rows, done.records.added, done.encoding) == (4, 2, "utf-8-sig")
    assert not done.faultless
    assert [(one.row, one.external_id) for one in done.records.refused] == [(5, "a1"), (3, "a2")]
    [warning] = done.warnings.items()
    assert "Ca khúc" in warning[0]
    assert (warning[1].count, warning[1].first_row) == (1, 4)
    indexing.feed_all(sqlite_library)
    found = discovery.search(sqlite_library, admin, Asked("ca khuc"))
    assert [card.external_id for card in found.items] == ["a3"]
    again = import_catalogue(sqlite_library, admin, path, usual_mapping())
    assert (again.records.added, again.records.changed, again.records.unchanged) == (0, 0, 2)


def test_an_import_that_was_cut_short_is_gone_on_with(
    sqlite_library: Library, admin: Viewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cataloguing, "BATCH", 2)
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"id": str(number), "title": f"Bài {number}"}) for number in range(5)]
    path.write_text("\n".join(lines))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_catalogue(sqlite_library, admin, path, usual_mapping(), progress=stop)
    done = import_catalogue(sqlite_library, admin, path, usual_mapping())
    assert (done.records.unchanged, done.records.added) == (2, 3)
    with sqlite_library.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Material)) == 5


def test_rows_that_cannot_be_read_or_are_not_wanted_are_counted_apart(
    sqlite_library: Library, admin: Viewer, tmp_path: Path
) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('[only]\nlang = ["vi"]\n[fields]\nid = "n"\ntitle = "t"\n')
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1, "t": "Một", "lang": "vi"}\n{]\n{"n": 2, "t": "Two", "lang": "en"}\n')
    done = import_catalogue(sqlite_library, admin, path, read_mapping(mapping), dry_run=True)
    assert (done.records.added, done.passed_by, done.unreadable) == (1, 1, 1)
    assert [one.row for one in done.unread] == [2]
