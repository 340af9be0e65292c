"""An interruption on its way to the memory."""

import asyncio
import contextlib

from pipecat.frames.frames import InterruptionFrame

# A voice that has to connect anew for it may take longer; the caller is not kept waiting for that.
_AT_MOST_S = 0.5
_UNPLAYED_S = "unplayed_s"


class Cut:
    """Lets what comes behind an interrupted answer wait until the memory holds what was heard.

    A turn may end the moment that it starts, and an interruption passes all processors on its way.
    """

    def __init__(self) -> None:
        self._memory_is_there = False
        self._written = asyncio.Event()
        self._written.set()

    def memory_is_there(self) -> None:
        """Something listens that will call `written`."""
        self._memory_is_there = True

    def begins(self) -> None:
        """The bot is being interrupted."""
        if self._memory_is_there:
            self._written.clear()

    def written(self) -> None:
        """The memory holds what was heard."""
        self._written.set()

    async def settled(self) -> None:
        """Wait until nothing is on its way, but no longer than half a second."""
        if not self._written.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._written.wait(), _AT_MOST_S)
            self._written.set()


def tell_unplayed(interruption: InterruptionFrame, unplayed_s: float) -> None:
    """Note how much of what has gone through the output the caller will not have heard."""
    interruption.metadata[_UNPLAYED_S] = unplayed_s


def unplayed_s(interruption: InterruptionFrame) -> float:
    """What `tell_unplayed` noted."""
    return interruption.metadata.get(_UNPLAYED_S, 0.0)
