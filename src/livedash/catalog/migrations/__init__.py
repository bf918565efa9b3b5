"""Numbered migrations of catalog.db, run by Alembic at start and only when the schema is behind."""
