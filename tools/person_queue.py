"""The line of callers who wait for a person, kept in SQLite."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tools.sqlite_file import SqliteFile


class PersonQueue:
    """Hands out queue numbers, from one up every day. Blocking; call it from a worker thread.

    Parameters:
        data_dir: Existing folder in which `queue.db` is kept.
        now: Tells the time.
    """

    def __init__(self, data_dir: Path, *, now: Callable[[], datetime] = datetime.now) -> None:
        self._now = now
        self._file = SqliteFile(data_dir / "queue.db", _create)

    def take_number(self, *, reason: str, channel: str, caller: str) -> int:
        """Put a caller at the end of today's line and return their number."""
        now = self._now()
        day = now.date().isoformat()
        with self._file.writing() as connection:
            (number,) = connection.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM waiting WHERE day = ?", (day,)
            ).fetchone()
            connection.execute(
                "INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?)",
                (day, number, now.isoformat(timespec="seconds"), reason, channel, caller),
            )
        return number


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        """CREATE TABLE waiting (
            day TEXT NOT NULL,
            number INTEGER NOT NULL,
            since TEXT NOT NULL,
            reason TEXT NOT NULL,
            channel TEXT NOT NULL,
            caller TEXT NOT NULL,
            PRIMARY KEY (day, number)
        ) STRICT"""
    )
