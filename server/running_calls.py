"""The calls of this process: each a task that holds its line until it is over."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from loguru import logger

from calls.on_air import ON_AIR
from server.lines import Line

# What a call leaves to be done is done by then.
_IDLE_AFTER_S = 2.0


class RunningCalls:
    """Owns every call's task, from the first ring to the end.

    Attributes:
        when_idle: Called when nobody has been on the line for a moment.
    """

    def __init__(self) -> None:
        self.when_idle: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None

    def start(self, line: Line, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `call` on `line`. The line is free again when the call is over, however it ends."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        if self._idle:
            self._idle.cancel()
        task.add_done_callback(lambda done: self._over(done, line))
        return task

    def has(self, call_id: str) -> bool:
        """Whether a call runs in this process."""
        return ON_AIR.find(call_id) is not None

    async def end(self, call_id: str, reason: str) -> bool:
        """End a call at once. False when it does not run in this process."""
        call = ON_AIR.find(call_id)
        if call is None:
            return False
        await call.cut(reason)
        return True

    async def finish(self, *, at_most_s: float) -> None:
        """Let the running calls end by themselves, then end those that are left."""
        if not self._tasks:
            return
        logger.info(f"{len(self._tasks)} calls are running; they have {at_most_s:.0f} s to finish")
        await asyncio.wait(set(self._tasks), timeout=at_most_s)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            logger.warning(f"{len(left)} calls were cut off")
            await asyncio.wait(left)

    def _over(self, task: asyncio.Task[None], line: Line) -> None:
        self._tasks.discard(task)
        line.release()
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(_IDLE_AFTER_S, lambda: self.when_idle())
        if not task.cancelled() and (error := task.exception()):
            logger.opt(exception=error).error(f"A call ended with an error: {error}")
