"""The taking of turns: who speaks, who is done, and what the conversation's memory holds."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
    UserTurnStoppedMessage,
)
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies, UserTurnStrategies

from calls import models
from calls.barge_in.callers_turn import CallersTurn
from calls.barge_in.sensitivity import BargeIn
from calls.barge_in.sound import Sound
from calls.heard.cut import Cut
from calls.heard.memory import remember_what_was_heard
from calls.quiet_caller import QuietCaller
from calls.turn_taking.ahead import Ahead
from calls.turn_taking.end_of_turn import EndOfTurn
from calls.turn_taking.listening_user import ListeningUser
from calls.turn_taking.owed import owes_answer
from calls.turn_taking.pauses import Pace, Pauses
from calls.turn_taking.reopening import Reopening
from calls.window.window import Window

if TYPE_CHECKING:
    from calls.call import Call


def turn_taking(
    context: Window, call: "Call", pace: Pace, barge_in: BargeIn
) -> LLMContextAggregatorPair:
    """The two halves of the conversation's context, listening to the call's turns."""
    voice = models.voice_activity()
    reopening = Reopening(context, lambda words: call.record.note("turn_reopened", words=words))
    callers_turn = CallersTurn(
        hold=call.hold,
        voice=voice,
        sensitivity=barge_in,
        on_sound=lambda sound: _note_sound(call, sound),
    )
    smart_turn = models.end_of_turn()
    end_of_turn = EndOfTurn(
        turn_analyzer=smart_turn,
        voice=voice,
        lean=smart_turn.lean,
        busy_for_s=smart_turn.busy_for_s,
        ahead=_ahead(call) if pace.ahead else None,
        pauses=Pauses(pace),
        reopening=reopening,
        question=lambda: last_words_of_bot(context),
        owes=lambda: owes_answer(context),
    )
    # The pair takes no aggregator from outside. The one that it makes loads a model of turns for
    # itself, unless it is told that others take the turns.
    others = LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    pair = LLMContextAggregatorPair(context, user_params=others)
    user = pair._user = ListeningUser(
        context,
        params=LLMUserAggregatorParams(
            vad_analyzer=voice,
            user_turn_strategies=UserTurnStrategies(start=[callers_turn], stop=[end_of_turn]),
            user_idle_timeout=call.quiet_caller_s,
        ),
    )
    reopening.of(user)
    user.writes_behind(_keep_what_was_heard(pair, call, reopening, context))
    keep_it_short(pair, context)
    QuietCaller(call).listen_to(user)
    return pair


def last_words_of_bot(context: LLMContext) -> str:
    """What the bot said last, "" where it has said nothing since the caller did."""
    said: list[str] = []
    messages: list[Any] = context.messages
    for message in reversed(messages):
        if not isinstance(message, dict) or message.get("role") == "user":
            break
        content = message.get("content")
        if message.get("role") == "assistant" and isinstance(content, str):
            said.insert(0, content)
    return " ".join(said)


def _note_sound(call: "Call", sound: Sound) -> None:
    call.record.note(
        "sound", taken_for=sound.verdict, text=sound.text, held_s=round(sound.held_s, 3)
    )


def _ahead(call: "Call") -> Ahead:
    return Ahead(lambda settled: call.record.note("asked_ahead", **asdict(settled)))


def keep_it_short(pair: LLMContextAggregatorPair, context: Window) -> None:
    """Have older turns summed up in between two of them."""

    @pair.assistant().event_handler("on_assistant_turn_stopped")
    async def bot_said(assistant: LLMAssistantAggregator, _: object) -> None:
        if not assistant.has_function_calls_in_progress:
            context.between_turns()


def _keep_what_was_heard(
    pair: LLMContextAggregatorPair, call: "Call", reopening: Reopening, context: Window
) -> Cut:
    @pair.user().event_handler("on_user_turn_stopped")
    async def caller_said(
        _: LLMUserAggregator, strategy: object, message: UserTurnStoppedMessage
    ) -> None:
        call.events.heard("caller", reopening.new_in(message.content or ""))

    assistant = remember_what_was_heard(pair, call.events, before_asking=context.fit)
    call.events.follows_speech(assistant)
    return assistant.interruption
