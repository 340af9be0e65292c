"""The conversation's memory and the call's transcript: both hold what the caller heard."""

from collections.abc import Callable
from typing import Any, Protocol

from pipecat.frames.frames import Frame, FunctionCallResultFrame
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from calls.heard.assistant import HearingAssistant
from calls.heard.utterance import Utterance
from processors.silence_bound import SilenceBound


class Transcript(Protocol):
    """Where what was heard is kept."""

    def heard(self, who: Any, text: str) -> None: ...

    def note(self, kind: str, **facts: Any) -> None: ...


def remember_what_was_heard(
    pair: LLMContextAggregatorPair,
    transcript: Transcript,
    before_asking: Callable[[], None] = lambda: None,
) -> HearingAssistant:
    """Have a pair's assistant half, and a transcript, hold the words that were heard.

    What is no answer is in the transcript with `said` telling which: "filler", "spare" (of the
    silence bound), "apology", "prompt". Of these the context holds prompts alone.
    """

    def heard(text: str, aside: Utterance | None) -> None:
        if aside is None:
            transcript.heard("bot", text)
        elif text.strip():
            transcript.note("heard", who="bot", text=text.strip(), said=_kind_of(aside))

    # The pair takes no aggregator from outside.
    assistant = pair._assistant = HearingAssistant(
        pair.user().context,
        heard=heard,
        before_asking=before_asking,
        _paired_user_aggregator=pair.user(),
    )

    @pair.user().event_handler("on_before_process_frame")
    async def tool_is_done(_: object, frame: Frame) -> None:
        if isinstance(frame, FunctionCallResultFrame):
            await assistant.learn(frame)

    return assistant


def _kind_of(aside: Utterance) -> str:
    if aside.no_answer:
        return aside.no_answer
    return "spare" if aside.context_id.startswith(SilenceBound.__name__) else "filler"
