"""What a server has written of a caller's words by now, be its database there or away."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from calls.records.database import DATABASE_FILE
from calls.records.spill import spills_in

_OF_THE_CALLER = """
    SELECT count(*) FROM events JOIN calls USING (number)
    WHERE id = ? AND kind = 'heard' AND facts LIKE '%"who":"caller"%'
"""


def turns_on_record(data: Path, call_id: str) -> int:
    """How often the caller was heard, in the database and in what waits for it."""
    with closing(sqlite3.connect(data / DATABASE_FILE)) as reading:
        stored = reading.execute(_OF_THE_CALLER, (call_id,)).fetchone()[0]
    return stored + sum(
        kept.event.call_id == call_id and kept.event.facts.get("who") == "caller"
        for _, spill in spills_in(data)
        for kept in spill.events()
        if kept.event.kind == "heard"
    )


async def until_on_record(data: Path, call_id: str, turns: int, *, at_most_s: float = 40) -> None:
    """Returns once the caller was heard so often.

    Raises:
        TimeoutError: The server wrote nothing of the last turn.
    """
    async with asyncio.timeout(at_most_s):
        while turns_on_record(data, call_id) < turns:  # noqa: ASYNC110 - it is the disk
            await asyncio.sleep(0.05)
