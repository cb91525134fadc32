"""quarantine, words of the catalogue, synonyms, saved searches"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each part below belongs to one capability."""
    _saved_searches()
    _catalogues()
    _uploads_taken_over()


def _catalogues() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "catalogue_entry",
        sa.Column("material_id", row_id, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("use", sa.Integer(), nullable=False),
        sa.Column("imported", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_catalogue_entry_material_id_material")
        ),
        sa.PrimaryKeyConstraint("material_id", name=op.f("pk_catalogue_entry")),
    )
    op.create_table(
        "catalogue_passage",
        sa.Column("material_id", row_id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["material.id"],
            name=op.f("fk_catalogue_passage_material_id_material"),
        ),
        sa.PrimaryKeyConstraint("material_id", "position", name=op.f("pk_catalogue_passage")),
    )


def _saved_searches() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("query_string", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_saved_search_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint(
            "account_id", "fingerprint", name=op.f("uq_saved_search_account_id_fingerprint")
        ),
    )


def _uploads_taken_over() -> None:
    op.add_column("upload", sa.Column("wanted_at", sa.BigInteger(), nullable=True))
