"""What is read of the records."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import SQLAlchemyError

from calls.records.choosing import newest_first
from calls.records.counting import count
from calls.records.database import Database, in_short
from calls.records.event import Event
from calls.records.exporting import exported
from calls.records.figures import Figures
from calls.records.reading import call_row
from calls.records.rows import CallFilter, CallPage, CallRow, Cursor
from calls.records.schema import access_log, calls
from calls.records.scribe import events_of

# Queries take turns on these threads, so that none of them keeps calls from theirs.
_THREADS = 2

Given = ParamSpec("Given")
Result = TypeVar("Result")


class RecordsUnavailable(RuntimeError):
    """The database of the records cannot be read. The message says why."""


class Records:
    """The calls of a database, for whoever looks at them.

    Every method runs its query in a thread.

    Parameters:
        database: Where they are.

    Raises:
        RecordsUnavailable: from every method, when the database cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._threads = ThreadPoolExecutor(_THREADS)

    async def list_calls(
        self, which: CallFilter, *, before: Cursor | None = None, limit: int = 50
    ) -> CallPage:
        """The newest calls, or those that come after a place in the list."""
        return await self._read(_list_calls, which, before, limit)

    async def call(self, call_id: str) -> CallRow | None:
        """One call, None where there is no record of it."""
        return await self._read(_call, call_id)

    async def events(self, call_id: str, *, after_seq: int = 0) -> list[Event]:
        """The events of a call in order, all or those after one."""
        return await self._read(_events, call_id, after_seq)

    async def export(self, call_id: str) -> dict[str, Any] | None:
        """Everything on the record of a call as JSON has it, None where there is none."""
        return await self._read(_export, call_id)

    async def figures(self, which: CallFilter) -> Figures:
        """The numbers of all calls that are chosen."""
        return await self._read(count, which)

    async def looked_at(self, who: str, what: str) -> None:
        """Write into the access log that somebody looked at something."""
        row = {"at_ms": round(time.time() * 1000), "who": who, "what": what}
        await self._run(self._write, row)

    async def looks(self, *, limit: int = 100) -> list[tuple[float, str, str]]:
        """The newest entries of the access log: `(seconds since 1970, who, what)`."""
        return await self._read(_looks, limit)

    def close(self) -> None:
        """Let go of the database."""
        self._threads.shutdown(wait=False)
        self._database.close()

    def _write(self, row: dict[str, int | str]) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(access_log), [row])

    async def _read(
        self,
        query: Callable[Concatenate[Connection, Given], Result],
        *args: Given.args,
        **kwargs: Given.kwargs,
    ) -> Result:
        def run() -> Result:
            with self._database.reading() as connection:
                return query(connection, *args, **kwargs)

        return await self._run(run)

    async def _run(self, job: Callable[..., Result], *args: object) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, job, *args)
        except (SQLAlchemyError, OSError) as error:
            raise RecordsUnavailable(f"The records cannot be read: {in_short(error)}") from error


def _list_calls(
    connection: Connection, which: CallFilter, before: Cursor | None, limit: int
) -> CallPage:
    query, number = newest_first(which, connection.dialect.name)
    if before is not None:
        query = query.where(number < before.number)
    # One more than is shown tells whether there is another page.
    found = connection.execute(query.limit(limit + 1)).all()
    shown = found[:limit]
    more = len(found) > limit and bool(shown)
    return CallPage([call_row(row) for row in shown], Cursor(shown[-1].number) if more else None)


def _call(connection: Connection, call_id: str) -> CallRow | None:
    row = connection.execute(select(calls).where(calls.c.id == call_id)).first()
    return None if row is None else call_row(row)


def _events(connection: Connection, call_id: str, after_seq: int) -> list[Event]:
    number = connection.scalar(select(calls.c.number).where(calls.c.id == call_id))
    return [] if number is None else events_of(connection, number, call_id, after_seq=after_seq)


def _export(connection: Connection, call_id: str) -> dict[str, Any] | None:
    row = _call(connection, call_id)
    return None if row is None else exported(row, _events(connection, call_id, 0))


def _looks(connection: Connection, limit: int) -> list[tuple[float, str, str]]:
    newest = select(access_log).order_by(access_log.c.id.desc()).limit(limit)
    return [(row.at_ms / 1000, row.who, row.what) for row in connection.execute(newest)]


__all__ = [
    "CallFilter",
    "CallPage",
    "CallRow",
    "Cursor",
    "Figures",
    "Records",
    "RecordsUnavailable",
]
