"""A whole call in text: the understudy, the bot's own tools and real databases, no audio."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from pipecat.adapters.llm.schemas.direct_function import DirectFunction, DirectFunctionWrapper
from pipecat.frames.frames import Frame, FunctionCallResultProperties, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

from calls import Bot
from services.embedded.policy import CallTool, Policy


@dataclass
class BuiltCall:
    """Takes what a bot asks of its call, and keeps it.

    Parameters:
        phrases: The bot's filler phrases.
        instructions: What the bot tells its language model.
        tools: The functions it gives it.
    """

    phrases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instructions: str = ""
    tools: tuple[DirectFunction, ...] = ()

    def llm(self, instructions: str, *, tools: list[DirectFunction]) -> Any:
        self.instructions, self.tools = instructions, tuple(tools)
        raise BotIsWired


class BotIsWired(Exception):
    """The bot has handed over its tools; no pipeline is needed."""


async def wired(bot: Bot) -> BuiltCall:
    """Run the bot's function as far as its language model."""
    call = BuiltCall()
    try:
        await bot.build(cast(Any, call))
    except BotIsWired:
        return call
    raise AssertionError(f"{bot.name} has no language model")


class RehearsedCall:
    """One caller of one bot."""

    def __init__(self, bot: Bot, wiring: BuiltCall, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.channel = "web"
        self.caller = ""
        self.handoff_number = ""
        self.shown: list[dict[str, Any]] = []
        self.used: list[str] = []
        self.ratings: list[int] = []
        self.ended = self.outcome = ""
        wrappers = [DirectFunctionWrapper(tool) for tool in wiring.tools]
        self._tools: dict[str, Callable[..., Awaitable[Any]]] = {
            wrapper.name: wrapper.function for wrapper in wrappers
        }
        schemas = [wrapper.to_function_schema() for wrapper in wrappers]
        self._policy = Policy(schemas, bot.topics, wiring.instructions)
        self._messages: list[Any] = [{"role": "assistant", "content": bot.greeting}]

    async def hears(self, *lines: str) -> str:
        """Say the lines one after the other and return the answer to the last."""
        answer = ""
        for line in lines:
            self._messages.append({"role": "user", "content": line})
            answer = await self._answer()
            self._messages.append({"role": "assistant", "content": answer})
        return answer

    async def show(self, message: dict[str, Any]) -> None:
        self.shown.append(message)

    async def end_after_words(self, reason: str) -> None:
        self.ended = reason

    def set_outcome(self, outcome: str, why: str = "") -> None:
        self.outcome = outcome

    def rated(self, score: int, by: str) -> None:
        self.ratings.append(score)

    async def push_frame(self, frame: Frame) -> None:
        assert isinstance(frame, TTSSpeakFrame)
        self._spoken.append(frame.text)

    async def _answer(self) -> str:
        self._spoken: list[str] = []
        while isinstance(decision := self._policy.decide(self._messages, date.today()), CallTool):
            if not await self._use(decision):
                return " ".join(self._spoken)
        return decision.text

    async def _use(self, wanted: CallTool) -> bool:
        """Run the tool; tell whether the model is to speak about its result."""
        results: list[tuple[Any, FunctionCallResultProperties | None]] = []

        async def result_callback(
            result: Any, *, properties: FunctionCallResultProperties | None = None
        ) -> None:
            results.append((result, properties))

        params = FunctionCallParams(
            function_name=wanted.name,
            tool_call_id=f"call-{len(self._messages)}",
            arguments=wanted.arguments,
            llm=cast(Any, self),
            pipeline_worker=cast(Any, None),
            context=cast(Any, None),
            result_callback=result_callback,
            app_resources=self,
        )
        await self._tools[wanted.name](params, **wanted.arguments)
        self.used.append(wanted.name)
        ((result, properties),) = results
        arguments = json.dumps(wanted.arguments)
        self._messages += [
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": params.tool_call_id,
                        "type": "function",
                        "function": {"name": wanted.name, "arguments": arguments},
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": params.tool_call_id,
                "content": json.dumps(result),
            },
        ]
        return properties is None or properties.run_llm is not False
