"""Calls in which secrets are given to a running server, and everything that it leaves of them."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

from what_is_left import Left, files_of
from whisper_house import House, Whisper

from calls.records.database import DATABASE_FILE
from calls.records.spill import spills_in


async def whispered(callers: Sequence[Whisper], folder: Path, *, keeps: str) -> Left:
    """Hold all calls at once, end the server, and gather what it left."""
    left, log = Left(), folder / "server.log"
    async with House(folder, callers, keeps=keeps) as house:

        async def whisper(one: Whisper, at: int) -> str:
            async with house.call(one, at, server.url) as caller:
                for secret in one.secrets:
                    await caller.give(secret)
            return caller.call_id

        async with house.server(log) as server:
            before = files_of(house.data)
            call_ids = await asyncio.gather(*(whisper(one, at) for at, one in enumerate(callers)))
            await house.receiver.until_taken(len(callers))
            await house.collector.until(
                lambda spans: sum(span.name == "call" for span in spans) == len(callers)
            )
            left.add_files(house.data, " while it ran")
            await left.add_pages(server.url, call_ids)
        left.add_traces(house.collector)
        left.places["webhooks"] = json.dumps(house.receiver.taken, ensure_ascii=False).encode()
        left.places["log"] = log.read_bytes()
        left.add_files(house.data)
        await left.add_exports(house.data, call_ids)
    left.without(before.values())
    return left


async def killed(callers: Sequence[Whisper], folder: Path, *, keeps: str) -> Left:
    """Take the database away after everybody's first secret and kill the server after the second.

    Then start it again, and gather what was left before and after.
    """
    left, logs = Left(), (folder / "killed.log", folder / "next.log")
    async with House(folder, callers, keeps=keeps) as house:
        database = house.data / DATABASE_FILE
        async with house.server(logs[0]) as server, AsyncExitStack() as calls:
            before = files_of(house.data)
            on_the_phone = await asyncio.gather(
                *(
                    calls.enter_async_context(house.call(one, at, server.url))
                    for at, one in enumerate(callers)
                )
            )
            call_ids = [caller.call_id for caller in on_the_phone]

            async def give(place: int) -> None:
                asked = zip(on_the_phone, callers, strict=True)
                await asyncio.gather(*(who.give(one.secrets[place]) for who, one in asked))

            await give(0)
            with closing(sqlite3.connect(database, isolation_level=None)) as away:
                away.execute("BEGIN IMMEDIATE")
                await give(1)
                os.kill(server.pid, signal.SIGKILL)
                await server.exit_code()
                left.add_files(house.data, " when it was killed")
                spilled = [spill.path.read_bytes() for _, spill in spills_in(house.data)]
                left.places["spilled when it was killed"] = b"".join(spilled)
        async with house.server(logs[1]) as server:
            await house.receiver.until_taken(len(callers))
            left.add_files(house.data, " after the next start")
            await left.add_pages(server.url, call_ids)
        left.add_traces(house.collector)
        left.places["webhooks"] = json.dumps(house.receiver.taken, ensure_ascii=False).encode()
        left.places |= {log.name: log.read_bytes() for log in logs}
        left.add_files(house.data)
        await left.add_exports(house.data, call_ids)
    left.without(before.values())
    return left
