"""Audio that a provider of speech took back is not played."""

from dataclasses import dataclass

from pipecat.frames.frames import Frame, InterruptionFrame, StartFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from calls.for_observers import ForObservers
from services.failover.tts.taken_back import SpeechTakenBackFrame


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
        self._for_observers = ForObservers(shows=shows)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass everything on, but what takes speech back and what is of no use behind."""
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                self._for_observers.started(self)
            case SpeechTakenBackFrame():
                frame = OutputClearedFrame(context_id=frame.context_id, sound_s=frame.sound_s)
        if not self._for_observers.ends(frame):
            await self.push_frame(frame, direction)
