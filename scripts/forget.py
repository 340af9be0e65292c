"""`switchboard forget`: what bots remember of a caller is erased."""

import sqlite3
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from calls.callers.key import KEY_FILE, key_of, number_of
from calls.callers.store import STORE_FILE, SqliteCallerStore


def forget(console: Console, caller: str, data_dir: Path) -> int:
    """Erase a caller, and print how many entries there were and are.

    Returns:
        The exit code: 0 when nothing is left, 1 when it could not be erased, 2 for no number.
    """
    number = number_of(caller)
    if not number:
        console.print(
            f"{escape(caller)} is no telephone number; write it as in +14155550123. "
            "Callers without a number are never remembered."
        )
        return 2
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
