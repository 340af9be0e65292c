"""Bringing the database of the records up to date."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

# The newest version in `migrations/versions`. Knowing it here spares a start the load of Alembic.
NEWEST = "0001"
# PostgreSQL: processes of several machines that start together go one after the other.
_LOCK = 5_077_110


def is_up_to_date(connection: Connection) -> bool:
    """Whether the database has the newest version. One from the future has it, too."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version is not None and str(version) >= NEWEST


def upgrade(connection: Connection) -> None:
    """Make the tables, or change older ones.

    Raises:
        SQLAlchemyError: the database refuses.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    if is_up_to_date(connection):
        return

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
