"""Trying a provider that failed before with a copy of a live request, at no caller's cost."""

import asyncio
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from services.failover.branch import Branch
from services.failover.incident import Failure
from services.failover.lateness import lateness
from services.failover.llm.answer import STALLED_AFTER_S, Given
from services.failover.llm.unsaid import speakable


class Probe:
    """Asks a language model what another has answered already. What it says is not used.

    Only an answer with an end counts: a model that stalls begins well, too.

    Parameters:
        branch: The provider that rested.
        done: Called with its name at the end.
    """

    def __init__(self, branch: Branch, done: Callable[[str], Any]) -> None:
        self._branch = branch
        self._done = done
        # None: there is no time left for a verdict.
        self._inbox: asyncio.Queue[Given | None] = asyncio.Queue()
        self._over = asyncio.Event()

    def given(self, given: Given) -> None:
        """It gave something."""
        self._inbox.put_nowait(given)

    async def end(self) -> None:
        """Give the provider up for now. Returns when it is free for a caller again."""
        self._inbox.put_nowait(None)
        await self._over.wait()

    async def run(self, context: LLMContext) -> None:
        """Ask, and tell the provider's health what came of it."""
        health = self._branch.health
        copy = LLMContext(list(context.get_messages()), context.tools, context.tool_choice)
        first_after_ms: float | None = None
        failed: Failure | None = None
        try:
            await self._branch.give(LLMContextFrame(context=copy))
            first_after_ms, failed = await self._listen(health.deadline_ms / 1000)
        finally:
            if failed:
                health.failed(failed)
            elif first_after_ms is not None:
                health.answered(first_after_ms)
            else:
                health.probe_ended()
            self._done(self._branch.name)
            await self._branch.stop()
            self._over.set()

    async def _listen(self, patience_s: float) -> tuple[float | None, Failure | None]:
        """When the first word or call came, in ms, and how it failed, if it did."""
        loop = asyncio.get_running_loop()
        asked_at, first_after_ms = loop.time(), None
        while True:
            since_s = loop.time()
            try:
                given = await lateness().within(
                    self._inbox.get, since_s=since_s, due_s=since_s + patience_s
                )
            except TimeoutError:
                return None, Failure.STALLED if first_after_ms is not None else Failure.SILENT
            if given is None:
                return None, None
            if given.trouble:
                return None, Failure.REFUSED
            if given.ended:
                return first_after_ms, Failure.EMPTY if first_after_ms is None else None
            if first_after_ms is None and (given.calls or speakable(given.words)):
                first_after_ms = 1000 * (loop.time() - asked_at)
                patience_s = STALLED_AFTER_S
