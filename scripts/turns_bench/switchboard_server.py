"""Switchboard's server with the bot whose turns are timed, `turns`.

.venv/bin/python -m scripts.turns_bench.switchboard_server   # settings as for `switchboard serve`
"""

from pipecat.pipeline.pipeline import Pipeline

from calls import Call, Line, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from rehearsal.turns import script
from rehearsal.turns.tools import TOOLS
from server.serve import serve
from settings import Settings


async def turns(call: Call) -> Pipeline:
    """Maple Home Store's telephone: opening hours, orders, returns and delivery."""
    llm = call.llm(script.INSTRUCTIONS, tools=TOOLS)
    taking_turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(),
            taking_turns.user(),
            llm,
            FillerWords(call.phrases),
            SpokenText(),
            call.tts(),
            StageLatency(call.record),
            call.transport.output(),
            taking_turns.assistant(),
        ]
    )


bot = as_bot(
    turns,
    greeting=script.GREETING,
    sample_call=[Line(line.say) for line in script.FULL],
)


def main() -> None:
    serve(Settings.load(), bots={bot.name: bot})


if __name__ == "__main__":
    main()
