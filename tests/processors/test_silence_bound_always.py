"""Whatever the stages do, and whenever: the caller never waits longer than the bound."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from processors.silence.phrases import Step
from tests.processors.silence_bound_call import (
    VAD_S,
    SilentCall,
    a_call,
    now_s,
    silence,
    speech,
    tone,
)
from tests.virtual_time import in_virtual_time

BOUND_S = 3.0
PATIENCE = (Step.MOMENT, Step.LISTENING)

Deed = tuple[str, float]


class Conversation:
    """Plays deeds of the stages and the caller, and notes by itself when sound is owed."""

    def __init__(self, call: SilentCall) -> None:
        self.call = call
        self.owed: list[tuple[float, float]] = []
        self.voices: list[tuple[float, float]] = []
        self._owed_since_s: float | None = None
        self._open: set[str] = set()
        self._answered = False
        self._steps_seen = 0

    @property
    def at_s(self) -> float:
        return now_s() - self.call.began_s

    async def play(self, deeds: list[Deed]) -> None:
        for deed, amount in [*deeds, ("waits", 12.0)]:
            if self.call.times_given_up:
                break
            await getattr(self, deed)(amount)
            self._look_again()
        self._settle(self.at_s)

    async def waits(self, seconds: float) -> None:
        until_s = now_s() + seconds
        while now_s() < until_s:
            await asyncio.sleep(min(0.1, until_s - now_s()) + 1e-6)
            self._look_again()

    async def speaks(self, seconds: float) -> None:
        """A sentence: whatever was on its way is interrupted."""
        began_s = self.at_s
        await self.call.caller_makes_a_sound(seconds, begins_turn=True)
        await self.call.down(
            FunctionCallCancelFrame(function_name="find", tool_call_id="1", run_llm=False)
        )
        self._open.clear()
        ended_s = self.at_s - VAD_S
        self.voices.append((began_s, ended_s))
        self._settle(began_s)
        self._owed_since_s, self._answered = ended_s, False

    async def coughs(self, seconds: float) -> None:
        began_s = self.at_s
        await self.call.caller_makes_a_sound(seconds)
        self.voices.append((began_s, self.at_s - VAD_S))

    async def is_understood(self, _: float) -> None:
        if self._owed_since_s is not None:
            await self.call.turn_ends("where is my order")

    async def model_begins(self, _: float) -> None:
        self._open.add("model")
        await self.call.down(LLMFullResponseStartFrame())

    async def model_ends(self, _: float) -> None:
        await self.call.down(LLMFullResponseEndFrame())
        self._open.discard("model")

    async def voice_begins(self, _: float) -> None:
        self._open.add("voice")
        await self.call.down(TTSStartedFrame(context_id="answer"))

    async def voice_sounds(self, seconds: float) -> None:
        if "voice" in self._open:
            self._answered = True
            await self.call.down(speech(tone(seconds)))

    async def voice_is_silent(self, seconds: float) -> None:
        if "voice" in self._open:
            await self.call.down(*(speech(silence(0.02)) for _ in range(int(seconds / 0.02))))

    async def voice_ends(self, _: float) -> None:
        await self.call.down(TTSStoppedFrame(context_id="answer"))
        self._open.discard("voice")

    async def filler_is_said(self, seconds: float) -> None:
        await self.call.voice(tone(seconds), context_id="filler", filler=True)

    async def tool_begins(self, _: float) -> None:
        self._open.add("tool")
        await self.call.tool_starts()

    async def tool_ends(self, _: float) -> None:
        await self.call.tool_returns(run_llm=False)
        self._open.discard("tool")

    def _look_again(self) -> None:
        new = self.call.steps[self._steps_seen :]
        self._steps_seen += len(new)
        if any(step not in PATIENCE for step in new):
            self._settle(self.at_s)
            self._open.clear()
        elif self._answered and not self._open:
            self._settle(self.at_s)

    def _settle(self, at_s: float) -> None:
        if self._owed_since_s is not None and at_s > self._owed_since_s:
            self.owed.append((self._owed_since_s, at_s))
        self._owed_since_s = None


def longest_wait_s(conversation: Conversation) -> float:
    """The longest stretch within what was owed in which neither side is heard."""
    sounds = sorted([*conversation.call.sounds(), *conversation.voices])
    longest_s = 0.0
    for begins_s, ends_s in conversation.owed:
        quiet_since_s = begins_s
        for start_s, stop_s in [*sounds, (ends_s, ends_s)]:
            if start_s <= ends_s:
                longest_s = max(longest_s, min(start_s, ends_s) - quiet_since_s)
            quiet_since_s = max(quiet_since_s, min(stop_s, ends_s))
    return longest_s


def deed(name: str, least: float = 0.0, most: float = 0.0) -> st.SearchStrategy[Deed]:
    return st.tuples(st.just(name), st.floats(least, most))


DEEDS = st.lists(
    st.one_of(
        deed("waits", 0, 5),
        deed("waits", 0, 1),
        deed("is_understood"),
        deed("model_begins"),
        deed("model_ends"),
        deed("voice_begins"),
        deed("voice_sounds", 0.02, 5),
        deed("voice_is_silent", 0.02, 4),
        deed("voice_ends"),
        deed("filler_is_said", 0.1, 2),
        deed("tool_begins"),
        deed("tool_ends"),
        deed("coughs", 0.1, 0.4),
        deed("speaks", 0.6, 3),
    ),
    max_size=25,
)


async def converse(deeds: list[Deed], **kwargs: Any) -> Conversation:
    async with a_call(**kwargs) as call:
        conversation = Conversation(call)
        await conversation.play(deeds)
    return conversation


@settings(max_examples=60, deadline=None)
@given(DEEDS)
@example([("waits", 2.0), ("voice_begins", 0.0), ("voice_is_silent", 1.0)])
@example([("waits", 5.0), ("is_understood", 0.0)])
def test_the_caller_never_waits_longer_than_the_bound(deeds: list[Deed]) -> None:
    @in_virtual_time
    async def check() -> None:
        conversation = await converse([("speaks", 1.0), *deeds])
        assert longest_wait_s(conversation) <= BOUND_S
        said = conversation.call.said
        assert all(one != next_one for one, next_one in pairwise(said))

    check()


@in_virtual_time
async def test_a_call_without_phrases_shows_that_waits_are_found() -> None:
    conversation = await converse([("speaks", 1.0)], phrases=())

    assert longest_wait_s(conversation) > BOUND_S
