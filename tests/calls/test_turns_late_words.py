"""What becomes of words that the only recogniser finds after the turn was answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.frames.frames import BotStartedSpeakingFrame, LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from calls.barge_in.callers_turn import CallersTurn
from calls.barge_in.hold import Hold
from calls.turn_taking.end_of_turn import EndOfTurn
from calls.turn_taking.reopening import Reopening
from tests.calls.turns_call import ScriptedAnalyzer, ScriptedVoice
from tests.services.failover.scripted_stt import DEAF, VAD_S, Script, Scripted
from tests.services.failover.stt_call import Call, calling, first, health
from tests.virtual_time import in_virtual_time

SAID = "where is my order"
GUESS = "where is my"
# The turn has been answered with what was guessed, and the bot is about to be heard.
ANSWERED_S = 1.8


class LateCall:
    """A call whose recogniser has its final words late, and how its turns are taken."""

    def __init__(self, call: Call, context: LLMContext) -> None:
        self._call = call
        self._context = context

    async def says(self, *, bot_heard: bool) -> None:
        """The caller says the line, and waits for whatever comes of it."""
        await self._call.caller.says(SAID)
        await self._call.caller.is_silent(ANSWERED_S - VAD_S)
        if bot_heard:
            await self._call.rig.up(BotStartedSpeakingFrame())
        await self._call.caller.is_silent(8.0)

    @property
    def answers(self) -> int:
        """How often the model was asked."""
        return len(self._call.rig.reached_the_end(LLMContextFrame))

    @property
    def written(self) -> list[str]:
        """The caller's messages in the conversation."""
        messages: list[Any] = self._context.get_messages()
        return [str(message["content"]) for message in messages]


@asynccontextmanager
async def late_call(
    after_speech_s: float, guess: str = GUESS, *, embedded: Script | None = None
) -> AsyncIterator[LateCall]:
    """The recogniser guesses this in time, and says the line so long after speech."""
    context = LLMContext()
    reopening = Reopening(context)
    voice = ScriptedVoice()
    strategies = UserTurnStrategies(
        start=[CallersTurn(hold=Hold(), voice=voice)],
        stop=[EndOfTurn(turn_analyzer=ScriptedAnalyzer(), voice=voice, reopening=reopening)],
    )
    user = LLMUserAggregator(
        context, params=LLMUserAggregatorParams(user_turn_strategies=strategies)
    )
    reopening.of(user)
    providers = [first(Script(delay_s=after_speech_s - VAD_S, guess=guess))]
    if embedded:
        providers.append(("embedded", Scripted(embedded), health()))
    async with calling(*providers, after=user) as call:
        yield LateCall(call, context)


@in_virtual_time
async def test_words_that_come_before_the_answer_is_heard_are_one_message_with_the_guess() -> None:
    async with late_call(1.6) as call:
        await call.says(bot_heard=False)
        assert call.written == [SAID]


@pytest.mark.parametrize("embedded", [None, DEAF])
@pytest.mark.parametrize("after_speech_s", [3.5, 6.0])
@pytest.mark.parametrize("bot_heard", [True, False])
@in_virtual_time
async def test_words_that_come_later_are_a_message_of_their_own(
    *, after_speech_s: float, bot_heard: bool, embedded: Script | None
) -> None:
    async with late_call(after_speech_s, embedded=embedded) as call:
        await call.says(bot_heard=bot_heard)
        assert " ".join(call.written) == SAID
        assert call.answers == 2


@pytest.mark.parametrize("embedded", [None, DEAF])
@pytest.mark.parametrize("after_speech_s", [1.0, 1.6, 3.0, 6.0])
@pytest.mark.parametrize("bot_heard", [True, False])
@in_virtual_time
async def test_late_words_that_mean_the_same_begin_no_turn(
    *, after_speech_s: float, bot_heard: bool, embedded: Script | None
) -> None:
    same = f"{SAID.capitalize()}?"
    async with late_call(after_speech_s, same, embedded=embedded) as call:
        await call.says(bot_heard=bot_heard)
        assert [text.lower().strip("?") for text in call.written] == [SAID]
        assert call.answers == 1


@pytest.mark.parametrize("after_speech_s", [3.0, 6.0])
@in_virtual_time
async def test_words_that_the_embedded_one_heard_are_answered_once(after_speech_s: float) -> None:
    async with late_call(after_speech_s, embedded=Script()) as call:
        await call.says(bot_heard=True)
        assert call.written == [SAID]
        assert call.answers == 1
