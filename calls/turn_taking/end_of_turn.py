"""When the caller is done."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, EndOfTurnState
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    SpeechControlParamsFrame,
    StartFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop import BaseUserTurnStopStrategy

from calls.turn_taking.ahead import Ahead, Outcome
from calls.turn_taking.asking_ahead import LEAD_S, AskingAhead
from calls.turn_taking.judge import Judge, Lean
from calls.turn_taking.lull import Lull
from calls.turn_taking.patience import NONE
from calls.turn_taking.pause import A_SAMPLE_S, Pause
from calls.turn_taking.pauses import Pauses
from calls.turn_taking.quiet import Voice
from calls.turn_taking.reopening import Reopening
from calls.turn_taking.turn_so_far import TurnSoFar

_PIECES_WITHIN_S = 0.03
# A guess that has not become final by then is not waited for.
_GUESSED_WITHIN_S = 1.0


class EndOfTurn(BaseUserTurnStopStrategy):
    """Ends the caller's turn.

    It ends after as much silence as the words, the bot's question, the caller's own pauses
    and the model of turns, if it can answer in time, call for (``patience``), once the words are
    there: marked as the last ones, or as late as the recogniser's last ones ever come. A caller who
    goes on right after that, before anything of the answer was heard, goes on with the same turn
    (``Reopening``).

    The answer is asked for before that, as soon as the words seem to be all (``AskingAhead``). What
    was asked for is released when the turn ends with words that mean the same, and withdrawn when
    they do not, or when the caller goes on.

    Parameters:
        turn_analyzer: The model of turns.
        voice: The detector of the caller's voice.
        lean: Asks the model of turns before the detector is sure of the silence; None: whatever
            seems to be all is asked for ahead.
        busy_for_s: How long the model of turns would take, being at work for others; 0.0: it is
            not.
        ahead: Keeps what is asked for ahead; None never asks.
        pauses: How this caller pauses.
        reopening: Takes back a turn that ended too soon; None never does.
        question: What the bot said last.
        owes: Whether the caller waits for an answer, from before this turn.
    """

    def __init__(
        self,
        *,
        turn_analyzer: BaseTurnAnalyzer,
        voice: Voice | None = None,
        lean: Lean | None = None,
        busy_for_s: Callable[[], float] = float,
        ahead: Ahead | None = None,
        pauses: Pauses | None = None,
        reopening: Reopening | None = None,
        question: Callable[[], str] = str,
        owes: Callable[[], bool] = bool,
    ) -> None:
        super().__init__()
        self._analyzer = turn_analyzer
        self._turn = TurnSoFar(voice, pauses or Pauses(), question)
        self._judge = Judge(
            turn_analyzer,
            lean,
            busy_for_s,
            begin=self._begin,
            push=self.push_frame,
            on_judged=self._judged,
            on_weighed=self._weighed,
        )
        self._asking = AskingAhead(self, self._turn, ahead, leans=lean is not None)
        self._reopening = reopening
        self._owes = owes
        self._last_words_within_s = 0.0
        self._ending = self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._at_work: set[asyncio.Task[None]] = set()

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        self._analyzer.set_sample_rate(setup.audio_in_sample_rate)

    async def cleanup(self) -> None:
        await super().cleanup()
        self._look_no_more()
        for task in list(self._at_work):
            await self.cancel_task(task)
        await self._analyzer.cleanup()

    async def handle_user_turn_started(self) -> None:
        self._turn.begins()
        await self._new_turn()
        if self._reopening and (carried := self._reopening.turn_began(self._now_s())):
            self._turn.goes_on_with(carried)

    async def handle_user_turn_stopped(self) -> None:
        self._ended = True
        self._turn.ends()
        await self._new_turn()
        if self._reopening:
            self._reopening.turn_ended(self._now_s())
        self._asking.turn_over()
        self._analyzer.clear()

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        match frame:
            case InputAudioRawFrame():
                await self._hear(frame)
            case InterimTranscriptionFrame() | TranscriptionFrame() if self._turn.open:
                self._turn.understand(frame, self._now_s())
                await self._words_came()
            case VADUserStartedSpeakingFrame():
                await self._voice_began(frame)
            case VADUserStoppedSpeakingFrame():
                if pause := self._turn.voice_ended(frame.stop_secs, self._now_s()):
                    await self._voice_ended(pause)
            case EagerEndOfTurnCancelFrame():
                self._asking.refused()
            case BotStartedSpeakingFrame() if self._reopening:
                self._reopening.bot_began()
            case BotStoppedSpeakingFrame() if self._reopening:
                self._reopening.bot_ended()
            case STTMetadataFrame():
                self._last_words_within_s = frame.ttfs_p99_latency
            case StartFrame():
                await self.broadcast_frame(
                    SpeechControlParamsFrame, turn_params=self._analyzer.params
                )
        return ProcessFrameResult.CONTINUE

    # What the caller does

    async def _hear(self, frame: InputAudioRawFrame) -> None:
        turn, lull = self._turn, self._turn.lull
        state = self._analyzer.append_audio(frame.audio, turn.speaking)
        turn.hear(frame, self._now_s())
        if pause := turn.pause:
            pause.complete = pause.complete or state == EndOfTurnState.COMPLETE
            if pause.over(self._now_s()):
                await self._look()
            elif pause.ends_within(LEAD_S, self._now_s()):
                await self._ask_ahead()
        elif turn.lull:
            await self._breathe(turn.lull, begins=turn.lull is not lull)

    async def _voice_began(self, frame: VADUserStartedSpeakingFrame) -> None:
        self._analyzer.update_vad_start_secs(frame.start_secs)
        self._turn.voice_began(self._now_s() - frame.start_secs)
        self._look_no_more()
        self._judge.give_up()
        await self._asking.withdraw(Outcome.WENT_ON)

    async def _voice_ended(self, pause: Pause) -> None:
        await self._ask_ahead()
        heard, needs_no_model = self._turn.heard, self._turn.patience.needs_no_model
        if pause.judged or (heard.final and needs_no_model):
            pause.judged = True
        elif not (heard.text and needs_no_model):
            self._judge.judge(pause, self._turn.before_pause, self._now_s())
        await self._look()

    async def _breathe(self, lull: Lull, *, begins: bool) -> None:
        turn, asking = self._turn, self._asking
        if begins and asking.troubled and turn.heard.text and turn.patience != NONE:
            self._judge.glance(lull)
        await self._ask_ahead()
        lasts = asking.in_flight and not turn.quiet.has_only_begun
        if lasts and turn.patience != NONE:
            # Once the detector is sure of the silence, the model's answer is there.
            self._judge.weigh(lull)

    async def _words_came(self) -> None:
        if self._turn.pause or self._turn.lull:
            await self._look()
            await self._ask_ahead()

    # What the model of turns makes of it

    async def _judged(self, pause: Pause) -> None:
        # Meanwhile the caller may have gone on, or the turn may have ended.
        if pause is self._turn.pause:
            await self._look()
            await self._ask_ahead()

    async def _weighed(self, lull: Lull) -> None:
        pause = self._turn.pause
        if lull is self._turn.lull:
            await self._ask_ahead()
        elif pause and lull is self._turn.before_pause and not pause.judged:
            lull.judge(pause)
            await self._look()
            await self._ask_ahead()

    # What is made of all of it

    async def _ask_ahead(self) -> None:
        if not self._ending:
            await self._asking.ask()

    async def _look(self) -> None:
        """End the turn if it is over, or look again when it may be."""
        pause = self._turn.pause
        if self._turn.speaking or pause is None:
            return
        if not self._turn.heard.settled:
            await self._look_at_sound(pause)
            return
        wait = self._turn.patience
        if not pause.judged and not wait.needs_no_model:
            self._judge.judge(pause, self._turn.before_pause, self._now_s())
            if (left_s := pause.left_for_model_s(self._now_s())) > 0:
                self._look_later(left_s)
                return
            pause.judged = pause.complete = True
            self._judge.give_up()
        silence_s = wait.complete_s if pause.complete else wait.incomplete_s
        pause.ends_after(silence_s, self._words_by_s(pause))
        if pause.over(self._now_s()):
            await self._end()
        else:
            self._look_later(pause.due_in_s(self._now_s()))

    async def _look_at_sound(self, pause: Pause) -> None:
        """End a turn without words, where an answer is waited for: it may have been a cough."""
        if self._turn.heard.text or not self._owes():
            return
        words_by_s = max(self._last_words_within_s, _GUESSED_WITHIN_S)
        left_s = pause.began_at_s + words_by_s - self._now_s()
        if left_s > A_SAMPLE_S:
            self._look_later(left_s)
        else:
            await self._end()

    def _words_by_s(self, pause: Pause) -> float:
        """How long after the end of speech its last words have come."""
        if self._turn.heard.final:
            return 0.0
        if self._turn.heard.is_guessing:
            return max(self._last_words_within_s, _GUESSED_WITHIN_S)
        # They may come in pieces, one right after the other.
        last_piece_s = self._turn.heard.final_at_s + _PIECES_WITHIN_S - pause.began_at_s
        return max(self._last_words_within_s, last_piece_s)

    async def _end(self) -> None:
        if self._ending:
            return
        self._ending, self._ended = True, False
        self._look_no_more()
        try:
            confirmed = await self._asking.confirm()
            # Where the caller began to speak in the same moment, Pipecat leaves the turn open.
            await self.trigger_user_turn_finalized(confirms_speculation=confirmed)
            if confirmed and not self._ended:
                await self.trigger_user_turn_speculation_cancelled()
        finally:
            self._ending = False
            if not self._ended:
                self._turn.pause = None

    async def _new_turn(self) -> None:
        self._look_no_more()
        self._judge.give_up()
        await self._asking.withdraw(Outcome.UNRESOLVED)

    # Looking again

    def _look_later(self, in_s: float) -> None:
        self._look_no_more()
        self._timer = asyncio.get_running_loop().call_later(
            in_s, lambda: self._begin(self._look(), "look")
        )

    def _begin(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        task = self.create_task(work, f"{self}::{what}")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        return task

    def _look_no_more(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
