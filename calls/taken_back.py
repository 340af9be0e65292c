"""Audio that a provider of speech took back is not played."""

from collections.abc import Callable
from dataclasses import dataclass

from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    Frame,
    InterruptionFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor

from services.failover.tts.taken_back import SpeechTakenBackFrame
from services.listeners import anyone_foreign_after


@dataclass
class OutputClearedFrame(InterruptionFrame):
    """Interrupts the output, because speech was taken back, and nobody else.

    Parameters:
        context_id: As in `SpeechTakenBackFrame`.
        sound_s: As there.
    """

    context_id: str = ""
    sound_s: float = 0.0


class TakesBack(FrameProcessor):
    """Interrupts the output, and what stands right before it, when speech is taken back.

    Its place is before them, and that of `KeepsFromTheRest` behind the output. Here ends, too, what
    only observers look at, unless a foreign processor stands behind it.

    Parameters:
        shows: Whether there is a page that shows words as they are said.
    """

    def __init__(self, *, shows: bool = True) -> None:
        # Direct mode: nothing may be waiting here when audio is to stop.
        super().__init__(enable_direct_mode=True)
        self._for_observers = (
            (MetricsFrame,) if shows else (MetricsFrame, AggregatedTextProgressFrame)
        )
        self._ending: tuple[type[Frame], ...] = ()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass everything on, but what takes speech back and what is of no use behind."""
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                self._ending = () if anyone_foreign_after(self) else self._for_observers
            case SpeechTakenBackFrame():
                frame = OutputClearedFrame(context_id=frame.context_id, sound_s=frame.sound_s)
        if not isinstance(frame, self._ending):
            await self.push_frame(frame, direction)


class KeepsFromTheRest(FrameProcessor):
    """Lets nobody behind the output hear of an interruption that is none for them.

    Parameters:
        follow: Told of everything that comes out of the output, these interruptions too.
    """

    def __init__(self, follow: Callable[[Frame], None] | None = None) -> None:
        super().__init__(enable_direct_mode=True)
        self._follow = follow or _not_at_all

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Let audio pass, up to fifty times a second, without a processor's whole way."""
        down = direction is FrameDirection.DOWNSTREAM
        if not (down and isinstance(frame, OutputAudioRawFrame) and self.next):
            await super().queue_frame(frame, direction, callback)
            return
        self._follow(frame)
        await self.next.queue_frame(frame, direction, callback)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass everything on, but the output's own interruptions."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self._follow(frame)
        if not isinstance(frame, OutputClearedFrame):
            await self.push_frame(frame, direction)


def _not_at_all(frame: Frame) -> None:
    pass
