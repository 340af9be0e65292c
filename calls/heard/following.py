"""What goes to the caller, noted on its way: which words lie where in which audio."""

from dataclasses import dataclass

from pipecat.frames.frames import (
    AggregatedTextFrame,
    DataFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from calls.heard.utterance import Utterance, Words
from calls.marks import Marks, PlayoutMark
from calls.taken_back import OutputClearedFrame
from processors.no_answer import announced

_NS_PER_S = 1_000_000_000
_UTTERANCE = "utterance"
# Between two marks there is no less audio than this.
_MARK_EVERY_S = 0.5


@dataclass
class SaidAgainFrame(DataFrame):
    """Behind the output: no more is played of what was taken back, and its words come again.

    Parameters:
        utterance: Which goes on.
        from_s: Where in its audio it does.
    """

    utterance: Utterance
    from_s: float


class Following(FrameProcessor):
    """Notes words and audio of every utterance; its place is directly before the output.

    The note travels with the utterance's first frame and with its words, which may overtake that,
    so that whoever sees them come out behind the output knows what is played (`utterance_of`).

    Parameters:
        marks: Of a phone's stream, to be told what the phone has played.
        stream_sid: The name of that stream.
    """

    def __init__(self, marks: Marks | None = None, stream_sid: str = "") -> None:
        # Direct mode: all that is done here is to take notes.
        super().__init__(enable_direct_mode=True)
        self._marks = marks
        self._stream_sid = stream_sid
        self._utterances: dict[str, Utterance] = {}
        self._announced: dict[str, str] = {}
        self._ends_s = 0.0
        # The first mark has nothing before it, and tells how long the way is.
        self._unmarked_s = _MARK_EVERY_S

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take notes, and pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            await self._mark()
        if direction is FrameDirection.DOWNSTREAM:
            self._note(frame)
        await self.push_frame(frame, direction)
        if isinstance(frame, OutputClearedFrame):
            await self._goes_on(frame)

    async def _mark(self) -> None:
        if self._marks and self._unmarked_s >= _MARK_EVERY_S:
            self._unmarked_s = 0.0
            await self.push_frame(PlayoutMark.on(self._marks, self._stream_sid))

    def _note(self, frame: Frame) -> None:
        match frame:
            case TTSAudioRawFrame():
                self._audio(frame)
            case TTSStartedFrame() if frame.context_id:
                utterance = Utterance(
                    frame.context_id,
                    in_context=bool(frame.append_to_context),
                    no_answer=self._announced.pop(frame.context_id, ""),
                    can_be_cut=frame.interruptible,
                )
                self._utterances[frame.context_id] = utterance
                frame.metadata[_UTTERANCE] = utterance
            case TTSTextFrame():
                if utterance := self._utterances.get(frame.context_id or ""):
                    frame.metadata[_UTTERANCE] = utterance
                    due_s = frame.pts / _NS_PER_S if frame.pts is not None else None
                    utterance.words(
                        Words(
                            frame.raw_text or frame.text, due_s, frame.includes_inter_frame_spaces
                        )
                    )
            case AggregatedTextFrame() if (kind := announced(frame)) and frame.context_id:
                self._announced[frame.context_id] = kind
            case TTSStoppedFrame():
                if utterance := self._utterances.pop(frame.context_id or "", None):
                    utterance.whole = True
            case OutputClearedFrame():
                self._ends_s = 0.0
            case InterruptionFrame():
                self._ends_s = 0.0
                self._announced.clear()
                self._utterances = {c: u for c, u in self._utterances.items() if not u.can_be_cut}

    async def _goes_on(self, cleared: OutputClearedFrame) -> None:
        if utterance := self._utterances.get(cleared.context_id):
            from_s = utterance.taken_back(cleared.sound_s)
            await self.push_frame(SaidAgainFrame(utterance, from_s))

    def _audio(self, frame: TTSAudioRawFrame) -> None:
        seconds = frame.num_frames / frame.sample_rate
        due_s = max(self.get_clock().get_time() / _NS_PER_S, self._ends_s)
        self._ends_s = due_s + seconds
        self._unmarked_s += seconds
        if utterance := self._utterances.get(frame.context_id or ""):
            utterance.audio(due_s, seconds)


def utterance_of(frame: TTSStartedFrame | TTSTextFrame) -> Utterance | None:
    """What the frame begins or is a word of, if that was noted."""
    return frame.metadata.get(_UTTERANCE)
