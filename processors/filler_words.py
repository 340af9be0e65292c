"""A short phrase for the caller while a tool or the model is silent."""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

GENERAL = ""
ENGLISH: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        GENERAL: (
            "One moment.",
            "Just a second.",
            "Let me see.",
            "Bear with me.",
            "Still on it.",
        )
    }
)


@dataclass
class FillerFrame(TTSSpeakFrame):
    """A phrase that bridges silence: spoken, never part of the model's context."""

    append_to_context: bool = False


class FillerWords(FrameProcessor):
    """Speaks one short phrase whenever the bot owes an answer and is silent for too long.

    Place it after the LLM and before the text-to-speech service. An answer is owed once the
    caller's words went to the model, a tool runs, or a response was asked for without the caller
    (a greeting). It is there as soon as the model's first text, or a ``TTSSpeakFrame``, passes.
    The starts and results of tools count patience again, but however many steps an answer takes,
    the first filler comes after twice the patience at the latest.

    Args:
        phrases: Function name of a tool to the phrases that fit it, and ``""`` to the general
            ones, which also serve tools without phrases. Without general phrases nothing is said
            where they would be needed. ``{**ENGLISH, "find_order": [...]}`` adds to the defaults.
        patience_ms: Silence, in milliseconds, before the first filler.
        tool_patience_ms: The same from the start of a tool on. A short phrase that begins at once
            is over when the answer to a quick tool is there; one that begins later delays it.
        tool_pause_ms: Each further silence while tools run, from the end of the last filler's
            playout.
        rng: Chooses among the phrases.
        growth: Elsewhere each further silence lasts this many times longer than the one before.

    Raises:
        ValueError: An argument is out of range, or a list of phrases is a plain string.
    """

    def __init__(
        self,
        phrases: Mapping[str, Sequence[str]] = ENGLISH,
        *,
        patience_ms: float = 700,
        tool_patience_ms: float = 120,
        tool_pause_ms: float = 700,
        rng: random.Random | None = None,
        growth: float = 2.0,
    ):
        for name, ms in (
            ("patience_ms", patience_ms),
            ("tool_patience_ms", tool_patience_ms),
            ("tool_pause_ms", tool_pause_ms),
        ):
            if not 0 < ms < float("inf"):
                raise ValueError(
                    f"{name} is {ms}: give the milliseconds of silence before a filler, such as "
                    "700. For no fillers at all, leave FillerWords out."
                )
        if not 1 <= growth < float("inf"):
            raise ValueError(f"growth is {growth}: give 1 for fillers at equal intervals, or more.")
        # Direct mode: every branch below only sets state, so nothing can stand behind it.
        super().__init__(enable_direct_mode=True)
        self._phrases = {tool: _spoken(tool, lines) for tool, lines in phrases.items()}
        self._patience_s = patience_ms / 1000
        self._tool_patience_s = tool_patience_ms / 1000
        self._tool_pause_s = tool_pause_ms / 1000
        self._growth = growth
        self._rng = rng or random.Random()

        self._last_said = ""
        self._said_in_turn = 0
        self._tools_running: dict[str, str] = {}
        self._run_gave_something = False

        self._answer_owed = False
        self._answered_turn = False
        self._turn_open = False
        self._caller_voice = False
        self._bot_speaking = False
        self._speech_on_its_way = False

        self._turn_ended_at_s: float | None = None
        self._silent_since_s = 0.0
        self._deadline_s = 0.0
        self._deadline_changed = asyncio.Event()
        self._timer: asyncio.Task | None = None

    async def cleanup(self) -> None:
        """Ends the timer with the processor."""
        await self._stop_timer()
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follows the call and passes every frame on."""
        await super().process_frame(frame, direction)
        match frame:
            case UserStartedSpeakingFrame() | InterruptionFrame():
                await self._new_turn(opened=isinstance(frame, UserStartedSpeakingFrame))
            case UserStoppedSpeakingFrame():
                self._turn_ended()
            case VADUserStartedSpeakingFrame():
                self._caller_voice = True
            case VADUserStoppedSpeakingFrame():
                self._caller_voice = False
                self._silence_begins()
            case BotStartedSpeakingFrame():
                self._bot_speaking, self._speech_on_its_way = True, False
            case BotStoppedSpeakingFrame():
                self._bot_speaking = False
                self._silence_begins()
            # It stands behind an answer that was asked for before the turn was over.
            case LLMContextUserTurnFrame() if not self._answered_turn:
                self._owe(since_s=self._turn_ended_at_s)
            case LLMContextFrame() if direction is FrameDirection.UPSTREAM:
                self._owe()
            case LLMFullResponseStartFrame():
                self._run_gave_something = False
                self._answered_turn = True
                self._owe()
            case LLMFullResponseEndFrame():
                await self._response_ended()
            case FunctionCallsStartedFrame():
                for call in frame.function_calls:
                    self._tool_started(call.tool_call_id, call.function_name)
            case FunctionCallInProgressFrame():
                self._tool_started(frame.tool_call_id, frame.function_name)
            case FunctionCallResultFrame():
                await self._tool_reported(frame)
            case FunctionCallCancelFrame():
                await self._tool_ended(frame.tool_call_id, model_follows=frame.run_llm)
            case LLMTextFrame() | TTSSpeakFrame():
                await self._answer_came(frame)
            case EndFrame() | CancelFrame():
                await self._settle()
        await self.push_frame(frame, direction)

    async def _new_turn(self, *, opened: bool) -> None:
        self._turn_open = self._turn_open or opened
        self._turn_ended_at_s = None
        self._said_in_turn = 0
        self._speech_on_its_way = False
        await self._settle()

    def _turn_ended(self) -> None:
        # While the caller is muted the VAD's own stop never comes through.
        self._turn_open = self._caller_voice = self._answered_turn = False
        self._turn_ended_at_s = self._now_s()
        self._silence_begins()

    async def _answer_came(self, frame: LLMTextFrame | TTSSpeakFrame) -> None:
        if not frame.text.strip() or (isinstance(frame, LLMTextFrame) and frame.skip_tts):
            return
        self._run_gave_something = True
        self._speech_on_its_way = not self._bot_speaking
        await self._settle()

    async def _response_ended(self) -> None:
        if not self._run_gave_something and not self._tools_running:
            await self._settle()

    def _tool_started(self, call_id: str, function_name: str) -> None:
        self._run_gave_something = True
        if call_id not in self._tools_running:
            self._tools_running[call_id] = function_name
            self._count_again()

    async def _tool_reported(self, frame: FunctionCallResultFrame) -> None:
        properties = frame.properties
        if properties and not properties.is_final:
            return
        asked_to_run = properties.run_llm if properties else None
        if asked_to_run is None:
            asked_to_run = frame.run_llm
        # As Pipecat's assistant aggregator decides: an empty result asks for no answer.
        model_follows = bool(frame.result) and asked_to_run is not False
        await self._tool_ended(frame.tool_call_id, model_follows=model_follows)

    async def _tool_ended(self, call_id: str, *, model_follows: bool) -> None:
        if self._tools_running.pop(call_id, None) is None:
            return
        if model_follows or self._tools_running:
            self._count_again()
        else:
            await self._settle()

    def _owe(self, since_s: float | None = None) -> None:
        if not self._answer_owed:
            self._answer_owed = True
            self._silence_begins(since_s)

    async def _settle(self) -> None:
        self._answer_owed = False
        await self._stop_timer()

    def _silence_begins(self, since_s: float | None = None) -> None:
        """Waits anew: the caller or the bot fell silent, or an answer came to be owed."""
        self._silent_since_s = self._now_s() if since_s is None else since_s
        self._wait_until(self._silent_since_s + self._interval_s)

    def _count_again(self) -> None:
        """Grants the next step patience of its own, unless the caller has waited enough."""
        if not self._answer_owed:
            self._owe()
            return
        own_deadline_s = self._now_s() + self._step_s
        if self._said_in_turn:
            self._wait_until(max(self._deadline_s, own_deadline_s))
        else:
            self._wait_until(min(self._silent_since_s + 2 * self._patience_s, own_deadline_s))

    @property
    def _interval_s(self) -> float:
        """The silence before the next filler."""
        if self._tools_running:
            return self._tool_pause_s if self._said_in_turn else self._tool_patience_s
        return self._patience_s * self._growth**self._said_in_turn

    @property
    def _step_s(self) -> float:
        """How long the next step may take."""
        return self._interval_s if self._tools_running else self._patience_s

    @property
    def _may_speak(self) -> bool:
        return self._answer_owed and not (
            self._turn_open or self._caller_voice or self._bot_speaking or self._speech_on_its_way
        )

    def _wait_until(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._deadline_changed.set()
        if self._may_speak and self._timer is None:
            self._timer = self.create_task(self._speak_when_due(), "filler timer")

    async def _speak_when_due(self) -> None:
        while self._may_speak:
            if self._deadline_s <= self._now_s():
                await self._speak()
                continue
            self._deadline_changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._deadline_s):
                    await self._deadline_changed.wait()
        self._timer = None

    async def _speak(self) -> None:
        phrase = self._next_phrase()
        self._said_in_turn += 1
        if phrase is None:
            self._silence_begins()
            return
        self._last_said = phrase
        self._speech_on_its_way = True
        await self.push_frame(FillerFrame(phrase))

    def _next_phrase(self) -> str | None:
        running = next(reversed(self._tools_running.values()), GENERAL)
        for tool in (running, GENERAL):
            fresh = [line for line in self._phrases.get(tool, ()) if line != self._last_said]
            if fresh:
                return self._rng.choice(fresh)
        return None

    async def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer:
            await self.cancel_task(timer)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


def _spoken(tool: str, lines: Any) -> tuple[str, ...]:
    if isinstance(lines, str):
        raise ValueError(f"phrases[{tool!r}] is one string: put it into a list, [{lines!r}].")
    return tuple(line.strip() for line in lines if line.strip())
