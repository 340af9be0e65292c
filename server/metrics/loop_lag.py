"""How late the event loop is: sound is late by as much."""

import asyncio

_EVERY_S = 0.1
# Longer than the usual time between two scrapes, so that none misses the worst.
_REMEMBERED_S = 30.0


class LoopLag:
    """The longest that a timer had to wait of late.

    Parameters:
        every_s: How often it is measured.
        remembered_s: The longest lag counts for so long, and for at most twice that.
    """

    def __init__(self, *, every_s: float = _EVERY_S, remembered_s: float = _REMEMBERED_S) -> None:
        self._every_s = every_s
        self._remembered_s = remembered_s
        self._timer: asyncio.TimerHandle | None = None
        self._since_s = 0.0
        self._longest_s = self._longest_before_s = 0.0

    @property
    def longest_s(self) -> float:
        return max(self._longest_s, self._longest_before_s)

    def start(self) -> None:
        """Measure on the running loop until `stop`."""
        self._since_s = asyncio.get_running_loop().time()
        self._wait()

    def stop(self) -> None:
        """Measure no more."""
        if self._timer:
            self._timer.cancel()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._every_s
        self._timer = loop.call_at(due_s, self._fired, due_s)

    def _fired(self, due_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._since_s > self._remembered_s:
            self._since_s = now_s
            self._longest_before_s, self._longest_s = self._longest_s, 0.0
        self._longest_s = max(self._longest_s, now_s - due_s)
        self._wait()
