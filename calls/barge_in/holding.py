"""Tells the hold what happens to the speech on its way out."""

from pipecat.frames.frames import Frame, InterruptionFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from calls.barge_in.hold import Hold
from calls.heard.cut import tell_unplayed


class Holding(FrameProcessor):
    """Drops what is held on an interruption; its place is directly before the output."""

    def __init__(self, hold: Hold) -> None:
        # Direct mode: nothing may be waiting here when audio is to stop.
        super().__init__(enable_direct_mode=True)
        self._hold = hold

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass everything on."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, InterruptionFrame):
                tell_unplayed(frame, self._hold.drop())
            elif isinstance(frame, TTSAudioRawFrame):
                self._hold.new_comes()
        await self.push_frame(frame, direction)
