"""`kho curriculum`."""

import sys
from pathlib import Path

import click

from repo_server.commands.opening import REJECTED, opened
from repo_server.domain.curriculum import CurriculumInvalid
from repo_server.exchange.case import read_case_packages
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.services import curriculum, indexing, operators


@click.group("curriculum")
def curriculum_group() -> None:
    """Curriculum frameworks."""


@curriculum_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_curriculum(file: Path) -> None:
    """Import a framework from CSV (docs/curriculum-csv.md) or a CASE 1.1 package (JSON)."""
    content = file.read_bytes()
    is_case = file.suffix.lower() == ".json"
    try:
        found = read_case_packages(content) if is_case else (read_curriculum_csv(content),)
        with opened() as library:
            viewer = operators.acting_for(library, None)
            reports = [curriculum.import_curriculum(library, viewer, one) for one in found]
            indexing.feed_if_free(library)
    except CurriculumInvalid as error:
        for problem in error.problems:
            click.echo(f"✗ {problem.sentence}", err=True)
        sys.exit(REJECTED)
    for report in reports:
        click.echo(
            f"{report.framework}: thêm {report.added}, sửa {report.changed}, "
            f"bỏ {report.removed}, ngừng dùng {report.retired}."
        )
        if report.joined:
            click.echo(f"  Đã nối {report.joined} liên kết của chương trình khác tới đây.")
        if report.awaiting:
            click.echo(
                f"  {report.awaiting} liên kết trỏ tới mục chưa có trong kho: được giữ lại và sẽ "
                "nối khi chương trình đó được nhập."
            )
