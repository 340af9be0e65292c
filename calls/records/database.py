"""The database of the records: SQLite in the data folder, or PostgreSQL by its address."""

import contextlib
import fcntl
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL

from settings import Settings, in_clear

DATABASE_FILE = "records.sqlite"

# A file that another process is writing is waited for; then events spill.
_LOCKED_AT_MOST_S = 2
# PostgreSQL's client takes whole seconds, 2 at least.
_CONNECT_AT_MOST_S = 2
_STATEMENT_AT_MOST_MS = 30_000

# Until nobody reads what the log of changes is cut off from.
_TRIES = 20
_BETWEEN_TRIES_S = 0.25


class Database:
    """Opens connections to the database of the records, which is brought up to date at the first.

    Parameters:
        folder: The data folder, with the SQLite file unless there is a URL.
        url: As in `postgresql://user:password@host/name`.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = _url(folder, url)
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._up_to_date = False

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        """The database that the settings name."""
        return cls(settings.data_dir, in_clear(settings.database_url))

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def exists(self) -> bool:
        """Whether there may be anything in it."""
        return not self.is_sqlite or Path(self.url.database or "").exists()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries.

        Raises:
            SQLAlchemyError, OSError: the database cannot be reached.
        """
        with self._ready_engine().connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, at_most_s: float = 2) -> Iterator[Connection]:
        """A connection in a transaction, which is committed at the end of the block.

        Parameters:
            at_most_s: What one statement may take, where the database is a server.

        Raises:
            SQLAlchemyError, OSError: the database cannot be reached.
        """
        with self._ready_engine().connect() as connection:
            if self.is_sqlite:
                # What reads and then writes must not find that somebody wrote in between.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                limit = f"SET LOCAL statement_timeout = {round(at_most_s * 1000)}"
                connection.exec_driver_sql(limit)
            yield connection
            connection.commit()

    def scrub(self) -> None:
        """Have nothing that was deleted be readable in the files of an SQLite database.

        What is deleted is overwritten there already, but for the text index, which keeps it until
        it is put in order, and for the log of changes.

        Raises:
            SQLAlchemyError, OSError: somebody was reading or writing all the time.
        """
        if not self.is_sqlite:
            return
        with self.writing() as connection:
            connection.execute(text("INSERT INTO call_words (call_words) VALUES ('optimize')"))
        for _ in range(_TRIES):
            with self.reading() as connection:
                found = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            if not found[0]:
                return
            time.sleep(_BETWEEN_TRIES_S)
        raise OSError(f"{DATABASE_FILE} is in use; the words are still in its log, try it again.")

    def close(self) -> None:
        """Let go of all connections."""
        if self._engine:
            self._engine.dispose()

    def _ready_engine(self) -> Engine:
        with self._lock:
            engine = self._engine = self._engine or self._new_engine()
            if not self._up_to_date:
                self._bring_up_to_date(engine)
                self._up_to_date = True
            return engine

    def _new_engine(self) -> Engine:
        if self.is_sqlite:
            self.folder.mkdir(parents=True, exist_ok=True)
            engine = create_engine(
                self.url, hide_parameters=True, connect_args={"timeout": _LOCKED_AT_MOST_S}
            )
            event.listen(engine, "connect", _set_up_sqlite)
            return engine
        if find_spec("psycopg") is None:
            raise OSError("PostgreSQL needs an extra: pip install 'switchboard[postgres]'.")
        return create_engine(
            self.url,
            # What was said must not reach the log with an error.
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=_CONNECT_AT_MOST_S,
            connect_args={
                "connect_timeout": _CONNECT_AT_MOST_S,
                "tcp_user_timeout": 1000 * _CONNECT_AT_MOST_S,
                "options": f"-c statement_timeout={_STATEMENT_AT_MOST_MS} -c timezone=UTC",
            },
        )

    def _bring_up_to_date(self, engine: Engine) -> None:
        from calls.records.migrate import is_up_to_date, upgrade

        # Before the first connection: that switches a new SQLite file to its log of changes, and
        # who comes upon it is refused at once.
        with self._one_at_a_time(), engine.connect() as connection:
            if not is_up_to_date(connection):
                connection.rollback()
                upgrade(connection)

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        # Of all on this machine. Between machines, PostgreSQL's own lock is taken.
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "records.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def in_short(error: Exception) -> str:
    """What the database says is wrong, without the query."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _url(folder: Path, url: str) -> URL:
    if not url:
        return URL.create("sqlite", database=str(folder / DATABASE_FILE))
    made = make_url(url)
    if made.get_backend_name() in ("postgres", "postgresql"):
        return made.set(drivername="postgresql+psycopg")
    return made


def _set_up_sqlite(connection: Any, _: object) -> None:
    # SQLAlchemy begins the transactions, not the driver.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "journal_size_limit=67108864",
        "temp_store=MEMORY",
        "cache_size=-16384",
        "mmap_size=1073741824",
    ):
        connection.execute(f"PRAGMA {pragma}")
