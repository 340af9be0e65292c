"""Audio that a provider of speech took back is not played."""

from pipecat.frames.frames import Frame, InterruptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from services.failover.tts.taken_back import SpeechTakenBackFrame


class TakesBack(FrameProcessor):
    """Interrupts the output, and what stands right before it, when speech is taken back.

    Its place is before them, and that of `end` behind the output.

    Attributes:
        end: Keeps those interruptions from everybody further on, to whom nothing happened.
    """

    def __init__(self) -> None:
        # Direct mode: nothing may be waiting here when audio is to stop.
        super().__init__(enable_direct_mode=True)
        self._ours: set[int] = set()
        self.end: FrameProcessor = _End(self._ours)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass everything on, but what takes speech back."""
        await super().process_frame(frame, direction)
        if isinstance(frame, SpeechTakenBackFrame):
            frame = InterruptionFrame()
            self._ours.add(frame.id)
        await self.push_frame(frame, direction)


class _End(FrameProcessor):
    def __init__(self, ours: set[int]) -> None:
        super().__init__(enable_direct_mode=True)
        self._ours = ours

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if frame.id not in self._ours:
            await self.push_frame(frame, direction)
        self._ours.discard(frame.id)
