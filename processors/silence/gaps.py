"""How long the silences were that a caller heard while sound was owed."""

from collections.abc import Callable

from processors.silence.owed import Owed
from processors.silence.playout import Playout
from processors.silence.report import DeadAir


class Gaps:
    """Keeps the longest silence of a turn and reports it once nothing more is owed for the turn.

    Args:
        owed: What the caller is owed.
        playout: What the caller hears.
        on_dead_air: Told of each turn with a silence.
        now_s: The clock that all moments are of.
    """

    def __init__(
        self,
        owed: Owed,
        playout: Playout,
        on_dead_air: Callable[[DeadAir], None] | None,
        *,
        now_s: Callable[[], float],
    ) -> None:
        self._owed = owed
        self._playout = playout
        self._on_dead_air = on_dead_air
        self._now_s = now_s
        self._was_owed = False
        self._longest_s = self._longest_ended_s = 0.0
        self.turn = 0
        self.steps = 0

    @property
    def silent_since_s(self) -> float | None:
        """Since when the caller waits for a sound; None: nothing is owed."""
        if self._owed.since_s is None:
            return None
        return max(self._owed.since_s, self._playout.audible_until_s)

    def ended(self, at_s: float, silent_since_s: float | None = None) -> None:
        """A silence that began earlier ends, by default the present one."""
        if silent_since_s is None:
            silent_since_s = self.silent_since_s
        if silent_since_s is not None:
            gap_s = max(0.0, at_s - silent_since_s)
            if gap_s > self._longest_s:
                self._longest_s, self._longest_ended_s = gap_s, at_s

    def look_again(self) -> bool:
        """Whether the debt ended since the last look, as it was settled or another took over."""
        owed = self._owed.since_s is not None
        ended = self._was_owed and (not owed or self._owed.turns != self.turn)
        if ended:
            self._report()
        self._was_owed, self.turn = owed, self._owed.turns
        return ended

    def _report(self) -> None:
        longest_s, self._longest_s = self._longest_s, 0.0
        steps, self.steps = self.steps, 0
        if longest_s and self._on_dead_air:
            ago_ms = max(0.0, self._now_s() - self._longest_ended_s) * 1000
            told = DeadAir(self.turn, round(longest_s * 1000, 1), steps, round(ago_ms, 1))
            self._on_dead_air(told)
