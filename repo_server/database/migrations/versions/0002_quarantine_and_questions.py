"""quarantine, words of the catalogue, synonyms, saved searches"""

import time

import sqlalchemy as sa
from alembic import op

from repo_server.domain.questions.school_synonyms import school_synonyms

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each part below belongs to one capability."""
    _quarantine()
    _saved_searches()
    _catalogues()
    _uploads_taken_over()
    _comparisons()
    _understanding()
    _unanswered_searches()


def _unanswered_searches() -> None:
    op.create_table(
        "unanswered_search",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "words", name=op.f("pk_unanswered_search")),
    )


def _comparisons() -> None:
    for name, kind in (
        ("sampled_at", sa.BigInteger()),
        ("compared_at", sa.BigInteger()),
        ("drifted", sa.Integer()),
    ):
        op.add_column("index_target", sa.Column(name, kind, nullable=True))


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


def _understanding() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    synonym = op.create_table(
        "synonym",
        sa.Column("id", row_id, nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("one_way", sa.Boolean(), nullable=False),
        sa.Column("folded", sa.String(length=2000), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", row_id, nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["account.id"], name=op.f("fk_synonym_updated_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synonym")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_synonym_fingerprint")),
    )
    op.create_table(
        "knowledge_part",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("materials", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_knowledge_part")),
    )
    # Once, here: what administrators change or delete afterwards never comes back by itself.
    now = int(time.time() * 1000)
    rows = [
        {
            "phrases": list(rule.phrases),
            "one_way": rule.one_way,
            "folded": rule.folded,
            "fingerprint": rule.fingerprint,
            "created_at": now,
            "updated_at": now,
        }
        for rule in school_synonyms()
    ]
    op.bulk_insert(synonym, rows)


def _quarantine() -> None:
    with op.batch_alter_table("blob", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scanned_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("threat", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("quarantined_at", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_blob_scanned_at", ["scanned_at"], unique=False)
        batch_op.create_index(
            "ix_blob_quarantined_at",
            ["quarantined_at"],
            unique=False,
            sqlite_where=sa.text("quarantined_at IS NOT NULL"),
            postgresql_where=sa.text("quarantined_at IS NOT NULL"),
        )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("threat", sa.String(length=120), nullable=True))
    op.create_table(
        "scan_exemption",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("threat", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_scan_exemption_account_id_account")
        ),
        sa.PrimaryKeyConstraint("sha256", "threat", name=op.f("pk_scan_exemption")),
    )
