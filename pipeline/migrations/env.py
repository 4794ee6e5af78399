"""Alembic's own entry: runs the steps on the connection that `pipeline.database` hands over."""

from alembic import context

from pipeline.registry import Registry

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Registry.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
