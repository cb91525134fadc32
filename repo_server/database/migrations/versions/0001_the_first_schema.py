"""the first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.create_table(
        "attempt_count",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column(
            "window_start",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_attempt_count")),
    )
    with op.batch_alter_table("attempt_count", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_count_window_start", ["window_start"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "storage_use",
        sa.Column("holder", sa.String(length=12), nullable=False),
        sa.Column(
            "holder_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("holder", "holder_id", name=op.f("pk_storage_use")),
    )
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("unused_since", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("damaged_at", sa.BigInteger(), nullable=True),
        sa.Column("crc32", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    with op.batch_alter_table("blob", schema=None) as batch_op:
        batch_op.create_index("ix_blob_verified_at", ["verified_at"], unique=False)
        batch_op.create_index(
            "ix_blob_unused_since",
            ["unused_since"],
            unique=False,
            sqlite_where=sa.text("unused_since IS NOT NULL"),
            postgresql_where=sa.text("unused_since IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_blob_damaged_at",
            ["damaged_at"],
            unique=False,
            sqlite_where=sa.text("damaged_at IS NOT NULL"),
            postgresql_where=sa.text("damaged_at IS NOT NULL"),
        )

    op.create_table(
        "framework",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("publisher", sa.String(length=300), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uri", sa.String(length=1000), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework")),
        sa.UniqueConstraint("code", name=op.f("uq_framework_code")),
    )
    op.create_table(
        "index_target",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("schema_version", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_target")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state_run_at", ["state", "run_at"], unique=False)
        batch_op.create_index(
            "uq_job_unfinished",
            ["kind", "key"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'running')"),
            postgresql_where=sa.text("state IN ('open', 'running')"),
        )

    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quota_mib", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("code", name=op.f("uq_organization_code")),
    )
    op.create_table(
        "access_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_access_token_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_token_token_hash")),
    )
    with op.batch_alter_table("access_token", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_access_token_account_id"), ["account_id"], unique=False
        )

    op.create_table(
        "account_membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_membership_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_account_membership_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_membership")),
        sa.UniqueConstraint(
            "account_id",
            "organization_id",
            "role",
            name=op.f("uq_account_membership_account_id_organization_id_role"),
        ),
    )
    with op.batch_alter_table("account_membership", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_membership_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["account.id"], name=op.f("fk_audit_actor_id_account")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_object_id"), ["object_id"], unique=False)

    op.create_table(
        "curriculum_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "framework_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("grades", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=True),
        sa.Column("abbreviations", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("identifier", sa.String(length=500), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["framework_id"],
            ["framework.id"],
            name=op.f("fk_curriculum_item_framework_id_framework"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["curriculum_item.id"],
            name=op.f("fk_curriculum_item_parent_id_curriculum_item"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curriculum_item")),
        sa.UniqueConstraint(
            "framework_id", "code", name=op.f("uq_curriculum_item_framework_id_code")
        ),
    )
    with op.batch_alter_table("curriculum_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_curriculum_item_framework_id"), ["framework_id"], unique=False
        )
        batch_op.create_index("ix_curriculum_item_kind_subject", ["kind", "subject"], unique=False)
        batch_op.create_index(
            "ix_curriculum_item_parent_id_sequence", ["parent_id", "sequence"], unique=False
        )

    op.create_table(
        "derivative",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blob.sha256"], name=op.f("fk_derivative_sha256_blob")
        ),
        sa.PrimaryKeyConstraint("sha256", "name", name=op.f("pk_derivative")),
    )
    op.create_table(
        "reading",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_reading_sha256_blob")),
        sa.PrimaryKeyConstraint("sha256", "reader", name=op.f("pk_reading")),
    )
    op.create_table(
        "material",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("folded_title", sa.String(length=400), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("license", sa.String(length=30), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=300), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("use", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("imported", sa.JSON(), nullable=True),
        sa.Column("undecided", sa.JSON(), nullable=False),
        sa.Column("personal_acknowledged", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_material_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["account.id"], name=op.f("fk_material_owner_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material")),
        sa.UniqueConstraint("code", name=op.f("uq_material_code")),
        sa.UniqueConstraint("external_id", name=op.f("uq_material_external_id")),
    )
    with op.batch_alter_table("material", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_material_deleted_at"), ["deleted_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_material_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(
            "ix_material_owner_id_status", ["owner_id", "status", "updated_at"], unique=False
        )
        batch_op.create_index(
            "ix_material_status_published_at", ["status", "published_at"], unique=False
        )
        batch_op.create_index(
            "ix_material_status_submitted_at",
            ["status", "submitted_at", "organization_id", "deleted_at"],
            unique=False,
        )

    op.create_table(
        "organization_parent",
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tree", sa.String(length=20), nullable=False),
        sa.Column(
            "parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["child_id"],
            ["organization.id"],
            name=op.f("fk_organization_parent_child_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["organization.id"],
            name=op.f("fk_organization_parent_parent_id_organization"),
        ),
        sa.PrimaryKeyConstraint("child_id", "tree", name=op.f("pk_organization_parent")),
    )
    with op.batch_alter_table("organization_parent", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_parent_parent_id"), ["parent_id"], unique=False
        )

    op.create_table(
        "sign_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_token_hash")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "fingerprint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("scheme", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blob.sha256"], name=op.f("fk_fingerprint_sha256_blob")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fingerprint")),
        sa.UniqueConstraint("sha256", name=op.f("uq_fingerprint_sha256")),
    )
    with op.batch_alter_table("fingerprint", schema=None) as batch_op:
        batch_op.create_index("ix_fingerprint_content", ["content"], unique=False)

    op.create_table(
        "fingerprint_band",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "fingerprint_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["fingerprint_id"],
            ["fingerprint.id"],
            name=op.f("fk_fingerprint_band_fingerprint_id_fingerprint"),
        ),
        sa.PrimaryKeyConstraint("band", "fingerprint_id", name=op.f("pk_fingerprint_band")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "text_segment",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("recognized", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blob.sha256"], name=op.f("fk_text_segment_sha256_blob")
        ),
        sa.PrimaryKeyConstraint("sha256", "position", name=op.f("pk_text_segment")),
    )
    op.create_table(
        "alignment",
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["curriculum_item.id"], name=op.f("fk_alignment_item_id_curriculum_item")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_alignment_material_id_material")
        ),
        sa.PrimaryKeyConstraint("material_id", "item_id", name=op.f("pk_alignment")),
    )
    with op.batch_alter_table("alignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alignment_item_id"), ["item_id"], unique=False)

    op.create_table(
        "index_state",
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("want_rev", sa.Integer(), nullable=False),
        sa.Column("have_rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_index_state_material_id_material")
        ),
        sa.ForeignKeyConstraint(
            ["target"], ["index_target.name"], name=op.f("fk_index_state_target_index_target")
        ),
        sa.PrimaryKeyConstraint("target", "material_id", name=op.f("pk_index_state")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("index_state", schema=None) as batch_op:
        batch_op.create_index(
            "ix_index_state_behind",
            ["target", "material_id"],
            unique=False,
            sqlite_where=sa.text("want_rev > have_rev"),
            postgresql_where=sa.text("want_rev > have_rev"),
        )
        batch_op.create_index(
            batch_op.f("ix_index_state_material_id"), ["material_id"], unique=False
        )

    op.create_table(
        "awaited_association",
        sa.Column(
            "origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["origin_id"],
            ["curriculum_item.id"],
            name=op.f("fk_awaited_association_origin_id_curriculum_item"),
        ),
        sa.PrimaryKeyConstraint(
            "origin_id", "kind", "destination", name=op.f("pk_awaited_association")
        ),
    )
    op.create_table(
        "item_association",
        sa.Column(
            "origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "destination_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["curriculum_item.id"],
            name=op.f("fk_item_association_destination_id_curriculum_item"),
        ),
        sa.ForeignKeyConstraint(
            ["origin_id"],
            ["curriculum_item.id"],
            name=op.f("fk_item_association_origin_id_curriculum_item"),
        ),
        sa.PrimaryKeyConstraint(
            "origin_id", "kind", "destination_id", name=op.f("pk_item_association")
        ),
    )
    with op.batch_alter_table("item_association", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_item_association_destination_id"), ["destination_id"], unique=False
        )

    op.create_table(
        "material_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("has_text", sa.Boolean(), nullable=False),
        sa.Column("text_truncated", sa.Boolean(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("declared", sa.JSON(), nullable=False),
        sa.Column("personal", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_material_file_material_id_material")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blob.sha256"], name=op.f("fk_material_file_sha256_blob")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_file")),
    )
    with op.batch_alter_table("material_file", schema=None) as batch_op:
        batch_op.create_index(
            "ix_material_file_material_id_position", ["material_id", "position"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_material_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "material_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_material_version_created_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_material_version_material_id_material")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_version")),
        sa.UniqueConstraint(
            "material_id", "number", name=op.f("uq_material_version_material_id_number")
        ),
    )
    op.create_table(
        "placement",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["curriculum_item.id"], name=op.f("fk_placement_item_id_curriculum_item")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_placement_material_id_material")
        ),
        sa.PrimaryKeyConstraint("item_id", "material_id", name=op.f("pk_placement")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placement_material_id"), ["material_id"], unique=False)

    op.create_table(
        "collection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("folded_title", sa.String(length=400), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "cover_file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cover_file_id"],
            ["material_file.id"],
            name=op.f("fk_collection_cover_file_id_material_file"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_collection_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["account.id"], name=op.f("fk_collection_owner_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("code", name=op.f("uq_collection_code")),
    )
    with op.batch_alter_table("collection", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_collection_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_collection_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            "ix_collection_status_published_at", ["status", "published_at"], unique=False
        )

    op.create_table(
        "upload",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("declared_sha256", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("client_metadata", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["material_file.id"], name=op.f("fk_upload_file_id_material_file")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_upload_material_id_material")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["account.id"], name=op.f("fk_upload_owner_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint(
            "owner_id", "idempotency_key", name=op.f("uq_upload_owner_id_idempotency_key")
        ),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index("ix_upload_state_expires_at", ["state", "expires_at"], unique=False)

    op.create_table(
        "collection_section",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_section_collection_id_collection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_section")),
    )
    with op.batch_alter_table("collection_section", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_collection_section_collection_id"), ["collection_id"], unique=False
        )

    op.create_table(
        "collection_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "section_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_item_collection_id_collection"),
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_collection_item_material_id_material")
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["collection_section.id"],
            name=op.f("fk_collection_item_section_id_collection_section"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_item")),
    )
    with op.batch_alter_table("collection_item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_collection_item_collection_id_position", ["collection_id", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_collection_item_material_id"), ["material_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_collection_item_section_id"), ["section_id"], unique=False
        )

    op.create_table(
        "variant",
        sa.Column(
            "material_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_variant_created_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_variant_material_id_material")
        ),
        sa.ForeignKeyConstraint(["of_id"], ["material.id"], name=op.f("fk_variant_of_id_material")),
        sa.PrimaryKeyConstraint("material_id", "of_id", name=op.f("pk_variant")),
    )
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_variant_of_id"), ["of_id"], unique=False)
