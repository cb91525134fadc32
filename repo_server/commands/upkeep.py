"""`kho reindex` and `kho verify`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.inspection.base import Confinement
from repo_server.services import indexing, reinspecting, scanning, verification
from repo_server.services.keeping import verdicts
from repo_server.services.reinspecting import Lack
from repo_server.services.verification import VerifyReport

NO_SCANNER: Final = "Chưa có trình diệt vi-rút (KHO_CLAMD): tệp gửi lên không được quét mã độc."
SILENT_SCANNER: Final = "Trình diệt vi-rút (KHO_CLAMD) không trả lời: tệp gửi lên đang chờ."


@click.command()
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this index.")
def reindex(targets: tuple[str, ...]) -> None:
    """Build every index anew beside the serving one, then switch."""
    with opened() as library:
        names = [index.name for index in library.indexes]
        unknown = [target for target in targets if target not in names]
        if unknown:
            raise click.BadParameter(
                f"{unknown[0]}: chỉ có {', '.join(names)}.", None, None, "--target"
            )
        for index in library.indexes:
            if not targets or index.name in targets:
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
        lag = indexing.lag(library)
    if as_json:
        around = {"index_lag": lag, **_machine(confinement, lacking, scanner)}
        print_json({**asdict(report), "clean": report.clean, **around})
    else:
        for line in (
            *_found(report),
            *_around(confinement, lacking, scanner, lag),
            _summary(report),
        ):
            click.echo(line)
    if not report.clean:
        sys.exit(REJECTED)


def _found(report: VerifyReport) -> Iterator[str]:
    for finding in report.findings:
        mended = " (đã sửa)" if finding.repaired else ""
        yield f"{finding.code} {verification.SENTENCES[finding.code]}: {finding.what}{mended}"


def _around(
    confinement: Confinement, lacking: Sequence[Lack], scanner: str, lag: Mapping[str, int]
) -> Iterator[str]:
    yield from (f"i {missing}" for missing in confinement.missing)
    yield from (f"i {lack.sentence()}" for lack in lacking)
    if scanner != "ok":
        yield f"i {SILENT_SCANNER if scanner else NO_SCANNER}"
    for name, count in lag.items():
        if count:
            yield f"i {name}: {count} học liệu chờ được đưa vào máy tìm kiếm."


def _summary(report: VerifyReport) -> str:
    state = "Không có gì sai." if report.clean else "Có chỗ sai."
    return f"{state} {report.blobs} tệp gốc, {report.bytes_read} byte, {report.materials} học liệu."
