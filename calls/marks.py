"""Twilio's marks: it sends one back once everything before it was played (or cleared)."""

import asyncio
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from pipecat.frames.frames import OutputTransportMessageFrame


class Marks:
    """The marks of one audio stream that are on their way.

    Attributes:
        cleared_s: When the phone was told last to drop what was not played (seconds of the loop's
            clock): marks that were sent before come back for that.
    """

    def __init__(self) -> None:
        self._names = itertools.count(1)
        self._awaited: dict[str, Callable[[], None]] = {}
        self._events: dict[str, asyncio.Event] = {}
        self.cleared_s = -math.inf

    def new(self) -> str:
        """The name of a mark that is about to be sent, for `wait`."""
        event = asyncio.Event()
        name = self.new_telling(event.set)
        self._events[name] = event
        return name

    def new_telling(self, reached: Callable[[], None]) -> str:
        """The name of a mark that is about to be sent; `reached` is called when it comes back."""
        name = f"switchboard-{next(self._names)}"
        self._awaited[name] = reached
        return name

    def came_back(self, name: str) -> None:
        """The phone reached the mark. Names that nobody waits for are ignored."""
        if reached := self._awaited.pop(name, None):
            reached()

    async def wait(self, name: str, *, at_most_s: float) -> bool:
        """Wait until the mark came back. False when it did not in time."""
        try:
            await asyncio.wait_for(self._events[name].wait(), at_most_s)
            return True
        except TimeoutError:
            return False
        finally:
            del self._events[name]
            self._awaited.pop(name, None)


@dataclass
class Trip:
    """One mark's way to the phone and back, in seconds of the loop's clock.

    Attributes:
        ahead_s: How much audio was on its way or waiting when it was sent, as far as is known.
        cut_short: Not all before it was played: the phone was told to drop the rest.
    """

    sent_s: float = 0.0
    back_s: float | None = None
    ahead_s: float = 0.0
    cut_short: bool = False

    @property
    def took_s(self) -> float:
        """From when the audio before it should have been played."""
        return (self.back_s or self.sent_s) - self.sent_s - self.ahead_s


@dataclass
class PlayoutMark(OutputTransportMessageFrame):
    """A mark within the audio: sent when all before it was sent.

    Parameters:
        trip: When it was sent, as whoever sees the frame behind the output notes, and when it
            came back.
    """

    trip: Trip = field(default_factory=Trip)

    @classmethod
    def on(cls, marks: Marks, stream_sid: str) -> "PlayoutMark":
        """A mark of a stream."""
        trip = Trip()

        def came_back() -> None:
            trip.back_s = asyncio.get_running_loop().time()
            trip.cut_short = trip.sent_s <= marks.cleared_s

        name = marks.new_telling(came_back)
        message = {"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}
        return cls(message=message, trip=trip)
