"""Every table, by noun."""

from repo_server.database.models.accounts import (
    AccessToken,
    Account,
    AccountMembership,
    AttemptCount,
    Organization,
    OrganizationParent,
    SignIn,
)
from repo_server.database.models.base import Base, Moment, database_now, utc_now
from repo_server.database.models.catalogue import CatalogueEntry, CataloguePassage
from repo_server.database.models.collections import (
    Collection,
    CollectionItem,
    CollectionSection,
)
from repo_server.database.models.curriculum import (
    AwaitedAssociation,
    CurriculumItem,
    Framework,
    ItemAssociation,
)
from repo_server.database.models.files import (
    AuditEntry,
    AuditHead,
    Blob,
    Derivative,
    Reading,
    ScanExemption,
    StorageUse,
    TextSegment,
    Upload,
)
from repo_server.database.models.likeness import Fingerprint, FingerprintBand, Variant
from repo_server.database.models.materials import (
    Alignment,
    Material,
    MaterialFile,
    MaterialVersion,
    Placement,
)
from repo_server.database.models.outbox import IndexState, IndexTarget, Job
from repo_server.database.models.questions import KnowledgePart, Synonym
from repo_server.database.models.searches import SavedSearch, UnansweredSearch

__all__ = [
    "AccessToken",
    "Account",
    "AccountMembership",
    "Alignment",
    "AttemptCount",
    "AuditEntry",
    "AuditHead",
    "AwaitedAssociation",
    "Base",
    "Blob",
    "CatalogueEntry",
    "CataloguePassage",
    "Collection",
    "CollectionItem",
    "CollectionSection",
    "CurriculumItem",
    "Derivative",
    "Fingerprint",
    "FingerprintBand",
    "Framework",
    "IndexState",
    "IndexTarget",
    "ItemAssociation",
    "Job",
    "KnowledgePart",
    "Material",
    "MaterialFile",
    "MaterialVersion",
    "Moment",
    "Organization",
    "OrganizationParent",
    "Placement",
    "Reading",
    "SavedSearch",
    "ScanExemption",
    "SignIn",
    "StorageUse",
    "Synonym",
    "TextSegment",
    "UnansweredSearch",
    "Upload",
    "Variant",
    "database_now",
    "utc_now",
]
