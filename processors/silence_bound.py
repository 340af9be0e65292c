"""A hard bound on silence: whatever fails, the caller hears something."""

import asyncio
import contextlib
import itertools
import math
from collections.abc import Awaitable, Callable, Iterable

from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    SpeechOutputAudioRawFrame,
    StopFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

from processors.no_answer import APOLOGY, announced
from processors.silence.events import follow
from processors.silence.gaps import Gaps
from processors.silence.owed import Owed
from processors.silence.phrases import PhraseChoice, SparePhrase, Step
from processors.silence.playout import LONGEST_PAUSE_S, Playout
from processors.silence.report import BoundReached, DeadAir
from processors.silence.steps import Steps

# A sound of the caller that was too short for speech may be the beginning of some.
AFTER_VOICE_S = 0.5
# What is due so soon is due: a clock cannot be waited for in arbitrarily small steps.
SOON_S = 0.001

_OF_THE_VOICE = (TTSStartedFrame, TTSAudioRawFrame, AggregatedTextFrame, TTSStoppedFrame)
_BEGINS_ANEW = (
    InterruptionFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseStartFrame,
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
)


class SilenceBound(FrameProcessor):
    """Keeps the silence that a caller hears, while sound is owed, under a bound.

    Place it directly before the transport's output: it judges by the audio that goes out, and
    nothing that fails before it can keep it from speaking. What is owed, and when, says ``Owed``;
    what is done about it next, ``Steps``.

    The first time the bound is reached for an answer, a phrase asks for patience. The next time
    the answer is given up, by an interruption, and the caller is asked to repeat. If the answer to
    that fails as well, the bot says goodbye and ``give_up`` is called. A greeting that does not
    come is replaced. Audible audio of the answer, however short, starts the steps anew.

    An apology of the model's stage counts as that request to repeat, and the one that would come
    next is replaced by the goodbye. Only an answer in between keeps the call.

    Audio keeps its order: an answer that comes while a phrase plays is heard after it. Of silence
    that is sent faster than it is played, what is longer than any pause is dropped.

    Args:
        phrases: What to say. Without any, nothing is said, interrupted or dropped, only
            reported.
        bound_ms: The longest silence.
        margin_ms: So much earlier a phrase is sent, for all that happens after this processor and
            for voice activity detection that is late to hear the end of speech.
        on_bound: Told each time the bound is reached.
        on_dead_air: Told the longest silence of every turn, once the turn is answered or over.
        give_up: Ends the call, or hands it over, once what is queued was said. Without it the
            caller is asked to repeat however often it takes.

    Raises:
        ValueError: The margin is no smaller than the bound, or below zero.
    """

    def __init__(
        self,
        phrases: Iterable[SparePhrase] = (),
        *,
        bound_ms: float = 3000,
        margin_ms: float = 250,
        on_bound: Callable[[BoundReached], None] | None = None,
        on_dead_air: Callable[[DeadAir], None] | None = None,
        give_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        if not 0 <= margin_ms < bound_ms:
            raise ValueError(
                f"margin_ms is {margin_ms} and bound_ms {bound_ms}: the bound must be longer."
            )
        # Direct mode: every branch below only sets state, so nothing can stand behind it.
        super().__init__(enable_direct_mode=True)
        self._phrases = tuple(phrases)
        self._choice = PhraseChoice(self._phrases)
        self._allowed_s = (bound_ms - margin_ms) / 1000
        self._on_bound = on_bound
        self._give_up = give_up

        self._owed = Owed()
        self._playout = Playout(longest_pause_s=LONGEST_PAUSE_S if self._choice else math.inf)
        self._gaps = Gaps(self._owed, self._playout, on_dead_air, now_s=self._now_s)
        self._utterances = itertools.count(1)

        self._steps = Steps(self._owed, may_part=give_up is not None)
        self._acted_at_s = -math.inf
        self._abandoned_until_s = -math.inf
        self._turn_open = False
        self._over = False

        self._changed = asyncio.Event()
        self._watch: asyncio.Task | None = None

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Brings the phrases to the rate of the call."""
        await super().setup(setup)
        rate_hz = setup.audio_out_sample_rate
        self._choice = PhraseChoice([await p.at_rate(rate_hz) for p in self._phrases])

    async def cleanup(self) -> None:
        """Ends the watch with the processor, and reports the turn that the end cut off."""
        self._call_ends()
        watch, self._watch = self._watch, None
        if watch:
            await self.cancel_task(watch)
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follows the call and passes every frame on, but what is left of a given-up answer."""
        await super().process_frame(frame, direction)
        match frame:
            case InputAudioRawFrame():
                pass
            case _ if self._is_left_over(frame, direction):
                return
            case OutputAudioRawFrame() if direction is FrameDirection.DOWNSTREAM:
                if not self._audio_came(frame):
                    return
            case AggregatedTextFrame() if kind := announced(frame):
                if kind == APOLOGY and self._steps.fails_again and not self._over:
                    await self._say_goodbye()
                    return
                self._steps.announced(frame.context_id, kind)
                await self._follow(frame, direction)
            case EndFrame() | StopFrame() | CancelFrame():
                self._call_ends()
            case _:
                await self._follow(frame, direction)
        await self.push_frame(frame, direction)

    def _is_left_over(self, frame: Frame, direction: FrameDirection) -> bool:
        return (
            self._now_s() < self._abandoned_until_s
            and direction is FrameDirection.DOWNSTREAM
            and isinstance(frame, _OF_THE_VOICE)
            and frame.interruptible
        )

    async def _follow(self, frame: Frame, direction: FrameDirection) -> None:
        now_s = self._now_s()
        if isinstance(frame, _BEGINS_ANEW):
            self._abandoned_until_s = -math.inf
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._gaps.ended(now_s - frame.start_secs)
            await self._fall_silent(now_s)
        elif isinstance(frame, UserStartedSpeakingFrame | UserStoppedSpeakingFrame):
            self._turn_open = isinstance(frame, UserStartedSpeakingFrame)
        follow(self._owed, self._playout, frame, direction, now_s)
        if isinstance(frame, InterruptionFrame):
            self._steps.interrupted()
        elif isinstance(frame, TTSStoppedFrame) and self._steps.announced_is_over(frame.context_id):
            # The caller who was asked to repeat is owed nothing until that is done.
            self._forgive(Step.ASK_AGAIN)
        self._look_again()

    async def _fall_silent(self, now_s: float) -> None:
        """Stop a spare phrase for the caller: within a turn Pipecat interrupts nothing."""
        if self._turn_open and self._playout.spare_until_s > now_s:
            self._playout.cut(now_s)
            await self.push_frame(InterruptionFrame())

    def _audio_came(self, frame: OutputAudioRawFrame) -> bool:
        """Whether it is to be played."""
        silent_since_s = self._gaps.silent_since_s
        bytes_per_s = frame.sample_rate * frame.num_channels * 2
        silent_until_s = self._due_at_s if self._choice else math.inf
        sound = self._playout.add(
            frame.audio, bytes_per_s, self._now_s(), silent_until_s=silent_until_s
        )
        if sound is None:
            return False
        if sound.audible:
            self._gaps.ended(sound.start_s, silent_since_s)
            answer = self._is_answer(frame)
            self._steps.heard(_context_of(frame), answer=answer)
            if answer:
                self._playout.answer_until_s = sound.end_s
            self._owed.heard(answer=answer)
        self._look_again()
        return True

    def _is_answer(self, frame: OutputAudioRawFrame) -> bool:
        if isinstance(frame, TTSAudioRawFrame):
            return not self._owed.is_filler(frame.context_id)
        return isinstance(frame, SpeechOutputAudioRawFrame)

    def _look_again(self) -> None:
        """Something happened: the bound may be another, or none."""
        was_turn = self._gaps.turn
        if self._gaps.look_again():
            self._steps.debt_ended(was_turn)
        if self._watch is None and self._due_in_s() is not None:
            self._watch = self.create_task(self._act_when_due(), "silence watch")
        self._changed.set()

    @property
    def _due_at_s(self) -> float:
        """When the next phrase has to be heard, if the caller says nothing before."""
        if self._gaps.silent_since_s is None:
            return math.inf
        return max(self._gaps.silent_since_s, self._acted_at_s) + self._allowed_s

    def _due_in_s(self) -> float | None:
        """Until the next phrase has to be sent, in seconds; None while nothing is owed."""
        if self._over or self._owed.voice or self._owed.since_s is None:
            return None
        now_s = self._now_s()
        return max(self._due_at_s, self._owed.voice_ended_s + AFTER_VOICE_S) - now_s

    async def _act_when_due(self) -> None:
        while (due_in_s := self._due_in_s()) is not None:
            if due_in_s < SOON_S:
                try:
                    await self._act()
                except Exception:
                    logger.exception("The silence bound goes on after an error of its own.")
                continue
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), due_in_s)
        self._watch = None

    async def _act(self) -> None:
        """Take the next step: nothing was heard for as long as that may be."""
        now_s = self._now_s()
        step = self._steps.next(welcomes=self._choice.has(Step.WELCOME))
        phrase = self._choice.next(step)
        self._report(step, phrase, now_s)
        self._acted_at_s = now_s
        self._steps.took_one()
        self._gaps.steps += 1
        await self._take(step, phrase, now_s)

    async def _take(self, step: Step, phrase: SparePhrase | None, now_s: float) -> None:
        """Speak, instead of the answer or before it. What that changes is settled at once."""
        interrupts = self._gives_up(step) and bool(self._choice)
        if interrupts:
            self._playout.cut(now_s)
        if phrase:
            self._count(phrase, now_s)
        if self._gives_up(step):
            self._forgive(step)
        if interrupts:
            self._abandoned_until_s = self._playout.ends_s + self._allowed_s
            await self.broadcast_interruption()
        if phrase:
            await self._say(phrase)
        if step is Step.GOODBYE:
            await self._part()

    async def _say_goodbye(self) -> None:
        logger.warning("The second answer in a row failed: the call is given up.")
        await self._take(Step.GOODBYE, self._choice.next(Step.GOODBYE), self._now_s())

    @staticmethod
    def _gives_up(step: Step) -> bool:
        return step not in (Step.MOMENT, Step.LISTENING)

    def _forgive(self, step: Step) -> None:
        self._owed.forgiven()
        self._gaps.look_again()
        self._steps.forgave(step)

    def _count(self, phrase: SparePhrase, now_s: float) -> None:
        silent_since_s = self._gaps.silent_since_s
        sound = self._playout.add(phrase.audio, phrase.sample_rate_hz * 2, now_s)
        if sound and sound.audible:
            self._gaps.ended(sound.start_s, silent_since_s)
            self._playout.spare_until_s = sound.end_s

    async def _say(self, phrase: SparePhrase) -> None:
        context_id = f"{self.name}-{next(self._utterances)}"
        for frame in phrase.frames(context_id):
            await self.push_frame(frame)

    async def _part(self) -> None:
        if not self._give_up:
            return
        self._over = True
        try:
            await self._give_up()
        except Exception:
            self._over = False
            logger.exception("The call could not be given up, and goes on.")

    def _report(self, step: Step, phrase: SparePhrase | None, now_s: float) -> None:
        reached = BoundReached(
            turn=self._owed.turns,
            step=step,
            text=phrase.text if phrase else "",
            owed_ms=round((now_s - (self._owed.since_s or now_s)) * 1000, 1),
            silent_ms=round((now_s - (self._gaps.silent_since_s or now_s)) * 1000, 1),
            outstanding=self._owed.outstanding,
        )
        logger.warning(
            f"Silence bound: {reached.silent_ms:.0f} ms without sound while waiting for "
            f"{'/'.join(reached.outstanding)}; {step}: {reached.text!r}"
        )
        if self._on_bound:
            self._on_bound(reached)

    def _call_ends(self) -> None:
        if not self._over:
            self._over = True
            self._gaps.ended(self._now_s())
            self._owed.forgiven()
            self._gaps.look_again()
        self._changed.set()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


def _context_of(frame: OutputAudioRawFrame) -> str | None:
    return frame.context_id if isinstance(frame, TTSAudioRawFrame) else None
