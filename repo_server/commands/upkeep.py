"""`kho reindex` and `kho verify`."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.domain.errors import CATALOGUE
from repo_server.inspection.base import Confinement
from repo_server.services import indexing, reinspecting, scanning, verification
from repo_server.services.keeping import verdicts
from repo_server.services.reinspecting import Lack

NO_SCANNER: Final = "Chưa có trình diệt vi-rút (KHO_CLAMD): tệp gửi lên không được quét mã độc."


@click.command()
def reindex() -> None:
    """Build every index anew beside the serving one, then switch."""
    with opened() as library:
        for index in library.indexes:
            count = indexing.rebuild(library, index)
            click.echo(f"{index.name}: {count}")


def _machine(confinement: Confinement, lacking: Sequence[Lack], scanner: str) -> dict[str, Any]:
    """What stands around the readers, which optional engines are missing, and the virus scanner.

    `scanner`: "ok", "" where none is configured, or the code of the error that it answers with.
    """
    engines = [{**asdict(lack.engine), "files": lack.files} for lack in lacking]
    return {"confinement": asdict(confinement), "missing_engines": engines, "scanner": scanner}


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be made again from the rest.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def verify(*, repair: bool, as_json: bool) -> None:
    """Check that everything the database promises exists, byte for byte, and nothing else."""
    with opened() as library:
        report = verification.verify(library, repair=repair)
        by = "kho verify --repair" if repair else "kho verify"
        verdicts.keep_verdict(library, by, report.blobs, report.bytes_read, report.findings)
        if repair:
            indexing.feed_if_free(library)
        confinement = library.inspector.confinement()
        lacking = reinspecting.lacking(library)
        scanner = scanning.state(library)
    if as_json:
        print_json(
            {**asdict(report), "clean": report.clean, **_machine(confinement, lacking, scanner)}
        )
    else:
        for finding in report.findings:
            mended = " (đã sửa)" if finding.repaired else ""
            sentence = verification.SENTENCES[finding.code]
            click.echo(f"{finding.code} {sentence}: {finding.what}{mended}")
        for missing in confinement.missing:
            click.echo(f"i {missing}")
        for lack in lacking:
            click.echo(f"i {lack.sentence()}")
        if scanner != "ok":
            click.echo(f"i {NO_SCANNER if not scanner else CATALOGUE[scanner].vi}")
        state = "Không có gì sai." if report.clean else "Có chỗ sai."
        click.echo(
            f"{state} {report.blobs} tệp gốc, {report.bytes_read} byte, "
            f"{report.materials} học liệu."
        )
    if not report.clean:
        sys.exit(REJECTED)
