"""Alembic's entry: it upgrades the connection that `calls.records.migrate` gives it."""

from alembic import context

from calls.records.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
