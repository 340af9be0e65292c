"""Letting go of what is too old, by kind: recordings, the words, and whole records."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loguru import logger
from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from calls.records import words
from calls.records.database import Database, in_short
from calls.records.erasing import AT_MOST_S, AT_ONCE, let_go
from calls.records.files import CALL_FILES, RECORDINGS, erase_files
from calls.records.schema import access_log, calls, events, number_of_call
from calls.redaction.facts import without_words
from settings import Settings

_DAY_MS = 86_400_000
_EVERY_S = 6 * 3600.0


@dataclass(frozen=True)
class LetGo:
    """Of how many calls each kind was let go."""

    records: int = 0
    transcripts: int = 0
    recordings: int = 0


def retain(database: Database, settings: Settings, *, now_ms: int | None = None) -> LetGo:
    """Erase what is too old of calls that are over, and of the access log.

    Parameters:
        database: Of the records.
        settings: Say for how many days each kind is kept.
        now_ms: Since 1970 in UTC; the present unless it is given.

    Raises:
        SQLAlchemyError, OSError: not everything could be erased.
    """
    now_ms = round(time.time() * 1000) if now_ms is None else now_ms

    def of_calls(days: int, all_but: ColumnElement[bool], erase: Erase) -> int:
        before_ms = now_ms - days * _DAY_MS
        return _in_parts(database, before_ms, all_but, erase) if days else 0

    c = calls.c
    gone = LetGo(
        of_calls(settings.retain_records_days, c.number > 0, let_go),
        of_calls(settings.retain_transcripts_days, c.wordless == 0, _strip),
        of_calls(settings.retain_recordings_days, c.recording > 0, _silence),
    )
    if days := settings.retain_records_days:
        with database.writing(at_most_s=AT_MOST_S) as connection:
            old = access_log.c.at_ms < now_ms - days * _DAY_MS
            connection.execute(delete(access_log).where(old))
    if gone != LetGo():
        database.scrub()
    return gone


async def retain_for_ever(settings: Settings, *, every_s: float = _EVERY_S) -> None:
    """The server's job: let go at once and every few hours, until it is cancelled."""
    database = Database.of(settings)
    try:
        while True:
            try:
                gone = await asyncio.to_thread(retain, database, settings)
                if gone != LetGo():
                    logger.info(f"Erased, as it was too old to be kept: {gone}")
            except (SQLAlchemyError, OSError) as error:
                logger.error(f"What is too old could not be erased: {in_short(error)}")
            await asyncio.sleep(every_s)
    finally:
        database.close()


Erase = Callable[[Database, Sequence[str]], None]


def _in_parts(database: Database, before_ms: int, to_do: ColumnElement[bool], erase: Erase) -> int:
    c = calls.c
    old = select(c.id).where(c.number < number_of_call(before_ms, 0), c.ended_ms.is_not(None))
    count = 0
    while True:
        with database.reading() as connection:
            query = old.where(to_do).order_by(c.number).limit(AT_ONCE)
            ids = list(connection.scalars(query))
        if not ids:
            return count
        erase(database, ids)
        count += len(ids)


def _silence(database: Database, ids: Sequence[str]) -> None:
    erase_files(database.folder, ids, RECORDINGS)
    with database.writing(at_most_s=AT_MOST_S) as connection:
        connection.execute(update(calls).where(calls.c.id.in_(ids)).values(recording=0))


def _strip(database: Database, ids: Sequence[str]) -> None:
    erase_files(database.folder, ids, CALL_FILES)
    with database.writing(at_most_s=AT_MOST_S) as connection:
        these = calls.c.id.in_(ids)
        numbers = list(connection.scalars(select(calls.c.number).where(these)))
        _strip_events(connection, numbers)
        words.erase(connection, numbers)
        connection.execute(update(calls).where(these).values(wordless=1))
        # Rules say why in words of their own, a tool may quote somebody.
        told = calls.c.outcome_by == "tool"
        connection.execute(update(calls).where(these, told).values(outcome_why=""))


def _strip_events(connection: Connection, numbers: Sequence[int]) -> None:
    e = events.c
    query = select(e.number, e.seq, e.kind, e.facts).where(e.number.in_(numbers))
    changed = [
        {"of": number, "at": seq, "left": left}
        for number, seq, kind, facts in connection.execute(query)
        if (left := _without_words(kind, facts)) != facts
    ]
    if changed:
        which = (e.number == bindparam("of"), e.seq == bindparam("at"))
        connection.execute(update(events).where(*which).values(facts=bindparam("left")), changed)


def _without_words(kind: str, facts: str) -> str:
    left = without_words(kind, json.loads(facts))
    return json.dumps(left, ensure_ascii=False, separators=(",", ":"))
