"""quarantine, words of the catalogue, synonyms, saved searches"""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each part below belongs to one capability."""
