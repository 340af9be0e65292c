"""The taking of turns: who speaks, who is done, and what the conversation's memory holds."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
    UserTurnStoppedMessage,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from calls import models
from calls.heard.memory import remember_what_was_heard
from calls.quiet_caller import QuietCaller
from calls.turn_taking.ahead import Ahead, Settled
from calls.turn_taking.end_of_turn import EndOfTurn

if TYPE_CHECKING:
    from calls.call import Call


def turn_taking(context: LLMContext, call: "Call") -> LLMContextAggregatorPair:
    """The two halves of the conversation's context, listening to the call's turns."""

    def settled(speculation: Settled) -> None:
        call.record.note("asked_ahead", **asdict(speculation))

    voice = models.voice_activity()
    end_of_turn = EndOfTurn(turn_analyzer=models.end_of_turn(), voice=voice, ahead=Ahead(settled))
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=voice,
            user_turn_strategies=UserTurnStrategies(stop=[end_of_turn]),
            user_idle_timeout=call.quiet_caller_s,
        ),
    )
    _keep_what_was_heard(pair, call)
    QuietCaller(call).listen_to(pair.user())
    return pair


def _keep_what_was_heard(pair: LLMContextAggregatorPair, call: "Call") -> None:
    @pair.user().event_handler("on_user_turn_stopped")
    async def caller_said(
        _: LLMUserAggregator, strategy: object, message: UserTurnStoppedMessage
    ) -> None:
        call.record.heard("caller", message.content or "")

    remember_what_was_heard(pair, call.record)
