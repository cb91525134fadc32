"""For those who run the library: the engines, what waits, what was given up, how much there is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.database.queries.damage import DamagedFile
from repo_server.domain.access import ROLE_LABELS, Action, Role, Viewer
from repo_server.domain.errors import CATALOGUE, KhoError
from repo_server.domain.files import readable_size
from repo_server.domain.materials import STATUS_LABELS, Status
from repo_server.domain.wording import worded
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId
from repo_server.routes.errors import page_language
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages, number
from repo_server.services import health, reinspecting, scanning, statistics, unanswered
from repo_server.services.cards import material_url
from repo_server.services.keeping import given_up
from repo_server.services.keeping.given_up import DeadJob
from repo_server.services.keeping.verdicts import Verdict
from repo_server.services.library import Library
from repo_server.services.statistics import Comparison, Overview

ADDRESS: Final = "/quan-tri"
_VIETNAM: Final = timezone(timedelta(hours=7))


class EngineLine(Struct, frozen=True):
    """An engine and what it answered."""

    name: str
    ok: bool
    detail: str


class Line(Struct, frozen=True):
    """One figure."""

    label: str
    value: str


class Section(Struct, frozen=True):
    """Figures that belong together."""

    id: str
    title: str
    lines: tuple[Line, ...]


class DeadLine(Struct, frozen=True):
    """A job that was given up."""

    what: str
    error: str
    attempts: int
    when: str
    retry_url: str
    drop_url: str


class DamagedLine(Struct, frozen=True):
    """A file whose stored bytes are wrong or gone."""

    name: str
    title: str
    url: str
    sha256: str
    when: str


@get(ADDRESS, opt=requires(Action.ADMINISTER), sync_to_thread=True)
def admin_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """The state of everything."""
    overview = statistics.overview(library, viewer)

    def t(key: str) -> str:
        return pages.message(request, key)

    return pages.render(
        request,
        viewer,
        "admin.html",
        engines=_engines(request, pages, health.state(library), scanning.state(library)),
        scanned=library.scanner is not None,
        quarantined=overview.counts.quarantined + overview.counts.uploads["quarantined"],
        missing_barriers=_missing_barriers(library),
        missing_engines=_missing_engines(request, pages, library),
        sections=(
            Section("work", t("admin.work"), _work(request, pages, overview)),
            Section("space", t("admin.space"), _space(request, pages, overview)),
            Section("materials", t("admin.materials"), _materials(overview)),
            Section("accounts", t("admin.accounts"), _accounts(overview)),
            *_unanswered(request, pages, library, viewer),
        ),
        dead_jobs=tuple(map(_dead, overview.dead_jobs)),
        damaged=tuple(map(_damaged, overview.damaged)),
    )


def _unanswered(
    request: HtmlRequest, pages: Pages, library: Library, viewer: Viewer
) -> tuple[Section, ...]:
    """What people look for and do not find: what the library lacks, or calls otherwise."""
    found = unanswered.most_asked(library.database, viewer)
    lines = tuple(Line(one.words, number(one.count)) for one in found)
    title = pages.message(request, "admin.unanswered")
    return (Section("unanswered", title, lines),) if lines else ()


def _engines(
    request: HtmlRequest, pages: Pages, state: health.EngineState, scanner: str
) -> tuple[EngineLine, ...]:
    answers = {
        pages.message(request, "admin.database"): state.database,
        pages.message(request, "admin.storage"): state.storage,
        **{_named(request, pages, "admin.search", n): c for n, c in state.search.items()},
    }
    if scanner:
        answers[pages.message(request, "admin.scanner")] = scanner
    fine, language = pages.message(request, "admin.works"), page_language(request)
    return tuple(
        EngineLine(name, code == "ok", fine if code == "ok" else _sentence(code, language))
        for name, code in answers.items()
    )


def _named(request: HtmlRequest, pages: Pages, key: str, engine: str) -> str:
    """A message with the search engine that it is about; the one in a folder has no address."""
    said = pages.message(request, "admin.embedded") if engine == "embedded" else engine
    return f"{pages.message(request, key)} ({said})"


def _sentence(code: str, language: str) -> str:
    entry = CATALOGUE[code]
    return entry.en if language == "en" else entry.vi


def _missing_barriers(library: Library) -> tuple[str, ...]:
    try:
        return library.inspector.confinement().missing
    except KhoError as error:
        return (error.sentence(),)


def _missing_engines(request: HtmlRequest, pages: Pages, library: Library) -> tuple[Line, ...]:
    english = page_language(request) == "en"
    return tuple(
        Line(
            lack.engine.packages,
            pages.message(
                request,
                "admin.engine_adds",
                adds=lack.engine.adds_en if english else lack.engine.adds,
                files=number(lack.files),
            ),
        )
        for lack in reinspecting.lacking(library)
    )


def _work(request: HtmlRequest, pages: Pages, overview: Overview) -> tuple[Line, ...]:
    counts = overview.counts
    figures = {
        "admin.jobs_open": counts.jobs["open"],
        "admin.jobs_running": counts.jobs["running"],
        "admin.jobs_dead": counts.jobs["dead"],
        "admin.uploads_receiving": counts.uploads["receiving"],
        "admin.uploads_received": counts.uploads["received"],
        "admin.quarantined": counts.uploads["quarantined"] + counts.quarantined,
    }
    lines = [Line(pages.message(request, key), number(value)) for key, value in figures.items()]
    lines += [
        Line(_named(request, pages, "admin.index_lag", name), number(count))
        for name, count in counts.index_lag.items()
    ]
    lines += [
        Line(
            _named(request, pages, "admin.index_compared", name),
            _comparison(request, pages, comparison),
        )
        for name, comparison in counts.comparisons.items()
    ]
    return tuple(lines)


def _comparison(request: HtmlRequest, pages: Pages, comparison: Comparison) -> str:
    """When an index was last compared with the database, and what was mended."""
    never = pages.message(request, "admin.never")
    if comparison.drifted is None:
        return never
    found = "admin.index_drifted" if comparison.drifted else "admin.index_right"
    said = pages.message(request, found, count=number(comparison.drifted))
    return f"{moment(comparison.sampled_at, never)} · {said}"


def _space(request: HtmlRequest, pages: Pages, overview: Overview) -> tuple[Line, ...]:
    unknown, never = (pages.message(request, f"admin.{key}") for key in ("unknown", "never"))
    values: Mapping[str, str] = {
        "admin.stored": f"{number(overview.blobs)} · {readable_size(overview.blob_bytes)}",
        "admin.free_here": _size(overview.free_here, unknown),
        "admin.free_in_storage": _size(overview.free_in_storage, unknown),
        "admin.last_backup": moment(overview.last_backup, never),
        "admin.last_restore": moment(overview.last_restore, never),
        "admin.last_verify": _verdict(request, pages, overview.counts.verdict, never),
    }
    return tuple(Line(pages.message(request, key), value) for key, value in values.items())


def _verdict(request: HtmlRequest, pages: Pages, verdict: Verdict | None, otherwise: str) -> str:
    if verdict is None:
        return otherwise
    found = ", ".join(f"{code}: {number(count)}" for code, count in verdict.findings.items())
    said = pages.message(
        request,
        "admin.verify_wrong" if verdict.unmended else "admin.verify_fine",
        unmended=number(verdict.unmended),
        blobs=number(verdict.blobs),
    )
    parts = (moment(verdict.at, ""), verdict.by, said, found)
    return " · ".join(filter(None, parts))


def _size(size: int | None, unknown: str) -> str:
    return unknown if size is None else readable_size(size)


def moment(at: datetime | None, otherwise: str) -> str:
    """Day and minute in Vietnam, as administrators read them."""
    if at is None:
        return otherwise
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(_VIETNAM).strftime("%d/%m/%Y %H:%M")


def _materials(overview: Overview) -> tuple[Line, ...]:
    found = overview.counts.materials
    return tuple(
        Line(worded("status", state, STATUS_LABELS[state]), number(found.get(state, 0)))
        for state in Status
    )


def _accounts(overview: Overview) -> tuple[Line, ...]:
    found = overview.accounts
    return tuple(
        Line(worded("role", role, ROLE_LABELS[role]), number(found.get(role, 0))) for role in Role
    )


def _dead(job: DeadJob) -> DeadLine:
    return DeadLine(
        what=f"{job.kind} {job.key}",
        error=job.error,
        attempts=job.attempts,
        when=moment(job.finished_at, ""),
        retry_url=f"{ADDRESS}/cong-viec/{job.id}/thu-lai",
        drop_url=f"{ADDRESS}/cong-viec/{job.id}/bo",
    )


def _damaged(file: DamagedFile) -> DamagedLine:
    when = moment(file.damaged_at, "")
    return DamagedLine(file.name, file.title, material_url(file.code), file.sha256, when)


@post(
    f"{ADDRESS}/cong-viec/{{job_id:int}}/thu-lai",
    opt=requires(Action.ADMINISTER),
    sync_to_thread=True,
)
def retry_job(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], job_id: PathId
) -> Redirect:
    """Let a job that was given up be tried again."""
    given_up.retry_job(library, viewer, job_id)
    return see(ADDRESS, "job_retried")


@post(
    f"{ADDRESS}/cong-viec/{{job_id:int}}/bo",
    opt=requires(Action.ADMINISTER),
    sync_to_thread=True,
)
def drop_job(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], job_id: PathId
) -> Redirect:
    """Give a job up for good; whoever waits for it is told."""
    given_up.drop_job(library, viewer, job_id)
    return see(ADDRESS, "job_dropped")


handlers = (admin_page, retry_job, drop_job)
