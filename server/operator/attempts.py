"""Failed attempts to sign in: a few, then a wait."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

ATTEMPTS = 5
WINDOW_S = 300.0

_ADDRESSES_AT_MOST = 10_000


class Attempts:
    """At most five failures an address in five minutes.

    Parameters:
        now: Seconds of a monotonic clock.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures_s: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """How long an address has to wait before it may try again. 0: not at all."""
        recent = self._recent(address)
        if len(recent) < ATTEMPTS:
            return 0
        return max(1, math.ceil(recent[0] + WINDOW_S - self._now()))

    def failed(self, address: str) -> None:
        """An attempt from this address was wrong."""
        self._failures_s[address] = [*self._recent(address), self._now()]
        self._failures_s.move_to_end(address)
        while len(self._failures_s) > _ADDRESSES_AT_MOST:
            self._failures_s.popitem(last=False)

    def succeeded(self, address: str) -> None:
        self._failures_s.pop(address, None)

    def _recent(self, address: str) -> list[float]:
        since_s = self._now() - WINDOW_S
        return [at_s for at_s in self._failures_s.get(address, []) if at_s > since_s]
