"""When a Pipecat text-to-speech service says that its words are spoken."""

from pipecat.frames.frames import TTSTextFrame
from pipecat.services.ai_service import AIService
from pipecat.services.tts_service import TTSService

_NS_PER_S = 1_000_000_000


class WordTiming:
    """Turns the due times of one service's words into seconds from the first audio it gave.

    A due time counts from a moment that only the service knows, and that it chooses anew after
    a pause; hence the reads of its tracker, which has no public way to be asked.

    Attributes:
        timed: Whether it tells when its words are spoken.
        tells_when_done: Whether text that it does not time comes behind the text's audio.
    """

    def __init__(self, service: AIService) -> None:
        self.timed = isinstance(service, TTSService) and not service._push_text_frames
        self.tells_when_done = (
            isinstance(service, TTSService) and service.supports_processing_metrics
        )
        self._tracker = service._word_timestamp_tracker if isinstance(service, TTSService) else None
        self._zero_ns: int | None = None
        self._zero_is_s = 0.0
        self._last_ns = -1

    def audio(self, heard_s: float) -> None:
        """Audio comes, after `heard_s` of it."""
        self._follow(heard_s)

    def start_s(self, frame: TTSTextFrame, heard_s: float) -> float | None:
        """When the word begins, or None if the frame does not tell."""
        self._follow(heard_s)
        if not self.timed or frame.pts is None or self._zero_ns is None:
            return None
        # Words that were never timed come at the end, with the time of the last that was.
        if frame.pts == self._last_ns or frame.pts < self._zero_ns:
            return None
        self._last_ns = frame.pts
        return self._zero_is_s + (frame.pts - self._zero_ns) / _NS_PER_S

    def _follow(self, heard_s: float) -> None:
        if self._tracker is None or not self._tracker.started:
            return
        zero_ns = self._tracker.pts(0.0)
        if zero_ns != self._zero_ns:
            self._zero_ns, self._zero_is_s = zero_ns, heard_s
