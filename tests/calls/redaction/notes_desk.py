"""A desk that notes whatever it is told, remembers callers and records them; run it to serve."""

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.services.llm_service import FunctionCallParams

from calls import Call, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency


async def note(params: FunctionCallParams, value: str) -> None:
    """Note something.

    Args:
        value: What the caller said.
    """
    await params.result_callback({"noted": value, "lines": [{"say": f"I have {value}"}]})


async def refuse(params: FunctionCallParams, value: str) -> None:
    """Note something that cannot be noted.

    Args:
        value: What the caller said.
    """
    raise ValueError(f"{value} cannot be noted")


async def notes_desk(call: Call) -> Pipeline:
    llm = call.llm("You are a desk that takes notes.", tools=[note, refuse])
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(),
            DTMFAggregator(),
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


bot = as_bot(
    notes_desk, greeting="Hello.", remembers_callers=True, records_audio="This is recorded."
)

if __name__ == "__main__":
    from server.serve import serve
    from settings import Settings

    serve(Settings.load(), {bot.name: bot})
