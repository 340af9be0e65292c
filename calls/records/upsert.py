"""Rows that are written whether they are there or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def into(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    keeping: Sequence[str] = (),
) -> None:
    """Insert rows, or give those of the same key the new values, except in columns to keep."""
    if not rows:
        return
    insert = _insert(connection, table)
    key = [column.name for column in table.primary_key]
    changed = {
        name: insert.excluded[name] for name in rows[0] if name not in key and name not in keeping
    }
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed), rows)


def new_only(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows whose key is not there yet."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def _insert(connection: Connection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
