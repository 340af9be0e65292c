"""The assistant's half of the context: it remembers what was heard."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    CancelFrame,
    Frame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.string import concatenate_aggregated_text

from calls.heard.following import utterance_of
from calls.heard.phone_lag import PhoneLag
from calls.heard.utterance import Utterance
from calls.marks import PlayoutMark

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
    def can_be_corrected(self) -> bool:
        return bool(self.utterances) and all(u.can_be_cut for u in self.utterances)


class HearingAssistant(LLMAssistantAggregator):
    """Pipecat's aggregator, but that an interrupted answer holds the words that were heard.

    The words come when they are due by the clock of whoever speaks them. Those of an answer that
    is interrupted are put right by the audio that has come out by then.

    Parameters:
        heard: Told every answer that is over, as heard, and every aside with its utterance.
        **kwargs: As for Pipecat's aggregator.
    """

    def __init__(self, *args: Any, heard: Heard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tell = heard
        self._lag = PhoneLag()
        self._playing: list[Utterance] = []
        self._answer = _Answer()
        self._committed: list[_Answer] = []
        self._cut = False
        self._told: set[str | None] = set()
        self._begins_next: LLMFullResponseStartFrame | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow what is played, then do as Pipecat's aggregator does."""
        self._cut = False
        if direction is FrameDirection.DOWNSTREAM:
            self._follow(frame)
        match frame:
            case LLMFullResponseStartFrame() if self._assistant_turn_start_timestamp:
                self._begins_next = frame
            case LLMFullResponseEndFrame() | LLMAssistantPushAggregationFrame():
                await super().process_frame(frame, direction)
                await self._open_next()
            case _:
                await super().process_frame(frame, direction)
        if self._cut:
            self._answer, self._begins_next = _Answer(), None

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

    async def push_aggregation(self) -> str:
        """Put the answer into the context, as heard if it was interrupted."""
        answer = self._take_answer()
        if self._cut and answer.can_be_corrected:
            self._aggregation = [part for u in answer.utterances for part in u.heard()]
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
                    self._playing.append(utterance)
                    self._is_of_answer(utterance)
            case TTSStoppedFrame():
                for utterance in self._playing:
                    if utterance.context_id == frame.context_id:
                        self._ended(utterance)
                        break
            case PlayoutMark():
                self._lag.sent(frame.trip, _now_s())
            case InterruptionFrame() | CancelFrame():
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

    def _ended(self, utterance: Utterance) -> None:
        self._playing.remove(utterance)
        utterance.over = True
        if not utterance.in_context:
            self._tell(utterance.text, utterance)
        self._tell_played_out()

    def _cut_off(self) -> None:
        self._cut = True
        behind_s = self._lag.behind_s(_now_s())
        self._lag.cleared()
        for utterance in [u for u in self._playing if u.can_be_cut]:
            self._playing.remove(utterance)
            utterance.over = True
            utterance.played_s = max(0.0, utterance.played_s - behind_s)
            if not utterance.in_context:
                self._tell(concatenate_aggregated_text(utterance.heard()), utterance)
        for utterance in self._of_answers:
            utterance.over = utterance.over or utterance.can_be_cut
        for answer in self._committed:
            if answer.can_be_corrected:
                self._correct(answer)
        self._tell_played_out()

    def _correct(self, answer: _Answer) -> None:
        """An answer whose last words were told when they began was cut in them."""
        answer.text = concatenate_aggregated_text([p for u in answer.utterances for p in u.heard()])
        if answer.message is None:
            return
        if answer.text:
            answer.message["content"] = answer.text
        else:
            self.set_messages([m for m in self.messages if m is not answer.message])

    def _tell_played_out(self) -> None:
        while self._committed and self._committed[0].played_out:
            self._tell(self._committed.pop(0).text, None)

    def _message_of(self, text: str) -> Any:
        latest: Sequence[Any] = self.messages[-1:]
        return next((m for m in latest if isinstance(m, dict) and m.get("content") == text), None)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
