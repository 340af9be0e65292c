"""How long this caller is silent without being done."""

from collections import deque
from dataclasses import dataclass

_REMEMBERED = 12
# So many pauses are no accident.
_KNOWN_FROM = 4
# The next one may be a little longer than the longest so far.
_MARGIN = 1.25
_MARGIN_S = 0.15


@dataclass(frozen=True)
class Pace:
    """How long a bot waits for its callers.

    Parameters:
        thinking_s: Silence that ends a turn in mid-sentence, before the caller is known.
        least_s: The shortest that it becomes for a quick caller.
        most_s: The longest that it becomes for a slow one, and for a caller who asks for time.
        spelling_s: Silence that ends digits, letters and dates, which always seem complete.
        ahead: Whether the model is asked before the turn is over.
    """

    thinking_s: float = 1.2
    least_s: float = 0.6
    most_s: float = 2.0
    spelling_s: float = 1.0
    ahead: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.least_s <= self.thinking_s <= self.most_s:
            raise ValueError(
                f"least_s={self.least_s}, thinking_s={self.thinking_s}, most_s={self.most_s}: "
                "they are silences in seconds, and none is longer than the next."
            )

    def within(self, seconds: float) -> float:
        """The nearest silence that the bounds allow."""
        return min(self.most_s, max(self.least_s, seconds))


PACE = Pace()


class Pauses:
    """The caller's silences in mid-turn, learned as the call goes on.

    One that is longer than expected counts at once. That all are shorter is believed after a few.

    Parameters:
        pace: The bounds, and what is taken for granted before anything is known.
    """

    def __init__(self, pace: Pace = PACE) -> None:
        self.pace = pace
        self._latest_s: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """The caller went on after so much silence."""
        # Whoever is silent for longer than anyone is waited for was not interrupted.
        if 0 < seconds <= self.pace.most_s:
            self._latest_s.append(seconds)

    @property
    def learned_s(self) -> float:
        """A silence that is longer than this caller's; 0 as long as none is known."""
        if not self._latest_s:
            return 0.0
        return self.pace.within(_MARGIN * max(self._latest_s) + _MARGIN_S)

    @property
    def thinking_s(self) -> float:
        """Silence that means that this caller is done, whatever the sentence sounded like."""
        if len(self._latest_s) < _KNOWN_FROM:
            return max(self.pace.thinking_s, self.learned_s)
        return self.learned_s
