"""The caller's audio, handled as it comes: fifty times a second, a queue and a task are felt."""

from collections import deque

from pipecat.frames.frames import Frame, InputAudioRawFrame, StartFrame, SystemFrame
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport

from services.audio_pieces import AudioPieces

_Queued = tuple[Frame, FrameDirection, FrameCallback | None]


class HearsAtOnce(FrameProcessor):
    """A processor, as a mixin before another, that does not queue the caller's audio.

    Pipecat hands each frame to a queue and a task of the processor. Here audio is processed where
    it is handed over, if no system frame waits or is being processed; those that come meanwhile
    wait for it. So the order is Pipecat's. Of such audio `on_before_process_frame` and
    `on_after_process_frame` do not tell.
    """

    _starting = _hearing = False
    _held: deque[_Queued] | None = None

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        if self._hearing and isinstance(frame, SystemFrame):
            self._held = self._held or deque()
            self._held.append((frame, direction, callback))
        elif isinstance(frame, InputAudioRawFrame) and callback is None and self._is_idle:
            await self._hear_at_once(frame, direction)
        else:
            self._starting = self._starting or isinstance(frame, StartFrame)
            await super().queue_frame(frame, direction, callback)

    @property
    def _is_idle(self) -> bool:
        # Until its start was processed, a processor is busy.
        return self._starting and takes_system_frames_now(self)

    async def _hear_at_once(self, frame: Frame, direction: FrameDirection) -> None:
        self._hearing = True
        try:
            await self.process_frame(frame, direction)
        except Exception as error:
            await self.push_error(f"Error processing frame: {error}", exception=error)
        finally:
            self._hearing = False
            while self._held:
                await super().queue_frame(*self._held.popleft())


def takes_system_frames_now(processor: FrameProcessor) -> bool:
    """Whether a system frame would not have to wait for others, in a processor that has started."""
    # The queue counts what is at work, too.
    queue = processor._FrameProcessor__input_queue  # type: ignore[attr-defined]
    return not queue._unfinished_tasks and not processor._cancelling


def takes_frames_now(processor: FrameProcessor) -> bool:
    """Whether no frame would have to wait for others, in a processor that has started."""
    busy_with = processor._FrameProcessor__process_current_frame  # type: ignore[attr-defined]
    queue = processor._FrameProcessor__process_queue  # type: ignore[attr-defined]
    return busy_with is None and queue.empty() and takes_system_frames_now(processor)


def hear_at_once(transport: BaseInputTransport) -> None:
    """Have a transport push the caller's audio where it comes in, without a task of its own.

    It pushes fewer and longer frames than come: `AudioPieces` tells which.
    """
    queued, pieces = transport.push_audio_frame, AudioPieces()

    async def push(frame: InputAudioRawFrame) -> None:
        params = transport._params
        plain = params.audio_in_passthrough and not params.audio_in_filter
        if not plain or transport._audio_task is None or transport._paused:
            await queued(frame)
        elif frame.audio and (piece := pieces.take(frame)):
            await transport.push_frame(piece)

    # On the instance: the transports of all channels share nothing else.
    transport.push_audio_frame = push  # type: ignore[method-assign]
