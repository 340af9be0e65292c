"""`switchboard forget`: all there is of a caller, or of one call, is erased."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from calls.callers.key import KEY_FILE, key_of, number_of
from calls.callers.store import STORE_FILE, SqliteCallerStore
from calls.records.database import Database, in_short
from calls.records.erasing import beginning_with, calls_of_caller, erase, running
from calls.records.schema import calls
from settings import Settings


def forget(console: Console, settings: Settings, *, caller: str = "", call_id: str = "") -> int:
    """Erase a caller or a call, and print how much there was and is.

    Returns:
        The exit code: 0 when nothing is left, 1 when it could not be erased, 2 for what is no
        number, or only the beginning of an id.
    """
    if call_id:
        return _forget_calls(console, settings, [call_id], f"call {call_id}")
    number = number_of(caller)
    if not number:
        console.print(
            f"{escape(caller)} is no telephone number; write it as in +14155550123. "
            "Callers without a number are never remembered."
        )
        return 2
    remembered = _forget_memories(console, number, settings.data_dir)
    return remembered or _forget_calls_of(console, settings, number)


def _forget_memories(console: Console, number: str, data_dir: Path) -> int:
    try:
        if not (data_dir / KEY_FILE).exists():
            if (data_dir / STORE_FILE).exists():
                console.print(
                    f"{KEY_FILE} is missing in {escape(str(data_dir))}, and without it whom "
                    f"{STORE_FILE} remembers cannot be told; to forget all of them, delete it."
                )
                return 1
            console.print(f"No caller is remembered in {escape(str(data_dir))}: 0 entries erased.")
            return 0
        erased = SqliteCallerStore(data_dir).forget(key_of(number, data_dir))
    except (OSError, sqlite3.Error) as error:
        console.print(f"{number} could not be forgotten: {escape(str(error))}")
        return 1
    entries = "entry" if erased.count == 1 else "entries"
    console.print(
        f"{erased.count} {entries} of {number} erased, {erased.left} left; "
        "what they held was overwritten in the file."
    )
    return 0 if erased.left == 0 else 1


def _forget_calls_of(console: Console, settings: Settings, number: str) -> int:
    data_dir, database = settings.data_dir, Database.of(settings)
    try:
        if not database.exists:
            return 0
        if not (data_dir / KEY_FILE).exists():
            return _say_that_nobody_knows(console, database, data_dir)
        ids = calls_of_caller(database, key_of(number, data_dir))
    except (SQLAlchemyError, OSError) as error:
        console.print(f"Calls of {number} could not be found: {escape(in_short(error))}")
        return 1
    finally:
        database.close()
    calls_of_them = "1 call" if len(ids) == 1 else f"{len(ids)} calls"
    return _forget_calls(console, settings, ids, f"{calls_of_them} of {number}")


def _say_that_nobody_knows(console: Console, database: Database, data_dir: Path) -> int:
    with database.reading() as connection:
        query = select(func.count()).select_from(calls).where(calls.c.caller_key != "")
        known = connection.scalar(query)
    if not known:
        return 0
    console.print(
        f"{KEY_FILE} is missing in {escape(str(data_dir))}, and without it whose the {known} calls "
        "with a number are cannot be told; forget them one by one with --call."
    )
    return 1


def _forget_calls(console: Console, settings: Settings, ids: Sequence[str], what: str) -> int:
    database = Database.of(settings)
    try:
        if live := running(database, ids):
            console.print(f"Not while it runs: {escape(', '.join(live))}. Try it after the call.")
            return 1
        erased = erase(database, ids)
        nothing = not any(each.count for each in erased)
        longer = [longer for one in ids if nothing for longer in beginning_with(database, one)]
    except (SQLAlchemyError, OSError) as error:
        console.print(f"{escape(what)} could not be erased: {escape(in_short(error))}")
        return 1
    finally:
        database.close()
    console.print(f"Of {escape(what)}:")
    for each in erased:
        console.print(f"  {each.what}: {each.count} erased, {each.left} left")
    if longer:
        console.print(f"That is no whole id. These begin so: {escape(', '.join(longer))}.")
        return 2
    return 1 if any(each.left for each in erased) else 0
