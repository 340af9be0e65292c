"""The versions of the records' database, for Alembic."""
