"""Callers who give their secrets to a running server, and everything that it leaves of that."""

import asyncio
import json
import random
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from collector import Collector
from receiving import SECRET, Receiving
from secrets_said import ASKED, Secret

from rehearsal.audible import audible_spans
from rehearsal.caller import speak
from rehearsal.mulaw import SAMPLE_RATE_HZ
from rehearsal.phone import TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import StandIns
from rehearsal.standins.prompt import Prompt, Reply, ToolCall
from rehearsal.turns.deepgram import deepgram
from rehearsal.turns.knowing_ear import Callers
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.sounds import Phrase, Utterance

RUN = [sys.executable, str(Path(__file__).parent / "notes_desk.py")]
EXPORT = "from scripts.switchboard import main; main()"
_SOUND = "i should like to tell you something about me"
_PAGES = (
    "metrics",
    "api/calls",
    "api/figures",
    "api/export/figures.csv",
    "api/export/calls.json",
    "api/export/calls.csv",
)


@dataclass(frozen=True)
class Whisper:
    """One caller.

    Attributes:
        number: The caller's own, which is a secret as well.
        secrets: What the caller gives, one after the other.
        typed: Whether figures are typed on the keypad.
    """

    number: str
    secrets: Sequence[Secret]
    typed: bool = False


@dataclass
class Left:
    """What is found after the calls.

    Attributes:
        places: Everything that was written or sent, by where it was found.
        records: The calls' records as exported, by the caller's place among the callers.
    """

    places: dict[str, bytes] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)


def mind(prompt: Prompt) -> Reply:
    """Says again what it was told, hands it to tools, and sums it up."""
    said = [message.text for message in prompt.messages if message.role == "user"]
    if not prompt.tools:
        return Reply(f"The caller said: {' '.join(said)}")
    if prompt.tool_result:
        return Reply(f"I noted: {said[-1]}. Go on.")
    rng = random.Random(said[-1])
    value = json.dumps({"value": said[-1]})
    return rng.choice(
        [
            Reply("Go on."),
            Reply(f"So it is {said[-1]}, right?"),
            Reply(calls=(ToolCall("note", value),)),
            Reply(calls=(ToolCall("refuse", value),)),
            Reply(rng.choice([*ASKED.values()])),
        ]
    )


async def whispered(callers: Sequence[Whisper], folder: Path, *, keeps: str) -> Left:
    """Hold all calls at once, end the server, and gather what it left."""
    left = Left()
    data, log = folder / "data", folder / "server.log"
    heard = Callers()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        providers = await enter(StandIns(mind=mind))
        collector, receiver = await enter(Collector()), await enter(Receiving())
        env = {
            **providers.env("deepgram", "openai", "cartesia", "twilio"),
            "DEEPGRAM_BASE_URL": await enter(deepgram(providers.house, heard)),
            "DATA_DIR": str(data),
            "KEEPS": keeps,
            "LOG_LEVEL": "DEBUG",
            "EMBEDDED_BACKUP": "false",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_CONTENT": "true",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "CALL_WEBHOOK_URL": receiver.url,
            "CALL_WEBHOOK_SECRET": SECRET,
            "MAX_CALLS": str(len(callers)),
        }
        async with ServerProcess(RUN, env=env, log=log) as server:
            before = _files(data)
            phones = await asyncio.gather(
                *(_call(one, at, providers, heard, server.url) for at, one in enumerate(callers))
            )
            await receiver.until_taken(len(callers))
            await collector.until(lambda spans: _count(spans, "call") == len(callers))
            left.places |= {f"{name} while it ran": at for name, at in _files(data).items()}
            await _ask(server.url, phones, left)
        left.places["traces"] = b"\n".join(collector.bodies)
        told = [[span.name, span.attributes, span.events] for span in collector.spans]
        left.places["spans"] = json.dumps(told, ensure_ascii=False, default=str).encode()
        left.places["webhooks"] = json.dumps(receiver.taken, ensure_ascii=False).encode()
        for kind in ("json", "csv"):
            left.places[f"export as {kind}"] = await _exported(env, kind)
    left.places["log"] = log.read_bytes()
    left.places |= _files(data)
    for file in data.glob("*.sqlite"):
        left.places[f"tables of {file.name}"] = _tables(file)
    exported = left.places["export as json"].decode().splitlines()
    # What a start makes has numbers of its own, and no caller's.
    old = set(before.values())
    left.places = {name: content for name, content in left.places.items() if content not in old}
    by_id = {call["id"]: call for call in map(json.loads, exported)}
    left.records = [by_id[phone.call_sid] for phone in phones]
    return left


async def _call(
    one: Whisper, at: int, providers: StandIns, heard: Callers, url: str
) -> TwilioPhone:
    phone = TwilioPhone(
        auth_token=providers.twilio.auth_token,
        account_sid=providers.twilio.account_sid,
        number=one.number,
    )
    phone.mouth = mouth = KnownMouth(seed=at)
    sound = await speak(_SOUND, f"espeak:en-us+f3@{220 + 9 * at}")
    spans = audible_spans(sound)
    sound = sound[int(spans[0].start_s * SAMPLE_RATE_HZ) : int(spans[-1].end_s * SAMPLE_RATE_HZ)]
    providers.twilio.add_call(phone.call_sid)
    heard.add(mouth)
    async with phone:
        await phone.dial(f"{url}/twilio/voice?bot=notes_desk")
        await _hear_out(phone, 0.0)
        for turn in [turn for secret in one.secrets for turn in secret.turns]:
            if one.typed and not any(character.isalpha() for character in turn):
                await phone.press("".join(filter(str.isdecimal, turn)) + "#")
                spoken_s = phone.now_s
            else:
                words = turn.split()
                ends = [len(sound) * (n + 1) // len(words) for n in range(len(words))]
                phrase = Phrase(0, len(sound), tuple(zip(words, ends, strict=True)))
                spoken_s = (await mouth.utter(Utterance(sound, (phrase,)))).end_s
            await _hear_out(phone, spoken_s)
    heard.remove(mouth)
    providers.twilio.end_call(phone.call_sid)
    return phone


async def _hear_out(phone: TwilioPhone, after_s: float) -> None:
    """Whoever speaks for long is cut short: the rest is generated, and not heard."""
    with suppress(TimeoutError):
        await phone.wait_for_answer(after_s=after_s, quiet_ms=300, longest_s=2)


async def _ask(url: str, phones: Sequence[TwilioPhone], left: Left) -> None:
    async with aiohttp.ClientSession() as session:
        of_calls = [f"api/calls/{phone.call_sid}" for phone in phones]
        for path in (*_PAGES, *of_calls):
            async with session.get(f"{url}/{path}") as answer:
                assert answer.status == 200, path
                left.places[path] = await answer.read()


async def _exported(env: dict[str, str], kind: str) -> bytes:
    command = [sys.executable, "-c", EXPORT, "calls", "export", f"--{kind}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": "", "DATA_DIR": env["DATA_DIR"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output


def _files(folder: Path) -> dict[str, bytes]:
    """Every file, with its name, for names are read as well."""
    return {
        str(path.relative_to(folder)): path.name.encode() + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _tables(file: Path) -> bytes:
    """What the file says once its pages are put together."""
    with closing(sqlite3.connect(file)) as database:
        return "\n".join(database.iterdump()).encode()


def _count(spans: Sequence[Any], name: str) -> int:
    return sum(span.name == name for span in spans)
