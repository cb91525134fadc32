"""What each request leaves behind: a count, a duration, one line in the log.

Of a person it leaves nothing: the route's template instead of the address, no query, no account,
no network address. `Observer` wraps the whole application, the boundary included.
"""

import os
import socket
from time import perf_counter
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

from repo_server.domain.errors import KhoError
from repo_server.routes.errors import error_response
from repo_server.services.library import Library

SLOW: Final = 1.0
"""Seconds to the first byte of an answer from which a request is a warning."""

GONE: Final = 499
"""What stands for the status where the client went away before there was one."""

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

RECEIVING: Final = "/api/uploads/{upload_id}"
"""Takes as long as the client's line does: never slow by our fault."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})

log = structlog.get_logger()


class Requests:
    """Counts and durations of this process, in a registry of their own.

    `process` tells the processes of one address apart: each answers for itself.
    """

    def __init__(self) -> None:
        self.process = f"{socket.gethostname()}:{os.getpid()}"
        self.registry = CollectorRegistry()
        self._count = Counter(
            "kho_requests",
            "Requests by route, method and status.",
            ("process", "route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "kho_request_seconds",
            "Seconds from the request to the first byte of its answer.",
            ("process", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        # Looking a child up by its labels costs more than counting does.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = route, method, status
        counter = self._counters.get(key)
        if counter is None:
            counter = self._count.labels(self.process, route, method, str(status))
            self._counters[key] = counter
        counter.inc()
        durations = self._durations.get(route)
        if durations is None:
            durations = self._durations[route] = self._seconds.labels(self.process, route)
        durations.observe(seconds)


def configure(config: AppConfig) -> AppConfig:
    """For Litestar's `on_app_init`: errors of engines are counted before they are answered."""
    config.exception_handlers[Exception] = _noted_error
    return config


def _noted_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if isinstance(error, KhoError) and error.status >= 500:
        library: Library = request.app.state.library
        library.incidents.note(error.code)
    return error_response(request, error)


def observe(app: Litestar) -> None:
    """Put an `Observer` around the application; its state keeps the counts as `requests`."""
    app.state.requests = Requests()
    app.asgi_handler = Observer(app.asgi_handler, app.state.requests)


class Observer:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, method = perf_counter(), scope["method"]
        status, seconds = GONE, 0.0

        async def answer(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            self._note(scope, str(method), status, seconds or perf_counter() - began)

    def _note(self, scope: Any, method: str, status: int, seconds: float) -> None:
        route = scope.get("path_template") or "unmatched"
        method = method if method in _METHODS else "other"
        self._requests.note(route, method, status, seconds)
        slow = seconds > SLOW and route != RECEIVING
        (log.warning if slow else log.info)(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=scope["state"].get("request_id", ""),
        )
