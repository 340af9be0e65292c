"""A server for tests of `switchboard call`: greets, answers each line with a tone, keeps a record.

Run with an argument to misbehave: "mute" says nothing, "dies" ends at start.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from aiohttp import web
from far_end import FarEnd, Line
from pipecat.frames.frames import InputAudioRawFrame

from rehearsal.audible import audible_spans

TONE = (np.sin(np.arange(1600) / 3) * 6000).astype(np.int16).tobytes()


class Record:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "call-1.jsonl").open("a")
        self._answered_s = time.monotonic()

    def write(self, kind: str, **facts: object) -> None:
        at_s = time.monotonic() - self._answered_s
        self._file.write(json.dumps({"at_s": at_s, "kind": kind, **facts}) + "\n")
        self._file.flush()


async def talk(line: Line) -> None:
    record = Record(Path(os.environ["DATA_DIR"]) / "calls")
    record.write("call", bot="order_support", channel="phone", call_id="call-1", providers={})
    await say(line, record, "Hello. How can I help?")
    spoke, quiet, turn = False, 0, 0
    while (heard := await line.hear()) is not False:
        if not isinstance(heard, InputAudioRawFrame):
            continue
        loud = bool(audible_spans(np.frombuffer(heard.audio, np.int16)))
        quiet = 0 if loud else quiet + 1
        spoke = spoke or loud
        if spoke and quiet > 20:
            turn, spoke = turn + 1, False
            record.write("heard", who="caller", text="where is my order")
            record.write("turn", turn=turn, said="where is my order", first_audio_out_ms=500.0)
            await say(line, record, "What is your order number?")
    record.write("end", reason="caller hung up", duration_s=1.0)


async def say(line: Line, record: Record, words: str) -> None:
    if "mute" not in sys.argv:
        await line.play(TONE)
        record.write("heard", who="bot", text=words)


async def ready(request: web.Request) -> web.Response:
    return web.Response()


async def serve() -> None:
    url = f"http://{os.environ['HOST']}:{os.environ['PORT']}"
    end = FarEnd(talk, url=url, token=os.environ["TWILIO_AUTH_TOKEN"])
    app = web.Application()
    app.router.add_get("/readyz", ready)
    app.router.add_post("/twilio/voice", end.voice)
    app.router.add_get("/media", end.media)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if "dies" in sys.argv:
        sys.exit("HOST is wrong: nobody is at home")
    asyncio.run(serve())
