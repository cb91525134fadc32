"""`/metrics` for Prometheus: requests of this process, and how the library stands.

Open to this machine alone and to administrators with a bearer token; for everybody else the
address does not exist. Each process answers for its own requests (label `process`); what the
database and the engines say is the same from all of them.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any, Final

from litestar import Response, get
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from repo_server.domain.access import Action, permits
from repo_server.domain.errors import KhoError, NotAuthenticated, NotFound
from repo_server.routes.auth import asking, is_program, provide_library, requires
from repo_server.services import health, statistics
from repo_server.services.keeping.verdicts import Verdict
from repo_server.services.library import Library

FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""Headers of a proxy: what comes through one on this machine does not come from this machine."""


async def local_or_administrator(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Guard: NotFound for everybody else."""
    if is_program(connection):
        try:
            viewer = await asking(connection, provide_library(connection))
        except NotAuthenticated:
            raise NotFound from None
        allowed = permits(viewer, Action.ADMINISTER)
    else:
        allowed = _is_local(connection)
    if not allowed:
        raise NotFound


def _is_local(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    client = connection.scope.get("client")
    if client is None or any(name in connection.headers for name in FORWARDED):
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False


class _Standing(Collector):
    """How the library stands at this moment."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def collect(self) -> Iterable[Metric]:
        yield _build_info()
        engines = health.state(self._library)
        up = {"database": engines.database, "storage": engines.storage, **engines.search}
        answers = {name: int(code == "ok") for name, code in up.items()}
        yield _labelled("kho_engine_up", "1 while the engine answers.", "engine", answers)
        yield self._errors()
        yield from self._free_bytes()
        try:
            yield from self._counts()
        except KhoError as error:
            self._library.incidents.note(error.code)

    def _errors(self) -> Metric:
        family = CounterMetricFamily(
            "kho_engine_errors", "Errors of engines in this process, by code.", labels=("code",)
        )
        for code, count in self._library.incidents.counts().items():
            family.add_metric((code,), count)
        return family

    def _free_bytes(self) -> Iterator[Metric]:
        free = {
            "staging": self._library.staging.free_bytes,
            "storage": self._library.storage.free_bytes,
        }
        known: dict[str, int] = {}
        for place, ask in free.items():
            try:
                value = ask()
            except KhoError:
                continue
            if value is not None:
                known[place] = value
        yield _labelled("kho_free_bytes", "Bytes that can still be stored.", "place", known)

    def _counts(self) -> Iterator[Metric]:
        counts = statistics.counts(self._library)
        for name, text, by in (
            ("kho_materials", "Materials by state.", counts.materials),
            ("kho_uploads", "Uploads by state.", counts.uploads),
            ("kho_jobs", "Jobs by state; dead ones were given up.", counts.jobs),
        ):
            yield _labelled(name, text, "state", by)
        lag = counts.index_lag
        yield _labelled("kho_index_lag", "Materials an index has yet to learn.", "index", lag)
        drifted = {name: one.drifted or 0 for name, one in counts.comparisons.items()}
        yield _labelled(
            "kho_index_drifted",
            "Materials that an index held wrongly when it was last compared; they were fed again.",
            "index",
            drifted,
        )
        oldest = counts.oldest_job
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "kho_oldest_job_seconds", "How long the longest-waiting job is due.", waited
        )
        yield GaugeMetricFamily(
            "kho_damaged_files", "Stored files found wrong or gone.", counts.damaged
        )
        yield GaugeMetricFamily(
            "kho_quarantined_files",
            "Stored files in which a threat was found; uploads have a state of their own.",
            counts.quarantined,
        )
        yield from _verdict(counts.verdict)
        oldest = counts.longest_unverified
        unread = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "kho_oldest_verification_seconds",
            "How long ago the stored file was read again that was looked at longest ago.",
            unread,
        )


def _verdict(verdict: Verdict | None) -> Iterator[Metric]:
    if verdict is None:
        return
    yield GaugeMetricFamily(
        "kho_last_verification_timestamp_seconds",
        "When `kho verify` last ran to its end.",
        verdict.at.timestamp(),
    )
    yield GaugeMetricFamily(
        "kho_last_verification_unmended",
        "What it found wrong and did not mend.",
        verdict.unmended,
    )


def _build_info() -> Metric:
    family = GaugeMetricFamily("kho_build_info", "What runs here.", labels=("version", "python"))
    family.add_metric((version("kho"), platform.python_version()), 1)
    return family


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


@get(
    "/metrics",
    opt=requires(Action.READ_PUBLIC),
    guards=[local_or_administrator],
    include_in_schema=False,
)
async def metrics(state: State, library: NamedDependency[Library]) -> Response[bytes]:
    """Everything there is to measure, in Prometheus' text format."""
    standing = CollectorRegistry()
    standing.register(_Standing(library))
    text = generate_latest(state.requests.registry)
    text += await sync_to_thread(generate_latest, standing)
    return Response(
        text, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"}
    )


handlers = (metrics,)
