"""Alembic's entry: runs the migrations on the connection that `migrate` handed over."""

from alembic import context

from repo_server.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
