"""How every provider has been doing, for all calls of the process."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from services.failover.incident import Failure

Clock = Callable[[], float]

_FIRST_REST_S = 5.0
_LONGEST_REST_S = 60.0
# A refused key does not mend itself within a call.
_REST_AFTER_REFUSAL_S = 20.0

_REMEMBERED = 200
_ENOUGH_TO_JUDGE = 20
# A deadline beneath this would call an ordinary hiccup a failure.
_SHORTEST_DEADLINE_MS = 400.0


class Health:
    """One provider at one stage: a circuit breaker and the delays seen.

    The breaker opens with the first failure, so that the next caller is spared it. After a rest
    that doubles with every failed attempt, one caller at a time may try it again beside the
    provider that serves (`may_probe`): never instead of it.

    Parameters:
        deadline_ms: The longest that an answer may take, before anything was measured.
        fixed: Whether that is the setting's word, which measuring does not change.
        clock: Seconds, monotonic.

    Attributes:
        finalises: Whether it was seen to take the order to finalise what a caller said so far, and
            to mark what answers it; known to all calls, so that the first turn of the next gains.
    """

    def __init__(
        self, deadline_ms: float, *, fixed: bool = False, clock: Clock = time.monotonic
    ) -> None:
        self.finalises = False
        self._longest_ms = deadline_ms
        self._fixed = fixed
        self._clock = clock
        self._delays_ms: deque[float] = deque(maxlen=_REMEMBERED)
        self._failures = 0
        self._rests_until: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether it is not to be relied on at present."""
        return self._rests_until is not None

    @property
    def deadline_ms(self) -> float:
        """How long an answer may take: what was set, tightened by what was measured."""
        if self._fixed or len(self._delays_ms) < _ENOUGH_TO_JUDGE:
            return self._longest_ms
        ordered = sorted(self._delays_ms)
        slow_ms = ordered[int(0.95 * len(ordered))]
        return min(self._longest_ms, max(_SHORTEST_DEADLINE_MS, 2 * slow_ms))

    def answered(self, after_ms: float | None) -> None:
        """It gave what it owed. None: nobody could tell how soon."""
        if after_ms is not None:
            self._delays_ms.append(after_ms)
        self._failures = 0
        self._rests_until = None
        self._probing = False

    def failed(self, how: Failure) -> None:
        """It did not."""
        rest_s = min(_LONGEST_REST_S, _FIRST_REST_S * 2**self._failures)
        if how is Failure.REFUSED:
            rest_s = max(rest_s, _REST_AFTER_REFUSAL_S)
        self._failures += 1
        self._rests_until = self._clock() + rest_s
        self._probing = False

    def may_probe(self) -> bool:
        """Whether to try it with a copy of a live request. Says so to one asker at a time."""
        if self._probing or self._rests_until is None or self._clock() < self._rests_until:
            return False
        self._probing = True
        return True

    def probe_ended(self) -> None:
        """The copy came to no verdict (the caller hung up, say); somebody else may try."""
        self._probing = False


class Named(Protocol):
    @property
    def health(self) -> Health: ...


Provider = TypeVar("Provider", bound=Named)


def by_health(providers: Sequence[Provider]) -> list[Provider]:
    """Those to rely on first, each group in the order that the settings give."""
    return sorted(providers, key=lambda provider: provider.health.open)
