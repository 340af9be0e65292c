"""How late the callers' own event loop is: what they measure cannot be more exact than that."""

import asyncio
from typing import Self

from scripts.turns_bench.percentile import percentile

_EVERY_S = 0.02


class Lateness:
    """Looks for as long as the context lasts; then `p99_ms` is there."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def p99_ms(self) -> float | None:
        return percentile(self._late_ms, 99)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self._late_ms.append((loop.time() - due_s) * 1000)
