"""Where engines, services and routes meet."""

import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from anyio import to_thread
from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from repo_server import failpoints
from repo_server.database.engine import open_database, sqlite_url
from repo_server.database.migrations import migrate
from repo_server.database.turns import turn
from repo_server.domain.access import ANONYMOUS, Action, Viewer
from repo_server.domain.errors import Busy, StorageUnavailable
from repo_server.inspection.clamd import Clamd
from repo_server.inspection.inspector import Inspector
from repo_server.logs import configure_logging
from repo_server.routes import boundary, health, metrics, observing, statics
from repo_server.routes.api import bundles as api_bundles
from repo_server.routes.api import collections as api_collections
from repo_server.routes.api import deleted as api_deleted
from repo_server.routes.api import discovery as api_discovery
from repo_server.routes.api import duplicates as api_duplicates
from repo_server.routes.api import files as api_files
from repo_server.routes.api import following as api_following
from repo_server.routes.api import materials as api_materials
from repo_server.routes.api import quarantine as api_quarantine
from repo_server.routes.api import synonyms as api_synonyms
from repo_server.routes.api import uploads as api_uploads
from repo_server.routes.api.accounts import accounts_router
from repo_server.routes.auth import permitted, provide_library, provide_viewer, requires
from repo_server.routes.boundary import HttpSettings
from repo_server.routes.pages import accounts as account_pages
from repo_server.routes.pages import admin as admin_page
from repo_server.routes.pages import bundles as bundle_pages
from repo_server.routes.pages import collection_edit, deleted, home, own, short_links
from repo_server.routes.pages import collections as collection_pages
from repo_server.routes.pages import curriculum as curriculum_pages
from repo_server.routes.pages import duplicates as duplicate_pages
from repo_server.routes.pages import following as following_pages
from repo_server.routes.pages import materials as material_pages
from repo_server.routes.pages import playing as playing_pages
from repo_server.routes.pages import quarantine as quarantine_pages
from repo_server.routes.pages import quotas as quota_pages
from repo_server.routes.pages import search as search_page
from repo_server.routes.pages import similar as similar_page
from repo_server.routes.pages import synonyms as synonym_pages
from repo_server.routes.pages.forms import provide_form
from repo_server.routes.pages.rendering import Pages
from repo_server.routes.preconditions import provide_revision
from repo_server.routes.second_origin.application import ContentApplication, set_apart
from repo_server.routes.second_origin.origins import Origins
from repo_server.routes.statics import Assets
from repo_server.routes.stopping import Stopping
from repo_server.search.factory import open_indexes
from repo_server.services import indexing
from repo_server.services.content_links import ContentLinks
from repo_server.services.curriculum import install_shipped
from repo_server.services.library import Library
from repo_server.services.working import Worker
from repo_server.settings import Settings, from_environment
from repo_server.storage.factory import S3Options, open_staging, open_storage

_PR_SET_PDEATHSIG: Final = 1

WEB: Final = Path(__file__).parent.parent / "web"

# Threads for handlers; more than the readers' connections would only queue there.
HANDLER_THREADS: Final = 40

INSTALL_SECONDS: Final = 120.0
"""How long a process that starts waits for another one that is installing the curriculum."""

PAGES: Final = (
    *home.handlers,
    *search_page.handlers,
    *following_pages.handlers,
    *curriculum_pages.handlers,
    *material_pages.handlers,
    *similar_page.handlers,
    *playing_pages.handlers,
    *bundle_pages.handlers,
    *collection_pages.handlers,
    *collection_edit.handlers,
    *short_links.handlers,
    *own.handlers,
    *deleted.handlers,
    *duplicate_pages.handlers,
    *account_pages.handlers,
    *admin_page.handlers,
    *quota_pages.handlers,
    *synonym_pages.handlers,
    *quarantine_pages.handlers,
)
API: Final = (
    *api_discovery.handlers,
    *api_following.handlers,
    *api_materials.handlers,
    *api_deleted.handlers,
    *api_duplicates.handlers,
    *api_collections.handlers,
    *api_uploads.handlers,
    *api_files.handlers,
    *api_bundles.handlers,
    *api_quarantine.handlers,
    *api_synonyms.handlers,
    accounts_router,
)


log = structlog.get_logger()


def open_library(settings: Settings) -> Library:
    """Open every engine, with the curriculum that Kho ships and every index registered.

    Raises DatabaseUnavailable when there is no database; storage and search may be down.
    """
    library = open_engines(settings)
    _install(library)
    return library


def _install(library: Library) -> None:
    """Of several processes that start at once one installs; the others then find it all there."""
    deadline = time.monotonic() + INSTALL_SECONDS
    while True:
        try:
            with turn(library.database, "install"):
                indexing.register_indexes(library)
                install_shipped(library)
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def open_engines(settings: Settings) -> Library:
    """Open every engine and bring the database to the present schema; adds no row.

    Raises what `open_library` raises.
    """
    failpoints.arm(settings.failpoint)
    data = settings.data
    data.mkdir(parents=True, exist_ok=True)
    path = settings.sqlite_path
    url = sqlite_url(path) if path else settings.database_url
    database = open_database(url, settings.database_timeout)
    migrate(database)
    storage_url = settings.storage_url or str(data / "files")
    staging = open_staging(
        storage_url, folder=data / "staging", turn=partial(turn, database), s3=_s3(settings)
    )
    staging.prepare()
    library = Library(
        database=database,
        storage=open_storage(storage_url, s3=_s3(settings)),
        staging=staging,
        inspector=Inspector(jobs=max(2, settings.worker_jobs)),
        indexes=open_indexes(
            settings.search_url,
            folder=data / "index",
            api_key=settings.search_key,
            name=settings.search_index,
        ),
        max_file_size=settings.max_file_mib << 20,
        scrub_rate=settings.scrub_mib << 20,
        account_quota=settings.account_quota_mib << 20,
        organization_quota=settings.organization_quota_mib << 20,
        scanner=Clamd(settings.clamd) if settings.clamd else None,
    )
    _prepare_storage(library)
    return library


