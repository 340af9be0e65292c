"""Waiting no longer than so long, without a task for it."""

import asyncio
import sys
from collections.abc import Awaitable
from functools import cache
from typing import TypeVar

# It puts a backport into asyncio, which has to be there first.
import pipecat as pipecat

_Result = TypeVar("_Result")


@cache
def wait_without_tasks() -> None:
    """Have `asyncio.wait_for` wait in the task that calls it before Python 3.12, as it does since.

    Pipecat waits so for each piece of audio that it takes and that it writes.
    """
    if sys.version_info >= (3, 12):
        return
    backport = asyncio.wait_for

    async def wait_for(fut: Awaitable[_Result], timeout: float | None) -> _Result:
        if timeout is not None and timeout <= 0:
            return await backport(fut, timeout)
        async with asyncio.timeout(timeout):
            # As with a task, others come first: a queue of audio that need not be paced would else
            # be played to its end before an interruption is heard of.
            await _let_others_first(fut)
            return await fut

    asyncio.wait_for = wait_for


async def _let_others_first(awaited: Awaitable[object]) -> None:
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        if asyncio.isfuture(awaited):
            awaited.cancel()
        elif asyncio.iscoroutine(awaited):
            awaited.close()
        raise
