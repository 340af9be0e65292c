"""`switchboard rehearse`: the server on its cloud path, with stand-ins for all providers."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from rich.console import Console
from rich.table import Table

from calls.bot import Bot
from rehearsal.ear import Ears
from rehearsal.server_process import ServerFailed, ServerProcess
from rehearsal.standins import Mind, Prompt, Reply, StandIns, ToolCall
from rehearsal.standins.latency import ProfileName
from rehearsal.standins.prompt import Message, Tool
from scripts.call import call
from server.bots import find_bots
from services.embedded.policy import CallTool, Policy
from services.embedded.topic import Topic

# In the order of services' tables; the embedded tier comes last, as it does for callers with keys.
_STAGES = {
    "STT": ("deepgram", "assemblyai", "openai", "embedded"),
    "LLM": ("openai", "anthropic", "groq", "embedded"),
    "TTS": ("cartesia", "elevenlabs", "openai", "embedded"),
}
_NEEDS = {"anthropic": "anthropic"}
_SERVER = (sys.executable, "-m", "scripts.switchboard", "serve")


async def rehearse(
    console: Console,
    *,
    bot: str = "",
    profile: ProfileName = "fast",
    seed: int = 0,
    port: int = 7860,
    control_port: int = 0,
    data_dir: Path | None = None,
) -> int:
    """Serve with stand-ins until told to end; or phone `bot` once over them.

    Returns the exit code: 0 after Ctrl-C or a call in which every expectation held.
    """
    bots = find_bots()
    callers = {bot: bots[bot]} if bot in bots else bots
    ports = {"control": control_port} if control_port else {}
    async with StandIns(
        profile=profile, seed=seed, mind=understudy_of(bots), ears=ears_of(callers), ports=ports
    ) as providers:
        await providers.prepare()
        env = cloud_env(providers)
        if bot:
            # The call starts a server of its own, which takes after this process.
            os.environ.update(env)
            return await call(bot)
        folder = (data_dir or _new_folder()).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        env = {**env, **providers.env("twilio", "daily"), "DATA_DIR": str(folder)}
        console.print(_addresses(providers))
        try:
            log = folder / "server.log"
            async with ServerProcess(_SERVER, env=env, log=log, port=port) as server:
                console.print(f"Ready: {server.url} (log: {log}). Ctrl-C ends it.")
                return await _until_told(server)
        except ServerFailed as error:
            console.print(str(error), style="red", markup=False)
            return 1


def cloud_env(providers: StandIns) -> dict[str, str]:
    """The variables of a server whose every stage has stand-ins of cloud providers, and backups."""
    stages = {
        stage: [name for name in names if find_spec(_NEEDS.get(name, "sys"))]
        for stage, names in _STAGES.items()
    }
    names = dict.fromkeys(name for chosen in stages.values() for name in chosen)
    cloud = [name for name in names if name != "embedded"]
    return {
        **providers.env(*cloud),
        **{stage: ",".join(chosen) for stage, chosen in stages.items()},
    }


def ears_of(bots: Mapping[str, Bot]) -> Ears:
    """Ears that expect what the bots' callers say."""
    lines = [line for bot in bots.values() for topic in bot.topics for line in topic.says]
    lines += [line.say for bot in bots.values() for line in bot.sample_call]
    return Ears(tuple(dict.fromkeys(lines)))


def understudy_of(bots: Mapping[str, Bot]) -> Mind:
    """Answers as the understudy of whichever bot declares the prompt's tools."""
    policies: dict[str, Policy] = {}

    def mind(prompt: Prompt) -> Reply:
        key = json.dumps([tool.name for tool in prompt.tools])
        if key not in policies:
            tools = [_schema(tool) for tool in prompt.tools]
            policies[key] = Policy(tools, _topics(bots, prompt.tools))
        messages = [_as_pipecat(m) for m in prompt.without_begun_answer]
        decision = policies[key].decide(messages, date.today())
        if isinstance(decision, CallTool):
            return Reply(calls=(ToolCall(decision.name, json.dumps(decision.arguments)),))
        return Reply(decision.text)

    return mind


def _topics(bots: Mapping[str, Bot], tools: Sequence[Tool]) -> tuple[Topic, ...]:
    """Those of the bot with most tools in common."""
    declared = {tool.name for tool in tools}

    def shared(bot: Bot) -> int:
        return len({topic.tool.__name__ for topic in bot.topics if topic.tool} & declared)

    best = max(bots.values(), key=shared, default=None)
    return best.topics if best and shared(best) else ()


def _schema(tool: Tool) -> FunctionSchema:
    return FunctionSchema(
        name=tool.name,
        description=tool.description,
        properties=dict(tool.parameters.get("properties", {})),
        required=list(tool.parameters.get("required", ())),
    )


def _as_pipecat(message: Message) -> Any:
    """The message as a Pipecat context holds it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.text, "tool_calls": calls}


async def _until_told(server: ServerProcess) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    ended = asyncio.create_task(server.exit_code())
    waiting = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return 0 if told.is_set() else 1
    finally:
        for task in (ended, waiting):
            task.cancel()
        await asyncio.gather(ended, waiting, return_exceptions=True)


def _addresses(providers: StandIns) -> Table:
    table = Table("stand-in", "address", title="Stand-ins", title_justify="left")
    for name, url in providers.urls.items():
        table.add_row(name, f"{url}/control" if name == "control" else url)
    return table


def _new_folder() -> Path:
    return Path("data/rehearsals") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-standins"
