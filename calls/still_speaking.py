"""That somebody is still speaking, said no more often than anybody has to know it."""

import asyncio
import math
from typing import Any

from pipecat.frames.frames import BotSpeakingFrame, Frame
from pipecat.transports.base_output import BaseOutputTransport

# Pipecat says it five times a second, to every processor in both directions. Who asks whether a
# call is idle counts in minutes, a wake phrase in seconds.
_EVERY_S = 2.0


class Seldom:
    """Something that is due once in two seconds at most, and at once after a while without it."""

    def __init__(self) -> None:
        self._last_s = -math.inf

    def is_due(self) -> bool:
        """Whether it is; then it is not for a while."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._last_s < _EVERY_S:
            return False
        self._last_s = now_s
        return True


def say_seldom(output: BaseOutputTransport) -> None:
    """Have an output tell everybody less often that the bot is still speaking."""
    broadcast, still_speaking = output.broadcast_frame, Seldom()

    async def seldom(frame_cls: type[Frame], **kwargs: Any) -> None:
        if frame_cls is not BotSpeakingFrame or still_speaking.is_due():
            await broadcast(frame_cls, **kwargs)

    # On the instance: the transports of all channels share nothing else.
    output.broadcast_frame = seldom  # type: ignore[method-assign]
