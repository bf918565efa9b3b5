"""What Alembic runs. The connection comes from the store, inside its transaction: all migrations or none."""

from alembic import context

from livedash.catalog.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
