"""The assistant's half of the context: it remembers what was heard."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    CancelFrame,
    Frame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameCallback, FrameDirection
from pipecat.utils.string import TextPartForConcatenation, concatenate_aggregated_text

from calls.heard.cut import Cut, unplayed_s
from calls.heard.following import SaidAgainFrame, utterance_of
from calls.heard.phone_lag import PhoneLag
from calls.heard.utterance import Utterance
from calls.marks import PlayoutMark
from services.at_once import takes_frames_now
from services.listeners import anyone_foreign_after

Heard = Callable[[str, Utterance | None], None]


@dataclass
class _Answer:
    """What becomes one message of the context."""

    utterances: list[Utterance] = field(default_factory=list)
    message: Any = None
    text: str = ""

    @property
    def played_out(self) -> bool:
        return all(utterance.over for utterance in self.utterances)

    @property
    def aside(self) -> Utterance | None:
        """The first utterance where none of them is an answer, though the model remembers them."""
        is_one = bool(self.utterances) and all(u.no_answer for u in self.utterances)
        return self.utterances[0] if is_one else None

    @property
    def can_be_corrected(self) -> bool:
        return bool(self.utterances) and all(u.can_be_cut for u in self.utterances)

    @property
    def played_out_otherwise(self) -> bool:
        """Whether not all that was told of it was heard, although nobody interrupted it."""
        otherwise = any(u.was_taken_back or u.was_cleared for u in self.utterances)
        return otherwise and self.played_out and self.can_be_corrected

    def heard(self) -> list[TextPartForConcatenation]:
        return [part for utterance in self.utterances for part in utterance.heard()]


class HearingAssistant(LLMAssistantAggregator):
    """Pipecat's aggregator, but that an interrupted answer holds the words that were heard.

    The words come when they are due by the clock of whoever speaks them. Those of an answer that
    is interrupted are put right by the audio that has come out by then.

    Parameters:
        heard: Told every answer that is over, as heard, and all that is no answer with (the first
            of) its utterance.
        before_asking: Called when the model is about to be asked with what a tool returned.
        **kwargs: As for Pipecat's aggregator.

    Attributes:
        interruption: Tells whether one is still on its way here.
    """

    def __init__(
        self,
        *args: Any,
        heard: Heard,
        before_asking: Callable[[], None] = lambda: None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._tell = heard
        self._before_asking = before_asking
        self.interruption = Cut()
        self._lag = PhoneLag()
        self._playing: list[Utterance] = []
        self._answer = _Answer()
        self._committed: list[_Answer] = []
        self._cut = False
        self._told: set[str | None] = set()
        self._begins_next: LLMFullResponseStartFrame | None = None
        self._opened_by_words: list[Utterance] = []
        self._outlived: Utterance | None = None
        self._closed_early = False
        self._twins: set[int] = set()
        self._ends_audio = False

    async def learn(self, result: FunctionCallResultFrame) -> None:
        """Take a tool's result that went upstream; its twin stands behind audio that is to play.

        Whatever is played meanwhile, a filler for one, the model can go on with the result.
        """
        if self._function_calls_in_progress.get(result.tool_call_id) is not None:
            await self.queue_frame(result)

    @property
    def is_speaking(self) -> bool:
        """Whether there is speech that was begun and that an interruption would cut."""
        return any(u.can_be_cut and u.played_s > 0 for u in self._playing)

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Audio that nobody behind listens to is counted where it comes, without a task."""
        if isinstance(frame, TTSAudioRawFrame) and self._ends_audio and takes_frames_now(self):
            self._follow(frame)
        else:
            await super().queue_frame(frame, direction, callback)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow what is played, then do as Pipecat's aggregator does."""
        self._cut = False
        if isinstance(frame, StartFrame):
            self._ends_audio = not anyone_foreign_after(self)
            self.interruption.memory_is_there()
        if isinstance(frame, TTSTextFrame):
            await self._close_outlived(utterance_of(frame))
        if direction is FrameDirection.DOWNSTREAM:
            self._follow(frame)
        match frame:
            case LLMFullResponseStartFrame() if self._opened_by_words:
                pass
            case LLMFullResponseStartFrame() if self._assistant_turn_start_timestamp:
                self._begins_next = frame
            case TTSTextFrame() if not self._assistant_turn_start_timestamp:
                await self._open_by_words(utterance_of(frame))
                await super().process_frame(frame, direction)
            case LLMAssistantPushAggregationFrame() if self._closed_early:
                self._closed_early = False
            case SaidAgainFrame():
                await self._open_again(frame.utterance)
            case FunctionCallResultFrame():
                await self._take_once(frame, direction)
            case LLMFullResponseEndFrame() | LLMAssistantPushAggregationFrame():
                self._outlived = None
                await super().process_frame(frame, direction)
                await self._open_next()
            case _:
                await super().process_frame(frame, direction)
        if self._cut:
            self._outlived, self._closed_early = None, False
            self._answer, self._begins_next = _Answer(), None
            self._opened_by_words.clear()
            self.interruption.written()

    async def _take_once(self, result: FunctionCallResultFrame, direction: FrameDirection) -> None:
        """Take a result, or do nothing where its twin was here before."""
        if result.id not in self._twins:
            if result.broadcast_sibling_id is not None:
                self._twins.add(result.broadcast_sibling_id)
            await super().process_frame(result, direction)
            return
        self._twins.discard(result.id)
        # Pipecat asks the model once no more results are waiting, and this one was.
        if self._context_push_owed and not self._user_speaking:
            await self._maybe_push_context()

    async def _maybe_push_context(self) -> None:
        """Have the model go on with a tool's result; a filler is no speech to wait for."""
        speaking = self._bot_speaking
        self._bot_speaking = speaking and any(u.in_context for u in self._playing)
        try:
            await super()._maybe_push_context()
        finally:
            self._bot_speaking = speaking

    async def _open_next(self) -> None:
        """Begin the answer whose audio came before the last word of the one before it was due.

        Words are due by a clock, their audio comes when it comes: the two may cross.
        """
        start, self._begins_next = self._begins_next, None
        if start or self._answer.utterances:
            await super().process_frame(
                start or LLMFullResponseStartFrame(), FrameDirection.DOWNSTREAM
            )

    async def _close_outlived(self, next_one: Utterance | None) -> None:
        """What an interruption did not end is over with the first word of what comes next."""
        if self._outlived and next_one is not self._outlived:
            self._outlived, self._closed_early = None, True
            await super().process_frame(
                LLMAssistantPushAggregationFrame(), FrameDirection.DOWNSTREAM
            )

    async def _open_by_words(self, utterance: Utterance | None) -> None:
        """Begin the answer whose words are due while what begins it stands behind held audio.

        Or what is left of one that an interruption does not end.
        """
        if utterance is None or utterance.over or not utterance.in_context:
            return
        if not any(utterance is playing for playing in self._playing):
            self._opened_by_words.append(utterance)
        elif not utterance.can_be_cut:
            self._outlived = utterance
        else:
            return
        await super().process_frame(LLMFullResponseStartFrame(), FrameDirection.DOWNSTREAM)

    async def push_context_frame(
        self, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Have the model asked; a result has been written into an older message by now."""
        self._before_asking()
        await super().push_context_frame(direction)

    async def _open_again(self, utterance: Utterance) -> None:
        """Begin the answer whose begin was on its way when the output was cleared."""
        if utterance.in_context and not self._assistant_turn_start_timestamp:
            await super().process_frame(LLMFullResponseStartFrame(), FrameDirection.DOWNSTREAM)

    async def push_aggregation(self) -> str:
        """Put the answer into the context, as heard if it was interrupted."""
        answer = self._take_answer()
        if (self._cut and answer.can_be_corrected) or answer.played_out_otherwise:
            self._aggregation = answer.heard()
        answer.text = await super().push_aggregation()
        if answer.text:
            answer.message = self._message_of(answer.text)
            self._committed.append(answer)
            self._tell_played_out()
        return answer.text

    def _take_answer(self) -> _Answer:
        """The utterances of this answer; one of which no word was due yet is of the next."""
        taken, self._answer = self._answer, _Answer()
        if not self._cut:
            self._answer.utterances = [
                u for u in taken.utterances if u.context_id not in self._told
            ]
            taken.utterances = [u for u in taken.utterances if u.context_id in self._told]
        return taken

    def _follow(self, frame: Frame) -> None:
        match frame:
            case TTSTextFrame():
                self._told.add(frame.context_id)
                self._is_of_answer(utterance_of(frame))
            case TTSAudioRawFrame():
                if self._playing:
                    self._playing[-1].played_s += frame.num_frames / frame.sample_rate
            case TTSStartedFrame():
                if utterance := utterance_of(frame):
                    self._begun(utterance)
            case TTSStoppedFrame():
                for utterance in self._playing:
                    if utterance.context_id == frame.context_id:
                        self._ended(utterance)
                        break
            case SaidAgainFrame():
                self._said_again(frame.utterance, frame.from_s)
            case PlayoutMark():
                self._lag.sent(frame.trip, _now_s())
            case InterruptionFrame():
                self._cut_off(unplayed_s(frame))
            case CancelFrame():
                self._cut_off()

    def _is_of_answer(self, utterance: Utterance | None) -> None:
        """Words are due by a clock: they may come, and be all, before their audio plays."""
        if utterance is None or utterance.over or not utterance.in_context:
            return
        if not any(utterance is known for known in self._of_answers):
            self._answer.utterances.append(utterance)

    @property
    def _of_answers(self) -> list[Utterance]:
        """The utterances of all answers that are not over."""
        return [u for answer in (*self._committed, self._answer) for u in answer.utterances]

    def _begun(self, utterance: Utterance) -> None:
        self._closed_early = False
        self._playing.append(utterance)
        self._opened_by_words = [u for u in self._opened_by_words if u is not utterance]
        self._is_of_answer(utterance)

    def _said_again(self, utterance: Utterance, from_s: float) -> None:
        """The output was cleared for an utterance that goes on: the rest of it is not played."""
        behind_s = self._lag.behind_s(_now_s())
        self._lag.cleared()
        for other in [u for u in self._playing if u is not utterance and u.can_be_cut]:
            other.was_cleared = True
            self._stops(other, behind_s)
        for due in [u for u in self._of_answers if u is not utterance and not u.over]:
            # Words of it were due while the begin of its audio was held back.
            due.was_cleared = due.over = due.can_be_cut
        if utterance not in self._playing:
            self._begun(utterance)
        utterance.played_s = from_s
        self._tell_played_out()

    def _stops(self, utterance: Utterance, behind_s: float) -> None:
        """Nothing more of it is played."""
        self._playing.remove(utterance)
        utterance.over = True
        utterance.played_s = max(0.0, utterance.played_s - behind_s)
        if not utterance.in_context:
            self._tell(concatenate_aggregated_text(utterance.heard()), utterance)

    def _ended(self, utterance: Utterance) -> None:
        self._playing.remove(utterance)
        utterance.over = True
        utterance.played_s = max(utterance.played_s, utterance.given_s)
        if not utterance.in_context:
            heard = concatenate_aggregated_text(utterance.heard())
            self._tell(heard if utterance.was_taken_back else utterance.text, utterance)
        self._tell_played_out()

    def _cut_off(self, unplayed_s: float = 0.0) -> None:
        self._cut = True
        behind_s = self._lag.behind_s(_now_s()) + unplayed_s
        self._lag.cleared()
        for utterance in [u for u in self._playing if u.can_be_cut]:
            self._stops(utterance, behind_s)
        for utterance in self._of_answers:
            utterance.over = utterance.over or utterance.can_be_cut
        for answer in self._committed:
            if answer.can_be_corrected:
                self._correct(answer)
        self._tell_played_out()

    def _correct(self, answer: _Answer) -> None:
        """An answer whose last words were told when they began was cut in them."""
        answer.text = concatenate_aggregated_text(answer.heard())
        if answer.message is None:
            return
        if answer.text:
            answer.message["content"] = answer.text
        else:
            self.set_messages([m for m in self.messages if m is not answer.message])

    def _tell_played_out(self) -> None:
        while self._committed and self._committed[0].played_out:
            answer = self._committed.pop(0)
            if answer.played_out_otherwise:
                self._correct(answer)
            self._tell(answer.text, answer.aside)

    def _message_of(self, text: str) -> Any:
        latest: Sequence[Any] = self.messages[-1:]
        return next((m for m in latest if isinstance(m, dict) and m.get("content") == text), None)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
