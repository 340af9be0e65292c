"""A shop's telephone whose providers are made to fail: opening hours, delivery, orders, returns."""

from collections.abc import Sequence

from pipecat.pipeline.pipeline import Pipeline

from calls import Call, Line, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from rehearsal.faults import script
from rehearsal.faults.tool import find_order
from services.embedded.topic import Topic


async def fault_bot(call: Call) -> Pipeline:
    return pipeline(call)


def pipeline(call: Call, *, keyterms: Sequence[str] = ()) -> Pipeline:
    """The bot's pipeline. `keyterms`: words that speech-to-text must not miss."""
    llm = call.llm(script.INSTRUCTIONS, tools=[find_order])
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(keyterms=keyterms),
            turns.user(),
            llm,
            FillerWords(call.phrases),
            SpokenText(),
            call.tts(),
            StageLatency(call.record),
            call.transport.output(),
            turns.assistant(),
        ]
    )


PHRASES = {"": ("One moment, please.", "Just a second.", "Bear with me.", "Still with you.")}

# For the offline tier, which has the last word when a single provider is gone.
TOPICS = tuple(
    Topic(says=(line.say,), tool=find_order, asks={"order_number": "Which order is it?"})
    if line.order
    else Topic(says=(line.say,), reply=line.answer)
    for line in script.LINES
    if line is not script.ORDER_ALOUD
)

bot = as_bot(
    fault_bot,
    greeting=script.GREETING,
    topics=TOPICS,
    phrases=PHRASES,
    sample_call=[Line(line.say) for line in script.LINES],
)
