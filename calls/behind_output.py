"""What comes out of the output, and who behind it hears of it."""

from collections.abc import Callable

from pipecat.frames.frames import Frame, OutputAudioRawFrame
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor

from calls.taken_back import OutputClearedFrame


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
