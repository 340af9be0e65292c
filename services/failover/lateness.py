"""How late this process's own event loop was, so that no provider is blamed for it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_LOOKS_EVERY_S = 0.02
# Less than this every loop is late now and then.
_NOTICEABLE_S = 0.01
# By how much a deadline moves at most: a provider that really is silent costs the caller this.
_PROLONGED_AT_MOST_S = 0.75
# What lay in the sockets when the loop came back is heard within this, on top of that.
_CATCHES_UP_WITHIN_S = 0.25
# Clocks may be so much behind timers.
_TICK_S = 0.001
# A delay in which the loop was late for a larger share is no measure of the provider.
_SHARE_THAT_FALSIFIES = 0.1


class Lateness:
    """When one event loop was late, while somebody waits for a provider.

    A timer of its own tells: one at the deadline only would see nothing of a loop that was stuck
    before, when the request was to be sent, and is on time again.
    """

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=500)
        self._look_at_s: float | None = None
        self._until_s = -inf

    def judged_at_s(self, since_s: float, due_s: float) -> float:
        """When to judge a provider by what it gave; later still, if the loop is late again.

        Args:
            since_s: When it was asked, or gave something, on the loop's clock.
            due_s: When it is late, if the loop is not.
        """
        if due_s == inf:
            return inf
        self._look_until(due_s + _PROLONGED_AT_MOST_S + _CATCHES_UP_WITHIN_S)
        times = self._times(since_s)
        lost_s = sum(ended_s - began_s for began_s, ended_s in times)
        prolonged_s = due_s + min(lost_s, _PROLONGED_AT_MOST_S)
        # What had come by then has its turn, however long the loop was stuck over it.
        caught_up_s = [
            ended_s + min(ended_s - began_s, _CATCHES_UP_WITHIN_S)
            for began_s, ended_s in times
            if began_s <= prolonged_s
        ]
        return max([prolonged_s, *caught_up_s])

    async def within(
        self, wait: Callable[[], Awaitable[T]], *, since_s: float, due_s: float | None
    ) -> T:
        """What is waited for, or a `TimeoutError` when it is to be judged as late.

        Args:
            wait: Begins to wait; begins again, if need be.
            since_s: As above.
            due_s: As above. None: never.
        """
        if due_s is None:
            return await wait()
        while True:
            try:
                async with asyncio.timeout_at(self.judged_at_s(since_s, due_s)):
                    return await wait()
            except TimeoutError:
                if _now_s() + _TICK_S >= self.judged_at_s(since_s, due_s):
                    raise

    def measured_ms(self, since_s: float, until_s: float) -> float | None:
        """How long a provider took. None: the loop was too late to tell."""
        took_s = max(0.0, until_s - since_s)
        lost_s = sum(
            max(0.0, min(ended_s, until_s) - began_s) for began_s, ended_s in self._times(since_s)
        )
        return None if lost_s > _SHARE_THAT_FALSIFIES * took_s else 1000 * took_s

    def _times(self, since_s: float) -> list[tuple[float, float]]:
        """From when until when it was late, the last time first; it may be late now."""
        now_s, times = _now_s(), []
        if self._look_at_s is not None and now_s - self._look_at_s >= _NOTICEABLE_S:
            times.append((max(self._look_at_s, since_s), now_s))
        for began_s, ended_s in reversed(self._late):
            if ended_s <= since_s:
                break
            times.append((max(began_s, since_s), ended_s))
        return times

    def _look_until(self, until_s: float) -> None:
        self._until_s = max(self._until_s, until_s)
        if self._look_at_s is None:
            self._look_later()

    def _look_later(self) -> None:
        self._look_at_s = _now_s() + _LOOKS_EVERY_S
        asyncio.get_running_loop().call_at(self._look_at_s, self._look)

    def _look(self) -> None:
        now_s, look_at_s = _now_s(), self._look_at_s
        if look_at_s is not None and now_s - look_at_s >= _NOTICEABLE_S:
            self._late.append((look_at_s, now_s))
        self._look_at_s = None
        if now_s < self._until_s:
            self._look_later()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Lateness] = WeakKeyDictionary()


def lateness() -> Lateness:
    """That of the running loop, for all calls."""
    return _of_loops.setdefault(asyncio.get_running_loop(), Lateness())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