def _prepare_storage(library: Library) -> None:
    try:
        library.storage.prepare()
    except StorageUnavailable:
        # Pages and search work without files; uploads say so until the storage is back.
        log.warning("storage.down")


def _s3(settings: Settings) -> S3Options | None:
    if not settings.storage_url.startswith("s3://"):
        return None
    return S3Options(
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_access_key,
        settings.s3_secret_key,
        settings.s3_public_endpoint or None,
    )


def _media_origins(settings: Settings) -> tuple[str, ...]:
    """Where presigned addresses of files lead."""
    address = settings.s3_public_endpoint or settings.s3_endpoint
    return (address.rstrip("/"),) if address else ()


def create() -> Litestar:
    """The application as the server starts it: settings from the environment."""
    _end_with_parent()
    settings = from_environment(os.environ)
    configure_logging(settings.log_level)
    app = create_app(settings)
    # All of this stays as long as the process: looking through it for garbage finds none.
    gc.collect()
    gc.freeze()
    return app


def _end_with_parent() -> None:
    """Have the kernel end this process when `kho serve` dies, however it dies (Linux).

    A process that outlived it would keep the port, and serve beside its successor.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def create_app(settings: Settings) -> Litestar:
    """The whole application; with `settings.worker_jobs` it works on jobs, too."""
    library = open_library(settings)
    stopping = Stopping(settings.drain_seconds)
    assets = Assets(WEB / "static", WEB / "node_modules")
    pages = Pages(WEB, assets, settings.origin)
    links = ContentLinks(settings.secret)
    origins = Origins.of(settings.origin, settings.content_origin, development=settings.development)
    http = HttpSettings(
        secure=settings.secure,
        trusted_proxies=settings.trusted_proxies,
        origins=(settings.origin.rstrip("/"),) if settings.origin else (),
        media_origins=_media_origins(settings),
        upload_timeout=settings.upload_timeout,
        upload_parallel=settings.upload_parallel,
    )
    app = Litestar(
        route_handlers=[
            Router("/", route_handlers=PAGES, include_in_schema=False),
            Router("/", route_handlers=(*API, *health.handlers, *metrics.handlers)),
            Router("/", route_handlers=statics.handlers, include_in_schema=False),
        ],
        dependencies=_dependencies(pages, assets, links),
        guards=[permitted],
        on_app_init=[boundary.configure, observing.configure],
        lifespan=[_lifespan(library, settings.worker_jobs, stopping)],
        openapi_config=OpenAPIConfig(
            title="Kho",
            version="1",
            openapi_router=_Description(
                "/api", route_handlers=[], opt=requires(Action.READ_PUBLIC)
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        state=State(
            {"library": library, "stopping": stopping, "render_error": _error_renderer(pages)}
        ),
        logging_config=None,
        debug=False,
    )
    english = json.loads((WEB / "messages" / "labels.en.json").read_text("utf-8"))
    boundary.enclose(app, http, english)
    content = ContentApplication(library, origins, links, pages, assets, secure=settings.secure)
    set_apart(app, origins, content)
    observing.observe(app)
    return app


class _Description(Router):
    """Serves the description of the API, without the framework's own page for other addresses."""

    def register(self, value: Any) -> Any:
        if isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths:
            return []
        return super().register(value)


def _dependencies(pages: Pages, assets: Assets, links: ContentLinks) -> dict[str, Provide]:
    return {
        "links": Provide(lambda: links, sync_to_thread=False),
        "library": Provide(provide_library, sync_to_thread=False),
        "pages": Provide(lambda: pages, sync_to_thread=False),
        "assets": Provide(lambda: assets, sync_to_thread=False),
        "viewer": Provide(provide_viewer),
        "form": Provide(provide_form),
        "rev": Provide(provide_revision, sync_to_thread=False),
    }


def _lifespan(library: Library, jobs: int, stopping: Stopping) -> Any:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        stopping.watch()
        to_thread.current_default_thread_limiter().total_tokens = HANDLER_THREADS
        worker = Worker(library, jobs=jobs) if jobs else None
        if worker is not None:
            worker.start()
        try:
            yield
        finally:
            if worker is not None:
                await to_thread.run_sync(worker.stop)
            await to_thread.run_sync(library.close)

    return lifespan


def _error_renderer(pages: Pages) -> Any:
    def render(
        request: Request[Any, Any, Any],
        status: int,
        title: str,
        message: str,
        retry_after: int | None,
    ) -> str:
        known = request.scope["state"].get("viewer")
        viewer = known if isinstance(known, Viewer) else ANONYMOUS
        return pages.render(
            request,
            viewer,
            "error.html",
            status=status,
            title=title,
            message=message,
            retry_after=retry_after,
        ).content

    return render
