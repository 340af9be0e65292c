"""Trying a provider that failed before with a copy of a live request, at no caller's cost."""

import asyncio
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from services.failover.branch import Branch
from services.failover.incident import Failure
from services.failover.llm.answer import Given
from services.failover.llm.unsaid import speakable


class Probe:
    """Asks a language model what another has answered already. What it says is not used.

    Parameters:
        branch: The provider that rested.
        done: Called with its name at the end.
    """

    def __init__(self, branch: Branch, done: Callable[[str], Any]) -> None:
        self._branch = branch
        self._done = done
        self._verdict: asyncio.Queue[bool | None] = asyncio.Queue()
        self._over = asyncio.Event()

    def given(self, given: Given) -> None:
        """It gave something: words and calls speak for it, an error or nothing against it."""
        if given.calls or speakable(given.words):
            self._verdict.put_nowait(True)
        elif given.trouble or given.ended:
            self._verdict.put_nowait(False)

    async def end(self) -> None:
        """No time left for a verdict. Returns when the provider is free for a caller again."""
        self._verdict.put_nowait(None)
        await self._over.wait()

    async def run(self, context: LLMContext) -> None:
        """Ask, and tell the provider's health what came of it."""
        loop, health = asyncio.get_running_loop(), self._branch.health
        copy = LLMContext(list(context.get_messages()), context.tools, context.tool_choice)
        asked_at = loop.time()
        verdict: bool | None = None
        try:
            await self._branch.give(LLMContextFrame(context=copy))
            async with asyncio.timeout(health.deadline_ms / 1000):
                verdict = await self._verdict.get()
        except TimeoutError:
            verdict = False
        finally:
            if verdict is None:
                health.probe_ended()
            elif verdict:
                health.answered(1000 * (loop.time() - asked_at))
            else:
                health.failed(Failure.SILENT)
            self._done(self._branch.name)
            await self._branch.stop()
            self._over.set()
