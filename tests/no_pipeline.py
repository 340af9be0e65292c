"""How a bot is built that nobody calls in a test."""

from pipecat.pipeline.pipeline import Pipeline

from calls import Call


async def no_pipeline(call: Call) -> Pipeline:
    raise RuntimeError("this bot answers no call")
