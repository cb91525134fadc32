"""The engines that every service works with, as one value."""

from dataclasses import dataclass, field
from typing import Final

from repo_server.database.engine import Database
from repo_server.inspection.clamd import Clamd
from repo_server.inspection.converter import Converter
from repo_server.inspection.inspector import Inspector
from repo_server.search.base import SearchIndex
from repo_server.services.balancing import Balancer
from repo_server.services.incidents import Incidents
from repo_server.services.knowledge import KnowledgeCache
from repo_server.services.open_packages import Kept, OpenPackages
from repo_server.services.unanswered import Unanswered
from repo_server.services.usage import Usage
from repo_server.services.vocabulary import Vocabulary
from repo_server.storage.base import ObjectStorage
from repo_server.storage.staging import StagingArea

_VIEWS: Final = 16
"""Files to be read whose HTML is kept in memory, of up to 2 MB each."""


@dataclass(frozen=True, slots=True)
class Library:
    """Where everything is; `app.open_library` makes it, services receive it as first argument.

    `indexes` are fed all alike; searches ask one that the `balancer` finds well and current.
    `max_file_size` is in bytes, `scrub_rate` in bytes a second that are read again to find damage,
    and as many to find threats (0: never), quotas in bytes that the materials of one account or
    organization may hold (0: as much as there is). `scanner` is None where no virus scanner is
    configured.
    """

    database: Database
    storage: ObjectStorage
    staging: StagingArea
    inspector: Inspector
    indexes: tuple[SearchIndex, ...]
    max_file_size: int
    scrub_rate: int = 0
    account_quota: int = 0
    organization_quota: int = 0
    scanner: Clamd | None = None
    converter: Converter = field(default_factory=Converter)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    knowledge: KnowledgeCache = field(default_factory=KnowledgeCache)
    usage: Usage = field(default_factory=Usage)
    unanswered: Unanswered = field(default_factory=Unanswered)
    incidents: Incidents = field(default_factory=Incidents)
    balancer: Balancer = field(default_factory=Balancer)
    packages: OpenPackages = field(default_factory=OpenPackages)
    views: Kept[str] = field(default_factory=lambda: Kept(_VIEWS))

    def close(self) -> None:
        """Let go of every engine; the library is not to be used afterwards."""
        self.inspector.close()
        self.converter.close()
        for index in self.indexes:
            index.close()
        self.staging.close()
        self.storage.close()
        self.database.close()
