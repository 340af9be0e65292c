"""Which process writes a call, and whether that process still lives.

A living process holds a lock on its file in `DATA_DIR/owners`, which the system lets go of
however the process ends. Of a process that has another data folder, on another machine, it
counts when it was last seen in the database.
"""

import fcntl
import os
import re
import secrets
import socket
import time
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, text

from calls.records import upsert
from calls.records.schema import owners

_FOLDER = "owners"
_SEEN_WITHIN_MS = 60_000


class Owner:
    """This process.

    Parameters:
        folder: The data folder.

    Raises:
        OSError: its file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        host = re.sub(r"[^A-Za-z0-9.]", "-", socket.gethostname())[:60]
        self.name = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _path(folder, self.name)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        self._file = draft.open("w")
        # Nobody sees the file before it is locked.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._path)

    def lives(self, connection: Connection) -> None:
        """Be seen."""
        row = {"owner": self.name, "seen_ms": _now_ms(connection)}
        upsert.into(connection, owners, [row])

    def leaves(self, connection: Connection) -> None:
        """Be gone: nothing is written any more."""
        connection.execute(delete(owners).where(owners.c.owner == self.name))

    def close(self, *, in_order: bool) -> None:
        """Let go of the lock. Without order, the file stays: who finds it unlocked cleans up."""
        if in_order:
            self._path.unlink(missing_ok=True)
        self._file.close()


def is_alive(connection: Connection, folder: Path, name: str) -> bool:
    """Whether a process still writes its calls.

    Raises:
        SQLAlchemyError, OSError: nobody knows.
    """
    locked = _is_locked(_path(folder, name))
    if locked is not None:
        return locked
    seen_ms = connection.scalar(select(owners.c.seen_ms).where(owners.c.owner == name))
    return seen_ms is not None and _now_ms(connection) - seen_ms < _SEEN_WITHIN_MS


def buried(connection: Connection, folder: Path, name: str) -> None:
    """Nothing is left to do for a process that died."""
    connection.execute(delete(owners).where(owners.c.owner == name))
    _path(folder, name).unlink(missing_ok=True)


def _is_locked(path: Path) -> bool | None:
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False


def _path(folder: Path, name: str) -> Path:
    return folder / _FOLDER / f"{name}.lock"


def _now_ms(connection: Connection) -> int:
    # Machines' clocks differ, and the database is the same for all.
    if connection.dialect.name == "postgresql":
        seconds = connection.scalar(select(func.extract("epoch", text("clock_timestamp()"))))
        return round(float(seconds or 0) * 1000)
    return round(time.time() * 1000)
