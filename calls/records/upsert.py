"""Rows that are written whether they are there or not."""

from collections.abc import Sequence
from functools import cache
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
    if rows:
        statement = _upsert(connection.dialect.name, table, tuple(rows[0]), tuple(keeping))
        connection.execute(statement, rows)


def new_only(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows whose key is not there yet."""
    if rows:
        connection.execute(_new_only(connection.dialect.name, table), rows)


# Making a statement takes longer than having it done, and it is the same for every commit.
@cache
def _upsert(dialect: str, table: Table, columns: Sequence[str], keeping: Sequence[str]) -> Any:
    insert = _insert(dialect, table)
    key = [column.name for column in table.primary_key]
    changed = {
        name: insert.excluded[name] for name in columns if name not in key and name not in keeping
    }
    return insert.on_conflict_do_update(index_elements=key, set_=changed)


@cache
def _new_only(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)
