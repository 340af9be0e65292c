"""The taking of turns: who speaks, who is done, and what the conversation's memory holds."""

from typing import TYPE_CHECKING

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    LLMAssistantAggregator,
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
    UserTurnStoppedMessage,
)
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from calls import models
from calls.quiet_caller import QuietCaller

if TYPE_CHECKING:
    from calls.call import Call


def turn_taking(context: LLMContext, call: "Call") -> LLMContextAggregatorPair:
    """The two halves of the conversation's context, listening to the call's turns."""
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=models.voice_activity(),
            user_turn_strategies=UserTurnStrategies(
                stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=models.end_of_turn())]
            ),
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

    @pair.assistant().event_handler("on_assistant_turn_stopped")
    async def bot_said(_: LLMAssistantAggregator, message: AssistantTurnStoppedMessage) -> None:
        call.record.heard("bot", message.content or "")
