"""Erasing calls: everything of them, wherever it is kept, and counting what is left."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, select

from calls.records import words
from calls.records.database import Database
from calls.records.files import CALL_FILES, KINDS, OWED, RECORDINGS, erase_files, files_of
from calls.records.schema import PER_CALL, call_providers, call_stages, calls, events
from calls.records.spill import spills_in

AT_ONCE = 500
AT_MOST_S = 300.0
_FILES = {
    RECORDINGS: "files of recordings",
    CALL_FILES: "files of events",
    OWED: "webhooks owed",
}


@dataclass(frozen=True)
class Erased:
    """How much of one kind was erased, and how much is found afterwards."""

    what: str
    count: int
    left: int


def calls_of_caller(database: Database, caller_key: str) -> list[str]:
    """The ids of a caller's calls by the key of the number, those that are only spilled too.

    Raises:
        SQLAlchemyError, OSError: not everything could be looked through.
    """
    with database.reading() as connection:
        query = select(calls.c.id).where(calls.c.caller_key == caller_key, calls.c.caller_key != "")
        found = list(connection.scalars(query.order_by(calls.c.number)))
    spilled = (
        kept.event.call_id
        for _, spill in spills_in(database.folder)
        for kept in spill.events()
        if caller_key and kept.event.facts.get("caller_key") == caller_key
    )
    return list(dict.fromkeys((*found, *spilled)))


def beginning_with(database: Database, start: str) -> list[str]:
    """The ids of calls that begin so and are longer, at most ten."""
    with database.reading() as connection:
        query = select(calls.c.id).where(calls.c.id.startswith(start, autoescape=True))
        query = query.where(calls.c.id != start).order_by(calls.c.id).limit(10)
        return list(connection.scalars(query))


def running(database: Database, ids: Sequence[str]) -> list[str]:
    """Those of these calls that are not over."""
    with database.reading() as connection:
        query = select(calls.c.id).where(calls.c.id.in_(ids), calls.c.ended_ms.is_(None))
        return list(connection.scalars(query))


def erase(database: Database, ids: Iterable[str]) -> list[Erased]:
    """Erase calls, and show that they are.

    Returns:
        A line a place, with what a search for it finds afterwards.

    Raises:
        SQLAlchemyError, OSError: not everything could be erased.
    """
    wanted = list(dict.fromkeys(ids))
    before = _found(database, wanted)
    let_go(database, wanted)
    if wanted:
        database.scrub()
    after = _found(database, wanted)
    return [Erased(what, count, after[what]) for what, count in before.items()]


def let_go(database: Database, ids: Sequence[str]) -> None:
    """Erase calls from the database, from files of their own and from what was spilled.

    Raises:
        SQLAlchemyError, OSError: not everything could be erased.
    """
    # What is spilled would bring the others back.
    for _, spill in spills_in(database.folder):
        spill.erase(frozenset(ids))
    for some in in_parts(ids):
        with database.writing(at_most_s=AT_MOST_S) as connection:
            _erase(connection, some)
    for kind in KINDS:
        erase_files(database.folder, ids, kind)


def in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many ids as one query may name, and again."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _erase(connection: Connection, ids: Sequence[str]) -> None:
    numbers = _numbers(connection, ids)
    words.erase(connection, numbers)
    for table in PER_CALL:
        connection.execute(delete(table).where(table.c.number.in_(numbers)))


def _found(database: Database, ids: Sequence[str]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    with database.reading() as connection:
        for some in in_parts(ids):
            numbers = _numbers(connection, some)
            counts["records"] += _count(connection, calls, numbers)
            counts["events"] += _count(connection, events, numbers)
            counts["latencies"] += _count(connection, call_stages, numbers)
            counts["uses of providers"] += _count(connection, call_providers, numbers)
            counts["searchable transcripts"] += words.count(connection, numbers)
    wanted = set(ids)
    spilled = [k for _, s in spills_in(database.folder) for k in s.events()]
    counts["spilled events"] = sum(kept.event.call_id in wanted for kept in spilled)
    return counts | {_FILES[kind]: len(files_of(database.folder, ids, kind)) for kind in KINDS}


def _numbers(connection: Connection, ids: Sequence[str]) -> list[int]:
    return list(connection.scalars(select(calls.c.number).where(calls.c.id.in_(ids))))


def _count(connection: Connection, table: Table, numbers: Sequence[int]) -> int:
    query = select(func.count()).select_from(table).where(table.c.number.in_(numbers))
    return connection.scalar(query) or 0
