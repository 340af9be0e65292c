"""Where memories of callers are kept: one SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

STORE_FILE = "callers.sqlite"
# Of a caller, for each bot.
CALLS_REMEMBERED = 3

_TABLE = """
CREATE TABLE IF NOT EXISTS memory (
    id INTEGER PRIMARY KEY,
    caller TEXT NOT NULL,
    bot TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT (date('now')),
    text TEXT NOT NULL
)
"""
_OLDER_ONES = """
DELETE FROM memory WHERE caller = :caller AND bot = :bot AND id NOT IN (
    SELECT id FROM memory WHERE caller = :caller AND bot = :bot ORDER BY id DESC LIMIT :kept
)
"""


@dataclass(frozen=True)
class Memory:
    """What was kept of one call.

    Parameters:
        at: The day of the call.
        text: The memory.
    """

    at: str
    text: str


@dataclass(frozen=True)
class Erased:
    """How many memories were erased, and how many are found afterwards."""

    count: int
    left: int


class CallerStore(Protocol):
    """What keeps memories. Its methods block, and raise `OSError` or `sqlite3.Error`."""

    def recall(self, caller: str, bot: str) -> list[Memory]:
        """The memories that a bot has of a caller, the oldest first."""
        ...

    def keep(self, caller: str, bot: str, text: str) -> None:
        """Add a memory, and let go of those that are too old."""
        ...

    def forget(self, caller: str) -> Erased:
        """Erase all that any bot remembers of a caller, so that it cannot be read anywhere."""
        ...


class SqliteCallerStore:
    """A `CallerStore` in a folder.

    Parameters:
        folder: It need not exist.
        patience_s: How long a file that somebody else has locked is waited for.
    """

    def __init__(self, folder: Path, *, patience_s: float = 2.0) -> None:
        self._path = folder / STORE_FILE
        self._patience_s = patience_s

    def recall(self, caller: str, bot: str) -> list[Memory]:
        if not self._path.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT at, text FROM memory WHERE caller = ? AND bot = ? ORDER BY id",
                (caller, bot),
            )
            return [Memory(at, text) for at, text in rows]

    def keep(self, caller: str, bot: str, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database, database:
            database.execute(
                "INSERT INTO memory (caller, bot, text) VALUES (?, ?, ?)", (caller, bot, text)
            )
            database.execute(_OLDER_ONES, {"caller": caller, "bot": bot, "kept": CALLS_REMEMBERED})

    def forget(self, caller: str) -> Erased:
        if not self._path.exists():
            return Erased(0, 0)
        with self._open() as database:
            with database:
                count = database.execute("DELETE FROM memory WHERE caller = ?", (caller,)).rowcount
            # Free pages were overwritten already; this gives them back.
            database.execute("VACUUM")
            (left,) = database.execute(
                "SELECT count(*) FROM memory WHERE caller = ?", (caller,)
            ).fetchone()
        return Erased(count, left)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=self._patience_s)) as database:
            # Without a log beside it: what is erased must not stand there.
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("PRAGMA secure_delete = ON")
            database.execute(_TABLE)
            yield database
