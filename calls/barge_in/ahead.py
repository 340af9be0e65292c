"""What a far end was sent ahead of what it plays, and having it drop that."""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import OutputAudioRawFrame, TTSAudioRawFrame

from calls.heard.phone_lag import PhoneLag
from calls.marks import Trip

# What will have been played before the far end has dropped it.
_TOO_LATE_S = 0.02

Write = Callable[[OutputAudioRawFrame], Awaitable[bool]]
Clear = Callable[[float], Awaitable[None]]
"""Has the far end drop what it has not played: given how much of that was due (seconds)."""


class Ahead:
    """Follows the speech that is written to a transport.

    Parameters:
        clear: None: what was written is played.
    """

    def __init__(self, clear: Clear | None = None) -> None:
        self._clear = clear
        self._clearing: asyncio.Future[None] | None = None
        self._writing = False
        self._ends_s = self._must_be_heard_until_s = 0.0
        self._lag = PhoneLag()

    @property
    def can_be_dropped(self) -> bool:
        """Whether there is a way to have anything dropped."""
        return self._clear is not None

    @property
    def unplayed_s(self) -> float:
        """How much of what was written is still to be played (seconds)."""
        return max(0.0, self._ends_s - _now_s())

    async def write(self, frame: TTSAudioRawFrame, write: Write) -> bool:
        """Write some more, once what was to be dropped is."""
        if self._clearing:
            await asyncio.wait([self._clearing])
            self._clearing = None
        self._ends_s = max(self._ends_s, _now_s()) + frame.num_frames / frame.sample_rate
        if not frame.interruptible:
            self._must_be_heard_until_s = self._ends_s
        self._writing = True
        try:
            return await write(frame)
        finally:
            self._writing = False

    def marked(self, trip: Trip) -> None:
        """A mark is sent behind what was written."""
        trip.ahead_s = self.unplayed_s
        self._lag.sent(trip, _now_s())

    def take_back(self) -> float:
        """Have the far end drop what it has not played, if nothing of it must be heard.

        Only while something is written: else there is nobody who says it again.

        Returns:
            How much that was (seconds), with what a slow network has kept from being played.
        """
        now_s, unplayed_s = _now_s(), self.unplayed_s
        worth_it = self._writing and unplayed_s > _TOO_LATE_S
        if not (self._clear and worth_it) or now_s < self._must_be_heard_until_s:
            return 0.0
        behind_s = self._lag.behind_s(now_s)
        self.is_dropped()
        self._clearing = asyncio.ensure_future(self._clear(behind_s))
        return unplayed_s + behind_s

    def is_dropped(self) -> None:
        """The far end has nothing more to play."""
        self._ends_s = 0.0
        self._lag.cleared()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
