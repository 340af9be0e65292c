"""A SQLite file that makes its own tables, opened for one operation at a time."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

BUSY_TIMEOUT_MS = 5_000


@dataclass(frozen=True)
class SqliteFile:
    """One database file, safe to use from several threads and processes.

    Parameters:
        path: The file. Its folder has to exist; the file itself need not.
        create: Makes tables and first rows. Called once in the life of the file, inside a write
            transaction, also when several processes open it for the first time at one moment.
    """

    path: Path
    create: Callable[[sqlite3.Connection], None]

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for SELECTs.

        Raises:
            sqlite3.Error: The file cannot be opened, is no database or stayed locked too long.
        """
        with closing(self._connect()) as connection:
            if _is_new(connection):
                with _transaction(connection):
                    self._create_once(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside BEGIN IMMEDIATE; commit at the end, roll back on any error.

        Raises:
            sqlite3.Error: As `reading`, and whatever the statements raise.
        """
        with closing(self._connect()) as connection, _transaction(connection):
            self._create_once(connection)
            yield connection

    def _create_once(self, connection: sqlite3.Connection) -> None:
        if _is_new(connection):
            self.create(connection)
            connection.execute("PRAGMA user_version = 1")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            _use_wal(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _is_new(connection: sqlite3.Connection) -> bool:
    return connection.execute("PRAGMA user_version").fetchone()[0] == 0


def _use_wal(connection: sqlite3.Connection) -> None:
    # Two first openers that switch to WAL together can get SQLITE_BUSY without the busy
    # handler being asked, so the waiting is done here.
    give_up_at_s = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not locked or time.monotonic() > give_up_at_s:
                raise
            time.sleep(0.01)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
