"""A desk that declares nothing for the offline tier: no greeting, no topics, no phrases."""

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator

from calls import Call, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from tools import orders


async def plain_desk(call: Call) -> Pipeline:
    llm = call.llm("You are the parcel desk of Maple Store.", tools=[orders.find_order])
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(keyterms=orders.KEYTERMS),
            DTMFAggregator(),
            turns.user(),
            llm,
            FillerWords(call.phrases),
            SpokenText(),
            call.tts(voice="the-id-of-some-cloud-voice"),
            StageLatency(call.record),
            call.transport.output(),
            turns.assistant(),
        ]
    )


bot = as_bot(plain_desk)
